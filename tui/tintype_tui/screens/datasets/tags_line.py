"""Tags: digits that mark a row for a reason, and reasons for lines or for what a filter shows."""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.reactive import var

from tintype.dataset import Dataset
from tintype.dataset.marks import read_ranges
from tintype_tui.held_keys import opens
from tintype_tui.keys import with_keys
from tintype_tui.screens.datasets.part import Words
from tintype_tui.screens.dialogs import Ask
from tintype_tui.text import count

TAGS = "tags"
"""The note of what the digits stand for."""
USUAL_TAGS = ["keep", "reject"]


def read_tags(text: str) -> list[str]:
    """What the digits from 1 to 9 stand for, as it is typed; the digit itself where it is empty."""
    names = [" ".join(name.split()) for name in text.split(",")][:9]
    return [name or str(at) for at, name in enumerate(names, start=1)]


def rows_in(dataset: Dataset, ranges: Sequence[tuple[int, int | None]]) -> list[int]:
    """The indices of the rows that stand on lines of some ranges."""
    rows, found = range(dataset.count), set[int]()

    def at(line: int) -> int:
        return bisect_left(rows, line, key=dataset.line_of)

    for first, last in ranges:
        found.update(rows[at(first) : at(last + 1) if last else None])
    return sorted(found)


class TagsLine(Words):
    """Says nothing: the marks are said by their own line."""

    tags: var[list[str]] = var(USUAL_TAGS)
    """What the digits stand for while the image is seen alone, from 1 on."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "T",
            "tag",
            "Tag rows",
            id="data.tag",
            show=False,
            tooltip="lines from … to, or every row that a filter shows",
        ),
    ]

    def words(self) -> str:
        return ""

    def completed(self) -> None:
        self._recall()

    @work(exclusive=True, group="tags")
    async def _recall(self) -> None:
        """Recall what the digits stood for."""
        with self.pane.reporting("Cannot read the tags"):
            kept = (await self.session.store()).notes.read(TAGS)
            self.tags = read_tags(", ".join(map(str, kept))) if kept else USUAL_TAGS

    @opens()
    async def action_tag(self) -> None:
        """Mark the rows of a filter, or lines that are typed, for a reason."""
        chosen, dataset = self.arrangement.chosen, self.dataset
        if dataset is None:
            return
        if chosen is not None:
            asked = Ask(f"Tag the {count(len(chosen), 'row')} shown as", value=self.tags[0])
            why = await self.app.push_screen_wait(asked)
        else:
            hints = ("10-20, 35, 100- and then what they are: 10-20 blurred",)
            text = await self.app.push_screen_wait(
                Ask("Tag which lines, and as what?", hints=hints)
            )
            ranges, why = read_ranges(text or "")
            if text and not ranges:
                self.pane.say(f"“{text}” begins with no line: type 10-20 blurred.")
            chosen = rows_in(dataset, ranges)
        if why is not None and chosen:
            self._tag(chosen, why)
            undo = with_keys(self, "{data.undo} undoes it.")
            self.pane.say(f"{count(len(chosen), 'row')} marked. {undo}")

    def _tag(self, rows: Sequence[int], why: str) -> None:
        self.post_message(self.Remark(lambda marks: marks.tagged(rows, why)))

    def tag(self, number: int) -> None:
        """Mark the row that is looked at by the tag of a digit; 0 unmarks it."""
        index = self.index
        if number:
            self._tag([index], self.tags[number - 1] if number <= len(self.tags) else str(number))
        else:
            self.post_message(self.Remark(lambda marks: marks.changed({index: None})))

    async def name_tags(self) -> None:
        """Ask what the digits stand for."""
        hints = ("From 1 on, with commas between them.",)
        asked = Ask("What do the digits stand for?", value=", ".join(self.tags), hints=hints)
        if text := await self.app.push_screen_wait(asked):
            with self.pane.reporting("Cannot keep the tags"):
                store = await self.session.store()
                self.tags = read_tags(text)
                store.notes.write(TAGS, self.tags, datetime.now(UTC))
