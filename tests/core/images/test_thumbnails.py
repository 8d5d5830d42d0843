"""Images made small for pages with many of them."""

from collections.abc import Callable

import pytest

from tintype.errors import DatasetError
from tintype.images import decode, thumbnail
from tintype.images.decoding import SMALL_BYTES

Painted = Callable[..., bytes]


def test_a_large_image_becomes_small(painted: Painted) -> None:
    data = painted("BMP", size=(600, 400))
    small = thumbnail(data, (90, 90))
    assert len(small) < SMALL_BYTES < len(data)
    assert decode(small).size == (90, 60)


def test_an_image_of_few_bytes_stays_as_it_is(painted: Painted) -> None:
    data = painted("PNG", size=(900, 900))
    assert thumbnail(data, (10, 10)) is data


def test_what_is_large_and_no_image_is_said(painted: Painted) -> None:
    with pytest.raises(DatasetError, match="image"):
        thumbnail(b"no image " * SMALL_BYTES, (10, 10))
