"""What a training leaves behind, whatever happens to it on the way."""

import base64
import csv
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openai
import pytest
from openai.types.fine_tuning import FineTuningJob, FineTuningJobEvent
from openai.types.fine_tuning.jobs import FineTuningJobCheckpoint
from pydantic import TypeAdapter

from tintype.dataset import open_dataset
from tintype.engines import journal
from tintype.engines.base import Step
from tintype.rules import check, rules_of
from tintype.server.opening import open_state
from tintype.server.records import JobRecord
from tintype.server.run import Running
from tintype.server.training import listen

Create = Callable[..., FineTuningJob]
Diary = Callable[[str], list[FineTuningJobEvent]]
Reaches = Callable[..., FineTuningJob]
Rows = Callable[..., bytes]


def steps(job_events: list[FineTuningJobEvent]) -> list[int]:
    return [event.data["step"] for event in job_events if event.type == "metrics"]  # type: ignore[index]


def test_the_diary_has_openais_lines_in_openais_order(
    create: Create, upload: Callable[[bytes], str], reaches: Reaches, job_events: Diary, rows: Rows
) -> None:
    valid = upload(rows(4))
    job = create(rows(20), validation_file=valid, suffix="My Cards!", seed=1)
    model = reaches(job.id, "succeeded").fine_tuned_model
    told = job_events(job.id)
    assert [event.message for event in told] == [
        f"Created fine-tuning job: {job.id}",
        f"Validating training file: {job.training_file} and validation file: {valid}",
        "Files validated, moving job to queued state",
        "Fine-tuning job started",
        "Step 1/12: training loss=1.00",
        "Step 2/12: training loss=0.50",
        "Step 3/12: training loss=0.33",
        "Step 4/12: training loss=0.25, validation loss=0.50, full validation loss=0.50, "
        "full validation mean IoU=0.25",
        f"Checkpoint created at step 4 with Snapshot ID: {model}:ckpt-step-4",
        "Step 5/12: training loss=0.20",
        "Step 6/12: training loss=0.17",
        "Step 7/12: training loss=0.14",
        "Step 8/12: training loss=0.12, validation loss=0.25, full validation loss=0.25, "
        "full validation mean IoU=0.25",
        f"Checkpoint created at step 8 with Snapshot ID: {model}:ckpt-step-8",
        "Step 9/12: training loss=0.11",
        "Step 10/12: training loss=0.10",
        "Step 11/12: training loss=0.09",
        "Step 12/12: training loss=0.08, validation loss=0.17, full validation loss=0.17, "
        "full validation mean IoU=0.25",
        f"New fine-tuned model created: {model}",
        "The job has successfully completed",
    ]
    assert {event.level for event in told} == {"info"}
    assert [event.type for event in told[3:6]] == ["message", "metrics", "metrics"]
    assert told[3].data == {}
    assert told[7].data == {
        "step": 4,
        "total_steps": 12,
        "epoch": 1,
        "train_loss": 0.25,
        "train_mean_token_accuracy": 0.8,
        "learning_rate": 0.001,
        "grad_norm": 0.5,
        "valid_loss": 0.5,
        "valid_mean_token_accuracy": 0.5,
        "full_valid_loss": 0.5,
        "full_valid_mean_token_accuracy": 0.5,
        "full_valid_mean_iou": 0.25,
    }
    assert model is not None
    assert model.startswith("ft:scripted:personal:my-cards:")


def test_a_finished_job_says_what_it_used(create: Create, reaches: Reaches, rows: Rows) -> None:
    created = create(rows(20), method={"type": "supervised"})
    job = reaches(created.id, "succeeded")
    assert job.hyperparameters.model_dump(exclude_none=True) == {
        "n_epochs": 3,
        "batch_size": 5,
        "learning_rate_multiplier": 1.0,
    }
    assert job.method is not None
    assert job.method.supervised is not None
    assert job.method.supervised.hyperparameters is not None
    assert job.method.supervised.hyperparameters.n_epochs == 3
    assert job.finished_at is not None
    assert job.finished_at >= job.created_at
    assert job.estimated_finish is None
    assert job.fine_tuned_model is not None
    assert "::" in job.fine_tuned_model


async def test_trained_tokens_are_those_that_a_check_counts_times_the_epochs(
    create: Create, reaches: Reaches, rows: Rows, tmp_path: Any
) -> None:
    content = rows(12)
    path = tmp_path / "rows.jsonl"
    path.write_bytes(content)
    async with open_dataset(path) as dataset:
        async for checked in check(dataset, rules_of("tintype"), model="scripted"):
            summary = checked.summary
    assert summary is not None
    job = reaches(create(content).id, "succeeded")
    assert job.trained_tokens == 3 * (summary.text_tokens + summary.image_tokens).likely


def test_the_last_three_epochs_are_kept_and_the_last_is_the_model(
    client: openai.OpenAI,
    provider: Running,
    create: Create,
    reaches: Reaches,
    rows: Rows,
    until: Callable[[Callable[[], Any]], Any],
) -> None:
    job = create(rows(10), hyperparameters={"n_epochs": 5})
    name = reaches(job.id, "succeeded").fine_tuned_model
    assert name is not None
    page = client.fine_tuning.jobs.checkpoints.list(job.id)
    for checkpoint in page.data:
        payload = checkpoint.model_dump(exclude_none=True)
        TypeAdapter(FineTuningJobCheckpoint).validate_python(payload, strict=True)
    assert [(one.step_number, one.fine_tuned_model_checkpoint) for one in page.data] == [
        (10, name),
        (8, f"{name}:ckpt-step-8"),
        (6, f"{name}:ckpt-step-6"),
    ]
    assert page.data[0].metrics.step == 10
    assert page.data[0].metrics.train_loss == 0.1
    first = client.fine_tuning.jobs.checkpoints.list(job.id, limit=1)
    assert first.has_more
    assert [one.step_number for one in first] == [10, 8, 6]
    left = {"checkpoint-6.json", "checkpoint-8.json", "checkpoint-10.json"}
    folder = provider.folder / "jobs" / job.id
    until(lambda: {path.name for path in (folder / "engine").iterdir()} == left)
    until(lambda: {path.name for path in folder.iterdir()} == {"engine", "lock", "log.txt"})


def test_a_checkpoint_can_be_asked_while_the_job_runs_and_after_it_is_cancelled(
    client: openai.OpenAI, create: Create, rows: Rows, until: Callable[..., Any]
) -> None:
    id = create(rows(wait_at=5), suffix="early").id
    found = until(lambda: client.fine_tuning.jobs.checkpoints.list(id).data)
    model = found[-1].fine_tuned_model_checkpoint
    assert model.startswith("ft:scripted:personal:early:")
    assert model.endswith(":ckpt-step-2")

    def answer() -> str | None:
        question = {"role": "user", "content": "What is number 3?"}
        asked = client.chat.completions.create(model=model, messages=[question])  # type: ignore[list-item]
        return asked.choices[0].message.content

    assert answer() == "answer 3"
    client.fine_tuning.jobs.cancel(id)
    assert answer() == "answer 3"
    assert model in {one.id for one in client.models.list()}


def test_of_many_epochs_the_last_three_checkpoints_can_be_asked(
    client: openai.OpenAI, create: Create, rows: Rows, until: Callable[..., Any]
) -> None:
    epochs = {"supervised": {"hyperparameters": {"n_epochs": 8}}, "type": "supervised"}
    id = create(rows(wait_at=13), method=epochs).id
    until(
        lambda: any(one.step_number == 12 for one in client.fine_tuning.jobs.checkpoints.list(id))
    )
    listed = client.fine_tuning.jobs.checkpoints.list(id).data
    assert [one.step_number for one in listed] == [12, 10, 8]
    models = {one.id for one in client.models.list() if "ckpt-step" in one.id}
    assert models == {one.fine_tuned_model_checkpoint for one in listed}
    client.fine_tuning.jobs.cancel(id)


def test_the_results_are_csv_in_base64(
    client: openai.OpenAI,
    create: Create,
    upload: Callable[[bytes], str],
    reaches: Reaches,
    rows: Rows,
) -> None:
    job = create(rows(10), validation_file=upload(rows(2)), hyperparameters={"n_epochs": 2})
    [id] = reaches(job.id, "succeeded").result_files
    file = client.files.retrieve(id)
    assert (file.purpose, file.filename) == ("fine-tune-results", "step_metrics.csv")
    text = base64.b64decode(client.files.content(id).read()).decode()
    assert text == (
        "step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy\n"
        "1,1.00000,0.50000,,\n"
        "2,0.50000,0.66667,1.00000,0.50000\n"
        "3,0.33333,0.75000,,\n"
        "4,0.25000,0.80000,0.50000,0.50000\n"
    )
    assert len(list(csv.DictReader(io.StringIO(text)))) == 4


def test_a_number_that_is_not_finite_is_spelled(
    client: openai.OpenAI, create: Create, reaches: Reaches, job_events: Diary, rows: Rows
) -> None:
    id = create(rows(nan_at=4)).id
    reaches(id, "succeeded")
    [odd] = [event for event in job_events(id) if event.level == "warn"]
    assert odd.message == "Step 4/6: training loss=nan"
    assert odd.data["train_loss"] == "NaN"  # type: ignore[index]
    [checkpoint] = [
        one for one in client.fine_tuning.jobs.checkpoints.list(id) if one.step_number == 4
    ]
    assert checkpoint.metrics.train_loss is None


def test_an_engine_that_gives_up_fails_the_job_with_its_sentence(
    client: openai.OpenAI, create: Create, job_events: Diary, rows: Rows, until: Callable[..., Any]
) -> None:
    id = create(rows(fail_at=3)).id
    error = until(lambda: client.fine_tuning.jobs.retrieve(id).error)
    assert (error.code, error.message) == ("training_failed", "The data cannot be learnt from.")
    assert client.fine_tuning.jobs.retrieve(id).status == "failed"
    assert job_events(id)[-1].message == "The data cannot be learnt from."
    assert steps(job_events(id)) == [1, 2]


def test_a_killed_trainer_goes_on_from_its_state_and_reports_each_step_once(
    create: Create, reaches: Reaches, job_events: Diary, rows: Rows
) -> None:
    id = create(rows(30, kill_at=11, save_every=4)).id
    assert reaches(id, "succeeded").trained_tokens
    told = job_events(id)
    assert steps(told) == list(range(1, 19))
    messages = [event.message for event in told]
    at = messages.index("Training was interrupted and continues from its last saved state")
    assert messages[at - 1].startswith("Step 10/18")
    assert messages[at + 1] == "Resumed after step 8"
    assert messages[at + 2].startswith("Step 11/18")


def test_a_trainer_that_is_killed_before_its_first_step_does_not_say_that_it_goes_on(
    create: Create, reaches: Reaches, job_events: Diary, rows: Rows
) -> None:
    id = create(rows(30, kill_at=1)).id
    assert reaches(id, "succeeded").trained_tokens
    told = [event.message for event in job_events(id)]
    assert "Training was interrupted before its first step and begins again" in told
    assert not any("last saved state" in message for message in told)


def validated(told: list[FineTuningJobEvent]) -> list[int]:
    data: list[Any] = [event.data for event in told if event.type == "metrics"]
    return [one["step"] for one in data if {"train_loss", "full_valid_loss"} <= one.keys()]


def test_a_trainer_killed_before_a_validation_reports_it_with_its_step(
    create: Create, reaches: Reaches, job_events: Diary, upload: Callable[[bytes], str], rows: Rows
) -> None:
    valid = upload(rows(3))
    id = create(rows(30, kill_validating=12, save_every=5), validation_file=valid).id
    reaches(id, "succeeded")
    told = job_events(id)
    assert steps(told) == list(range(1, 19))
    assert validated(told) == [6, 12, 18]


def test_a_training_paused_before_a_validation_reports_it_with_its_step(
    client: openai.OpenAI,
    create: Create,
    reaches: Reaches,
    job_events: Diary,
    upload: Callable[[bytes], str],
    let_go: Callable[[str], None],
    rows: Rows,
    until: Callable[..., Any],
) -> None:
    id = create(rows(30, wait_validating=6), validation_file=upload(rows(3))).id
    until(lambda: 5 in steps(job_events(id)))
    client.fine_tuning.jobs.pause(id)
    assert steps(job_events(id)) == [1, 2, 3, 4, 5, 6]
    let_go(id)
    client.fine_tuning.jobs.resume(id)
    reaches(id, "succeeded")
    told = job_events(id)
    assert steps(told) == list(range(1, 19))
    assert validated(told) == [6, 12, 18]
    assert told[9].message == (
        "Step 6/18: training loss=0.17, validation loss=0.33, full validation loss=0.33, "
        "full validation mean IoU=0.25"
    )


def test_a_trainer_that_crashes_again_and_again_is_given_up(
    client: openai.OpenAI,
    create: Create,
    job_events: Diary,
    rows: Rows,
    until: Callable[..., Any],
) -> None:
    id = create(rows(crash_at=3)).id
    error = until(lambda: client.fine_tuning.jobs.retrieve(id).error)
    assert error.message == (
        "The training process ended 3 times without progress. "
        "Its last output: RuntimeError: the engine has a bug"
    )
    assert steps(job_events(id)) == [1, 2]
    after = create(rows()).id
    until(lambda: client.fine_tuning.jobs.retrieve(after).status == "succeeded")


def test_a_torn_line_in_the_reports_is_passed_over(
    client: openai.OpenAI,
    provider: Running,
    create: Create,
    reaches: Reaches,
    job_events: Diary,
    let_go: Callable[[str], None],
    rows: Rows,
    until: Callable[..., Any],
) -> None:
    id = create(rows(wait_at=3)).id
    until(lambda: steps(job_events(id)) == [1, 2])
    client.fine_tuning.jobs.pause(id)
    with (provider.folder / "jobs" / id / "reports.jsonl").open("ab") as file:
        file.write(b'{"at": 1, "kind": "step", "step": 3, "met')
    let_go(id)
    client.fine_tuning.jobs.resume(id)
    reaches(id, "succeeded")
    assert steps(job_events(id)) == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("suffix", "part"),
    [("Poker Cards", "poker-cards"), ("ünï: x/y", "n---x-y"), ("--", ""), ("A_b-9", "a_b-9")],
)
def test_a_suffix_becomes_part_of_the_models_name(
    create: Create, reaches: Reaches, rows: Rows, suffix: str, part: str
) -> None:
    name = reaches(create(rows(), suffix=suffix).id, "succeeded").fine_tuned_model
    assert name is not None
    assert name.split(":")[:4] == ["ft", "scripted", "personal", part]


def test_the_end_is_estimated_from_the_pace_of_the_trainer_at_work(tmp_path: Path) -> None:
    job = JobRecord("ftjob-x", 0, "scripted", "file-x", None, None, 1, {}, resolved={"n_epochs": 1})
    with open_state(tmp_path) as state:
        state.add(job)
        folder = state.job_folder(job.id)
        folder.mkdir()
        descriptor = journal.open_journal(folder / "reports.jsonl")
        for step, at in ((40, 1000.0), (43, 1001.5), (44, 1002.0), (50, 1005.0)):
            journal.write(
                descriptor, journal.JournalEntry(at, Step(step, 100, 1, {"train_loss": 1.0}))
            )
            job = listen(state, job, ended=False)
            if step < 50:
                assert job.estimated_finish is None
        os.close(descriptor)
    assert job.estimated_finish == 1005 + 50 // 2
