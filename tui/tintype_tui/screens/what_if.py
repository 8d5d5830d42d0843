"""What if: knobs that change the dataset in mind, and the sum moving; written only when asked."""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tintype.assessment import Assessment
from tintype.dataset import Dataset, open_dataset
from tintype.dataset.embed import export
from tintype.detection import Convention
from tintype.errors import QuoteError, TintypeError
from tintype.estimation import Plan, estimate
from tintype.estimation.trying import FileWeight, Rewritten, boxes_in, rewrite, weigh
from tintype.estimation.what_if import (
    RowTable,
    WhatIf,
    counts_if,
    least_side,
    read_table,
)
from tintype.pricing import Prices
from tintype.tokens import DETAILS
from tintype_tui.screens.dialogs import Dialog
from tintype_tui.screens.save_as import SaveAs, Target
from tintype_tui.screens.what_if_knobs import knobs_of
from tintype_tui.text import visible
from tintype_tui.widgets.knob_list import KnobList
from tintype_tui.widgets.line_list import LineList
from tintype_tui.words.what_if import boxes_words, change_notes, change_words, comparison


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided on: other epochs, and the file in which the rest is true."""

    epochs: int | None
    copy: Path | None
    """None: nothing of the dataset changes."""


class TryChanges(Dialog[Decided | None]):
    """Six knobs and two columns of figures."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Back", id="what_if.back"),
        Binding("right,plus,equals_sign", "turn(1)", "Turn", id="what_if.more"),
        Binding("left,minus", "turn(-1)", "Turn back", id="what_if.less"),
        Binding("0", "reset", "As it is", id="what_if.reset"),
    ]

    knobs = getters.query_one(KnobList)
    figures = getters.query_one("#figures", Static)
    doing = getters.query_one("#what-if-doing", Static)

    def __init__(self, found: Assessment, plan: Plan, prices: Prices) -> None:
        """Make ready.

        Args:
            found: The dataset, read to its end.
            plan: What is planned by now.
            prices: What providers charge.
        """
        super().__init__()
        self._found, self._plan, self._prices = found, plan, prices
        self._dataset: Dataset | None = None
        self._table: RowTable | None = None
        self._boxes: Convention | None = None
        self._rewritten: dict[str, Rewritten] = {}
        self._whole: FileWeight | None = None
        self._hint = ""
        self._writing = False

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog -tall"):
            yield Static("What if", classes="dialog-title")
            yield KnobList()
            with VerticalScroll(can_focus=False):
                yield Static(id="figures")
            yield Static("Reading the rows …", id="what-if-doing", classes="hint")

    def on_mount(self) -> None:
        self.knobs.focus()
        self._hold()

    @work(group="hold")
    async def _hold(self) -> None:
        """Read what the rows are made of; the file is open as long as the dialog."""
        found = self._found
        try:
            async with open_dataset(found.file.path) as dataset:
                if dataset.stamp != found.file:
                    raise QuoteError(
                        f"{found.file.path.name} has changed since it was counted.",
                        advice="Go back and estimate again.",
                    )
                self._dataset = dataset
                async for step in read_table(
                    dataset,
                    found.counts.rule,
                    found.figures.text_tokens,
                    found.figures.skipped,
                    found.fetched,
                ):
                    self.doing.update(f"Reading the rows: {step.rows:,}. Esc goes back")
                    self._table = step.table
                self._boxes = await boxes_in(dataset)
                self._offer()
                await asyncio.Event().wait()
        except TintypeError as error:
            self.doing.update(Content(visible(str(error))))

    def _offer(self) -> None:
        """Show the knobs, now that it is known what can be turned."""
        assert self._table is not None
        self.knobs.knobs = knobs_of(self._found, self._plan, self._table, self._boxes)
        self.knobs.total = len(self.knobs.knobs)
        detail = DETAILS.index(self._plan.detail)
        self.knobs.at["detail"] = detail
        self.knobs.refresh()
        side = least_side(self._table)
        self._hint = "← → turn · 0 as it is · Enter makes it true · Esc goes back"
        if side is not None:
            least = f"With a longest side of {side:,} the model sees and counts the same."
            self._hint = f"{least}\n{self._hint}"
        self._show_figures()

    # ------------------------------------------------------------------ keys

    def _value(self, name: str) -> object:
        knob = next(one for one in self.knobs.knobs if one.name == name)
        return knob.values[self.knobs.at.get(name, 0)][1]

    @property
    def change(self) -> WhatIf:
        """What would be different of the dataset."""
        boxes = self._value("answers")
        pair = (self._boxes, boxes) if self._boxes and isinstance(boxes, Convention) else None
        return WhatIf(
            detail=self._value("detail"),  # type: ignore[arg-type]
            max_side=self._value("longest side"),  # type: ignore[arg-type]
            quality=self._value("JPEG quality"),  # type: ignore[arg-type]
            rows=self._value("rows"),  # type: ignore[arg-type]
            boxes=pair,
        )

    @property
    def epochs(self) -> int | None:
        """None: as the plan has it."""
        value = self._value("epochs")
        return value if isinstance(value, int) else None

    def action_turn(self, by: int) -> None:
        if self.knobs.total:
            knob = self.knobs.knobs[self.knobs.cursor]
            at = self.knobs.at.get(knob.name, 0)
            self.knobs.at[knob.name] = (at + by) % len(knob.values)
            self.knobs.refresh()
            self._show_figures()

    def action_reset(self) -> None:
        if self.knobs.total:
            self.knobs.at.clear()
            self.knobs.refresh()
            self._show_figures()

    # ------------------------------------------------------------------ figures

    @work(exclusive=True, group="figures")
    async def _show_figures(self) -> None:
        """Show the figures at once, and what the file would weigh when that is measured."""
        dataset, table, found, change = self._dataset, self._table, self._found, self.change
        if dataset is None or table is None:
            return
        self.doing.update(self._hint)
        try:
            rewritten = await self._answers(dataset, table, change)
            more = rewritten.more if rewritten else {}
            counts = await asyncio.to_thread(counts_if, table, found.counts, change, more)
            now = estimate(found.counts, replace(self._plan, detail="as is"), self._prices)
            plan = replace(self._plan, detail="as is", epochs=self.epochs or self._plan.epochs)
            then = estimate(counts, plan, self._prices)
            notes = change_notes(change, counts.rows, table.rows, rewritten)

            def show(weight: FileWeight | None) -> None:
                lines = comparison(now, then, (self._whole, weight))
                self.figures.update(Content("\n".join([*lines, *notes])))

            show(None)
            self._whole = self._whole or await weigh(dataset, table, WhatIf())
            show(await weigh(dataset, table, change))
        except TintypeError as error:
            self.figures.update(Content(visible(str(error))))

    async def _answers(self, dataset: Dataset, table: RowTable, change: WhatIf) -> Rewritten | None:
        """The answers in another convention: each is written in mind, and counted, once."""
        if change.boxes is None:
            return None
        name = boxes_words(change.boxes[1])
        if name not in self._rewritten:
            done = Rewritten()
            async for done in rewrite(dataset, table, change.boxes):
                self.figures.update(f"Counting answers as {name}: {done.rows:,} rows")
            self._rewritten[name] = done
        return self._rewritten[name]

    # ------------------------------------------------------------------ making it true

    @on(LineList.Chosen)
    def _chosen(self) -> None:
        if not self._writing:
            self._make_true()

    @work(exclusive=True, group="write")
    async def _make_true(self) -> None:
        """Write the copy that is like this, if anything of the dataset changes."""
        change, epochs = self.change, self.epochs
        words = change_words(change, epochs)
        if not words:
            self.doing.update("Nothing is different yet: ← and → turn the knobs.")
            return
        if change == WhatIf():
            self.dismiss(Decided(epochs, None))
            return
        path = self._found.file.path
        proposed = path.with_name(f"{path.stem}-{_ending(change)}.jsonl")
        said = (f"With {', '.join(words)}. The dataset itself is not changed.",)
        dialog = SaveAs("Write a copy like this into", proposed, lambda _: said, ending=".jsonl")
        target = await self.app.push_screen_wait(dialog)
        if target is not None:
            self._writing = True
            try:
                await self._write(change, target)
                self.dismiss(Decided(epochs, target.path))
            except TintypeError as error:
                self._writing = False
                self.doing.update(Content(visible(str(error))))

    async def _write(self, change: WhatIf, target: Target) -> None:
        dataset, table = self._dataset, self._table
        assert dataset is not None
        assert table is not None
        kept = frozenset(await asyncio.to_thread(table.kept, change))
        drop = {dataset.line_of(row) for row in range(table.rows) if row not in kept}
        steps = export(dataset, target.path, change.treatment, drop=drop, replace=target.replace)
        async with aclosing(steps):
            async for done in steps:
                share = (done.rows + done.dropped) / max(1, table.rows)
                self.doing.update(f"Writing {target.path.name}: {share:.0%}. Esc stops")


def _ending(change: WhatIf) -> str:
    """What the copy's name says: `low-768-q80-120-rows`."""
    return "-".join(
        [
            *([change.detail] if change.detail != "as is" else []),
            *([str(change.max_side)] if change.max_side else []),
            *([f"q{change.quality}"] if change.quality else []),
            *([f"{change.rows}-rows"] if change.rows is not None else []),
            *([change.boxes[1].name] if change.boxes else []),
        ]
    )
