"""The rows whose images look most like the one that is looked at."""

from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType

from tintype.dataset.near import LikenessProgress, most_alike
from tintype_tui.screens.datasets.part import Words, stop_workers
from tintype_tui.text import count


class LikeLine(Words):
    """`looking for images like this: 40%, Esc stops`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "L",
            "like",
            "More like this",
            id="data.like",
            show=False,
            tooltip="the rows whose images look most like it",
        ),
    ]

    def words(self) -> str:
        return ""

    def begun(self) -> None:
        self.doing = ""

    def stop(self) -> bool:
        return stop_workers(self, "like")

    @work(exclusive=True, group="like")
    async def action_like(self) -> None:
        """Show the row and those that look most like it, the most alike first."""
        dataset, index = self.dataset, self.index
        if dataset is None:
            return
        found = LikenessProgress()
        try:
            with self.pane.reporting("Cannot look for images like this"):
                async with aclosing(most_alike(dataset, index)) as looking:
                    async for found in looking:
                        share = found.rows / max(1, dataset.count)
                        self.doing = f"· looking for images like this: {share:.0%}, Esc stops"
                if len(found.found) < 2:
                    self.pane.say("No other row has an image that can be compared.")
                    return
                others = count(len(found.found) - 1, "row")
                why = f"{others} most like line {dataset.line_of(index)}, after it"
                rows = found.found
                only = partial(replace, chosen=rows, why=why, query="", order="", found=None)
                self.post_message(self.Arrange(only, from_top=True))
        finally:
            self.doing = ""
