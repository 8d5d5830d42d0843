"""Writing a dataset in another format: how, what would be lost, then the writing itself."""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Checkbox, Input, Label, ProgressBar, Select, Static

from tintype import library
from tintype.errors import TintypeError
from tintype.library.conversion import Conversion, Images
from tintype.paths import exists, free_at, typed_path
from tintype_tui.screens.dialogs import Dialog
from tintype_tui.session import SessionApp
from tintype_tui.text import visible
from tintype_tui.widgets.field import Field, Tick
from tintype_tui.words.conversions import conversion_lines

IMAGES: dict[str, Images] = {
    "in the rows": "inside",
    "in the rows, but those on the web": "web",
    "as files, below an address": "files",
}
PAUSE_S = 0.4
"""How long nothing is typed before what is typed is tried."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the form says."""

    to: str
    images: Images
    address: str
    shard_bytes: int | None
    alone: bool
    target: Path


class Export(Dialog[Path | None]):
    """A form, what would be lost by it, and the writing; gives the file of chat rows written."""

    app = getters.app(SessionApp)

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="export.back"),
    ]

    words = getters.query_one("#export-words", Static)
    bar = getters.query_one("#export-progress", ProgressBar)

    def __init__(self, source: Path, provider: str, title: str, max_file_bytes: int | None) -> None:
        """Make ready.

        Args:
            source: The dataset.
            provider: As whom `jsonl` is written.
            title: What that provider is called.
            max_file_bytes: What it takes in one file; none: not known.
        """
        super().__init__()
        self._source, self._provider, self._title = source, provider, title
        self._max = max_file_bytes
        self._writing = False
        self._replace: Path | None = None
        """What may be replaced: Enter was pressed twice."""

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog -tall"):
            yield Static(
                Content(visible(f"Write {self._source.name} in another format")),
                classes="dialog-title",
            )
            with Grid(id="export-form"):
                yield Label("format")
                yield Select[str](_formats(self._title), id="to", compact=True, allow_blank=False)
                yield Label("into")
                yield Field(id="target", compact=True)
                yield Label("images", classes="-jsonl")
                yield Select[str](
                    [(words, words) for words in IMAGES],
                    id="images",
                    compact=True,
                    allow_blank=False,
                    classes="-jsonl",
                )
                yield Label("address", classes="-files")
                yield Field(placeholder="https://…", id="address", compact=True, classes="-files")
                yield Label("MB a file", classes="-jsonl")
                most = f"as {self._title} takes: {self._max // 1_000_000}" if self._max else "all"
                yield Field(
                    placeholder=most, id="shard", compact=True, type="integer", classes="-jsonl"
                )
                yield Label("splits", classes="-other")
                yield Tick("the other splits too", value=True, id="splits", compact=True,
                           classes="-other")  # fmt: skip
            yield ProgressBar(id="export-progress", show_eta=False)
            with VerticalScroll():
                yield Static(id="export-words", markup=False)
            yield Static("Enter in a field writes · Tab goes on · Esc goes back", classes="hint")

    def on_mount(self) -> None:
        self.bar.display = False
        self._propose()
        self.query_one("#target", Input).focus()

    # ------------------------------------------------------------------ the form

    @property
    def _to(self) -> str:
        return str(self.query_one("#to", Select).value)

    def _propose(self) -> None:
        """A name by the format, and only the fields that it has."""
        to, stem = self._to, self._source.stem
        name = f"{stem}-{self._provider}.jsonl" if to == "jsonl" else f"{stem}-{to}"
        self.query_one("#target", Input).value = str(self._source.with_name(name))
        self._fit()

    def _fit(self) -> None:
        jsonl = self._to == "jsonl"
        self.query(".-jsonl").set(display=jsonl)
        self.query(".-other").set(display=not jsonl)
        files = IMAGES[str(self.query_one("#images", Select).value)] == "files"
        self.query(".-files").set(display=jsonl and files)

    @on(Select.Changed, "#to")
    def _chosen(self) -> None:
        self._propose()
        self._try()

    @on(Select.Changed, "#images")
    @on(Checkbox.Changed)
    def _turned(self) -> None:
        self._fit()
        self._try()

    @on(Input.Changed)
    def _typed(self) -> None:
        self._replace = None
        self._try()

    def _wanted(self) -> Wanted:
        """What the form says.

        Raises:
            FileError: if no path can be made of the target.
        """
        shard = self.query_one("#shard", Input).value.strip()
        images = IMAGES[str(self.query_one("#images", Select).value)]
        jsonl = self._to == "jsonl"
        return Wanted(
            self._to,
            images if jsonl else "auto",
            self.query_one("#address", Input).value.strip() if images == "files" and jsonl else "",
            int(shard) * 1_000_000 if shard.isdigit() and int(shard) else None,
            not self.query_one("#splits", Checkbox).value,
            typed_path(self.query_one("#target", Input).value.strip()),
        )

    def _work(self, wanted: Wanted, *, dry_run: bool) -> library.Work[Conversion, Conversion]:
        return library.convert(
            self._source,
            wanted.target,
            wanted.to,
            self._provider,
            images=wanted.images,
            address=wanted.address,
            shard_bytes=wanted.shard_bytes,
            alone=wanted.alone,
            replace=self._replace == wanted.target,
            dry_run=dry_run,
        )

    # ------------------------------------------------------------------ what would be

    @work(exclusive=True, group="try")
    async def _try(self) -> None:
        """Say what would be lost, how much would be written, and whether there is room."""
        if self._writing:
            return
        await asyncio.sleep(PAUSE_S)
        try:
            wanted = self._wanted()
            async with aclosing(aiter(self._work(wanted, dry_run=True))) as steps:
                async for step in steps:
                    self.words.update(f"Looking: {step.done:,} of {step.total:,} rows")
            free = await asyncio.to_thread(free_at, wanted.target)
            self._say(conversion_lines(step, free=free))
        except TintypeError as error:
            self._say([str(error)])

    def _say(self, lines: list[str]) -> None:
        self.words.update(visible("\n".join(lines)))

    # ------------------------------------------------------------------ writing

    @on(Input.Submitted)
    def _submitted(self) -> None:
        if not self._writing:
            self._write()

    @work(exclusive=True, group="write")
    async def _write(self) -> None:
        try:
            wanted = self._wanted()
            there = await asyncio.to_thread(exists, wanted.target)
            if there and self._replace != wanted.target:
                self._replace = wanted.target
                self._say([f"{wanted.target.name} exists already. Enter again replaces it."])
                return
            self._writing = self.bar.display = True
            self.workers.cancel_group(self, "try")
            title = f"Write {wanted.target.name}"
            with self.app.session.tasks.begin(title, self.action_back) as task:
                async with aclosing(aiter(self._work(wanted, dry_run=False))) as steps:
                    async for step in steps:
                        self.bar.update(total=step.total or None, progress=step.done)
                        task.words = f"{step.done:,} of {step.total:,} rows"
            self._finished(wanted, step)
        except TintypeError as error:
            self._writing = self.bar.display = False
            self._say([str(error)])

    def _finished(self, wanted: Wanted, step: Conversion) -> None:
        if wanted.to == "jsonl" and step.files and not step.problems:
            self.dismiss(step.files[0])
            return
        self._say(conversion_lines(step))
        self.bar.display = False
        self.query_one(".hint", Static).update("Esc goes back")

    def action_back(self) -> None:
        """Stop what is written, of which nothing is left; else go back."""
        self.workers.cancel_node(self)
        self.dismiss(None)


def _formats(title: str) -> list[tuple[str, str]]:
    """The formats that are written, by what they are called."""
    from tintype.dataset.formats import formats

    written = [(one.title, one.name) for one in formats() if hasattr(one, "write")]
    return [(f"chat rows (JSONL) as {title} takes them", "jsonl"), *written]
