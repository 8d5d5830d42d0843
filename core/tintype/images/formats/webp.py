"""WebP: a RIFF file; the canvas stands in the first chunk, whichever of three kinds it is."""

from collections.abc import Iterator
from dataclasses import replace

from tintype.images.formats.header import Header, damaged, tells_place, truncated

_METADATA = frozenset({b"EXIF", b"XMP "})
_EXIF_FLAG, _XMP_FLAG = 0x08, 0x04
_MOST_CHUNKS = 200_000


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and end of each chunk's body; the end may lie beyond the bytes."""
    at = 12
    for _ in range(_MOST_CHUNKS):
        if at + 8 > len(data):
            return
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        yield data[at : at + 4], at + 8, at + 8 + size
        at += 8 + size + (size & 1)


def read(data: bytes) -> Header:
    """Read the canvas, the alpha flag, EXIF and the number of frames."""
    header = Header("webp", frames=0)
    whole = int.from_bytes(data[4:8], "little") + 8
    pixels = False
    for name, start, end in _chunks(data if len(data) <= whole else data[:whole]):
        if end > len(data):
            return truncated(_still(header))
        body = data[start : min(end, start + 32)]
        if not header.width:
            header = _canvas(header, name, body)
            if header.flaw:
                return header
        header = _further(header, name, data[start:end] if name in _METADATA else b"")
        pixels = pixels or name in (b"VP8 ", b"VP8L", b"ANMF")
    header = _still(header)
    if len(data) < whole or not header.width:
        return truncated(header)
    return header if pixels else damaged(header, "The WebP holds no image data.")


def _further(header: Header, name: bytes, body: bytes) -> Header:
    """What a chunk adds to the canvas."""
    if name == b"ANMF":
        return replace(header, frames=header.frames + 1)
    if name == b"EXIF":
        return replace(header, exif=body.removeprefix(b"Exif\x00\x00"))
    return replace(header, located=True) if tells_place(body) else header


def without_metadata(data: bytes) -> bytes:
    """The same file without its EXIF and XMP chunks, and without the flags that announce them."""
    body = bytearray(b"WEBP")
    for name, start, end in _chunks(data[: int.from_bytes(data[4:8], "little") + 8]):
        if name in _METADATA:
            continue
        chunk = bytearray(data[start - 8 : end + (end - start) % 2])
        if name == b"VP8X":
            chunk[8] &= ~(_EXIF_FLAG | _XMP_FLAG) & 0xFF
        body += chunk
    return b"RIFF" + len(body).to_bytes(4, "little") + bytes(body)


def _still(header: Header) -> Header:
    return replace(header, frames=max(1, header.frames))


def _canvas(header: Header, name: bytes, body: bytes) -> Header:
    if name == b"VP8X" and len(body) >= 10:
        width = int.from_bytes(body[4:7], "little") + 1
        height = int.from_bytes(body[7:10], "little") + 1
        return replace(header, width=width, height=height, mode="RGBA" if body[0] & 16 else "RGB")
    if name == b"VP8L" and len(body) >= 5 and body[0] == 0x2F:
        bits = int.from_bytes(body[1:5], "little")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        return replace(header, width=width, height=height, mode="RGBA" if bits >> 28 & 1 else "RGB")
    if name == b"VP8 " and len(body) >= 10 and body[3:6] == b"\x9d\x01\x2a":
        width, height = (int.from_bytes(body[at : at + 2], "little") & 0x3FFF for at in (6, 8))
        if width and height:
            return replace(header, width=width, height=height, mode="RGB")
    return damaged(_still(header), "The WebP does not begin with an image header.")
