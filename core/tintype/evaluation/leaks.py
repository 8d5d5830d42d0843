"""Whether a test image was trained on: by what it shows, not by its bytes."""

from typing import TYPE_CHECKING, Literal

import numpy as np

from tintype.images import decode

if TYPE_CHECKING:
    from numpy.typing import NDArray

Likeness = Literal["same", "near", "none"]
NEAR_PIXEL, NEAR_CHANNEL = 8.0, 4.0
"""Of 255: mean difference of pixels, and of each channel's mean, up to which images are near."""


def likeness(first: bytes, second: bytes) -> Likeness:
    """Compare two encoded images as they are seen: upright, in RGB.

    `same`: every pixel is equal, whatever the format. `near`: one size, and nearly the same colours
    everywhere, as after another compression.

    Raises:
        DatasetError: if one cannot be decoded.
    """
    one, other = _pixels(first), _pixels(second)
    if one.shape != other.shape:
        return "none"
    if (one == other).all():
        return "same"
    difference = one.astype(np.float64) - other
    channels = np.abs(difference.mean(axis=(0, 1)))
    near = np.abs(difference).mean() <= NEAR_PIXEL and (channels <= NEAR_CHANNEL).all()
    return "near" if near else "none"


def _pixels(data: bytes) -> "NDArray[np.uint8]":
    return np.asarray(decode(data))
