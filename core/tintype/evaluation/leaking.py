"""Which rows show an image that a model was trained on, by what the image shows."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
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


async def mark_leaks(
    folder: Path, dataset: Dataset, rows: Sequence[EvaluatedRow], training: Sequence[Path]
) -> None:
    """Look whether rows show images of the training files, and write it into a run's folder.

    Images are compared as they are seen (`likeness`): another format or compression hides nothing.

    Raises:
        DatasetError: if a training file cannot be read.
        FileError: if the folder cannot be written.
    """
    if not training or paths.is_file(folder / LEAKS):
        return
    wanted = {row.index: at for at, row in enumerate(rows)}
    own = await _seen(dataset, frozenset(wanted))
    leaked: set[int] = set()
    for path in training:
        async with open_dataset(path) as trained:
            theirs = await _seen(trained)
            for one, other in await asyncio.to_thread(_candidates, own, theirs):
                if one.index in leaked:
                    continue
                if one.digest == other.digest or await _alike(dataset, one, trained, other):
                    leaked.add(one.index)
    positions = sorted(wanted[index] for index in leaked | await _sharing(dataset, leaked, wanted))
    text = json.dumps({"rows": positions, "training": [str(path) for path in training]})
    await asyncio.to_thread(paths.write_whole, folder / LEAKS, text, replace=True)


async def _seen(dataset: Dataset, wanted: frozenset[int] | None = None) -> list[_Seen]:
    """Every different image of a dataset, or of some rows."""
    found: dict[bytes, _Seen] = {}
    at = 0
    while lines := await dataset.lines(at, 200, 16_000_000):
        at += len(lines)
        await asyncio.to_thread(_look, dataset, lines, wanted, found)
    return list(found.values())


def _look(
    dataset: Dataset,
    lines: Sequence[ParsedLine],
    wanted: frozenset[int] | None,
    found: dict[bytes, _Seen],
) -> None:
    for line in lines:
        if wanted is not None and line.row.index not in wanted:
            continue
        for image in line.row.images:
            key = line.key(image.ordinal)
            if key in found or image.reference.lower().startswith(("http:", "https:")):
                continue
            try:
                data = image_bytes(line.url(image.ordinal), dataset.folder)
                signature = _signature(data)
            except DatasetError:  # what cannot be decoded was not learnt from either
                continue
            found[key] = _Seen(sha256(data).hexdigest(), signature, line.row.index, image.ordinal)


def _signature(data: bytes) -> "NDArray[np.int16]":
    grey = decode(data, box=(4 * _SIDE, 4 * _SIDE)).convert("L").resize((_SIDE, _SIDE))
    return np.asarray(grey, np.int16).reshape(-1)


def _candidates(own: Sequence[_Seen], theirs: Sequence[_Seen]) -> list[tuple[_Seen, _Seen]]:
    """Pairs that may be one image: the same bytes if there are any, else up to 20 much like it."""
    if not own or not theirs:
        return []
    pairs = []
    table = np.stack([one.signature for one in theirs])
    for one in own:
        near = np.flatnonzero(np.abs(table - one.signature).max(axis=1) <= _NEAR)
        same = [theirs[at] for at in near.tolist() if theirs[at].digest == one.digest]
        pairs += [(one, other) for other in same[:1] or [theirs[at] for at in near[:20].tolist()]]
    return pairs


async def _alike(first: Dataset, one: _Seen, second: Dataset, other: _Seen) -> bool:
    mine = await first.image(one.index, one.ordinal)
    theirs = await second.image(other.index, other.ordinal)
    try:
        return await asyncio.to_thread(likeness, mine, theirs) != "none"
    except DatasetError:
        return False


async def _sharing(dataset: Dataset, leaked: set[int], wanted: dict[int, int]) -> set[int]:
    """The other rows that show the same images."""
    if not leaked:
        return set()
    keys: dict[int, set[bytes]] = {}
    at = 0
    while lines := await dataset.lines(at, 1000, 64_000_000):
        at += len(lines)
        keys |= await asyncio.to_thread(_keys, lines, wanted)
    known = {key for index in leaked for key in keys[index]}
    return {index for index, own in keys.items() if own & known}


def _keys(lines: Sequence[ParsedLine], wanted: dict[int, int]) -> dict[int, set[bytes]]:
    return {
        line.row.index: {line.key(one.ordinal) for one in line.row.images}
        for line in lines
        if line.row.index in wanted
    }


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
