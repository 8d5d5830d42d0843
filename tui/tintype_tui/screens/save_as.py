"""Where to write a file: asked for, and asked again before anything is replaced."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Checkbox, Input, Static

from tintype.errors import TintypeError
from tintype.paths import exists, typed_path
from tintype_tui.screens.dialogs import Dialog
from tintype_tui.text import visible
from tintype_tui.widgets.field import Field, Tick


@dataclass(frozen=True, slots=True)
class Target:
    """What was answered."""

    path: Path
    replace: bool = False
    """Whether there is a file, which may be replaced: the person was asked."""
    with_option: bool = False
    """Whether the option was chosen."""

    @property
    def written(self) -> str:
        """What to say once it is written: `replaced` where a file was."""
        return "replaced" if self.replace else "written"


class SaveAs(Dialog[Target | None]):
    """A path, an option where there is one, and words that follow it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Back", id="save.back"),
    ]

    field = getters.query_one("#answer", Field)
    hints = getters.query_one("#save-hints", Static)
    warning = getters.query_one("#save-warning", Static)

    def __init__(
        self,
        title: str,
        proposed: Path,
        hints: Callable[[bool], Sequence[str]],
        *,
        option: str = "",
        ending: str = "",
    ) -> None:
        """Make ready.

        Args:
            title: What is written.
            proposed: Where, to begin with.
            hints: Sentences below the field, by whether the option is chosen.
            option: What the option does; empty for none. It is chosen to begin with.
            ending: Added to a name that has another.
        """
        super().__init__()
        self._title, self._proposed, self._hints_for = title, proposed, hints
        self._option, self._ending = option, ending
        self._refused: Path | None = None
        """The path that was found to be there already."""

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog -small"):
            yield Static(Content(visible(self._title)), classes="dialog-title")
            yield Field(value=str(self._proposed), id="answer")
            if self._option:
                yield Tick(Content(visible(self._option)), value=True, id="option")
            yield Static(id="save-warning", classes="hint")
            yield Static(id="save-hints", classes="hint")
            yield Static("Enter writes · Esc goes back", classes="hint")

    def on_mount(self) -> None:
        self.warning.display = False
        self._say()
        self.field.focus()

    @property
    def _chosen(self) -> bool:
        return bool(self._option) and self.query_one("#option", Tick).value

    @on(Checkbox.Changed)
    def _say(self) -> None:
        words = [words for words in self._hints_for(self._chosen) if words]
        self.hints.update(Content(visible("\n".join(words))))

    @on(Input.Changed)
    def _typed(self) -> None:
        self._refused = None
        self.warning.display = False

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        if event.value.strip():
            self._look(event.value.strip())

    @work(exclusive=True)
    async def _look(self, typed: str) -> None:
        """Take a path where nothing is; where something is, only at the second Enter."""
        try:
            path = typed_path(typed)
            if self._ending and path.suffix.lower() != self._ending:
                path = path.with_name(path.name + self._ending)
            there = await asyncio.to_thread(exists, path)
        except (TintypeError, ValueError) as error:
            self._warn(str(error))
            return
        if there and path != self._refused:
            self._refused = path
            self._warn(f"{path.name} exists already. Enter again replaces it.")
            return
        self.dismiss(Target(path, there, self._chosen))

    def _warn(self, words: str) -> None:
        self.warning.display = True
        self.warning.update(Content.styled(visible(f"! {words}"), "bold $warning"))
