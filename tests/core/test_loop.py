"""The loop as a value: what a choice means for the rest, and what comes next."""

from dataclasses import replace
from pathlib import Path

import pytest

from tintype.loop import LoopState

TRAIN, VALID, OTHER = Path("/a/train.jsonl"), Path("/a/valid.jsonl"), Path("/b/train.jsonl")
BEGUN = LoopState(dataset=TRAIN, row=4, estimate="free", job="ftjob-1", job_status="running")


def progress(state: LoopState) -> list[str]:
    return [stage.progress for stage in state.stages()]


def test_nothing_is_done_at_first_and_data_comes_next() -> None:
    assert progress(LoopState()) == ["now", "todo", "todo", "todo", "todo"]


@pytest.mark.parametrize(
    ("state", "stages"),
    [
        (LoopState(dataset=TRAIN), ["done", "now", "todo", "todo", "todo"]),
        (LoopState(dataset=TRAIN, checked="error"), ["trouble", "now", "todo", "todo", "todo"]),
        (LoopState(dataset=TRAIN, estimate="free"), ["done", "done", "now", "todo", "todo"]),
        (BEGUN, ["done", "done", "now", "todo", "todo"]),
        (replace(BEGUN, job_status="failed"), ["done", "done", "trouble", "now", "todo"]),
        (replace(BEGUN, job_status="succeeded"), ["done", "done", "done", "now", "todo"]),
        (replace(BEGUN, model="ft:x", tried=True), ["done"] * 4 + ["now"]),
        (replace(BEGUN, model="ft:x", evaluation="41 %"), ["done"] * 4 + ["now"]),
        (LoopState(dataset=TRAIN, evaluation="41 %"), ["done", "todo", "todo", "done", "now"]),
        (replace(BEGUN, model="ft:x", evaluation="92 %", evaluated=True), ["done"] * 5),
    ],
)
def test_the_first_that_is_not_done_comes_next(state: LoopState, stages: list[str]) -> None:
    assert progress(state) == stages


def test_another_split_of_the_same_folder_goes_on_and_another_folder_begins_again() -> None:
    assert BEGUN.opening(VALID).job == "ftjob-1"
    assert BEGUN.opening(OTHER) == LoopState(dataset=OTHER)


def test_the_row_looked_at_last_is_kept_for_the_same_dataset_alone() -> None:
    assert BEGUN.opening(TRAIN).row == 4
    assert BEGUN.opening(VALID).row == 0
    assert BEGUN.opening(TRAIN, 7).row == 7


def test_two_requests_for_the_same_row_are_two() -> None:
    assert BEGUN.opening(TRAIN, 7).request != BEGUN.opening(TRAIN, 7).request


def test_another_provider_knows_the_data_and_nothing_else() -> None:
    assert BEGUN.elsewhere() == LoopState(dataset=TRAIN, row=4)


def test_a_session_is_restored_with_its_jobs_only_where_they_were_made(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    path.touch()
    kept = replace(BEGUN, dataset=path, model="ft:x").kept("work")
    there = LoopState.restored(kept, "work")
    assert (there.dataset, there.row, there.job, there.model) == (path, 4, "ftjob-1", "ft:x")
    assert LoopState.restored(kept, "home") == LoopState(dataset=path, row=4)


@pytest.mark.parametrize("kept", [None, [], {"dataset": 7}, {"dataset": "x" * 400}, {"row": "a"}])
def test_what_was_kept_may_be_anything(kept: object) -> None:
    assert LoopState.restored(kept, "work") == LoopState()
