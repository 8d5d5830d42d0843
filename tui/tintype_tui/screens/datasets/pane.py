"""Datasets: one dataset held open, and the parts that show it and work on it."""

import asyncio
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar, TypeVar

from textual import getters, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.reactive import var
from textual.widgets import ContentSwitcher

from tintype.assessment import Assessment
from tintype.dataset.arrangement import Arrangement, arranged
from tintype.dataset.marks import Marks
from tintype.errors import TintypeError
from tintype.store import RecentDataset
from tintype_tui import requests
from tintype_tui.screen import Pane
from tintype_tui.screens.datasets.body import Body
from tintype_tui.screens.datasets.check_line import CheckLine
from tintype_tui.screens.datasets.copy_line import CopyLine
from tintype_tui.screens.datasets.filter_line import FilterLine, without_filter
from tintype_tui.screens.datasets.marks_line import MarksLine
from tintype_tui.screens.datasets.opened import Opened, holding, row_values
from tintype_tui.screens.datasets.part import Part, View
from tintype_tui.screens.datasets.row_part import RowPart
from tintype_tui.screens.datasets.title import Title
from tintype_tui.screens.datasets.views import VIEWS
from tintype_tui.screens.datasets.views.rows import RowsView
from tintype_tui.screens.open_path import choose_dataset
from tintype_tui.standing import Sought, Standing

LOOK_AGAIN_S = 2.0
"""Between looks at whether the file has changed."""

P = TypeVar("P", bound=Part)


def _handed_on(part: type[Part]) -> list[Binding]:
    """A part's keys, as the pane declares them."""
    name = part.__name__
    return [replace(key, action=f"part('{name}', '{key.action}')") for key in part.KEYS]


class DatasetsPane(Pane):
    """A dataset looked at, row by row."""

    BINDING_GROUP_TITLE = "Dataset"
    CSS_PATH = "datasets.tcss"
    NEXT = ("estimate", "open")

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "estimate", "Estimate", id="data.estimate", tooltip="what training costs"),
        Binding("o", "open", "Open", id="data.open", tooltip="another dataset"),
        *(replace(each.KEY, action=f"view('{each.__name__}')") for each in VIEWS if each.KEY),
        *_handed_on(FilterLine),
        *_handed_on(RowPart),
        Binding("t", "try", "Try", id="data.try", tooltip="ask a model about this row"),
        Binding("x", "mark", "Mark", id="data.mark", tooltip="the row, and go on; again: unmark"),
        *_handed_on(MarksLine),
        *_handed_on(CopyLine),
        Binding(
            "right_square_bracket",
            "split(1)",
            "Next split",
            id="data.split",
            key_display="]",
            show=False,
            tooltip="train, valid, test",
        ),
        Binding(
            "left_square_bracket",
            "split(-1)",
            "Previous split",
            id="data.split_back",
            key_display="[",
            show=False,
        ),
        Binding(
            "R",
            "reload",
            "Read again",
            id="data.reload",
            show=False,
            tooltip="the file, when it has changed",
        ),
        *_handed_on(Body),
        Binding("escape", "back", "Rows", id="data.back", show=False),
    ]

    opened: var[Opened | None] = var(None, bindings=True)
    assessed: var[Assessment | None] = var(None)
    """What the pass over the dataset that is open has found so far."""
    arrangement: var[Arrangement] = var(Arrangement())
    marks: var[Marks] = var(Marks())
    index: var[int] = var(0)
    """The row that is looked at, 0-based."""
    viewed: var[str] = var(VIEWS[0].__name__, bindings=True)
    """Which of the views is seen."""

    title_part = getters.query_one(Title)
    rows_view = getters.query_one(RowsView)
    row_part = getters.query_one(RowPart)

    def __init__(self) -> None:
        super().__init__()
        self._path: Path | None = None
        self._sought: Sought | None = None

    def body(self) -> ComposeResult:
        beside = [self._bound(each(id=each.__name__)) for each in VIEWS if not each.WHOLE]
        with Horizontal(id="dataset-title", classes="title-line"):
            for line in (Title, CheckLine, MarksLine, FilterLine, CopyLine):
                yield self._bound(line())
        with ContentSwitcher(initial="dataset-body", id="views"):
            yield self._bound(Body(beside, self._bound(RowPart(id="right"))))
            yield from (self._bound(each(id=each.__name__)) for each in VIEWS if each.WHOLE)

    def _bound(self, part: P) -> P:
        """A part that is given the shared values."""
        return part.data_bind(
            DatasetsPane.opened,
            DatasetsPane.assessed,
            DatasetsPane.arrangement,
            DatasetsPane.marks,
            DatasetsPane.index,
        )

    def on_mount(self) -> None:
        self.set_interval(LOOK_AGAIN_S, self._look_again)
        self.rows_view.say_empty("No dataset is open.\nPress o to open one, 1 for samples.")
        self.view.take_focus()

    @property
    def view(self) -> View:
        """The view that is seen."""
        return self.query_one(f"#{self.viewed}", View)

    def provider_changed(self) -> None:
        super().provider_changed()
        for part in self.query(Part):
            part.provider_changed()

    # ------------------------------------------------------------------ what is open

    def watch_standing(self, standing: Standing) -> None:
        """Open what was chosen, here or elsewhere."""
        sought, before = standing.sought, self._sought
        self._sought = sought
        if standing.dataset is not None and standing.dataset != self._path:
            self._path = standing.dataset
            self._hold(standing.dataset, standing.row)
        elif sought is not None and sought is not before:
            self._seek(sought)

    def _seek(self, sought: Sought) -> None:
        """Go to a row that is asked for elsewhere, whatever is shown just now."""
        if self.opened is not None and sought.dataset == self.opened.path:
            self.viewed = VIEWS[0].__name__
            if self.arrangement.position_of(sought.row) is None:
                self.arrangement = Arrangement(self.opened.rows)
            self._look_at(sought.row)

    @work(exclusive=True, group="dataset")
    async def _hold(self, path: Path, row: int) -> None:
        """Close what is open, and hold another dataset open."""
        self.opened = None
        self.rows_view.say_empty(f"Opening {path.name}…")
        with self.reporting("Cannot open the dataset"):
            try:
                async with aclosing(holding(path, row)) as steps:
                    async for opened in steps:
                        await self._took(opened, row)
            except TintypeError as error:
                self.opened = None
                self.rows_view.say_empty(f"{error}\n\nR tries again, o opens another.")
                raise

    async def _took(self, opened: Opened, row: int) -> None:
        """Share what is open, from its first rows to its last."""
        if self.opened is None:
            self.marks = Marks()
            self.arrangement = Arrangement(opened.rows)
            self.index = min(row, max(0, opened.rows - 1))
            self.opened = opened
            self.view.go(self.index)
            self.watch_assessment(self.assessment)
            self.post_message(requests.Reached(dataset=opened.path, row=row))
            return
        self.arrangement = replace(self.arrangement, total=opened.rows)
        self.opened = replace(opened, stale=self.opened.stale)
        if opened.complete:
            size, rows = opened.dataset.size_bytes, opened.rows
            store = await self.desk.store()
            store.datasets.opened(RecentDataset(opened.path, datetime.now(UTC), size, rows))
            if not rows:
                self.rows_view.say_empty(f"{opened.path.name} has no rows.")

    def watch_assessment(self, assessment: Assessment | None) -> None:
        """Share what has been found so far, if it was found in the file that is open."""
        opened = self.opened
        same = assessment and opened and assessment.file == opened.dataset.stamp
        self.assessed = assessment if same else None

    @work(exclusive=True, group="changed")
    async def _look_again(self) -> None:
        """Notice when the file is changed by somebody else."""
        opened = self.opened
        if opened is None or opened.stale or not self.is_current:
            return
        if await opened.dataset.changed() and self.opened is opened:
            self.opened = replace(opened, stale=True)
            name = opened.path.name
            self.say(f"{name} has changed on the disk. R reads it again.", severity="warning")

    # ------------------------------------------------------------------ what the parts want

    def on_part_select(self, event: Part.Select) -> None:
        """Look at a row; what a view that is not seen says of its cursor means nothing."""
        if event.view is None:
            self._look_at(event.index)
        elif event.view is self.view:
            self.index = event.index

    def _look_at(self, index: int) -> None:
        self.index = index
        self.view.go(index)

    def watch_index(self, index: int) -> None:
        self.post_message(requests.Reached(row=index))

    def on_part_arrange(self, event: Part.Arrange) -> None:
        self._arrange(event.wanted, event.from_top)

    @work(exclusive=True, group="arrange")
    async def _arrange(self, wanted: Arrangement, from_top: bool) -> None:
        values = await asyncio.to_thread(row_values, self.opened, self.assessed)
        made = await asyncio.to_thread(arranged, wanted, values)
        self.arrangement = replace(made, total=self.opened.rows if self.opened else 0)
        if not self.view.WHOLE:
            self.viewed = VIEWS[0].__name__
        if made.shown and (from_top or made.position_of(self.index) is None):
            self.index = made.row_at(0)
        self.view.go(self.index)

    def on_view_leave(self) -> None:
        self.viewed = VIEWS[0].__name__

    def on_part_remark(self, event: Part.Remark) -> None:
        self.marks = event.change(self.marks)

    # ------------------------------------------------------------------ keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "reload":
            return self._path is not None or None
        if action not in ("part", "view", "mark", "split", "estimate", "try"):
            return True
        if self.opened is None:
            return None
        return action != "part" or self._part(str(parameters[0])).can(str(parameters[1]))

    def _part(self, name: str) -> Part:
        return self.query_one(name, Part)

    async def action_part(self, name: str, action: str) -> None:
        """Hand a key on to the part that it belongs to."""
        await self.app.run_action(action, self._part(name))

    def action_view(self, name: str) -> None:
        """Show a view, or the rows again."""
        self.viewed = VIEWS[0].__name__ if self.viewed == name else name

    def watch_viewed(self) -> None:
        view, body = self.view, self.query_one(Body)
        self.query_one("#views", ContentSwitcher).current = view.id if view.WHOLE else body.id
        body.show(view)
        self.title_part.hint = view.HINT
        view.go(self.index)
        view.take_focus()

    def action_back(self) -> None:
        """Stop what is going on; else leave what is open; else show all rows again."""
        if any(part.stop() for part in self.query(Part)):
            return
        if self.viewed != VIEWS[0].__name__:
            self.viewed = VIEWS[0].__name__
        elif self.arrangement.chosen is not None:
            self._arrange(without_filter(self.arrangement), False)

    def action_mark(self) -> None:
        self.view.mark()

    @work
    async def action_open(self) -> None:
        path = await choose_dataset(self)
        if path is not None:
            self.post_message(requests.OpenDataset(path))

    def action_reload(self) -> None:
        """Read the file again, and stay at the row."""
        if self._path is not None:
            self._hold(self._path, self.index)

    def action_split(self, by: int) -> None:
        """Open the next of train, valid, test."""
        if self.opened is None:
            return
        if self.opened.splits is None:
            self.say("The other splits are still being looked for.")
        elif (path := self.opened.neighbour(by)) is not None:
            self.post_message(requests.OpenDataset(path))
        else:
            self.say(f"{self.opened.path.name} has no other split beside it.")

    def action_estimate(self) -> None:
        self.post_message(requests.EstimateDataset())

    def action_try(self) -> None:
        self.post_message(requests.TryModel(self.standing.model))
