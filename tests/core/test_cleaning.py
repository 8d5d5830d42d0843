"""What is kept on this machine: listed, and removed only as far as that is safe."""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tintype import cleaning
from tintype.cleaning import FREE, KINDS, StoredItem
from tintype.errors import ConfirmationError, SettingsError, StoreError
from tintype.evaluation.run_folder import listed as listed_runs
from tintype.paths import locked
from tintype.paths.staging import StagingFolder
from tintype.settings import Folders, load
from tintype.settings.forms import CLEANED

DAY_S = 86_400.0


@pytest.fixture
def kept(tmp_path: Path) -> Folders:
    """Folders with something of each kind, written now."""
    folders = Folders(*(tmp_path / name for name in ("config", "data", "state", "cache")))
    for path, text in {
        folders.cache / "checks" / "a.checked": "abc",
        folders.cache / "shown" / "image-1.png": "png",
        folders.cache / "copied.txt": "x",
        folders.data / "server" / "server.db": "db",
        folders.data / "server" / "server.log": "log",
        folders.data / "server" / "jobs" / "ftjob-1" / "model" / "weights": "weights",
        folders.data / "evaluations" / "run-1" / "answers.jsonl": "{}\n",
        folders.data / "evaluations" / "run-1" / "manifest.json": "{}",
        folders.data / "samples" / "cards" / "train.jsonl": "{}",
        folders.data / "somebody's" / "thing": "?",
        folders.state / "tintype.sqlite": "sql",
        folders.state / "crash.log": "crash",
        folders.state / "recorders" / "openai" / "recorder.log": "log",
        folders.state / "recorders" / "openai" / "status.json": "{}",
        folders.config / "keys.toml": "key",
    }.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folders


def listed(folders: Folders, kind: str) -> list[StoredItem]:
    return [one for one in cleaning.survey(folders) if one.kind == kind]


def aged(path: Path, days: float) -> Path:
    at = path.stat().st_mtime - days * DAY_S
    os.utime(path, (at, at))
    return path


def test_all_that_is_kept_is_listed_with_its_size_and_kind(kept: Folders) -> None:
    found = cleaning.survey(kept)
    assert {one.kind for one in found} == {
        "checks", "cache", "logs", "evaluations", "samples", "server", "store", "config", "other",
    }  # fmt: skip
    [run] = listed(kept, "evaluations")
    assert (run.name, run.size_bytes, run.held) == ("run-1", 5, "")
    assert run.changed_at is not None
    assert sorted(one.name for one in listed(kept, "logs")) == [
        "crash.log", "recorder.log", "server.log",
    ]  # fmt: skip
    assert {one.name for one in listed(kept, "server")} == {"jobs", "server.db"}
    assert CLEANED == FREE  # what settings may name


def test_what_can_be_made_again_goes_and_nothing_else(kept: Folders) -> None:
    for item in cleaning.survey(kept):
        if KINDS[item.kind].mode == "free":
            assert cleaning.remove(item, kept) == item.size_bytes
        elif KINDS[item.kind].mode == "typed":
            with pytest.raises(ConfirmationError, match="not its name"):
                cleaning.remove(item, kept, typed=item.name[:-1])
        else:
            with pytest.raises(SettingsError, match="not removed from here"):
                cleaning.remove(item, kept, typed=item.name)
    left = cleaning.survey(kept)
    assert not {one.kind for one in left} & {*FREE}
    assert {one.kind for one in left} == {
        "evaluations", "samples", "server", "store", "config", "other",
    }  # fmt: skip
    [run] = listed(kept, "evaluations")
    cleaning.remove(run, kept, typed="run-1")
    assert not listed(kept, "evaluations")
    assert not list(kept.data.rglob("*.tmp"))


def test_what_a_running_process_holds_stays(kept: Folders) -> None:
    server = kept.data / "server"
    recorder = kept.state / "recorders" / "openai"
    held = [locked(folder / "lock") for folder in (server, recorder)]
    held.append(locked(kept.data / "evaluations" / "run-1" / "answers.jsonl"))
    (kept.data / "restored" / "openai").mkdir(parents=True)
    held.append(locked(kept.data / "restored" / ".lock"))
    kinds = ("logs", "evaluations", "restored")
    before = [one for kind in kinds for one in listed(kept, kind)]
    assert {one.name for one in before} >= {"openai"}
    assert not {one.name for one in before} & {".lock"}
    assert [bool(one.held) for one in before] == [one.name != "crash.log" for one in before]
    for item in before:
        if item.held:  # also where it was looked at before it was taken
            with pytest.raises(StoreError, match=r"running|restored"):
                cleaning.remove(replace(item, held=""), kept, typed=item.name)
    assert (kept.data / "evaluations" / "run-1" / "manifest.json").exists()
    for lock in held:
        assert lock is not None
        lock.close()
    assert not [one for kind in kinds for one in listed(kept, kind) if one.held]


def test_what_a_killed_run_left_is_found_once_nobody_can_be_writing_it(
    kept: Folders, tmp_path: Path
) -> None:
    archive = tmp_path / "elsewhere" / "kept.zip"
    archive.parent.mkdir()
    archive.write_bytes(b"zip")
    for path in (
        kept.data / "server" / "jobs" / ".tintype-0011aabb.tmp",
        kept.data / "samples" / ".tintype-aabbccddeeff.tmp",
        archive.with_name(".tintype-kept.zip.tmp"),
    ):
        path.write_bytes(b"half")
    (archive.parent / ".somebody's.tmp").write_bytes(b"?")

    def left() -> list[StoredItem]:
        found = cleaning.survey(kept, [archive])
        return [one for one in found if one.kind == "leftovers"]

    assert not left()
    aged(archive.with_name(".tintype-kept.zip.tmp"), 2)
    aged(archive.parent / ".somebody's.tmp", 2)
    old = aged(kept.data / "samples" / ".tintype-aabbccddeeff.tmp", 2)
    assert {one.path for one in left()} == {old, archive.with_name(".tintype-kept.zip.tmp")}
    items = left()
    os.utime(old)  # somebody writes to it after all
    with pytest.raises(StoreError, match="within a day"):
        cleaning.remove(next(one for one in items if one.path == old), kept)
    cleaning.remove(next(one for one in items if one.path != old), kept)
    assert not left()
    assert archive.exists()


def test_what_was_being_removed_is_no_evaluation_any_more(kept: Folders) -> None:
    runs = kept.data / "evaluations"
    assert len(listed_runs(runs)) == 1
    (runs / "run-1").rename(runs / ".tintype-aabbccddeeff.tmp")
    assert listed_runs(runs) == ()
    aged(runs / ".tintype-aabbccddeeff.tmp" / "answers.jsonl", 2)
    aged(runs / ".tintype-aabbccddeeff.tmp" / "manifest.json", 2)
    assert [one.name for one in listed(kept, "leftovers")] == [".tintype-aabbccddeeff.tmp"]


def test_a_link_is_removed_and_not_what_it_leads_to(kept: Folders, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("precious")
    (kept.cache / "link").symlink_to(precious)
    [item] = [one for one in listed(kept, "cache") if one.name == "link"]
    assert item.size_bytes < 200
    cleaning.remove(item, kept)
    assert (precious / "file").read_text() == "precious"
    assert not (kept.cache / "link").is_symlink()


def test_hidden_files_of_a_person_are_no_leftovers(kept: Folders, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    own = [archive / ".mine.tmp", kept.data / "samples" / "cards" / ".mine.tmp"]
    for path in own:
        path.parent.mkdir(exist_ok=True)
        path.write_text("precious")
        aged(path, 400)
    assert not [one for one in cleaning.survey(kept, [archive]) if one.kind == "leftovers"]
    for path in own:
        with pytest.raises(SettingsError):
            cleaning.remove(StoredItem("leftovers", path, 8, None), kept)
        assert path.read_text() == "precious"


def test_what_is_unpacked_with_its_old_times_is_no_leftover(kept: Folders) -> None:
    staging = StagingFolder(kept.data / "samples")
    (staging.path / "image.png").write_text("png")
    aged(staging.path / "image.png", 400)
    assert not listed(kept, "leftovers")
    with pytest.raises(StoreError, match="being written"):
        cleaning.remove(StoredItem("leftovers", staging.path, 3, None), kept)
    assert (staging.path / "image.png").exists()
    staging.close()


@pytest.mark.parametrize(
    "names",
    [
        ("t", "t", "t", "t"),
        ("t", "t", "t", "cache"),  # as on macOS
        ("cache/config", "cache/data/t", "cache/state", "cache"),
        ("t", "t/data", "t/state", "t"),
    ],
)
def test_folders_that_are_one_or_in_one_another_keep_what_they_hold(
    names: tuple[str, ...], tmp_path: Path
) -> None:
    folders = Folders(*(tmp_path / name for name in names))
    for path in (
        precious := [
            folders.config / "keys.toml",
            folders.data / "server" / "server.db",
            folders.data / "evaluations" / "run-1" / "answers.jsonl",
            folders.data / "samples" / "cards" / "train.jsonl",
            folders.data / "unknown" / "thing",
            folders.state / "tintype.sqlite",
            folders.state / "recorders" / "openai" / "status.json",
        ]
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("?")
    (checked := folders.cache / "checks" / "a.checked").parent.mkdir(parents=True)
    checked.write_text("abc")
    items = cleaning.survey(folders)
    assert [one.name for one in items if KINDS[one.kind].mode == "free"] == ["a.checked"]
    assert [one.name for one in items if KINDS[one.kind].mode == "typed"] == ["run-1", "cards"]
    for item in items:
        if KINDS[item.kind].mode == "free":
            cleaning.remove(item, folders)
    assert not checked.exists()
    assert all(path.exists() for path in precious)


@pytest.mark.parametrize("place", ["", "inner"])
def test_what_another_home_keeps_in_the_cache_stays(place: str, kept: Folders) -> None:
    home = kept.cache / place
    for name in ("state/tintype.sqlite", "config/keys.toml", "data/samples/cards/train.jsonl"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text("?")
    for item in listed(kept, "cache"):
        if item.path.is_relative_to(home) or home.is_relative_to(item.path):
            with pytest.raises(StoreError, match="Another TINTYPE_HOME"):
                cleaning.remove(item, kept)
    assert len([one for one in home.rglob("*") if one.is_file()]) >= 3
    assert cleaning.clean_due(kept, {"cache": 1}) == 0


def test_what_is_not_of_these_folders_is_refused(kept: Folders, tmp_path: Path) -> None:
    other = tmp_path / "x.checked"
    other.write_text("?")
    forged = [
        StoredItem("checks", other, 1, None),
        StoredItem("checks", kept.data / "server" / "server.db", 1, None),
        StoredItem("leftovers", kept.state / "tintype.sqlite", 1, None),
    ]
    for item in forged:
        with pytest.raises(SettingsError):
            cleaning.remove(item, kept)
        assert item.path.exists()


def test_nothing_is_due_unless_the_settings_say_so(kept: Folders) -> None:
    aged(kept.cache / "checks" / "a.checked", 40)
    aged(kept.data / "samples" / "cards" / "train.jsonl", 400)
    items, now = cleaning.survey(kept), datetime.now(UTC) + timedelta(seconds=5)
    assert cleaning.due(items, {}, now) == ()
    assert cleaning.due(items, {"checks": 41}, now) == ()
    assert [one.name for one in cleaning.due(items, {"checks": 30, "samples": 1}, now)] == [
        "a.checked"
    ]
    assert cleaning.clean_due(kept, {}) == 0
    assert cleaning.clean_due(kept, {"checks": 30, "logs": 1}) == 3
    assert not listed(kept, "checks")
    assert len(listed(kept, "logs")) == 3


@pytest.mark.parametrize(
    ("words", "days"),
    [("", {}), ("checks=30 logs=90", {"checks": 30, "logs": 90})],
)
def test_days_are_read_from_a_variable(words: str, days: object, tmp_path: Path) -> None:
    environ = {"TINTYPE_HOME": str(tmp_path), "TINTYPE_CLEAN_AFTER_DAYS": words}
    assert load(environ=environ).clean_after_days == days
    for wrong in ("evaluations=3", "checks=0", "checks", "checks=x"):
        with pytest.raises(SettingsError, match="a table of days"):
            load(environ={**environ, "TINTYPE_CLEAN_AFTER_DAYS": wrong})
