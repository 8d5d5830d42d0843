"""Rows of columns: what is kept of them, whatever cells are empty."""

from typing import Any

import pytest

from tintype.dataset.formats.columns import ColumnRows
from tintype.dataset.formats.contract import Chat, ImportOptions
from tintype.dataset.formats.report import ImportLog

TALK = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]


@pytest.mark.parametrize("row", [{}, {"images": []}, {"images": None}, {"image": ""}])
def test_a_conversation_is_kept_though_it_has_no_image(row: dict[str, Any]) -> None:
    log = ImportLog()
    rows = ColumnRows(lambda cell, name: [], ImportOptions(), log)
    (item,) = rows.items({"messages": TALK, **row}, "talk.parquet", 1, None)
    assert isinstance(item.content, Chat)
    assert list(item.content.messages) == TALK
    assert (item.images, log.lost) == ((), 0)


def test_a_question_whose_image_is_missing_is_left_out_and_said() -> None:
    log = ImportLog()
    rows = ColumnRows(lambda cell, name: [], ImportOptions(), log)
    row = {"question": "What?", "answer": "A box", "image": None}
    assert not list(rows.items(row, "vqa.parquet", 1, None))
    assert log.lost == 1


def test_a_conversation_may_name_images_that_are_no_cells() -> None:
    log = ImportLog()
    rows = ColumnRows(lambda cell, name: [cell], ImportOptions(), log)
    sources = []
    for url in ("https://example.org/a.png", "data:image/png;base64,iVBORw0KGgo=", "a.png"):
        parts = [{"type": "image_url", "image_url": {"url": url}}, {"type": "image"}]
        row = {"images": b"cell", "messages": [{"role": "user", "content": parts}, TALK[1]]}
        sources += [item.images for item in rows.items(row, "talk.parquet", 1, None)]
    assert sources == [
        ("https://example.org/a.png", b"cell"),
        (b"\x89PNG\r\n\x1a\n", b"cell"),
    ]
    assert [one.message for one in log.problems] == ["No column holds the image a.png."]
