"""Requests to a provider: sent, bounded, decoded, and what goes wrong translated.

OpenAI's SDK would do this too, but its import takes longer than most commands, and keeps 300,000
objects. Of what it does, raw answers are all that is wanted here: its own models let odd shapes
through as attributes of the wrong type, where `parsing` is stricter where it matters and milder
where it does not; its retries would wait up to two minutes for a 429 without a word, and send again
what must not be sent twice. Here only what can be repeated is, within a budget that is stated.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import aclosing, contextmanager
from typing import Any, Literal

import httpx2

from tintype.api.base import Clock, Patience
from tintype.api.bodies import sendable
from tintype.api.redaction import may_hold, withheld
from tintype.api.retrying import Retry, budget_s, may_be_read_soon, may_pass_soon
from tintype.api.silence import CallContext, unreachable
from tintype.api.translation import ErrorResponse, broken_stream, error_for_answer, refused
from tintype.api.transport import ANSWER_BYTES, http_client, limit_bytes, silence
from tintype.errors import ApiError, NotFoundError, SettingsError
from tintype.settings import Profile, Secret

Method = Literal["GET", "POST", "DELETE"]


Revive = Callable[[], Awaitable[bool]]
"""Starts a server again that has gone; whether one runs now."""


class Wire:
    """One request after another: sent, bounded, and what goes wrong translated."""

    def __init__(
        self,
        profile: Profile,
        key: Secret,
        base_url: str,
        *,
        patience: Patience,
        clock: Clock,
        read_only: bool,
        notify: Callable[[str], None],
        revive: Revive | None = None,
    ) -> None:
        self.notify, self._revive = notify, revive
        self.profile, self.base_url, self.patience = profile, base_url, patience
        self._key, self._clock, self._read_only = key, clock, read_only
        self._client = http_client(base_url, patience)
        # Servers without keys want the header nevertheless.
        self._client.headers["Authorization"] = f"Bearer {key.reveal() or 'none'}"
        if profile.organization:
            self._client.headers["OpenAI-Organization"] = profile.organization
        if profile.project:
            self._client.headers["OpenAI-Project"] = profile.project

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def asked(self, doing: str, subject: str = "", model: str = "") -> CallContext:
        """Say what is about to be asked, for the sentence if it fails."""
        return CallContext(self.profile, self.base_url, self._key, doing, subject, model)

    async def get(
        self,
        url: str,
        asked: CallContext,
        query: Mapping[str, Any] | None = None,
        max_bytes: int = ANSWER_BYTES,
    ) -> bytes:
        """Fetch, again if need be, within the budget."""
        retry = self.retry(may_be_read_soon)
        while True:
            try:
                return await self.call("GET", url, asked, query=query, max_bytes=max_bytes)
            except ApiError as error:
                if not await retry.again(error):
                    raise

    async def pieces(
        self, url: str, asked: CallContext, max_bytes: int
    ) -> AsyncGenerator[bytes, None]:
        """Fetch a body of any size piece by piece; tried again until the first piece is there."""
        retry, begun = self.retry(may_be_read_soon), False
        while True:
            self.allow("GET", asked)
            limit = limit_bytes.set(max_bytes)
            try:
                with self.translated(asked):
                    request = self._request("GET", url, None)
                    try:
                        response = await self._send(request, stream=True)
                    finally:
                        limit_bytes.reset(limit)
                    async with aclosing(response):
                        if not response.is_success:
                            await response.aread()
                            raise _refusal(response, asked)
                        async for piece in response.aiter_raw():
                            begun = True
                            yield piece
                return
            except ApiError as error:
                if begun or not await retry.again(error):
                    raise

    async def delete(self, url: str, asked: CallContext) -> None:
        """Delete, again if need be; what is gone after a first try has been deleted by it."""
        retry = self.retry()
        while True:
            try:
                await self.call("DELETE", url, asked)
            except NotFoundError:
                if not retry.failures:
                    raise
            except ApiError as error:
                if not await retry.again(error):
                    raise
                continue
            return

    def retry(self, worth: Callable[[ApiError], bool] = may_pass_soon) -> Retry:
        """Begin to count the tries of one request; `worth` says which failures may pass."""
        own_s = budget_s.get()
        seconds = self.patience.retry_s if own_s is None else own_s
        return Retry(self._clock, seconds, self.notify, worth)

    async def call(
        self,
        method: Method,
        url: str,
        asked: CallContext,
        *,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        files: Any = None,
        waits_s: float | None = None,
        max_bytes: int = ANSWER_BYTES,
    ) -> bytes:
        """Send one request and read its whole answer."""
        self.allow(method, asked)
        content: dict[str, Any] = {"params": dict(query or {})}
        if files:
            content |= {"data": dict(body or {}), "files": files}
        elif body is not None:
            content["json"] = sendable(body)
        limit = limit_bytes.set(max_bytes)
        try:
            with self.translated(asked):
                request = self._request(method, url, waits_s, **content)
                # What may take long is watched by the time between two signs of life only.
                async with asyncio.timeout(
                    self.patience.whole_answer_s if waits_s is None else None
                ):
                    response = await self._send(request)
                if not response.is_success:
                    raise _refusal(response, asked)
        finally:
            limit_bytes.reset(limit)
        if "html" in response.headers.get("content-type", ""):
            raise unreachable("web_page", asked)
        return response.content

    async def _send(self, request: httpx2.Request, *, stream: bool = False) -> httpx2.Response:
        """Send a request; where nobody listens, once more when the server has been started again.

        What nobody took is not done twice by that, whatever it is.
        """
        try:
            return await self._client.send(request, stream=stream)
        except httpx2.ConnectError:
            if self._revive is None or not await self._revive():
                raise
            return await self._client.send(request, stream=stream)

    def _request(
        self, method: Method, url: str, waits_s: float | None, **content: Any
    ) -> httpx2.Request:
        """Make a request; `waits_s` is how long to wait between two signs of life."""
        waits_s = self.patience.answer_s if waits_s is None else waits_s
        timeout = httpx2.Timeout(waits_s, connect=self.patience.connect_s)
        return self._client.build_request(
            method, f"{self.base_url}{url}", timeout=timeout, **content
        )

    async def stream(
        self, url: str, asked: CallContext, body: object
    ) -> AsyncGenerator[object, None]:
        """Send one request and yield the JSON of each server-sent event.

        A provider that answers in one piece after all yields that piece.
        """
        self.allow("POST", asked)
        request = self._request("POST", url, self.patience.stream_s, json=sendable(body))
        with self.translated(asked):
            response = await self._send(request, stream=True)
            async with aclosing(response):
                if not response.is_success:
                    await response.aread()
                    raise _refusal(response, asked)
                kind = response.headers.get("content-type", "")
                if "html" in kind:
                    raise unreachable("web_page", asked)
                if "json" in kind:
                    yield decoded(await response.aread(), asked)
                    return
                async for data in events(response.aiter_raw()):
                    if data.startswith(b"[DONE]"):
                        return
                    chunk = json.loads(data)
                    if isinstance(chunk, Mapping) and chunk.get("error"):
                        raise broken_stream(chunk["error"], asked)
                    yield withheld(chunk, asked.key)

    def allow(self, method: Method, asked: CallContext) -> None:
        """Hold back what spends or changes something in read-only mode; all, once closed."""
        if self._client.is_closed:
            raise ApiError(
                f"The connection to {self.profile.title} has been closed.",
                advice="Connect again.",
            )
        free = self.profile.dialect == "embedded" and asked.doing == "ask the model"
        if self._read_only and method != "GET" and not free:
            raise SettingsError(
                f"Read-only mode: will not {asked.doing} at {self.profile.title}.",
                advice="Set read_only = false to allow it.",
            )

    @contextmanager
    def translated(self, asked: CallContext) -> Iterator[None]:
        """Turn what the network raises into errors of our own."""
        try:
            yield
        except (httpx2.HTTPError, httpx2.StreamError, httpx2.InvalidURL) as error:
            why, detail = silence(error)
            raise unreachable(why, asked, detail) from None
        except TimeoutError:
            raise unreachable("answer_timeout", asked) from None
        except (ValueError, RecursionError):  # an event that is no JSON or no UTF-8
            raise unreachable("nonsense", asked) from None


def _refusal(response: httpx2.Response, asked: CallContext) -> ApiError:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return refused(ErrorResponse(response.status_code, response.text, headers), asked)


async def events(chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """Yield the data of each server-sent event, however the stream is cut into chunks.

    Lines end with LF, CR LF or CR, and with nothing else: the text in them may hold U+2028. An
    event that the stream ends within is left out.
    """
    data: list[bytes] = []
    async for line in _lines(chunks):
        if line.startswith(b"data:"):
            data.append(line[5:].removeprefix(b" "))
        elif not line and data:
            yield b"\n".join(data)
            data = []


async def _lines(chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    pending: list[bytes] = []
    after_cr = False
    async for chunk in chunks:
        rest = chunk.removeprefix(b"\n") if after_cr else chunk
        if not rest:
            after_cr = after_cr and not chunk
            continue
        after_cr = rest.endswith(b"\r")
        for line in rest.splitlines(keepends=True):
            pending.append(line.rstrip(b"\r\n"))
            if line.endswith((b"\r", b"\n")):
                yield b"".join(pending)
                pending = []


def decoded(body: bytes, asked: CallContext) -> object:
    """Read the JSON of an answer."""
    try:
        value: object = json.loads(body)
    except (ValueError, RecursionError):
        web_page = body.lstrip()[:1] == b"<"
        raise unreachable("web_page" if web_page else "nonsense", asked) from None
    if (error := error_for_answer(value, asked)) is not None:
        raise error
    # A job's error may repeat the key that was shown, and is stored and drawn. Large pages are not
    # walked for nothing.
    return withheld(value, asked.key) if may_hold(body, asked.key) else value
