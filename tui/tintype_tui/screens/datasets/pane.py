"""Datasets: the values that its parts share, and the parts side by side."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar, TypeVar

from textual import getters, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.reactive import var

from tintype.assessment import Assessment
from tintype.dataset.arrangement import Arrangement
from tintype.dataset.marks import Marks
from tintype.selection.columns import FieldColumns
from tintype_tui import requests
from tintype_tui.held_keys import opens
from tintype_tui.keys import with_keys
from tintype_tui.screen import Pane
from tintype_tui.screens.datasets.boxes_line import BoxesLine
from tintype_tui.screens.datasets.check_line import CheckLine
from tintype_tui.screens.datasets.columns_line import ColumnsLine
from tintype_tui.screens.datasets.compare_line import CompareLine
from tintype_tui.screens.datasets.copy_line import CopyLine
from tintype_tui.screens.datasets.divide_line import DivideLine
from tintype_tui.screens.datasets.edits_line import EditsLine
from tintype_tui.screens.datasets.export_line import ExportLine
from tintype_tui.screens.datasets.filter_line import FilterLine, without_filter
from tintype_tui.screens.datasets.fixes_line import FixesLine
from tintype_tui.screens.datasets.image_line import ImageLine
from tintype_tui.screens.datasets.like_line import LikeLine
from tintype_tui.screens.datasets.marks_line import MarksLine
from tintype_tui.screens.datasets.opened import Opened, arrange
from tintype_tui.screens.datasets.opened_line import OpenedLine
from tintype_tui.screens.datasets.part import DatasetPart, Narrow, Words
from tintype_tui.screens.datasets.row_part import RowPart, look_of
from tintype_tui.screens.datasets.search_line import SearchLine
from tintype_tui.screens.datasets.tags_line import TagsLine
from tintype_tui.screens.datasets.versions_line import VersionsLine
from tintype_tui.screens.datasets.views import VIEWS
from tintype_tui.screens.datasets.views.rows import RowsView
from tintype_tui.screens.datasets.views_part import ViewsPart
from tintype_tui.screens.open_path import choose_dataset
from tintype_tui.widgets.image import ImageView
from tintype_tui.widgets.loop_strip import Serving
from tintype_tui.widgets.row_view import RowView

NOTHING = "No dataset is open.\nPress {data.open} to open one, {go.home} for samples."
LINES: Sequence[type[Words]] = (
    *(MarksLine, EditsLine, FilterLine, SearchLine, LikeLine, VersionsLine, ColumnsLine),
    *(CopyLine, ExportLine, DivideLine, ImageLine),
    *(TagsLine, FixesLine, BoxesLine, CompareLine),
)
"""The parts in the title line, after what is open and what was found."""
P = TypeVar("P", bound=DatasetPart)


class DatasetsPane(Pane):
    """A dataset looked at, row by row."""

    BINDING_GROUP_TITLE = "Dataset"
    CSS_PATH = "datasets.tcss"
    NEXT: ClassVar[Serving] = {
        "": ("open",),
        "data trouble": ("data.fix", "open"),
        **dict.fromkeys(("estimate", "job"), ("estimate",)),
        "try": ("try",),
        "evaluate": ("evaluate",),
    }

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "estimate", "Estimate", id="data.estimate", tooltip="what training costs"),
        Binding("o", "open", "Open", id="data.open", tooltip="another dataset"),
        Binding("t", "try", "Try", id="data.try", tooltip="ask a model about this row"),
        Binding("V", "evaluate", "Evaluate", id="data.evaluate", show=False, tooltip="on its rows"),
        Binding("escape", "back", "Rows", id="data.back", show=False),
    ]

    opened: var[Opened | None] = var(None, bindings=True)
    assessed: var[Assessment | None] = var(None)
    """What the pass over the dataset that is open has found so far."""
    arrangement: var[Arrangement] = var(Arrangement())
    _wanted = Arrangement()  # what is shown, or about to be
    marks: var[Marks] = var(Marks())
    columns: var[FieldColumns | None] = var(None)
    index: var[int] = var(0)
    """The row that is looked at, 0-based."""

    rows_view = getters.query_one(RowsView)
    row_part = getters.query_one(RowPart)
    views = getters.query_one(ViewsPart)

    def body(self) -> ComposeResult:
        with Horizontal(id="dataset-title", classes="title-line"):
            yield self._bound(OpenedLine()).data_bind(DatasetsPane.loop_state)
            yield self._bound(CheckLine()).data_bind(DatasetsPane.profile_name)
            yield from (self._bound(line()) for line in LINES)
        views = [self._bound(each(id=each.__name__)) for each in VIEWS]
        yield self._bound(ViewsPart(views, self._bound(RowPart(id="right"))))

    def _bound(self, part: P) -> P:
        """A part that is given the shared values."""
        return part.data_bind(
            DatasetsPane.opened,
            DatasetsPane.assessed,
            DatasetsPane.arrangement,
            DatasetsPane.marks,
            DatasetsPane.columns,
            DatasetsPane.index,
        )

    def on_mount(self) -> None:
        self.rows_view.say_empty(with_keys(self, NOTHING))

    def left_behind(self) -> dict[str, Any]:
        """How the image is looked at."""
        # None, or one without its image, while the pane is being made, or the app ends.
        rows = [one for one in self.query(RowView) if one.query(ImageView)]
        return look_of(rows[0], self.index) if rows else {}

    # ------------------------------------------------------------------ what the parts say

    def on_opened_line_changed(self, event: OpenedLine.Changed) -> None:
        """Share what is open, from its first rows to its last."""
        now, before = event.opened, self.opened
        if now is None:
            self.opened = self.assessed = None
            self.rows_view.say_empty(event.why)
        elif before is not None and before.dataset is now.dataset:
            self.arrangement = replace(self.arrangement, total=now.rows)
            self.opened = now
        else:
            self.marks, self.columns = Marks(), None
            self.workers.cancel_group(self, "arrange")
            self._wanted = Arrangement(now.rows, columns=self._wanted.columns)
            self.arrangement, self.index = self._wanted, min(event.row, max(0, now.rows - 1))
            self.opened = now
            self.views.view.go(self.index)
            self.watch_assessment(self.assessment)
            self.rows_view.say_empty("" if now.rows else f"{now.path.name} has no rows.")
            self.post_message(requests.Reached(partial(replace, dataset=now.path, row=event.row)))

    def watch_assessment(self, assessment: Assessment | None) -> None:
        """Share what has been found so far, if it was found in the file that is open."""
        opened = self.opened
        same = assessment and opened and assessment.file == opened.dataset.stamp
        self.assessed = assessment if same else None

    def on_dataset_part_select(self, event: DatasetPart.Select) -> None:
        """Look at a row; what a view that is not seen says of its cursor means nothing."""
        if event.view is None:
            self.views.make_room_for_row()
            self.index = event.index
            self.views.view.go(event.index)
        elif event.view is self.views.view:
            self.index = event.index

    def watch_index(self, index: int) -> None:
        self.post_message(requests.Reached(lambda state: replace(state, row=index)))

    def on_dataset_part_arrange(self, event: DatasetPart.Arrange) -> None:
        self._wanted = replace(event.change(self._wanted), total=self.arrangement.total)
        self._arrange(self._wanted, event.from_top)

    @work(exclusive=True, group="arrange")
    async def _arrange(self, wanted: Arrangement, from_top: bool) -> None:
        made = await asyncio.to_thread(arrange, wanted, self.opened, self.assessed, self.columns)
        self.arrangement = replace(made, total=self.opened.rows if self.opened else 0)
        if made.shown and (from_top or made.position_of(self.index) is None):
            self.index = made.row_at(0)
        self.views.go(self.index)

    def on_dataset_part_remark(self, event: DatasetPart.Remark) -> None:
        self.marks = event.change(self.marks)

    def on_want_columns(self) -> None:
        self.query_one(ColumnsLine).want()

    def on_columns_line_known(self, event: ColumnsLine.Known) -> None:
        self.columns = event.columns

    def on_narrow(self, event: Narrow) -> None:
        self.query_one(SearchLine).narrow(event.condition)

    def on_edited(self) -> None:
        """Read the rows again that are shown, and check them all."""
        self.rows_view.rows.forget()
        self.row_part.present(self.index, self.row_part.view.shown.ordinal)
        self.query_one(EditsLine).say()
        self.query_one(BoxesLine).judge_again()
        self.post_message(requests.AssessDataset(again=True))

    def on_views_part_viewed(self, event: ViewsPart.Viewed) -> None:
        self.query_one(OpenedLine).hint = event.view.HINT

    # ------------------------------------------------------------------ keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        needless = action not in ("estimate", "try", "evaluate")
        return needless or self.opened is not None or None

    def action_back(self) -> None:
        """Stop what is going on; else leave what is open; else show all rows again."""
        if any(part.stop() for part in self.query(DatasetPart)):
            return
        if not self.views.begin_with_first() and self.arrangement.chosen is not None:
            self.post_message(DatasetPart.Arrange(without_filter))

    @opens()
    async def action_open(self) -> None:
        if (path := await choose_dataset(self)) is not None:
            self.post_message(requests.open_dataset(path))

    def action_estimate(self) -> None:
        self.post_message(requests.estimate_dataset())

    def action_try(self) -> None:
        self.post_message(requests.try_model(self.loop_state.model))

    def action_evaluate(self) -> None:
        self.post_message(requests.evaluate_model(self.loop_state.model, self.loop_state.dataset))
