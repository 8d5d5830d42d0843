"""What the images of a row are, as far as it can be known without decoding and without the network.

For questions about one row, and for passes that need nothing of an image but its size.
"""

import asyncio
from collections.abc import Mapping

from tintype.dataset import Dataset
from tintype.dataset.files import image_bytes
from tintype.dataset.parsing import ParsedLine
from tintype.errors import DatasetError
from tintype.images.facts import ImageFacts
from tintype.tokens import ExplainedRow, TokenRule, explain_row

NOT_KNOWN = ImageFacts(size_bytes=0)
ONE_ROW = 200_000_000
"""Bytes of the longest row that is read for an explanation."""


def row_images(
    line: ParsedLine, dataset: Dataset, fetched: Mapping[str, ImageFacts]
) -> tuple[ImageFacts, ...]:
    """Return the facts of a row's images, by their headers. Blocking: image files are read.

    Args:
        line: The row.
        dataset: That it is of.
        fetched: What images on the network were found to be, by address.
    """
    return tuple(_facts(line, at, dataset, fetched) for at in range(len(line.row.images)))


async def explained(
    dataset: Dataset, index: int, rule: TokenRule, fetched: Mapping[str, ImageFacts]
) -> ExplainedRow:
    """Return how the tokens of a row come about.

    Args:
        dataset: Open.
        index: The row, from 0.
        rule: How the model counts.
        fetched: As for `row_images`.

    Raises:
        DatasetError: if there is no such row.
    """
    row = await dataset.row(index)
    lines = await dataset.lines(row.index, 1, ONE_ROW)
    images = await asyncio.to_thread(row_images, lines[0], dataset, fetched)
    return explain_row(row, images, rule)


def _facts(
    line: ParsedLine, ordinal: int, dataset: Dataset, fetched: Mapping[str, ImageFacts]
) -> ImageFacts:
    from tintype.images import probe

    image = line.row.images[ordinal]
    if image.origin == "url":
        return fetched.get(image.reference, NOT_KNOWN)
    try:
        data = line.data(ordinal)
        data = image_bytes(line.url(ordinal), dataset.folder) if data is None else data
    except DatasetError:
        return NOT_KNOWN
    return probe(data, verify=False, digest="not needed")
