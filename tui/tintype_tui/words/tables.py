"""Tables as text, Markdown, CSV, JSON lines and HTML."""

import csv
import html
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass

from tintype_tui.text import one_line, visible

Cell = str | int | float
STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em}"
    "table{border-collapse:collapse;margin-bottom:1.5em}"
    "td,th{padding:.15em .8em .15em 0;text-align:left;vertical-align:top}"
    "td.n{text-align:right}.bar{background:#4c8bf5;height:.8em}"
    "figure{display:inline-block;margin:.3em;vertical-align:top;max-width:16em}"
    "figure img{max-width:16em;max-height:12em}figcaption{font-size:.8em}"
)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a title."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    bars: bool = False
    """Whether the last column counts something: HTML draws it."""


def as_text(tables: Sequence[Table]) -> str:
    """Titles, and the columns below them set apart by spaces."""
    lines: list[str] = []
    for table in tables:
        cells = [[_shown(cell) for cell in row] for row in table.rows]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines += ["", table.title]
        for row, source in zip(cells, table.rows, strict=True):
            padded = (
                cell.rjust(width) if isinstance(value, int | float) else cell.ljust(width)
                for cell, width, value in zip(row, widths, source, strict=True)
            )
            lines.append(f"  {'  '.join(padded)}".rstrip())
    return "\n".join(lines[1:])


def as_markdown(tables: Sequence[Table], heading: str) -> str:
    """A heading, then each table under its own."""
    lines = [f"# {_escaped(heading)}", ""]
    for table in tables:
        lines += [f"## {_escaped(table.title)}", "", f"| {' | '.join(table.columns)} |"]
        lines.append(f"|{'---|' * len(table.columns)}")
        lines += [f"| {' | '.join(_escaped(_shown(cell)) for cell in row)} |" for row in table.rows]
        lines.append("")
    return "\n".join(lines)


def as_csv(tables: Sequence[Table]) -> str:
    """One table; of several the columns of all, empty where a table has none, and titles."""
    out = io.StringIO()
    columns = list(dict.fromkeys(name for table in tables for name in table.columns))
    titled = ["table"] if len(tables) > 1 else []
    writer = csv.DictWriter(out, [*titled, *columns], restval="", lineterminator="\n")
    if tables:
        writer.writeheader()
    for table in tables:
        title = {"table": table.title} if titled else {}
        for row in table.rows:
            writer.writerow(title | dict(zip(table.columns, row, strict=True)))
    return out.getvalue()


def as_json_lines(tables: Sequence[Table]) -> str:
    """An object for each row, with the title of its table."""
    rows = (
        {"table": table.title, **dict(zip(table.columns, row, strict=True))}
        for table in tables
        for row in table.rows
    )
    return "".join(json.dumps(row) + "\n" for row in rows)


def as_html(
    tables: Sequence[Table],
    heading: str,
    images: Sequence[tuple[str, str]] = (),
    drawings: Sequence[tuple[str, str]] = (),
) -> str:
    """A page that needs nothing else.

    Args:
        tables: What it says.
        heading: Its title.
        drawings: Titles, each with an SVG.
        images: Data URLs, each with its caption.
    """
    title = html.escape(visible(heading))
    parts = [
        f'<!doctype html><meta charset="utf-8"><title>{title}</title>',
        f"<style>{STYLE}</style><h1>{title}</h1>",
    ]
    for table in tables:
        parts += [f"<h2>{html.escape(visible(table.title))}</h2><table>", _row(table.columns, "th")]
        most = max((_number(row[-1]) for row in table.rows), default=0.0)
        for row in table.rows:
            share = _number(row[-1]) / most if table.bars and most else 0
            bar = f'<td><div class="bar" style="width:{20 * share:.2f}em"></div>' if share else ""
            parts.append(_row(row, "td") + bar)
        parts.append("</table>")
    for name, drawing in drawings:
        parts.append(f"<h2>{html.escape(visible(name))}</h2>{drawing}")
    for caption, url in images:
        words = html.escape(visible(caption))
        parts.append(f'<figure><img src="{url}" alt=""><figcaption>{words}</figcaption></figure>')
    return "\n".join(parts) + "\n"


def _row(cells: Sequence[Cell], tag: str) -> str:
    made = (
        f"<{tag}{' class=n' if isinstance(cell, int | float) else ''}>{html.escape(_shown(cell))}"
        for cell in cells
    )
    return f"<tr>{''.join(made)}"


def _number(cell: Cell) -> float:
    return float(cell) if isinstance(cell, int | float) else 0.0


def _shown(cell: Cell) -> str:
    return one_line(cell) if isinstance(cell, str) else f"{cell:,}"


def _escaped(text: str) -> str:
    return one_line(text).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
