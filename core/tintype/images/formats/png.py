"""PNG (ISO 15948): chunks, each with its length and checksum."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

from tintype.images.formats.header import Header, damaged, tells_place, truncated

_START = 8
_MOST_CHUNKS = 200_000
"""Far above any real file (8 KB of data each make 1.6 GB); bounds the walk over hostile ones."""
_MODES = {
    (1, 0): "1",
    (2, 0): "L",
    (4, 0): "L",
    (8, 0): "L",
    (16, 0): "I;16",
    (8, 2): "RGB",
    (16, 2): "RGB",
    (1, 3): "P",
    (2, 3): "P",
    (4, 3): "P",
    (8, 3): "P",
    (8, 4): "LA",
    (16, 4): "RGBA",
    (8, 6): "RGBA",
    (16, 6): "RGBA",
}
"""Pillow's modes by bit depth and colour type; other pairs the standard does not know."""
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2))
_ADAM7_LAST = (0, 1, 1, 2)
_TEXTS = frozenset({b"tEXt", b"iTXt"})
_FURTHER = frozenset({b"eXIf", b"acTL", *_TEXTS})
_PIXELS = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})
_COLOURS = frozenset({b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"cICP"})
_INPUT, _OUTPUT = 1 << 16, 1 << 20


@dataclass(frozen=True, slots=True)
class _Chunk:
    name: bytes
    start: int
    body: int
    end: int
    """Of the body; four bytes of checksum follow."""


def _chunks(data: bytes) -> Iterator[_Chunk]:
    """Walk the chunks; stops early where the bytes end, after the last chunk that is whole."""
    at = _START
    for _ in range(_MOST_CHUNKS):
        body = at + 8
        end = body + int.from_bytes(data[at : at + 4], "big")
        if body > len(data) or end + 4 > len(data):
            return
        yield _Chunk(data[at + 4 : body], at, body, end)
        if data[at + 4 : body] == b"IEND":
            return
        at = end + 4


def read(data: bytes) -> Header:
    """Read the header chunk, EXIF and frame count; the end chunk must be there."""
    header = Header("png")
    last, pixels = b"", False
    for chunk in _chunks(data):
        last = chunk.name
        if not header.width:
            if chunk.name != b"IHDR" or chunk.end - chunk.body != 13:
                return damaged(header, "The PNG does not begin with its header.")
            header = _dimensions(header, data, chunk.body)
        else:
            header = _further(header, chunk, data)
        pixels = pixels or chunk.name == b"IDAT"
        if header.flaw:
            return header
    if last != b"IEND":
        return truncated(header)
    return header if pixels else damaged(header, "The PNG holds no image data.")


def _further(header: Header, chunk: _Chunk, data: bytes) -> Header:
    """What a chunk after the first one adds."""
    if chunk.name not in _FURTHER:
        return header
    name, body = chunk.name, data[chunk.body : chunk.end]
    if name == b"eXIf":
        return replace(header, exif=body)
    if name in _TEXTS and tells_place(body):
        return replace(header, located=True)
    if name == b"acTL" and len(body) == 8:
        return replace(header, frames=max(1, int.from_bytes(body[:4], "big")))
    return header


def _dimensions(header: Header, data: bytes, body: int) -> Header:
    width, height = (int.from_bytes(data[body + at : body + at + 4], "big") for at in (0, 4))
    mode = _MODES.get((data[body + 8], data[body + 9]), "")
    header = replace(header, width=width, height=height, mode=mode)
    if not width or not height:
        return damaged(header, "The PNG is 0 pixels wide or high.")
    if not mode or data[body + 10] or data[body + 11] or data[body + 12] > 1:
        return damaged(header, "The PNG header names an unknown colour type or bit depth.")
    return header


def essence(data: bytes, *, profile: bool = False) -> bytes:
    """Keep header, palette, transparency and pixels: no text, no EXIF, no animation.

    What says how the colours are meant stays if wanted.
    """
    kept = _PIXELS | _COLOURS if profile else _PIXELS
    return data[:_START] + b"".join(
        data[chunk.start : chunk.end + 4] for chunk in _chunks(data) if chunk.name in kept
    )


def checksum_fault(data: bytes) -> str:
    """Say which checksum of the chunks that make the image is wrong, or nothing."""
    return next((f"A checksum is wrong at byte {chunk.start}." for chunk in _wrong(data)), "")


def _wrong(data: bytes) -> Iterator[_Chunk]:
    """The chunks that make the image, and are not what they were."""
    for chunk in _chunks(data):
        checksum = int.from_bytes(data[chunk.end : chunk.end + 4], "big")
        checked = chunk.name in (b"IHDR", b"PLTE", b"IDAT")
        if checked and zlib.crc32(memoryview(data)[chunk.start + 4 : chunk.end]) != checksum:
            yield chunk


def fault(data: bytes) -> str:
    """Say why the pixels cannot be had, or nothing, without holding them.

    Checks the checksums and inflates the data block by block, so that memory stays small whatever
    the image's size; a decoder needs the whole image.
    """
    if wrong := checksum_fault(data):
        return wrong
    rows: list[tuple[int, int]] = []
    inflater = zlib.decompressobj()
    got = 0
    try:
        for chunk in _chunks(data):
            if chunk.name == b"IHDR":
                rows = _rows(data, chunk.body)
            elif chunk.name == b"IDAT":
                got += _inflate(inflater, data, chunk, _expected(rows) - got)
    except zlib.error as error:
        return f"The compressed pixels are damaged ({error})."
    expected = _expected(rows)
    if got < expected:
        return f"The pixels end after {got:,} of {expected:,} bytes."
    return ""


def _inflate(inflater: "zlib._Decompress", data: bytes, chunk: _Chunk, wanted: int) -> int:
    """Inflate as much as is wanted and throw it away; more than the image holds is not read."""
    got = 0
    for at in range(chunk.body, chunk.end, _INPUT):  # in slices, as each call copies what is left
        left = data[at : min(at + _INPUT, chunk.end)]
        while left and got < wanted:
            got += len(inflater.decompress(left, min(_OUTPUT, wanted - got)))
            left = inflater.unconsumed_tail
    return got


def _expected(rows: list[tuple[int, int]]) -> int:
    return sum(count * length for count, length in rows)


def _rows(data: bytes, body: int) -> list[tuple[int, int]]:
    """Number and length in bytes of the rows, filter byte included, for each pass."""
    width, height = (int.from_bytes(data[body + at : body + at + 4], "big") for at in (0, 4))
    bits = data[body + 8] * _SAMPLES[data[body + 9]]
    passes = ((0, 0, 1, 1),) if not data[body + 12] else (*_ADAM7, _ADAM7_LAST)
    rows = []
    for x, y, step_x, step_y in passes:
        columns, count = -(-(width - x) // step_x), -(-(height - y) // step_y)
        if columns > 0 and count > 0:
            rows.append((count, 1 + (columns * bits + 7) // 8))
    return rows
