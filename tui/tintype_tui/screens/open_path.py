"""Choosing a file or folder by typing its path, completed as one types."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from tintype_tui.screens.dialogs import Dialog, R
from tintype_tui.text import clip, visible
from tintype_tui.widgets.field import Field

if TYPE_CHECKING:
    from tintype_tui.screen import Pane

MOST_SHOWN = 200


async def choose_dataset(pane: "Pane") -> Path | None:
    """Have a dataset chosen; what is in another format is imported first. Call it in a worker."""
    store = await pane.desk.store()
    recent = [kept.path for kept in store.datasets.newest(MOST_SHOWN)]
    path = await pane.app.push_screen_wait(
        OpenPath("Open a dataset", recent=recent, endings=(".jsonl", ".csv", ".tsv"))
    )
    if path is None or not (path.is_dir() or path.suffix.lower() in (".csv", ".tsv")):
        return path
    from tintype_tui.screens.importing import Import

    return await pane.app.push_screen_wait(Import(path))


class PathDialog(Dialog[R]):
    """A field, and below it what there is: recent paths first, then the folder being typed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Back", id="path.back"),
        Binding("tab", "complete", "Complete", id="path.complete", priority=True),
        Binding("down", "choose(1)", "Choose", show=False, id="path.down", priority=True),
        Binding("up", "choose(-1)", "Choose", show=False, id="path.up", priority=True),
    ]

    def __init__(
        self, title: str, *, recent: Sequence[Path] = (), endings: tuple[str, ...] = ()
    ) -> None:
        super().__init__()
        self._title, self._recent, self._endings = title, recent, endings
        self._listed: list[Path] = []

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog -tall"):
            yield Static(Content(self._title), classes="dialog-title")
            yield Field(value=self._start(), id="path", select_on_focus=False)
            yield OptionList(id="found", markup=False)
            yield Static("↑ ↓ choose · Tab completes · Enter opens · Esc goes back", classes="hint")

    def on_mount(self) -> None:
        self.query_one(Input).focus()
        self._list(self.query_one(Input).value)

    def _start(self) -> str:
        return f"{Path.cwd()}{os.sep}" if not self._recent else ""

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self._list(event.value)

    @work(exclusive=True)
    async def _list(self, typed: str) -> None:
        self._listed = await asyncio.to_thread(self._matches, typed)
        found = self.query_one(OptionList)
        found.clear_options()
        width = max(20, self.query_one(Input).size.width - 4)
        found.add_options(
            Option(clip(visible(f"{self.shown(path)}{os.sep if path.is_dir() else ''}"), width))
            for path in self._listed
        )

    def _matches(self, typed: str) -> list[Path]:
        if not typed:
            return [path for path in self._recent if path.exists()]
        path = Path(typed).expanduser()
        folder, start = (path, "") if typed.endswith(os.sep) else (path.parent, path.name)
        try:
            inside = sorted(folder.iterdir(), key=lambda item: (item.is_file(), item.name.lower()))
        except OSError:
            return []
        return [item for item in inside if self._fits(item, start.lower())][:MOST_SHOWN]

    def _fits(self, item: Path, start: str) -> bool:
        if item.name.startswith(".") and not start.startswith("."):
            return False
        if start not in item.name.lower():
            return False
        return not self._endings or item.is_dir() or item.suffix.lower() in self._endings

    def action_choose(self, by: int) -> None:
        found = self.query_one(OptionList)
        if found.option_count:
            at = -1 if found.highlighted is None and by > 0 else (found.highlighted or 0)
            found.highlighted = (at + by) % found.option_count

    def action_complete(self) -> None:
        """Take over what is highlighted, or the only one there is."""
        found = self.query_one(OptionList)
        at = found.highlighted if found.highlighted is not None else 0
        if self._listed:
            path = self._listed[at]
            field = self.query_one(Input)
            field.value = f"{path}{os.sep}" if path.is_dir() else str(path)
            field.cursor_position = len(field.value)

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self._open(self._listed[event.option_index])

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        self.entered(event.value.strip())

    def entered(self, text: str) -> None:
        """Open what is highlighted, else what was typed."""
        found = self.query_one(OptionList)
        if found.highlighted is not None:
            self._open(self._listed[found.highlighted])
        elif text:
            self._open(Path(text).expanduser())

    def _open(self, path: Path) -> None:
        if path.is_dir() and not self._is_wanted_folder(path):
            field = self.query_one(Input)
            field.value = f"{path}{os.sep}"
            field.cursor_position = len(field.value)
        elif not path.exists():
            self.notify(f"There is no {visible(str(path))}.", severity="error", markup=False)
        else:
            self.took(path)

    def shown(self, path: Path) -> str:
        """A path as it stands in the list."""
        return str(path)

    def took(self, path: Path) -> None:
        """Do with the chosen path what it was chosen for."""
        raise NotImplementedError

    def _is_wanted_folder(self, path: Path) -> bool:
        """A Pascal VOC folder can be imported as it is."""
        return (path / "Annotations").is_dir()


class OpenPath(PathDialog[Path | None]):
    """Gives a file, or a folder that can be imported."""

    def took(self, path: Path) -> None:
        """That is all that was wanted."""
        self.dismiss(path)
