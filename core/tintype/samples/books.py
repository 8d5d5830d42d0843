"""Book covers: a sample dataset for answering questions about images.

A small library of twelve invented books, photographed again for every image of every split: on
another table, in another light, turned and placed differently. The questions are those of the usual
walkthrough on book covers: title, author, kind of book, and a yes or no.
"""

from collections.abc import AsyncGenerator
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from tintype.dataset.writing import chat_row
from tintype.samples.covers import BOOKS, HEIGHT, WIDTH, Book
from tintype.samples.drawing import (
    Rows,
    SampleProgress,
    SplitCounts,
    draw_dataset,
    jpeg_url,
    pick,
)
from tintype.samples.scenes import Scene, felt, linen, stone, wood

COUNTS = SplitCounts(train=150, valid=30, test=48)
SIZE = (384, 384)
SYSTEM = "Answer the question about the book in the image."
GENRES = tuple(sorted({book.genre for book in BOOKS}))
MARGIN = 6

README = """\
Book covers: a sample dataset for questions about images
==========================================================

{train} training, {valid} validation and {test} test images of twelve books, four questions each:
the title, the author, the kind of book, and whether it is of a certain kind. Every image is drawn
new; the books are the same in all of them.

The books, their authors and their covers are invented and drawn by Tintype (seed {seed}). They are
not photographs, and you may use them as you like.
"""


def make_books(
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
    book = BOOKS[number % len(BOOKS)]
    url = jpeg_url(photograph(rng, book))
    return [
        chat_row(question, answer, url, system=SYSTEM) for question, answer in questions(rng, book)
    ]


def photograph(rng: np.random.Generator, book: Book) -> Image.Image:
    """An image of a book on a table."""
    scene = Scene(rng, _tables(), SIZE)
    x, y = (0.5 + float(rng.uniform(-0.05, 0.05)) for _ in range(2))
    turn = float(np.clip(rng.normal(0, 4), -9, 9))
    scene.lay(_thick(book.title), x, y, float(rng.uniform(0.68, 0.84)), turn)
    return scene.photograph()


def questions(rng: np.random.Generator, book: Book) -> list[tuple[str, str]]:
    """Four questions about a book with their answers; as often yes as no."""
    others = [genre for genre in GENRES if genre != book.genre]
    asked, answer = (book.genre, "Yes") if rng.random() < 0.5 else (pick(rng, others), "No")
    return [
        ("What is the title of this book?", book.title),
        ("Who wrote this book?", book.author),
        ("What type of book is this?", book.genre),
        (f"Is this book related to {asked}?", answer),
    ]


@cache
def _thick(title: str) -> Image.Image:
    """A book seen from above: the cover with its hinge, its pages showing at two sides."""
    cover = next(book for book in BOOKS if book.title == title).cover()
    pages = 7
    pixels = np.asarray(cover, np.float32)
    across = np.linspace(0, 1, WIDTH, dtype=np.float32)
    # A groove beside the spine, the paper bending into it, and a gloss over the rest.
    shade = 1 - 0.32 * np.exp(-(((across - 0.045) / 0.012) ** 2)) - 0.2 * np.exp(-across / 0.015)
    shade += 0.10 * np.exp(-(((across - 0.085) / 0.02) ** 2))
    gloss = 10 * np.exp(
        -(((across[None, :] + np.linspace(0, 1, HEIGHT)[:, None] - 0.8) / 0.25) ** 2)
    )
    bent = pixels * shade[None, :, None] + gloss[..., None]
    block = np.empty((HEIGHT + pages, WIDTH + pages, 4), np.float32)
    lines = np.arange(WIDTH + pages)[None, :] + np.arange(HEIGHT + pages)[:, None]
    block[..., :3] = (np.array([238, 232, 216]) - 26 * (lines[..., None] % 3 == 0)).astype(float)
    block[..., 3] = 255
    # The block begins a little behind the cover's far corners, as one sees it from above.
    for step in range(pages):
        block[: step + 1, WIDTH + step, 3] = 0
        block[HEIGHT + step, : step + 1, 3] = 0
    block[:HEIGHT, :WIDTH, :3] = bent
    book = Image.fromarray(block.clip(0, 255).astype(np.uint8), "RGBA")
    return ImageOps.expand(book, MARGIN)


@cache
def _tables() -> tuple[Image.Image, ...]:
    rng = np.random.default_rng(2)
    return (
        wood(rng, (168, 124, 82)),
        wood(rng, (104, 72, 50)),
        wood(rng, (196, 176, 146), boards=3),
        linen(rng, (188, 194, 200)),
        linen(rng, (176, 150, 130)),
        stone(rng, (150, 148, 146)),
        felt(rng, (92, 98, 112)),
    )
