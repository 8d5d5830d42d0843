"""Importing a dataset of another format: what it is, where to, how, how far, what was odd in it."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Checkbox, Input, ProgressBar, Static

from tintype import paths
from tintype.dataset.formats import ImportProgress, ImportReport
from tintype.errors import TintypeError
from tintype_tui.screens.dialogs import Dialog
from tintype_tui.session import SessionApp
from tintype_tui.text import count, visible
from tintype_tui.widgets.field import Field, Tick
from tintype_tui.words.previews import notice_lines, preview_lines, problem_lines

if TYPE_CHECKING:
    from tintype.dataset.formats.previewing import Preview

MOST_SHOWN = 200


class Import(Dialog[Path | None]):
    """A dataset of any format that the library reads; the result is the training file."""

    app = getters.app(SessionApp)

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="import.back"),
        Binding("enter", "open", "Open", id="import.open", key_display="Enter"),
    ]

    target = getters.query_one("#target", Input)
    words = getters.query_one("#import-words", Static)

    def __init__(self, source: Path, further: Sequence[Path] = ()) -> None:
        """Import a file, folder or archive, with further files of the same dataset."""
        super().__init__()
        self._source, self._given = source, further
        self._report: ImportReport | None = None

    def compose(self) -> ComposeResult:
        beside = self._source.parent / f"{_plain_stem(self._source)}-chat"
        with Vertical(classes="dialog -tall"):
            yield Static(Content("Import a dataset"), classes="dialog-title", id="import-title")
            yield Static(Content(visible(str(self._source))))
            yield Static("Write train, valid and test rows into:", classes="before")
            yield Field(value=str(beside), id="target", compact=True)
            yield Field(
                placeholder="a question for every image, where the source has none",
                id="prompt",
                classes="before",
                compact=True,
            )
            yield Field(placeholder="the format", id="format", classes="before", compact=True)
            yield Field(
                placeholder="further files of it, such as val.json; test*.json",
                id="more",
                classes="before",
                compact=True,
            )
            yield Tick(
                "embed the images in the rows (providers require it)",
                value=True,
                classes="before",
                id="embed",
                compact=True,
            )
            with Horizontal(classes="before", id="import-ticks"):
                yield Tick("draw 10 % valid and test", value=True, id="draw", compact=True)
                yield Tick("replace existing files", id="replace", compact=True)
            yield ProgressBar(id="import-progress", show_eta=False)
            with VerticalScroll():
                yield Static(id="import-words", markup=False)
            yield Static("Enter imports · Esc goes back", classes="hint")

    def on_mount(self) -> None:
        self.query_one(ProgressBar).display = False
        self.query_one("#format").display = False
        self.target.focus()
        self.words.update("Looking at it …")
        self._look()

    @work(group="looking")
    async def _look(self) -> None:
        """Say what the source is, and show its first rows as they would become."""
        from tintype.dataset.formats import detected

        try:
            found = await asyncio.to_thread(detected, self._source)
            what = found[0].detection.what if found else "in an unknown format"
            title = self.query_one("#import-title", Static)
            title.update(Content(f"Import a dataset: {visible(what)}"))
            seen, further = await asyncio.to_thread(self._seen)
            field = self.query_one("#more", Input)
            field.value = field.value or "; ".join(map(self._named, further))
            self._show(seen)
        except TintypeError as error:
            self._say(visible(str(error)))

    def _seen(self) -> "tuple[Preview, Sequence[Path]]":
        """What the source becomes, with the further files that are given or lie beside it."""
        from tintype.dataset.formats.previewing import preview, readable_splits

        further = self._given or readable_splits(self._source)
        return preview([self._source, *further]), further

    def _named(self, path: Path) -> str:
        """A further file as it is typed: by its name where that is enough."""
        return path.name if path.parent == self._source.parent else str(path)

    def _show(self, found: "Preview") -> None:
        self._say(visible("\n".join(preview_lines(found))))
        if found.splits_given:
            tick = self.query_one("#draw", Checkbox)
            tick.label, tick.value, tick.disabled = "the source's own splits", False, True
        field = self.query_one("#format", Input)
        if found.others and not field.display:
            field.value = found.format
            field.display = True

    def _say(self, words: str) -> None:
        """Say what was found, unless the import has begun meanwhile."""
        if not self.query_one(ProgressBar).display and self._report is None:
            self.words.update(words)

    @on(Input.Submitted)
    def _submitted(self) -> None:
        if not self.query_one(ProgressBar).display:
            self._run()

    @work(exclusive=True)
    async def _run(self) -> None:
        bar = self.query_one(ProgressBar)
        bar.display = True
        lines: list[str] = []
        try:
            title = f"Import {self._source.name}"
            with self.app.session.tasks.begin(title, self.action_back) as task:
                async for progress in self._importing():
                    bar.update(total=progress.total, progress=progress.done)
                    task.words = f"{progress.done:,} of {progress.total or 0:,} rows"
                    lines += problem_lines(progress.problems)
                    self.words.update(visible("\n".join(lines[:MOST_SHOWN])))
                    self._report = progress.report or self._report
        except TintypeError as error:
            self.words.update(visible(str(error)))
            bar.display = False
            return
        if self._report is not None:
            self._finish(self._report, lines)

    def _importing(self) -> AsyncGenerator[ImportProgress, None]:
        from tintype.dataset.formats import ImportOptions, import_dataset

        share = 0.1 if self.query_one("#draw", Checkbox).value else 0.0
        field = self.query_one("#format", Input)
        options = ImportOptions(
            valid_share=share,
            test_share=share,
            keep="embed" if self.query_one("#embed", Checkbox).value else "link",
            prompt=self.query_one("#prompt", Input).value.strip(),
            replace=self.query_one("#replace", Checkbox).value,
        )
        format = field.value.strip() if field.display else ""
        sources = [self._source, *self._further()]
        return import_dataset(sources, paths.typed_path(self.target.value), format, options)

    def _further(self) -> list[Path]:
        """Further files of the dataset, by their names beside the first one or by whole paths; `*`.

        Raises:
            FileError: if no path can be made of one, or nothing is there.
        """
        typed = self.query_one("#more", Input).value.strip()
        found = paths.typed_paths(typed, self._source.parent) if typed else []
        return [each for each in found if each != self._source]

    def _finish(self, report: ImportReport, lines: list[str]) -> None:
        splits = ", ".join(f"{name} {rows}" for name, rows in report.splits.items())
        rows = f"{report.rows:,} of {report.rows + report.lost:,} rows are written: {splits}"
        head = (
            f"{rows}, with {count(report.images, 'image')}." if report.rows else "No row is left."
        )
        noted = notice_lines(report.notices)
        odd = f"{count(len(lines), 'problem')} in the source:" if lines else "No problems found."
        said = [head, *noted, odd, *lines[:MOST_SHOWN]]
        self.words.update(visible("\n".join(said)))
        self.query(".before").set(display=False)  # it is done, and the words need the room
        self.query_one(".hint", Static).update("Enter opens it · Esc goes back")
        self.set_focus(None)

    def action_open(self) -> None:
        if self._report is not None:
            files = self._report.files
            self.dismiss(files.get("train") or next(iter(files.values()), None))

    def action_back(self) -> None:
        self.workers.cancel_node(self)
        self.dismiss(None)


def _plain_stem(path: Path) -> str:
    """A name without its ending; `train` of `train.jsonl.gz`."""
    packed = path.suffix.lower() in (".gz", ".bz2", ".xz", ".zst")
    return Path(path.stem).stem if packed else path.stem
