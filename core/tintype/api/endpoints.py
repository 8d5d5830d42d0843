# ruff: noqa: D102 - the Protocol `Api` says what each call does
"""The driver: what `Api` can be asked, as OpenAI's endpoints."""

import asyncio
import functools
import os
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from tintype.api import parsing
from tintype.api.base import ChatPiece, ChatRequest, Sent, Upload, unheard
from tintype.api.bodies import chat_body, given, job_body, turned_down, weights_text, without
from tintype.api.redaction import without_key
from tintype.api.silence import CallContext, unreachable
from tintype.api.transport import Slice, opened
from tintype.api.wire import Wire, decoded
from tintype.errors import ApiError
from tintype.resources import Checkpoint, Event, Job, JobRequest, Model, Page, RemoteFile, Weights

T = TypeVar("T")

_SIMPLER = 3
"""How often a question is put again in simpler words."""


class OpenAIApi:
    """A connection to a provider that speaks OpenAI's protocol; `Api` says what each call does."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.profile = wire.profile
        self.base_url = wire.base_url
        self.notify = wire.notify
        self._left_out: dict[str, tuple[str, ...]] = {}
        """By model: parts of a question that were turned down, and that it answers without."""

    async def aclose(self) -> None:
        await self._wire.aclose()

    async def _look(
        self,
        read: Callable[[object], T],
        url: str,
        doing: str,
        subject: str = "",
        query: Mapping[str, Any] | None = None,
    ) -> T:
        asked = self._wire.asked(doing, subject)
        body = await self._wire.get(url, asked, query)
        return _understood(read, decoded(body, asked), asked)

    async def _do(
        self,
        read: Callable[[object], T],
        url: str,
        doing: str,
        subject: str = "",
        **sent: Any,
    ) -> T:
        asked = self._wire.asked(doing, subject)
        body = await self._wire.call("POST", url, asked, **sent)
        return _understood(read, decoded(body, asked), asked)

    async def upload_file(self, path: Path, purpose: str, sent: Sent = unheard) -> RemoteFile:
        with await asyncio.to_thread(opened, path) as file:
            body = Slice(file, 0, os.fstat(file.fileno()).st_size, sent)
            return await self._do(
                parsing.remote_file,
                "/files",
                "upload the file",
                body={"purpose": purpose},
                files={"file": (path.name, body, "application/jsonl")},
                waits_s=self._wire.patience.upload_s,
            )

    async def start_upload(self, filename: str, purpose: str, size_bytes: int) -> Upload:
        body = {"filename": filename, "purpose": purpose, "bytes": size_bytes}
        body["mime_type"] = "application/jsonl"
        return await self._do(parsing.upload, "/uploads", "begin the upload", body=body)

    async def add_part(
        self, upload_id: str, path: Path, offset: int, size_bytes: int, sent: Sent = unheard
    ) -> str:
        with await asyncio.to_thread(opened, path) as file:
            body = Slice(file, offset, size_bytes, sent)
            return await self._do(
                parsing.part_id,
                f"/uploads/{_id(upload_id)}/parts",
                "upload a part of the file",
                f"upload {upload_id}",
                files={"data": ("part", body, "application/octet-stream")},
                waits_s=self._wire.patience.upload_s,
            )

    async def complete_upload(self, upload_id: str, part_ids: Sequence[str]) -> Upload:
        return await self._do(
            parsing.upload,
            f"/uploads/{_id(upload_id)}/complete",
            "complete the upload",
            f"upload {upload_id}",
            body={"part_ids": list(part_ids)},
            waits_s=self._wire.patience.upload_s,
        )

    async def cancel_upload(self, upload_id: str) -> Upload:
        url = f"/uploads/{_id(upload_id)}/cancel"
        return await self._do(parsing.upload, url, "cancel the upload", f"upload {upload_id}")

    async def files(
        self, *, purpose: str = "", after: str | None = None, limit: int = 100
    ) -> Page[RemoteFile]:
        query = given(purpose=purpose, after=after, limit=limit)
        return await self._look(_page(parsing.remote_file), "/files", "list the files", "", query)

    async def file(self, file_id: str) -> RemoteFile:
        url, one = f"/files/{_id(file_id)}", f"file {file_id}"
        return await self._look(parsing.remote_file, url, "read the file's details", one)

    async def file_content(self, file_id: str, *, max_bytes: int = 64 << 20) -> bytes:
        asked = self._wire.asked("download the file", f"file {file_id}")
        return await self._wire.get(f"/files/{_id(file_id)}/content", asked, None, max_bytes)

    def download(self, file_id: str, *, max_bytes: int) -> AsyncGenerator[bytes, None]:
        asked = self._wire.asked("download the file", f"file {file_id}")
        return self._wire.pieces(f"/files/{_id(file_id)}/content", asked, max_bytes)

    async def delete_file(self, file_id: str) -> None:
        asked = self._wire.asked("delete the file", f"file {file_id}")
        await self._wire.delete(f"/files/{_id(file_id)}", asked)

    async def create_job(self, request: JobRequest) -> Job:
        asked = self._wire.asked("create the job", model=request.model)
        answer = await self._wire.call("POST", "/fine_tuning/jobs", asked, body=job_body(request))
        return _understood(parsing.job, decoded(answer, asked), asked)

    async def job(self, job_id: str) -> Job:
        def named(value: object) -> Job:
            found = parsing.job(value)
            if found.id != job_id:
                raise parsing.NonsenseError("another job than was asked for")
            return found

        url = f"/fine_tuning/jobs/{_id(job_id)}"
        return await self._look(named, url, "read the job", f"job {job_id}")

    async def jobs(
        self,
        *,
        after: str | None = None,
        limit: int = 20,
        metadata: Mapping[str, str] | None = None,
    ) -> Page[Job]:
        query = given(after=after, limit=limit)
        query |= {f"metadata[{name}]": value for name, value in (metadata or {}).items()}
        return await self._look(_page(parsing.job), "/fine_tuning/jobs", "list the jobs", "", query)

    async def _steer(self, job_id: str, verb: str) -> Job:
        url = f"/fine_tuning/jobs/{_id(job_id)}/{verb}"
        return await self._do(parsing.job, url, f"{verb} the job", f"job {job_id}")

    async def cancel_job(self, job_id: str) -> Job:
        return await self._steer(job_id, "cancel")

    async def pause_job(self, job_id: str) -> Job:
        return await self._steer(job_id, "pause")

    async def resume_job(self, job_id: str) -> Job:
        return await self._steer(job_id, "resume")

    async def job_events(
        self, job_id: str, *, after: str | None = None, limit: int = 100
    ) -> Page[Event]:
        url, one = f"/fine_tuning/jobs/{_id(job_id)}/events", f"job {job_id}"
        query, read = given(after=after, limit=limit), _page(parsing.event)
        return await self._look(read, url, "read the job's events", one, query)

    async def job_checkpoints(
        self, job_id: str, *, after: str | None = None, limit: int = 100
    ) -> Page[Checkpoint]:
        url, one = f"/fine_tuning/jobs/{_id(job_id)}/checkpoints", f"job {job_id}"
        query, read = given(after=after, limit=limit), _page(parsing.checkpoint)
        return await self._look(read, url, "list the checkpoints", one, query)

    async def models(self) -> tuple[Model, ...]:
        page = await self._look(_page(parsing.model), "/models", "list the models")
        return tuple({model.id: model for model in page.items}.values())

    async def model(self, model_id: str) -> Model:
        asked = self._wire.asked("read the model's details", f"model {model_id}", model_id)
        answer = await self._wire.get(f"/models/{_id(model_id)}", asked)
        return _understood(parsing.model, decoded(answer, asked), asked)

    async def delete_model(self, model_id: str) -> None:
        asked = self._wire.asked("delete the model", f"model {model_id}", model_id)
        await self._wire.delete(f"/models/{_id(model_id)}", asked)

    async def weights(self, model_id: str) -> Weights:
        url, one = f"/models/{_id(model_id)}/weights", f"model {model_id}"
        return await self._look(parsing.weights, url, "read the model's weights", one)

    def download_weights(
        self, model_id: str, name: str, *, max_bytes: int
    ) -> AsyncGenerator[bytes, None]:
        asked = self._wire.asked("download the model's weights", f"model {model_id}")
        return self._wire.pieces(f"/models/{_id(model_id)}/weights/{_id(name)}", asked, max_bytes)

    async def add_weights(self, weights: Weights, name: str, path: Path) -> Model:
        with await asyncio.to_thread(opened, path) as file:
            body = Slice(file, 0, os.fstat(file.fileno()).st_size, unheard)
            return await self._do(
                parsing.model,
                f"/models/{_id(weights.model)}/weights",
                "put back the model",
                f"model {weights.model}",
                body={"weights": weights_text(weights)},
                files={"file": (name, body, "application/octet-stream")},
                waits_s=self._wire.patience.upload_s,
            )

    async def chat(self, request: ChatRequest) -> AsyncGenerator[ChatPiece, None]:
        """Ask, and ask again: without what was turned down by name, or after a wait.

        A refused request costs nothing, and older servers know neither `stream_options` nor
        `max_completion_tokens`; what a model answered without is left out of its next questions.
        After the first text nothing is asked again.
        """
        asked = self._wire.asked("ask the model", f"model {request.model}", request.model)
        known = self._left_out.get(request.model, ())
        body = functools.reduce(without, known, chat_body(request, self.profile))
        retry, begun, found = self._wire.retry(), False, list[str]()
        while True:
            try:
                async with (
                    aclosing(self._answer(body, asked)) as answer,
                    aclosing(without_key(answer, asked.key)) as shown,
                ):
                    async for piece in shown:
                        if found and not begun:
                            self._left_out[request.model] = (*known, *found)
                        begun = True
                        yield piece
                return
            except ApiError as error:
                part = turned_down(body, error)
                if part is not None and len(found) < _SIMPLER:
                    found.append(part)
                    body = without(body, part)
                elif begun or not await retry.again(error):
                    raise

    async def _answer(
        self, body: dict[str, Any], asked: CallContext
    ) -> AsyncGenerator[ChatPiece, None]:
        url, finished, understood = "/chat/completions", False, True
        if not body.get("stream"):
            waits_s = self._wire.patience.stream_s
            whole = await self._wire.call("POST", url, asked, body=body, waits_s=waits_s)
            for piece in _understood(parsing.pieces, decoded(whole, asked), asked):
                finished = True
                yield piece
            if not finished:
                raise unreachable("nonsense", asked)
            return
        async with aclosing(self._wire.stream(url, asked, body)) as chunks:
            async for chunk in chunks:
                pieces = _understood(parsing.pieces, chunk, asked)
                understood = bool(pieces) or (understood and isinstance(chunk, Mapping))
                for piece in pieces:
                    finished = finished or bool(piece.finish_reason)
                    yield piece
        if not understood:
            raise unreachable("nonsense", asked)
        if not finished:  # the connection was closed in an orderly way, but too early
            raise unreachable("cut", asked)


def _page(read: Callable[[object], T]) -> Callable[[object], Page[T]]:
    return lambda value: parsing.page(value, read)


def _understood(read: Callable[[object], T], value: object, asked: CallContext) -> T:
    try:
        return read(value)
    except parsing.NonsenseError as error:
        raise unreachable("nonsense", asked, str(error)) from None


def _id(name: str) -> str:
    """An id as one segment of a path, whatever it holds."""
    return quote(name, safe=":", errors="replace") if name.strip(".") else "%2E"
