"""Searching the rows: by words, by conditions, and by what was picked in a chart or a list."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType

from tintype.dataset import Dataset
from tintype.dataset.arrangement import Arrangement
from tintype.dataset.base64_text import elided
from tintype.dataset.query import Found, Hit, Query, compile_query, parse_query, search
from tintype.dataset.query import shared_texts as find_shared
from tintype.rules import rules_of
from tintype.selection import Condition, expanded, is_selection, parse_selection, select
from tintype.selection.columns import FieldColumns
from tintype_tui.held_keys import opens
from tintype_tui.screens.datasets.part import WantColumns, Words, stop_workers
from tintype_tui.screens.search_rows import SearchRows
from tintype_tui.text import clip, count, one_line

MOST_EXCERPTS = 20_000
"""Rows that are listed with what was found in them; further ones are listed as usual."""


class SearchLine(Words):
    """`searching 40%, Esc stops`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "Search", id="data.search", key_display="/"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._asking: SearchRows | None = None

    def words(self) -> str:
        return ""

    def stop(self) -> bool:
        return stop_workers(self, "search")

    # ------------------------------------------------------------------ searching

    @opens()
    async def action_search(self) -> None:
        if (dataset := self.dataset) is None:
            return
        with self.pane.reporting("Cannot search"):
            shared = await find_shared(dataset)
            hints = [
                "label:cat · images>1 · width<300 · tokens>500 · problem:* · -answer:none · @saved",
                "/expression/ · ~nearly so · !not this · then n and N go from hit to hit",
                f"Searches {_where(shared)}.",
            ]
            before = self.arrangement.found
            value = self.arrangement.query or (before.typed if before else "")
            self._asking = asking = SearchRows(value, hints)
            asking.columns = self.columns
            self.post_message(WantColumns())
            if text := await self.app.push_screen_wait(asking):
                if is_selection(text, asking.saved):
                    self._select(dataset, expanded(text, asking.saved))
                else:
                    self._search(dataset, text, shared)

    def watch_columns(self, columns: FieldColumns | None) -> None:
        if self._asking is not None:
            self._asking.columns = columns

    def narrow(self, condition: Condition) -> None:
        """Show, of the rows that are shown, only those for which a condition holds."""
        now = self.arrangement
        if (dataset := self.dataset) is not None:
            if now.chosen is None or now.query:
                self._select(dataset, f"{now.query} {condition}".strip())
            else:
                self._select(dataset, str(condition), within=now)

    @work(exclusive=True, group="search")
    async def _select(
        self, dataset: Dataset, typed: str, *, within: Arrangement | None = None
    ) -> None:
        try:
            with self.pane.reporting("Cannot search"):
                wanted = await asyncio.to_thread(parse_selection, typed)
                rows = await self._rows_with(dataset, wanted)
                if within is not None and within.chosen is not None:
                    chosen = frozenset(within.chosen)
                    rows = [row for row in rows if row in chosen]
                if not rows:
                    self.pane.say(f"No row is so: {typed}.")
                    return
                why = f"{count(len(rows), 'row')} with {typed}"
                query = typed
                if within is not None:
                    why, query = f"{within.why}; of these {why}", ""
                only = partial(replace, chosen=rows, why=why, query=query)
                self.post_message(self.Arrange(only, from_top=True))
        finally:
            self.doing = ""

    async def _rows_with(self, dataset: Dataset, wanted: Sequence[Condition]) -> list[int]:
        """The rows for which conditions hold: by what is known of them all, or looked at again."""
        columns = self.columns.with_marks(self.marks.reasons) if self.columns else None
        if columns is not None and columns.answers(wanted):
            return await asyncio.to_thread(columns.rows_with, wanted)
        rows: list[int] = []
        profile = await asyncio.to_thread(rules_of, self.session.profile.provider)
        async for done in select(dataset, wanted, profile, marks=self.marks.reasons):
            rows += (one.row.index for one in done.found)
            share = done.rows / max(1, dataset.count)
            self.doing = f"· searching {share:.0%}, Esc stops"
        return rows

    @work(exclusive=True, group="search")
    async def _search(self, dataset: Dataset, typed: str, shared: frozenset[str]) -> None:
        query = parse_query(typed)
        hits: dict[int, Hit] = {}
        rows: list[int] = []
        try:
            with self.pane.reporting("Cannot search"):
                pattern = await asyncio.to_thread(compile_query, query)
                slow = unread = 0
                async for searched in search(dataset, query, shared=shared):
                    rows += searched.matching
                    for hit in searched.hits if len(hits) < MOST_EXCERPTS else ():
                        hits.setdefault(hit.index, hit)
                    slow, unread = searched.passed_over, searched.unread
                    done = searched.rows / max(1, dataset.count)
                    self.doing = f"· searching {done:.0%}, Esc stops"
                found = Found(typed, pattern, rows, hits, shared)
                self._show(found, query, slow, unread)
        finally:
            self.doing = ""

    def _show(self, found: Found, query: Query, slow: int, unread: int) -> None:
        if slow:
            self.pane.say(f"The expression took too long in {count(slow, 'text')}.")
        if not found.rows:
            self.pane.say(_nothing(found, query, unread))
            return
        how = "without" if query.inverse else "nearly with" if query.is_fuzzy else "with"
        what = f"/{query.text}/" if query.is_regex else f"“{query.text}”"
        why = f"{count(len(found.rows), 'row')} {how} {what}"
        only = partial(replace, chosen=found.rows, why=why, query="", found=found)
        self.post_message(self.Arrange(only, from_top=True))


def _where(shared: frozenset[str]) -> str:
    """What a search looks through."""
    everything = "questions, answers and every other text"
    if not shared:
        return everything
    first = clip(one_line(elided(min(shared, key=len))), 32)
    more = f" and {count(len(shared) - 1, 'other text')}" if len(shared) > 1 else ""
    return f"{everything}, but not what all rows share: “{first}”{more}"


def _nothing(found: Found, query: Query, unread: int) -> str:
    """Why a search has found nothing."""
    if query.inverse:
        return f"Every row has “{query.text}”."
    shared = any(found.pattern.search(text) for text in found.shared)
    if shared:
        return f"“{query.text}” is only in the text that all rows share."
    left = f" {count(unread, 'line')} that are no JSON were not searched." if unread else ""
    return f"“{query.text}” is in no row: neither in a question nor in an answer.{left}"
