"""What all tests share: a real server on a loopback socket, with a scripted engine behind it."""

import asyncio
import gc
import json
import os
import random
import re
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    ExitStack,
    asynccontextmanager,
    contextmanager,
    suppress,
)
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import settings
from tests import warm
from tests.deadline_provider import DeadlineProvider

from tintype.api import Api, Clock, Patience, connect
from tintype.api.retrying import ONE_MORE_S
from tintype.engines import launch
from tintype.plugins import variable
from tintype.server.run import Options, Running
from tintype.settings import Profile, Secret

# NumPy, which nothing has imported yet, takes one thread for each worker: with two of each on two
# cores, threads that wait for one another make trainings many times slower.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

# What a test starts ends with it: only those about the recorder have one.
os.environ["TINTYPE_RECORDER"] = "off"

# Property tests are the same every time, and are not judged by how busy the machine is.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.load_profile("steady")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With `SHUFFLE=SEED`, run the modules, and the tests in each, in an order of that seed."""
    if seed := os.environ.get("SHUFFLE"):
        chance = random.Random(seed)
        modules = dict.fromkeys(item.path for item in items)
        rank = {path: chance.random() for path in modules}
        items.sort(key=lambda item: (rank[item.path], chance.random()))


def pytest_sessionfinish() -> None:
    """Look once for what was left open; pytest looks five times, a second each at the end."""
    gc.collect()
    gc.freeze()


SCRIPTED = Path(__file__).parent / "server"


@pytest.fixture(scope="session")
def standing_by() -> Iterator[str]:
    with warm.standing_by() as path:
        yield path


@pytest.fixture
def warm_starts(standing_by: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fork the servers and trainers that are started, here or by what is started here."""
    monkeypatch.setattr(launch, "detach", warm.detaching(standing_by))


@pytest.fixture
def scripted_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Offer the scripted engine, here and in the processes that train."""
    monkeypatch.syspath_prepend(SCRIPTED)
    monkeypatch.setenv("PYTHONPATH", os.fspath(SCRIPTED), prepend=os.pathsep)
    monkeypatch.setenv(variable("engines"), "scripted:ScriptedEngine")


@pytest.fixture
def provider(tmp_path: Path, scripted_engine: None, warm_starts: None) -> Iterator[Running]:
    """A running server: `provider.url` (ends in /v1), `provider.token`, `provider.folder`.

    Its base models are `tintype-tiny` and `scripted` (`tests/server/scripted.py`).
    """
    with running_server(Options(tmp_path / "provider")) as running:
        yield running


@pytest.fixture(scope="session")
def lasting_provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One server for all tests that leave nothing behind; 0.3 s cheaper than one for each.

    A test that trains on it must use `scripted_engine` besides.
    """
    folder = tmp_path_factory.mktemp("provider")
    with ExitStack() as stack:
        with pytest.MonkeyPatch.context() as monkeypatch:
            monkeypatch.syspath_prepend(SCRIPTED)
            monkeypatch.setenv(variable("engines"), "scripted:ScriptedEngine")
            running = stack.enter_context(running_server(Options(folder)))
        yield running


@contextmanager
def running_server(options: Options) -> Iterator[Running]:
    """Run a server in a thread; its trainers end with it."""
    from tintype.server.listening import Serving, serving

    started: list[Serving | BaseException] = []
    ready = threading.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with serving(options) as served:
            started.append(served)
            ready.set()
            await served.ended()

    def run() -> None:
        try:
            loop.run_until_complete(serve())
        except BaseException as error:
            started.append(error)
            if not ready.is_set():
                return
            raise
        finally:
            ready.set()
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()

    thread = threading.Thread(target=run, name="server")
    thread.start()
    ready.wait()
    served = started[0]
    if isinstance(served, BaseException):
        thread.join()
        raise served
    try:
        yield served.running
    finally:
        loop.call_soon_threadsafe(served.end)
        thread.join()
        for job in (options.folder / "jobs").iterdir():
            launch.kill(job)


# A provider that misbehaves on request: a loopback server that sends exactly what it is told. Raw
# sockets, because a web framework would be too well-behaved: it could not cut a body short, reset a
# connection in the middle of an upload, or send for ever.


@dataclass
class Request:
    """What came in."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes = b""

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Answer:
    """What goes out, and how it goes wrong."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    """Announce more than is sent, then close."""
    reset: bool = False
    """Reset the connection instead of answering."""
    hang: bool = False
    """Answer nothing until the client goes away."""
    endless: bool = False
    """Send the body over and over."""
    stall: bool = False
    """Send the body, then nothing, and keep the connection."""

    def encoded(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


Handler = Callable[[Request], Answer]


class HostileProvider:
    """Routes to answers; the last answer of a route is given again and again."""

    answer = Answer

    def __init__(self) -> None:
        self.url = ""
        self.requests: list[Request] = []
        self.reset_after_bytes: list[int] = []
        """For the next uploads: reset once so many bytes of the body have been read."""
        self._routes: list[tuple[str, re.Pattern[str], list[Answer | Handler]]] = []
        self._open: set[asyncio.StreamWriter] = set()

    def on(self, method: str, path: str, *answers: Answer | Handler) -> None:
        """Answer `path` (a pattern without `/v1`); later rules go before earlier ones."""
        self._routes.insert(0, (method, re.compile(path), list(answers)))

    def sent(self, method: str, path: str) -> list[Request]:
        """The requests that came for a path."""
        return [r for r in self.requests if r.method == method and re.fullmatch(path, r.path)]

    def connect(
        self,
        *,
        key: str = "sk-hostile-0123456789",
        patience: Patience | None = None,
        read_only: bool = False,
        clock: Clock | None = None,
        **fields: Any,
    ) -> AbstractAsyncContextManager[Api]:
        profile = replace(Profile("hostile", "compatible", self.url, "HOSTILE_API_KEY"), **fields)
        return connect(
            profile,
            Secret(key, origin="HOSTILE_API_KEY") if key else Secret(),
            self.url,
            patience=patience
            or Patience(connect_s=30, answer_s=30, upload_s=30, stream_s=30, retry_s=ONE_MORE_S),
            read_only=read_only,
            clock=clock or FakeClock().clock,
        )

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await self._exchange(reader, writer)
        finally:
            self._open.discard(writer)
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ")
        pairs = (line.split(":", 1) for line in head[1:] if line)
        headers = {name.lower(): value.strip() for name, value in pairs}
        parts = urlsplit(target)
        path = unquote(parts.path).removeprefix("/v1")
        request = Request(method, path, dict(parse_qsl(parts.query)), headers)
        length = int(headers.get("content-length", 0))
        if "multipart" in headers.get("content-type", "") and self.reset_after_bytes:
            await reader.readexactly(min(self.reset_after_bytes.pop(0), length))
            self.requests.append(request)
            writer.transport.abort()
            return
        request.body = await reader.readexactly(length)
        self.requests.append(request)
        await self._reply(self._answer(request), writer)

    def _answer(self, request: Request) -> Answer:
        for method, pattern, answers in self._routes:
            if method == request.method and pattern.fullmatch(request.path):
                answer = answers.pop(0) if len(answers) > 1 else answers[0]
                return answer if isinstance(answer, Answer) else answer(request)
        return Answer({"error": {"message": f"no route {request.path}", "code": None}}, 404)

    async def _reply(self, answer: Answer, writer: asyncio.StreamWriter) -> None:
        if answer.hang:
            await asyncio.Event().wait()
        if answer.reset:
            writer.transport.abort()
            return
        body = answer.encoded()
        headers = {"Content-Type": "application/json", "Connection": "close"} | answer.headers
        if not answer.endless:
            more = answer.cut or answer.stall
            headers["Content-Length"] = str(len(body) + (1000 if more else 0))
        lines = [f"HTTP/1.1 {answer.status} X", *(f"{k}: {v}" for k, v in headers.items())]
        writer.write("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
        await writer.drain()
        if answer.stall:
            await asyncio.Event().wait()
        while answer.endless:
            writer.write(body)
            await writer.drain()

    def abandon(self) -> None:
        """Drop every open connection."""
        for writer in self._open:
            writer.transport.abort()


class FakeClock:
    """Time that passes only when somebody sleeps; every sleep is noted."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.elapsed_s = 0.0
        self.wake: Callable[[float], Awaitable[None]] | None = None
        """Called for each sleep, so that a test can let something happen meanwhile."""
        self.clock = Clock(
            lambda: datetime(2026, 11, 20, tzinfo=UTC) + timedelta(seconds=self.elapsed_s),
            lambda: self.elapsed_s,
            self._sleep,
        )

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.elapsed_s += seconds
        if self.wake:
            await self.wake(seconds)
        await asyncio.sleep(0)


class Diary:
    """A job and its events behind the hostile provider, listed newest first as OpenAI does."""

    def __init__(self, provider: HostileProvider, job_id: str = "ftjob-1") -> None:
        self.job: dict[str, Any] = {"id": job_id, "model": "m", "status": "running"}
        self.events: list[dict[str, Any]] = []
        """Oldest first."""
        self.pages_read = 0
        self.before_page: Callable[[int], Any] = lambda number: None
        """Called with the page's number; an answer is given in place of the page."""
        self.arranged: Callable[[list[dict[str, Any]]], list[dict[str, Any]]] = list
        """Rearranges the items of a page."""
        provider.on("GET", f"/fine_tuning/jobs/{job_id}", lambda request: Answer(self.job))
        provider.on("GET", f"/fine_tuning/jobs/{job_id}/events", self._page)
        provider.on(
            "GET", f"/fine_tuning/jobs/{job_id}/checkpoints", lambda request: Answer({"data": []})
        )

    def add(self, count: int, *, per_second: int = 7) -> None:
        """Let the job report so many more steps."""
        for step in range(len(self.events) + 1, len(self.events) + 1 + count):
            self.events.append(
                {
                    "id": f"ftevent-{step}",
                    "created_at": 1_763_600_000 + step // per_second,
                    "level": "info",
                    "type": "metrics",
                    "message": f"Step {step}: training loss={1 / step:.2f}",
                    "data": {"step": step, "train_loss": 1 / step},
                }
            )

    def end(self, status: str = "succeeded") -> None:
        self.job["status"] = status

    def _page(self, request: Request) -> Answer:
        self.pages_read += 1
        fault = self.before_page(self.pages_read)
        if isinstance(fault, Answer):
            return fault
        newest_first = self.events[::-1]
        start = 0
        if after := request.query.get("after"):
            start = [event["id"] for event in newest_first].index(after) + 1
        limit = int(request.query["limit"])
        items = newest_first[start : start + limit]
        return Answer({"data": self.arranged(items), "has_more": start + limit < len(newest_first)})


@asynccontextmanager
async def standing() -> AsyncIterator[HostileProvider]:
    """A hostile provider as long as it is needed."""
    provider = HostileProvider()
    server = await asyncio.start_server(provider.serve, "127.0.0.1", 0, limit=1 << 20)
    provider.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield provider
    finally:
        server.close()
        provider.abandon()
        await server.wait_closed()


@pytest.fixture
async def hostile() -> AsyncIterator[HostileProvider]:
    async with standing() as provider:
        yield provider


@pytest.fixture
def stand() -> Callable[[], AbstractAsyncContextManager[tuple[HostileProvider, Diary, FakeClock]]]:
    """For tests that run loops of their own: a provider with a diary, and a clock."""

    @asynccontextmanager
    async def made() -> AsyncIterator[tuple[HostileProvider, Diary, FakeClock]]:
        async with standing() as provider:
            yield provider, Diary(provider), FakeClock()

    return made


@pytest.fixture
def fake_clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def diary(hostile: HostileProvider) -> Diary:
    return Diary(hostile)


@pytest.fixture
def hostile_apart() -> Iterator[HostileProvider]:
    """A hostile provider in a thread, for what runs loops of its own: commands and processes."""
    ready, ended = threading.Event(), asyncio.Event()
    found: list[tuple[HostileProvider, asyncio.AbstractEventLoop]] = []

    async def stand() -> None:
        async with standing() as provider:
            found.append((provider, asyncio.get_running_loop()))
            ready.set()
            await ended.wait()

    # `run` cancels what still hangs: left alone, it would be complained of in a later test.
    thread = threading.Thread(target=lambda: asyncio.run(stand()), name="hostile")
    thread.start()
    ready.wait()
    provider, loop = found[0]
    try:
        yield provider
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()


@pytest.fixture
def ending(hostile: HostileProvider) -> DeadlineProvider:
    """A provider with OpenAI's deadlines; `hostile` is what it stands behind."""
    return DeadlineProvider(hostile)


@pytest.fixture
def ending_apart(hostile_apart: HostileProvider) -> DeadlineProvider:
    """The same in a thread, for commands and the app."""
    return DeadlineProvider(hostile_apart)
