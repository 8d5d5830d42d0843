"""Fine-tuning jobs: asked for, refused, listed, stopped."""

import re
from collections.abc import Callable
from typing import Any

import httpx2
import openai
import pytest
from openai.types.fine_tuning import FineTuningJob, FineTuningJobEvent
from pydantic import TypeAdapter

from tintype.engines import launch
from tintype.server.run import Running

ErrorOf = Callable[[httpx2.Response], dict[str, Any]]
Create = Callable[..., FineTuningJob]
Reaches = Callable[..., FineTuningJob]
Diary = Callable[[str], list[FineTuningJobEvent]]
Rows = Callable[..., bytes]


def test_a_new_job_has_the_published_shape(
    http: httpx2.Client, upload: Callable[[bytes], str], rows: Rows
) -> None:
    file = upload(rows())
    asked = {"model": "scripted", "training_file": file, "suffix": "My Cards", "seed": 7}
    answer = http.post("/fine_tuning/jobs", json=asked)
    job = TypeAdapter(FineTuningJob).validate_python(answer.json(), strict=True)
    assert re.fullmatch(r"ftjob-[A-Za-z0-9]{24}", job.id)
    assert (job.status, job.model, job.training_file) == ("validating_files", "scripted", file)
    assert (job.seed, job.validation_file, job.fine_tuned_model) == (7, None, None)
    assert (job.error, job.finished_at, job.trained_tokens) == (None, None, None)
    assert job.hyperparameters.n_epochs == "auto"
    assert job.method is not None
    assert job.method.type == "supervised"
    assert http.get(f"/fine_tuning/jobs/{job.id}").status_code == 200


def test_a_job_without_a_seed_gets_one(create: Create, rows: Rows) -> None:
    assert 0 <= create(rows()).seed < 2**31


def test_a_file_for_another_purpose_is_refused(client: openai.OpenAI) -> None:
    file = client.files.create(file=("a.jsonl", b"{}"), purpose="user_data")
    with pytest.raises(openai.BadRequestError, match="must have 'fine-tune'"):
        client.fine_tuning.jobs.create(model="scripted", training_file=file.id)


def test_hyperparameters_may_stand_where_they_used_to(create: Create, rows: Rows) -> None:
    job = create(rows(), hyperparameters={"n_epochs": 2, "batch_size": "auto"})
    assert job.hyperparameters.n_epochs == 2
    method = {
        "type": "supervised",
        "supervised": {"hyperparameters": {"n_epochs": 4, "learning_rate_multiplier": 0.5}},
    }
    job = create(rows(), method=method, hyperparameters={"n_epochs": 2})
    assert job.hyperparameters.n_epochs == 4
    assert job.hyperparameters.learning_rate_multiplier == 0.5


def test_jobs_are_listed_newest_first_and_found_by_metadata(
    client: openai.OpenAI, create: Create, rows: Rows
) -> None:
    content = rows()
    plain = create(content).id
    red = create(content, metadata={"colour": "red", "run": "1"}).id
    blue = create(content, metadata={"colour": "blue", "run": "1"}).id
    jobs = client.fine_tuning.jobs
    assert [job.id for job in jobs.list(limit=1)] == [blue, red, plain]
    assert jobs.list(limit=2).has_more
    assert [job.id for job in jobs.list(metadata={"colour": "red"})] == [red]
    assert [job.id for job in jobs.list(metadata={"run": "1"}, limit=1)] == [blue, red]
    assert [job.id for job in jobs.list(metadata={"run": "1", "colour": "x"})] == []
    assert [job.id for job in jobs.list(extra_query={"metadata": "null"})] == [plain]
    with pytest.raises(openai.BadRequestError):
        jobs.list(extra_query={"metadata": "red"})


def test_events_are_paged_newest_first_without_loss(
    client: openai.OpenAI, create: Create, reaches: Reaches, rows: Rows, http: httpx2.Client
) -> None:
    id = create(rows()).id
    reaches(id, "succeeded")
    listed = http.get(f"/fine_tuning/jobs/{id}/events?limit=1000").json()
    assert not listed["has_more"]
    for event in listed["data"]:
        TypeAdapter(FineTuningJobEvent).validate_python(event, strict=True)
    ids = [event["id"] for event in listed["data"]]
    assert len(set(ids)) == len(ids) == 14
    assert [e.id for e in client.fine_tuning.jobs.list_events(id, limit=3)] == ids
    assert len(http.get(f"/fine_tuning/jobs/{id}/events").json()["data"]) == 14
    times = [event["created_at"] for event in listed["data"]]
    assert times == sorted(times, reverse=True)


def test_a_training_is_paused_resumed_and_loses_nothing(
    client: openai.OpenAI,
    let_go: Callable[[str], None],
    create: Create,
    reaches: Reaches,
    job_events: Diary,
    until: Callable[[Callable[[], Any]], Any],
    rows: Rows,
) -> None:
    id = create(rows(wait_at=4)).id
    until(lambda: [event for event in job_events(id) if event.message.startswith("Step 3/6")])
    assert client.fine_tuning.jobs.pause(id).status == "paused"  # type: ignore[comparison-overlap]
    assert client.fine_tuning.jobs.retrieve(id).status == "paused"  # type: ignore[comparison-overlap]
    let_go(id)
    assert client.fine_tuning.jobs.resume(id).status == "queued"
    reaches(id, "succeeded")
    messages = [event.message for event in job_events(id)]
    assert [message.split(":")[0] for message in messages] == [
        "Created fine-tuning job",
        "Validating training file",
        "Files validated, moving job to queued state",
        "Fine-tuning job started",
        "Step 1/6",
        "Step 2/6",
        "Checkpoint created at step 2 with Snapshot ID",
        "Step 3/6",
        "Fine-tuning job paused",
        "Fine-tuning job resumed",
        "Resumed after step 3",
        "Step 4/6",
        "Checkpoint created at step 4 with Snapshot ID",
        "Step 5/6",
        "Step 6/6",
        "New fine-tuned model created",
        "The job has successfully completed",
    ]


def test_a_training_is_cancelled_and_cleared_away(
    client: openai.OpenAI,
    provider: Running,
    create: Create,
    reaches: Reaches,
    job_events: Diary,
    until: Callable[[Callable[[], Any]], Any],
    rows: Rows,
) -> None:
    id = create(rows(wait_at=2)).id
    until(lambda: [event for event in job_events(id) if event.message.startswith("Step 1/6")])
    job = client.fine_tuning.jobs.cancel(id)
    assert job.status == "cancelled"
    assert job.finished_at is not None
    assert job_events(id)[-1].message == "Fine-tuning job cancelled"
    folder = provider.folder / "jobs" / id
    until(lambda: not (folder / "data").exists())
    until(lambda: not list((folder / "engine").iterdir()))
    for ask in (client.fine_tuning.jobs.cancel, client.fine_tuning.jobs.pause):
        with pytest.raises(openai.BadRequestError, match="is cancelled and cannot be"):
            ask(id)


def test_a_trainer_that_does_not_listen_is_not_waited_for(
    client: openai.OpenAI,
    create: Create,
    job_events: Diary,
    until: Callable[[Callable[[], Any]], Any],
    rows: Rows,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tintype.engines.launchers.LocalLauncher.obey_s", 0.5)
    deaf = create(rows(wait_at=2, deaf=True)).id
    after = create(rows()).id
    until(lambda: [event for event in job_events(deaf) if event.message.startswith("Step 1/6")])
    assert client.fine_tuning.jobs.cancel(deaf).status == "cancelled"
    until(lambda: client.fine_tuning.jobs.retrieve(after).status == "succeeded")
    assert client.fine_tuning.jobs.retrieve(deaf).status == "cancelled"
    assert [event.message for event in job_events(deaf)].count("Fine-tuning job cancelled") == 1


def test_one_trains_and_the_others_wait_in_order(
    client: openai.OpenAI,
    let_go: Callable[[str], None],
    create: Create,
    reaches: Reaches,
    job_events: Diary,
    rows: Rows,
) -> None:
    first = create(rows(wait_at=3)).id
    second, third = create(rows()).id, create(rows()).id
    reaches(first, "running")
    reaches(third, "queued")
    assert client.fine_tuning.jobs.retrieve(second).status == "queued"
    assert client.fine_tuning.jobs.pause(second).status == "paused"  # type: ignore[comparison-overlap]
    let_go(first)
    reaches(third, "succeeded")
    assert client.fine_tuning.jobs.retrieve(second).status == "paused"  # type: ignore[comparison-overlap]
    client.fine_tuning.jobs.resume(second)
    reaches(second, "succeeded")
    assert [event.message for event in job_events(second)].count("Fine-tuning job started") == 1


def test_a_waiting_job_can_be_cancelled(
    client: openai.OpenAI, create: Create, reaches: Reaches, rows: Rows
) -> None:
    first = create(rows(wait_at=1)).id
    second = create(rows()).id
    reaches(first, "running")
    reaches(second, "queued")
    assert client.fine_tuning.jobs.cancel(second).status == "cancelled"
    client.fine_tuning.jobs.pause(first)
    assert client.fine_tuning.jobs.cancel(first).status == "cancelled"


def test_a_job_can_be_cancelled_while_its_files_are_validated(
    client: openai.OpenAI, create: Create, rows: Rows, provider: Running
) -> None:
    job = create(rows(3000))
    assert client.fine_tuning.jobs.cancel(job.id).status == "cancelled"
    assert not (provider.folder / "jobs" / job.id / "data").exists()


def test_a_job_paused_while_its_files_are_validated_is_validated_when_it_goes_on(
    client: openai.OpenAI, create: Create, reaches: Reaches, rows: Rows, job_events: Diary
) -> None:
    job = create(rows(3000))
    assert client.fine_tuning.jobs.pause(job.id).status == "paused"  # type: ignore[comparison-overlap]
    assert client.fine_tuning.jobs.resume(job.id).status == "validating_files"
    reaches(job.id, "running", "succeeded")
    messages = [event.message for event in job_events(job.id)]
    assert messages.count("Files validated, moving job to queued state") == 1
    client.fine_tuning.jobs.cancel(job.id)


@pytest.mark.parametrize("deaf", [False, True])
def test_a_cancelled_job_says_so_once(
    client: openai.OpenAI,
    provider: Running,
    create: Create,
    job_events: Diary,
    until: Callable[[Callable[[], Any]], Any],
    rows: Rows,
    monkeypatch: pytest.MonkeyPatch,
    deaf: bool,
) -> None:
    monkeypatch.setattr("tintype.engines.launchers.LocalLauncher.obey_s", 0.5)
    id = create(rows(30, step_s=0.4, deaf=deaf)).id
    until(lambda: [event for event in job_events(id) if event.message.startswith("Step 1/")])
    client.fine_tuning.jobs.cancel(id)
    until(lambda: not launch.alive(provider.folder / "jobs" / id))
    said = [event.message for event in job_events(id)]
    assert said.count("Fine-tuning job cancelled") == 1


def test_a_job_that_is_resumed_before_its_trainer_has_obeyed_goes_on(
    client: openai.OpenAI,
    provider: Running,
    create: Create,
    reaches: Reaches,
    let_go: Callable[[str], None],
    job_events: Diary,
    until: Callable[[Callable[[], Any]], Any],
    rows: Rows,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tintype.engines.launchers.LocalLauncher.obey_s", 1.5)
    id = create(rows(wait_at=2, deaf=True)).id
    lock = provider.folder / "jobs" / id / launch.LOCK
    until(lambda: [event for event in job_events(id) if event.message.startswith("Step 1/6")])
    assert client.fine_tuning.jobs.pause(id).status == "paused"  # type: ignore[comparison-overlap]
    first = lock.read_text()
    client.fine_tuning.jobs.resume(id)
    until(lambda: not launch.alive(lock.parent) or lock.read_text() not in ("", first))
    let_go(id)
    reaches(id, "succeeded")
    assert [event.message for event in job_events(id)].count("Fine-tuning job paused") == 1


def test_only_a_paused_job_is_resumed(
    client: openai.OpenAI, create: Create, reaches: Reaches, rows: Rows
) -> None:
    id = create(rows()).id
    reaches(id, "succeeded")
    with pytest.raises(openai.BadRequestError, match="that takes a paused job"):
        client.fine_tuning.jobs.resume(id)


def test_a_training_file_may_be_deleted_once_the_job_is_queued(
    client: openai.OpenAI, create: Create, reaches: Reaches, rows: Rows
) -> None:
    first = create(rows(wait_at=1))
    second = create(rows())
    reaches(first.id, "running")
    reaches(second.id, "queued")
    client.files.delete(second.training_file)
    client.fine_tuning.jobs.cancel(first.id)
    assert reaches(second.id, "succeeded").training_file == second.training_file
