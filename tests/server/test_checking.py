"""What becomes of the files of a job before it trains."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import openai
import pytest
from openai.types.fine_tuning import FineTuningJob, FineTuningJobEvent

from tintype.server.run import Running

Create = Callable[..., FineTuningJob]
Diary = Callable[[str], list[FineTuningJobEvent]]
Reaches = Callable[..., FineTuningJob]
Rows = Callable[..., bytes]


def edited(content: bytes, at: int, edit: Callable[[dict[str, Any]], object]) -> bytes:
    lines = content.splitlines()
    row = json.loads(lines[at])
    edit(row)
    lines[at] = json.dumps(row).encode()
    return b"\n".join(lines) + b"\n"


def shown(row: dict[str, Any]) -> dict[str, Any]:
    part: dict[str, Any] = row["messages"][1]["content"][1]["image_url"]
    return part


@pytest.fixture
def failed(
    client: openai.OpenAI, create: Create, until: Callable[[Callable[[], Any]], Any]
) -> Callable[..., FineTuningJob]:
    """Create a job that is going to fail."""

    def wait(content: bytes, **fields: Any) -> FineTuningJob:
        id = create(content, **fields).id

        def look() -> FineTuningJob | None:
            job = client.fine_tuning.jobs.retrieve(id)
            return job if job.status in ("failed", "succeeded") else None

        job: FineTuningJob = until(look)
        assert job.status == "failed"
        assert job.error is not None
        assert job.finished_at is not None
        return job

    return wait


def test_too_few_examples_fail_the_job_in_openais_words(
    failed: Callable[..., FineTuningJob], rows: Rows, job_events: Diary, provider: Running
) -> None:
    job = failed(rows(7))
    assert job.error is not None
    assert job.error.code == "invalid_n_examples"
    assert job.error.param == "training_file"
    assert job.error.message == "Training file has 7 example(s), but must have at least 10 examples"
    last = job_events(job.id)[-1]
    assert (last.level, last.message) == ("error", job.error.message)
    assert not (provider.folder / "jobs" / job.id / "data").exists()


@pytest.mark.parametrize(
    ("edit", "code", "message"),
    [
        (
            lambda row: row["messages"][1].pop("role"),
            "invalid_file_format",
            "The job failed due to an invalid training file. Invalid file format. "
            "Example 4, message 2 Discriminator 'role' is missing in value",
        ),
        (
            lambda row: row.update(weight=1),
            "invalid_file_format",
            "Example 4 contains an extra 'weight'.",
        ),
        (
            lambda row: row.pop("messages"),
            "invalid_file_format",
            "Example 4 is missing key 'messages'",
        ),
        (
            lambda row: row["messages"][2].update(content="a <|fim_suffix|> b"),
            "invalid_training_file",
            "Example 4 message contains an invalid token: <|fim_suffix|>.",
        ),
        (
            lambda row: shown(row).update(url="image.png"),
            "invalid_file_format",
            "'image.png' is a file on this machine, not a URL.",
        ),
    ],
)
def test_a_flaw_in_a_row_fails_the_job_in_openais_words(
    failed: Callable[..., FineTuningJob],
    job_events: Diary,
    rows: Rows,
    edit: Callable[[dict[str, Any]], object],
    code: str,
    message: str,
) -> None:
    job = failed(edited(rows(), 3, edit))
    assert job.error is not None
    assert job.error.code == code
    assert message in job.error.message
    data: Any = job_events(job.id)[-1].data
    problem = data["problems"][0]
    assert problem["line"] == 4
    assert problem["message"] in job.error.message


def test_a_line_that_is_no_json_fails_the_job(
    failed: Callable[..., FineTuningJob], rows: Rows
) -> None:
    error = failed(rows() + b'{"messages": [}\n{"messages": [}\n').error
    assert error is not None
    assert "Example 11 cannot be parsed. Error: line contains invalid json" in error.message
    assert error.message.endswith("(and 1 more)")


def test_a_flaw_in_the_validation_file_names_that_file(
    failed: Callable[..., FineTuningJob], rows: Rows, upload: Callable[[bytes], str]
) -> None:
    bad = edited(rows(3), 1, lambda row: row["messages"].pop())
    error = failed(rows(), validation_file=upload(bad)).error
    assert error is not None
    assert error.param == "validation_file"
    assert "invalid validation file" in error.message


def test_rows_with_unusable_images_are_left_out_and_told(
    client: openai.OpenAI,
    create: Create,
    reaches: Reaches,
    job_events: Diary,
    provider: Running,
    rows: Rows,
    image: Callable[..., str],
) -> None:
    def show(url: str) -> Callable[[dict[str, Any]], object]:
        return lambda row: shown(row).update(url=url)

    content = rows(16, wait_at=1)
    for at, url in (
        (2, image("red", mode="L")),
        (5, image("blue", format="GIF", mode="RGB")),
        (7, "http://127.0.0.1:9/secret.png"),
        (9, image()[:-40]),
    ):
        content = edited(content, at, show(url))
    id = create(content).id
    reaches(id, "running")
    [told] = [event for event in job_events(id) if event.level == "warn"]
    assert told.message.startswith("4 examples were skipped in file-")
    data: Any = told.data
    assert data["skipped"] == {"invalid image format": [3, 6, 10], "inaccessible URL": [8]}
    folder = provider.folder / "jobs" / id / "data"
    kept = [json.loads(line) for line in (folder / "training.jsonl").read_text().splitlines()]
    assert [row["messages"][2]["content"] for row in kept] == [
        f"answer {number}" for number in range(16) if number not in (2, 5, 7, 9)
    ]
    client.fine_tuning.jobs.cancel(id)


def test_too_many_left_out_rows_fail_the_job(
    failed: Callable[..., FineTuningJob], rows: Rows, image: Callable[..., str]
) -> None:
    error = failed(rows(11, images=[image(mode="L"), image()])).error
    assert error is not None
    assert error.code == "invalid_n_examples"
    error = failed(rows(420, images=[image(mode="L"), image()])).error
    assert error is not None
    assert error.code == "invalid_training_file"
    assert error.message == (
        "The job failed due to an invalid training file. Number of skipped multimodal examples "
        "exceed the maximum allowed 200 limit: invalid image format (210)"
    )


def test_an_image_is_prepared_once_under_its_digest(
    client: openai.OpenAI,
    create: Create,
    reaches: Reaches,
    provider: Running,
    rows: Rows,
    image: Callable[..., str],
    upload: Callable[[bytes], str],
) -> None:
    import base64
    from hashlib import sha256

    images: Sequence[str] = [image("red"), image("blue")]
    content = rows(30, images=images, wait_at=1)
    id = create(content, validation_file=upload(rows(4, images=images))).id
    reaches(id, "running")
    folder = provider.folder / "jobs" / id / "data"
    digests = [sha256(base64.b64decode(url.partition(",")[2])).hexdigest() for url in images]
    assert {path.name for path in folder.iterdir()} == {
        "training.jsonl",
        "validation.jsonl",
        *digests,
    }
    for row in map(json.loads, (folder / "training.jsonl").read_text().splitlines()):
        assert shown(row)["url"] in digests
    client.fine_tuning.jobs.cancel(id)


def test_a_file_without_an_extension_is_judged_by_its_content(
    client: openai.OpenAI, reaches: Reaches, rows: Rows, until: Callable[[Callable[[], Any]], Any]
) -> None:
    bare = client.files.create(file=rows(), purpose="fine-tune")
    assert bare.filename == "upload"
    reaches(client.fine_tuning.jobs.create(model="scripted", training_file=bare.id).id, "succeeded")
    other = client.files.create(file=("rows.txt", rows()), purpose="fine-tune")
    id = client.fine_tuning.jobs.create(model="scripted", training_file=other.id).id
    job = until(lambda: client.fine_tuning.jobs.retrieve(id).error)
    assert "only .jsonl files are accepted" in job.message
