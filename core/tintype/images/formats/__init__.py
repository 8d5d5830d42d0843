"""Image formats, read from their bytes: size, mode, frames, wholeness.

Pillow would tell the same, but it parses whatever a hostile file offers (text chunks, EXIF
directories, nested images), warns through the process-wide `warnings`, and allocates the canvas
of an animation before anyone has looked at its size. These readers touch only what is needed, in
time linear in the bytes, and allocate nothing. Pillow sees an image afterwards, when it is known
to be of a sane size, and (`essence`) without the parts that do not make the image.
"""

from collections.abc import Callable

from tintype.images.formats import bmp, gif, jpeg, png, webp
from tintype.images.formats.header import Header, sniff

__all__ = ["Header", "checksum_fault", "essence", "read_header", "sniff", "without_metadata"]

_READERS: dict[str, Callable[[bytes], Header]] = {
    "bmp": bmp.read,
    "gif": gif.read,
    "jpeg": jpeg.read,
    "png": png.read,
    "webp": webp.read,
}


def read_header(data: bytes) -> Header:
    """Read what the image says of itself; never raises, never decodes."""
    format = sniff(data)
    reader = _READERS.get(format)
    if reader is not None:
        return reader(data)
    if format in _NO_IMAGE or not format:
        what = _NO_IMAGE.get(format, "unknown data")
        return Header(format, flaw="not an image", detail=f"The bytes are {what}.")
    return Header(format, flaw="unknown format", detail=f"{format.upper()} is not read here.")


def checksum_fault(data: bytes, header: Header) -> str:
    """Say in a sentence which checksum is wrong, or nothing; only PNG has any."""
    return png.checksum_fault(data) if header.format == "png" else ""


def essence(data: bytes, format: str) -> bytes:
    """Drop what does not make the image (text, profiles, EXIF): what is left goes to Pillow."""
    if format == "jpeg":
        return jpeg.essence(data)
    if format == "png":
        return png.essence(data)
    return data


def without_metadata(data: bytes, format: str) -> bytes:
    """The same pixels without EXIF, XMP, comments and what follows the end; profiles stay.

    Other formats than JPEG, PNG and WebP come back as they are.
    """
    if format == "jpeg":
        return jpeg.essence(data, profile=True)
    if format == "png":
        return png.essence(data, profile=True)
    return webp.without_metadata(data) if format == "webp" else data


_NO_IMAGE = {
    "html": "a web page",
    "json": "JSON text",
    "pdf": "a PDF document",
    "eps": "a PostScript program",
    "svg": "an SVG drawing, not pixels",
}
