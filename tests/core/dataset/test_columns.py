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
