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
from contextlib import aclosing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from tintype.dataset.example import ImagePart, Row
from tintype.dataset.fetcher import Fetcher, cancel
from tintype.dataset.files import MAX_IMAGE_BYTES, TooLarge, image_bytes
from tintype.dataset.handle import Dataset
from tintype.dataset.pace import RowPace
from tintype.dataset.parsing import ParsedLine
from tintype.errors import DatasetError
from tintype.images.facts import INACCESSIBLE, NOT_FETCHED, ImageFacts

WORKERS = max(2, min(4, os.cpu_count() or 2))
MAX_PIECE_BYTES = 4_000_000
MAX_DECODED_BYTES = 64_000_000
"""Of a file whose images are all decoded, if nobody says otherwise. In larger ones images are
judged by their structure: markers, chunks, checksums, and that the end is there."""
MAX_KNOWN = 100_000
"""Images remembered; about 40 MB."""


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
    steps = survey_some(dataset, None, fetch=fetch, fetched=fetched, deep=deep, clock=clock)
    async with aclosing(steps):
        async for _, batch in steps:
            yield batch


async def survey_some(
    dataset: Dataset,
    wanted: Callable[[Row], bool] | None,
    *,
    fetch: bool = True,
    fetched: dict[str, ImageFacts] | None = None,
    deep: bool | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> AsyncGenerator[tuple[int, tuple[Surveyed, ...]], None]:
    """Those rows that are wanted, as `survey` has them, each batch with how many rows were read.

    Args:
        dataset: Open.
        wanted: Whether a row is, called in threads; the images of others are not looked at. None:
            every row.
        fetch: As for `survey`; likewise the next.
        fetched: …
        deep: …
        clock: …

    Raises:
        DatasetError: if the file cannot be read.
    """
    known = {} if fetched is None else fetched
    fetcher = Fetcher(known, allow_private=dataset.allow_private, clock=clock) if fetch else None
    local = LocalImages(dataset.folder, deep=decodes(dataset, deep))
    surveyor = _Surveyor(local, fetcher, wanted)
    under_way: deque[asyncio.Task[tuple[int, tuple[Surveyed, ...]]]] = deque()
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
        await cancel(under_way)
        await surveyor.close()


class _Surveyor:
    """Looks at pieces of the file."""

    def __init__(
        self,
        local: "LocalImages",
        fetcher: "Fetcher | None",
        wanted: Callable[[Row], bool] | None,
    ) -> None:
        self._local = local
        self._wanted = wanted
        self._fetcher = fetcher
        self.pace = RowPace()

    async def survey(self, lines: Sequence[ParsedLine]) -> tuple[int, tuple[Surveyed, ...]]:
        """How many rows a piece has, and those wanted of them, images on the network last."""
        found = await asyncio.to_thread(self.pace.work, len(lines), self._look, lines)
        # A task for each of a thousand rows would hold the event loop for nothing.
        waiting = (self._finish(line.row, known) for line, known in found if None in known)
        fetched = iter(await asyncio.gather(*waiting))
        return len(lines), tuple(
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

    def _look(
        self, lines: Sequence[ParsedLine]
    ) -> list[tuple[ParsedLine, list[ImageFacts | None]]]:
        wanted = self._wanted
        return [
            (line, [self._local.facts(line, image) for image in line.row.images])
            for line in lines
            if wanted is None or wanted(line.row)
        ]


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
