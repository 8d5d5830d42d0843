"""Questions that must be answered before going on."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TypeVar, cast

from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.command import CommandPalette
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen, Screen
from textual.widgets import Button, Input, Static
from textual.widgets.button import ButtonVariant

from tintype.budget import Demand
from tintype_tui.text import visible
from tintype_tui.widgets.field import Field

R = TypeVar("R")


class Once:
    """A screen that is dismissed once: a second click or Enter finds it gone.

    Textual would take the screen below off the stack, and end the app if there is none.
    """

    def dismiss(self, result: Any = None) -> AwaitComplete:
        screen = cast("Screen[Any]", self)
        return Screen.dismiss(screen, result) if screen.is_active else AwaitComplete()


class Listed:
    """For which text a list was made, in a thread: a key that takes of it waits for that."""

    def __init__(self) -> None:
        self._of: str | None = None
        self._another = asyncio.Event()

    def now(self, typed: str) -> None:
        """Note that the list is that of a text."""
        self._of = typed
        self._another.set()

    async def until(self, typed: Callable[[], str]) -> None:
        """Wait until the list is that of what is typed by then."""
        while self._of != typed():
            self._another.clear()
            await self._another.wait()


class Palette(Once, CommandPalette):
    """Textual's, dismissed once."""


class Dialog(Once, ModalScreen[R]):
    """A box in the middle of the screen."""

    CSS_PATH = "dialogs.tcss"


class Confirm(Dialog[bool]):
    """Say what will happen and wait for consent; the safe answer has the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,n", "answer(False)", "Leave it", id="confirm.no"),
        Binding("y", "answer(True)", "Do it", id="confirm.yes"),
        Binding("left,right", "app.focus_next", "Move", show=False),
    ]

    def __init__(
        self, title: str, words: str, *, yes: str, no: str = "Back", harm: bool = False
    ) -> None:
        """Make ready.

        Args:
            title: The question.
            words: What will happen.
            yes: The act, as its button names it: `Cancel job`.
            no: What happens instead.
            harm: Whether the act cannot be taken back; its button has the colour of a warning.
        """
        super().__init__()
        self._title, self._words, self._yes, self._no = title, words, yes, no
        self._harm = harm

    def compose(self) -> ComposeResult:
        """A box in the middle."""
        with Vertical(classes="dialog"):
            yield Static(Content(visible(self._title)), classes="dialog-title")
            with VerticalScroll(can_focus=False):
                yield Static(Content(visible(self._words)))
            with Horizontal(classes="dialog-buttons"):
                yield Button(Content(f"{self._no} (n)"), id="no")
                loud: ButtonVariant = "warning" if self._harm else "primary"
                yield Button(Content(f"{self._yes} (y)"), id="yes", variant=loud)

    def on_mount(self) -> None:
        self.query_one("#no", Button).focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Answer."""
        self.dismiss(event.button.id == "yes")

    def action_answer(self, yes: bool) -> None:
        """Answer."""
        self.dismiss(yes)


class TypedSum(Vertical):
    """A field into which the cost must be typed before money is spent; it takes the focus."""

    class Met(Message):
        """What the demand wants has been typed."""

    def __init__(self, demand: Demand, act: str) -> None:
        """Make ready.

        Args:
            demand: What must be typed, and why.
            act: What follows, as in "press Enter to launch".
        """
        super().__init__()
        self._demand, self._act = demand, act

    def compose(self) -> ComposeResult:
        yield Static(Content(f"Type {self._demand.typed} and press Enter to {self._act}:"))
        yield Field(placeholder=self._demand.typed, id="typed")

    def on_mount(self) -> None:
        self.query_one(Field).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        met = self._demand.is_met_by(event.value)
        event.input.set_class(not met, "-wrong")
        if met:
            self.post_message(self.Met())
        else:
            self.app.bell()


class ConfirmSum(Dialog[bool]):
    """Say what something may cost and wait until the sum is typed; Esc spends nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(False)", "Back", id="sum.back"),
    ]

    def __init__(self, title: str, words: str, demand: Demand, *, act: str) -> None:
        super().__init__()
        self._title, self._words, self._demand, self._act = title, words, demand, act

    def compose(self) -> ComposeResult:
        """A box with a field."""
        with Vertical(classes="dialog"):
            yield Static(Content(visible(self._title)), classes="dialog-title")
            with VerticalScroll(can_focus=False):
                yield Static(Content(visible(f"{self._words}\n")))
            yield TypedSum(self._demand, self._act)
            yield Static("Esc goes back, nothing is sent", classes="hint")

    def on_typed_sum_met(self) -> None:
        """Agree."""
        self.dismiss(True)


class Ask(Dialog[str | None]):
    """One line of text."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Back", id="ask.back"),
    ]

    def __init__(self, title: str, *, value: str = "", hints: Sequence[str] = ()) -> None:
        super().__init__()
        self._title, self._value, self._hints = title, value, hints

    def compose(self) -> ComposeResult:
        """A box with a field."""
        with Vertical(classes="dialog -small"):
            yield Static(Content(visible(self._title)), classes="dialog-title")
            yield Field(value=self._value, id="answer")
            for hint in self._hints:
                yield Static(Content(visible(hint)), classes="hint")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Answer."""
        self.dismiss(event.value)
