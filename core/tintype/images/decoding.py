"""Pixels to look at and to learn from: upright, RGB, no larger than needed."""

import io
from typing import TYPE_CHECKING

from tintype.errors import DatasetError
from tintype.images.exif import read_exif
from tintype.images.formats import read_header
from tintype.images.pixels import DECODE_ERRORS, excess, open_pixels

if TYPE_CHECKING:
    from PIL.Image import Image


def decode(data: bytes, *, box: tuple[int, int] | None = None) -> "Image":
    """Decode an image: turned upright by its EXIF tag, in RGB, the first frame of an animation.

    Transparent parts show white. 16-bit grey is brought to 8 bits.

    Args:
        data: The encoded bytes: JPEG, PNG, WebP, GIF or BMP.
        box: Width and height in pixels that the upright image is shrunk to fit, keeping its
            proportions; it is never enlarged. JPEG is then decoded small in the first place.

    Raises:
        DatasetError: if it is no image, damaged, cut short, or too large to decode.
    """
    header = read_header(data)
    flaw = header.detail if header.flaw else excess(header)
    if flaw:
        raise DatasetError(f"The image cannot be shown: {flaw}")
    orientation, _ = read_exif(header.exif)
    try:
        with open_pixels(data, header) as image:
            if box is not None:
                image.draft(None, _lying(box, orientation))
            image.load()
            return _finish(image, orientation, box)
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


def _lying(box: tuple[int, int], orientation: int) -> tuple[int, int]:
    """The box as the stored pixels see it: orientations 5 to 8 lie on their side."""
    width, height = (max(1, side) for side in box)
    return (height, width) if orientation >= 5 else (width, height)


def _finish(image: "Image", orientation: int, box: tuple[int, int] | None) -> "Image":
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
    result = _rgb(image)
    if box is not None:
        wide, high = _lying(box, orientation)
        scale = min(wide / result.width, high / result.height)
        if scale < 1:
            size = tuple(max(1, round(side * scale)) for side in result.size)
            result = result.resize((size[0], size[1]), Resampling.LANCZOS, reducing_gap=2.0)
    return result.transpose(turns[orientation]) if orientation in turns else result


def _rgb(image: "Image") -> "Image":
    from PIL import Image

    if image.mode == "I;16":
        # Pillow would clip at 255, so that nearly everything is white.
        return image.point(lambda value: value / 256, "L").convert("RGB")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        # Also spares Pillow's warning about palettes whose transparency is a table.
        seen = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", seen.size, "white"), seen).convert("RGB")
    return image.convert("RGB") if image.mode != "RGB" else image.copy()
