"""The charts of a dataset in a report: bars as tables, planes as drawings or as text."""

from collections.abc import Iterable
from html import escape

from tintype.selection.charts import Bars, Chart, Grid, Plane
from tintype_tui.text import shade
from tintype_tui.words.tables import Cell, Table

COLUMNS, ROWS = 25, 20
"""Cells of a drawing."""
TEXT_ROWS = 10
"""Lines of a plane in text, where a cell is twice as high as wide."""
_WIDE, _HIGH, _LEFT = 20, 15, 50


def bar_tables(charts: Iterable[Chart]) -> list[Table]:
    """Return each chart of bars as a table; the last column, that of the file itself, is drawn."""
    tables = []
    for chart in charts:
        if isinstance(chart, Bars):
            names = [f"{chart.unit} of {one}" if one else chart.unit for one in chart.series]
            rows: tuple[tuple[Cell, ...], ...] = tuple(
                (bar.label, *reversed(bar.counts)) for bar in chart.bars
            )
            tables.append(Table(chart.title, ("", *reversed(names)), rows, bars=True))
    return tables


def plane_svg(plane: Plane) -> str:
    """Return a plane as a drawing: a cell is as dark as it is full, and says its condition."""
    grid = plane.grid(COLUMNS, ROWS)
    width, height = _LEFT + _WIDE * len(grid.across), _HIGH * len(grid.down)
    title = escape(plane.title)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height + 20}" '
        f'width="{width}" role="img" aria-label="{title}" font-size="11" font-family="sans-serif">'
        f'<path d="M{_LEFT} 0V{height}H{width}" fill="none" stroke="#999"/>'
    ]
    for y, row in enumerate(grid.counts):
        for x, times in enumerate(row):
            if times:
                words = escape(f"{times:,} {plane.unit}: {grid.condition(x, y)}")
                parts.append(
                    f'<rect x="{_LEFT + x * _WIDE}" y="{y * _HIGH}" width="{_WIDE}" '
                    f'height="{_HIGH}" fill="#1f5fd0" '
                    f'fill-opacity="{0.12 + 0.88 * (times / grid.most) ** 0.5:.2f}">'
                    f"<title>{words}</title></rect>"
                )
    parts += [
        f'<text x="{_LEFT - 5}" y="{y}" text-anchor="end">{words}</text>'
        for y, words in ((11, _edge(grid, 0)), (height, _edge(grid, -1)))
    ]
    low, high = grid.across[0][0], grid.across[-1][1]
    parts.append(f'<text x="{_LEFT}" y="{height + 14}">{low:,}</text>')
    parts.append(f'<text x="{width}" y="{height + 14}" text-anchor="end">{high:,}</text></svg>')
    return "".join(parts)


def _edge(grid: Grid, row: int) -> str:
    """The number at the upper or lower end of the left side."""
    upwards = grid.down[0] > grid.down[-1]
    return f"{grid.down[row][(row == 0) == upwards]:,}"


def plane_text(plane: Plane) -> str:
    """Return a plane as lines of shades."""
    grid = plane.grid(COLUMNS, TEXT_ROWS)
    return "\n".join("".join(2 * shade(n, grid.most) for n in row) for row in grid.counts)
