"""Sending a large file in parts that survive a restart: OpenAI's Uploads API."""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta

from tintype.api import pages
from tintype.errors import ApiError, DatasetError, UnreachableError
from tintype.jobs.sending import Sending
from tintype.resources import RemoteFile
from tintype.store import KeptUpload


class StaleError(Exception):
    """An upload that was taken up again is not there any more: begin anew."""


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
