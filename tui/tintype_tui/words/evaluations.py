"""Evaluations as JSON and as lines of text."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tintype.evaluation import Comparison, Evaluation, RunProgress


def evaluation_report(result: "Evaluation", last: "RunProgress | None" = None) -> dict[str, Any]:
    """A result as JSON: everything by model and scorer, comparisons and slices."""
    from tintype import evaluation

    scorers = [one.name for one in result.scorers]
    found: dict[str, Any] = {
        "id": result.run.id,
        "folder": result.folder,
        "dataset": result.run.plan.dataset,
        "rows": result.rows,
        "left_out": result.run.left_out,
        "complete": result.is_complete,
        "sentence": evaluation.headline_sentence(result),
        "scorers": result.scorers,
        "models": {name: evaluation.figures(result, name) for name in scorers},
        "comparisons": {
            name: [compared_report(one) for one in evaluation.comparisons(result, name)]
            for name in scorers
        },
        "slices": {
            facet: evaluation.slices(result, facet) for facet in evaluation.facets_worth(result)
        },
        "fingerprint": result.run.fingerprint,
    }
    if last is not None:
        found |= {
            "phase": last.phase,
            "spent_usd": last.spent_usd,
            "not_known": last.unknown,
            "reused": last.reused,
            "failed": last.failed,
            "words": last.words,
        }
    return found


def compared_report(one: "Comparison") -> dict[str, Any]:
    """A comparison without the difference of every row."""
    pairs = one.paired
    return {
        "model": one.model,
        "reference": one.reference,
        **{name: getattr(pairs, name) for name in ("n", "wins", "losses", "ties")},
        "mean": pairs.second,
        "reference_mean": pairs.first,
        **{name: getattr(one, name) for name in ("p", "adjusted_p", "test", "rows_needed")},
    }


def table_lines(headers: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> Iterator[str]:
    """A table with columns as wide as they have to be, 40 characters at most."""
    from tintype_tui.text import clip, one_line, pad

    cells = [[clip(one_line(cell), 40) for cell in row] for row in (headers, *rows)]
    widths = [max(len(row[at]) for row in cells) for at in range(len(headers))]
    for row in cells:
        yield "  ".join(pad(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip()
