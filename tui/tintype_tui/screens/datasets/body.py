"""The views beside the row, and how the room is shared between them."""

from collections.abc import Iterable
from datetime import UTC, datetime

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.reactive import var
from textual.widgets import ContentSwitcher

from tintype_tui.screens.datasets.part import Part, View

NOTE = "datasets.share"
"""The name under which the width is kept between sessions."""
USUAL, LEAST, MOST = 40, 20, 75
"""Per cent of the room that the left takes."""


class Body(Part):
    """A view on the left, the row on the right; above each other where it is narrow."""

    KEYS = (
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
    )

    share: var[int | None] = var(None)
    """Per cent of the room that the left takes; none as the style sheet has it."""

    def __init__(self, views: Iterable[View], row: Part) -> None:
        super().__init__(id="dataset-body")
        self._views, self._row = tuple(views), row

    def compose(self) -> ComposeResult:
        with ContentSwitcher(initial=self._views[0].id, id="left"):
            yield from self._views
        yield self._row

    def on_mount(self) -> None:
        self._recall()

    @work(exclusive=True, group="share")
    async def _recall(self) -> None:
        with self.pane.reporting("Cannot read how wide the list was"):
            kept = (await self.pane.desk.store()).notes.read(NOTE)
            if isinstance(kept, int):
                self.share = kept

    def show(self, view: View) -> None:
        """Show one of the views on the left, if it stands there."""
        if view in self._views:
            self.query_one("#left", ContentSwitcher).current = view.id
            self.set_class(view.ROOMY, "-overview")

    def action_share(self, by: int) -> None:
        """Give the left more room, or the row."""
        self.share = (USUAL if self.share is None else self.share) + by
        self._keep(self.share)

    @work(exclusive=True, group="share")
    async def _keep(self, share: int) -> None:
        with self.pane.reporting("Cannot keep how wide the list is"):
            (await self.pane.desk.store()).notes.write(NOTE, share, datetime.now(UTC))

    def validate_share(self, share: int | None) -> int | None:
        return share if share is None else max(LEAST, min(share, MOST))

    def watch_share(self) -> None:
        self._divide()

    def on_resize(self) -> None:
        self.call_after_refresh(self._divide)

    def _divide(self) -> None:
        if self.share is None:
            return
        narrow = self.screen.has_class("-narrow")
        left = self.query_one("#left")
        for part, share in ((left, self.share), (self._row, 100 - self.share)):
            part.styles.width = "100%" if narrow else f"{share}fr"
            part.styles.height = f"{share}fr" if narrow else "100%"
