"""What the rows say, read into columns once a part wants to count them."""

import asyncio
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.message import Message

from tintype.assessment import Assessment
from tintype.rules import rules_of
from tintype.selection import known_beside
from tintype.selection.columns import FieldColumns, read_columns
from tintype_tui.held_keys import opens
from tintype_tui.screens.choose_columns import CHOICES, ChooseColumns
from tintype_tui.screens.datasets.part import Words

NOTE = "datasets.columns"
"""The name under which the chosen columns are kept between sessions."""


class ColumnsLine(Words):
    """`counting what rows say: 40%`, while they are read."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "S",
            "columns",
            "Columns",
            id="data.columns",
            show=False,
            tooltip="which are shown, and by which the rows are sorted",
        ),
    ]

    class Known(Message):
        """What the rows say is known, or, without columns, no longer holds."""

        def __init__(self, columns: FieldColumns | None) -> None:
            super().__init__()
            self.columns = columns

    def __init__(self) -> None:
        super().__init__()
        self._wanted = self._recalled = False
        self._order = ""
        """The field to sort by once the columns are known."""

    def words(self) -> str:
        return ""

    def begun(self) -> None:
        self._wanted, self._order, self.doing = False, "", ""
        if not self._recalled:
            self._recall()

    def completed(self) -> None:
        if self._wanted:
            self._read()

    def want(self) -> None:
        """Read the columns, unless that is done or under way."""
        if self._wanted or self.columns is not None:
            return
        self._wanted = True
        if self.opened is not None and self.opened.complete:
            self._read()

    def watch_assessed(self, before: Assessment | None, now: Assessment | None) -> None:
        """Read rows again that are others now, or are judged by other rules."""
        if self._wanted and before is not None and now is None:
            self.post_message(self.Known(None))
            self.completed()

    @work(exclusive=True, group="columns")
    async def _read(self) -> None:
        if (dataset := self.dataset) is None:
            return
        columns = FieldColumns()
        try:
            with self.pane.reporting("Cannot count what rows say"):
                rules = await asyncio.to_thread(rules_of, self.session.profile.provider)
                beside = await known_beside(dataset, rules)
                async with aclosing(read_columns(dataset, beside)) as reading:
                    async for columns in reading:
                        share = columns.total / max(1, dataset.count)
                        self.doing = f"· counting what rows say: {share:.0%}"
                self.post_message(self.Known(columns))
        finally:
            self.doing = ""

    # ------------------------------------------------------------------ which are shown

    @opens()
    async def action_columns(self) -> None:
        """Choose columns and an order."""
        dialog = ChooseColumns(self.arrangement.columns, self.arrangement.order)
        answer = await self.app.push_screen_wait(dialog)
        self.want()
        if answer.shown != self.arrangement.columns:
            self._show(answer.shown)
            self._keep(answer.shown)
        self._order = answer.order or ""
        self.watch_columns()

    def _show(self, shown: tuple[str, ...]) -> None:
        self.post_message(self.Arrange(partial(replace, columns=shown)))

    def watch_columns(self) -> None:
        """Sort by what was chosen, once the columns are known."""
        if (order := self._order) and self.columns is not None:
            self._order = ""
            self.post_message(self.Arrange(lambda now: now.sorted_by(order), from_top=True))

    @work(exclusive=True, group="recall")
    async def _recall(self) -> None:
        with self.pane.reporting("Cannot read which columns are shown"):
            kept = (await self.session.store()).notes.read(NOTE)
            self._recalled = True
            shown = tuple(name for name in kept or () if name in CHOICES)
            if shown:
                self._show(shown)

    @work(group="keep")
    async def _keep(self, shown: tuple[str, ...]) -> None:
        with self.pane.reporting("Cannot keep which columns are shown"):
            notes = (await self.session.store()).notes
            notes.write(NOTE, list(shown), datetime.now(UTC))
