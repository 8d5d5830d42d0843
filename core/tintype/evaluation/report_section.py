"""A section of a report: a heading with a table, and perhaps a bar chart; nothing is drawn yet."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BarGroup:
    """Bars that stand together: one for each model."""

    label: str
    values: tuple[float | None, ...]
    """0 to 1, or counts; none where there is nothing."""
    bounds: tuple[tuple[float, float] | None, ...] = ()
    """The interval of each bar, where it has one."""


@dataclass(frozen=True, slots=True)
class BarChart:
    """Grouped bars."""

    groups: tuple[BarGroup, ...]
    names: tuple[str, ...]
    """Of the bars in a group."""
    is_share: bool = True
    """Whether values are shares, drawn from 0 to 100 %; else counts."""


@dataclass(frozen=True, slots=True)
class ReportSection:
    """A heading with a table, and perhaps a chart."""

    title: str
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    chart: BarChart | None = None
    pairs: tuple[tuple[str, str, int], ...] = ()
    """Of a confusion: truth, prediction and how often, the most first; empty for nothing there."""
