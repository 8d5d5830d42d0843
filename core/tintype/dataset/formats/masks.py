"""COCO's run-length encoded masks: the bounds of what they cover.

Runs go down the columns, beginning with what is not covered; as numbers, or written as text in five
bits a letter, each from the third on as the difference to the one before last. Source: pycocotools,
`maskApi.c`.
"""

from collections.abc import Sequence
from typing import Any

MOST_RUNS = 1_000_000


def mask_bounds(size: Any, counts: Any) -> list[float] | None:
    """x, y, width and height of what a mask covers; none if it covers nothing, or is none."""
    runs = _decoded(counts) if isinstance(counts, str) else counts
    if not isinstance(size, (list, tuple)) or len(size) != 2 or not _are_counts(size):
        return None
    height = size[0]
    if not isinstance(runs, (list, tuple)) or len(runs) > MOST_RUNS or not _are_counts(runs):
        return None
    return _covered(runs, height) if height else None


def _are_counts(values: Sequence[Any]) -> bool:
    return all(type(value) is int and 0 <= value < 10**12 for value in values)


def _covered(runs: Sequence[int], height: int) -> list[float] | None:
    left = top = 10**12
    right = bottom = -1
    at = 0
    for number, run in enumerate(runs):
        if number % 2 and run:
            last = at + run - 1
            left, right = min(left, at // height), max(right, last // height)
            whole = at // height != last // height
            top = min(top, 0 if whole else at % height)
            bottom = max(bottom, height - 1 if whole else last % height)
        at += run
    return (
        [float(left), float(top), float(right - left + 1), float(bottom - top + 1)]
        if right >= 0
        else None
    )


def _decoded(text: str) -> list[int] | None:
    """The runs of a mask written as text."""
    runs: list[int] = []
    value = shift = 0
    for letter in text:
        bits = ord(letter) - 48
        if not 0 <= bits < 64 or len(runs) > MOST_RUNS or shift > 60:
            return None
        value |= (bits & 31) << shift
        shift += 5
        if bits & 32:
            continue
        if bits & 16:
            value -= 1 << shift
        runs.append(value + runs[-2] if len(runs) > 2 else value)
        value = shift = 0
    return runs
