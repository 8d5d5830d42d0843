"""Images on the network looked at, a few at a time; hosts that do not answer are given up."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from tintype.dataset.fetched import MAX_FETCHED_BYTES
from tintype.errors import DatasetError
from tintype.images.facts import INACCESSIBLE, NOT_REACHED, ImageFacts

MAX_KNOWN = 100_000
"""Images remembered; about 40 MB."""
FETCHES = 8
"""Images fetched at once."""
FETCH_TIMEOUT_S = 10.0
HOST_PATIENCE_S = 40.0
"""Time wasted on a host without a single image before it is given up."""


class Fetcher:
    """Fetches images, a few at a time and each once, and gives up on hosts that do not answer."""

    def __init__(
        self,
        known: dict[str, ImageFacts],
        *,
        allow_private: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin; what is fetched is added to `known`, by address."""
        self._clock = clock
        self._allow_private = allow_private
        self._slots = asyncio.Semaphore(FETCHES)
        self._known = known
        self._under_way: dict[str, asyncio.Task[ImageFacts]] = {}
        self._wasted_s: dict[str, float] = {}

    async def facts(self, url: str) -> ImageFacts:
        """What an image on the network is."""
        if url in self._known:
            return self._known[url]
        task = self._under_way.get(url)
        if task is None:
            task = self._under_way[url] = asyncio.create_task(self._look(url))
        # Others may wait for the same image: one of them going away does not end the fetching.
        facts = await asyncio.shield(task)
        self._under_way.pop(url, None)
        if len(self._known) < MAX_KNOWN:
            self._known[url] = facts
        return facts

    async def close(self) -> None:
        """Stop everything that is under way."""
        await cancel(list(self._under_way.values()))

    async def _look(self, url: str) -> ImageFacts:
        from tintype.images import NotReached, fetch, probe

        host = _host(url)
        async with self._slots:
            if self._wasted_s.get(host, 0.0) >= HOST_PATIENCE_S:
                detail = f"not reached: {host} was given up because it did not answer"
                return ImageFacts(size_bytes=0, flaw=NOT_REACHED, detail=detail)
            begun = self._clock()
            try:
                data = await fetch(
                    url,
                    max_bytes=MAX_FETCHED_BYTES,
                    timeout_s=FETCH_TIMEOUT_S,
                    allow_private=self._allow_private,
                )
            except DatasetError as error:
                spent = self._clock() - begun
                self._wasted_s[host] = self._wasted_s.get(host, 0.0) + spent
                flaw = NOT_REACHED if isinstance(error, NotReached) else INACCESSIBLE
                return ImageFacts(size_bytes=0, flaw=flaw, detail=error.message)
        self._wasted_s[host] = 0.0
        return await asyncio.to_thread(probe, data)


def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc.rpartition("@")[2].lower()
    except ValueError:
        return ""


async def cancel(tasks: "Sequence[asyncio.Task[object]] | deque[asyncio.Task[object]]") -> None:
    """Cancel tasks, and wait until they have ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
