"""The layer that marks rows, to be looked at again or left out of a copy.

Marks lie over the dataset, in the store; the file is never changed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from textual import work
from textual.reactive import var

from tintype.dataset import Dataset
from tintype_tui.screens.datasets.sheet import SheetPane
from tintype_tui.screens.dialogs import Ask
from tintype_tui.text import count
from tintype_tui.widgets.facet_list import FacetLine


@dataclass(frozen=True, slots=True)
class Change:
    """What one key did, so that it can be undone: row index → reason before and after, or none."""

    before: Mapping[int, str | None]
    after: Mapping[int, str | None]


class MarkingPane(SheetPane):
    """Rows marked, unmarked, and all of it undone."""

    marks: var[Mapping[int, str]] = var({})
    """Row index → why it is marked; the reason may be empty."""

    def __init__(self) -> None:
        super().__init__()
        self._fingerprint = ""
        self._done: list[Change] = []
        self._undone: list[Change] = []

    def begin(self, dataset: Dataset, row: int) -> None:
        self.marks = {}
        self._done, self._undone = [], []
        super().begin(dataset, row)

    async def recall(self, dataset: Dataset) -> None:
        await super().recall(dataset)
        self._fingerprint = await dataset.fingerprint()
        store = await self.desk.store()
        kept = store.marks.read(dataset.path, self._fingerprint)
        self.marks = {await dataset.find_line(line): why for line, why in kept.items()}
        others = store.marks.of_other_versions(dataset.path, self._fingerprint)
        if others and not kept:
            self.say(f"{count(others, 'mark')} belong to another version of this file.")

    def watch_marks(self, marks: Mapping[int, str]) -> None:
        self.rows.marked = self.sheet.marked = marks.keys()
        self.lay_out()
        self.draw_title()

    def title_words(self) -> list[str]:
        marked = f"{len(self.marks):,} marked" if self.marks else ""
        name, *words = super().title_words() or [""]
        return [name, marked, *words]

    def overview(self) -> tuple[FacetLine, ...]:
        lines = super().overview()
        if not self.marks or self.statistics is None:
            return lines
        reasons: dict[str, list[int]] = {}
        for index, why in self.marks.items():
            reasons.setdefault(why, []).append(index)
        marked = [
            FacetLine("marked", why or "no reason given", len(rows), rows=tuple(sorted(rows)))
            for why, rows in reasons.items()
        ]
        return (FacetLine("marked"), *marked, *lines)

    # ------------------------------------------------------------------ what the person does

    def action_mark(self) -> None:
        """Mark the row, or unmark it, and go on to the next."""
        among_rows = self.on_sheet or self.left.current == "rows"
        index = self.rows.row_at(self.rows.cursor) if among_rows else self.index
        self._change({index: None if index in self.marks else ""})
        if among_rows:
            self.rows.cursor += 1
        if self.on_sheet:
            self.sheet.cursor = self.rows.cursor

    @work
    async def action_mark_why(self) -> None:
        """Mark the row and say why."""
        index = self.index
        why = await self.app.push_screen_wait(Ask("Why is it marked?", value=self._last_reason))
        if why is not None:
            self._change({index: " ".join(why.split())})

    @property
    def _last_reason(self) -> str:
        return next((why for why in reversed(list(self.marks.values())) if why), "")

    def action_mark_all(self) -> None:
        """Mark every row shown by a filter; if all are marked, unmark them."""
        chosen = self._chosen
        if chosen is None:
            self.say("This marks the rows of a filter: search with /, or pick in the overview (v).")
            return
        new = [index for index in chosen if index not in self.marks]
        self._change(dict.fromkeys(new, "") if new else dict.fromkeys(chosen))
        words = "marked" if new else "unmarked"
        self.say(f"{count(len(new or chosen), 'row')} {words}. u takes it back.")

    def action_undo(self) -> None:
        """Take back the last change of marks."""
        if not self._done:
            self.say("There is nothing to take back.")
            return
        change = self._done.pop()
        self._undone.append(change)
        self._apply(change.before)

    def action_redo(self) -> None:
        """Do again what was taken back."""
        if not self._undone:
            self.say("Nothing was taken back.")
            return
        change = self._undone.pop()
        self._done.append(change)
        self._apply(change.after)

    def _change(self, after: Mapping[int, str | None]) -> None:
        before = {index: self.marks.get(index) for index in after}
        self._done.append(Change(before, after))
        self._undone.clear()
        self._apply(after)

    def _apply(self, after: Mapping[int, str | None]) -> None:
        marks = dict(self.marks)
        for index, why in after.items():
            marks.pop(index, None)
            if why is not None:
                marks[index] = why
        self.marks = marks
        self._keep(after)

    @work(group="marks")
    async def _keep(self, after: Mapping[int, str | None]) -> None:
        """Write the marks down as they are made."""
        if (dataset := self.dataset) is None or not self._fingerprint:
            return
        with self.reporting("Cannot keep the marks"):
            store = await self.desk.store()
            lines = {dataset.line_of(index): why for index, why in after.items()}
            store.marks.change(
                dataset.path,
                self._fingerprint,
                marked={line: why for line, why in lines.items() if why is not None},
                unmarked=[line for line, why in lines.items() if why is None],
                at=datetime.now(UTC),
            )
