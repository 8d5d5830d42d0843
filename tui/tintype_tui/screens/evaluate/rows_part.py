"""The matrix of rows and models, one row looked at closely, and what is done with rows."""

import asyncio
from collections.abc import Sequence

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.reactive import var
from textual.widgets import Static

from tintype import evaluation
from tintype.dataset import open_dataset
from tintype.evaluation import Findings
from tintype_tui.held_keys import opens
from tintype_tui.screen import Part
from tintype_tui.screens.dialogs import Ask
from tintype_tui.screens.evaluate import sending
from tintype_tui.screens.evaluate.row_part import RowPart
from tintype_tui.screens.evaluate.rows_shown import (
    ORDER_WORDS,
    ORDERS,
    SHORT,
    chosen_rows,
    empty_words,
    glimpse,
)
from tintype_tui.text import count
from tintype_tui.widgets.evaluation_matrix import Glimpse, MatrixList
from tintype_tui.widgets.evaluation_report import RowsOf
from tintype_tui.widgets.line_list import LineList
from tintype_tui.widgets.tab_line import Tab, TabLine

ACTIONS = ("view", "model", "order", "mark", "mark_all", "train", "search")
KEYS: list[BindingType] = [
    Binding("v", "view(1)", "View", id="evaluate.view", tooltip="all, failures, different, …"),
    Binding("V", "view(-1)", "Previous view", id="evaluate.view_back", show=False),
    Binding("b", "model", "Model", id="evaluate.model", tooltip="whose failures and boxes"),
    Binding("a", "order", "Order", id="evaluate.order", tooltip="file, worst, best, …"),
    Binding("m", "mark", "Mark", id="evaluate.mark", tooltip="this row, in its dataset"),
    Binding(
        "X", "mark_all", "Mark all", id="evaluate.mark_all", show=False,
        tooltip="all rows shown, in their dataset",
    ),
    Binding(
        "T", "train", "To training", id="evaluate.train",
        tooltip="a copy of the training file with the rows shown",
    ),
    Binding("slash", "search", "Search", id="evaluate.search", show=False, key_display="/"),
]  # fmt: skip


class RowsPart(Part):
    """A list above, or beside, the row under its cursor."""

    BINDING_GROUP_TITLE = "Evaluate"
    BINDINGS = KEYS

    findings: var[Findings | None] = var(None, bindings=True)
    rows: var[RowsOf] = var(RowsOf())
    order: var[str] = var("file")
    needle: var[str] = var("")
    position: var[int | None] = var(None)
    """Of the row under the cursor; none without rows."""
    model: var[int] = var(0)
    """The place of the model that the view is about."""
    closely: var[bool] = var(False)
    """Whether that row has all the room."""

    tabs = getters.query_one("#matrix-views", TabLine)
    head = getters.query_one("#matrix-head", Static)
    matrix = getters.query_one(MatrixList)

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._matching: frozenset[int] | None = None

    def compose(self) -> ComposeResult:
        yield TabLine(id="matrix-views")
        yield Static(id="matrix-head", markup=False)
        yield MatrixList(id="matrix")
        yield RowPart(id="row-close").data_bind(
            RowsPart.findings, RowsPart.position, RowsPart.model
        )

    # ------------------------------------------------------------------ what is shown

    def watch_findings(self, before: Findings | None, found: Findings | None) -> None:
        """Show another run, or more of the same."""
        same = before and found and before.evaluation.folder == found.evaluation.folder
        if not same:
            self.rows, self.needle, self._matching = RowsOf(), "", None
        self.matrix.findings = found
        self._list()

    def watch_rows(self, before: RowsOf, rows: RowsOf) -> None:
        if rows.confused is not None:
            self._match()
            return
        if before.confused is not None:  # those of its cell alone were shown
            self.needle, self._matching = "", None
        self._list()

    @work(exclusive=True, group="search")
    async def _match(self) -> None:
        """Show the rows behind one cell of a confusion."""
        if (found := self.findings) is None or (cell := self.rows.confused) is None:
            return
        with self.pane.reporting("Cannot find the rows"):
            picked = evaluation.confused
            rows = await asyncio.to_thread(picked, found.evaluation, self.rows.model, *cell)
            if self.rows.confused != cell:  # something else has been asked for since
                return
            self._matching, self.needle = (
                frozenset(rows),
                " as ".join(one or "nothing" for one in cell),
            )
            self._list()

    def watch_order(self) -> None:
        self._list()

    def _list(self) -> None:
        found, rows = self.findings, self.rows
        if not self.is_mounted:
            return
        if found is None:
            self.matrix.positions, self.position = (), None
            self.matrix.empty_text = "No rows yet: they come with the result."
            self.tabs.tabs = ()
            return
        self.matrix.model = self.model = rows.model
        self.matrix.positions = chosen_rows(found, rows, self.order, self._matching)
        self.matrix.empty_text = empty_words(rows, self.needle)
        if rows.row is not None:
            shown = self.matrix.positions
            self.matrix.cursor = shown.index(rows.row) if rows.row in shown else 0
        self._title(found)
        self.position = self.matrix.position

    def _title(self, found: Findings) -> None:
        counts = found.counts[self.rows.model]
        self.tabs.tabs = tuple(
            Tab(view, f"{SHORT.get(view, view)} {counts[view]:,}", empty=not counts[view])
            for view in evaluation.VIEWS
        )
        self.tabs.chosen = self.rows.view
        parts = [ORDER_WORDS[self.order] if self.order != "file" else ""]
        parts += [f"{self.rows.facet}: {self.rows.value or 'none'}"] if self.rows.facet else []
        parts += [f"“{self.needle}”"] if self.needle else []
        self.tabs.note = " · ".join(filter(None, parts))
        self.head.update(self.matrix.head())

    def on_resize(self) -> None:
        self.call_after_refresh(lambda: self.head.update(self.matrix.head()))

    @on(TabLine.Chosen)
    def _tab_chosen(self, event: TabLine.Chosen) -> None:
        event.stop()
        self._go(event.name)

    def _go(self, view: str) -> None:
        self.matrix.cursor = 0
        self.rows = RowsOf(view, self.rows.model)  # type: ignore[arg-type]

    @on(MatrixList.Needed)
    @work(exclusive=True, group="texts")
    async def _read(self, event: MatrixList.Needed) -> None:
        found = self.findings
        if found is None:
            return
        made = found.evaluation

        def glimpses() -> dict[int, Glimpse]:
            read = {}
            for at in event.keys:
                read[at] = glimpse(*evaluation.look_at(made, at))
            return read

        with self.pane.reporting("Cannot read the rows"):
            known = await asyncio.to_thread(glimpses)
            if self.findings is not None and self.findings.evaluation is made:
                self.matrix.know(known)

    @on(RowPart.Marks)
    def _marks_known(self, event: RowPart.Marks) -> None:
        self.matrix.marked = event.rows

    # ------------------------------------------------------------------ moving about

    @on(LineList.Moved, "#matrix")
    def _moved(self) -> None:
        self.position = self.matrix.position

    def watch_closely(self, closely: bool) -> None:
        self.set_class(closely, "-closely")

    @on(LineList.Chosen, "#matrix")
    def _chosen(self) -> None:
        self.closely = not self.closely

    def back(self) -> bool:
        """From a row looked at closely to the list, then to all rows; whether there was a way."""
        if self.closely:
            self.closely = False
        elif self.rows != RowsOf(model=self.rows.model) or self.needle:
            self.needle, self._matching = "", None
            self.rows = RowsOf(model=self.rows.model)
        else:
            return False
        return True

    # ------------------------------------------------------------------ keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action not in ACTIONS:
            return True
        if not self.display:
            return False
        return self.findings is not None or None

    def action_view(self, by: int) -> None:
        self._go(self.tabs.turned(by))

    def action_model(self) -> None:
        """Look at another model's failures, answers and boxes."""
        if (found := self.findings) is not None:
            model = (self.rows.model + 1) % len(found.evaluation.models)
            at = self.matrix.position
            self.rows = RowsOf(self.rows.view, model, self.rows.facet, self.rows.value, at)

    def action_order(self) -> None:
        self.order = ORDERS[(ORDERS.index(self.order) + 1) % len(ORDERS)]

    @opens(exclusive=True, group="search")
    async def action_search(self) -> None:
        """Show the rows with some words in question, truth or an answer."""
        hints = ("Words in a question, a right answer or an answer, in any case; empty: all.",)
        typed = await self.app.push_screen_wait(Ask("Rows with", value=self.needle, hints=hints))
        if typed is None or self.findings is None:
            return
        with self.pane.reporting("Cannot search"):
            made, needle = self.findings.evaluation, typed.strip()
            self._matching = (
                await asyncio.to_thread(sending.matching, made, needle) if needle else None
            )
            self.needle = needle
            self.matrix.cursor = 0
            self._list()

    def action_mark(self) -> None:
        if (at := self.matrix.position) is not None:
            self._mark([at])

    def action_mark_all(self) -> None:
        self._mark(self.matrix.positions)

    @work(group="mark")
    async def _mark(self, positions: Sequence[int]) -> None:
        """Mark rows in their dataset; if all of them are, unmark them."""
        if (found := self.findings) is None or not positions:
            return
        with self.pane.reporting("Cannot mark"):
            async with open_dataset(found.evaluation.run.plan.dataset) as dataset:
                store = await self.session.store()
                title = found.evaluation.models[self.rows.model].title
                words, self.matrix.marked = await sending.mark(
                    store, dataset, found.evaluation, positions, f"{self.rows.view}: {title}"
                )
            self.pane.say(words)

    @opens(exclusive=True, group="train")
    async def action_train(self) -> None:
        """Write a copy of the training file with the rows shown, right answers and all."""
        if (found := self.findings) is None:
            return
        positions = self.matrix.positions
        with self.pane.reporting("Cannot write the copy"):
            made = found.evaluation
            target = await asyncio.to_thread(sending.target, made)
            question = sending.consent(made, len(positions), target)
            if await self.app.push_screen_wait(question):
                written = await sending.with_rows(made, positions, target)
                self.pane.say(f"{count(written, 'row')} written to {target}.")
