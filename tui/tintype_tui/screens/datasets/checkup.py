"""What a check has found in every row, and what the rows are made of, as one growing value."""

import asyncio
from array import array
from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tintype import rules
from tintype.dataset import Dataset
from tintype.dataset import example as read_example
from tintype.dataset.arrangement import RowValues
from tintype.dataset.statistics import Statistics, StatisticsTally
from tintype.rules import Problem, Severity
from tintype_tui.text import count

MOST_ROWS = 20_000
"""Rows whose own problems are kept, to be shown with them."""

_WORST_FIRST: Sequence[Severity] = ("error", "skip", "warning")


@dataclass(frozen=True, slots=True, eq=False)
class Checkup:
    """A dataset as far as it has been checked and counted."""

    values: RowValues = field(default_factory=RowValues)
    image_tokens: Sequence[int] = ()
    """Of each row counted so far."""
    problems: tuple[Problem, ...] = ()
    """At most 100 of each rule, the worst first and of those the file's own first."""
    by_row: Mapping[int, tuple[Problem, ...]] = field(default_factory=dict)
    """Row index → its problems."""
    flawed: frozenset[int] = frozenset()
    """Indices of the rows that are no JSON."""
    share: float | None = None
    """Of the rows that have been checked, 0…1; none while nothing is checked."""
    summary: rules.Summary | None = None
    """Once the check is through."""
    statistics: Statistics | None = None
    """Once every row has been counted."""

    @property
    def verdict(self) -> str:
        """`2 errors, 1 warning`, how far the check has come, or nothing before it begins."""
        if self.summary is None:
            return "" if self.share is None else f"checking {self.share:.0%}"
        totals = Counter[str]()
        for rule in self.summary.counts:
            totals[rule.severity] += rule.total
        found = [count(totals[each], each) for each in _WORST_FIRST if totals[each]]
        return ", ".join(found) or "no problems"

    def cost_of(self, index: int) -> str:
        """What a row costs: its tokens, and how many of them are images; empty until counted."""
        if index >= len(self.image_tokens):
            return ""
        tokens, images = self.values.tokens[index], self.image_tokens[index]
        share = f", {images / tokens:.0%} images" if images and tokens else ""
        return f"{count(tokens, 'token')}{share}"


async def checked(dataset: Dataset, profile: rules.ProviderRules) -> AsyncGenerator[Checkup, None]:
    """Check and count every row in one pass; the last value has the summary and the statistics.

    Raises:
        DatasetError: if the file cannot be read.
    """
    tally = StatisticsTally()
    tokens, image_tokens, answers = array("Q"), array("Q"), array("Q")

    def count_rows(judged: Sequence[rules.Judged]) -> None:
        tally.add(row.surveyed for row in judged)
        tokens.extend(row.tokens.total().likely for row in judged)
        answers.extend(len(read_example(row.surveyed.row).answer) for row in judged)
        image_tokens.extend(row.tokens.images().likely for row in judged)

    sizes = await asyncio.to_thread(dataset.row_bytes)
    found = Checkup(RowValues(tokens, sizes, answers), image_tokens, share=0.0)
    yield found
    async for batch in rules.check(dataset, profile):
        await asyncio.to_thread(count_rows, batch.rows)
        found = _with(found, batch, batch.done / max(1, dataset.count))
        yield found
    yield replace(found, statistics=await asyncio.to_thread(tally.statistics))


def _with(found: Checkup, batch: rules.Checked, share: float) -> Checkup:
    """The check-up with one more batch."""
    flawed = [row for row in batch.rows if row.problems]
    by_row, severities = found.by_row, found.values.severities
    if flawed:
        statuses = {row.surveyed.row.index: row.status for row in flawed}
        severities = {**severities, **statuses}
        if len(by_row) < MOST_ROWS:
            by_row = {**by_row, **{row.surveyed.row.index: row.problems for row in flawed}}
    problems = sorted(
        (*found.problems, *batch.problems),
        key=lambda problem: (_WORST_FIRST.index(problem.severity), problem.line),
    )
    return replace(
        found,
        values=replace(found.values, severities=severities),
        problems=tuple(problems),
        by_row=by_row,
        flawed=found.flawed.union(r.surveyed.row.index for r in flawed if r.surveyed.row.flaw),
        share=share,
        summary=batch.summary,
    )
