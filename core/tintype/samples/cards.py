"""Playing cards on a table: a sample dataset for detection.

One to three cards lie side by side on cloth, wood or stone, each turned a little. The deck is a
short one of twenty: aces, kings, queens, jacks and tens in four colours.
"""

from collections.abc import AsyncGenerator
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from tintype.dataset.writing import chat_row
from tintype.detection import Box, detect_prompt, format_boxes, reading_order
from tintype.samples.drawing import (
    Rows,
    SampleProgress,
    SplitCounts,
    draw_dataset,
    jpeg_url,
)
from tintype.samples.faces import COLOURS, RANKS, card_face
from tintype.samples.scenes import Scene, felt, linen, stone, wood

COUNTS = SplitCounts(train=240, valid=40, test=60)
SIZE = (512, 384)
LABELS = tuple(sorted(f"{rank} of {suit}" for rank in RANKS for suit in COLOURS))
PROMPT = detect_prompt(LABELS)
SYSTEM = "Find the playing cards in the image."

_HEIGHTS = {1: (0.62, 0.8), 2: (0.58, 0.72), 3: (0.49, 0.55)}
"""How high cards are, by their number: so large that they fit side by side."""

README = """\
Playing cards: a sample dataset for detection
=============================================

{train} training, {valid} validation and {test} test images of one to three playing cards on a
table, from a short deck of twenty. Each row asks to detect all twenty cards by name and is answered
with boxes in PaliGemma's notation: <loc y_min><loc x_min><loc y_max><loc x_max> name ; ...
where each number is a share of the image's height or width, times 1024.

The images are drawn by Tintype (seed {seed}); they are not photographs, and you may use them as
you like.
"""


def make_cards(
    folder: Path,
    seed: int = 7,
    *,
    counts: SplitCounts | None = None,
    replace: bool = False,
    dry_run: bool = False,
) -> AsyncGenerator[SampleProgress, None]:
    """Draw the dataset into a folder: `train.jsonl`, `valid.jsonl`, `test.jsonl`, `README.txt`.

    The same seed gives the same images. `counts` are `COUNTS` unless they are given. Raises what
    `draw_dataset` does.
    """
    return draw_dataset(
        folder,
        counts or COUNTS,
        _draw,
        seed=seed,
        readme=README,
        replace=replace,
        dry_run=dry_run,
    )


def _draw(rng: np.random.Generator, number: int) -> Rows:
    image, boxes = deal(rng, 1 + number % 3)
    answer = format_boxes(reading_order(boxes))
    return [chat_row(PROMPT, answer, jpeg_url(image), system=SYSTEM)]


def deal(rng: np.random.Generator, cards: int) -> tuple[Image.Image, list[Box]]:
    """An image of one to three different cards, and where they are."""
    scene = Scene(rng, _tables(), SIZE)
    boxes = []
    for at, label in enumerate(rng.permutation(LABELS)[:cards].tolist()):
        room = 1 / cards
        x = room * (at + 0.5) + float(rng.uniform(-1, 1)) * (0.2 if cards == 1 else 0.015)
        y = 0.5 + float(rng.uniform(-0.07, 0.07))
        height = float(rng.uniform(*_HEIGHTS[cards]))
        turn = float(np.clip(rng.normal(0, 4 if cards == 3 else 6), -12, 12))
        seen = scene.lay(_face(label), x, y, height, turn)
        boxes.append(Box(label, seen.y_min, seen.x_min, seen.y_max, seen.x_max))
    return scene.photograph(), boxes


@cache
def _face(label: str) -> Image.Image:
    rank, suit = label.split(" of ")
    return card_face(rank, suit)


@cache
def _tables() -> tuple[Image.Image, ...]:
    rng = np.random.default_rng(1)
    return (
        felt(rng, (28, 104, 66)),
        felt(rng, (36, 62, 112)),
        felt(rng, (112, 34, 44)),
        wood(rng, (150, 104, 62)),
        wood(rng, (96, 62, 40)),
        linen(rng, (200, 188, 166)),
        stone(rng, (118, 118, 124)),
    )
