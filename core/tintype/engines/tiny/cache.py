"""Every distinct image's channels, computed once and kept on disk while a training runs.

An image shared by many questions is decoded and varied once. The channels lie in a memory-mapped
file of 16-bit floats: the system keeps in memory what fits (17 KB a variation), a training of
thousands of images does not grow with them, and a training that was interrupted goes on where it
stopped instead of preparing them again.
"""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tintype.engines.tiny import features
from tintype.engines.tiny.features import CHANNELS, POOL, Placing
from tintype.engines.tiny.tape import Array
from tintype.errors import DatasetError, EngineError
from tintype.images import decode

BUDGET_BYTES = 1 << 30
MAX_COPIES = 8
_STREAM = 7
"""Sets the random numbers of variation apart from other uses of the seed."""


@dataclass(frozen=True, slots=True)
class Channels:
    """The prepared images."""

    values: Array
    """(images, copies, cells, cells, CHANNELS) of float16; copy 0 is the image as it is."""
    size_px: int
    seed: int

    @property
    def copies(self) -> int:
        """Variations of each image, the unvaried one included."""
        return int(self.values.shape[1])

    def placing(self, image: int, copy: int) -> Placing:
        """Where a variation lies in its square."""
        if copy == 0:
            return features.AS_IT_IS
        return features.placing(self.size_px, _rng(self.seed, image, copy))

    def statistics(self) -> tuple[Array, Array]:
        """Mean and spread of each channel over (at most 1,000 of) the unvaried images."""
        if not len(self.values):
            return np.zeros(CHANNELS, np.float32), np.ones(CHANNELS, np.float32)
        chosen = np.unique(np.linspace(0, len(self.values) - 1, 1000).astype(int))
        sample = self.values[chosen, 0].astype(np.float32).reshape(-1, CHANNELS)
        return sample.mean(0), sample.std(0) + np.float32(1e-3)


def copies_for(images: int, shown: int, size_px: int) -> int:
    """How many variations to keep of each image that is shown so often in a training."""
    size = max(1, images) * (size_px // POOL) ** 2 * CHANNELS * 2
    return max(1, min(MAX_COPIES, shown, BUDGET_BYTES // size))


def prepare(
    path: Path,
    images: Sequence[Callable[[], bytes]],
    *,
    copies: int,
    size_px: int,
    seed: int,
    identity: str,
    pulse: Callable[[], None],
) -> Channels:
    """Decode and vary every image, or take up a file of the same `identity` where it stopped.

    `pulse` is called between images and may raise to stop.

    Raises:
        EngineError: if an image cannot be used.
    """
    cells = size_px // POOL
    shape = (len(images), copies, cells, cells, CHANNELS)
    if not images:
        return Channels(np.zeros(shape, np.float16), size_px, seed)
    mark = {"identity": identity, "shape": list(shape), "seed": seed}
    progress = path.with_suffix(".json")
    done = _done(path, progress, mark)
    values = np.memmap(path, np.float16, "r+" if done else "w+", shape=shape)
    try:
        for at in range(done, len(images)):
            pulse()
            try:
                values[at] = _varieties(images[at](), at, copies, size_px, seed)
            except DatasetError as error:
                raise EngineError(
                    f"Image {at + 1} of {len(images)} cannot be used: {error.message}",
                    advice=error.advice,
                ) from error
            done = at + 1
    finally:
        _write(progress, {**mark, "done": done})
    return Channels(values, size_px, seed)


def discard(path: Path) -> None:
    """Remove a file of channels; they can be computed again."""
    path.unlink(missing_ok=True)
    path.with_suffix(".json").unlink(missing_ok=True)


def _varieties(data: bytes, ordinal: int, copies: int, size_px: int, seed: int) -> Array:
    """An image's channels in all its variations: (copies, cells, cells, CHANNELS)."""
    prepared = features.prepared(decode(data, box=(4 * size_px, 4 * size_px)), size_px)
    pixels = [features.square(prepared, size_px, size_px)]
    pixels += [
        features.varied(prepared, size_px, _rng(seed, ordinal, copy)) for copy in range(1, copies)
    ]
    return features.channels(np.stack(pixels))


def _rng(seed: int, image: int, copy: int) -> np.random.Generator:
    return np.random.default_rng((seed, _STREAM, image, copy))


def _done(path: Path, progress: Path, mark: dict[str, object]) -> int:
    """How many images a file left behind already holds."""
    try:
        found = json.loads(progress.read_bytes())
        size = path.stat().st_size
    except (OSError, ValueError):
        return 0
    if not isinstance(found, dict):
        return 0
    done = found.pop("done", 0)
    whole = 2 * int(np.prod(np.asarray(mark["shape"])))
    return int(done) if found == mark and size == whole else 0


def _write(path: Path, value: dict[str, object]) -> None:
    half = path.with_suffix(".part")
    half.write_text(json.dumps(value))
    os.replace(half, path)
