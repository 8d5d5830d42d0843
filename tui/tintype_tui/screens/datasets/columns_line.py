"""What the rows say, read into columns once a part wants to count them."""

import asyncio
from contextlib import aclosing

from textual import work
from textual.message import Message

from tintype.assessment import Assessment
from tintype.rules import rules_of
from tintype.selection import known_beside
from tintype.selection.columns import Columns, read_columns
from tintype_tui.screens.datasets.part import Words


class ColumnsLine(Words):
    """`counting what rows say: 40%`, while they are read."""

    class Known(Message):
        """What the rows say is known, or, without columns, no longer holds."""

        def __init__(self, columns: Columns | None) -> None:
            super().__init__()
            self.columns = columns

    def __init__(self) -> None:
        super().__init__()
        self._wanted = False

    def words(self) -> str:
        return ""

    def begun(self) -> None:
        self._wanted, self.doing = False, ""

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
        columns = Columns()
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
