"""Pixels to look at and to learn from: upright, RGB, no larger than needed.

Pillow stands behind a gate: only formats we know, only sizes that fit, only our own errors. Nothing
process-wide is changed or relied on: Pillow's limit on pixels, its leniency switch and the
`warnings` filters are left as they are.
"""

import importlib
import io
import struct
import zlib
from typing import TYPE_CHECKING

from tintype.errors import DatasetError
from tintype.images.exif import read_exif
from tintype.images.formats import Header, essence, read_header

if TYPE_CHECKING:
    from PIL import ImageFile
    from PIL.Image import Image

MAX_PIXELS = 89_478_485
"""Pixels held at once: a quarter of a gigabyte at three bytes each. Pillow's own threshold for a
decompression bomb (`Image.MAX_IMAGE_PIXELS` as shipped), below which it does not warn."""
MOST_PIXELS = 200_000_000
"""Pixels held at once to shrink an image that is to be small afterwards."""
ABSURD_PIXELS = 1_000_000_000
"""Pixels beyond which nobody decodes an image: it is a bomb, or a mistake."""
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
    "bmp": "Bmp",
    "gif": "Gif",
    "jpeg": "Jpeg",
    "png": "Png",
    "webp": "WebP",
}


_REDUCED = frozenset({"L", "RGB", "RGBA", "CMYK"})
"""Modes whose neighbouring pixels can be averaged as they are."""


def decode(
    data: bytes,
    *,
    box: tuple[int, int] | None = None,
    most_pixels: int = MAX_PIXELS,
    checkered: bool = False,
) -> "Image":
    """Decode an image: turned upright by its EXIF tag, in RGB, the first frame of an animation.

    Transparent parts show white, as providers see them. 16-bit grey is brought to 8 bits.

    Args:
        data: The encoded bytes: JPEG, PNG, WebP, GIF or BMP.
        box: Width and height in pixels that the upright image is shrunk to fit, keeping its
            proportions; it is never enlarged. JPEG is then decoded small in the first place, so
            that its own size hardly matters.
        most_pixels: How many pixels may be held at once.
        checkered: Whether transparent parts show a checkerboard instead.

    Raises:
        DatasetError: if it is no image, damaged, cut short, or too large to decode.
    """
    header = read_header(data)
    flaw = header.detail if header.flaw else absurdity(header)
    if flaw:
        raise DatasetError(f"The image cannot be shown: {flaw}")
    orientation, _ = read_exif(header.exif)
    try:
        with open_pixels(data, header) as image:
            if box is not None:
                image.draft(None, _lying(box, orientation))
            most = MAX_PIXELS if header.format == "gif" else most_pixels  # Pillow warns by itself
            if image.width * image.height > most:
                raise DatasetError(_too_many(header, most))
            image.load()
            return _finish(image, orientation, box, checkered=checkered)
    except DECODE_ERRORS as error:
        reason = error or type(error).__name__
        raise DatasetError(f"The image cannot be decoded: {reason}.") from error


def encode_jpeg(image: "Image", quality: int = 90) -> bytes:
    """Encode as a baseline JPEG without metadata; quality 1…95."""
    out = io.BytesIO()
    (image if image.mode in ("RGB", "L") else image.convert("RGB")).save(
        out, "JPEG", quality=quality
    )
    return out.getvalue()


def _too_many(header: Header, most: int) -> str:
    return (
        f"The image cannot be shown: {header.width}×{header.height} pixels are more than the "
        f"{most // 1_000_000} megapixels decoded here."
    )


def _lying(box: tuple[int, int], orientation: int) -> tuple[int, int]:
    """The box as the stored pixels see it: orientations 5 to 8 lie on their side."""
    width, height = (max(1, side) for side in box)
    return (height, width) if orientation >= 5 else (width, height)


def _finish(
    image: "Image", orientation: int, box: tuple[int, int] | None, *, checkered: bool
) -> "Image":
    from PIL.Image import Resampling, Transpose

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    wide, high = (image.width, image.height) if box is None else _lying(box, orientation)
    scale = min(1.0, wide / image.width, high / image.height)
    step = int(0.5 / scale)
    if step > 1 and image.mode in _REDUCED and "transparency" not in image.info:
        image = image.reduce(step)  # before any copy of it is made
        scale = min(1.0, wide / image.width, high / image.height)
    result = _rgb(image, checkered=checkered)
    if scale < 1:
        size = tuple(max(1, round(side * scale)) for side in result.size)
        result = result.resize((size[0], size[1]), Resampling.LANCZOS, reducing_gap=2.0)
    return result.transpose(turns[orientation]) if orientation in turns else result


def _rgb(image: "Image", *, checkered: bool) -> "Image":
    from PIL import Image

    if image.mode == "I;16":
        # Pillow would clip at 255, so that nearly everything is white.
        return image.point(lambda value: value / 256, "L").convert("RGB")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        # Also spares Pillow's warning about palettes whose transparency is a table.
        seen = image.convert("RGBA")
        behind = _checkers(seen.size) if checkered else Image.new("RGBA", seen.size, "white")
        return Image.alpha_composite(behind, seen).convert("RGB")
    return image.convert("RGB") if image.mode != "RGB" else image.copy()


def _checkers(size: tuple[int, int]) -> "Image":
    """Light and dark squares, some twenty along the longer side."""
    from PIL import Image
    from PIL.Image import Resampling

    square = max(1, max(size) // 20)
    across, down = (-(-side // square) for side in size)
    tiles = Image.new("L", (across, down))
    tiles.putdata(
        [0xCC if (at // across + at % across) % 2 else 0x99 for at in range(across * down)]
    )
    large = tiles.resize((across * square, down * square), Resampling.NEAREST)
    return large.crop((0, 0, *size)).convert("RGBA")


def absurdity(header: Header) -> str:
    """Say in a sentence why nobody should decode the image, or nothing."""
    if header.width * header.height > ABSURD_PIXELS:
        return (
            f"{header.width}×{header.height} pixels are more than "
            f"{ABSURD_PIXELS // 1_000_000:,} megapixels."
        )
    if header.scans > MAX_SCANS:
        return f"The JPEG has {header.scans} scans; more than {MAX_SCANS} are not decoded."
    return ""


def open_pixels(data: bytes, header: Header) -> "ImageFile.ImageFile":
    """Open with the one plug-in that the header calls for; nothing is decoded yet.

    Raises:
        OSError, SyntaxError and the rest of `DECODE_ERRORS`: Pillow cannot read it.
    """
    # Not by `Image.open`: that makes Pillow import every plug-in it has, EPS with its PostScript
    # interpreter among them, and warns of sizes that are judged here.
    name = _PLUGINS[header.format]
    plugin = getattr(importlib.import_module(f"PIL.{name}ImagePlugin"), f"{name}ImageFile")
    image: ImageFile.ImageFile = plugin(io.BytesIO(essence(data, header.format)))
    if image.size != (header.width, header.height):
        raise OSError(f"{image.size} where the header says {(header.width, header.height)}")
    return image
