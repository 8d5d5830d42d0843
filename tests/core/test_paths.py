import errno
import fcntl
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype import paths
from tintype.errors import FileError

TOO_LONG = "x" * 300


@pytest.mark.parametrize("typed", ["~q", "~qz/x.jsonl", "a\0b", "\ud800", "", "   ", "''"])
def test_what_is_no_path_is_refused_with_a_sentence(typed: str) -> None:
    with pytest.raises(FileError) as refused:
        paths.typed_path(typed)

    assert str(refused.value).endswith(".")
    assert str(refused.value).isprintable()


def test_an_unknown_home_comes_with_a_way_out() -> None:
    with pytest.raises(FileError, match=r"no user q on this machine.*type \./~q/cards\.jsonl"):
        paths.typed_path("~q/cards.jsonl")


def test_paths_are_understood_as_typed_pasted_or_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ann")

    assert paths.typed_path(" ~/a b.jsonl ") == Path("/home/ann/a b.jsonl")
    assert paths.typed_path("'/data/a b.jsonl'") == Path("/data/a b.jsonl")
    assert paths.typed_path("file:///data/a%20b.jsonl") == Path("/data/a b.jsonl")
    assert os.fsencode(paths.typed_path("caf\udce9.jsonl")) == b"caf\xe9.jsonl"  # not UTF-8


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Z", "C"])))
def test_any_text_is_a_path_or_a_file_error(typed: str) -> None:
    try:
        path = paths.typed_path(typed)
    except FileError:
        return
    paths.status(path)


def test_status_tells_files_folders_devices_and_nothing_apart(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_bytes(b"12345")

    assert paths.status(file).kind == "file"
    assert paths.status(file).size_bytes == paths.size(file) == 5
    assert paths.modified(file).tzinfo is not None
    assert paths.status(tmp_path).kind == "folder"
    assert paths.status(Path("/dev/null")).kind == "other"
    assert paths.status(tmp_path / "b").kind == "missing"
    assert paths.status(file / "below a file").kind == "missing"


def test_what_cannot_be_known_is_unknown_and_says_why(tmp_path: Path) -> None:
    circle = tmp_path / "circle"
    circle.symlink_to(circle)

    for path, reason in (
        (tmp_path / TOO_LONG, "the name is too long"),
        (circle, "its symbolic links form a loop"),
        (Path("a\0b"), "null"),
        (Path("\ud800"), "surrogates"),
    ):
        found = paths.status(path)
        assert found.kind == "unknown"
        assert reason in found.reason
        assert not paths.exists(path)
        assert not paths.is_file(path)
        assert not paths.is_folder(path)
        with pytest.raises(FileError, match=r"Cannot access"):
            paths.size(path)


def test_what_must_be_there_is_named_when_it_is_not(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"There is no file or folder .*gone\.jsonl\."):
        paths.require(tmp_path / "gone.jsonl")
    with pytest.raises(FileError, match="is a folder, not a file"):
        paths.require(tmp_path, "file")


def test_reading_fails_with_what_why_and_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="is a folder, not a file"):
        paths.read_bytes(tmp_path)
    with pytest.raises(FileError, match=r"Cannot read /proc/self/mem: "):
        paths.read_bytes(Path("/proc/self/mem"))  # a file that opens and cannot be read
    latin = tmp_path / "latin.txt"
    latin.write_bytes(b"caf\xe9")
    with pytest.raises(FileError, match=r"byte 3 is not UTF-8\. Save it as UTF-8\."):
        paths.read_text(latin)
    assert paths.read_text(latin, errors="replace") == "caf�"
    with pytest.raises(FileError, match="larger than 3 bytes"):
        paths.read_bytes(latin, max_bytes=3)
    assert paths.read_text(Path("/proc/self/status"))  # whose size is said to be nothing


def test_a_fifo_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")

    with pytest.raises(FileError, match="is a device, socket or FIFO, not a file"):
        paths.read_bytes(tmp_path / "fifo")


def test_permission_errors_name_the_command_that_helps() -> None:
    denied = PermissionError(errno.EACCES, "Permission denied")

    assert str(paths.failure("read", Path("train.jsonl"), denied)) == (
        "Cannot read train.jsonl: permission denied. "
        "Run `chmod u+r train.jsonl` or choose another file."
    )


def test_a_file_is_written_whole_and_nothing_is_overwritten_unasked(tmp_path: Path) -> None:
    target = tmp_path / "new" / "a.txt"

    assert paths.write_whole(target, "é") == target
    assert target.read_bytes() == "é".encode()
    with pytest.raises(FileError, match="exists already"):
        paths.write_whole(target, b"other")
    paths.write_whole(target, b"other", replace=True)
    assert target.read_bytes() == b"other"
    assert os.listdir(target.parent) == ["a.txt"]


def test_a_file_that_appears_while_another_is_written_is_kept(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"

    def write() -> None:
        with paths.writing(target) as file:
            file.write(b"mine")
            target.write_bytes(b"theirs")

    with pytest.raises(FileError, match="exists already"):
        write()
    assert target.read_bytes() == b"theirs"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_an_error_while_writing_leaves_nothing(tmp_path: Path) -> None:
    def stop() -> None:
        with paths.writing(tmp_path / "a.txt") as file:
            file.write(b"half")
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        stop()
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "where", ["/proc/no/such/a.txt", "/dev/null/a.txt", f"/tmp/{TOO_LONG}", "/tmp/a\0b", "/tmp"]
)
def test_writing_where_nothing_can_be_written_is_a_file_error(where: str) -> None:
    with pytest.raises(FileError):
        paths.write_whole(Path(where), "x")


def test_half_a_character_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="character 2 of the text is half of a surrogate pair"):
        paths.write_whole(tmp_path / "a.txt", "a\ud83d")
    assert os.listdir(tmp_path) == []


def test_private_files_and_folders_are_for_this_user_alone(tmp_path: Path) -> None:
    paths.make_folder(tmp_path / "mine", private=True)
    paths.write_whole(tmp_path / "mine" / "key", "x", private=True)

    assert (tmp_path / "mine").stat().st_mode & 0o077 == 0
    assert (tmp_path / "mine" / "key").stat().st_mode & 0o077 == 0


def test_a_folder_in_the_way_of_a_file_is_a_file_error(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")

    with pytest.raises(FileError, match="exists already"):
        paths.make_folder(tmp_path / "a")
    with pytest.raises(FileError, match=r"a part of the path is a file"):
        paths.make_folder(tmp_path / "a" / "b")


def test_a_log_is_private_bounded_and_no_link(tmp_path: Path) -> None:
    log = tmp_path / "state" / "crash.log"
    paths.append_private(log, b"one", max_bytes=4)
    paths.append_private(log, b"two", max_bytes=4)
    assert log.read_bytes() == b"onetwo"
    paths.append_private(log, b"three", max_bytes=4)
    assert log.read_bytes() == b"three"
    assert log.stat().st_mode & 0o077 == 0

    (tmp_path / "link").symlink_to(log)
    with pytest.raises(FileError, match=r"circle|symbolic"):
        paths.append_private(tmp_path / "link", b"x", max_bytes=4)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("ftjob-AbC123", "ftjob-AbC123.csv"),
        ("../evil", "_evil.csv"),
        ("/etc/passwd", "_etc_passwd.csv"),
        ("..", "_.csv"),
        ("", "_.csv"),
        ("a\0b\x1b[31m\nc", "a_b_31m_c.csv"),
        ("-rf", "rf.csv"),
        ("\ud800", "_.csv"),
        ("köln 1", "köln 1.csv"),
    ],
)
def test_a_name_from_anywhere_becomes_one_safe_name(text: str, name: str) -> None:
    assert paths.safe_name(text, ".csv") == name


@given(st.text(), st.sampled_from(["", ".csv", ".jsonl"]))
def test_safe_names_stay_in_their_folder_and_can_be_written(text: str, ending: str) -> None:
    name = paths.safe_name(text, ending)

    assert name == Path(name).name
    assert not name.startswith((".", "-"))
    assert len(os.fsencode(name)) <= 120


def test_two_long_names_stay_apart() -> None:
    assert paths.safe_name("é" * 200 + "1") != paths.safe_name("é" * 200 + "2")


def test_what_is_typed_is_completed_folders_first(tmp_path: Path) -> None:
    for name in ("train.jsonl", "Training.jsonl", "train.txt", ".train.jsonl", "valid.jsonl"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "old train").mkdir()

    def names(typed: str) -> list[str]:
        found = paths.completions(f"{tmp_path}/{typed}", endings=(".jsonl",))
        return [entry.path.name for entry in found]

    assert names("TRAIN") == ["old train", "train.jsonl", "Training.jsonl"]
    assert names(".tr") == [".train.jsonl"]
    assert len(names("")) == 4
    assert len(paths.completions(f"{tmp_path}/", most=2)) == 2


def test_a_folder_that_cannot_be_listed_says_so(tmp_path: Path) -> None:
    for typed in (f"{tmp_path}/gone/", "~q", f"{tmp_path}/{TOO_LONG}/a"):
        with pytest.raises(FileError):
            paths.completions(typed)


def test_a_scratch_folder_goes_with_its_content(monkeypatch: pytest.MonkeyPatch) -> None:
    with paths.scratch_folder() as folder:
        paths.write_whole(folder / "a.txt", "x")
    assert not folder.exists()

    monkeypatch.setattr("tempfile.tempdir", "/proc/no/such")
    with pytest.raises(FileError, match="Cannot make a temporary folder"), paths.scratch_folder():
        pass


def test_the_current_folder_may_have_been_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    (tmp_path / "here").rmdir()

    assert paths.current_folder() == Path()
    assert paths.absolute(Path("a")) == Path("a")


def test_what_a_killed_run_has_left_is_written_over_by_who_has_the_place_alone(
    tmp_path: Path,
) -> None:
    target = tmp_path / "kept.zip"
    ending = (
        "import os, sys, pathlib; from tintype.paths import writing\n"
        "with writing(pathlib.Path(sys.argv[1]), replace=True, alone=True) as file:\n"
        "    file.write(b'half'); file.flush(); os._exit(9)"
    )
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", ending, str(target)], check=False)
        assert done.returncode == 9
    assert len(list(tmp_path.iterdir())) == 1
    with paths.writing(target, replace=True, alone=True) as file:
        file.write(b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["kept.zip"]
    assert target.read_bytes() == b"x"


def test_no_other_folder_is_advised_for_what_cannot_be_removed() -> None:
    for number, advice in {errno.EACCES: "Make its folder writable.", errno.EROFS: ""}.items():
        assert paths.failure("remove", Path("a"), OSError(number, "no")).advice == advice


def test_who_only_looks_whether_a_lock_is_held_keeps_nobody_from_taking_it(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    look = os.open(lock, os.O_RDWR | os.O_CREAT)
    fcntl.flock(look, fcntl.LOCK_SH)  # as `is_held` does for a moment
    looked = threading.Timer(0.05, os.close, [look])
    looked.start()
    taken = paths.locked(lock)
    looked.join()
    assert taken is not None
    with taken:
        assert paths.is_held(lock)
        assert paths.locked(lock) is None
    assert not paths.is_held(lock)


def test_several_paths_are_typed_at_once(tmp_path: Path) -> None:
    for name in ("a;b.json", "t.json", "v1.json", "v2.json"):
        (tmp_path / name).touch()
    found = paths.typed_paths(f"{tmp_path}/t.json; v*.json;v1.json ;{tmp_path}/t.json;")
    assert [path.name for path in found] == ["t.json", "v1.json", "v2.json"]
    assert paths.typed_paths("v2.json", tmp_path) == [tmp_path / "v2.json"]
    assert paths.typed_paths(f"{tmp_path}/a;b.json") == [tmp_path / "a;b.json"]
    for nothing in (f"{tmp_path}/t.json; gone.json", f"{tmp_path}/x*", ";"):
        with pytest.raises(FileError):
            paths.typed_paths(nothing)
