"""The bounds of run-length encoded masks, compared with pycocotools."""

import random
from typing import Any

import numpy as np
import pytest
from pycocotools import mask

from tintype.dataset.formats.masks import mask_bounds


@pytest.mark.parametrize("seed", range(12))
def test_bounds_are_those_of_pycocotools(seed: int) -> None:
    chance = random.Random(seed)
    height, width = chance.randrange(1, 90), chance.randrange(1, 90)
    pixels = np.zeros((height, width), np.uint8, order="F")
    for _ in range(chance.randrange(1, 4)):
        top, left = chance.randrange(height), chance.randrange(width)
        pixels[top : top + chance.randrange(1, 30), left : left + chance.randrange(1, 30)] = 1
    packed: Any = mask.encode(pixels)
    wanted = mask.toBbox(packed).tolist()
    assert mask_bounds([height, width], packed["counts"].decode()) == wanted
    flat = pixels.flatten(order="F")
    changes = np.flatnonzero(np.diff(flat)) + 1
    runs = np.diff([0, *changes, len(flat)]).tolist()
    assert mask_bounds([height, width], runs if not flat[0] else [0, *runs]) == wanted


@pytest.mark.parametrize(
    ("size", "counts"),
    [
        ([4, 4], [16]), ([4, 4], []), ([0, 4], [1, 1]), ([4], [1, 2]), (None, [1, 2]),
        ([4, 4], "\x00"), ([4, 4], "\uffff"), ([4, 4], [1, -2]), ([4, 4], [True, 2]),
        ([4, 4], None), ([4, 4], "o" * 100),
    ],
)  # fmt: skip
def test_what_is_no_mask_has_no_bounds(size: Any, counts: Any) -> None:
    assert mask_bounds(size, counts) is None
