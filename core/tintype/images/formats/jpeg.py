"""JPEG (ITU T.81): segments up to the first scan, then only the markers between scans."""

import re
from collections.abc import Iterator

from tintype.images.formats.header import Header, damaged, tells_place, truncated

_MODES = {1: "L", 3: "RGB", 4: "CMYK"}
_EOI, _SOS, _APP0, _APP1, _APP2, _APP14, _COM = 0xD9, 0xDA, 0xE0, 0xE1, 0xE2, 0xEE, 0xFE
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_BARE = frozenset({0x01, *range(0xD0, 0xD9)})
_EXIF = b"Exif\x00\x00"
_ICC = b"ICC_PROFILE\x00"
_MARKER = re.compile(rb"\xff+[^\xff]", re.DOTALL)
_AFTER_SCAN = re.compile(rb"\xff[\xc4\xd9-\xdd\xe0-\xef\xfe]")
"""What may follow the coded data of a scan. Other markers in there are damage that decoders step
over, so they are stepped over here too."""


def _segments(data: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Walk the segments after SOI; stops without EOI where the bytes end or make no sense.

    Yields of each its marker, where its 0xFF stands, and where its body begins and ends.
    """
    at, size = 2, len(data)
    while at + 1 < size:
        start, kind = at, data[at + 1]
        if data[at] == 0xFF != kind:
            at += 2
        elif (marker := _MARKER.match(data, at)) is not None:
            at = marker.end()
            kind = data[at - 1]
        else:
            return
        if kind == _EOI:
            yield kind, start, at, at
            return
        if kind in _BARE:
            continue
        end = at + int.from_bytes(data[at : at + 2], "big")
        if not at + 2 <= end <= size:
            return
        yield kind, start, at + 2, end
        at = end
        if kind == _SOS:
            found = _AFTER_SCAN.search(data, at)
            at = found.start() if found is not None else size


def read(data: bytes) -> Header:
    """Read the frame header, count the scans, and see whether the end marker is there."""
    frame, exif, located, scans, reached, ended = b"", b"", False, 0, 2, False
    for marker, _, body, reached in _segments(data):
        if marker == _SOS:
            scans += 1
        elif marker == _APP1:
            if data.startswith(_EXIF, body):
                exif = exif or data[body + len(_EXIF) : reached]
            else:
                located = located or tells_place(data[body:reached])
        elif marker == _EOI:
            ended = True
        elif marker in _FRAMES and not any(frame[3:5]):
            if reached - body < 6:
                return damaged(Header("jpeg", scans=scans), "The JPEG frame header is too short.")
            frame = data[body : body + 6]
    header = Header(
        "jpeg",
        _MODES.get(frame[5], "") if frame else "",
        int.from_bytes(frame[3:5], "big"),
        int.from_bytes(frame[1:3], "big"),
        exif=exif,
        located=located,
        scans=scans,
    )
    return _judge(header, data, reached, ended)


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
    for marker, start, body, end in _segments(data):
        if marker == _SOS:
            kept.append(data[start : _end_of_image(data, end)])
            return b"".join(kept)
        application = _APP0 <= marker <= 0xEF or marker == _COM
        colours = profile and marker == _APP2 and data.startswith(_ICC, body)
        if not application or marker in (_APP0, _APP14) or colours:
            kept.append(data[start:end])
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
