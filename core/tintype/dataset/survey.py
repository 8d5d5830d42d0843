"""One pass over a dataset, every row with the facts of its images.

Checking, estimating and statistics all need the same: each row, and what its images are by their
bytes. They share this pass. Rows are read and images probed in threads, a few pieces of the file
at once, and come out in order; an image that occurs again is known already. Images on the
network are fetched a few at a time, and a host that does not answer is given up, so that a dataset
of fifty thousand dead links is judged in a minute and not in a week.
"""

import asyncio
import os
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

from tintype.dataset.example import ImagePart, Row
from tintype.dataset.fetched import MAX_FETCHED_BYTES
from tintype.dataset.files import MAX_IMAGE_BYTES, TooLarge, image_bytes
from tintype.dataset.handle import Dataset
from tintype.dataset.pace import RowPace
from tintype.dataset.parsing import ParsedLine
from tintype.errors import DatasetError
from tintype.images.facts import INACCESSIBLE, NOT_FETCHED, NOT_REACHED, ImageFacts

WORKERS = max(2, min(4, os.cpu_count() or 2))
MAX_PIECE_BYTES = 4_000_000
MAX_DECODED_BYTES = 64_000_000
"""Of a file whose images are all decoded, if nobody says otherwise. In larger ones images are
judged by their structure: markers, chunks, checksums, and that the end is there."""
MAX_KNOWN = 100_000
"""Images remembered; about 40 MB."""

FETCHES = 8
"""Images fetched at once."""
FETCH_TIMEOUT_S = 10.0
HOST_PATIENCE_S = 40.0
"""Time wasted on a host without a single image before it is given up."""


@dataclass(frozen=True, slots=True)
class Surveyed:
    """A row and what its images are."""

    row: Row
    images: tuple[ImageFacts, ...]
    """One for each of `row.images`, in the same order."""


async def survey(
    dataset: Dataset,
    *,
    fetch: bool = True,
    fetched: dict[str, ImageFacts] | None = None,
    deep: bool | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> AsyncGenerator[tuple[Surveyed, ...], None]:
    """Every row with the facts of its images, in order, in batches.

    An image that cannot be had is a fact with a flaw; with `fetch` false, those on the network
    have the flaw `not fetched`, and what this machine cannot reach has the flaw `not reached`.

    Args:
        dataset: Open.
        fetch: Whether images on the network are fetched.
        fetched: What images on the network were found to be, by address: those in it are not
            fetched again, and what is fetched is added, so that two passes fetch once.
        deep: Whether pixels are decoded to see whether they can be; None: in files up to 64 MB.
        clock: Seconds.

    Raises:
        DatasetError: if the file cannot be read.
    """
    known = {} if fetched is None else fetched
    fetcher = Fetcher(known, allow_private=dataset.allow_private, clock=clock) if fetch else None
    local = LocalImages(dataset.folder, deep=decodes(dataset, deep))
    surveyor = _Surveyor(local, fetcher)
    under_way: deque[asyncio.Task[tuple[Surveyed, ...]]] = deque()
    start = 0
    try:
        while True:
            while len(under_way) < WORKERS and (
                lines := await dataset.lines(start, surveyor.pace.rows, MAX_PIECE_BYTES)
            ):
                start += len(lines)
                under_way.append(asyncio.create_task(surveyor.survey(lines)))
            if not under_way:
                return
            yield await under_way.popleft()
    finally:
        await _cancel(under_way)
        await surveyor.close()


class _Surveyor:
    """Looks at pieces of the file."""

    def __init__(self, local: "LocalImages", fetcher: "Fetcher | None") -> None:
        self._local = local
        self._fetcher = fetcher
        self.pace = RowPace()

    async def survey(self, lines: Sequence[ParsedLine]) -> tuple[Surveyed, ...]:
        """The facts of a piece, images on the network last."""
        local = await asyncio.to_thread(self.pace.work, len(lines), self._probe_all, lines)
        found = list(zip(lines, local, strict=True))
        # A task for each of a thousand rows would hold the event loop for nothing.
        waiting = (self._finish(line.row, known) for line, known in found if None in known)
        fetched = iter(await asyncio.gather(*waiting))
        return tuple(
            next(fetched) if None in known else Surveyed(line.row, tuple(filter(None, known)))
            for line, known in found
        )

    async def close(self) -> None:
        """Stop fetching."""
        if self._fetcher is not None:
            await self._fetcher.close()

    async def _finish(self, row: Row, found: Sequence[ImageFacts | None]) -> Surveyed:
        facts = [
            known or await self._network(image)
            for known, image in zip(found, row.images, strict=True)
        ]
        return Surveyed(row, tuple(facts))

    async def _network(self, image: ImagePart) -> ImageFacts:
        if self._fetcher is None:
            return not_fetched(image)
        return await self._fetcher.facts(image.reference)

    def _probe_all(self, lines: Sequence[ParsedLine]) -> list[list[ImageFacts | None]]:
        return [[self._local.facts(line, image) for image in line.row.images] for line in lines]


class LocalImages:
    """What images are that can be had without the network; those seen are remembered."""

    def __init__(self, folder: Path, *, deep: bool, most: int = MAX_KNOWN) -> None:
        """Begin.

        Args:
            folder: What the names of image files are relative to.
            deep: Whether pixels are decoded, to see whether they can be.
            most: Images remembered.
        """
        self._folder = folder
        self._deep = deep
        self._most = most
        self._known: dict[bytes, ImageFacts] = {}

    def facts(self, line: ParsedLine, image: ImagePart) -> ImageFacts | None:
        """What is known of an image of a row; none if it is on the network."""
        if on_network(image):
            return None
        large = image.encoded_chars * 3 // 4 > MAX_IMAGE_BYTES
        data = None if large else line.data(image.ordinal)
        if data is not None:
            return self.of(data)
        key = line.key(image.ordinal)
        return self._known.get(key) or self._remember(key, self._read(line, image))

    def of(self, data: bytes) -> ImageFacts:
        """What is known of the bytes of an image."""
        key = sha256(data).digest()
        return self._known.get(key) or self._remember(key, self._probe(data, key.hex()))

    def _remember(self, key: bytes, facts: ImageFacts) -> ImageFacts:
        if len(self._known) < self._most:
            self._known[key] = facts
        return facts

    def _probe(self, data: bytes, digest: str = "") -> ImageFacts:
        from tintype.images import probe

        return probe(data, verify=self._deep, checksums=True, digest=digest)

    def _read(self, line: ParsedLine, image: ImagePart) -> ImageFacts:
        try:
            if image.encoded_chars * 3 // 4 > MAX_IMAGE_BYTES:
                # Found out here, where the URL need not be copied for it.
                raise TooLarge("The image", image.encoded_chars * 3 // 4, MAX_IMAGE_BYTES)
            return self._probe(image_bytes(line.url(image.ordinal), self._folder))
        except TooLarge as error:
            return ImageFacts(size_bytes=error.size_bytes, flaw="too large", detail=error.message)
        except DatasetError as error:
            flaws = {"data": "not valid base64", "file": "no such file", "url": INACCESSIBLE}
            return ImageFacts(size_bytes=0, flaw=flaws[image.origin], detail=error.message)


def on_network(image: ImagePart) -> bool:
    """Whether an image must be fetched."""
    return image.origin == "url" and image.reference.lower().startswith(("http:", "https:"))


def not_fetched(image: ImagePart) -> ImageFacts:
    """What is said of an image on the network that nobody is to fetch."""
    detail = f"The image is on the network: {image.reference[:200]}"
    return ImageFacts(size_bytes=0, flaw=NOT_FETCHED, detail=detail)


def decodes(dataset: Dataset, deep: bool | None) -> bool:
    """Whether the pixels of a dataset's images are decoded: where asked for, and in small files."""
    return dataset.size_bytes <= MAX_DECODED_BYTES if deep is None else deep


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
        await _cancel(list(self._under_way.values()))

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


async def _cancel(tasks: "Sequence[asyncio.Task[object]] | deque[asyncio.Task[object]]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
