"""One small image of a row, drawn for a grid that asked for it."""

from tintype.dataset import Dataset
from tintype.errors import DatasetError
from tintype_tui.widgets.cells import Thumb
from tintype_tui.widgets.image import draw
from tintype_tui.widgets.thumbnails import Thumbnails


async def thumb(dataset: Dataset, index: int, ordinal: int, event: Thumbnails.Wants) -> Thumb:
    """The drawing of an image, or why it cannot be had."""
    try:
        data = await dataset.image(index, ordinal)
    except DatasetError as error:
        return Thumb(words=error.message)
    return Thumb(await draw(event.thumbnails.wanted(data, event.room)))
