"""What the public API returns: work to be awaited or watched, handles to be closed."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import aclosing
from typing import Any, Generic, Protocol, TypeVar

S = TypeVar("S")
R = TypeVar("R")


class Handle(Protocol):
    """Something that is open until it is closed."""

    async def aclose(self) -> None:
        """Close it; twice is no error."""
        ...


H = TypeVar("H", bound=Handle)


class Work(Generic[S, R]):
    """Something that takes a while: `await` it for its result, or iterate over its progress.

        checked = await tintype.check("train.jsonl")

        async for step in tintype.check("train.jsonl"):
            print(f"{step.share:.0%}")

    Nothing begins before that, each use begins again, and leaving the loop stops the work.
    """

    def __init__(
        self, steps: Callable[[], AsyncGenerator[S, None]], result: Callable[[S], R | Awaitable[R]]
    ) -> None:
        self._steps, self._result = steps, result

    def __aiter__(self) -> AsyncGenerator[S, None]:
        return self._steps()

    def __await__(self) -> Generator[Any, None, R]:
        return self._finished().__await__()

    async def _finished(self) -> R:
        last: list[S] = []
        async with aclosing(self._steps()) as steps:
            async for step in steps:
                last[:] = [step]
        found = self._result(last[0])
        return await found if isinstance(found, Awaitable) else found


class Opening(Generic[H]):
    """A handle about to be opened: `async with` closes it by itself; after `await`, close it.

    async with tintype.open("train.jsonl") as rows:
        print(len(rows))
    """

    def __init__(self, opened: Callable[[], Awaitable[H]]) -> None:
        self._opened = opened
        self._handle: H | None = None

    def __await__(self) -> Generator[Any, None, H]:
        return self._opened().__await__()

    async def __aenter__(self) -> H:
        self._handle = await self._opened()
        return self._handle

    async def __aexit__(self, *error: object) -> None:
        if self._handle is not None:
            await self._handle.aclose()
