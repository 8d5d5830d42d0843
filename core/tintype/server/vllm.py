"""Tuned open models answered by a vLLM server that somebody runs: adapters are handed over to it.

It has to see the same disk, and to be started with `--enable-lora`, a `--max-lora-rank` that is
large enough, and `VLLM_ALLOW_RUNTIME_LORA_UPDATING=True`. Requests are passed on as they came.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.responses import Response, StreamingResponse

from tintype.errors import RefusalError

if TYPE_CHECKING:
    import httpx2

RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)
"""What vLLM takes as `--max-lora-rank`."""
KEY = "VLLM_API_KEY"
"""The variable with vLLM's key, if it asks for one."""
ADAPTER = "adapter_config.json"
"""In the folder of every adapter, and of nothing else."""
LOADING_S, CONNECT_S = 120.0, 10.0
MOST_BYTES = 64 << 10
"""What is read of vLLM's words about an adapter."""
_NEEDED = "Start vLLM with --enable-lora and VLLM_ALLOW_RUNTIME_LORA_UPDATING=True."


@dataclass(slots=True)
class Handover:
    """A vLLM server, and which adapters it has been given."""

    url: str
    """Its base URL, with or without `/v1`."""
    _given: set[str] = field(default_factory=set)
    _giving: asyncio.Lock = field(default_factory=asyncio.Lock)
    _made: "httpx2.AsyncClient | None" = None

    async def answer(self, model: str, adapter: Path, body: Mapping[str, Any]) -> Response:
        """Pass a question on to vLLM, which is given the adapter first; its answer as it comes.

        Args:
            model: The tuned model's name, here and there.
            adapter: The absolute path of its folder.
            body: The request.

        Raises:
            RefusalError: if vLLM cannot be reached or does not take the adapter.
        """
        await self._give(model, adapter)
        answered = await self._asked(body)
        if answered.status_code == 404:  # it was started again in the meantime
            await answered.aclose()
            self._given.discard(model)
            await self._give(model, adapter)
            answered = await self._asked(body)
        kind = answered.headers.get("content-type", "application/json")
        if answered.status_code in (401, 403):
            words = await _beginning(answered)
            await answered.aclose()
            raise _refused(answered.status_code, words, adapter)
        return StreamingResponse(_passed(answered, kind), answered.status_code, media_type=kind)

    async def forget(self, model: str) -> None:
        """Have vLLM let go of a model that was deleted, if it is there."""
        if model in self._given:
            self._given.discard(model)
            with suppress(RefusalError):
                await self._told("unload_lora_adapter", {"lora_name": model})

    async def aclose(self) -> None:
        """Close the connections to vLLM."""
        if self._made is not None:
            await self._made.aclose()

    async def _give(self, model: str, adapter: Path) -> None:
        if model in self._given:  # and whoever has another loaded is not waited for
            return
        async with self._giving:
            if model in self._given:
                return
            told = {"lora_name": model, "lora_path": os.fspath(adapter)}
            status, words = await self._told("load_lora_adapter", told)
            if status >= 400 and "already been loaded" not in words:
                raise _refused(status, words, adapter)
            self._given.add(model)

    async def _told(self, what: str, body: Mapping[str, Any]) -> tuple[int, str]:
        answered = await self._sent(what, body, LOADING_S)
        try:
            async with asyncio.timeout(LOADING_S):
                words = await _beginning(answered)
        except TimeoutError:
            words = ""
        finally:
            await answered.aclose()
        return answered.status_code, words

    async def _asked(self, body: Mapping[str, Any]) -> "httpx2.Response":
        return await self._sent("chat/completions", body, None)

    async def _sent(
        self, what: str, body: Mapping[str, Any], limit_s: float | None
    ) -> "httpx2.Response":
        import httpx2

        if self._made is None:
            self._made = await asyncio.to_thread(_client)
        url = f"{self.url.rstrip('/').removesuffix('/v1')}/v1/{what}"
        timeout = httpx2.Timeout(limit_s, connect=CONNECT_S)
        request = self._made.build_request("POST", url, json=dict(body), timeout=timeout)
        try:
            return await self._made.send(request, stream=True)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise RefusalError(
                502,
                f"The vLLM server at {self.url} does not answer: {str(error) or 'no reason given'}."
                " Start it, or serve without --with.",
                type="server_error",
                code="vllm_unreachable",
            ) from error


def _client() -> "httpx2.AsyncClient":
    """A client; made in a thread, because it reads every root certificate."""
    import httpx2

    key = os.environ.get(KEY)
    return httpx2.AsyncClient(headers={"authorization": f"Bearer {key}"} if key else {})


async def _beginning(answered: "httpx2.Response") -> str:
    """What it says first, without its key; an answer may have no end, or break off."""
    import httpx2

    found = b""
    with suppress(httpx2.HTTPError):
        async for piece in answered.aiter_bytes():
            found += piece
            if len(found) >= MOST_BYTES:
                break
    words, key = found[:MOST_BYTES].decode("utf-8", "replace"), os.environ.get(KEY)
    return words.replace(key, "[key]") if key else words


async def _passed(answered: "httpx2.Response", kind: str) -> AsyncIterator[bytes]:
    """The body as it comes, a stream line by line, so that where it breaks off can be said.

    Who stops reading stops vLLM's work.
    """
    import httpx2

    streams, rest = "event-stream" in kind, b""
    try:
        async for piece in answered.aiter_bytes():
            lines, end, rest = (rest + piece).rpartition(b"\n") if streams else (piece, b"", b"")
            yield lines + end
        yield rest
    except httpx2.HTTPError:
        if streams:
            said = {"message": "The connection to vLLM was lost.", "code": "vllm_unreachable"}
            yield f"\ndata: {json.dumps({'error': said})}\n\n".encode()
    finally:
        await answered.aclose()


def _refused(status: int, words: str, adapter: Path) -> RefusalError:
    """Why vLLM does not take an adapter, and what to do."""
    if status in (401, 403):
        message = f"vLLM does not take the key: set {KEY} to its --api-key, and serve again."
    elif status == 404 and "error" not in words:
        message = f"This vLLM server loads no adapters at run time. {_NEEDED}"
    elif "rank" in words:
        rank = json.loads((adapter / ADAPTER).read_text())["r"]
        enough = next((size for size in RANKS if size >= rank), RANKS[-1])
        message = (
            f"vLLM does not take this adapter, whose rank is {rank}: start it with "
            f"--max-lora-rank {enough}."
        )
    else:
        message = f"vLLM does not take this adapter: {words[:300]}"
    return RefusalError(502, message, type="server_error", code="vllm_refused")
