"""The layer that holds one dataset open and shows its rows as they come into view."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from textual import getters, on, work
from textual.content import Content
from textual.reactive import var
from textual.widgets import ContentSwitcher, Static

from tintype.dataset import Dataset, Example, open_dataset
from tintype.dataset import example as read_example
from tintype.dataset.splits import siblings
from tintype.errors import DatasetError
from tintype.images import probe
from tintype.store import RecentDataset
from tintype_tui import requests
from tintype_tui.screen import Pane
from tintype_tui.standing import Sought, Standing
from tintype_tui.text import count, size, visible
from tintype_tui.widgets.example_list import ExampleList, row_line
from tintype_tui.widgets.line_list import LineList
from tintype_tui.widgets.row_view import RowView

LOOK_AGAIN_S = 2.0
"""Between looks at whether the file has changed."""


class HoldingPane(Pane):
    """One dataset at a time, held open as long as it is looked at."""

    dataset: var[Dataset | None] = var(None)
    index: var[int] = var(0)
    """The row shown, 0-based."""
    doing: var[str] = var("")
    """What is going on, for the title line."""

    stale: var[bool] = var(False)
    """Whether the file has changed since it was opened."""

    rows = getters.query_one("#rows", ExampleList)
    left = getters.query_one("#left", ContentSwitcher)
    row_view = getters.query_one(RowView)
    title_line = getters.query_one("#dataset-title", Static)

    def __init__(self) -> None:
        super().__init__()
        self._path: Path | None = None
        self._sought: Sought | None = None
        self._splits: dict[str, Path] = {}
        self._ordinal = 0
        self._filter = ""
        self._chosen: list[int] | None = None
        """Indices of the rows that are shown, in the file's order; none for all."""

    def on_mount(self) -> None:
        self.watch(self.left, "current", self._left_changed)
        self.set_interval(LOOK_AGAIN_S, self._look_again)
        self.rows.empty_text = "No dataset is open.\nPress o to open one, 1 for samples."
        self.rows.focus()

    def watch_standing(self, standing: Standing) -> None:
        """Open what was chosen, here or elsewhere."""
        if standing.dataset is not None and standing.dataset != self._path:
            self._path = standing.dataset
            self.open(standing.dataset, standing.row)
        elif standing.sought is not self._sought and standing.sought is not None:
            self._seek(standing.sought)
        self._sought = standing.sought

    def _seek(self, sought: Sought) -> None:
        """Go to a row that is asked for elsewhere, whatever is shown of the dataset in hand."""
        if self.dataset is not None and sought.dataset == self.dataset.path:
            if self.rows.order is not None:
                self.show_only(None)
            self.left.current = "rows"
            self.rows.cursor = sought.row

    # ------------------------------------------------------------------ opening

    def open(self, path: Path, row: int = 0) -> None:
        """Close what is open and open another dataset."""
        self._hold(path, row)

    @work(exclusive=True, group="dataset")
    async def _hold(self, path: Path, row: int) -> None:
        with self.reporting("Cannot open the dataset"):
            async with open_dataset(path) as dataset:
                while not dataset.complete and dataset.count <= row:
                    await dataset.scan(until=row + 1)
                self.begin(dataset, row)
                named = (await asyncio.to_thread(siblings, path)).named()
                self._splits = {str(name): each for name, each in named.items()}
                async for progress in dataset.index():
                    self.rows.total = progress.rows
                    self.doing = f"reading {progress.bytes_read / max(1, dataset.size_bytes):.0%}"
                self.doing = ""
                await self._remember(dataset)
                await self.recall(dataset)
                self.opened(dataset)
                await asyncio.Event().wait()  # held open until another takes its place

    @work(exclusive=True, group="changed")
    async def _look_again(self) -> None:
        """Notice when the file is changed by somebody else."""
        if self.dataset is not None and not self.stale and self.is_current:
            self.stale = await self.dataset.changed()

    def watch_stale(self, stale: bool) -> None:
        self.draw_title()
        if stale and self.dataset is not None:
            name = self.dataset.path.name
            self.say(f"{name} has changed on the disk. R reads it again.", severity="warning")

    def action_reload(self) -> None:
        """Read the file again, and stay at the row."""
        if self._path is not None:
            self.open(self._path, self.index)

    def begin(self, dataset: Dataset, row: int) -> None:
        """A dataset is open; not all of its rows need be known yet."""
        self.dataset = dataset
        self.stale = False
        self._filter, self._chosen = "", None
        self.rows.forget()
        self.rows.order = None
        self.rows.total = dataset.count
        self.rows.cursor = min(row, max(0, dataset.count - 1))
        self.post_message(requests.Reached(dataset=dataset.path, row=row))
        self.present(self.rows.cursor)

    async def recall(self, dataset: Dataset) -> None:
        """Fetch what is kept about it."""

    def opened(self, dataset: Dataset) -> None:
        """All of its rows are known."""

    async def _remember(self, dataset: Dataset) -> None:
        store = await self.desk.store()
        store.datasets.opened(
            RecentDataset(dataset.path, datetime.now(UTC), dataset.size_bytes, dataset.count)
        )

    # ------------------------------------------------------------------ the row shown

    @on(LineList.Moved, "#rows")
    def _row_moved(self) -> None:
        self.present(self.rows.row_at(self.rows.cursor))

    @on(ExampleList.Needed)
    def _rows_needed(self, event: ExampleList.Needed) -> None:
        self._load_rows(event.indices)

    @work(exclusive=True, group="rows")
    async def _load_rows(self, indices: Sequence[int]) -> None:
        if (dataset := self.dataset) is None:
            return
        with self.reporting("Cannot read the dataset"):
            for start, stop in _runs(indices):
                async for batch in dataset.rows(start, stop):
                    self.rows.know({row.index: row_line(read_example(row)) for row in batch})

    @work(exclusive=True, group="row")
    async def present(self, index: int, ordinal: int = 0) -> None:
        """Show a row and one of its images."""
        if (dataset := self.dataset) is None:
            return
        with self.reporting("Cannot read the row"):
            self.index = index
            example = await dataset.example(index)
            await self.highlight(example)
            self.row_view.example = example
            self.post_message(requests.Reached(row=index))
            self.row_view.cost = self.cost_words(index)
            if not example.images:
                self.row_view.show_no_image("no image in this row")
                return
            self._ordinal = ordinal % len(example.images)
            try:
                data = await dataset.image(index, self._ordinal)
            except DatasetError as error:
                self.row_view.show_no_image(str(error), trouble=True)
            else:
                facts = await asyncio.to_thread(probe, data)
                self.row_view.show_image(self._ordinal, data, facts)

    async def highlight(self, example: Example) -> None:
        """Before a row is shown: mark in it what was searched for."""

    def show_only(self, rows: list[int] | None, why: str = "") -> None:
        """Show some rows, or all of them again."""
        assert self.dataset is not None
        self._filter = why
        self._chosen = rows
        self.left.current = "rows"
        self.focus_rows()
        self.draw_title()
        self.list_rows()

    @work(exclusive=True, group="arrange")
    async def list_rows(self, *, from_top: bool = False) -> None:
        """Put the rows chosen into the list, in the order wanted; stay at the row shown, or not."""
        order = await self.ordered(self._chosen)
        self.rows.order = order
        self.rows.total = len(order) if order is not None else self.count
        at = 0 if from_top else self.rows.position_of(self.index) or 0
        self.rows.cursor = at
        if self.rows.total and self.rows.row_at(at) != self.index:
            self.present(self.rows.row_at(at))

    @property
    def count(self) -> int:
        """Rows of the dataset."""
        return self.dataset.count if self.dataset else 0

    def cost_words(self, index: int) -> str:
        """What a row costs, if that is known."""
        return ""

    async def ordered(self, rows: list[int] | None) -> Sequence[int] | None:
        """The rows in the order wanted; none for all as they are in the file."""
        return rows

    def _left_changed(self, current: str | None) -> None:
        """The overview needs more room than a list of rows."""
        self.query_one("#dataset-body").set_class(current == "facets", "-overview")

    def focus_rows(self) -> None:
        """Put the keys to what lists the rows."""
        self.rows.focus()

    # ------------------------------------------------------------------ the title

    def watch_doing(self) -> None:
        self.draw_title()

    def draw_title(self) -> None:
        """Say what is open, what is shown of it, and what is going on."""
        words = " · ".join(filter(None, self.title_words())) if self.dataset else ""
        self.title_line.update(Content(visible(words)))

    def title_words(self) -> list[str]:
        """The pieces of the title."""
        if (dataset := self.dataset) is None:
            return []
        return [
            f"{dataset.path.parent.name}/{dataset.path.name}",
            "changed: R reads it again" if self.stale else "",
            "" if self._filter else count(dataset.count, "row"),
            "" if self._filter else size(dataset.size_bytes),
            self._filter,
            self.doing,
        ]


def _runs(indices: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Join neighbours: 3, 4, 5, 9 → (3, 6), (9, 10)."""
    start = stop = -1
    for index in sorted(indices):
        if index != stop:
            if stop >= 0:
                yield start, stop
            start = index
        stop = index + 1
    if stop >= 0:
        yield start, stop
