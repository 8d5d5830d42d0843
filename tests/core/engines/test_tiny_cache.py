from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tintype.engines.tiny import cache
from tintype.engines.tiny.cache import Channels
from tintype.errors import EngineError


class Stop(Exception):
    pass


class Images:
    """Counts how often each image is read."""

    def __init__(self, images: list[bytes]) -> None:
        self.read = [0] * len(images)
        self.sources = [lambda at=at: self._data(at) for at in range(len(images))]
        self._images = images

    def _data(self, at: int) -> bytes:
        self.read[at] += 1
        return self._images[at]


@pytest.fixture
def images(drawn: Callable[..., bytes]) -> Images:
    return Images([drawn("red", at, 2 * at) for at in range(6)])


def prepared(path: Path, images: Images, **changes: object) -> Channels:
    options = {"copies": 3, "size_px": 32, "seed": 4, "identity": "a", "pulse": lambda: None}
    return cache.prepare(path, images.sources, **{**options, **changes})  # type: ignore[arg-type]


def test_each_image_is_read_once_for_all_its_variations(tmp_path: Path, images: Images) -> None:
    made = prepared(tmp_path / "c", images)
    assert images.read == [1] * 6
    assert made.values.shape == (6, 3, 8, 8, 15)
    assert made.values.dtype == np.float16
    assert made.copies == 3
    assert not np.array_equal(made.values[0, 0], made.values[0, 1])


def test_preparation_goes_on_where_it_was_stopped_with_the_same_result(
    tmp_path: Path, images: Images
) -> None:
    whole = prepared(tmp_path / "whole", images)
    images.read = [0] * 6
    calls = iter(range(100))

    def pulse() -> None:
        if next(calls) == 4:
            raise Stop

    with pytest.raises(Stop):
        prepared(tmp_path / "c", images, pulse=pulse)
    assert images.read == [1, 1, 1, 1, 0, 0]
    made = prepared(tmp_path / "c", images)
    assert images.read == [1] * 6
    assert np.array_equal(made.values, whole.values)


@pytest.mark.parametrize(
    "changes", [{"identity": "b"}, {"seed": 5}, {"copies": 2}, {"size_px": 64}]
)
def test_what_another_order_left_behind_is_not_used(
    tmp_path: Path, images: Images, changes: dict[str, object]
) -> None:
    prepared(tmp_path / "c", images)
    made = prepared(tmp_path / "c", images, **changes)
    assert images.read == [2] * 6
    fresh = prepared(tmp_path / "d", images, **changes)
    assert np.array_equal(made.values, fresh.values)


@pytest.mark.parametrize("mark", ["", "[]", '{"done": 6}', "{", '{"identity": 1}'])
def test_a_damaged_mark_means_to_begin_again(tmp_path: Path, images: Images, mark: str) -> None:
    whole = prepared(tmp_path / "c", images).values.copy()
    (tmp_path / "c.json").write_text(mark)
    assert np.array_equal(prepared(tmp_path / "c", images).values, whole)
    assert images.read == [2] * 6


def test_an_image_that_cannot_be_read_is_named(tmp_path: Path, images: Images) -> None:
    images._images[2] = b"no image"
    with pytest.raises(EngineError, match="Image 3 of 6"):
        prepared(tmp_path / "c", images)


def test_discarding_leaves_nothing(tmp_path: Path, images: Images) -> None:
    prepared(tmp_path / "c", images)
    cache.discard(tmp_path / "c")
    assert not list(tmp_path.iterdir())
    cache.discard(tmp_path / "c")


def test_no_images_need_no_file(tmp_path: Path) -> None:
    made = prepared(tmp_path / "c", Images([]))
    assert made.values.shape[0] == 0
    mean, spread = made.statistics()
    assert mean.tolist() == [0] * 15
    assert spread.tolist() == [1] * 15
    assert not list(tmp_path.iterdir())


def test_many_images_have_fewer_variations_each() -> None:
    assert cache.copies_for(300, 40, 96) == cache.MAX_COPIES
    assert cache.copies_for(300, 3, 96) == 3
    assert 1 <= cache.copies_for(20_000, 40, 96) < cache.MAX_COPIES
    assert cache.copies_for(10_000_000, 40, 96) == 1
    assert cache.copies_for(0, 40, 96) == cache.MAX_COPIES
