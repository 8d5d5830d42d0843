"""Datasets: the rows on the left, the picture and the conversation on the right."""

import asyncio
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.reactive import var
from textual.widgets import ContentSwitcher, Static

from tintype import rules
from tintype.dataset import Dataset, open_dataset
from tintype.dataset import example as read_example
from tintype.dataset.embed import export
from tintype.dataset.query import Query, search
from tintype.dataset.splits import siblings
from tintype.dataset.statistics import Facet, Tally, facets
from tintype.dataset.survey import Surveyed, survey
from tintype.errors import DatasetError
from tintype.images import probe
from tintype.rules import Problem
from tintype.store import RecentDataset
from tintype_tui import requests
from tintype_tui.screen import Pane
from tintype_tui.screens.dialogs import Ask
from tintype_tui.screens.open_path import choose_dataset
from tintype_tui.standing import Standing
from tintype_tui.text import count, size, visible
from tintype_tui.widgets.example_list import SEVERITY_COLORS, ExampleList, row_line
from tintype_tui.widgets.facet_list import FacetList, facet_lines
from tintype_tui.widgets.line_list import LineList
from tintype_tui.widgets.problem_list import ProblemList
from tintype_tui.widgets.row_view import RowView

MENDING = (
    "Pictures in files go into the rows; other formats and modes become JPEG.",
    "The dataset itself is not changed.",
)


class DatasetsPane(Pane):
    """One dataset at a time, held open as long as it is looked at."""

    BINDING_GROUP_TITLE = "Dataset"
    CSS_PATH = "datasets.tcss"
    NEXT = ("estimate", "open")

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "estimate", "Estimate", id="data.estimate", tooltip="what training costs"),
        Binding("o", "open", "Open", id="data.open", tooltip="another dataset"),
        Binding("p", "show('problem-side')", "Problems", id="data.problems"),
        Binding("v", "show('facets')", "Overview", id="data.overview"),
        Binding("slash", "search", "Search", id="data.search", key_display="/"),
        Binding("b", "boxes", "Boxes", id="data.boxes"),
        Binding("f", "full", "Full", id="data.full", tooltip="the picture alone", show=False),
        Binding("t", "try", "Try", id="data.try", tooltip="ask a model about this row"),
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
            "Last split",
            id="data.split_back",
            show=False,
            key_display="[",
        ),
        Binding("full_stop", "picture(1)", "Next picture", id="data.picture", show=False),
        Binding("comma", "picture(-1)", "Last picture", id="data.picture_back", show=False),
        Binding("number_sign", "line", "Go to line", id="data.line", show=False, key_display="#"),
        Binding("r", "random", "Random row", id="data.random", show=False),
        Binding(
            "M",
            "mend",
            "Mend",
            id="data.mend",
            show=False,
            tooltip="write a copy that the provider takes, with every picture inside",
        ),
        Binding("u", "unfold", "Unfold the system prompt", id="data.unfold", show=False),
        Binding("escape", "back", "Rows", id="data.back", show=False),
    ]

    dataset: var[Dataset | None] = var(None)
    index: var[int] = var(0)
    """The row shown, 0-based."""
    problems: var[Sequence[Problem]] = var(())
    summary: var[rules.Summary | None] = var(None)
    """Of the check, once it is through."""
    doing: var[str] = var("")
    """What is going on, for the title line."""

    rows = getters.query_one("#rows", ExampleList)
    problem_list = getters.query_one("#problems", ProblemList)
    facet_list = getters.query_one("#facets", FacetList)
    left = getters.query_one("#left", ContentSwitcher)
    row_view = getters.query_one(RowView)
    title_line = getters.query_one("#dataset-title", Static)
    problem_text = getters.query_one("#problem-text", Static)

    _NEED_DATASET = frozenset(
        [
            "estimate",
            "show",
            "search",
            "boxes",
            "full",
            "try",
            "split",
            "picture",
            "line",
            "random",
            "mend",
            "unfold",
        ]
    )

    # ------------------------------------------------------------------ the parts

    def body(self) -> ComposeResult:
        yield Static(id="dataset-title", classes="title-line")
        with Horizontal(id="dataset-body"):
            with ContentSwitcher(initial="rows", id="left"):
                yield ExampleList(id="rows")
                with Vertical(id="problem-side"):
                    yield ProblemList(id="problems")
                    yield Static(id="problem-text")
                yield FacetList(id="facets")
            yield RowView(id="right")

    def __init__(self) -> None:
        super().__init__()
        self._path: Path | None = None
        self._splits: list[Path] = []
        self._ordinal = 0
        self._needle = ""
        self._filter = ""

    def on_mount(self) -> None:
        self.rows.empty_text = "No dataset is open.\nPress o to open one, 1 for samples."
        self.problem_list.empty_text = "No problems found."
        self.rows.focus()

    def provider_changed(self) -> None:
        super().provider_changed()
        if self.dataset is not None:
            self.problems, self.rows.marks = (), {}
            self._check(self.dataset)

    def watch_standing(self, standing: Standing) -> None:
        """Open what was chosen, here or elsewhere."""
        if standing.dataset is not None and standing.dataset != self._path:
            self._path = standing.dataset
            self.open(standing.dataset, standing.row)

    # ------------------------------------------------------------------ opening

    def open(self, path: Path, row: int = 0) -> None:
        """Close what is open and open another dataset."""
        self.workers.cancel_group(self, "check")
        self.workers.cancel_group(self, "search")
        self._hold(path, row)

    @work(exclusive=True, group="dataset")
    async def _hold(self, path: Path, row: int) -> None:
        with self.reporting("Cannot open the dataset"):
            async with open_dataset(path) as dataset:
                self._begin(dataset, row)
                self._splits = list((await asyncio.to_thread(siblings, path)).named().values())
                async for progress in dataset.index():
                    self.rows.total = progress.rows
                    self.doing = f"reading {progress.bytes_read / max(1, dataset.size_bytes):.0%}"
                self.doing = ""
                await self._remember(dataset)
                self._check(dataset)
                await asyncio.Event().wait()  # held open until another takes its place

    def _begin(self, dataset: Dataset, row: int) -> None:
        self.dataset = dataset
        self.problems, self.summary, self._filter = (), None, ""
        self.rows.forget()
        self.rows.order, self.rows.marks = None, {}
        self.rows.total = dataset.count
        self.rows.cursor = min(row, max(0, dataset.count - 1))
        self.post_message(requests.Reached(dataset=dataset.path, row=row, checked="", estimate=""))
        self._present(self.rows.cursor)

    async def _remember(self, dataset: Dataset) -> None:
        store = await self.desk.store()
        store.datasets.opened(
            RecentDataset(dataset.path, datetime.now(UTC), dataset.size_bytes, dataset.count)
        )

    # ------------------------------------------------------------------ the row shown

    @on(LineList.Moved, "#rows")
    def _row_moved(self, event: LineList.Moved) -> None:
        self._present(self.rows.row_at(event.index))

    @on(LineList.Moved, "#problems")
    @on(LineList.Chosen, "#problems")
    async def _problem_moved(self, event: LineList.Moved) -> None:
        self._explain()
        line = self.problem_list.problems[event.index].line
        if line and self.dataset is not None:
            self._present(await self.dataset.find_line(line))

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
    async def _present(self, index: int, ordinal: int = 0) -> None:
        if (dataset := self.dataset) is None:
            return
        with self.reporting("Cannot read the row"):
            self.index = index
            self.row_view.example = example = await dataset.example(index)
            self.post_message(requests.Reached(row=index))
            if not example.images:
                self.row_view.show_no_picture("no picture in this row")
                return
            self._ordinal = ordinal % len(example.images)
            try:
                data = await dataset.picture(index, self._ordinal)
            except DatasetError as error:
                self.row_view.show_no_picture(str(error), trouble=True)
            else:
                facts = await asyncio.to_thread(probe, data)
                self.row_view.show_picture(self._ordinal, data, facts)

    # ------------------------------------------------------------------ checking and counting

    @work(exclusive=True, group="check")
    async def _check(self, dataset: Dataset) -> None:
        """Judge and count every row in one pass; both lists fill as it goes."""
        profile = rules.profile(self.desk.profile.rules)
        tally = Tally()
        with self.reporting("Cannot check the dataset"):
            async for checked in rules.check(dataset, profile):
                await asyncio.to_thread(tally.add, [judged.surveyed for judged in checked.rows])
                self.problems = (*self.problems, *checked.problems)
                self._mark(checked.rows)
                self.doing = f"checking {checked.done / max(1, dataset.count):.0%}"
                if checked.summary is not None:
                    self.summary = checked.summary
            statistics = await asyncio.to_thread(tally.statistics)
            self.facet_list.lines = facet_lines(statistics.facets)
        self.doing = ""

    def _mark(self, judged: Sequence[rules.Judged]) -> None:
        found = {row.surveyed.row.index: row.status for row in judged if row.problems}
        if found:
            self.rows.marks = {**self.rows.marks, **found}

    def watch_problems(self, problems: Sequence[Problem]) -> None:
        """The worst first, and of those the file's own."""
        ranks = list(SEVERITY_COLORS)
        self.problem_list.problems = sorted(
            problems, key=lambda problem: (ranks.index(problem.severity), problem.line)
        )
        self._explain()

    def _explain(self) -> None:
        """Say the problem under the cursor in full."""
        shown = self.problem_list.problems
        text = _in_full(shown[self.problem_list.cursor]) if shown else ""
        self.problem_text.update(text)

    def watch_summary(self, summary: rules.Summary | None) -> None:
        if summary is not None:
            self.post_message(requests.Reached(checked=summary.status))
        self._draw_title()

    def watch_doing(self) -> None:
        self._draw_title()

    def _draw_title(self) -> None:
        if (dataset := self.dataset) is None:
            self.title_line.update("")
            return
        words = [
            f"{dataset.path.parent.name}/{dataset.path.name}",
            count(dataset.count, "row"),
            size(dataset.size_bytes),
            self._filter,
            self._verdict(),
            self.doing,
        ]
        self.title_line.update(Content(visible(" · ".join(filter(None, words)))))

    def _verdict(self) -> str:
        if self.summary is None:
            return ""
        totals = Counter[str]()
        for rule in self.summary.counts:
            totals[rule.severity] += rule.total
        found = [
            count(totals[severity], noun, plural)
            for severity, noun, plural in (
                ("error", "error", "errors"),
                ("skip", "skip", "skips"),
                ("warning", "warning", "warnings"),
            )
            if totals[severity]
        ]
        return ", ".join(found) or "no problems"

    # ------------------------------------------------------------------ searching

    @work(exclusive=True, group="search")
    async def _search(self, text: str) -> None:
        if (dataset := self.dataset) is None:
            return
        regular = len(text) > 2 and text.startswith("/") and text.endswith("/")
        query = Query(text[1:-1] if regular else text, is_regex=regular)
        rows: list[int] = []
        with self.reporting("Cannot search"):
            async for searched in search(dataset, query):
                rows.extend(dict.fromkeys(hit.index for hit in searched.hits))
                self.doing = f"searching {searched.rows / max(1, dataset.count):.0%}"
        self.doing = ""
        found = list(dict.fromkeys(rows))
        if found:
            self._show_only(found, f"{count(len(found), 'row')} with “{text}” (Esc shows all)")
        else:
            self.say(f"“{text}” is in no row.")

    @work(exclusive=True, group="search")
    async def _filter_by(self, name: str, value: str) -> None:
        if (dataset := self.dataset) is None:
            return
        rows: list[int] = []
        with self.reporting("Cannot filter"):
            async for batch in survey(dataset, fetch=False):
                rows += await asyncio.to_thread(_rows_with, batch, (name, value))
                self.doing = f"filtering {batch[-1].row.index / max(1, dataset.count):.0%}"
        self.doing = ""
        self._show_only(rows, f"{count(len(rows), 'row')} with {name}: {value} (Esc shows all)")

    def _show_only(self, rows: list[int] | None, why: str = "") -> None:
        """Show some rows, or all of them again."""
        assert self.dataset is not None
        self._filter = why
        at = self.index if rows is None else 0
        self.rows.order = rows
        self.rows.total = self.dataset.count if rows is None else len(rows)
        self.rows.cursor = at
        self.left.current = "rows"
        self.rows.focus()
        self._draw_title()
        self._present(self.rows.row_at(at))

    # ------------------------------------------------------------------ what the person does

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("open", "show_help_panel"):
            return True
        if action in self._NEED_DATASET:
            return self.dataset is not None or None
        return True

    @work
    async def action_open(self) -> None:
        path = await choose_dataset(self)
        if path is not None:
            self.post_message(requests.OpenDataset(path))

    def action_show(self, which: str) -> None:
        """Problems or overview in place of the rows, and back."""
        self.left.current = "rows" if self.left.current == which else which
        focused = {"problem-side": "problems"}.get(which, which)
        self.query_one(f"#{focused}" if self.left.current != "rows" else "#rows").focus()

    def action_back(self) -> None:
        if self.left.current != "rows":
            self.action_show("rows")
        elif self.rows.order is not None:
            self._show_only(None)

    @work
    async def action_search(self) -> None:
        text = await self.app.push_screen_wait(
            Ask("Search the rows", value=self._needle, hints=("/…/ searches for an expression",))
        )
        if text:
            self._needle = text
            self._search(text)

    @work
    async def action_line(self) -> None:
        text = await self.app.push_screen_wait(Ask("Go to line", hints=("a number, or 50%",)))
        if not text or self.dataset is None:
            return
        with self.reporting("Cannot go there"):
            self._go(await self._place(text, self.dataset))

    async def _place(self, text: str, dataset: Dataset) -> int:
        try:
            if text.strip().endswith("%"):
                return round(float(text.strip()[:-1]) / 100 * (dataset.count - 1))
            return await dataset.find_line(int(text.replace(",", "")))
        except ValueError:
            raise DatasetError(f"{text!r} is no line.", advice="Type 120, or 50%.") from None

    def _go(self, index: int) -> None:
        if self.rows.order is not None:
            self._show_only(None)
        self.rows.cursor = index

    def action_random(self) -> None:
        self.rows.cursor = random.randrange(max(1, self.rows.total))

    def action_boxes(self) -> None:
        self.row_view.with_boxes = not self.row_view.with_boxes

    def action_full(self) -> None:
        self.maximize(self.row_view.picture)

    def action_unfold(self) -> None:
        self.row_view.conversation.unfolded = not self.row_view.conversation.unfolded

    def action_picture(self, by: int) -> None:
        self._present(self.index, self._ordinal + by)

    def action_split(self, by: int) -> None:
        """Open the next of train, valid, test."""
        if self.dataset is not None and len(self._splits) > 1:
            at = self._splits.index(self.dataset.path)
            self.post_message(requests.OpenDataset(self._splits[(at + by) % len(self._splits)]))

    def action_estimate(self) -> None:
        self.post_message(requests.EstimateDataset())

    def action_try(self) -> None:
        self.post_message(requests.TryModel(self.standing.model))

    @work(exclusive=True, group="mend")
    async def action_mend(self) -> None:
        """Write a copy with its pictures embedded and as the provider takes them; then open it."""
        if (dataset := self.dataset) is None:
            return
        proposed = dataset.path.with_name(f"{dataset.path.stem}-mended.jsonl")
        answer = await self.app.push_screen_wait(
            Ask("Write a mended copy into", value=str(proposed), hints=MENDING)
        )
        if not answer:
            return
        wanted = rules.mending(rules.profile(self.desk.profile.rules))
        with self.reporting("Cannot write the copy"):
            notes, target = 0, _path(answer)
            async for done in export(dataset, target, wanted):
                notes += len(done.notes)
                self.doing = f"writing {done.rows / max(1, dataset.count):.0%}"
                if done.files:
                    self.say(f"{count(done.pictures, 'picture')} mended, {notes} left as they were")
                    self.post_message(requests.OpenDataset(done.files[0]))
        self.doing = ""

    @on(LineList.Chosen, "#facets")
    def _facet_chosen(self, event: LineList.Chosen) -> None:
        line = self.facet_list.lines[event.index]
        if line.value is not None:
            self._filter_by(line.name, line.value)


def _in_full(problem: Problem) -> Content:
    """A problem with its place and its fix."""
    where = f"line {problem.line}" if problem.line else "the file"
    place = f", {problem.place}" if problem.place else ""
    color = f"${SEVERITY_COLORS[problem.severity]}"
    text = Content.styled(f"{problem.severity} in {where}", f"bold {color}")
    text += Content(visible(f"{place}\n{problem.message}"))
    return text + Content.styled(visible(f"\n→ {problem.fix}" if problem.fix else ""), "$success")


def _path(typed: str) -> Path:
    return Path(typed).expanduser()


def _rows_with(batch: Sequence[Surveyed], facet: Facet) -> list[int]:
    return [surveyed.row.index for surveyed in batch if facet in facets(surveyed)]


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
