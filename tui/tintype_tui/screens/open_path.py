"""Choosing a file or folder by typing its path, completed as one types."""

import asyncio
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from tintype import paths
from tintype.errors import FileError, TintypeError
from tintype_tui.held_keys import opens
from tintype_tui.screens.dialogs import Dialog, Listed, R
from tintype_tui.text import clip, visible
from tintype_tui.widgets.field import Field

if TYPE_CHECKING:
    from tintype.dataset.formats import Detection
    from tintype_tui.screen import Pane

MOST_SHOWN = 200


ENDINGS = (
    *(".jsonl", ".json", ".ndjson", ".csv", ".tsv"),
    *(".parquet", ".arrow", ".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".jsonlines"),
)
"""Of the files that are listed; any other can be typed."""


CHAT_ROWS = (
    "These are files of chat rows: open the first alone. Those beside it whose names say a split "
    "are its splits."
)


async def choose_dataset(pane: "Pane", title: str = "Open a dataset") -> Path | None:
    """Have a dataset chosen; what is in another format is imported first. Call it in a worker."""
    store = await pane.session.store()
    recent = [kept.path for kept in store.datasets.newest(MOST_SHOWN)]
    dialog = OpenPath(title, recent=recent, endings=ENDINGS)
    path = await pane.app.push_screen_wait(dialog)
    if path is None or not dialog.imports:
        return path
    from tintype_tui.screens.importing import Import

    return await pane.app.push_screen_wait(Import(path, dialog.further))


class PathDialog(Dialog[R]):
    """A field, and below it what there is: recent paths first, then the folder being typed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Back", id="path.back"),
        Binding("tab", "complete", "Complete", id="path.complete", priority=True),
        Binding("down", "choose(1)", "Choose", show=False, id="path.down", priority=True),
        Binding("up", "choose(-1)", "Choose", show=False, id="path.up", priority=True),
    ]

    hint = "↑ ↓ choose · Tab completes · Enter opens · Esc goes back"

    def __init__(
        self, title: str, *, recent: Sequence[Path] = (), endings: tuple[str, ...] = ()
    ) -> None:
        super().__init__()
        self._title, self._recent, self._endings = title, recent, endings
        self._before, self._listed = "", list[paths.FolderEntry]()
        self._listed_of = Listed()
        self._proposed = ""
        """What this dialog, and not the person, has put into the field."""
        self._note = ""
        """What is said of the folder that was entered."""

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog -tall"):
            yield Static(Content(self._title), classes="dialog-title")
            self._proposed = self._start()
            yield Field(value=self._proposed, id="path", select_on_focus=False)
            yield from self.listing()
            yield Static(id="path-words", classes="hint")
            yield Static(self.hint, classes="hint")

    def listing(self) -> ComposeResult:
        """What there is."""
        yield OptionList(id="found", markup=False)

    def on_mount(self) -> None:
        self.query_one(Input).focus()
        self._list(self.query_one(Input).value)

    def _start(self) -> str:
        return f"{paths.current_folder()}{os.sep}" if not self._recent else ""

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        """List what fits; a path that begins again leaves nothing of what was proposed."""
        typed = event.input.value  # not that of the event: more may have been typed since
        self.query_one(OptionList).highlighted = None
        added = typed.removeprefix(self._proposed)
        if self._proposed and added != typed and added.startswith((os.sep, "~")):
            self._enter(added)
            self._proposed = ""
        else:
            self._list(typed, self._note if typed == self._proposed else "")

    @work(exclusive=True)
    async def _list(self, typed: str, note: str = "", trouble: str = "") -> None:
        try:
            self._before, self._listed = await asyncio.to_thread(self._matches, typed)
        except FileError as error:
            self._listed, trouble = [], trouble or str(error)  # a refusal says more
        if not self.query("#path-words"):
            return  # it was left meanwhile
        self._say(trouble, note)
        found = self.query_one(OptionList)
        found.clear_options()
        width = max(20, self.query_one(Input).size.width - 4)
        found.add_options(
            Option(_end_of(visible(self.shown(entry) + _slash(entry)), width))
            for entry in self._listed
        )
        self._listed_of.now(typed)

    def _say(self, trouble: str, note: str = "") -> None:
        words = Content.styled(visible(trouble), "$error") if trouble else Content(visible(note))
        self.query_one("#path-words", Static).update(words)

    def _matches(self, typed: str) -> tuple[str, list[paths.FolderEntry]]:
        if not typed:
            recent = filter(paths.exists, self._recent)
            return "", [paths.FolderEntry(path, False) for path in recent]
        before, last = self.completed(typed)
        return before, paths.completions(last, endings=self._endings, most=MOST_SHOWN)

    @opens(group="keys")
    async def action_choose(self, by: int) -> None:
        await self._listed_of.until(lambda: self.query_one(Input).value)
        found = self.query_one(OptionList)
        if found.option_count:
            at = -1 if found.highlighted is None and by > 0 else (found.highlighted or 0)
            found.highlighted = (at + by) % found.option_count

    @opens(group="keys")
    async def action_complete(self) -> None:
        """Take over what is highlighted, or the first one there is."""
        await self._listed_of.until(lambda: self.query_one(Input).value)
        found = self.query_one(OptionList)
        if self._listed:
            entry = self._listed[found.highlighted or 0]
            self._enter(f"{self._before}{entry.path}{_slash(entry)}")

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        for entry in self._listed[event.option_index :][:1]:  # none if fewer are listed by now
            self._open(f"{self._before}{entry.path}" if self._before else entry.path)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        self.entered(event.value.strip())

    def entered(self, text: str) -> None:
        """Open what is highlighted, else what was typed."""
        found = self.query_one(OptionList)
        if found.highlighted is not None:
            found.action_select()
        elif text:
            self._open(text)

    def completed(self, typed: str) -> tuple[str, str]:
        """What stands in a text before the path that is completed, and that; in a thread."""
        return "", typed

    @work(exclusive=True)  # of the same group as listing, which must not take back what is said
    async def _open(self, chosen: Path | str) -> None:
        """Take a file, or a folder that is wanted; look into any other folder."""
        try:
            path, found = await asyncio.to_thread(self.looked_up, chosen)
            refusal = await asyncio.to_thread(self.refusal, path, found.kind == "folder")
        except TintypeError as error:
            self._list(self.query_one(Input).value, trouble=str(error))
            return
        if refusal is None:
            self.took(path)
        elif found.kind == "folder":
            self._enter(f"{path}{os.sep}", refusal)
        else:
            self._list(self.query_one(Input).value, trouble=refusal)

    def looked_up(self, chosen: Path | str) -> tuple[Path, paths.Status]:
        """A path and what is there; called in a thread."""
        return _looked_up(chosen, self._matches)

    def _enter(self, text: str, note: str = "") -> None:
        field = self.query_one(Input)
        self._proposed, self._note = text, note
        if field.value == text:
            self._list(text, note)
        field.value = text
        field.cursor_position = len(text)

    def shown(self, entry: paths.FolderEntry) -> str:
        """Return an entry as it stands in the list."""
        return str(entry.path)

    def took(self, path: Path) -> None:
        """Do with the chosen path what it was chosen for."""
        raise NotImplementedError

    def refusal(self, path: Path, is_folder: bool) -> str | None:
        """Say why a path is not taken, in a thread; none if it is. A folder is looked into."""
        return "" if is_folder else None


class OpenPath(PathDialog[Path | None]):
    """Gives a file of chat rows, or whatever else can be imported."""

    imports = False
    """Whether what was chosen has to be imported."""
    further: Sequence[Path] = ()
    """Further files of the same dataset."""
    hint = "↑ ↓ choose · Tab completes · ; adds a file · Enter opens · Esc goes back"
    _offered: Path | None = None
    """The folder that may be meant itself: entering it again takes it."""

    def completed(self, typed: str) -> tuple[str, str]:
        """The last of several paths, which lies beside the first unless it says where."""
        head, _, last = (part.strip() for part in typed.rpartition(";"))
        first = head.partition(";")[0].strip()
        if not first or not paths.exists(paths.typed_path(first)):
            return "", typed
        folder = f"{paths.typed_path(first).parent}{os.sep}"
        return f"{head}; ", last if last.startswith((os.sep, "~")) else f"{folder}{last}"

    def looked_up(self, chosen: Path | str) -> tuple[Path, paths.Status]:
        """The first of several paths; the others are its further files."""
        self.further = ()
        if isinstance(chosen, Path) or not set(chosen) & set(";*?["):
            return super().looked_up(chosen)
        first, *self.further = paths.typed_paths(chosen)
        return first, paths.require(first)

    def took(self, path: Path) -> None:
        """That is all that was wanted."""
        self.dismiss(path)

    def refusal(self, path: Path, is_folder: bool) -> str | None:
        """By what the path is found to be: chat rows and what can be imported are taken."""
        from tintype.dataset.formats import detected, recognised

        # Files of chat rows in a folder are opened themselves, and need no import.
        found = [one for one in detected(path) if not (is_folder and one.format.name == "chat")]
        self.imports = bool(found) and found[0].is_read
        if self.imports and (not is_folder or self._is_meant(path, found[0].detection)):
            return None
        if self.imports:
            return f"This is {found[0].detection.what}: Enter imports it."
        if not is_folder:
            return str(recognised(path)) if found else CHAT_ROWS if self.further else None
        certain = found and found[0].detection.certainty == "certain"
        return str(recognised(path)) if certain else ""

    def _is_meant(self, folder: Path, detection: "Detection") -> bool:
        """Whether a folder is a dataset beyond doubt, or was chosen once more."""
        again, self._offered = folder == self._offered, folder
        return again or detection.certainty == "certain"


def _looked_up(
    chosen: Path | str, matches: Callable[[str], tuple[str, Sequence[paths.FolderEntry]]]
) -> tuple[Path, paths.Status]:
    """A path and what is there; in place of what is not there, the only one that fits."""
    path = paths.typed_path(chosen) if isinstance(chosen, str) else chosen
    try:
        return path, paths.require(path)
    except FileError:
        fitting: Sequence[paths.FolderEntry] = []
        with suppress(FileError):  # nothing fits in what cannot be listed
            fitting = matches(chosen)[1] if isinstance(chosen, str) else []
        if len(fitting) != 1:
            raise
        return fitting[0].path, paths.require(fitting[0].path)


def _slash(entry: paths.FolderEntry) -> str:
    return os.sep if entry.is_folder else ""


def _end_of(text: str, width: int) -> str:
    """The text cut to so many cells, at its beginning: a path's name is at its end."""
    return text if cell_len(text) <= width else "…" + clip(text[::-1], width)[-2::-1]
