"""What images show: which rows have one that a model was trained on, and how bright they are."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from tintype import paths
from tintype.dataset import Dataset, image_bytes, open_dataset
from tintype.dataset.parsing import ParsedLine
from tintype.errors import DatasetError
from tintype.evaluation.rows import EvaluatedRow
from tintype.evaluation.run_folder import LEAKS
from tintype.images import decode

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_LOOKED_AT = 2_000
"""Rows whose images are looked at though nobody was trained on any: a few seconds."""
_SIDE = 8
_NEAR = 12
"""Of 255: how far a signature may be off at any place for the images to be compared whole."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """An image of a dataset, by content."""

    digest: str
    signature: "NDArray[np.int16]"
    """Mean brightness of 8 × 8 fields, (64,)."""
    index: int
    ordinal: int


@dataclass(slots=True)
class _Images:
    """The different images of a dataset, or of some of its rows, and which row shows which."""

    found: dict[bytes, _Seen] = field(default_factory=dict)
    of_row: dict[int, list[bytes]] = field(default_factory=dict)

    def brightness(self, index: int) -> int | None:
        """Of a row's first image, 0…255; none where it could not be looked at."""
        seen = [self.found[key] for key in self.of_row.get(index, [])[:1] if key in self.found]
        return round(float(seen[0].signature.mean())) if seen else None


async def look_at_images(
    folder: Path, dataset: Dataset, rows: Sequence[EvaluatedRow], training: Sequence[Path]
) -> None:
    """Write into a run's folder which rows show images of the training files, and how bright.

    Images are compared as they are seen (`likeness`): another format or compression hides nothing.
    Without training files, they are looked at where that does not take long.

    Raises:
        DatasetError: if a training file cannot be read.
        FileError: if the folder cannot be written.
    """
    if paths.is_file(folder / LEAKS) or not (training or len(rows) <= MOST_LOOKED_AT):
        return
    places = {row.index: at for at, row in enumerate(rows)}
    own = await _seen(dataset, frozenset(places))
    leaked: set[bytes] = set()
    for path in training:
        async with open_dataset(path) as trained:
            theirs = [*(await _seen(trained)).found.values()]
            for key, other in await asyncio.to_thread(_candidates, own, theirs):
                one = own.found[key]
                if key in leaked:
                    continue
                if one.digest == other.digest or await _alike(dataset, one, trained, other):
                    leaked.add(key)
    said = {
        "rows": sorted(places[at] for at, keys in own.of_row.items() if leaked & {*keys}),
        "training": [str(path) for path in training],
        "brightness": [own.brightness(row.index) for row in rows],
    }
    await asyncio.to_thread(paths.write_whole, folder / LEAKS, json.dumps(said), replace=True)


async def _seen(dataset: Dataset, wanted: frozenset[int] | None = None) -> _Images:
    """Every different image of a dataset, or of some rows."""
    images = _Images()
    at = 0
    while lines := await dataset.lines(at, 200, 16_000_000):
        at += len(lines)
        await asyncio.to_thread(_look, dataset, lines, wanted, images)
    return images


def _look(
    dataset: Dataset,
    lines: Sequence[ParsedLine],
    wanted: frozenset[int] | None,
    images: _Images,
) -> None:
    for line in lines:
        if wanted is not None and line.row.index not in wanted:
            continue
        keys = [line.key(image.ordinal) for image in line.row.images]
        images.of_row[line.row.index] = keys
        for image, key in zip(line.row.images, keys, strict=True):
            if key in images.found or image.reference.lower().startswith(("http:", "https:")):
                continue
            try:
                data = image_bytes(line.url(image.ordinal), dataset.folder)
                signature = _signature(data)
            except DatasetError:  # what cannot be decoded was not learnt from either
                continue
            seen = _Seen(sha256(data).hexdigest(), signature, line.row.index, image.ordinal)
            images.found[key] = seen


def _signature(data: bytes) -> "NDArray[np.int16]":
    grey = decode(data, box=(4 * _SIDE, 4 * _SIDE)).convert("L").resize((_SIDE, _SIDE))
    return np.asarray(grey, np.int16).reshape(-1)


def _candidates(own: _Images, theirs: Sequence[_Seen]) -> list[tuple[bytes, _Seen]]:
    """Pairs that may be one image: the same bytes if there are any, else up to 20 much like it."""
    if not own.found or not theirs:
        return []
    pairs = []
    table = np.stack([one.signature for one in theirs])
    for key, one in own.found.items():
        near = np.flatnonzero(np.abs(table - one.signature).max(axis=1) <= _NEAR)
        same = [theirs[at] for at in near.tolist() if theirs[at].digest == one.digest]
        pairs += [(key, other) for other in same[:1] or [theirs[at] for at in near[:20].tolist()]]
    return pairs


async def _alike(first: Dataset, one: _Seen, second: Dataset, other: _Seen) -> bool:
    mine = await first.image(one.index, one.ordinal)
    theirs = await second.image(other.index, other.ordinal)
    try:
        return await asyncio.to_thread(likeness, mine, theirs) != "none"
    except DatasetError:
        return False


Likeness = Literal["same", "near", "none"]
NEAR_PIXEL, NEAR_CHANNEL = 8.0, 4.0
"""Of 255: mean difference of pixels, and of each channel's mean, up to which images are near."""


def likeness(first: bytes, second: bytes) -> Likeness:
    """Compare two encoded images as they are seen: upright, in RGB.

    `same`: every pixel is equal, whatever the format. `near`: one size, and nearly the same colours
    everywhere, as after another compression.

    Raises:
        DatasetError: if one cannot be decoded.
    """
    one, other = _pixels(first), _pixels(second)
    if one.shape != other.shape:
        return "none"
    if (one == other).all():
        return "same"
    difference = one.astype(np.float64) - other
    channels = np.abs(difference.mean(axis=(0, 1)))
    near = np.abs(difference).mean() <= NEAR_PIXEL and (channels <= NEAR_CHANNEL).all()
    return "near" if near else "none"


def _pixels(data: bytes) -> "NDArray[np.uint8]":
    return np.asarray(decode(data))
