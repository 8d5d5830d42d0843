"""What a path is before it is imported, and how that is said."""

from pathlib import Path

import pytest
from tests.core.dataset.zoo import ZOO

from tintype.dataset.formats import detected
from tintype.dataset.formats.previewing import preview
from tintype.errors import DatasetError
from tintype_tui.words.previews import preview_lines


def test_a_dataset_is_named_and_shown_as_it_would_become() -> None:
    found = preview(ZOO / "coco-missing-images-1" / "data")
    assert (found.format, found.what) == ("coco", "a COCO dataset (annotations.json)")
    assert (found.rows, found.lost, found.unlabelled, found.complete) == (3, 1, 1, True)
    assert found.labels == {"person": 3, "vest": 1}
    lines = "\n".join(preview_lines(found))
    assert "3 rows: train 3 · 1 not labelled · 1 cannot be read" in lines
    assert "user: detect person ; vest" in lines
    assert "user: [image m1.jpg]" in lines
    assert "1 × images are named and not there: their rows are left out. (m2.jpg)" in lines


def test_a_look_writes_nothing(tmp_path: Path) -> None:
    before = sorted(path.name for path in (ZOO / "yolo-ultralytics-1" / "data").rglob("*"))
    found = preview(ZOO / "yolo-ultralytics-1" / "data", rows=1)
    assert found.splits == {"train": 3, "valid": 1, "test": 1}
    assert len(found.shown) == 1
    assert sorted(path.name for path in (ZOO / "yolo-ultralytics-1" / "data").rglob("*")) == before


def test_what_may_be_two_formats_says_both_and_can_be_given_one() -> None:
    source = ZOO / "two-formats-1" / "data"
    found = preview(source)
    assert (found.format, set(found.others)) == ("coco", {"yolo"})
    assert "The same may be read in another way: yolo" in preview_lines(found)[-1]
    assert (preview(source, "yolo").format, preview(source, "yolo").others) == ("yolo", {})


def test_an_archive_is_named_by_what_is_in_it() -> None:
    found = preview(ZOO / "coco-archive-1" / "data" / "archive.zip")
    assert found.what.endswith("in a ZIP archive")
    assert found.rows == 3


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("unknown-1", r"\(1 × \.md, 1 × \.json, 1 × \.pdf\)\. Looked for: .*COCO.*YOLO"),
        ("only-pictures-1", "3 images and nothing that says what is on them"),
        ("archive-broken-1", "ends too early or is damaged"),
        ("coco-results-1", "a model's boxes with scores"),
        ("cvat-video-1", "the frames are not there"),
    ],
)
def test_what_is_not_understood_says_what_was_looked_for_and_what_is_there(
    name: str, words: str
) -> None:
    source = ZOO / name / "data"
    files = [path for path in source.iterdir() if path.suffix in (".zip", ".json")]
    with pytest.raises(DatasetError, match=words):
        preview(files[0] if name in ("archive-broken-1", "coco-results-1") else source)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("train.jsonl.gz", b"\x1f\x8b", r"train.jsonl.gz is compressed, and empty or damaged"),
        ("inner.zip", b"PK", "inner.zip is packed"),
        ("llava.json", b'[{"image": "a.jpg",}]', r"llava.json is no JSON: .*line 1 column"),
    ],
)
def test_why_a_file_is_not_looked_into_is_said(
    tmp_path: Path, name: str, data: bytes, words: str
) -> None:
    (tmp_path / "README.txt").write_text("A dataset")
    (tmp_path / name).write_bytes(data)
    with pytest.raises(DatasetError, match=words):
        preview(tmp_path)


def test_folders_of_other_things_are_not_taken_for_datasets(tmp_path: Path) -> None:
    (tmp_path / "src" / "a").mkdir(parents=True)
    (tmp_path / "src" / "a" / "main.py").write_text("print()")
    (tmp_path / "package.json").write_text('{"name": "x"}')
    (tmp_path / "config.yaml").write_text("train: yes\nnames: nothing\n")
    assert detected(tmp_path) == ()
