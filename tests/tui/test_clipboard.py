"""Copying says what was done, or why nothing could be."""

from pathlib import Path

import pytest

from tintype.errors import FileError
from tintype_tui.clipboard import copy
from tintype_tui.own_editor import edited


async def test_a_long_text_goes_to_a_file_or_the_reason_is_said(tmp_path: Path) -> None:
    long = "x" * 80_000
    spill = tmp_path / "cache" / "copied.txt"
    assert str(spill) in await copy(long, None, spill)
    assert spill.read_text() == long
    with pytest.raises(FileError, match="Cannot make the folder"):
        await copy(long, None, Path("/proc/nothing/copied.txt"))


def test_half_a_character_reaches_the_editor_as_a_question_mark(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VISUAL", "true")
    assert edited("a \ud800 b", "question") == ("a ? b", "")
