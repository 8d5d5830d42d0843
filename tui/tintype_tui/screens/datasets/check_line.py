"""The check: one pass that judges and counts every row, and its verdict in the title line."""

from contextlib import aclosing

from textual import work

from tintype import rules
from tintype_tui import requests
from tintype_tui.screens.datasets.checkup import Checkup, checked
from tintype_tui.screens.datasets.part import Words


class CheckLine(Words):
    """`checking 34 %`, then `2 errors, 1 warning`."""

    def completed(self) -> None:
        self._check()

    def provider_changed(self) -> None:
        if self.opened is not None and self.opened.complete:
            self.post_message(self.CheckedUp(Checkup()))
            self._check()

    def watch_checkup(self) -> None:
        self.say()

    def words(self) -> str:
        return f"· {self.checkup.verdict}" if self.opened and self.checkup.verdict else ""

    @work(exclusive=True, group="check")
    async def _check(self) -> None:
        if (dataset := self.dataset) is None:
            return
        profile = rules.profile(self.pane.desk.profile.rules)
        with self.pane.reporting("Cannot check the dataset"):
            async with aclosing(checked(dataset, profile)) as steps:
                async for checkup in steps:
                    self.post_message(self.CheckedUp(checkup))
                    if checkup.statistics is not None and checkup.summary is not None:
                        self.post_message(requests.Reached(checked=checkup.summary.status))
