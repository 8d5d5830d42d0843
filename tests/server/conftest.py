"""Clients and data for the server's tests."""

import base64
import io
import json
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

import httpx2
import openai
import pytest
from openai.types.fine_tuning import FineTuningJob, FineTuningJobEvent
from PIL import Image

from tintype.server.run import Running

T = TypeVar("T")
Create = Callable[..., FineTuningJob]
Reaches = Callable[..., FineTuningJob]
Until = Callable[[Callable[[], Any]], Any]
First = Callable[[str], None]
Failure = Callable[[str], str]
Read = Callable[[str], list[FineTuningJobEvent]]
PATIENCE_S = 60.0
"""For a machine under load; a test that passes never waits that long."""


class Rows(Protocol):
    """Makes the bytes of a training file."""

    def __call__(self, count: int = 10, *, images: Sequence[str] = (), **script: Any) -> bytes: ...


@pytest.fixture
def client(provider: Running) -> Iterator[openai.OpenAI]:
    """OpenAI's own client, which tries nothing twice, and reads no certificates: 30 ms."""
    plain = openai.DefaultHttpxClient(verify=False)
    with openai.OpenAI(
        base_url=provider.url, api_key=provider.token, max_retries=0, http_client=plain
    ) as made:
        yield made


@pytest.fixture
def image() -> Callable[..., str]:
    """Make an image as a data URL."""

    def make(
        colour: str = "red",
        *,
        size: tuple[int, int] = (8, 6),
        format: str = "PNG",
        mode: str = "RGB",
    ) -> str:
        out = io.BytesIO()
        Image.new("RGB", size, colour).convert(mode).save(out, format)
        text = base64.b64encode(out.getvalue()).decode()
        return f"data:image/{format.lower()};base64,{text}"

    return make


@pytest.fixture
def rows(image: Callable[..., str]) -> Rows:
    """Make rows; keywords are the script of the scripted engine."""

    def make(count: int = 10, *, images: Sequence[str] = (), **script: Any) -> bytes:
        shown = images or [image()]
        lines = []
        for number in range(count):
            system = json.dumps(script) if script and not number else "Answer in a word."
            content = [
                {"type": "text", "text": f"What is number {number}?"},
                {"type": "image_url", "image_url": {"url": shown[number % len(shown)]}},
            ]
            messages = [
                {"role": "system", "content": system},
                {"role": "user", "content": content},
                {"role": "assistant", "content": f"answer {number}"},
            ]
            lines.append(json.dumps({"messages": messages}))
        return "\n".join(lines).encode() + b"\n"

    return make


@pytest.fixture
def upload(client: openai.OpenAI) -> Callable[[bytes], str]:
    """Upload a file for training; returns its id."""

    def send(content: bytes) -> str:
        return client.files.create(file=("rows.jsonl", content), purpose="fine-tune").id

    return send


@pytest.fixture
def create(client: openai.OpenAI, upload: Callable[[bytes], str]) -> Callable[..., FineTuningJob]:
    """Upload rows and create a job with the scripted engine."""

    def make(content: bytes, **fields: Any) -> FineTuningJob:
        asked = {"model": "scripted", "training_file": upload(content), **fields}
        return client.fine_tuning.jobs.create(**asked)

    return make


def words(events: list[FineTuningJobEvent]) -> list[str]:
    """What a job's events say."""
    return [event.message for event in events]


def eventually(question: Callable[[], T | None]) -> T:
    """Ask until the answer is neither none nor false."""
    deadline = time.monotonic() + PATIENCE_S
    while not (answer := question()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
    return answer


@pytest.fixture
def until() -> Callable[[Callable[[], T | None]], T]:
    """Ask until the answer is neither none nor false."""
    return eventually


@pytest.fixture
def first_step(job_events: Callable[[str], list[FineTuningJobEvent]]) -> Callable[[str], None]:
    """Wait until a job has reported its first step."""

    def wait(id: str) -> None:
        eventually(lambda: any(one.message.startswith("Step 1/") for one in job_events(id)))

    return wait


@pytest.fixture
def failure(client: openai.OpenAI) -> Callable[[str], str]:
    """Wait until a job has failed; returns why."""

    def wait(id: str) -> str:
        eventually(lambda: client.fine_tuning.jobs.retrieve(id).status == "failed")
        error = client.fine_tuning.jobs.retrieve(id).error
        assert error is not None
        return error.message or ""

    return wait


@pytest.fixture
def reaches(
    client: openai.OpenAI, until: Callable[[Callable[[], Any]], Any]
) -> Callable[..., FineTuningJob]:
    """Wait until a job is in one of these states; returns it."""

    def wait(id: str, *states: str) -> FineTuningJob:
        def look() -> FineTuningJob | None:
            job = client.fine_tuning.jobs.retrieve(id)
            assert job.status in states or job.status not in ("failed", "cancelled"), job.error
            return job if job.status in states else None

        job: FineTuningJob = until(look)
        return job

    return wait


@pytest.fixture
def job_events(client: openai.OpenAI) -> Callable[[str], list[FineTuningJobEvent]]:
    """All events of a job, oldest first."""

    def read(id: str) -> list[FineTuningJobEvent]:
        return list(client.fine_tuning.jobs.list_events(id, limit=100))[::-1]

    return read


@pytest.fixture
def http(provider: Running) -> Iterator[httpx2.Client]:
    """A plain client with the key, for what OpenAI's would not send."""
    headers = {"authorization": f"Bearer {provider.token}"}
    with httpx2.Client(
        base_url=provider.url, headers=headers, timeout=PATIENCE_S, verify=False
    ) as made:
        yield made


@pytest.fixture
def error_of() -> Callable[[httpx2.Response], dict[str, Any]]:
    """The error in an answer, after checking that it has OpenAI's shape."""

    def read(response: httpx2.Response) -> dict[str, Any]:
        assert response.headers["content-type"] == "application/json"
        assert response.headers["x-request-id"].startswith("req_")
        body = response.json()
        assert list(body) == ["error"]
        error: dict[str, Any] = body["error"]
        assert set(error) == {"message", "type", "param", "code"}
        assert isinstance(error["message"], str)
        assert isinstance(error["type"], str)
        return error

    return read


@pytest.fixture
def let_go(provider: Running) -> Callable[[str], None]:
    """Let a job go on whose script says `wait_at`."""

    def touch(id: str) -> None:
        folder = provider.folder / "jobs" / id / "engine"
        folder.mkdir(exist_ok=True)
        (folder / "go").touch()

    return touch
