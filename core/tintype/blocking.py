"""The public API without `await`, for scripts, CI and notebooks.

    import tintype.blocking as tintype

    for problem in tintype.check("train.jsonl", "openai").problems:
        print(problem.line, problem.message)

Everything that `tintype` has is here under the same name with the same arguments; coroutines and
work return their results, and generators are iterated with a plain `for`. One event loop in a
thread of its own does the work, so it can be used where a loop runs already (Jupyter). Ctrl-C
cancels what is under way, and only that. At exit, what is still open is closed.
"""

import asyncio
import atexit
import functools
import os
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, fields
from typing import Any, ParamSpec, Self, TypeVar

from tintype import errors, library
from tintype.detection import mean_iou
from tintype.errors import TintypeError
from tintype.library import Connection, Rows, Work, boxes
from tintype.plugins import engine, format, rule, scorer
from tintype.settings import Profile, Settings

P = ParamSpec("P")
T = TypeVar("T")
S = TypeVar("S")

__all__ = [  # noqa: RUF022 - by subject, as in `tintype`
    "open",
    "Rows",
    "check",
    "estimate",
    "compare",
    "fix",
    "import_dataset",
    "convert",
    "split",
    "edit",
    "boxes",
    "mean_iou",
    "connect",
    "Connection",
    "train",
    "follow",
    "wait",
    "explain",
    "ask",
    "stream",
    "evaluate",
    "take_inventory",
    "rule",
    "scorer",
    "format",
    "engine",
    "TintypeError",
    "errors",
    "run",
    "steps",
    "close",
]

CLOSING_S = 5.0
"""How long closing may take at exit."""


def run(awaitable: Awaitable[T]) -> T:
    """Wait for a coroutine or work of this library, in the background loop, and return its result.

    Raises:
        TintypeError: if it is called from that loop itself, which could never answer.
    """

    async def waited() -> T:
        return await awaitable

    return _background().result(waited())


def steps(work: Work[S, Any] | AsyncIterator[S]) -> Iterator[S]:
    """Iterate over the progress of work with a plain `for`.

    `work` is what a function of `tintype` itself returns. Leaving the loop stops the work.
    """
    loop = _background()
    queue: asyncio.Queue[tuple[str, Any]] = asyncio.Queue(1)

    async def pump() -> None:
        # In one task from beginning to end: what is entered in a task must be left in it.
        iterator = aiter(work)
        try:
            async for step in iterator:
                await queue.put(("step", step))
            await queue.put(("end", None))
        except Exception as error:
            await queue.put(("error", error))
        finally:
            close = getattr(iterator, "aclose", None)
            if close is not None:
                await close()

    pumping = loop.stoppable()
    try:
        pumping.begin(pump())
        while True:
            kind, value = loop.result(queue.get())
            if kind == "error":
                raise value
            if kind == "end":
                return
            yield value
    finally:
        pumping.stop()


class _Stoppable:
    """A coroutine in the background loop. Made before it begins: Ctrl-C may come at any moment."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._ended = threading.Event()
        self._task: asyncio.Task[Any] | None = None

    def begin(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Have it run."""

        async def tracked() -> T:
            try:
                if self._ended.is_set():
                    work.close()
                    raise asyncio.CancelledError
                self._task = asyncio.current_task()
                return await work
            finally:
                self._ended.set()

        return asyncio.run_coroutine_threadsafe(tracked(), self._loop)

    def stop(self) -> None:
        """Cancel it, and wait until it has cleaned up."""
        if not self._ended.is_set():
            self._loop.call_soon_threadsafe(self._cancel)
            self._ended.wait(CLOSING_S)

    def _cancel(self) -> None:
        if self._task is None:
            self._ended.set()
        else:
            self._task.cancel()


class _Background:
    """One event loop in a daemon thread, made when it is first needed."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.open: list[Connected] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="tintype", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def stoppable(self) -> _Stoppable:
        """What a coroutine is begun with."""
        if threading.current_thread() is self._thread:
            raise TintypeError(
                "tintype.blocking was called from its own event loop, which would wait for itself.",
                advice="Use `tintype` with `await` in coroutines.",
            )
        return _Stoppable(self._loop)

    def result(self, work: Coroutine[Any, Any, T]) -> T:
        """Wait for a coroutine; if the wait is interrupted (Ctrl-C), it is cancelled."""
        try:
            started = self.stoppable()
        except TintypeError:
            work.close()
            raise
        try:
            return started.begin(work).result()
        finally:
            started.stop()

    def close(self) -> None:
        """Cancel what is under way, close what is open, end the loop; called at exit."""
        atexit.unregister(self.close)
        if self.pid == os.getpid() and self._thread.is_alive():
            _Stoppable(self._loop).begin(self._closed()).exception(CLOSING_S)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(CLOSING_S)
            if not self._thread.is_alive():
                self._loop.close()

    async def _closed(self) -> None:
        running = asyncio.all_tasks() - {asyncio.current_task()}
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        for connected in self.open:
            with suppress(Exception):
                await connected.aclose()
        await self._loop.shutdown_asyncgens()


_LOCK = threading.Lock()
_current: list[_Background] = []


def _background() -> _Background:
    """The loop of this process: after a fork, another."""
    with _LOCK:
        if not _current or _current[0].pid != os.getpid():
            _current[:] = [_Background()]
        return _current[0]


def close() -> None:
    """End the background loop and close what is open; the next call begins again."""
    with _LOCK:
        ended, _current[:] = list(_current), []
    for one in ended:
        one.close()


@dataclass(frozen=True, slots=True)
class Connected(Connection):
    """A connection that is used in a `with` block, or closed with `close`."""

    def close(self) -> None:
        """Close the connection and the store; twice is no error."""
        background = _background()
        if self in background.open:
            background.open.remove(self)
            background.result(self.aclose())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def connect(
    provider: str | Profile | None = None, *, settings: Settings | None = None
) -> Connected:
    """As `tintype.connect`: use it in a `with` block, or close it."""
    made = run(library.connect(provider, settings=settings))
    connected = Connected(*(getattr(made, part.name) for part in fields(made)))
    _background().open.append(connected)
    return connected


def _blocking(function: Callable[P, Awaitable[T]]) -> Callable[P, T]:
    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        return run(function(*args, **kwargs))

    return call


def _iterating(function: Callable[P, AsyncIterator[S]]) -> Callable[P, Iterator[S]]:
    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> Iterator[S]:
        return steps(function(*args, **kwargs))

    return call


open = _blocking(library.open)
check = _blocking(library.check)
estimate = _blocking(library.estimate)
compare = _blocking(library.compare)
fix = _blocking(library.fix)
import_dataset = _blocking(library.import_dataset)
convert = _blocking(library.convert)
split = _blocking(library.split)
edit = _blocking(library.edit)
train = _blocking(library.train)
follow = _iterating(library.follow)
wait = _blocking(library.wait)
explain = _blocking(library.explain)
ask = _blocking(library.ask)
stream = _iterating(library.stream)
evaluate = _blocking(library.evaluate)
take_inventory = _blocking(library.take_inventory)
