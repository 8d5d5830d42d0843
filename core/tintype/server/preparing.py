"""Rows that passed the rules, written for the engine: text in one file, each image in its own.

An image that many rows share is decoded from base64 and written once, under the SHA-256 of its
bytes; in the rows its name stands where the data URL stood.
"""

import copy
import json
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

from tintype.dataset import Dataset, ImagePart, Row, image_bytes
from tintype.dataset.parsing import ParsedLine
from tintype.dataset.places import slots
from tintype.errors import DatasetError
from tintype.rules import Judged
from tintype.threads import in_thread

LINES_BYTES = 64 << 20
"""Of the uploaded file, at most so much is in memory, unless a single line is longer."""


async def write_rows(dataset: Dataset, rows: Sequence[Judged], target: Path) -> Sequence[Row]:
    """Append rows to a JSONL file, and their images to its folder.

    Args:
        dataset: Where the rows are from.
        rows: In the order of the dataset.
        target: The file.

    Returns:
        The rows that had to be left out after all: an image on the network is there no more, or
        is not the one that was judged.
    """
    folder = target.parent
    for judged in rows:
        for image, digest in _images(judged):
            if image.origin == "url" and not (folder / digest).exists():
                await _fetch(dataset, judged.surveyed.row.index, image.ordinal, folder / digest)
    await _unpack(dataset, rows, folder)
    return await in_thread(_append, rows, target)


async def _fetch(dataset: Dataset, index: int, ordinal: int, path: Path) -> None:
    try:
        data = await dataset.image(index, ordinal)
    except DatasetError:
        return
    if sha256(data).hexdigest() == path.name:
        await in_thread(path.write_bytes, data)


async def _unpack(dataset: Dataset, rows: Sequence[Judged], folder: Path) -> None:
    """Write the images that stand in the rows."""
    wanted = {
        (judged.surveyed.row.index, image.ordinal): digest
        for judged in rows
        for image, digest in _images(judged)
        if image.origin == "data" and not (folder / digest).exists()
    }
    indices = sorted({index for index, _ in wanted})
    while indices:
        lines = await dataset.lines(indices[0], indices[-1] - indices[0] + 1, LINES_BYTES)
        await in_thread(_write, lines, wanted, folder)
        indices = [index for index in indices if index > lines[-1].row.index]


def _write(lines: Sequence[ParsedLine], wanted: dict[tuple[int, int], str], folder: Path) -> None:
    for line in lines:
        for image in line.row.images:
            digest = wanted.get((line.row.index, image.ordinal))
            if digest is not None and not (folder / digest).exists():
                (folder / digest).write_bytes(image_bytes(line.url(image.ordinal), folder))


def _append(rows: Sequence[Judged], target: Path) -> Sequence[Row]:
    lost = []
    with target.open("a") as file:
        for judged in rows:
            names = [digest for _, digest in _images(judged)]
            if not all((target.parent / name).exists() for name in names):
                lost.append(judged.surveyed.row)
                continue
            value = copy.deepcopy(judged.surveyed.row.value)
            found = [slot for slot in slots(value) if slot.image]
            for slot, name in zip(found, names, strict=True):
                slot.holder[slot.key] = name
            file.write(json.dumps(value) + "\n")
    return lost


def _images(judged: Judged) -> Iterator[tuple[ImagePart, str]]:
    row, facts = judged.surveyed.row, judged.surveyed.images
    for image, fact in zip(row.images, facts, strict=True):
        yield image, fact.digest
