"""How sample datasets are drawn: many images, each by its own seed, in a few threads."""

import base64
import io
import os
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from PIL import Image

from tintype.dataset.splits import SPLITS, Split
from tintype.dataset.writing import SplitWriter, refuse_existing
from tintype.threads import stepwise

QUALITY = 82
"""Of the JPEG files: small, and no worse to look at in a terminal."""
_AT_ONCE = 8

Rows = list[dict[str, Any]]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SampleProgress:
    """How far the drawing has come."""

    done: int
    """Images."""
    total: int
    files: tuple[Path, ...] = ()
    """What was written, training first: on the last report only."""


@dataclass(frozen=True, slots=True)
class SplitCounts:
    """How many images each split has."""

    train: int
    valid: int
    test: int

    def of(self, split: Split) -> int:
        """Those of one split."""
        return {"train": self.train, "valid": self.valid, "test": self.test}[split]


Draw = Callable[[np.random.Generator, int], Rows]
"""Draws the rows of one image."""


def draw_dataset(
    folder: Path,
    counts: SplitCounts,
    draw: Draw,
    *,
    seed: int,
    readme: str,
    replace: bool,
    dry_run: bool = False,
) -> AsyncGenerator[SampleProgress, None]:
    """Draw every image of every split, write the rows, and say what they are in a README.

    `draw` gets a random generator of the image's own and its number within the split, so that the
    same seed gives the same dataset in whatever order the threads are done. The files appear all
    together, before the last report. `readme` has places for the counts and the seed. With
    `dry_run` nothing is drawn or written: the report names the files that would be.

    Raises:
        DatasetError: if the folder cannot be written, or holds a dataset already.
    """
    text = readme.format(train=counts.train, valid=counts.valid, test=counts.test, seed=seed)
    if dry_run:
        return stepwise(_foreseen(folder, counts, replace))
    return stepwise(_draw_all(folder, counts, draw, seed, text, replace))


def _foreseen(
    folder: Path, counts: SplitCounts, replace: bool
) -> Generator[SampleProgress, None, None]:
    files = [folder / f"{split}.jsonl" for split in SPLITS]
    refuse_existing(files, replace=replace)
    total = counts.train + counts.valid + counts.test
    yield SampleProgress(total, total, tuple(files))


def _draw_all(
    folder: Path, counts: SplitCounts, draw: Draw, seed: int, readme: str, replace: bool
) -> Generator[SampleProgress, None, None]:
    refuse_existing([folder / f"{split}.jsonl" for split in SPLITS], replace=replace)
    total = counts.train + counts.valid + counts.test
    done = 0
    yield SampleProgress(done, total)
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool, SplitWriter(folder) as writer:
        for number, split in enumerate(SPLITS):
            count = counts.of(split)
            for start in range(0, count, _AT_ONCE):
                images = range(start, min(count, start + _AT_ONCE))
                seeds = [(seed, number, image) for image in images]
                generators = [np.random.default_rng(each) for each in seeds]
                for rows in pool.map(draw, generators, images):
                    for row in rows:
                        writer.write(split, row)
                done += len(images)
                yield SampleProgress(done, total)
        writer.beside.add(folder / "README.txt", readme.encode())
    yield SampleProgress(done, total, tuple(writer.files.values()))


def jpeg_url(image: Image.Image) -> str:
    """An image as a data URL."""
    out = io.BytesIO()
    image.save(out, "JPEG", quality=QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(out.getvalue()).decode('ascii')}"


def pick(rng: np.random.Generator, items: Sequence[T]) -> T:
    """One of the items by chance."""
    return items[int(rng.integers(len(items)))]
