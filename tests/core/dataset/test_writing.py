# ruff: noqa: ASYNC240 - a test may wait for its disk
"""Files written whole or not at all, several of them together."""

import errno
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tintype.dataset.file_set import MOST_UNSAVED, FileSet, written
from tintype.dataset.splits import Split
from tintype.dataset.writing import SplitWriter, chat_row, row_bytes
from tintype.errors import DatasetError
from tintype.images import data_url

UMASK = os.umask(0o022)
os.umask(UMASK)


def test_all_splits_are_written_or_none(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").mkdir()  # nothing can be moved there
    (tmp_path / "valid.jsonl").write_text("before")
    with pytest.raises(DatasetError, match=r"train\.jsonl cannot be written"):
        write_splits(tmp_path)
    assert (tmp_path / "valid.jsonl").read_text() == "before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["train.jsonl", "valid.jsonl"]


def test_what_was_there_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("before")
    with FileSet() as files:
        files.add(tmp_path / "a", b"after")
        files.open(tmp_path / "deep" / "er" / "b").write(b"new")
        assert (tmp_path / "a").read_text() == "before"
    assert (tmp_path / "a").read_text() == "after"
    assert (tmp_path / "deep" / "er" / "b").read_text() == "new"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "deep"]


def test_an_error_leaves_no_files_and_no_folders(tmp_path: Path) -> None:
    for write in (add_and_fail, write_and_fail):
        with pytest.raises(KeyError):
            write(tmp_path / "deep" / "er")
        assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(DatasetError, match="file/er/half cannot be written"):
        write_and_fail(tmp_path / "file" / "er")


def write_splits(folder: Path) -> None:
    splits: tuple[Split, ...] = ("valid", "test", "train")
    with SplitWriter(folder) as writer:
        for split in splits:
            writer.write(split, {"a": 1})


def add_and_fail(folder: Path) -> None:
    with FileSet() as files:
        files.add(folder / "a", b"x")
        raise KeyError


def write_and_fail(folder: Path) -> None:
    with written(folder / "half") as file:
        file.write(b"half")
        raise KeyError


def test_a_full_disk_is_said_with_what_to_do(tmp_path: Path, monkeypatch: Any) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(DatasetError) as caught, written(tmp_path / "out.jsonl") as file:
        file.write(b"{}\n")
    assert "the disk is full" in caught.value.message
    assert caught.value.advice == "Free some space or choose another folder."
    assert list(tmp_path.iterdir()) == []


def test_rows_with_images_are_written_as_json_writes_them() -> None:
    url = data_url(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    texts = ("What?", 'Größe "x" \\', "\ue000data URL", "half \ud800")
    rows: list[Any] = [chat_row(text, "A.", url, "a.png", url, system=text) for text in texts]
    rows += [{"messages": [{"deep": [[[[[url]]]]]}]}, [url], url, {"a": (url, 1)}]
    for row in rows:
        line = row_bytes(row)
        assert line.endswith(b"\n")
        assert b"\n" not in line[:-1]
        assert json.loads(line) == json.loads(json.dumps(row))


def test_many_whole_files_are_saved_together_before_they_appear(
    tmp_path: Path, monkeypatch: Any
) -> None:
    seen: list[int] = []

    def appeared() -> None:
        seen.append(len(list(tmp_path.glob("*.jpg"))))

    monkeypatch.setattr(os, "fsync", lambda _: appeared())
    with FileSet() as files:
        for number in range(MOST_UNSAVED + 9):
            files.add(tmp_path / f"{number}.jpg", b"data")
    assert seen == [0] * (MOST_UNSAVED + 9)
    assert len(list(tmp_path.iterdir())) == MOST_UNSAVED + 9


async def test_they_are_saved_and_moved_in_a_thread_where_others_wait(
    tmp_path: Path, monkeypatch: Any
) -> None:
    here, threads = threading.get_ident(), list[int]()
    monkeypatch.setattr(os, "fsync", lambda _: threads.append(threading.get_ident()))
    async with FileSet() as files:
        files.open(tmp_path / "a").write(b"data")
        files.add(tmp_path / "b", b"data")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]
    assert len(threads) == 2
    assert here not in threads


def test_a_new_folder_appears_at_once_with_all_that_is_in_it(tmp_path: Path) -> None:
    seen: list[bool] = []
    with FileSet() as files:
        files.add(tmp_path / "new" / "images" / "a.png", b"a")
        files.open(tmp_path / "new" / "train.jsonl").write(b"{}\n")
        seen.append((tmp_path / "new").exists())
    assert seen == [False]
    assert sorted(path.name for path in tmp_path.rglob("*")) == [
        "a.png", "images", "new", "train.jsonl"
    ]  # fmt: skip
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o777 & ~UMASK


def test_a_folder_that_cannot_take_its_place_takes_all_others_back(tmp_path: Path) -> None:
    (tmp_path / "z").write_text("before")
    with pytest.raises(DatasetError, match="cannot be written"):
        write_all_while_another_comes(tmp_path)
    assert (tmp_path / "z").read_text() == "before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b", "z"]


def write_all_while_another_comes(folder: Path) -> None:
    with FileSet() as files:
        for path in (folder / "a" / "1", folder / "b" / "1", folder / "z"):
            files.add(path, b"new")
        (folder / "b" / "1").mkdir(parents=True)


def test_what_a_killed_process_left_is_removed_and_what_is_under_way_is_not(
    tmp_path: Path,
) -> None:
    script = (
        "import os, signal, sys; from pathlib import Path\n"
        "from tintype.dataset.file_set import FileSet\n"
        "with FileSet() as files:\n"
        "    files.add(Path(sys.argv[1]) / 'new' / 'a', b'x')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", script, tmp_path], check=False)
    (left,) = tmp_path.iterdir()
    with FileSet() as other:
        other.add(tmp_path / "b", b"x")
        assert not left.exists()
        (mine,) = tmp_path.iterdir()
        with FileSet() as files:
            files.add(tmp_path / "c", b"x")
            assert mine.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b", "c"]
