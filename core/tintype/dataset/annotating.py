"""An image with its boxes drawn on it, written to a file."""

import io
from collections.abc import Sequence
from pathlib import Path

from tintype.dataset.file_set import written
from tintype.dataset.writing import refuse_existing
from tintype.detection import Box
from tintype.errors import DatasetError
from tintype.threads import in_thread

ENDING = ".png"
_SMALLEST = 480
"""Pixels of the shorter side; a smaller image is enlarged, or no name could be read on it."""


async def write_annotated(
    target: Path,
    data: bytes,
    truth: Sequence[Box] = (),
    predicted: Sequence[Box] = (),
    *,
    replace: bool = False,
) -> Path:
    """Write an image, upright, as a PNG: truth solid, prediction dashed.

    Args:
        target: The file; `.png` is added if its name has another ending or none.
        data: The encoded image.
        truth: What the answer says.
        predicted: What a model says.
        replace: Whether an existing file may be replaced.

    Returns:
        The file written.

    Raises:
        DatasetError: if the image cannot be decoded, or the file exists or cannot be written.
    """
    if not target.name:
        raise DatasetError("Type the path of the file to write.", advice="Type a path.")
    if target.suffix.lower() != ENDING:
        target = target.with_name(target.name + ENDING)
    await in_thread(_write, target, data, truth, predicted, replace)
    return target


def _write(
    target: Path, data: bytes, truth: Sequence[Box], predicted: Sequence[Box], replace: bool
) -> None:
    from PIL.Image import Resampling

    from tintype.detection.drawing import draw_boxes
    from tintype.images import decode

    if target.is_dir():
        raise DatasetError(f"{target} is a folder.", advice="Type the path of a file in it.")
    refuse_existing([target], replace=replace)
    image = decode(data)
    if truth or predicted:
        factor = -(-_SMALLEST // max(1, min(image.size)))
        if factor > 1 and max(image.size) * factor <= 4 * _SMALLEST:
            size = image.width * factor, image.height * factor
            image = image.resize(size, Resampling.NEAREST if factor >= 4 else Resampling.LANCZOS)
        image = draw_boxes(image, truth, predicted)
    png = io.BytesIO()
    image.save(png, "PNG")
    with written(target) as file:
        file.write(png.getvalue())
