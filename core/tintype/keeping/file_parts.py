"""Files of a provider in an archive, and the images on the network that their rows name."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Generator
from contextlib import aclosing
from pathlib import Path, PurePath

from tintype import paths
from tintype.errors import ApiError, DatasetError, UnreachableError
from tintype.keeping.context import Keeping
from tintype.keeping.folder import BLOCK, PartWriter, apart
from tintype.keeping.manifest import KeptPart
from tintype.paths import safe_name
from tintype.resources import RemoteFile
from tintype.store import Source
from tintype.store.packing import pack
from tintype.threads import in_thread, stepwise

IMAGES_AT_ONCE = 4
"""Images fetched at once; each may be 20 MB."""
_IMAGE_S = 20.0
_MOST_IMAGE = 20_000_000
TRIES = 3
"""Of a download that breaks off."""
_ROWS = 200
_OTHER = 1 << 40


async def keep_file(
    keeping: Keeping, file_id: str, local: Source | None
) -> AsyncGenerator[str, None]:
    """Keep a file: the provider's own, or the local one that was sent; yields what is being done.

    Raises:
        FileError: if the archive cannot be written.
        AuthenticationError: if the key is refused.
    """
    if keeping.archive.of_source(file_id) is not None:
        return
    try:
        facts = await keeping.asked(keeping.api.file(file_id))
        home = f"files/{safe_name(file_id)}"
        keeping.archive.put(f"{home}.json", pack(facts), "the provider's facts of a file")
        path = f"{home}/{safe_name(facts.filename)}"
        async with aclosing(_download(keeping, facts, path)) as downloading:
            async for words in downloading:
                yield words
    except ApiError as error:
        yield f"file {file_id}, from this machine"
        if local is None or not await _copied(keeping, file_id, local):
            keeping.miss(f"file {file_id}", error)


async def _download(keeping: Keeping, facts: RemoteFile, path: str) -> AsyncGenerator[str, None]:
    def check(part: PartWriter) -> None:
        if facts.size_bytes and part.size_bytes != facts.size_bytes:
            raise ApiError(
                f"The provider says that {facts.id} has {facts.size_bytes:,} bytes, and sent "
                f"{part.size_bytes:,}."
            )

    most = facts.size_bytes + BLOCK if facts.size_bytes else _OTHER
    for tries_left in reversed(range(TRIES)):
        entering = keeping.archive.part(path, f"file {facts.filename}", facts.id, check)
        try:
            async with (
                apart(entering) as part,
                aclosing(keeping.api.download(facts.id, max_bytes=most)) as pieces,
            ):
                block = bytearray()
                async for piece in pieces:
                    block += piece
                    if len(block) >= BLOCK:
                        await in_thread(part.write, bytes(block))
                        block.clear()
                        yield f"file {facts.filename}, {part.size_bytes >> 20:,} MB"
                await in_thread(part.write, bytes(block))
            return
        except UnreachableError:
            if not tries_left:
                raise


async def _copied(keeping: Keeping, file_id: str, local: Source) -> bool:
    """Keep the file that was sent, if it is here and still the same."""
    path = Path(local.path)
    if not paths.is_file(path):
        return False
    target = f"files/{safe_name(file_id)}/{safe_name(PurePath(local.path).name)}"

    def check(part: PartWriter) -> None:
        if part.sha256 != local.digest:
            raise DatasetError(f"{path} has changed since it was sent.", path=path)

    def copy() -> None:
        what = "the file that was sent, from the machine it was sent from"
        with keeping.archive.part(target, what, file_id, check) as part, path.open("rb") as file:
            while block := file.read(BLOCK):
                part.write(block)

    try:
        await in_thread(copy)
    except (OSError, DatasetError):
        return False
    return True


async def keep_images(keeping: Keeping, part: KeptPart) -> AsyncGenerator[str, None]:
    """Keep the images that a kept file has on the network."""
    at_once = asyncio.Semaphore(IMAGES_AT_ONCE)
    seen: set[bytes] = set()
    try:
        async for batch in stepwise(urls_in(keeping.archive.folder / part.path)):
            new = []
            for url in batch:
                key = hashlib.sha256(url.encode(errors="replace")).digest()
                if key not in seen and keeping.archive.of_source(url) is None:
                    new.append(url)
                seen.add(key)
            await asyncio.gather(*(_image(keeping, url, part, at_once) for url in new))
            yield f"images of {PurePath(part.path).name}"
    except DatasetError as error:  # it is no JSONL
        keeping.archive.miss(f"images of {part.path}", error.message)


async def _image(keeping: Keeping, url: str, part: KeptPart, at_once: asyncio.Semaphore) -> None:
    from tintype.images import fetch
    from tintype.images.formats import sniff

    async with at_once:
        try:
            data = await fetch(
                url,
                max_bytes=_MOST_IMAGE,
                timeout_s=_IMAGE_S,
                allow_private=keeping.allow_private,
            )
        except DatasetError as error:
            keeping.archive.miss(f"an image of {part.path}", error.message)
            return
        name = hashlib.sha256(url.encode(errors="replace")).hexdigest()[:40]
        path = f"images/{name}.{sniff(data) or 'bin'}"
        await in_thread(keeping.archive.put, path, data, "an image of a row", url)


def urls_in(path: Path) -> Generator[tuple[str, ...], None, None]:
    """The addresses of images on the network that a dataset's rows name, a batch at a time.

    Raises:
        DatasetError: if the file cannot be read, or is no dataset.
    """
    from tintype.dataset import read_rows

    batch: list[str] = []
    for at, (row, urls) in enumerate(read_rows(path), start=1):
        pairs = zip(row.images, urls, strict=True)
        batch += [url for image, url in pairs if image.origin == "url"]
        if at % _ROWS == 0:
            yield tuple(batch)
            batch.clear()
    yield tuple(batch)
