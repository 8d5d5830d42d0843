"""Entries of a cache: whole or absent, within bounds, whoever else writes."""

import os
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tintype.paths.entries import Entries

ENTRIES = Entries(".kept", most=3, most_bytes=10_000, most_entry_bytes=1_000)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_was_kept_is_read_again_and_only_by_its_user(tmp_path: Path) -> None:
    assert ENTRIES.read(tmp_path / "new", "a") is None
    ENTRIES.keep(tmp_path / "new", "a", b"some")
    assert ENTRIES.read(tmp_path / "new", "a") == b"some"
    assert (tmp_path / "new" / "a.kept").stat().st_mode & 0o77 == 0
    ENTRIES.keep(tmp_path / "new", "a", b"other")
    assert ENTRIES.read(tmp_path / "new", "a") == b"other"


@pytest.mark.parametrize(
    "spoil", [lambda data: b"", lambda data: data[:-1], lambda data: data[:-1] + b"x"]
)
def test_a_damaged_entry_is_as_if_absent_and_is_replaced(
    tmp_path: Path, spoil: Callable[[bytes], bytes]
) -> None:
    ENTRIES.keep(tmp_path, "a", b"some")
    path = tmp_path / "a.kept"
    path.write_bytes(spoil(path.read_bytes()))
    assert ENTRIES.read(tmp_path, "a") is None
    ENTRIES.keep(tmp_path, "a", b"some")
    assert ENTRIES.read(tmp_path, "a") == b"some"


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ENTRIES.keep(tmp_path / "file", "a", b"some")
    assert ENTRIES.read(tmp_path / "file", "a") is None
    (tmp_path / "a.kept").mkdir()
    ENTRIES.keep(tmp_path, "a", b"some")
    assert ENTRIES.read(tmp_path, "a") is None
    assert names(tmp_path) == ["a.kept", "file"]


def test_the_oldest_go_when_they_are_too_many_too_large_or_too_old(tmp_path: Path) -> None:
    def keep(name: str, entries: Entries, used_s: float = 0) -> list[str]:
        entries.keep(tmp_path, name, name.encode() * 300)
        os.utime(tmp_path / f"{name}.kept", (used_s, used_s) if used_s else (2e9 + int(name),) * 2)
        return names(tmp_path)

    for at in range(4):
        keep(f"{at}", ENTRIES)
    assert keep("4", ENTRIES) == ["2.kept", "3.kept", "4.kept"]
    ENTRIES.read(tmp_path, "2")  # of use now, which is long before the others
    assert keep("5", ENTRIES) == ["3.kept", "4.kept", "5.kept"]
    assert keep("6", replace(ENTRIES, most_bytes=1_400)) == ["5.kept", "6.kept"]
    keep("7", ENTRIES, used_s=1e9)
    assert keep("8", ENTRIES) == ["5.kept", "6.kept", "8.kept"]
    ENTRIES.keep(tmp_path, "9", bytes(1_000))  # with its digest, too large
    assert "9.kept" not in names(tmp_path)


def test_any_number_may_read_and_write_at_once(tmp_path: Path) -> None:
    def work(number: int) -> None:
        for at in range(40):
            name = f"{at % 5}"
            ENTRIES.keep(tmp_path, name, name.encode() * (100 + number))
            found = ENTRIES.read(tmp_path, name)
            wrong.extend(one for one in {*(found or b"")} - {ord(name)})

    wrong: list[int] = []
    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert 1 <= len(names(tmp_path)) <= 3 + len(threads)
