"""Encoded images kept on disk, so that an image seen before is not encoded again.

An entry is named by the very pixels that were encoded, boxes and all, and by the code that did it.
"""

import hashlib
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tintype.overlay import cache_folder
from tintype.paths import read_bytes
from tintype.paths.entries import Entries

if TYPE_CHECKING:
    from PIL.Image import Image

ENTRIES = Entries(".drawn", most=1_000, most_bytes=64_000_000, most_entry_bytes=4_000_000)
_writing = threading.Lock()


def kept(image: "Image", manner: str, encode: Callable[[], str]) -> str:
    """What an image was encoded to earlier in this manner; else what `encode` gives. Blocking.

    That is then written by a thread of its own: nobody waits for the disk. While one writes,
    others do not, and what they have is encoded again the next time.
    """
    where = cache_folder.get()
    if where is None:
        return encode()
    folder, name = where() / "drawings", _name(image, manner)
    if (found := ENTRIES.read(folder, name)) is not None:
        return found.decode("ascii")
    encoded = encode()
    if encoded and _writing.acquire(blocking=False):
        threading.Thread(target=_write, args=(folder, name, encoded), name="drawings").start()
    return encoded


def _write(folder: Path, name: str, encoded: str) -> None:
    try:
        ENTRIES.keep(folder, name, encoded.encode("ascii"))
    finally:
        _writing.release()


def _name(image: "Image", manner: str) -> str:
    digest = hashlib.blake2b(f"{_code()} {manner} {image.mode} {image.size} ".encode())
    digest.update(image.tobytes())
    return digest.hexdigest()[:40]


@cache
def _code() -> str:
    """What encodes: another version of it finds nothing of this one."""
    from importlib.metadata import version

    own = [read_bytes(Path(__file__).with_name(name)) for name in ("kitty.py", "sixel.py")]
    others = " ".join(map(version, ("pillow", "textual-image")))
    return hashlib.blake2b(b"".join([*own, others.encode()])).hexdigest()
