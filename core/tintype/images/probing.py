"""What can be said of an image from its bytes."""

import hashlib

from tintype.images.decoding import DECODE_ERRORS, MOST_PIXELS, absurdity, open_pixels
from tintype.images.exif import read_exif
from tintype.images.facts import ImageFacts
from tintype.images.formats import Header, checksum_fault, png, read_header

_MOST_VERIFIED = 25_000_000
"""Pixels up to which WebP, GIF and BMP are decoded to see whether they can be: Pillow holds the
whole image for that, up to three times over. Larger ones are judged by their structure."""


def probe(
    data: bytes, *, verify: bool = True, checksums: bool = False, digest: str = ""
) -> ImageFacts:
    """Tell format, size, mode, frames, orientation and flaws from the bytes; never raises.

    Time is linear in the bytes and, with `verify`, in the pixels. Pixels are verified where that
    takes little memory; a large image is not called damaged because it was not looked at.

    Args:
        data: The encoded image, or anything at all.
        verify: Also see whether the pixels can be had. JPEG is decoded at an eighth of its size,
            PNG is inflated block by block; both need little memory.
        checksums: Compare checksums of the format even if pixels are not verified.
        digest: The SHA-256 of the bytes in hexadecimal, if it is known already.
    """
    empty = Header("", flaw="empty", detail="The image is empty (0 bytes).")
    header = read_header(data) if data else empty
    flaw, detail = header.flaw, header.detail
    if not flaw:
        detail = absurdity(header)
        flaw = "too large" if detail else ""
    if not flaw and (verify or checksums):
        detail = _fault(data, header) if verify else checksum_fault(data, header)
        flaw = "damaged" if detail else ""
    orientation, located = read_exif(header.exif)
    return ImageFacts(
        size_bytes=len(data),
        digest=digest or hashlib.sha256(data).hexdigest(),
        format=header.format,
        mode=header.mode,
        width=header.width,
        height=header.height,
        frames=header.frames,
        orientation=orientation,
        flaw=flaw,
        detail=detail,
        has_location=located or header.located,
    )


def _fault(data: bytes, header: Header) -> str:
    """Say in a sentence why the pixels cannot be had, or nothing."""
    if header.format == "png":
        return png.fault(data)
    pixels = header.width * header.height
    most = MOST_PIXELS if header.format == "jpeg" else _MOST_VERIFIED
    if pixels > most and (header.format != "jpeg" or header.scans > 1):
        return ""  # a progressive JPEG is held whole while it is decoded, whatever its scale
    try:
        with open_pixels(data, header) as image:
            # At an eighth, and luminance alone: every coded bit is still read, few are transformed.
            image.draft("L", (1, 1))
            image.load()
    except DECODE_ERRORS as error:
        return f"The pixels cannot be decoded ({error or type(error).__name__})."
    return ""
