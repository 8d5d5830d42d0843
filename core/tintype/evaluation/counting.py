"""How many things a model counts, against how many there are."""

from collections.abc import Sequence
from typing import NamedTuple


class CountError(NamedTuple):
    """Errors of counts; none where nothing was counted."""

    mae: float | None
    """Mean of |prediction − truth|."""
    bias: float | None
    """Mean of prediction − truth: above 0, it sees too many."""
    exact: float | None
    """Share of right counts."""


def count_error(counts: Sequence[Sequence[int]]) -> CountError:
    """Compare counts, `(truth, prediction)` for each image and class."""
    if not counts:
        return CountError(None, None, None)
    errors = [prediction - truth for truth, prediction in counts]
    return CountError(
        sum(map(abs, errors)) / len(errors),
        sum(errors) / len(errors),
        errors.count(0) / len(errors),
    )
