"""Trainers as processes, and the files they share with the server."""

import json
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype.engines import engines, journal, launch
from tintype.engines.base import Note, Report, Resolved, Saved, Step, TrainingOrder
from tintype.engines.journal import JournalEntry
from tintype.errors import EngineError
from tintype.server.reports import settled


def ordered(folder: Path, rows: bytes, model: str = "scripted") -> TrainingOrder:
    (folder / "training.jsonl").write_bytes(rows)
    order = TrainingOrder(
        folder / "training.jsonl", None, folder / "engine", Resolved(1, 5, 1.0), 0, "all"
    )
    launch.write_order(folder, model, order)
    return order


def told(folder: Path) -> list[Report]:
    return [entry.report for entry in journal.read(folder / launch.REPORTS, 0)[0]]


def test_an_order_comes_back_as_it_was_written(tmp_path: Path) -> None:
    order = ordered(tmp_path, b"")
    assert launch.read_order(tmp_path) == ("scripted", order)


@pytest.mark.usefixtures("scripted_engine")
def test_a_trainer_works_in_a_session_of_its_own_until_it_is_done(
    tmp_path: Path,
    rows: Callable[..., bytes],
    until: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ordered(tmp_path, rows(wait_at=2))
    monkeypatch.delenv("OPENBLAS_NUM_THREADS")
    assert not launch.alive(tmp_path)
    launch.launch(tmp_path)
    assert launch.alive(tmp_path)
    until(lambda: told(tmp_path))
    pid = int((tmp_path / launch.LOCK).read_text())
    assert os.getsid(pid) == pid != os.getsid(0)
    assert os.getpriority(os.PRIO_PROCESS, pid) == min(19, os.getpriority(os.PRIO_PROCESS, 0) + 5)
    environment = Path(f"/proc/{pid}/environ").read_bytes()
    assert b"OMP_NUM_THREADS=1" in environment
    assert b"OPENBLAS_NUM_THREADS=1" in environment
    with pytest.raises(EngineError, match="is already running"):
        launch.launch(tmp_path)
    (tmp_path / "engine" / "go").touch()
    until(lambda: not launch.alive(tmp_path))
    assert launch.ending(tmp_path) == launch.Ending("succeeded")
    assert [type(report) for report in told(tmp_path)] == [Step, Step, Saved]


@pytest.mark.usefixtures("scripted_engine")
@pytest.mark.parametrize("wanted", ["pause", "cancel"])
def test_a_trainer_does_what_is_wanted(
    tmp_path: Path, rows: Callable[..., bytes], until: Callable[..., Any], wanted: Any
) -> None:
    ordered(tmp_path, rows(wait_at=2))
    launch.launch(tmp_path)
    until(lambda: told(tmp_path))
    launch.want(tmp_path, wanted)
    until(lambda: not launch.alive(tmp_path))
    ended = launch.ending(tmp_path)
    assert ended is not None
    assert ended.outcome == {"pause": "paused", "cancel": "cancelled"}[wanted]


@pytest.mark.usefixtures("scripted_engine")
def test_an_interrupted_trainer_says_nothing_and_goes_on_later(
    tmp_path: Path, rows: Callable[..., bytes], until: Callable[..., Any]
) -> None:
    ordered(tmp_path, rows(wait_at=2))
    launch.launch(tmp_path)
    until(lambda: told(tmp_path))
    launch.interrupt(tmp_path)
    until(lambda: not launch.alive(tmp_path))
    assert launch.ending(tmp_path) is None
    (tmp_path / "engine" / "go").touch()
    launch.launch(tmp_path)
    until(lambda: launch.ending(tmp_path))
    assert [type(report) for report in told(tmp_path)] == [Step, Note, Step, Saved]


@pytest.mark.usefixtures("scripted_engine")
def test_a_trainer_that_crashes_leaves_its_last_words(
    tmp_path: Path, rows: Callable[..., bytes], until: Callable[..., Any]
) -> None:
    ordered(tmp_path, rows(crash_at=1))
    launch.launch(tmp_path)
    until(lambda: not launch.alive(tmp_path))
    assert launch.ending(tmp_path) is None
    assert launch.last_words(tmp_path) == "RuntimeError: the engine has a bug"


def test_an_engine_that_is_gone_ends_the_job_with_a_sentence(
    tmp_path: Path, until: Callable[..., Any]
) -> None:
    ordered(tmp_path, b"", model="gone")
    launch.launch(tmp_path)
    ended = until(lambda: launch.ending(tmp_path))
    assert ended == launch.Ending(
        "failed", "There is no engine for 'gone' on this machine any more."
    )


def test_a_dead_or_absent_trainer_is_not_signalled(tmp_path: Path) -> None:
    launch.kill(tmp_path)
    (tmp_path / launch.LOCK).write_text(str(os.getpid()))
    launch.kill(tmp_path)
    assert not launch.alive(tmp_path)


def test_engines_are_found_by_their_models(scripted_engine: None) -> None:
    assert engines().keys() >= {"tintype-tiny", "scripted"}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nowhere:Engine", "No module named 'nowhere'"),
        ("json:Engine", "has no attribute 'Engine'"),
        ("json", "cannot be loaded"),
        ("json:JSONDecoder", "is not an engine"),
    ],
)
def test_an_engine_that_cannot_be_loaded_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, name: str, message: str
) -> None:
    monkeypatch.setenv("TINTYPE_ENGINES", name)
    with pytest.raises(EngineError, match=message):
        engines()


NUMBERS = st.floats()
REPORTS = st.one_of(
    st.builds(
        Step,
        st.integers(0, 9),
        st.integers(0, 9),
        st.integers(1, 9),
        st.dictionaries(st.text(), NUMBERS),
    ),
    st.builds(
        Saved,
        st.integers(0, 9),
        st.integers(1, 9),
        st.builds(Path, st.text("ab/", min_size=1)),
        st.dictionaries(st.text(), NUMBERS),
    ),
    st.builds(Note, st.text(), st.sampled_from(["info", "warn"])),
)


def same(one: Report, other: Report) -> bool:
    return repr(one) == repr(other)  # NaN equals nothing, itself included


@given(reports=st.lists(REPORTS, max_size=8), torn=st.integers(0, 40), chunk=st.integers(400, 999))
def test_every_whole_line_is_read_once_and_a_torn_one_passed_over(
    tmp_path_factory: pytest.TempPathFactory, reports: list[Report], torn: int, chunk: int
) -> None:
    path = tmp_path_factory.mktemp("journal") / "reports.jsonl"
    written = json.dumps({"at": 1, "kind": "step", "step": 1}) + "\n"
    for part in (reports, reports):
        descriptor = journal.open_journal(path)
        for report in part:
            journal.write(descriptor, JournalEntry(2.5, report))
        os.write(descriptor, written.encode()[:torn])
        os.close(descriptor)
    found, at = [], 0
    while True:
        entries, after = journal.read(path, at)
        found += entries
        if after == at:
            break
        at = after
    assert len(found) == 2 * len(reports)
    assert all(map(same, [entry.report for entry in found], reports * 2))
    assert all(entry.at == 2.5 for entry in found)


def test_an_absent_journal_is_empty(tmp_path: Path) -> None:
    assert journal.read(tmp_path / "none", 0) == ([], 0)


def entry(report: Report, at: int) -> JournalEntry:
    return JournalEntry(float(at), report, at)


def step(number: int, **metrics: float) -> Step:
    return Step(number, 6, 1, metrics)


def steps(entries: Any) -> list[tuple[int, set[str]]]:
    return [(e.report.step, set(e.report.metrics)) for e in entries if isinstance(e.report, Step)]


@pytest.mark.parametrize(
    ("reports", "ended", "expected"),
    [
        ([step(1, a=1), step(2, a=1)], False, [(1, {"a"}), (2, {"a"})]),
        ([step(2, a=1), step(3, a=1)], False, [(2, {"a"})]),
        ([step(2, a=1), step(3, a=1)], True, [(2, {"a"}), (3, {"a"})]),
        ([step(3, a=1), step(3, b=1)], False, [(3, {"a", "b"})]),
        ([step(3, a=1), Saved(3, 1, Path("x"), {})], False, [(3, {"a"})]),
        ([step(3, a=1), step(4, a=1)], False, [(3, {"a"}), (4, {"a"})]),
        ([step(3, a=1), Note("x"), step(3, b=1)], False, [(3, {"a", "b"})]),
        ([step(3, a=1), Note("again"), step(2, a=1)], False, [(2, {"a"})]),
        ([step(3, a=1), Note("again")], False, []),
        ([step(3, a=1), Note("again")], True, [(3, {"a"})]),
    ],
)
def test_the_last_step_of_an_epoch_is_told_with_its_validation(
    reports: list[Report], ended: bool, expected: list[tuple[int, set[str]]]
) -> None:
    entries = [entry(report, at) for at, report in enumerate(reports, start=1)]
    assert steps(settled(entries, 2, ended=ended)) == expected


def test_numbers_survive_the_journal(tmp_path: Path) -> None:
    descriptor = journal.open_journal(tmp_path / "j")
    metrics = {"nan": math.nan, "inf": math.inf, "third": 1 / 3}
    journal.write(descriptor, JournalEntry(1.0, step(1, **metrics)))
    os.close(descriptor)
    [found] = told_by(tmp_path / "j")
    assert isinstance(found, Step)
    assert math.isnan(found.metrics["nan"])
    assert (found.metrics["inf"], found.metrics["third"]) == (math.inf, 1 / 3)


def told_by(path: Path) -> list[Report]:
    return [one.report for one in journal.read(path, 0)[0]]
