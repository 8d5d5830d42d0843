"""Images drawn on the spot, small and deterministic."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image, ImageDraw

Painted = Callable[..., bytes]


def paint(
    format: str = "JPEG", mode: str = "RGB", size: tuple[int, int] = (48, 32), **options: Any
) -> bytes:
    """Encode an image with a diagonal and a red corner at the top left."""
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    draw.line((0, size[1], size[0], 0), fill="blue", width=3)
    draw.rectangle((0, 0, size[0] // 3, size[1] // 3), fill="red")
    if mode == "I;16":
        converted = image.convert("L").convert("I").point(lambda value: value * 257)
        converted = converted.convert("I;16")
    else:
        converted = image.convert(mode)
    out = io.BytesIO()
    converted.save(out, format, **options)
    return out.getvalue()


@pytest.fixture(scope="session")
def painted() -> Painted:
    return paint
