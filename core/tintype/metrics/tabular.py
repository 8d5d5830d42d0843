"""Metrics as a table of text: the results CSV of a provider, and one of our own."""

import csv
import io

from tintype.errors import ApiError
from tintype.metrics.folding import Metrics, fold

_ORDER = ("train_", "valid_", "full_valid_")


def from_csv(text: str) -> Metrics:
    """Read a results file (`step,train_loss,train_accuracy,valid_loss,…`; blank means absent).

    Raises:
        ApiError: if it has no column `step`.
    """
    rows = csv.DictReader(io.StringIO(text.removeprefix("\ufeff").replace("\0", "")))
    try:
        if "step" not in (rows.fieldnames or ()):
            raise ApiError(
                "The results file has no column `step`.",
                advice="Open it in an editor: it may be an error page, or still base64.",
            )
        return fold({str(key): value for key, value in row.items()} for row in rows)
    except csv.Error as error:
        raise ApiError(f"The results file is not CSV: {error}.") from error


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
