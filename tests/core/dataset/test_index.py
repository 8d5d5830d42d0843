"""Rows found by byte offset, in files that are odd, huge, growing or gone."""

import os
import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype.dataset import image_bytes, read_rows
from tintype.dataset.files import PlainFile, read_plain_file
from tintype.dataset.index import LineIndex
from tintype.dataset.parsing import MAX_LINE_BYTES
from tintype.errors import DatasetError


def scanned(path: Path, *, chunk_bytes: int = 1 << 20) -> LineIndex:
    with PlainFile(path) as file:
        index = LineIndex(file, chunk_bytes=chunk_bytes)
        while not index.complete:
            index.scan(0.0)
        return index


def expected(data: bytes) -> list[tuple[int, int, int]]:
    """Line number, offset and length of every row, found the simple way."""
    rows = []
    offset = 0
    for number, line in enumerate(data.split(b"\n"), 1):
        begin = 3 if number == 1 and line.startswith(b"\xef\xbb\xbf") else 0
        if line[begin:].strip():
            rows.append((number, offset, len(line)))
        offset += len(line) + 1
    return rows


@given(
    st.lists(st.sampled_from([b"{}", b"\n", b"\r\n", b" ", b"\t\n", b"\xef\xbb\xbf", b"a" * 9])),
    st.integers(1, 12),
)
def test_rows_are_the_lines_that_are_not_blank(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes], chunk_bytes: int
) -> None:
    path = tmp_path_factory.mktemp("index") / "data.jsonl"
    data = b"".join(pieces)
    path.write_bytes(data)
    # The mark at the beginning is looked for in the first chunk, which is never this small.
    index = scanned(path, chunk_bytes=max(chunk_bytes, 3) if data[:1] == b"\xef" else chunk_bytes)
    rows = expected(data)
    assert [
        (index.line(at), index._starts[at], index.size_bytes(at)) for at in range(index.count)
    ] == rows
    for line in range(1, data.count(b"\n") + 2):
        assert index.index_at(line) == sum(number < line for number, _, _ in rows)


def test_line_ends_of_windows_and_blank_lines_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"a": 1}\r\n\r\n  \n{"a": 2}\r\n{"a": 3}')
    rows = [row for row, _ in read_rows(path)]
    assert [(row.index, row.line, row.value) for row in rows] == [
        (0, 1, {"a": 1}),
        (1, 4, {"a": 2}),
        (2, 5, {"a": 3}),
    ]
    assert [row.size_bytes for row in rows] == [11, 8, 8]


def test_an_empty_file_has_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(b"")
    assert list(read_rows(path)) == []


def test_damaged_lines_do_not_stop_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(b'{"a": 1}\n\x00\x00\n{"a": \xff}\n{"a": 2}\n{"a": ')
    rows = [row for row, _ in read_rows(path)]
    assert [bool(row.flaw) for row in rows] == [False, True, True, False, True]


def test_utf_16_is_named_once_and_nothing_breaks(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes('{"a": 1}\n{"a": 2}\n'.encode("utf-16"))
    flaws = [row.flaw for row, _ in read_rows(path)]
    assert flaws[0] == "The file is encoded as UTF-16; it must be UTF-8."
    assert all(flaws)


def test_a_line_too_long_to_read_is_a_row_with_a_flaw(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    with path.open("wb") as file:
        file.write(b'{"a": 1}\n"')
        file.seek(MAX_LINE_BYTES, os.SEEK_CUR)  # a hole: no disk is used
        file.write(b'"\n{"a": 2}\n')
    rows = [row for row, _ in read_rows(path)]
    assert [row.value for row in rows] == [{"a": 1}, None, {"a": 2}]
    assert rows[1].flaw == (
        f"The line has {MAX_LINE_BYTES + 2:,} bytes; at most {MAX_LINE_BYTES:,} are read."
    )


def test_a_growing_file_is_followed(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(b'\n{"a": 1}\n{"a":')
    with PlainFile(path) as file:
        index = LineIndex(file)
        index.scan(0.0)
        assert (index.count, index.complete) == (2, True)
        assert index.read(1).row.flaw
        with path.open("ab") as more:
            more.write(b' 2}\n\n{"a": 3}\n')
        index.scan(0.0)
        assert [index.read(at).row.value for at in range(index.count)] == [
            {"a": 1},
            {"a": 2},
            {"a": 3},
        ]
        assert [index.line(at) for at in range(3)] == [2, 3, 5]


def test_a_file_that_shrinks_leaves_rows_with_a_flaw(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(b'{"a": 1}\n{"a": 2}\n')
    with PlainFile(path) as file:
        index = LineIndex(file)
        index.scan(0.0)
        os.truncate(path, 12)
        assert index.read(0).row.value == {"a": 1}
        assert index.read(1).row.flaw == "The file was truncated after it was opened."
        assert file.changed()


def test_a_file_that_vanishes_stays_readable(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(b'{"a": 1}\n')
    with PlainFile(path) as file:
        assert not file.changed()
        path.unlink()
        assert file.changed()
        assert file.read(0, 8) == b'{"a": 1}'


def test_a_closed_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(b"{}")
    file = PlainFile(path)
    file.close()
    file.close()
    with pytest.raises(DatasetError, match=r"data\.jsonl has been closed"):
        file.read(0, 1)


def test_what_is_no_plain_file_is_refused_without_waiting(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo.jsonl"
    os.mkfifo(fifo)
    (tmp_path / "train.jsonl").write_text("{}")
    for path, words in (
        (fifo, "is a FIFO, not a file"),
        (Path("/dev/zero"), "is a device, not a file"),
        (tmp_path, r"is a folder, not a file\. Name one of its files: fifo\.jsonl, train\.jsonl"),
        (tmp_path / "none.jsonl", "There is no file"),
        (tmp_path / "a\0b", "cannot be read"),
        (tmp_path / ("x" * 300), "cannot be read: File name too long"),
    ):
        with pytest.raises(DatasetError, match=words):
            next(read_rows(path))


def test_a_file_nobody_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text("{}")
    path.chmod(0)
    if os.access(path, os.R_OK):
        path.chmod(stat.S_IRUSR)
        pytest.skip("this user may read everything")
    with pytest.raises(DatasetError, match="permission denied"):
        PlainFile(path)


@pytest.mark.parametrize(
    ("magic", "kind"),
    [
        (b"\x1f\x8b\x08", "gzip"),
        (b"PK\x03\x04", "ZIP"),
        (b"PAR1", "Parquet"),
        (b"\xff\xd8\xff\xe0", "JPEG"),
    ],
)
def test_what_is_certainly_no_text_is_named(tmp_path: Path, magic: bytes, kind: str) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(magic + bytes(20))
    with pytest.raises(DatasetError, match=kind):
        next(read_rows(path))


def test_text_may_begin_like_an_archive(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(b"PAR1 or BZh\n")
    assert next(read_rows(path))[0].flaw


def test_images_are_read_from_the_datasets_folder(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.png").write_bytes(b"png")
    assert image_bytes("images/a.png", tmp_path) == b"png"
    assert image_bytes("./images/../images/a.png", tmp_path) == b"png"
    assert image_bytes("data:image/png;base64,cG5n", tmp_path) == b"png"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("../secret", "is outside the dataset's folder"),
        ("images/../../secret", "is outside"),
        ("link", "is outside"),
        ("linked/secret", "is outside"),
        ("/etc/passwd", "is an absolute path"),
        ("C:\\secret", "is an absolute path"),
        ("\\\\server\\share", "is an absolute path"),
        ("", "is not a file name"),
        ("a\0b", "is not a file name"),
        ("x" * 5000, "is not a file name"),
        ("none.png", "There is no file"),
        ("images", "is a folder, not a file"),
        ("fifo", "is a FIFO, not a file"),
        ("loop", "cannot be found|cannot be read"),
        ("file:///etc/passwd", "is not a supported address"),
        ("https://example.org/a.png", "is on the network"),
        ("\x1b[2J\x1b]0;x", r"\\x1b\[2J"),
    ],
)
def test_images_elsewhere_are_refused(tmp_path: Path, name: str, words: str) -> None:
    folder = tmp_path / "dataset"
    (folder / "images").mkdir(parents=True)
    (tmp_path / "secret").write_text("secret")
    (folder / "link").symlink_to(tmp_path / "secret")
    (folder / "linked").symlink_to(tmp_path)
    (folder / "loop").symlink_to(folder / "loop")
    os.mkfifo(folder / "fifo")
    with pytest.raises(DatasetError, match=words):
        image_bytes(name, folder)


def test_files_are_read_up_to_a_size(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(bytes(11))
    assert read_plain_file(path, max_bytes=11) == bytes(11)
    with pytest.raises(DatasetError, match="has 11 bytes; at most 10 are read"):
        read_plain_file(path, max_bytes=10)


def test_files_left_open_by_nobody_are_closed(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"{}")
    file = PlainFile(path)
    number = file._number
    del file
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(number)


def test_rows_can_be_read_while_a_growing_file_is_scanned(tmp_path: Path) -> None:
    path = tmp_path / "grows.jsonl"
    path.write_bytes(b'{"a":1}\n' * 10 + b'{"a":')
    lines: set[int] = set()
    with PlainFile(path) as file, ThreadPoolExecutor(3) as threads:
        index = LineIndex(file, chunk_bytes=1)  # so that a scan takes its time
        index.scan(1)
        done = Event()

        def read() -> None:
            while not done.is_set():
                lines.add(index.read(index.count - 1).row.line)

        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        try:
            reading = [threads.submit(read) for _ in range(3)]
            with path.open("ab") as writer:
                for _ in range(20):
                    writer.write(b"1" * 200)
                    writer.flush()
                    index.scan(1)
        finally:
            done.set()
            sys.setswitchinterval(interval)
        for each in reading:
            each.result()
    assert lines == {11}


def test_a_last_line_without_an_end_grows_and_is_followed_by_others(tmp_path: Path) -> None:
    path = tmp_path / "grows.jsonl"
    path.write_bytes(b'{"a":')
    with PlainFile(path) as file:
        index = LineIndex(file)
        for more in (b"1", b"}\n\n{", b"}"):
            index.scan(1)
            with path.open("ab") as writer:
                writer.write(more)
        index.scan(1)
        assert [index.read(at).row.value for at in range(index.count)] == [{"a": 1}, {}]
        assert [index.line(at) for at in range(index.count)] == [1, 3]
