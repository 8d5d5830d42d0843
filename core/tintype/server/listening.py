"""A server at work in the running event loop: state, queue and socket, from start to end."""

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp

from tintype import __version__
from tintype.engines import engines
from tintype.engines.launchers import Launchers
from tintype.errors import SettingsError
from tintype.server.address import (
    ADDRESS,
    LOG,
    Options,
    Running,
    read_address,
    rotate_log,
    write_address,
)
from tintype.server.answering import Answers
from tintype.server.app import create_app
from tintype.server.connections import HEAD_BYTES, BoundedConnection, connection_limit
from tintype.server.gate import Gate
from tintype.server.opening import open_state
from tintype.server.provider import Activity, ServerHandles
from tintype.server.queue import Queue
from tintype.server.state import State
from tintype.server.vllm import Handover

GOODBYE_S = 3
"""How long requests in progress may take when the server ends."""
KEEP_ALIVE_S = 75
"""Longer than clients keep idle connections (httpx2: 5 s, undici: 4 s), so they close first."""
IDLE_CHECKS_S = 15.0
LOG_CHECKS_S = 60.0

_log = logging.getLogger("tintype.server")


class Serving:
    """A server that listens, until somebody ends it."""

    def __init__(self, running: Running, queue: Queue, server: uvicorn.Server) -> None:
        self.running = running
        self._queue = queue
        self._server = server
        self._ended = asyncio.Event()

    async def ended(self) -> None:
        """Wait until somebody has ended it."""
        await self._ended.wait()

    def end(self, *, training: bool = False) -> None:
        """End it, and with `training` the trainers as well: they save their states first."""
        self._ending = asyncio.ensure_future(self._end(training))

    async def _end(self, training: bool) -> None:
        try:
            if training:
                await self._queue.interrupt()
        finally:
            self._server.should_exit = True
            self._ended.set()


@asynccontextmanager
async def serving(options: Options) -> AsyncIterator[Serving]:
    """Serve until the block ends.

    Raises:
        StoreError: if the folder cannot be used.
        SettingsError: if the address cannot.
        EngineError: if an engine cannot be loaded.
    """
    with open_state(options.folder) as state, _bound(options) as listener:
        (options.folder / ADDRESS).unlink(missing_ok=True)
        found = await asyncio.to_thread(engines, options.folder)
        activity = Activity()
        provider = ServerHandles(
            state,
            found,
            Queue(state, found, Launchers(options.launcher, options.launcher_options)),
            Answers(state, found),
            activity,
            Handover(options.vllm) if options.vllm else None,
        )
        server = _Server(_config(options, _gated(options, state, provider)))
        served = Serving(_running(options, listener, state), provider.queue, server)
        tasks = [asyncio.create_task(server.serve([listener]))]
        try:
            await _until_listening(server, tasks[0])
            tasks.append(asyncio.create_task(_moved_on(provider.queue, served)))
            tasks.append(asyncio.create_task(_idle(options.idle_exit_s, provider, served)))
            tasks.append(asyncio.create_task(_keep_log_short(options.folder / LOG)))
            write_address(options.folder / ADDRESS, served.running)
            yield served
        finally:
            server.should_exit = True
            for task in tasks[1:]:
                task.cancel()
            await asyncio.wait(tasks)
            if provider.handover is not None:
                await provider.handover.aclose()
        for task in tasks:
            if not task.cancelled():
                task.result()


async def _until_listening(server: "_Server", task: "asyncio.Task[None]") -> None:
    listening = asyncio.create_task(server.listening.wait())
    await asyncio.wait([listening, task], return_when=asyncio.FIRST_COMPLETED)
    listening.cancel()
    if task.done():
        task.result()


class _Server(uvicorn.Server):
    """Uvicorn without its signal handlers, which are `run`'s, and with a word when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _config(options: Options, app: ASGIApp) -> uvicorn.Config:
    class HttpConnection(BoundedConnection):
        limit = connection_limit()

    return uvicorn.Config(
        app,
        lifespan="off",
        ws="none",
        http=HttpConnection,
        log_config=None,
        access_log=False,
        server_header=False,
        h11_max_incomplete_event_size=HEAD_BYTES,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GOODBYE_S,
    )


def _gated(options: Options, state: State, provider: ServerHandles) -> Gate:
    app: Starlette = create_app()
    app.state.provider = provider
    return Gate(
        app,
        token=state.token,
        hosts={"localhost", options.host, *options.names, *_own_names(options)},
        loopback=_is_loopback(options.host),
        activity=provider.activity,
    )


def _own_names(options: Options) -> Sequence[str]:
    return () if _is_loopback(options.host) else (socket.gethostname(),)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@contextmanager
def _bound(options: Options) -> Iterator[socket.socket]:
    """A socket that listens where it should, if possible where the last server listened."""
    last = read_address(options.folder / ADDRESS)
    ports = [options.port] if options.port else [last.port if last else 0, 0]
    for number, port in enumerate(ports, start=1):
        try:
            listener = _listener(options.host, port)
            break
        except OSError as error:
            if number == len(ports):
                raise SettingsError(
                    f"The server cannot listen at {options.host}:{port}: {error.strerror}.",
                    advice="Choose another port, or 0 for any free one.",
                ) from error
    with listener:
        yield listener


def _listener(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(128)
        listener.setblocking(False)
    except BaseException:
        listener.close()
        raise
    return listener


def _running(options: Options, listener: socket.socket, state: State) -> Running:
    host, port = listener.getsockname()[:2]
    if ip_address(host).is_unspecified:
        host = "127.0.0.1"
    named = f"[{host}]" if ":" in host else host
    return Running(
        folder=options.folder,
        url=f"http://{named}:{port}/v1",
        token=state.token,
        pid=os.getpid(),
        started=datetime.now(UTC).replace(microsecond=0),
        version=__version__,
    )


async def _moved_on(queue: Queue, served: Serving) -> None:
    """Run the queue. A bug in it ends the server: the next one goes on from the database."""
    try:
        await queue.run()
    finally:
        served.end()


async def _keep_log_short(log: Path) -> None:
    while True:
        await asyncio.sleep(LOG_CHECKS_S)
        await asyncio.to_thread(rotate_log, log)


async def _idle(idle_exit_s: float | None, provider: ServerHandles, served: Serving) -> None:
    """End the server when nobody has asked for anything and no job is under way."""
    if idle_exit_s is None:
        return
    while True:
        left_s = idle_exit_s - provider.activity.idle_s()
        if left_s <= 0 and not provider.queue.busy:
            break
        await asyncio.sleep(left_s if left_s > 0 else IDLE_CHECKS_S)
    _log.info("Idle for %d s: the server stops.", idle_exit_s)
    served.end()
