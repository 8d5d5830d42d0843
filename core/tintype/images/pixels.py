"""Pillow behind a gate: only formats we know, only sizes that fit, only our own errors.

Nothing process-wide is changed or relied on: Pillow's limit on pixels, its leniency switch and the
`warnings` filters are left as they are.
"""

import importlib
import io
import struct
import zlib
from typing import TYPE_CHECKING

from tintype.images.formats import Header, essence

if TYPE_CHECKING:
    from PIL import ImageFile

MAX_PIXELS = 89_478_485
"""A quarter of a gigabyte at three bytes a pixel: Pillow's own threshold for a decompression bomb
(`Image.MAX_IMAGE_PIXELS` as shipped). Below it Pillow does not warn."""
MAX_SCANS = 100
"""A progressive JPEG has about ten; each costs a walk over the whole image, so that thousands of
tiny ones keep a decoder busy for hours (libjpeg-turbo's advice is 500, on smaller images)."""

DECODE_ERRORS = (
    OSError,
    SyntaxError,  # Pillow's word for a broken file
    ValueError,
    TypeError,
    LookupError,
    EOFError,
    ArithmeticError,
    MemoryError,
    struct.error,
    zlib.error,
)
"""All that Pillow was seen to raise on damaged bytes."""

_PLUGINS = {
    "bmp": "BmpImagePlugin",
    "gif": "GifImagePlugin",
    "jpeg": "JpegImagePlugin",
    "png": "PngImagePlugin",
    "webp": "WebPImagePlugin",
}


def excess(header: Header) -> str:
    """Say in a sentence why the image is too big to decode, or nothing."""
    if header.width * header.height > MAX_PIXELS:
        return (
            f"{header.width}×{header.height} pixels would take more than "
            f"{MAX_PIXELS // 1_000_000} megapixels of memory."
        )
    if header.scans > MAX_SCANS:
        return f"The JPEG has {header.scans} scans; more than {MAX_SCANS} are not decoded."
    return ""


def open_pixels(data: bytes, header: Header) -> "ImageFile.ImageFile":
    """Open with the one plug-in that the header calls for; nothing is decoded yet.

    Raises:
        OSError, SyntaxError and the rest of `DECODE_ERRORS`: Pillow cannot read it.
    """
    # Registered by hand: asking Pillow for a format it has not loaded makes it import every
    # plug-in it has, EPS with its PostScript interpreter among them.
    importlib.import_module(f"PIL.{_PLUGINS[header.format]}")
    from PIL import Image

    image = Image.open(io.BytesIO(essence(data, header.format)), formats=(header.format,))
    if image.size != (header.width, header.height):
        raise OSError(f"{image.size} where the header says {(header.width, header.height)}")
    return image
