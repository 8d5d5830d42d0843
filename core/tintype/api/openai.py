"""OpenAI's SDK, kept behind one class: the only module that imports it.

The SDK is used for what it does well (credentials, headers, multipart, server-sent events) and
asked for raw answers: its own models let odd shapes through as attributes of the wrong type, and
`parsing` is stricter where it matters and milder where it does not. Its retries are off. It would
wait up to two minutes for a 429 without a word, and resend what must not be sent twice; here only
what can be repeated is, within a budget that is stated.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import aclosing, contextmanager
from typing import Any, Literal

import httpx2
import openai

from tintype.api.base import Clock, Patience
from tintype.api.bodies import sendable
from tintype.api.redaction import withheld
from tintype.api.retrying import Retry, budget_s
from tintype.api.silence import CallContext, unreachable
from tintype.api.translation import ErrorResponse, broken_stream, refused
from tintype.api.transport import ANSWER_BYTES, http_client, limit_bytes, silence
from tintype.errors import ApiError, NotFoundError, SettingsError
from tintype.settings import Profile, Secret

Method = Literal["GET", "POST", "DELETE"]


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
    ) -> None:
        self.notify = notify
        self.profile, self.base_url, self.patience = profile, base_url, patience
        self._key, self._clock, self._read_only = key, clock, read_only
        self._client = openai.AsyncOpenAI(
            api_key=key.reveal() or "none",  # servers without keys want the header nevertheless
            base_url=base_url,
            max_retries=0,
            http_client=http_client(base_url, patience),
        )
        # The SDK fills these in from OPENAI_* variables, which are meant for OpenAI alone.
        self._client.organization = profile.organization or None
        self._client.project = profile.project or None
        if profile.dialect != "openai":
            self._client._custom_headers = {}

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.close()

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
        retry = self.retry()
        while True:
            try:
                return await self.call("GET", url, asked, query=query, max_bytes=max_bytes)
            except ApiError as error:
                if not await retry.again(error):
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

    def retry(self) -> Retry:
        """Begin to count the tries of one request."""
        own_s = budget_s.get()
        return Retry(self._clock, self.patience.retry_s if own_s is None else own_s, self.notify)

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
        options: openai.RequestOptions = {"params": dict(query or {})}
        if waits_s is not None:
            options["timeout"] = httpx2.Timeout(waits_s, connect=self.patience.connect_s)
        if files:
            options["headers"] = {"Content-Type": "multipart/form-data"}
        limit = limit_bytes.set(max_bytes)
        try:
            with self.translated(asked):
                # What may take long is watched by the time between two signs of life only.
                async with asyncio.timeout(
                    self.patience.whole_answer_s if waits_s is None else None
                ):
                    response = await self._send(method, url, options, body, files)
        finally:
            limit_bytes.reset(limit)
        if "html" in response.headers.get("content-type", ""):
            raise unreachable("web_page", asked)
        return response.content

    async def _send(
        self,
        method: Method,
        url: str,
        options: openai.RequestOptions,
        body: Mapping[str, Any] | None,
        files: Any,
    ) -> httpx2.Response:
        if method == "GET":
            return await self._client.get(url, cast_to=httpx2.Response, options=options)
        if method == "DELETE":
            return await self._client.delete(url, cast_to=httpx2.Response, options=options)
        return await self._client.post(
            url, cast_to=httpx2.Response, body=sendable(body), files=files, options=options
        )

    async def stream(
        self, url: str, asked: CallContext, body: object
    ) -> AsyncGenerator[object, None]:
        """Send one request and yield the JSON of each server-sent event.

        A provider that answers in one piece after all yields that piece.
        """
        self.allow("POST", asked)
        timeout = httpx2.Timeout(self.patience.stream_s, connect=self.patience.connect_s)
        with self.translated(asked):
            stream = await self._client.post(
                url,
                cast_to=object,
                body=sendable(body),
                options={"timeout": timeout},
                stream=True,
                stream_cls=openai.AsyncStream[object],
            )
            async with aclosing(stream):
                kind = stream.response.headers.get("content-type", "")
                if "html" in kind:
                    raise unreachable("web_page", asked)
                if "json" in kind:
                    yield decoded(await stream.response.aread(), asked)
                    return
                async for chunk in stream:
                    yield withheld(chunk, asked.key)

    def allow(self, method: Method, asked: CallContext) -> None:
        """Hold back what spends or changes something in read-only mode; all, once closed."""
        if self._client.is_closed():
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
        """Turn what the SDK and the network raise into errors of our own."""
        try:
            yield
        except openai.APIStatusError as error:
            response = error.response
            headers = {name.lower(): value for name, value in response.headers.items()}
            body = response.text if response.is_stream_consumed else ""
            raise refused(ErrorResponse(error.status_code, body, headers), asked) from None
        except (openai.APIConnectionError, httpx2.HTTPError, httpx2.StreamError) as error:
            why, detail = silence(error)
            raise unreachable(why, asked, detail) from None
        except openai.APIError as error:
            raise broken_stream(error.body or {"message": error.message}, asked) from None
        except TimeoutError:
            raise unreachable("answer_timeout", asked) from None
        except (ValueError, RecursionError):  # an event that is no JSON or no UTF-8
            raise unreachable("nonsense", asked) from None


def decoded(body: bytes, asked: CallContext) -> object:
    """Read the JSON of an answer."""
    try:
        value: object = json.loads(body)
    except (ValueError, RecursionError):
        web_page = body.lstrip()[:1] == b"<"
        raise unreachable("web_page" if web_page else "nonsense", asked) from None
    # A job's error may repeat the key that was shown, and is stored and drawn. Large pages are not
    # walked for nothing.
    repeated = asked.key.reveal().encode() in body or b"\\u" in body
    return withheld(value, asked.key) if repeated else value
