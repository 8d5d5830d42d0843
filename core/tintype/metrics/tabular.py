"""Metrics as a table of text: the results CSV of a provider, and one of our own."""

import csv
import io
import re
from contextlib import suppress

from tintype.errors import ApiError
from tintype.metrics.folding import Metrics, fold
from tintype.metrics.reports import canonical

_ORDER = ("train_", "valid_", "full_valid_")
_WHOLE = ("step", "global_step")
_DELIMITERS = (",", ";", "\t", "|")
_SEPARATOR_LINE = re.compile(r"sep=.\s*\n", re.IGNORECASE)
"""Excel's own first line."""


def from_csv(text: str) -> Metrics:
    """Read a results file: a line per step, a column per metric; blank and -1 mean not measured.

    The first line names the columns, one of them `step`, however they are spelt (`canonical`) and
    quoted. Between them stand commas, semicolons or tabs; with these two a decimal comma is read.

    Raises:
        ApiError: if it has no column `step`, or is no CSV.
    """
    text = _SEPARATOR_LINE.sub("", text.removeprefix("\ufeff").replace("\0", "").lstrip())
    delimiter = delimiter_of(text)
    if not delimiter:
        raise ApiError(
            "The results file has no column `step`.",
            advice="Open it in an editor: it may be an error page or base64.",
        )
    try:
        head, *lines = csv.reader(io.StringIO(text), delimiter=delimiter, skipinitialspace=True)
    except csv.Error as error:
        raise ApiError(f"The results file is not CSV: {error}.") from error
    names = [canonical(name) for name in head]
    rows = [dict(zip(names, line, strict=False)) for line in lines]
    if delimiter != "," and not any("." in value for line in lines for value in line):
        rows = [
            {
                name: value if name in _WHOLE else value.replace(",", ".")
                for name, value in row.items()
            }
            for row in rows
        ]
    return fold(rows)


def delimiter_of(text: str) -> str:
    """Return what stands between the columns of a results file; empty if it is none."""
    lines = _SEPARATOR_LINE.sub("", text.lstrip("\ufeff \t\r\n")).splitlines()
    for delimiter in _DELIMITERS if lines else ():
        with suppress(csv.Error):
            (head,) = csv.reader(lines[:1], delimiter=delimiter, skipinitialspace=True)
            if any(canonical(name) in _WHOLE for name in head):
                return delimiter
    return ""


def to_csv(metrics: Metrics) -> str:
    """Write one line per step with every digit; blank where a metric was not reported."""
    names = sorted(metrics.series, key=_rank)
    columns = [dict(metrics.series[name]) for name in names]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["step", *names])
    for step in sorted(set().union(*columns)):
        writer.writerow(
            [step, *(repr(values[step]) if step in values else "" for values in columns)]
        )
    return out.getvalue()


def _rank(name: str) -> tuple[int, str]:
    family = next((number for number, start in enumerate(_ORDER) if name.startswith(start)), 3)
    return family, name
