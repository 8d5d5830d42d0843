"""How many charts are seen at once where all metrics are: rows × columns, typed and remembered."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType

from tintype.errors import TintypeError
from tintype_tui.held_keys import opens
from tintype_tui.screen import Part
from tintype_tui.screens.dialogs import Ask
from tintype_tui.screens.jobs.curves import Curves
from tintype_tui.widgets.chart import read_shape

NOTE = "chart grid"
"""The note of the store that remembers it."""
HINTS = ("Such as 2x3; as far as there is room.", "Empty: as many as can be read well.")


class GridPart(Part):
    """Nothing to see of its own."""

    DEFAULT_CSS = """
    GridPart { display: none; }
    """
    BINDING_GROUP_TITLE = "Job"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("M", "shape", "Chart grid", id="jobs.shape", show=False,
                tooltip="rows × columns of charts, all metrics at once"),
    ]  # fmt: skip

    @property
    def _charts(self) -> Curves:
        return self.pane.query_one(Curves)

    @work
    async def on_mount(self) -> None:
        """See as many as the last time."""
        with suppress(TintypeError, ValueError):  # listing the jobs says why
            self._charts.shape = read_shape(str((await self.session.store()).notes.read(NOTE, "")))

    @opens(exclusive=True, group="shape")
    async def action_shape(self) -> None:
        """Ask for rows and columns, and show all metrics so."""
        now = self._charts.shape
        value = f"{now[0]}x{now[1]}" if now else ""
        typed = await self.app.push_screen_wait(
            Ask("Charts: rows × columns", value=value, hints=HINTS)
        )
        if typed is None:
            return
        try:
            self._charts.shape = read_shape(typed)
        except ValueError:
            self.pane.say(f"{typed!r} is no number of rows × columns up to 9: type 2x3.")
            return
        if not self._charts.every_metric:
            await self.pane.run_action("grid")
        with self.pane.reporting("Cannot be remembered"):
            store = await self.session.store()
            store.notes.write(NOTE, typed.strip() or None, datetime.now(UTC))
