from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tintype.engines.tiny import cache
from tintype.engines.tiny.cache import Channels
from tintype.errors import EngineError


class Stop(Exception):
    pass


class Pictures:
    """Counts how often each picture is read."""

    def __init__(self, pictures: list[bytes]) -> None:
        self.read = [0] * len(pictures)
        self.sources = [lambda at=at: self._data(at) for at in range(len(pictures))]
        self._pictures = pictures

    def _data(self, at: int) -> bytes:
        self.read[at] += 1
        return self._pictures[at]


@pytest.fixture
def pictures(drawn: Callable[..., bytes]) -> Pictures:
    return Pictures([drawn("red", at, 2 * at) for at in range(6)])


def prepared(path: Path, pictures: Pictures, **changes: object) -> Channels:
    options = {"copies": 3, "size_px": 32, "seed": 4, "identity": "a", "pulse": lambda: None}
    return cache.prepare(path, pictures.sources, **{**options, **changes})  # type: ignore[arg-type]


def test_each_picture_is_read_once_for_all_its_variations(
    tmp_path: Path, pictures: Pictures
) -> None:
    made = prepared(tmp_path / "c", pictures)
    assert pictures.read == [1] * 6
    assert made.values.shape == (6, 3, 8, 8, 15)
    assert made.values.dtype == np.float16
    assert made.copies == 3
    assert not np.array_equal(made.values[0, 0], made.values[0, 1])


def test_preparation_goes_on_where_it_was_stopped_with_the_same_result(
    tmp_path: Path, pictures: Pictures
) -> None:
    whole = prepared(tmp_path / "whole", pictures)
    pictures.read = [0] * 6
    calls = iter(range(100))

    def pulse() -> None:
        if next(calls) == 4:
            raise Stop

    with pytest.raises(Stop):
        prepared(tmp_path / "c", pictures, pulse=pulse)
    assert pictures.read == [1, 1, 1, 1, 0, 0]
    made = prepared(tmp_path / "c", pictures)
    assert pictures.read == [1] * 6
    assert np.array_equal(made.values, whole.values)


@pytest.mark.parametrize(
    "changes", [{"identity": "b"}, {"seed": 5}, {"copies": 2}, {"size_px": 64}]
)
def test_what_another_order_left_behind_is_not_used(
    tmp_path: Path, pictures: Pictures, changes: dict[str, object]
) -> None:
    prepared(tmp_path / "c", pictures)
    made = prepared(tmp_path / "c", pictures, **changes)
    assert pictures.read == [2] * 6
    fresh = prepared(tmp_path / "d", pictures, **changes)
    assert np.array_equal(made.values, fresh.values)


@pytest.mark.parametrize("mark", ["", "[]", '{"done": 6}', "{", '{"identity": 1}'])
def test_a_damaged_mark_means_to_begin_again(tmp_path: Path, pictures: Pictures, mark: str) -> None:
    whole = prepared(tmp_path / "c", pictures).values.copy()
    (tmp_path / "c.json").write_text(mark)
    assert np.array_equal(prepared(tmp_path / "c", pictures).values, whole)
    assert pictures.read == [2] * 6


def test_a_picture_that_cannot_be_read_is_named(tmp_path: Path, pictures: Pictures) -> None:
    pictures._pictures[2] = b"no picture"
    with pytest.raises(EngineError, match="Picture 3 of 6"):
        prepared(tmp_path / "c", pictures)


def test_discarding_leaves_nothing(tmp_path: Path, pictures: Pictures) -> None:
    prepared(tmp_path / "c", pictures)
    cache.discard(tmp_path / "c")
    assert not list(tmp_path.iterdir())
    cache.discard(tmp_path / "c")


def test_no_pictures_need_no_file(tmp_path: Path) -> None:
    made = prepared(tmp_path / "c", Pictures([]))
    assert made.values.shape[0] == 0
    mean, spread = made.statistics()
    assert mean.tolist() == [0] * 15
    assert spread.tolist() == [1] * 15
    assert not list(tmp_path.iterdir())


def test_many_pictures_have_fewer_variations_each() -> None:
    assert cache.copies_for(300, 40, 96) == cache.MAX_COPIES
    assert cache.copies_for(300, 3, 96) == 3
    assert 1 <= cache.copies_for(20_000, 40, 96) < cache.MAX_COPIES
    assert cache.copies_for(10_000_000, 40, 96) == 1
    assert cache.copies_for(0, 40, 96) == cache.MAX_COPIES
