"""The base of every pane: masthead, body, loop strip, footer; errors become notifications."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

from textual import getters
from textual.app import ComposeResult
from textual.containers import Container
from textual.notifications import SeverityLevel as Severity
from textual.reactive import var
from textual.widget import Widget

from tintype.errors import TintypeError
from tintype.loop import LoopState
from tintype_tui.session import Said, Session, SessionApp
from tintype_tui.tasks import Task
from tintype_tui.terminal.textual_privates import PartsScreen, driver_of, take_back_toast
from tintype_tui.text import visible
from tintype_tui.widgets.deadline_line import DeadlineLine
from tintype_tui.widgets.key_line import KeyLine
from tintype_tui.widgets.loop_strip import LoopStrip, Serving
from tintype_tui.widgets.masthead import Masthead

if TYPE_CHECKING:
    from tintype.assessment import Assessment
    from tintype_tui.widgets.image import ImageView


class Pane(PartsScreen):
    """One of the numbered screens: a composition of parts."""

    app = getters.app(SessionApp)

    ALLOW_IN_MAXIMIZED_VIEW = "KeyLine"
    NEXT: ClassVar[Serving] = {}
    """The actions that go on with the loop, by stage; the first that can be taken."""

    loop_state: var[LoopState] = var(LoopState())
    assessment: var["Assessment | None"] = var(None)
    """The current dataset, as far as it has been checked and counted for the provider in use."""
    check_trouble: var[str] = var("")
    """Why the current dataset cannot be checked and counted; empty if it can."""
    profile_name: var[str] = var("")
    """The profile in use; what was said by the provider of another means nothing any more."""

    @property
    def session(self) -> Session:
        """Settings, profile, store and provider."""
        return self.app.session

    def compose(self) -> ComposeResult:
        """Frame the body."""
        yield from (Masthead().data_bind(provider=Pane.profile_name), DeadlineLine())
        yield from self.body()
        yield LoopStrip(self.NEXT).data_bind(Pane.loop_state)
        yield KeyLine()

    def key_parts(self) -> Iterable[Widget]:
        """Every part's keys work in the whole pane."""
        return self.walk_children(Part)  # matches no selectors: it is done for every key

    @property
    def focus_chain(self) -> list[Widget]:
        """Where Tab goes: while one widget is seen alone, nowhere else."""
        return [w for w in super().focus_chain if self.maximized in (None, *w.ancestors_with_self)]

    def body(self) -> ComposeResult:
        """What this pane shows."""
        yield from ()

    def on_image_view_wants(self, event: "ImageView.Wants") -> None:
        """Have an image drawn in a thread; of one image, the latest request wins."""
        event.have_drawn(self)

    @contextmanager
    def reporting(self, title: str) -> Iterator[None]:
        """Say a `TintypeError` to the person; let everything else crash."""
        try:
            yield
        except TintypeError as error:
            self.say(str(error), title=title, severity="error")

    async def copy(self, text: str) -> None:
        """Copy text, and say what was done."""
        await _copy(self, text)

    def say(self, message: str, *, title: str = "", severity: Severity = "information") -> None:
        """Notify, with untrusted text made harmless; what is said again is shown once."""
        self.session.said.append(Said(datetime.now(UTC), severity, f"{title} {message}".strip()))
        take_back_toast(self.app, words := visible(message), title)
        self.notify(words, title=title, severity=severity, markup=False, timeout=_seen_s(severity))


def _seen_s(severity: Severity) -> float:
    """How long a toast stays."""
    return 12 if severity == "error" else 5


@contextmanager
def working(pane: Pane, title: str, failing: str) -> Iterator[Task]:
    """Note work that begins in the pane seen among what is under way; report why it fails."""
    where = pane.app.current_mode
    with pane.reporting(failing), pane.session.tasks.begin(title, pane=where) as task:
        yield task


async def _copy(pane: Pane, text: str) -> None:
    from tintype_tui.clipboard import copy

    spill = pane.session.settings.folders.cache / "copied.txt"
    with pane.reporting("Cannot copy"):
        pane.say(await copy(text, driver_of(pane.app), spill))


class Part(Container):
    """A part of a pane, with keys and workers of its own.

    What the parts share is bound down to them as frozen values; what a person does in one goes up
    to the pane as a message. Its keys work wherever the focus is in the pane.
    """

    @property
    def pane(self) -> Pane:
        """The pane that it is a part of."""
        return self.query_ancestor(Pane)

    @property
    def session(self) -> Session:
        """Settings, profile, store and provider."""
        return self.pane.session
