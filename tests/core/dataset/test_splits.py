"""Files that belong together."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype.dataset.splits import Splits, draw_splits, siblings, split_of


@pytest.mark.parametrize(
    ("names", "given_name", "expected"),
    [
        (("train", "valid", "test"), "train.jsonl", ("train", "valid", "test")),
        (("train", "val"), "val.jsonl", ("train", "val", None)),
        (("cards-train", "cards-test", "books-valid"), "cards-test.jsonl",
         ("cards-train", None, "cards-test")),
        (("_annotations.train", "_annotations.valid"), "_annotations.train.jsonl",
         ("_annotations.train", "_annotations.valid", None)),
        (("Train", "DEV"), "Train.jsonl", ("Train", "DEV", None)),
        (("train", "valid", "validation"), "train.jsonl", ("train", "valid", None)),
        (("data", "train"), "data.jsonl", ("data", None, None)),
        (("latest",), "latest.jsonl", ("latest", None, None)),
    ],
)  # fmt: skip
def test_siblings_differ_only_in_the_name_of_the_split(
    tmp_path: Path,
    names: tuple[str, ...],
    given_name: str,
    expected: tuple[str | None, str | None, str | None],
) -> None:
    for name in names:
        (tmp_path / f"{name}.jsonl").touch()
    paths = [tmp_path / f"{name}.jsonl" if name else None for name in expected]
    assert siblings(tmp_path / given_name) == Splits(*paths)


def test_splits_may_be_folders(tmp_path: Path) -> None:
    for folder in ("train", "valid", "test"):
        (tmp_path / folder).mkdir()
        if folder != "test":
            (tmp_path / folder / "questions.csv").touch()
    found = siblings(tmp_path / "train" / "questions.csv")
    assert found.valid == tmp_path / "valid" / "questions.csv"
    assert found.test is None
    assert list(found.named()) == ["train", "valid"]


def test_a_file_alone_has_no_siblings(tmp_path: Path) -> None:
    assert siblings(tmp_path / "gone" / "train.jsonl").valid is None
    assert split_of(Path("x/rows.jsonl")) is None


@given(st.sets(st.text(max_size=5)), st.integers(), st.floats(0, 0.5), st.floats(0, 0.5))
def test_drawn_splits_hold_every_key_once(
    keys: set[str], seed: int, valid: float, test: float
) -> None:
    drawn = draw_splits(keys, seed=seed, valid_share=valid, test_share=test)
    assert set(drawn) == keys
    assert drawn == draw_splits(sorted(keys), seed=seed, valid_share=valid, test_share=test)
    assert sum(split == "valid" for split in drawn.values()) == round(len(keys) * valid)
