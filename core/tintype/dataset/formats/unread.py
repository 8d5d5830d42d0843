"""Formats that are recognised by name, but not read yet."""

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tintype.dataset.formats.contract import Detection, FormatOption

_HEAD_BYTES = 256 * 1024
_IMAGES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif"})
_LOOKED_AT = 2000

Recogniser = Callable[[Path], Detection | None]


@dataclass(frozen=True, slots=True)
class Unread:
    """A format that is recognised and not read."""

    name: str
    title: str
    about: str
    recognise: Recogniser
    options: tuple[FormatOption, ...] = ()

    def detect(self, path: Path) -> Detection | None:
        """See `Format.detect`."""
        return self.recognise(path)


def _magic(magic: bytes, suffixes: tuple[str, ...], what: str) -> Recogniser:
    def recognise(path: Path) -> Detection | None:
        if path.is_dir():
            inside = itertools.islice(path.rglob("*"), _LOOKED_AT)
            count = sum(inner.name.lower().endswith(suffixes) for inner in inside)
            return Detection(f"a folder of {what} ({count} files)") if count else None
        if not path.is_file():
            return None
        with path.open("rb") as file:
            return Detection(what) if magic and file.read(len(magic)) == magic else None

    return recognise


def _archive(path: Path) -> Detection | None:
    if not path.is_file():
        return None
    with path.open("rb") as file:
        head = file.read(512)
    for magic, what in ((b"PK\x03\x04", "a ZIP archive"), (b"\x1f\x8b", "a gzip archive")):
        if head.startswith(magic):
            return Detection(what)
    return Detection("a tar archive") if head[257:262] == b"ustar" else None


def _other_json(path: Path) -> Detection | None:
    if path.suffix.lower() != ".json" or not path.is_file() or path.stat().st_size > 50_000_000:
        return None
    try:
        value = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return None
    kind = "list" if isinstance(value, list) else "object" if isinstance(value, dict) else "value"
    return Detection(f"a JSON {kind}", "likely")


_LATER = "export its rows as a table or as chat rows"
FORMATS = (
    Unread(
        "parquet", "Parquet", f"{_LATER}.", _magic(b"PAR1", (".parquet",), "a Parquet file")
    ),
    Unread("arrow", "Arrow", f"{_LATER}.", _magic(b"ARROW1", (".arrow",), "an Arrow file")),
    Unread("archive", "an archive", "unpack it first.", _archive),
    Unread("json", "JSON", f"{_LATER}.", _other_json),
)  # fmt: skip
