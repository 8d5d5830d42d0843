"""What every provider is asked, whatever driver speaks to it.

The Protocol follows OpenAI's endpoints one by one, because that is the wire all providers share;
what several calls amount to (an upload with parts, a job that is made once) is `tintype.jobs`.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar

from tintype.errors import ApiError
from tintype.resources import Checkpoint, Event, Job, JobRequest, Model, Page, RemoteFile, Weights
from tintype.settings import Profile

Sent = Callable[[int], None]
"""Told how many bytes of a body have been handed to the network so far."""


def unheard(sent_bytes: int) -> None:
    """Take note of nothing: for uploads that nobody watches."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a provider, in seconds."""

    connect_s: float = 10.0
    answer_s: float = 60.0
    """Between two signs of life of an ordinary answer."""
    whole_answer_s: float = 180.0
    """For an ordinary answer from first to last byte."""
    upload_s: float = 300.0
    """Between two signs of life while a file is sent, and for the answer after it."""
    stream_s: float = 180.0
    """Between two pieces of an answer; large models think before the first."""
    retry_s: float = 120.0
    """How long a request is tried again that meets a rate limit, a fault or a broken connection:
    GET and DELETE, and questions before their first text. Longer waits are an error at once."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that arrives in parts."""

    id: str
    status: str
    """`pending`, `completed`, `cancelled`, `expired`, or a word not known here."""
    size_bytes: int
    created_at: datetime
    expires_at: datetime | None = None
    file: RemoteFile | None = None
    """Once it is complete."""


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One question to a model; what is none is left to the provider."""

    model: str
    messages: Sequence[Mapping[str, Any]]
    """As on the wire: `role` and `content`, the content a string or a list of parts."""
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    """Of the answer."""
    seed: int | None = None
    stop: Sequence[str] = ()
    n: int = 1
    response_format: Mapping[str, Any] | None = None
    stream: bool = True
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Further parameters, sent as they are."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the provider counted them."""

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0
    """Of the prompt's, those that were read from a cache."""


@dataclass(frozen=True, slots=True)
class ChatPiece:
    """A piece of an answer as it arrives."""

    text: str = ""
    index: int = 0
    """Which of the `n` answers."""
    finish_reason: str = ""
    """`stop`, `length`, `content_filter` …; set on the last piece of each answer."""
    refusal: str = ""
    """A piece of a refusal, which providers keep apart from the text."""
    usage: Usage | None = None
    """On one piece at the end, if the provider counts."""
    model: str = ""
    """The model that really answers."""
    logprobs: tuple[tuple[str, float], ...] = ()
    """The piece's tokens with their log-probabilities, if they were asked for and are given."""


class Api(Protocol):
    """A connection to a provider.

    Every method raises `ApiError` and its kin; those that send a file raise `DatasetError` if the
    file cannot be read, and those that change something `SettingsError` in read-only mode.
    """

    profile: Profile
    base_url: str
    notify: Callable[[str], None]
    """Told, in a sentence, why a request waits."""

    async def upload_file(self, path: Path, purpose: str, sent: Sent = unheard) -> RemoteFile:
        """Send a file in one request."""
        ...

    async def start_upload(self, filename: str, purpose: str, size_bytes: int) -> Upload:
        """Announce a file that will come in parts."""
        ...

    async def add_part(
        self, upload_id: str, path: Path, offset: int, size_bytes: int, sent: Sent = unheard
    ) -> str:
        """Send a slice of a file; the answer is the part's id. In any order, several at once."""
        ...

    async def complete_upload(self, upload_id: str, part_ids: Sequence[str]) -> Upload:
        """Make one file of the parts, in this order."""
        ...

    async def cancel_upload(self, upload_id: str) -> Upload:
        """Throw the parts away."""
        ...

    async def files(
        self, *, purpose: str = "", after: str | None = None, limit: int = 100
    ) -> Page[RemoteFile]:
        """List files, newest first."""
        ...

    async def file(self, file_id: str) -> RemoteFile:
        """Look at a file."""
        ...

    async def file_content(self, file_id: str, *, max_bytes: int = 64 << 20) -> bytes:
        """Fetch a file; more than `max_bytes` is an error."""
        ...

    def download(self, file_id: str, *, max_bytes: int) -> AsyncGenerator[bytes, None]:
        """Fetch a file of any size piece by piece; more than `max_bytes` is an error.

        After the first piece nothing is tried again: what came so far is the caller's.
        """
        ...

    async def delete_file(self, file_id: str) -> None:
        """Delete a file."""
        ...

    async def create_job(self, request: JobRequest) -> Job:
        """Start a job. Never sent twice by itself: see `tintype.jobs.launch`."""
        ...

    async def job(self, job_id: str) -> Job:
        """Look at a job."""
        ...

    async def jobs(
        self,
        *,
        after: str | None = None,
        limit: int = 20,
        metadata: Mapping[str, str] | None = None,
    ) -> Page[Job]:
        """List jobs, newest first. Providers may ignore `metadata`, so look at what comes."""
        ...

    async def cancel_job(self, job_id: str) -> Job:
        """Stop a job for good."""
        ...

    async def pause_job(self, job_id: str) -> Job:
        """Pause a job."""
        ...

    async def resume_job(self, job_id: str) -> Job:
        """Resume a paused job."""
        ...

    async def job_events(
        self, job_id: str, *, after: str | None = None, limit: int = 100
    ) -> Page[Event]:
        """Read a job's event log, newest first."""
        ...

    async def job_checkpoints(
        self, job_id: str, *, after: str | None = None, limit: int = 100
    ) -> Page[Checkpoint]:
        """List a job's checkpoints, newest first."""
        ...

    async def models(self) -> tuple[Model, ...]:
        """List the models that the key may use."""
        ...

    async def model(self, model_id: str) -> Model:
        """Look at a model."""
        ...

    async def delete_model(self, model_id: str) -> None:
        """Delete a fine-tuned model."""
        ...

    async def weights(self, model_id: str) -> Weights:
        """Look at the files of a fine-tuned model: only the embedded server gives them."""
        ...

    def download_weights(
        self, model_id: str, name: str, *, max_bytes: int
    ) -> AsyncGenerator[bytes, None]:
        """Fetch one of these files piece by piece, as `download` does."""
        ...

    async def add_weights(self, weights: Weights, name: str, path: Path) -> Model:
        """Send a file of a model that is put back; it is there once all its files are."""
        ...

    def chat(self, request: ChatRequest) -> AsyncGenerator[ChatPiece, None]:
        """Ask a model; pieces as they arrive, or one piece if the provider does not stream."""
        ...


@dataclass(frozen=True, slots=True)
class Clock:
    """What time it is, and how to let it pass."""

    now: Callable[[], datetime]
    """Aware, UTC; may jump when the machine's clock is set."""
    monotonic: Callable[[], float]
    """Seconds that never go back."""
    sleep: Callable[[float], Awaitable[None]]
    """Seconds."""


SYSTEM = Clock(lambda: datetime.now(UTC), time.monotonic, asyncio.sleep)


T = TypeVar("T")


async def pages(
    fetch: Callable[[str | None], Awaitable[Page[T]]], *, most: int = 1_000
) -> AsyncGenerator[tuple[T, ...], None]:
    """Fetch page after page, from the cursor none on; what is listed twice comes once.

    Raises:
        ApiError: if a cursor comes back or there are more than `most` pages; what was yielded
            before is sound.
    """
    seen: set[str] = set()
    known: set[object] = set()
    after: str | None = None
    for _ in range(most):
        page = await fetch(after)
        items = {getattr(item, "id", item): item for item in page.items}
        yield tuple(item for id, item in items.items() if id not in known)
        known.update(items)
        after = page.after
        if after is None:
            return
        if after in seen:
            break
        seen.add(after)
    raise ApiError(
        "The provider's list does not end.",
        advice="What was read so far is shown; this is a fault of the provider.",
    )
