"""Sending a dataset to a provider, once: in one request, or in parts that survive a restart.

A file is known by its content. If the provider has it already it is not sent again; if half of it
is there, the other half is sent. What arrived is written to the store part by part, so a dropped
connection or a killed app costs at most the parts that were in flight.
"""

import asyncio
import hashlib
import os
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from stat import S_ISREG
from typing import Literal, TypeVar

from tintype.api import SYSTEM, Api, Clock, pages
from tintype.errors import ApiError, DatasetError, NotFoundError, UnreachableError
from tintype.jobs.pacing import back_off, may_pass
from tintype.resources import RemoteFile
from tintype.settings import Profile
from tintype.store import KeptUpload, Store

T = TypeVar("T")
Phase = Literal["reading", "sending", "finishing", "done"]

_TICK_S = 0.1
_ATTEMPTS = 6


@dataclass(frozen=True, slots=True)
class Limits:
    """How a file is sent; sizes in bytes."""

    whole: int
    """The largest file in one request."""
    total: int | None
    """The largest file altogether; none is not known and not judged."""
    part: int = 64 << 20
    """The largest part that OpenAI takes, and what its SDK sends."""
    at_once: int = 3
    """How many parts are under way at the same time."""


def limits_for(profile: Profile) -> Limits:
    """The limits of a provider, by its rules; what they do not say is as with OpenAI.

    Raises:
        SettingsError: if the profile names rules that do not exist.
    """
    from tintype.rules import profile as rules_of  # late: the rules know datasets and pictures

    rules, usual = rules_of(profile.rules), rules_of("openai")
    whole = rules.max_file_bytes or usual.max_file_bytes
    assert whole is not None
    return Limits(whole, rules.max_upload_bytes)


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
class _Meter:
    """What the sending tasks write and the generator reads."""

    progress: UploadProgress
    parts: dict[int, int] = field(default_factory=dict)

    def note(self, **changes: object) -> None:
        self.progress = replace(self.progress, **changes)  # type: ignore[arg-type]

    def sent(self, number: int, sent_bytes: int) -> None:
        self.parts[number] = sent_bytes
        self.note(sent_bytes=sum(self.parts.values()))


@dataclass(frozen=True, slots=True)
class _Task:
    """One file on its way, and all that is needed for it."""

    api: Api
    store: Store
    path: Path
    purpose: str
    facts: os.stat_result
    digest: str
    meter: _Meter
    clock: Clock
    limits: Limits

    @property
    def key(self) -> tuple[str, str, str]:
        return self.api.profile.name, self.purpose, self.digest

    async def persistently(self, call: Callable[[], Awaitable[T]]) -> T:
        """Try again after failures that may pass, saying so; the last one is raised."""
        for failures in range(1, _ATTEMPTS + 1):
            try:
                result = await call()
            except ApiError as error:
                if failures == _ATTEMPTS or not may_pass(error):
                    raise
                wait_s = back_off(error, failures)
                self.meter.note(trouble=f"{error.message} Trying again in {wait_s:.0f} s.")
                await self.clock.sleep(wait_s)
            else:
                self.meter.note(trouble="")
                return result
        raise AssertionError("unreachable")

    def refuse_change(self) -> None:
        """Raise `DatasetError` if the file is no longer what was read."""
        now = _facts(self.path)
        if (now.st_size, now.st_mtime_ns) != (self.facts.st_size, self.facts.st_mtime_ns):
            raise DatasetError(
                f"{self.path} was changed while it was being uploaded.",
                advice="Upload it again; what was sent is not used.",
                path=self.path,
            )


async def upload(
    api: Api,
    store: Store,
    path: Path,
    purpose: str = "fine-tune",
    *,
    limits: Limits | None = None,
    clock: Clock = SYSTEM,
) -> AsyncGenerator[UploadProgress, None]:
    """Send a file; the last progress has the file as the provider knows it.

    Leaving the generator stops the upload; calling `upload` again goes on with it.

    Raises:
        DatasetError: if the file cannot be read, is empty, too large, or changed meanwhile.
        ApiError: if the provider refuses it, or does not answer for about a minute.
        SettingsError: if the profile names rules that do not exist.
        StoreError: if the store cannot be written.
    """
    facts = await asyncio.to_thread(_facts, path)
    limits = limits or limits_for(api.profile)
    if not facts.st_size:
        raise DatasetError(f"{path} is empty.", advice="Add examples to it.", path=path)
    if limits.total is not None and facts.st_size > limits.total:
        raise DatasetError(
            f"{path} has {facts.st_size / 1e6:,.0f} MB; {api.profile.title} takes up to "
            f"{limits.total / 1e6:,.0f} MB.",
            advice="Shrink the pictures, or send fewer rows.",
            path=path,
        )
    meter = _Meter(UploadProgress("reading", 0, facts.st_size))
    work = asyncio.create_task(_deliver(api, store, path, purpose, facts, meter, clock, limits))
    try:
        told = None
        while not work.done():
            if meter.progress != told:
                told = meter.progress
                yield told
            await asyncio.wait({work}, timeout=_TICK_S)
        file = work.result()
        yield replace(meter.progress, phase="done", sent_bytes=facts.st_size, trouble="", file=file)
    finally:
        work.cancel()
        await asyncio.wait({work})
        if not work.cancelled():
            work.exception()  # has been raised above, or came too late to matter


async def _deliver(
    api: Api,
    store: Store,
    path: Path,
    purpose: str,
    facts: os.stat_result,
    meter: _Meter,
    clock: Clock,
    limits: Limits,
) -> RemoteFile:
    digest = await asyncio.to_thread(digest_of, path)
    meter.note(digest=digest)
    task = _Task(api, store, path, purpose, facts, digest, meter, clock, limits)
    file = await _there_already(task)
    if file is not None:
        return file
    meter.note(phase="sending")
    if facts.st_size <= limits.whole:
        file = await _send_whole(task)
    else:
        try:
            file = await _send_parts(task)
        except _StaleError:
            store.uploads.forget(*task.key)
            meter.parts.clear()
            file = await _send_parts(task)
    store.uploads.keep(
        KeptUpload(
            *task.key, path.name, facts.st_size, "", limits.part, file.created_at, file_id=file.id
        )
    )
    return file


async def _there_already(task: _Task) -> RemoteFile | None:
    """Look whether the provider still has this very file."""
    known = task.store.uploads.find(*task.key)
    if known is None or not known.file_id:
        return None
    try:
        file = await task.persistently(lambda: task.api.file(known.file_id))
    except NotFoundError:
        task.store.uploads.forget(*task.key)
        return None
    if file.status in ("error", "deleted") or file.size_bytes not in (0, known.size_bytes):
        task.store.uploads.forget(*task.key)
        return None
    task.meter.note(reused=True)
    return file


async def _send_whole(task: _Task) -> RemoteFile:
    def sent(count: int) -> None:
        task.meter.sent(0, count)

    file = await task.persistently(lambda: task.api.upload_file(task.path, task.purpose, sent))
    try:
        task.refuse_change()
    except DatasetError:
        with suppress(ApiError):
            await task.api.delete_file(file.id)
        raise
    return file


class _StaleError(Exception):
    """An upload that was taken up again is not there any more: begin anew."""


async def _send_parts(task: _Task) -> RemoteFile:
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
            raise _StaleError from error
        raise


def _still_open(known: KeptUpload, task: _Task) -> bool:
    """Whether an earlier upload can be gone on with; the provider has the last word."""
    minute = timedelta(minutes=1)
    alive = known.expires_at is None or known.expires_at > task.clock.now() + minute
    return bool(known.upload_id) and alive and known.part_bytes == task.limits.part


async def _begin(task: _Task) -> KeptUpload:
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


async def _send_missing(task: _Task, upload: KeptUpload) -> list[str]:
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


async def _send_part(task: _Task, upload: KeptUpload, number: int, length: int) -> str:
    def sent(count: int) -> None:
        task.meter.sent(number, count)

    offset = number * upload.part_bytes
    part_id = await task.persistently(
        lambda: task.api.add_part(upload.upload_id, task.path, offset, length, sent)
    )
    task.store.uploads.part_arrived(upload.profile, upload.upload_id, number, part_id)
    return part_id


async def _complete(task: _Task, upload: KeptUpload, part_ids: list[str]) -> RemoteFile:
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
    file = await _arrived(task, upload)
    if file is None:
        raise refusal
    return file


async def _arrived(task: _Task, upload: KeptUpload) -> RemoteFile | None:
    """Look for a file of this name and size that is no older than the upload."""
    listing = pages(lambda after: task.api.files(purpose=task.purpose, after=after), most=20)
    async for batch in listing:
        for file in batch:
            same = (file.filename, file.size_bytes) == (upload.filename, upload.size_bytes)
            if same and file.created_at >= upload.created_at:
                return file
    return None


def _facts(path: Path) -> os.stat_result:
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
