"""Keeping into an archive in one file: a folder beside it is kept into first, then packed.

What the file held already is unpacked, so that only what is new is asked for. The folder stays
until the new file has been read back and found whole: a kill costs no more than with a folder.
"""

import os
from collections.abc import AsyncGenerator, Generator, Iterator
from contextlib import aclosing, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

from tintype import paths
from tintype.api import SYSTEM, Api, Clock
from tintype.errors import ArchiveError
from tintype.keeping.collecting import KeepProgress, Wanted, keep
from tintype.keeping.containers import is_packed, pack, refuse_unwritable, unpack
from tintype.keeping.verifying import verify
from tintype.pricing import Prices
from tintype.store import Store
from tintype.threads import stepwise


async def keep_into(
    api: Api,
    store: Store,
    target: Path,
    wanted: Wanted,
    *,
    prices: Prices,
    allow_private: bool = False,
    clock: Clock = SYSTEM,
) -> AsyncGenerator[KeepProgress, None]:
    """As `keep`, into a folder or, by its ending, into one file; the store notes the archive.

    Raises:
        As `keep`; ArchiveError also if what was packed cannot be read back.
    """
    refuse_unwritable(target)
    packed = is_packed(target)
    folder = target.with_name(f".{target.name}.keeping") if packed else target
    keeping = keep(
        api, store, folder, wanted, prices=prices, allow_private=allow_private, clock=clock
    )
    with _alone(target) if packed else nullcontext():
        async with aclosing(_kept(keeping, target, folder)) as steps:
            noted = False
            async for step in steps:  # now it is an archive, and nobody else keeps into it
                if not noted:
                    store.archives.kept(paths.absolute(target), api.profile.name, clock.now())
                    noted = True
                yield step


@contextmanager
def _alone(target: Path) -> Iterator[None]:
    """Hold an archive in one file, which is away for a while: the lock lies beside it."""
    paths.make_folder(target.parent)
    place = target.with_name(f".{target.name}.lock")
    lock = paths.locked(place)
    if lock is None:
        raise ArchiveError(
            f"Another process keeps into {target}.", advice="Wait for it, or name another file."
        )
    with lock:
        try:
            yield
        finally:
            paths.remove(place)


async def _kept(
    keeping: AsyncGenerator[KeepProgress, None], target: Path, folder: Path
) -> AsyncGenerator[KeepProgress, None]:
    if folder != target and paths.is_file(target) and not paths.is_folder(folder):
        async for done in stepwise(_unpacked(target, folder)):
            yield KeepProgress("unpacking", 0, done, 0)
    last = KeepProgress("", 0, 0, 0)
    async with aclosing(keeping):
        async for last in keeping:
            yield replace(last, manifest=None) if folder != target else last
    if folder != target:
        async with aclosing(stepwise(_packed(folder, target))) as packing:
            async for words, done in packing:
                yield replace(last, words=words, size_bytes=done, manifest=None)
        yield last


def _packed(folder: Path, target: Path) -> Generator[tuple[str, int], None, None]:
    for done in pack(folder, target):
        yield "packing", done
    for step in verify(target):
        if step.verification is not None:
            step.verification.require()
        yield "reading back", step.done_bytes
    paths.remove(folder)


def _unpacked(target: Path, folder: Path) -> Generator[int, None, None]:
    """Unpack beside the folder first: half of what there was would pass for what there is."""
    half = folder.with_name(f"{folder.name}.half")
    paths.remove(half)
    yield from unpack(target, half)
    try:
        os.rename(half, folder)
    except OSError as error:
        raise paths.failure("write", folder, error) from error
