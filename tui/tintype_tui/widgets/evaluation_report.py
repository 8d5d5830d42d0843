"""What a run comes to, line by line: bars for every model, tables; a line leads to its rows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.reactive import var

from tintype.evaluation import (
    EvaluationPlan,
    Findings,
    RunProgress,
    View,
    percent,
)
from tintype.evaluation.report_details import CURVE
from tintype.evaluation.report_section import BarChart, ReportSection
from tintype.evaluation.statistics import Interval
from tintype_tui.text import clip, count, duration, money, number, one_line, pad
from tintype_tui.widgets.line_list import Line, LineList
from tintype_tui.words.evaluating import bounds_words

NOTE = 76
"""Cells of a line of a note."""
MOST_MISTAKES = 40
"""Kinds of mistakes that are listed one by one."""
LABEL = 24
"""Cells of what a bar is of."""
VALUE = 19
"""Cells of ` 92.9 %  (91–95)`."""


@dataclass(frozen=True, slots=True)
class RowsOf:
    """Which rows a line leads to."""

    view: View = "all"
    model: int = 0
    facet: str = ""
    """Only rows with this facet's value; empty for all."""
    value: str = ""
    row: int | None = None
    """The position to begin with."""
    confused: tuple[str, str] | None = None
    """Only rows of this truth and this answer, as the confusion has them."""


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One line: a heading, a bar, or cells side by side."""

    label: str
    bold: bool = False
    bar: Interval | None = None
    """The value with its bounds."""
    share: float | None = None
    """A bar without bounds: 0 to 1."""
    words: str = ""
    """After the bar."""
    cells: tuple[str, ...] = ()
    """In columns, after the label."""
    leads_to: RowsOf | None = None


def drawn_bar(found: Interval, width: int) -> str:
    """Solid to the lower bound, then dense to the value, then light to the upper bound."""
    low, value, high = (round(width * x) for x in (found.low, found.value, found.high))
    return ("█" * low + "▓" * (value - low) + "░" * (high - max(low, value))).ljust(width)


def running_lines(
    plan: EvaluationPlan, progress: RunProgress, failures: Sequence[tuple[int, str]]
) -> tuple[ReportLine, ...]:
    """The score so far of every model, then failures as they come, the latest first."""
    titles = {model.id: model.title for model in plan.models}
    lines = [ReportLine("score so far", bold=True)]
    for at, model in enumerate(plan.models):
        found = progress.scores.get(model.id)
        words = value_words(found) if found else "no score yet"
        lines.append(ReportLine(model.title, bar=found, words=words, leads_to=RowsOf(model=at)))
    lines.append(ReportLine("failures, the latest first" if failures else "", bold=True))
    ids = list(titles)
    for row, name in failures:
        where = RowsOf("failures", ids.index(name), row=row)
        lines.append(ReportLine(f"row {row + 1:,}", cells=(titles[name],), leads_to=where))
    return tuple(lines)


def report_lines(found: Findings, facet: str) -> tuple[ReportLine, ...]:
    """Everything a run comes to, sliced by one facet."""
    named = {f"Confusion: {title}": at for at, title in enumerate(found.evaluation.titles)}
    return (
        *_scores(found),
        *_slices(found, facet),
        *_grades(found),
        *_money_and_time(found),
        *(line for one in found.report.sections for line in _section(one, named)),
    )


def value_words(found: Interval | None) -> str:
    """` 92.9 %  (91–95)`, or a dash."""
    return f"{percent(found.value):>8}  ({bounds_words(found)})" if found else f"{'–':>8}"


def worst_rows(found: Findings) -> RowsOf:
    """The rows that broke, else those that the first model fails."""
    return RowsOf("newly broken" if found.counts[0]["newly broken"] else "failures")


def _scores(found: Findings) -> Iterator[ReportLine]:
    yield ReportLine(f"score: {found.scorer}", bold=True, leads_to=worst_rows(found))
    for at, one in enumerate(found.figures):
        words, failures = value_words(one.interval), RowsOf("failures", at)
        yield ReportLine(one.model.title, bar=one.interval, words=words, leads_to=failures)
    if any(one.format_ok is not None for one in found.figures):
        forms = (f"{one.model.title} {percent(one.format_ok)}" for one in found.figures)
        yield ReportLine("form as asked", cells=tuple(forms))
    leaked = found.figures[0].leaked if found.figures else 0
    if leaked:
        scores = ", ".join(
            f"{one.model.title} {percent(one.without_leaks)}" for one in found.figures
        )
        words = f"{count(leaked, 'row')} with an image of the training file; without them {scores}"
        yield ReportLine("leak", cells=(words,), leads_to=RowsOf("leaked"))


def _slices(found: Findings, facet: str) -> Iterator[ReportLine]:
    for one in found.slices.get(facet, ()):
        if one is found.slices[facet][0]:
            yield ReportLine("")
            yield ReportLine(f"by {facet}", bold=True)
        yield ReportLine(f"{one.value or 'none'} ({number(one.rows)})")
        for at, interval in enumerate(one.intervals):
            where = RowsOf("all", at, facet, one.value)
            title = f"  {found.figures[at].model.title}"
            yield ReportLine(title, bar=interval, words=value_words(interval), leads_to=where)


def _section(section: ReportSection, named: Mapping[str, int]) -> Iterator[ReportLine]:
    """A table of the report, unless it is shown above in another way."""
    if section.title in ("Models", "Grades") or section.title.startswith("By "):
        return
    yield ReportLine("")
    yield ReportLine(section.title, bold=True)
    if section.title == CURVE and section.chart is not None:
        yield from _curve(section.chart)
        return
    yield ReportLine(section.headers[0], cells=section.headers[1:])
    for row in section.rows:
        yield ReportLine(row[0], cells=row[1:])
    yield from _confused(section, named.get(section.title, 0))
    for line in wrap(section.note, NOTE):
        yield ReportLine(line)


def _confused(section: ReportSection, model: int) -> Iterator[ReportLine]:
    """What was mistaken for what: each line leads to its rows."""
    wrong = [one for one in section.pairs if one[0] != one[1]]
    if wrong:
        yield ReportLine("mistaken", bold=True)
    for truth, prediction, number_of in wrong[:MOST_MISTAKES]:
        words = f"taken for {prediction or 'nothing'}" if truth else f"said: {prediction}"
        leads_to = RowsOf(model=model, confused=(truth, prediction))
        cells = (words, count(number_of, "time"))
        yield ReportLine(truth or "nothing", cells=cells, leads_to=leads_to)


def _curve(chart: BarChart) -> Iterator[ReportLine]:
    """A curve for each model, lying on its side: a bar for each tenth of recall."""
    for at, name in enumerate(chart.names):
        yield ReportLine(f"  {name}")
        for one in chart.groups:
            share = one.values[at]
            yield ReportLine(f"  {one.label}", share=share, words=f"{percent(share):>8}")


def _grades(found: Findings) -> Iterator[ReportLine]:
    for at, grades in enumerate(found.grades):
        total = sum(grades.values())
        yield ReportLine("")
        yield ReportLine(f"grades of {found.figures[at].model.title}", bold=True)
        for name, number_of in grades.items():
            share = number_of / total if total else 0.0
            words = f"{number(number_of):>8}  ({share:.0%})"
            yield ReportLine(f"  {name}", share=share, words=words)


def _money_and_time(found: Findings) -> Iterator[ReportLine]:
    figures = found.figures
    yield ReportLine("")
    yield ReportLine("time and money", bold=True, cells=tuple(one.model.title for one in figures))
    rows = (
        *((f"time, {p} %", [_seconds(one.latency_s, p) for one in figures]) for p in (50, 95, 99)),
        ("first text, 50 %", [_seconds(one.ttft_s, 50) for one in figures]),
        ("tokens in", [_tokens(one.tokens_in) for one in figures]),
        ("tokens out", [_tokens(one.tokens_out) for one in figures]),
        ("cost", [money(one.cost_usd) for one in figures]),
        ("cost of 1,000 rows", [_per_1000(one.usd_per_1000) for one in figures]),
    )
    for title, cells in rows:
        yield ReportLine(title, cells=tuple(cells))
    if found.grades:
        yield ReportLine("cost of the judge", cells=(money(found.judge_cost_usd),))


def _seconds(found: Mapping[float, float], percentile: float) -> str:
    return duration(found[percentile]) if percentile in found else "–"


def _tokens(value: int | None) -> str:
    return "unknown" if value is None else number(value)


def _per_1000(value: float | None) -> str:
    return "unknown" if value is None else "free" if value == 0 else f"${value:,.2f}"


class ReportList(LineList):
    """The lines; Enter on one shows its rows."""

    BINDING_GROUP_TITLE = "Result"

    lines: var[tuple[ReportLine, ...]] = var(())

    def watch_lines(self, lines: tuple[ReportLine, ...]) -> None:
        self.total = len(lines)
        self.refresh()

    def item(self, index: int, width: int, style: Style) -> Line:
        line = self.lines[index]
        under = bool(style.bold and style.bgcolor)
        base = style + Style(bold=True) if line.bold else style
        label = pad(clip(one_line(line.label), LABEL - 1), LABEL)
        if line.bar is None and line.share is None:
            cells = line.cells or ((line.words,) if line.words else ())
            words = label if cells else one_line(line.label)
            return [Segment(words, base), *self._cells(cells, width, base)]
        words = f"{line.words} "
        room = max(0, width - LABEL - max(VALUE, cell_len(words)))
        share = line.share if line.share is not None else 0.0
        bar = drawn_bar(line.bar, room) if line.bar else ("█" * round(room * share)).ljust(room)
        tint = style if under else style + Style(color=self.app.theme_variables["primary"])
        return [Segment(label, base), Segment(bar, tint), Segment(words, base)]

    def _cells(self, cells: Sequence[str], width: int, style: Style) -> Line:
        room = max(8, (width - LABEL) // max(1, len(cells)))
        return [Segment(pad(clip(one_line(cell), room - 1), room), style) for cell in cells]
