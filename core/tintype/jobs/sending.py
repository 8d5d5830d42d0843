"""One file on its way to a provider: how far it is, trying again, and parts for a large one."""

import asyncio
import hashlib
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from stat import S_ISREG
from typing import Literal, TypeVar

from tintype.api import Api, Clock, pages
from tintype.api.retrying import Retry, may_pass
from tintype.errors import ApiError, DatasetError, UnreachableError
from tintype.resources import RemoteFile
from tintype.settings import Profile
from tintype.store import KeptUpload, Store

T = TypeVar("T")
Phase = Literal["reading", "sending", "finishing", "done"]

BUDGET_S = 120.0
"""How long a request is tried again."""


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """How a file is sent; sizes in bytes."""

    whole: int
    """The largest file in one request."""
    total: int | None
    """The largest file altogether; none is not known and not judged."""
    part: int = 64 << 20
    """The largest part that OpenAI takes, and what its SDK sends."""
    at_once: int = 3
    """How many parts are under way at the same time."""


def limits_for(profile: Profile) -> UploadLimits:
    """Return the limits of a provider, by its rules; what they do not say is as with OpenAI.

    Raises:
        SettingsError: if the provider's own file is wrong.
    """
    from tintype.providers.loading import provider  # late: reads a table

    rules, usual = provider(profile.provider).rules, provider("openai").rules
    whole = rules.max_file_bytes or usual.max_file_bytes
    assert whole is not None
    return UploadLimits(whole, rules.max_upload_bytes)


@dataclass(frozen=True, slots=True)
class UploadProgress:
    """How far an upload has come."""

    phase: Phase
    sent_bytes: int
    """Handed to the network; falls back when a part has to be sent again."""
    size_bytes: int
    digest: str = ""
    """SHA-256 of the file, once it has been read."""
    trouble: str = ""
    """Why it waits, and for how long; empty if it does not."""
    reused: bool = False
    """The provider had the file already: nothing was sent."""
    file: RemoteFile | None = None
    """Set in the phase `done` only."""


@dataclass(slots=True)
class Meter:
    """What the sending tasks write and the generator reads."""

    progress: UploadProgress
    parts: dict[int, int] = field(default_factory=dict)

    def note(self, **changes: object) -> None:
        """Change the progress; names are those of `UploadProgress`."""
        self.progress = replace(self.progress, **changes)  # type: ignore[arg-type]

    def sent(self, number: int, sent_bytes: int) -> None:
        """Note how much of a part was handed to the network."""
        self.parts[number] = sent_bytes
        self.note(sent_bytes=sum(self.parts.values()))


@dataclass(frozen=True, slots=True)
class Sending:
    """One file on its way, and all that is needed for it."""

    api: Api
    store: Store
    path: Path
    purpose: str
    facts: os.stat_result
    digest: str
    meter: Meter
    clock: Clock
    limits: UploadLimits

    @property
    def key(self) -> tuple[str, str, str]:
        """What the store knows the upload by."""
        return self.api.profile.name, self.purpose, self.digest

    async def persistently(self, call: Callable[[], Awaitable[T]]) -> T:
        """Try again after failures that may pass, saying so; the last one is raised."""
        retry = Retry(self.clock, BUDGET_S, lambda words: self.meter.note(trouble=words), may_pass)
        while True:
            try:
                result = await call()
            except ApiError as error:
                if not await retry.again(error):
                    raise
            else:
                self.meter.note(trouble="")
                return result

    def refuse_change(self) -> None:
        """Raise `DatasetError` if the file is no longer what was read."""
        now = facts_of(self.path)
        if (now.st_size, now.st_mtime_ns) != (self.facts.st_size, self.facts.st_mtime_ns):
            raise DatasetError(
                f"{self.path} was changed while it was being uploaded.",
                advice="Upload it again; what was sent is not used.",
                path=self.path,
            )


def facts_of(path: Path) -> os.stat_result:
    """Look at a file. Raises `DatasetError` if it is none, or cannot be read."""
    try:
        facts = path.stat()
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}.", path=path) from error
    if not S_ISREG(facts.st_mode):
        raise DatasetError(f"{path} is not a file.", path=path)
    return facts


def digest_of(path: Path) -> str:
    """SHA-256 of the file, about 1 s per GB."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}.", path=path) from error


class StaleError(Exception):
    """An upload that was taken up again is no longer there: begin again."""


async def send_parts(task: Sending) -> RemoteFile:
    """Send a file in parts, those that have not arrived.

    Raises:
        StaleError: if an earlier upload was taken up and the provider does not know it any more.
        ApiError: if the provider refuses.
        DatasetError: if the file has changed meanwhile.
    """
    known = task.store.uploads.find(*task.key)
    resumed = known is not None and _still_open(known, task)
    upload = known if known is not None and resumed else await _begin(task)
    try:
        part_ids = await _send_missing(task, upload)
        task.refuse_change()
        task.meter.note(phase="finishing")
        return await _complete(task, upload, part_ids)
    except DatasetError:
        task.store.uploads.forget(*task.key)
        with suppress(ApiError):
            await task.api.cancel_upload(upload.upload_id)
        raise
    except ApiError as error:
        if resumed and error.status in (400, 404):
            raise StaleError from error
        raise


def _still_open(known: KeptUpload, task: Sending) -> bool:
    """Whether an earlier upload can be gone on with; the provider has the last word."""
    minute = timedelta(minutes=1)
    alive = known.expires_at is None or known.expires_at > task.clock.now() + minute
    return bool(known.upload_id) and alive and known.part_bytes == task.limits.part


async def _begin(task: Sending) -> KeptUpload:
    size = task.facts.st_size
    begun = await task.persistently(
        lambda: task.api.start_upload(task.path.name, task.purpose, size)
    )
    upload = KeptUpload(
        *task.key,
        task.path.name,
        size,
        begun.id,
        task.limits.part,
        begun.created_at,
        begun.expires_at,
    )
    task.store.uploads.keep(upload)
    return upload


async def _send_missing(task: Sending, upload: KeptUpload) -> list[str]:
    """Send what has not arrived, a few at once; the ids of all parts in order."""
    size, step = upload.size_bytes, upload.part_bytes
    lengths = {at // step: min(step, size - at) for at in range(0, size, step)}
    arrived = {number: id for number, id in upload.parts.items() if number in lengths}
    for number in arrived:
        task.meter.sent(number, lengths[number])
    missing = iter([number for number in lengths if number not in arrived])

    async def send_some() -> None:
        for number in missing:
            arrived[number] = await _send_part(task, upload, number, lengths[number])

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(task.limits.at_once):
                group.create_task(send_some())
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return [arrived[number] for number in lengths]


async def _send_part(task: Sending, upload: KeptUpload, number: int, length: int) -> str:
    def sent(count: int) -> None:
        task.meter.sent(number, count)

    offset = number * upload.part_bytes
    part_id = await task.persistently(
        lambda: task.api.add_part(upload.upload_id, task.path, offset, length, sent)
    )
    task.store.uploads.part_arrived(upload.profile, upload.upload_id, number, part_id)
    return part_id


async def _complete(task: Sending, upload: KeptUpload, part_ids: list[str]) -> RemoteFile:
    """Complete the upload; if it turns out to be complete, its answer was lost: find the file."""
    try:
        done = await task.persistently(lambda: task.api.complete_upload(upload.upload_id, part_ids))
        if done.file is not None:
            return done.file
        refusal: ApiError = UnreachableError(
            f"{task.api.profile.title} completed the upload without naming the file.",
            advice="List the files to find it.",
        )
    except ApiError as error:
        if error.status not in (400, 404, 409):
            raise
        refusal = error
    file = await arrived(task, upload.filename, upload.size_bytes, upload.created_at)
    if file is None:
        raise refusal
    return file


async def arrived(
    task: Sending, filename: str, size_bytes: int, since: datetime
) -> RemoteFile | None:
    """Look for a file of this name and size, no older than `since`, that nobody here knows yet."""
    known = task.store.uploads.file_ids(task.api.profile.name)
    listing = pages(lambda after: task.api.files(purpose=task.purpose, after=after), most=20)
    async for batch in listing:
        for file in batch:
            same = (file.filename, file.size_bytes) == (filename, size_bytes)
            if same and file.created_at >= since and file.id not in known:
                return file
    return None
