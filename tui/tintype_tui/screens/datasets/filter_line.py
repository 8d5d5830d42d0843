"""What is shown of the rows, and in which order; sorting, and going to a row."""

import random
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from textual.binding import Binding, BindingType

from tintype.dataset import Dataset
from tintype.dataset.arrangement import Arrangement, Order, next_order
from tintype.errors import DatasetError
from tintype_tui.held_keys import opens
from tintype_tui.keys import with_keys
from tintype_tui.screens.datasets.part import Words
from tintype_tui.screens.dialogs import Ask

ORDER_WORDS: Mapping[Order, str] = {
    "": "",
    "tokens": "most tokens first",
    "bytes": "largest first",
    "answer": "longest answer first",
    "problems": "worst first",
}


class FilterLine(Words):
    """`7 rows with “red” (Esc shows all)`, `most tokens first`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "s",
            "sort",
            "Sort",
            id="data.sort",
            show=False,
            tooltip="by tokens, size, answer, problems, as in the file",
        ),
        Binding("number_sign", "line", "Go to line", id="data.line", show=False, key_display="#"),
        Binding("r", "random", "Random row", id="data.random", show=False),
    ]

    def watch_arrangement(self) -> None:
        self.say()

    def words(self) -> str:
        shown = f"{self.arrangement.why} (Esc shows all)" if self.arrangement.why else ""
        found = (order_words(self.arrangement), shown)
        return "".join(f"· {words} " for words in found if words).rstrip()

    # ------------------------------------------------------------------ order

    def action_sort(self) -> None:
        """The next order."""
        if self.opened is None or not (self.assessed and self.assessed.complete):
            words = "The rows are still being counted. Press {data.sort} again when that is done."
            self.pane.say(with_keys(self, words))
            return
        from_top = bool(next_order(self.arrangement.order))
        self.post_message(self.Arrange(_in_next_order, from_top))

    # ------------------------------------------------------------------ going to a row

    @opens()
    async def action_line(self) -> None:
        hints = ("The number of a line, or 50% of the way.",)
        text = await self.app.push_screen_wait(Ask("Go to line", hints=hints))
        if text and (dataset := self.dataset) is not None:
            with self.pane.reporting("Cannot go there"):
                self._go(await _place(text, dataset))

    def _go(self, index: int) -> None:
        if self.arrangement.position_of(index) is None:
            self.post_message(self.Arrange(without_filter))
        self.post_message(self.Select(index))

    def action_random(self) -> None:
        """Go to any of the rows shown but the one that is looked at."""
        here, shown = self.arrangement.position_of(self.index), self.arrangement.shown
        if others := shown - (here is not None):
            at = random.randrange(others)
            at += here is not None and at >= here
            self.post_message(self.Select(self.arrangement.row_at(at)))
        else:
            self.pane.say("There is no other row to go to.")


def without_filter(arrangement: Arrangement) -> Arrangement:
    """All rows, in the same order; what was searched for is still known."""
    return replace(arrangement, chosen=None, why="", query="")


def _in_next_order(arrangement: Arrangement) -> Arrangement:
    return replace(arrangement, order=next_order(arrangement.order), backwards=False)


def order_words(arrangement: Arrangement) -> str:
    """`most tokens first`, `by label`, `by width, turned round`."""
    order, turned = arrangement.order, ", turned round" * arrangement.backwards
    return f"{ORDER_WORDS.get(order, f'by {order}')}{turned}"


async def _place(text: str, dataset: Dataset) -> int:
    try:
        if text.strip().endswith("%"):
            share = min(max(float(text.strip()[:-1]) / 100, 0), 1)
            return round(share * (dataset.count - 1))
        return await dataset.find_line(int(text.replace(",", "")))
    except (ValueError, OverflowError):
        raise DatasetError(f"{text!r} is no line.", advice="Type 120, or 50%.") from None
