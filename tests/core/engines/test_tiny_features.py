import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from tintype.engines.tiny import features
from tintype.engines.tiny.batches import moved
from tintype.engines.tiny.features import AS_IT_IS, CHANNELS, Placing


def test_an_image_becomes_channels_of_cells() -> None:
    seen = features.seen(Image.new("RGB", (300, 200), "teal"), 96)
    assert seen.shape == (24, 24, CHANNELS)
    assert seen.dtype == np.float32


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK", "1", "RGB"])
@pytest.mark.parametrize("size", [(1, 1), (1, 500), (7, 3), (2000, 900)])
def test_any_image_can_be_seen(mode: str, size: tuple[int, int]) -> None:
    assert np.isfinite(features.seen(Image.new(mode, size), 32)).all()


def test_an_edge_is_seen_in_its_direction() -> None:
    image = Image.new("RGB", (64, 64), "black")
    ImageDraw.Draw(image).rectangle((34, 0, 63, 63), fill="white")
    directions = features.seen(image, 64)[8, 8, 3:11]
    assert directions.argmax() == 0
    image = image.transpose(Image.Transpose.ROTATE_270)
    assert features.seen(image, 64)[8, 8, 3:11].argmax() == 2


def test_colours_differ_in_colour_channels() -> None:
    red, green = (
        features.seen(Image.new("RGB", (32, 32), colour), 32)[4, 4] for colour in ("red", "green")
    )
    assert red[1] > 0 > green[1]


@given(st.integers(0, 2**32))
def test_a_varied_image_lies_where_its_placing_says(seed: int) -> None:
    image = Image.new("RGB", (96, 96), "black")
    ImageDraw.Draw(image).rectangle((24, 36, 71, 59), fill="white")
    placing = features.placing(96, np.random.default_rng(seed))
    light = features.varied(image, 96, np.random.default_rng(seed)).mean(-1)
    down, across = np.nonzero(light > (light.max() + light.min()) / 2)
    first = 1000
    box = np.asarray([first + at for at in (384, 256, 640, 768)])
    top, left, bottom, right = (moved(box, first, placing) - first) * 96 / 1024
    assert down.min() == pytest.approx(top, abs=1.5)
    assert across.min() == pytest.approx(left, abs=1.5)
    assert down.max() + 1 == pytest.approx(bottom, abs=1.5)
    assert across.max() + 1 == pytest.approx(right, abs=1.5)


def test_positions_move_down_and_across_in_turn_and_words_stay() -> None:
    first = 300
    tokens = np.asarray([7, first + 100, first + 200, 8, first + 400, first + 1000, 2])
    placing = Placing(x_scale=0.5, x_shift=0.25, y_scale=1.0, y_shift=0.125)
    assert moved(tokens, first, placing).tolist() == [
        7,
        first + 228,
        first + 356,
        8,
        first + 528,
        first + 756,
        2,
    ]
    assert moved(tokens, first, AS_IT_IS).tolist() == tokens.tolist()


def test_positions_never_leave_the_image() -> None:
    placing = Placing(y_scale=1.0, y_shift=0.5)
    assert placing.moved(900, vertical=True) == 1023
    assert Placing(y_shift=-0.5).moved(100, vertical=True) == 0


def test_large_images_are_seen_alike_at_any_size() -> None:
    small = Image.new("RGB", (192, 192), "navy")
    ImageDraw.Draw(small).ellipse((30, 40, 150, 160), fill="orange")
    large = small.resize((960, 960), Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    large.save(buffer, "PNG")
    assert features.seen(large, 96) == pytest.approx(features.seen(small, 96), abs=0.25)
