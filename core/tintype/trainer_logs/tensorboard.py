"""TensorBoard's event files, as far as scalars: records with a length, each a protocol buffer.

The framing is TFRecord's: eight bytes of length, four that check it, the data, four that check it.
The length is checked, so that a damaged file is noticed; what is no scalar (images, histograms,
text) is counted and passed over.
"""

import struct
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tintype.errors import FileError
from tintype.paths import failure
from tintype.trainer_logs.measured import Measured, News, named

_CASTAGNOLI = 0x82F63B78
_LARGEST = 1 << 28


def _table() -> list[int]:
    table = []
    for number in range(256):
        for _ in range(8):
            number = (number >> 1) ^ (_CASTAGNOLI if number & 1 else 0)
        table.append(number)
    return table


_TABLE = _table()


def masked_crc(data: bytes) -> int:
    """Return TFRecord's check of some bytes: a CRC-32C, rotated, with a constant added."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


class EventFiles:
    """All event files of a folder, in the order of their names, which begin with a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._offsets: dict[Path, int] = {}
        self._skipped: Counter[str] = Counter()

    def read(self) -> News:
        """Read the records that are new in every file, and files that are new."""
        steps: dict[tuple[int, float], dict[str, float]] = {}
        for path in event_files(self._folder):
            for record in self._records(path):
                time, step, scalars = self._event(record)
                if scalars:
                    steps.setdefault((step, time), {}).update(scalars)
        measured = (Measured(step, values, time) for (step, time), values in steps.items())
        return News(tuple(measured), None, dict(self._skipped))

    def _records(self, path: Path) -> Iterator[bytes]:
        try:
            with path.open("rb") as file:
                file.seek(self._offsets.get(path, 0))
                while len(head := file.read(12)) == 12:
                    (length,) = struct.unpack("<Q", head[:8])
                    if struct.unpack("<I", head[8:])[0] != masked_crc(head[:8]):
                        raise FileError(
                            f"{path} is damaged after {file.tell() - 12:,} bytes.",
                            advice="Follow the folder of another run.",
                            path=path,
                        )
                    if length > _LARGEST or len(body := file.read(length + 4)) < length + 4:
                        return  # it is being written
                    self._offsets[path] = file.tell()
                    yield body[:length]
        except OSError as error:
            raise failure("read", path, error) from error

    def _event(self, record: bytes) -> tuple[float, int, dict[str, float]]:
        time, step, scalars = 0.0, 0, dict[str, float]()
        for number, value in fields(record):
            if number == 1 and isinstance(value, bytes):
                (time,) = struct.unpack("<d", value)
            elif number == 2 and isinstance(value, int):
                step = value if value < 1 << 63 else 0
            elif number == 5 and isinstance(value, bytes):
                for inner, one in fields(value):
                    if inner == 1 and isinstance(one, bytes):
                        self._value(one, scalars)
        return time, step, scalars

    def _value(self, data: bytes, scalars: dict[str, float]) -> None:
        tag, found, kind = "", None, "others"
        for number, value in fields(data):
            if not isinstance(value, bytes):
                continue
            if number == 1:
                tag = value.decode("utf-8", "replace")
            elif number == 2 and len(value) == 4:
                (found,) = struct.unpack("<f", value)
            elif number == 8:
                found = scalar(value)
            kind = {4: "images", 5: "histograms", 6: "sounds"}.get(number, kind)
        if found is None:
            self._skipped[kind] += 1
        elif name := named(tag):
            scalars[name] = found


def scalar(tensor: bytes) -> float | None:
    """Return the one number in a tensor of floats or doubles; none for any other tensor."""
    kind, content = 0, b""
    for number, value in fields(tensor):
        if number == 1 and isinstance(value, int):
            kind = value
        elif number in (4, 5, 6) and isinstance(value, bytes):
            content = value  # raw, or a packed list of floats or doubles
    form = {(1, 4): "<f", (2, 8): "<d"}.get((kind, len(content)))
    return float(struct.unpack(form, content)[0]) if form else None


def fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Walk over a protocol buffer: the number of each field and its value, to where it makes sense.

    A varint is an int; what has four or eight bytes, or a length, is bytes.
    """
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, kind = tag >> 3, tag & 7
        if kind == 0:
            value, at = _varint(data, at)
            yield number, value
            continue
        if kind == 2:
            size, at = _varint(data, at)
        else:
            size = {1: 8, 5: 4}.get(kind, len(data) + 1)
        if at + size > len(data):
            return
        yield number, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data) and shift < 70:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            break
    return value, at


def event_files(folder: Path) -> list[Path]:
    """Return the event files in a folder and below, oldest first; or the file itself."""
    if folder.is_file():
        return [folder]
    return sorted(folder.rglob("*tfevents*"), key=lambda path: path.name)
