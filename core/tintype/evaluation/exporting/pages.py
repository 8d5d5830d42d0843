"""The report as a page of HTML, complete in itself, and as Markdown."""

from collections.abc import Iterable, Sequence
from html import escape

from tintype.evaluation.exporting.charts import bar_chart
from tintype.evaluation.exporting.shown_rows import ShownRow
from tintype.evaluation.report import EvaluationReport
from tintype.evaluation.report_section import ReportSection

_STYLE = """
:root{color-scheme:light dark}
body{font:15px/1.45 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2.2rem}
.sentence{font-size:1.2rem;font-weight:600}.note,.facts{color:#777}
table{border-collapse:collapse;display:block;overflow-x:auto}
th,td{text-align:left;padding:.25rem .7rem .25rem 0;border-bottom:1px solid #8884}
th,td{vertical-align:top}
td{font-variant-numeric:tabular-nums;white-space:nowrap}td:last-child{white-space:normal}
.chart{max-width:100%;height:auto;margin:.8rem 0 0}.grid{stroke:#8884}
.whisker{stroke:currentColor;stroke-width:1.2;fill:none}
.axis,.label,.value{font:11px system-ui,sans-serif;fill:#888}
.value{paint-order:stroke}
.legend{list-style:none;padding:0;display:flex;gap:1.2rem;flex-wrap:wrap}
.legend span{display:inline-block;width:.8rem;height:.8rem;margin-right:.4rem}
.rows{display:grid;grid-template-columns:repeat(auto-fill,minmax(20rem,1fr));gap:1.2rem}
.rows article{border:1px solid #8884;border-radius:6px;padding:.7rem}.rows img{max-width:100%}
pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:.2rem 0;font:13px/1.4 ui-monospace,monospace}
dt{font-weight:600;margin-top:.4rem}dd{margin:0}
"""
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def html_page(
    report: EvaluationReport,
    rows: Sequence[ShownRow],
    *,
    note: str = "The worst of the first model.",
) -> str:
    """One file that opens offline: charts and images inside, no script, everything escaped.

    `note` says which rows are shown.
    """
    facts = "".join(f"<li>{escape(fact)}</li>" for fact in report.facts)
    body = [
        f"<h1>{escape(report.title)}</h1>",
        f'<p class="sentence">{escape(report.sentence)}</p>',
        f'<ul class="facts">{facts}</ul>',
        *(_section(one) for one in report.sections),
        *_rows(rows, note),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(report.title)}</title><style>{_STYLE}</style></head>"
        f"<body>{''.join(body)}</body></html>\n"
    )


def _section(one: ReportSection) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in one.headers)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in one.rows
    )
    note = f'<p class="note">{escape(one.note)}</p>' if one.note else ""
    chart = bar_chart(one.chart, one.title) if one.chart and one.chart.groups else ""
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f"<section><h2>{escape(one.title)}</h2>{note}{chart}{table}</section>"


def _rows(rows: Sequence[ShownRow], note: str) -> Iterable[str]:
    if not rows:
        return
    yield f"<section><h2>Rows to look at</h2><p class=note>{escape(note)}</p>"
    yield '<div class="rows">'
    for one in rows:
        image = f'<img alt="line {one.row.line}" src="{one.image}">' if one.image else ""
        said = "".join(
            f"<dt>{escape(title)}: {escape(verdict)}</dt><dd><pre>{escape(text)}</pre></dd>"
            for title, verdict, text in one.answers
        )
        yield (
            f"<article>{image}<dl><dt>line {one.row.line}</dt>"
            f"<dd><pre>{escape(one.row.question[:1000])}</pre></dd><dt>truth</dt>"
            f"<dd><pre>{escape(one.row.truths[0][:2000])}</pre></dd>{said}</dl></article>"
        )
    yield "</div></section>"


def markdown(report: EvaluationReport) -> str:
    """The tables of the report; charts are their numbers."""
    parts = [f"# {_plain(report.title)}", "", f"**{_plain(report.sentence)}**", ""]
    parts += [f"- {_plain(fact)}" for fact in report.facts]
    for one in report.sections:
        parts += ["", f"## {_plain(one.title)}", ""]
        if one.note:
            parts += [_plain(one.note), ""]
        parts.append("| " + " | ".join(map(_plain, one.headers)) + " |")
        parts.append("|" + " --- |" * len(one.headers))
        parts += ["| " + " | ".join(map(_plain, row)) + " |" for row in one.rows]
    return "\n".join(parts) + "\n"


def _plain(text: str) -> str:
    """A text on one line, without what Markdown would take as more than text."""
    line = " ".join(text.split())
    for mark in ("\\", "`", "*", "_", "[", "]", "<", ">", "|", "#"):
        line = line.replace(mark, f"\\{mark}")
    return line
