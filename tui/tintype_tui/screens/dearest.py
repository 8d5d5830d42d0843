"""The most expensive rows: looked at, explained, shrunk or left out right here."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import getters, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from tintype import editing
from tintype.assessment import Assessment
from tintype.dataset import Dataset, open_dataset
from tintype.errors import QuoteError, TintypeError
from tintype.estimation import Dear, Estimate, estimate, row_images
from tintype.estimation.row_images import ONE_ROW
from tintype.estimation.shrinking import cheaper_sides, shrunk_row
from tintype.estimation.what_if import RowTable, WhatIf, counts_if, read_table
from tintype.pricing import Prices
from tintype_tui.held_keys import opens
from tintype_tui.keys import with_keys
from tintype_tui.screens.choosing import Choose
from tintype_tui.screens.dialogs import Dialog
from tintype_tui.screens.why import Why
from tintype_tui.session import SessionApp
from tintype_tui.text import count, number, visible
from tintype_tui.widgets.line_list import Line, LineList, item_of
from tintype_tui.words.costs import cost_words

WHY = "expensive"
"""The reason of a mark."""


class DearestList(LineList):
    """Rows by cost."""

    def __init__(self, rows: tuple[Dear, ...], epoch_tokens: int) -> None:
        super().__init__()
        self._rows, self._epoch_tokens = rows, max(1, epoch_tokens)
        self.done: dict[int, str] = {}
        """What was done to a row, in a word or two, by its line."""

    def on_mount(self) -> None:
        self.total = len(self._rows)

    def item(self, index: int, width: int, style: Style) -> Line:
        row = self._rows[index]
        share = row.tokens / self._epoch_tokens
        images = row.image_tokens / max(1, row.tokens)
        of_epoch = " of an epoch" if width > 76 else ""
        cells = f" line {row.line:>6}  {number(row.tokens):>9} tokens  {share:>6.1%}{of_epoch}"
        return [Segment(f"{cells}  {images:>4.0%} images  {self.done.get(row.line, '')}", style)]


class Dearest(Dialog[int | None]):
    """The ten dearest rows; Enter opens one. `edited` says whether rows were shrunk."""

    app = getters.app(SessionApp)

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Back", id="dearest.back"),
        Binding("dollar_sign", "why", "Why", id="dearest.why", key_display="$"),
        Binding("x", "leave_out", "Leave out", id="dearest.leave_out"),
        Binding("s", "shrink", "Shrink", id="dearest.shrink"),
    ]

    rows = getters.query_one(DearestList)

    def __init__(self, made: Estimate, found: Assessment, prices: Prices) -> None:
        """Make ready.

        Args:
            made: What the plan takes.
            found: The dataset, as far as it has been read.
            prices: What providers charge.
        """
        super().__init__()
        self._estimate, self._found, self._prices = made, found, prices
        self._table: RowTable | None = None
        self._left_out: dict[int, int] = {}
        """Rows that are left out: their line → index."""
        self._marking = asyncio.Lock()
        """Marks are read before the first is changed, and changed one after the other."""
        self.edited = False

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog -tall"):
            yield Static("The most expensive rows", classes="dialog-title")
            yield DearestList(self._estimate.dearest, self._estimate.tokens_per_epoch.likely)
            yield Static(id="dearest-total")
            yield Static(classes="hint", id="dearest-keys")

    def on_mount(self) -> None:
        keys = "{dearest.leave_out} leaves out · {dearest.shrink} shrinks · {dearest.why} why"
        words = with_keys(self, f"Enter opens · {keys} · Esc goes back")
        self.query_one("#dearest-keys", Static).update(Content(words))
        self._begin()

    def on_line_list_chosen(self, event: LineList.Chosen) -> None:
        if (dear := item_of(event, self._estimate.dearest)) is not None:
            self.dismiss(dear.index)

    @property
    def _row(self) -> Dear | None:
        rows = self._estimate.dearest
        return rows[self.rows.cursor] if rows else None

    @work(exclusive=True, group="begin")
    async def _begin(self) -> None:
        """See which rows are marked already, and what the others cost without them."""
        found = self._found
        try:
            async with self._as_counted() as dataset:
                async with self._marking:
                    store = await self.app.session.store()
                    marked = store.marks.read(dataset.path, await dataset.fingerprint())
                    self._left_out = {line: await dataset.find_line(line) for line in marked}
                self.rows.done |= dict.fromkeys(self._left_out, "left out")
                self._say_total()
                if not found.complete:
                    return
                rule, figures = found.counts.rule, found.figures
                async for step in read_table(
                    dataset, rule, figures.text_tokens, figures.skipped, found.fetched
                ):
                    self._table = step.table
                self._say_total()
        except TintypeError as error:
            self._say(str(error))

    @asynccontextmanager
    async def _as_counted(self) -> AsyncIterator[Dataset]:
        """The dataset, as long as its lines are those that were counted."""
        async with open_dataset(self._found.file.path) as dataset:
            if not await asyncio.to_thread(lambda: self._found.file.holds):
                raise QuoteError(
                    f"{dataset.path.name} has changed since it was counted.",
                    advice="Go back and estimate again.",
                )
            yield dataset

    def _say(self, words: str) -> None:
        self.query_one("#dearest-total", Static).update(Content(visible(words)))

    def _say_total(self) -> None:
        """The cost as it is, and without what is left out."""
        self.rows.refresh()
        words = cost_words(self._estimate)
        if self._left_out and self._table is not None:
            change = WhatIf(without=frozenset(self._left_out.values()))
            counts = counts_if(self._table, self._found.counts, change)
            then = estimate(counts, self._estimate.plan, self._prices)
            rows = count(len(self._left_out), "row")
            words = f"{words}, without {rows} marked {cost_words(then)}"
        if self.edited:
            words = f"{words}. Rows that are shrunk are counted again when you go back."
        self._say(words)

    def action_why(self) -> None:
        if (row := self._row) is not None:
            self.app.push_screen(Why(self._found, row.index))

    @opens(group="act")
    async def action_leave_out(self) -> None:
        """Mark the row, which a launch leaves out, or unmark it."""
        row = self._row
        if row is None:
            return
        try:
            async with self._marking, self._as_counted() as dataset:
                gone = row.line in self._left_out
                store = await self.app.session.store()
                store.marks.change(
                    dataset.path,
                    await dataset.fingerprint(),
                    marked={} if gone else {row.line: WHY},
                    unmarked=[row.line] if gone else (),
                    at=datetime.now(UTC),
                )
                if gone:
                    del self._left_out[row.line]
                    self.rows.done.pop(row.line, None)
                else:
                    self._left_out[row.line] = row.index
                    self.rows.done[row.line] = "left out"
        except TintypeError as error:
            self._say(str(error))
        else:
            self._say_total()

    @opens(exclusive=True, group="shrink")
    async def action_shrink(self) -> None:
        """Shrink the row's images, as an edit that can be undone in Datasets."""
        if (row := self._row) is None:
            return
        try:
            async with self._as_counted() as dataset:
                await self._shrink(dataset, row)
        except TintypeError as error:
            self._say(str(error))

    async def _shrink(self, dataset: Dataset, row: Dear) -> None:
        await dataset.row(row.index)
        lines = await dataset.lines(row.index, 1, ONE_ROW)
        images = await asyncio.to_thread(row_images, lines[0], dataset, self._found.fetched)
        looks = [
            (image.width, image.height, part.detail)
            for part, image in zip(lines[0].row.images, images, strict=True)
        ]
        sides = cheaper_sides(looks, self._found.counts.rule)
        if not sides:
            self._say("No smaller size of its images takes fewer tokens.")
            return
        entries = [f"{side:,} pixels: {number(tokens.likely)} tokens" for side, tokens in sides]
        title = f"Longest side of the images of line {row.line} ({number(row.image_tokens)} tokens)"
        chosen = await self.app.push_screen_wait(Choose(title, entries))
        if chosen is None:
            return
        side, tokens = sides[chosen]
        edit = await shrunk_row(dataset, row.index, side)
        if edit is not None:
            table = (await self.app.session.store()).edits
            await editing.edit(table, dataset, f"shrink the images of line {row.line}", [edit])
            self.edited = True
            self.rows.done[row.line] = f"shrunk: {number(tokens.likely)}"
            self._say_total()
