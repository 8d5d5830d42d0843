"""Images of a row read to be shown."""

from asyncio import to_thread

from tintype.dataset import Dataset, Example
from tintype.errors import DatasetError
from tintype.images import ImageFacts, probe
from tintype_tui.widgets.row_view import Shown

MOST_PROBED = 32
"""Images of a row that are looked at for their size; beyond, a chip says what the row says."""


async def image_shown(dataset: Dataset, index: int, ordinal: int) -> Shown:
    """One of a row's images, or why it cannot be had."""
    try:
        data = await dataset.image(index, ordinal)
    except DatasetError as error:
        return Shown(ordinal, why=str(error), trouble=True)
    return Shown(ordinal, data, await to_thread(probe, data))


async def facts_of_others(
    dataset: Dataset, example: Example, index: int, shown: int
) -> dict[int, ImageFacts]:
    """What the row's other images are, by ordinal; none is fetched from the network for that."""
    found: dict[int, ImageFacts] = {}
    for image in example.images[:MOST_PROBED]:
        if image.ordinal == shown or image.origin == "url":
            continue
        try:
            data = await dataset.image(index, image.ordinal)
        except DatasetError as error:
            found[image.ordinal] = ImageFacts(size_bytes=0, flaw=error.message)
        else:
            found[image.ordinal] = await to_thread(probe, data)
    return found
