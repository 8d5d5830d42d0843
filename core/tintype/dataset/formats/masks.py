"""The outlines of COCO's annotations, of which only the bounds are needed: polygons and masks.

Masks are run-length encoded: runs go down the columns, beginning with what is not covered; as
numbers, or written as text in five bits a letter, each from the third on as the difference to the
one before last. Source: pycocotools, `maskApi.c`.
"""

from collections.abc import Sequence
from typing import Any

from tintype.dataset.formats.json_files import number

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
    for at_run, run in enumerate(runs):
        if at_run % 2 and run:
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


def slim(value: dict[str, Any]) -> dict[str, Any]:
    """An annotation with the bounds of its outline instead of it: they are large."""
    outline = value.get("segmentation")
    if outline is not None:
        value["segmentation"] = bool(outline) if value.get("bbox") else _bounds(outline)
    return value


def _bounds(outline: Any) -> list[float] | None:
    """x, y, width and height around polygons, or around a run-length encoded mask."""
    if isinstance(outline, dict):
        return mask_bounds(outline.get("size"), outline.get("counts"))
    polygons = (
        [each for each in outline if isinstance(each, list)] if isinstance(outline, list) else []
    )
    flat = [side for polygon in polygons for side in polygon]
    sides = [number(side) for side in flat]
    if len(sides) < 4 or len(sides) % 2 or None in sides:
        return None
    found = [side for side in sides if side is not None]
    left, top = min(found[::2]), min(found[1::2])
    return [left, top, max(found[::2]) - left, max(found[1::2]) - top]
