"""JPEG (ITU T.81): segments up to the first scan, then only the markers between scans."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from tintype.images.formats.header import Header, damaged, tells_place, truncated

_MODES = {1: "L", 3: "RGB", 4: "CMYK"}
_EOI, _SOS, _APP0, _APP1, _APP2, _APP14, _COM = 0xD9, 0xDA, 0xE0, 0xE1, 0xE2, 0xEE, 0xFE
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_BARE = frozenset({0x01, *range(0xD0, 0xD9)})
_ICC = b"ICC_PROFILE\x00"
_MARKER = re.compile(rb"\xff+[^\xff]", re.DOTALL)
_AFTER_SCAN = re.compile(rb"\xff[\xc4\xd9-\xdd\xe0-\xef\xfe]")
"""What may follow the coded data of a scan. Other markers in there are damage that decoders step
over, so they are stepped over here too."""


@dataclass(frozen=True, slots=True)
class _Segment:
    marker: int
    start: int
    """Where its 0xFF stands."""
    body: int
    end: int


def _segments(data: bytes) -> Iterator[_Segment]:
    """Walk the segments after SOI; stops without EOI where the bytes end or make no sense."""
    at = 2
    while (marker := _MARKER.match(data, at)) is not None:
        start, at, kind = at, marker.end(), data[marker.end() - 1]
        if kind == _EOI:
            yield _Segment(kind, start, at, at)
            return
        if kind in _BARE:
            continue
        length = int.from_bytes(data[at : at + 2], "big")
        if length < 2 or at + length > len(data):
            return
        yield _Segment(kind, start, at + 2, at + length)
        at += length
        if kind == _SOS:
            found = _AFTER_SCAN.search(data, at)
            at = found.start() if found is not None else len(data)


def read(data: bytes) -> Header:
    """Read the frame header, count the scans, and see whether the end marker is there."""
    header = Header("jpeg", scans=0)
    reached = 2
    ended = False
    for segment in _segments(data):
        reached = segment.end
        if segment.marker in _FRAMES and not header.width:
            if segment.end - segment.body < 6:
                return damaged(header, "The JPEG frame header is too short.")
            height, width = data[segment.body + 1 : segment.body + 3], data[segment.body + 3 :][:2]
            header = replace(
                header,
                height=int.from_bytes(height, "big"),
                width=int.from_bytes(width, "big"),
                mode=_MODES.get(data[segment.body + 5], ""),
            )
        elif segment.marker == _APP1:
            header = _metadata(header, data[segment.body : segment.end])
        elif segment.marker == _SOS:
            header = replace(header, scans=header.scans + 1)
        elif segment.marker == _EOI:
            ended = True
    return _judge(header, data, reached, ended)


def _metadata(header: Header, body: bytes) -> Header:
    if body.startswith(b"Exif\x00\x00"):
        return header if header.exif else replace(header, exif=body[6:])
    return replace(header, located=header.located or tells_place(body))


def _judge(header: Header, data: bytes, reached: int, ended: bool) -> Header:
    if ended:
        if not header.width or not header.scans:
            return damaged(header, "The JPEG holds no image.")
        return header
    # Not at the end: either the bytes stop there, or they stop making sense there.
    junk = header.scans == 0 and reached < len(data) and data[reached] != 0xFF
    if junk:
        return damaged(header, f"The JPEG breaks off at byte {reached}: no marker stands there.")
    return truncated(header)


def essence(data: bytes, *, profile: bool = False) -> bytes:
    """Keep what decodes: no EXIF, no XMP, no comment, nothing after the end.

    JFIF (APP0) and Adobe (APP14) stay, because they say how the colours are coded; the colour
    profile (APP2) stays if wanted.
    """
    kept = [data[:2]]
    for segment in _segments(data):
        if segment.marker == _SOS:
            kept.append(data[segment.start : _end_of_image(data, segment.end)])
            return b"".join(kept)
        application = _APP0 <= segment.marker <= 0xEF or segment.marker == _COM
        colours = profile and segment.marker == _APP2 and data.startswith(_ICC, segment.body)
        if not application or segment.marker in (_APP0, _APP14) or colours:
            kept.append(data[segment.start : segment.end])
    return data


def _end_of_image(data: bytes, start: int) -> int:
    # The first EOI after the first scan: inside coded data 0xFF is always stuffed, and between
    # scans stand tables only, whose bodies are jumped over.
    at = start
    while (found := _AFTER_SCAN.search(data, at)) is not None:
        marker, at = data[found.start() + 1], found.end()
        if marker == _EOI:
            return at
        at += int.from_bytes(data[at : at + 2], "big")
    return len(data)
