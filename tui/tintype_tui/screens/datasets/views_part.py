"""The views, of which one is seen, beside the row that is looked at or in place of everything."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.reactive import var
from textual.widgets import ContentSwitcher

from tintype_tui.screens.datasets.image_line import ImageLine
from tintype_tui.screens.datasets.opened import Opened
from tintype_tui.screens.datasets.part import DatasetPart, View

NOTE = "datasets.share"
"""The name under which the width of the left is kept between sessions."""
LEAST, MOST = 20, 75
"""Per cent of the room that the left can be given."""


class ViewsPart(DatasetPart):
    """A view on the left, the row on the right; above each other where it is narrow."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "x",
            "mark",
            "Mark",
            id="data.mark",
            show=False,
            tooltip="the row, and go on; again: unmark",
        ),
        Binding(
            "less_than_sign",
            "share(-5)",
            "Smaller list",
            id="data.smaller",
            show=False,
            key_display="<",
        ),
        Binding(
            "greater_than_sign",
            "share(5)",
            "Larger list",
            id="data.larger",
            show=False,
            key_display=">",
        ),
    ]

    viewed: var[str] = var("", bindings=True)
    """The id of the view that is seen; empty before there is one."""
    share: var[int | None] = var(None)
    """Per cent of the room that the left takes; none as it suits the terminal's width."""

    class Viewed(Message):
        """Another view is seen."""

        def __init__(self, view: View) -> None:
            super().__init__()
            self.view = view

    def __init__(self, views: Sequence[View], row: DatasetPart) -> None:
        """Make ready; the first view is the one to begin with and to come back to."""
        super().__init__()
        self._views, self._row = views, row

    def compose(self) -> ComposeResult:
        with ContentSwitcher(initial="dataset-body", id="views"):
            with Horizontal(id="dataset-body"):
                with ContentSwitcher(initial=self._views[0].id, id="left"):
                    yield from (view for view in self._views if not view.WHOLE)
                yield self._row
            yield from (view for view in self._views if view.WHOLE)

    def on_mount(self) -> None:
        self.viewed = str(self._views[0].id)
        self._recall()

    def watch_opened(self, before: Opened | None, now: Opened | None) -> None:
        """Its only workers are about the width, whatever is open."""

    @property
    def view(self) -> View:
        """The view that is seen."""
        return next((view for view in self._views if view.id == self.viewed), self._views[0])

    @property
    def shows_row(self) -> bool:
        """Whether the row is seen beside the view."""
        return bool(self._row.region.width)

    def make_room_for_row(self) -> None:
        """Leave a view beside which there is no room for the row."""
        if self.view.ROOMY and not self.shows_row:
            self.begin_with_first()

    async def on_view_enlarge(self) -> None:
        await self.pane.query_one(ImageLine).run_action("full")

    def begin_with_first(self) -> bool:
        """Show the first view; whether another was seen."""
        other = self.view is not self._views[0]
        self.viewed = str(self._views[0].id)
        return other

    def go(self, index: int) -> None:
        """Go to a row in another arrangement: of the list, or in the view that is seen whole."""
        if not self.view.WHOLE:
            self.begin_with_first()
        self.view.go(index)

    def watch_viewed(self) -> None:
        if not self.viewed:
            return
        view, body = self.view, self.query_one("#dataset-body")
        self.query_one("#views", ContentSwitcher).current = view.id if view.WHOLE else body.id
        if not view.WHOLE:
            self.query_one("#left", ContentSwitcher).current = view.id
            body.set_class(view.ROOMY, "-overview")
        self.post_message(self.Viewed(view))
        view.go(self.index)
        view.take_focus()

    def on_view_show(self, event: View.Show) -> None:
        """Show a view, or the first again."""
        if event.view is self.view:
            self.begin_with_first()
        else:
            self.viewed = str(event.view.id)

    def on_view_leave(self) -> None:
        self.begin_with_first()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        idle = {"share": not self.shows_row, "mark": not self.arrangement.shown}
        return None if idle.get(action) else super().check_action(action, parameters)

    def action_mark(self) -> None:
        self.view.mark()

    # ------------------------------------------------------------------ widths

    @work(exclusive=True, group="share")
    async def _recall(self) -> None:
        with self.pane.reporting("Cannot read how wide the list was"):
            kept = (await self.session.store()).notes.read(NOTE)
            if isinstance(kept, int):
                self.share = kept

    def action_share(self, by: int) -> None:
        """Give the left more room, or the row."""
        before, self.share = self._effective, self._effective + by
        if self._effective == before:
            self.pane.say(f"The list gets no {'larger' if by > 0 else 'smaller'}.")
        self._keep(self.share)

    @work(exclusive=True, group="share")
    async def _keep(self, share: int) -> None:
        with self.pane.reporting("Cannot keep how wide the list is"):
            (await self.session.store()).notes.write(NOTE, share, datetime.now(UTC))

    def validate_share(self, share: int | None) -> int | None:
        return share if share is None else max(LEAST, min(share, MOST))

    def watch_share(self) -> None:
        self._divide()

    def on_resize(self) -> None:
        self.call_after_refresh(self._divide)

    @property
    def _effective(self) -> int:
        if self.share is not None:
            return self.share
        usual = {"-narrow": 28, "-usual": 50}
        return next((usual[name] for name in usual if self.screen.has_class(name)), 40)

    def _divide(self) -> None:
        narrow = self.screen.has_class("-narrow")
        left = self.query_one("#left")
        for part, share in ((left, self._effective), (self._row, 100 - self._effective)):
            part.styles.width = "100%" if narrow else f"{share}fr"
            part.styles.height = f"{share}fr" if narrow else "100%"
