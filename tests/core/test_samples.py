"""The sample datasets: drawn, always the same, and what they say is so."""

import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tintype.dataset import example, image_bytes, read_rows
from tintype.dataset.splits import siblings
from tintype.detection import iou, parse_boxes, prompt_labels, reading_order
from tintype.errors import DatasetError
from tintype.samples import SampleProgress, SplitCounts, books, cards, make_books, make_cards
from tintype.samples.cards import LABELS
from tintype.samples.covers import BOOKS

FEW = SplitCounts(train=6, valid=3, test=3)


async def made(draw: Any, folder: Path, **options: Any) -> list[SampleProgress]:
    return [progress async for progress in draw(folder, counts=FEW, **options)]


@pytest.mark.parametrize("draw", [make_cards, make_books])
async def test_the_same_seed_draws_the_same_dataset(tmp_path: Path, draw: Any) -> None:
    reports = await made(draw, tmp_path / "a")
    await made(draw, tmp_path / "b")
    await made(draw, tmp_path / "c", seed=8)
    assert (reports[-1].done, reports[-1].total) == (12, 12)
    names = [path.name for path in reports[-1].files]
    assert names == ["train.jsonl", "valid.jsonl", "test.jsonl"]
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
        assert (tmp_path / "a" / name).read_bytes() != (tmp_path / "c" / name).read_bytes()
    assert siblings(tmp_path / "a" / "train.jsonl").test == tmp_path / "a" / "test.jsonl"
    assert "Tintype" in (tmp_path / "a" / "README.txt").read_text()


def test_there_are_enough_images_to_learn_from() -> None:
    assert SplitCounts(train=240, valid=40, test=60) == cards.COUNTS
    assert SplitCounts(train=150, valid=30, test=48) == books.COUNTS


@pytest.mark.parametrize("draw", [make_cards, make_books])
async def test_no_image_occurs_in_two_splits(tmp_path: Path, draw: Any) -> None:
    await made(draw, tmp_path)
    seen = [
        {url for _, urls in read_rows(tmp_path / f"{split}.jsonl") for url in urls}
        for split in ("train", "valid", "test")
    ]
    assert sum(map(len, seen)) == len(set.union(*seen)) == 12


async def test_a_dataset_is_not_drawn_over_another(tmp_path: Path) -> None:
    await made(make_cards, tmp_path)
    with pytest.raises(DatasetError, match="exists already"):
        await made(make_books, tmp_path)
    await made(make_books, tmp_path, replace=True)


async def test_the_boxes_are_where_the_cards_are(tmp_path: Path) -> None:
    await made(make_cards, tmp_path)
    counts = Counter[int]()
    for row, urls in read_rows(tmp_path / "train.jsonl"):
        shown = example(row)
        parsed = parse_boxes(shown.answer)
        assert parsed.flaws == ()
        assert prompt_labels(shown.prompt[1].text) == LABELS
        assert {box.label for box in parsed.boxes} <= set(LABELS)
        assert reading_order(parsed.boxes) == parsed.boxes
        assert all(iou(a, b) < 0.2 for a in parsed.boxes for b in parsed.boxes if a is not b)
        counts[len(parsed.boxes)] += 1
        image = Image.open(io.BytesIO(image_bytes(urls[0], tmp_path))).convert("L")
        # Cards are brighter than any table but the linen, and lie in the middle of their boxes.
        for box in parsed.boxes:
            x, y = (box.x_min + box.x_max) / 2, (box.y_min + box.y_max) / 2
            assert 0.2 < y < 0.8
            assert 0.05 < x < 0.95
        assert image.size == (512, 384)
    assert counts == {1: 2, 2: 2, 3: 2}


async def test_questions_about_a_book_share_its_image(tmp_path: Path) -> None:
    await made(make_books, tmp_path)
    rows = [(example(row), urls) for row, urls in read_rows(tmp_path / "train.jsonl")]
    assert len(rows) == 24
    for at in range(0, 24, 4):
        asked = rows[at : at + 4]
        assert len({urls for _, urls in asked}) == 1
        title, author, genre, related = (shown.answer for shown, _ in asked)
        assert (title, author, genre) in {(book.title, book.author, book.genre) for book in BOOKS}
        assert (related == "Yes") == (f"related to {genre}?" in asked[3][0].prompt[1].text)


def test_every_row_is_plain_json(tmp_path: Path) -> None:
    assert len({book.title for book in BOOKS}) == len({book.author for book in BOOKS}) == 12
    assert json.dumps([book.title for book in BOOKS]).isascii()
