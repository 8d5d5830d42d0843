"""The layer that finds rows: by text, by what they are made of, by their place."""

import asyncio
import random
from collections.abc import Sequence, Set
from pathlib import Path
from typing import TYPE_CHECKING

from textual import on, work

from tintype.dataset import Dataset, Example
from tintype.dataset.query import Hit, Query, compile_query, found_in, search
from tintype.dataset.statistics import Facet, facets
from tintype.dataset.survey import Surveyed, survey
from tintype.errors import DatasetError
from tintype_tui.screens.datasets.sorting import SortingPane
from tintype_tui.screens.dialogs import Ask
from tintype_tui.text import count
from tintype_tui.widgets.conversation import Conversation
from tintype_tui.widgets.example_list import Excerpt
from tintype_tui.widgets.line_list import LineList

if TYPE_CHECKING:
    import regex

MOST_EXCERPTS = 20_000
"""Rows that are listed with what was found in them; further ones are listed as usual."""


class FindingPane(SortingPane):
    """Rows found and gone to."""

    def __init__(self) -> None:
        super().__init__()
        self._needle = ""
        self._pattern: regex.Pattern[str] | None = None
        self._hits: Set[int] = frozenset()
        """Indices of the rows that have what was searched for."""

    def open(self, path: Path, row: int = 0) -> None:
        self.workers.cancel_group(self, "search")
        super().open(path, row)

    def begin(self, dataset: Dataset, row: int) -> None:
        self._forget_search()
        super().begin(dataset, row)

    # ------------------------------------------------------------------ by text

    @work
    async def action_search(self) -> None:
        hints = ("/…/ searches for an expression · then n and N go from hit to hit",)
        asked = Ask("Search the rows", value=self._needle, hints=hints)
        text = await self.app.push_screen_wait(asked)
        if text:
            self._needle = text
            self._search(text)

    @work(exclusive=True, group="search")
    async def _search(self, text: str) -> None:
        if (dataset := self.dataset) is None:
            return
        regular = len(text) > 2 and text.startswith("/") and text.endswith("/")
        query = Query(text[1:-1] if regular else text, is_regex=regular)
        excerpts: dict[int, Excerpt] = {}
        found: dict[int, None] = {}
        slow = 0
        try:
            with self.reporting("Cannot search"):
                pattern = await asyncio.to_thread(compile_query, query)
                async for searched in search(dataset, query):
                    for hit in searched.hits:
                        if hit.index not in found and len(found) < MOST_EXCERPTS:
                            excerpts[hit.index] = _excerpt(hit)
                        found[hit.index] = None
                    slow = searched.passed_over
                    self.doing = f"searching {searched.rows / max(1, dataset.count):.0%}, Esc stops"
                if slow:
                    self.say(f"{count(slow, 'text')} took the expression too long.")
                if found:
                    self._pattern, self._hits = pattern, found.keys()
                    self.rows.excerpts = excerpts
                    words = f"{count(len(found), 'row')} with “{text}” (Esc shows all)"
                    self.show_only(list(found), words)
                    self.present(next(iter(found)))
                else:
                    self.say(f"“{text}” is in no row.")
        finally:
            self.doing = ""

    def _forget_search(self) -> None:
        self._pattern, self._hits = None, frozenset()
        self.rows.excerpts = {}
        self.row_view.conversation.found = {}

    async def highlight(self, example: Example) -> None:
        pattern = self._pattern
        found = {} if pattern is None else await asyncio.to_thread(found_in, example, pattern)
        conversation = self.row_view.conversation
        conversation.set_reactive(Conversation.hit, self._next_hit)
        conversation.found = found
        self._next_hit = 0
        conversation.call_after_refresh(conversation.show_hit)

    _next_hit = 0
    """At which hit of the row shown next to begin."""

    def action_hit(self, by: int) -> None:
        """The next or the last place, in this row or another."""
        if not self._hits:
            self.say("Nothing has been searched for: / searches.")
            return
        conversation = self.row_view.conversation
        at = conversation.hit % max(1, conversation.hits) + by
        if 0 <= at < conversation.hits:
            conversation.hit = at
            return
        steps = range(1, self.rows.total + 1)
        places = ((self.rows.cursor + by * step) % self.rows.total for step in steps)
        to = next((place for place in places if self.rows.row_at(place) in self._hits), None)
        if to is None:
            self.say("What was found is in no row of this filter.")
            return
        if (to - self.rows.cursor) * by <= 0:
            self.say("From the beginning again." if by > 0 else "From the end again.")
        self._next_hit = 0 if by > 0 else -1
        if to == self.rows.cursor:
            conversation.hit, self._next_hit = self._next_hit, 0
        self.rows.cursor = to

    # ------------------------------------------------------------------ by what they are made of

    @on(LineList.Chosen, "#facets")
    def _facet_chosen(self, event: LineList.Chosen) -> None:
        line = self.facet_list.lines[event.index]
        if line.rows:
            self._forget_search()
            what = f"{count(len(line.rows), 'row')}: {line.name}, {line.value} (Esc shows all)"
            self.show_only(list(line.rows), what)
        elif line.lines:
            self._show_lines(line.lines, line.value or line.name)
        elif line.value is not None and line.count:
            self._filter_by(line.name, line.value)

    @work(exclusive=True, group="search")
    async def _show_lines(self, lines: Sequence[int], what: str) -> None:
        if (dataset := self.dataset) is None:
            return
        with self.reporting("Cannot show the rows"):
            rows = [await dataset.find_line(line) for line in lines]
            self._forget_search()
            self.show_only(rows, f"{count(len(rows), 'row')}: {what} (Esc shows all)")

    @work(exclusive=True, group="search")
    async def _filter_by(self, name: str, value: str) -> None:
        if (dataset := self.dataset) is None:
            return
        rows: list[int] = []
        try:
            with self.reporting("Cannot filter"):
                async for batch in survey(dataset, fetch=False):
                    rows += await asyncio.to_thread(_rows_with, batch, (name, value))
                    share = batch[-1].row.index / max(1, dataset.count)
                    self.doing = f"filtering {share:.0%}, Esc stops"
                words = f"{count(len(rows), 'row')} with {name}: {value} (Esc shows all)"
                self._forget_search()
                self.show_only(rows, words)
        finally:
            self.doing = ""

    # ------------------------------------------------------------------ by their place

    @work
    async def action_line(self) -> None:
        hints = ("The number of a line, or 50% of the way.",)
        text = await self.app.push_screen_wait(Ask("Go to line", hints=hints))
        if not text or self.dataset is None:
            return
        with self.reporting("Cannot go there"):
            self._go(await self._place(text, self.dataset))

    async def _place(self, text: str, dataset: Dataset) -> int:
        try:
            if text.strip().endswith("%"):
                share = min(max(float(text.strip()[:-1]) / 100, 0), 1)
                return round(share * (dataset.count - 1))
            return await dataset.find_line(int(text.replace(",", "")))
        except (ValueError, OverflowError):
            raise DatasetError(f"{text!r} is no line.", advice="Type 120, or 50%.") from None

    def _go(self, index: int) -> None:
        if self._chosen is not None and self.rows.position_of(index) is None:
            self.index = index
            self.show_only(None)
            self.present(index)
        else:
            self.rows.cursor = self.rows.position_of(index) or 0

    def action_random(self) -> None:
        self.rows.cursor = random.randrange(max(1, self.rows.total))


def _excerpt(hit: Hit) -> Excerpt:
    length = hit.end - hit.start
    return Excerpt(hit.excerpt, hit.excerpt_start, hit.excerpt_start + length)


def _rows_with(batch: Sequence[Surveyed], facet: Facet) -> list[int]:
    return [surveyed.row.index for surveyed in batch if facet in facets(surveyed)]
