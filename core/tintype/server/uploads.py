"""Uploads: a file too large for one request, arriving in parts.

Parts may come in any order and at the same time; the order in which they are named at the end
counts. Completing twice with the same parts gives the same answer twice, because the first answer
may have been lost.
"""

import asyncio
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from tintype.errors import RefusalError
from tintype.server import files, storage, wire
from tintype.server.fields import Fields, refuse
from tintype.server.forms import received, tame
from tintype.server.provider import provider
from tintype.server.reading import json_body
from tintype.server.records import FILES_BY_PURPOSE, File, Part, UploadRecord
from tintype.server.state import State, now

UPLOAD_BYTES = 8 * 1024**3
PART_BYTES = 64 * 1024 * 1024
LIFE_S = 3600
PARTS = 10_000
COPY_BYTES = 1 << 20


async def create(request: Request) -> Response:
    """`POST /uploads`."""
    state = provider(request).state
    fields = await json_body(request)
    fields.only("filename", "purpose", "bytes", "mime_type", "expires_after")
    created_at = now()
    upload = UploadRecord(
        id=wire.new_id("upload_"),
        created_at=created_at,
        filename=tame(fields.text("filename")) or "upload",
        purpose=fields.text("purpose", choices=FILES_BY_PURPOSE),
        bytes=fields.integer("bytes", minimum=1, maximum=UPLOAD_BYTES),
        mime_type=fields.text("mime_type", maximum=255),
        expires_at=created_at + LIFE_S,
        keep_s=files.keep(fields),
    )
    state.add(upload)
    return wire.JsonAnswer(wire.upload_object(upload))


async def add_part(request: Request) -> Response:
    """`POST /uploads/{id}/parts`."""
    state = provider(request).state
    _pending(request)
    async with received(
        request, state.incoming_path(), file_field="data", limit_bytes=PART_BYTES
    ) as form:
        form.fields.only()
        upload = _pending(request)  # again: the part may have taken its time
        have = sum(part.bytes for part in state.all(Part, upload_id=upload.id))
        if have + form.file.size_bytes > 2 * upload.bytes + PART_BYTES:
            refuse("The parts are far larger than the declared size.", param="data")
        part = Part(wire.new_id("part_"), now(), upload.id, form.file.size_bytes)
        form.file.path.rename(state.part_path(part.id))
        state.add(part)
    return wire.JsonAnswer(wire.part_object(part))


async def complete(request: Request) -> Response:
    """`POST /uploads/{id}/complete`."""
    state = provider(request).state
    _named(request)
    fields = await json_body(request)
    part_ids, digest = _order(fields)
    async with provider(request).completing:
        upload = _named(request)
        if upload.status != "completed" or list(upload.part_ids) != part_ids:
            upload = await _complete(state, _pending(request), part_ids, digest)
    return wire.JsonAnswer(_object(state, upload))


async def cancel(request: Request) -> Response:
    """`POST /uploads/{id}/cancel`."""
    state = provider(request).state
    upload = _named(request)
    if upload.status != "cancelled":
        upload = state.change(_pending(request), status="cancelled")
        storage.forget_parts(state, upload)
    return wire.JsonAnswer(_object(state, upload))


async def _complete(
    state: State, upload: UploadRecord, part_ids: Sequence[str], digest: str | None
) -> UploadRecord:
    parts = _chosen(state, upload, part_ids)
    whole = state.incoming_path()
    try:
        found = await asyncio.to_thread(_join, [state.part_path(part.id) for part in parts], whole)
        if digest is not None and digest.lower() != found:
            refuse(
                f"The MD5 checksum of the parts is {found}, not {digest[:64]}.",
                param="md5",
                code="md5_mismatch",
            )
        if upload.purpose == "fine-tune":
            await asyncio.to_thread(storage.refuse_other_than_json_lines, whole)
        with state.transaction():
            file = storage.admit(state, whole, upload.filename, upload.purpose, upload.keep_s)
            upload = state.change(
                upload, status="completed", file_id=file.id, part_ids=tuple(part_ids)
            )
    finally:
        whole.unlink(missing_ok=True)
    storage.forget_parts(state, upload)
    return upload


def _order(fields: Fields) -> tuple[list[str], str | None]:
    fields.only("part_ids", "md5")
    part_ids = fields.items("part_ids", str, minimum=1, maximum=PARTS)
    if len(set(part_ids)) < len(part_ids):
        refuse("A part is listed twice.", param="part_ids", code="invalid_value")
    return part_ids, fields.text("md5") if fields.given("md5") else None


def _chosen(state: State, upload: UploadRecord, part_ids: Sequence[str]) -> list[Part]:
    known = {part.id: part for part in state.all(Part, upload_id=upload.id)}
    for id in part_ids:
        if id not in known:
            refuse(f"No such Part in this Upload: {id[:100]}", param="part_ids")
    parts = [known[id] for id in part_ids]
    size = sum(part.bytes for part in parts)
    if size != upload.bytes:
        refuse(
            f"The parts have {size} bytes in total, but the upload was declared to have "
            f"{upload.bytes}.",
            param="part_ids",
            code="bytes_mismatch",
        )
    return parts


def _join(parts: Sequence[Path], whole: Path) -> str:
    """Put the parts together on disk; returns the MD5 of the whole in hexadecimal."""
    digest = hashlib.md5(usedforsecurity=False)
    with whole.open("xb") as output:
        os.fchmod(output.fileno(), 0o600)
        for part in parts:
            with part.open("rb") as source:
                while chunk := source.read(COPY_BYTES):
                    digest.update(chunk)
                    output.write(chunk)
        output.flush()
        os.fsync(output.fileno())
    return digest.hexdigest()


def _named(request: Request) -> UploadRecord:
    state, id = provider(request).state, request.path_params["upload_id"]
    storage.remove_expired(state)
    upload = state.find(UploadRecord, id)
    if upload is None:
        raise RefusalError(404, f"No such Upload object: {id}", param="upload_id")
    return upload


def _pending(request: Request) -> UploadRecord:
    """The upload, if parts can still be added to it."""
    upload = _named(request)
    if upload.status != "pending":
        refuse(f"The upload '{upload.id}' is {upload.status} already.", code="upload_not_pending")
    return upload


def _object(state: State, upload: UploadRecord) -> wire.Json:
    file = None if upload.file_id is None else state.find(File, upload.file_id)
    return wire.upload_object(upload, file)
