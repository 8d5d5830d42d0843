"""Sending a dataset to a provider, once: in one request, or in parts that survive a restart.

A file is known by its content. If the provider has it already it is not sent again; if half of it
is there, the other half is sent. What arrived is written to the store part by part, so a dropped
connection or a killed app costs at most the parts that were in flight.
"""

import asyncio
import hashlib
import os
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from tintype.api import SYSTEM, Api, Clock
from tintype.api.retrying import may_be_done, may_pass
from tintype.errors import ApiError, DatasetError, NotFoundError
from tintype.jobs.history import note_upload
from tintype.jobs.sending import (
    Meter,
    Sending,
    StaleError,
    UploadLimits,
    UploadProgress,
    arrived,
    digest_of,
    facts_of,
    limits_for,
    send_parts,
)
from tintype.resources import RemoteFile
from tintype.store import KeptUpload, Store

_TICK_S = 0.1
_CLOCKS_DIFFER = timedelta(minutes=10)
"""By how much a provider's clock may be behind ours."""
_READ_BACK = 64 << 20
"""The largest file, in bytes, that is read back to see whether it is the one that was sent."""


async def upload(
    api: Api,
    store: Store,
    path: Path,
    purpose: str = "fine-tune",
    *,
    limits: UploadLimits | None = None,
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
    facts = await asyncio.to_thread(facts_of, path)
    limits = limits or limits_for(api.profile)
    if not facts.st_size:
        raise DatasetError(f"{path} is empty.", advice="Add examples to it.", path=path)
    if limits.total is not None and facts.st_size > limits.total:
        raise DatasetError(
            f"{path} has {facts.st_size / 1e6:,.0f} MB; {api.profile.title} takes up to "
            f"{limits.total / 1e6:,.0f} MB.",
            advice="Shrink the images, or send fewer rows.",
            path=path,
        )
    meter = Meter(UploadProgress("reading", 0, facts.st_size))
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
    meter: Meter,
    clock: Clock,
    limits: UploadLimits,
) -> RemoteFile:
    digest = await asyncio.to_thread(digest_of, path)
    meter.note(digest=digest)
    task = Sending(api, store, path, purpose, facts, digest, meter, clock, limits)
    file = await _there_already(task)
    if file is not None:
        return file
    meter.note(phase="sending")
    known = store.uploads.find(*task.key)
    begun, whole = clock.monotonic(), known is None or not known.parts
    if facts.st_size <= limits.whole:
        file = await _send_whole(task)
    else:
        try:
            file = await send_parts(task)
        except StaleError:
            store.uploads.forget(*task.key)
            meter.parts.clear()
            file = await send_parts(task)
    store.uploads.keep(
        KeptUpload(
            *task.key, path.name, facts.st_size, "", limits.part, file.created_at, file_id=file.id
        )
    )
    if whole:  # what was sent by an earlier run took time that nobody measured
        spent = clock.monotonic() - begun
        note_upload(store, api.profile.name, facts.st_size, spent, clock.now())
    return file


async def _there_already(task: Sending) -> RemoteFile | None:
    """Look whether the provider still has this very file."""
    known = task.store.uploads.find(*task.key)
    if known is not None and not known.file_id and not known.upload_id:
        return await _left_behind(task, known)
    if known is None or not known.file_id:
        return None
    try:
        file = await task.persistently(lambda: task.api.file(known.file_id))
    except NotFoundError:
        task.store.uploads.forget(*task.key)
        return None
    if file.status in ("error", "deleted") or file.size_bytes not in (None, known.size_bytes):
        task.store.uploads.forget(*task.key)
        return None
    task.meter.note(reused=True)
    return file


async def _left_behind(task: Sending, known: KeptUpload) -> RemoteFile | None:
    """Look for a file that a run which was killed may have sent, before it heard the answer."""
    since = known.created_at - _CLOCKS_DIFFER
    file = await task.persistently(lambda: _found(task, since))
    if file is None:
        return None
    with suppress(ApiError):  # not every provider gives back what was sent
        if known.size_bytes <= _READ_BACK:
            content = await task.api.file_content(file.id, max_bytes=_READ_BACK)
            digest = await asyncio.to_thread(hashlib.sha256, content)
            if digest.hexdigest() != task.digest:
                return None  # somebody else's, by chance of the same name and size
    task.store.uploads.keep(replace(known, file_id=file.id))
    task.meter.note(reused=True)
    return file


async def _send_whole(task: Sending) -> RemoteFile:
    """Send a file in one request; if the answer was lost, look for it before sending it again."""
    now = task.clock.now()
    since = now - _CLOCKS_DIFFER
    lost = False
    name, size = task.path.name, task.facts.st_size
    task.store.uploads.keep(KeptUpload(*task.key, name, size, "", task.limits.part, now))

    async def send() -> RemoteFile:
        nonlocal lost
        if lost and (file := await _found(task, since)) is not None:
            return file
        try:
            return await task.api.upload_file(task.path, task.purpose, sent)
        except ApiError as error:
            lost = lost or may_be_done(error)
            if may_pass(error) or not lost:
                raise
            file = await _found(task, since)  # nonsense for an answer: no use in sending again
            if file is None:
                raise
            return file

    def sent(count: int) -> None:
        task.meter.sent(0, count)

    file = await task.persistently(send)
    try:
        task.refuse_change()
    except DatasetError:
        with suppress(ApiError):
            await task.api.delete_file(file.id)
        raise
    return file


async def _found(task: Sending, since: datetime) -> RemoteFile | None:
    """Look for a file whose answer was lost; none too where a provider does not list its files."""
    try:
        return await arrived(task, task.path.name, task.facts.st_size, since)
    except ApiError as error:
        if error.status not in (400, 404, 405, 501):
            raise
        return None
