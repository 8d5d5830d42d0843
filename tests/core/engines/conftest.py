"""Small orders for the tiny engine: images drawn here, rows as the server writes them."""

import io
import json
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from tintype.engines.base import Resolved, TrainingOrder

COLOURS = ("red", "blue", "yellow", "black")


def draw(colour: str, left: int, top: int, width: int = 24, height: int = 24) -> bytes:
    """A coloured rectangle on grey, 64 × 64, as PNG."""
    image = Image.new("RGB", (64, 64), (190, 190, 190))
    ImageDraw.Draw(image).rectangle((left, top, left + width - 1, top + height - 1), fill=colour)
    target = io.BytesIO()
    image.save(target, "PNG")
    return target.getvalue()


class Rows:
    """Writes rows and their images into a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def part(self, data: bytes) -> dict[str, Any]:
        """An image as the server leaves it: a file named by its digest."""
        name = sha256(data).hexdigest()
        (self.folder / name).write_bytes(data)
        return {"type": "image_url", "image_url": {"url": name}}

    def row(self, question: str, answer: str, *images: bytes) -> dict[str, Any]:
        """A question about images."""
        content = [{"type": "text", "text": question}, *map(self.part, images)]
        return {
            "messages": [
                {"role": "user", "content": content},
                {"role": "assistant", "content": answer},
            ]
        }

    def write(self, name: str, rows: Sequence[dict[str, Any]]) -> Path:
        """A JSONL file."""
        path = self.folder / name
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
        return path

    def colours(self, count: int, seed: int = 0) -> list[dict[str, Any]]:
        """Rectangles somewhere, and what colour they are."""
        return [
            self.row(
                ("what colour is it?", "which colour do you see?")[at // 4 % 2],
                COLOURS[(at + seed) % 4],
                draw(COLOURS[(at + seed) % 4], (7 * at + seed) % 40, (11 * at + 3 * seed) % 40),
            )
            for at in range(count)
        ]

    def boxes(self, count: int, seed: int = 0) -> list[dict[str, Any]]:
        """Rectangles somewhere, and where they are."""
        rows = []
        for at in range(count):
            left, top = (13 * at + 5 * seed) % 40, (17 * at + 9 * seed) % 40
            sides = (top, left, top + 24, left + 24)
            where = "".join(f"<loc{round(side * 16):04d}>" for side in sides)
            colour = COLOURS[at % 4]
            rows.append(self.row("detect a thing", f"{where} {colour}", draw(colour, left, top)))
        return rows

    def order(
        self,
        training: Sequence[dict[str, Any]],
        validation: Sequence[dict[str, Any]] = (),
        *,
        epochs: int = 2,
        batch: int = 4,
        rate: float = 1.0,
        name: str = "work",
    ) -> TrainingOrder:
        """An order to train on rows."""
        return TrainingOrder(
            self.write("train.jsonl", training),
            self.write("valid.jsonl", validation) if validation else None,
            self.folder.parent / name,
            Resolved(epochs, batch, rate),
            seed=5,
        )


@pytest.fixture
def rows(tmp_path: Path) -> Rows:
    return Rows(tmp_path / "data")


@pytest.fixture
def drawn() -> Callable[..., bytes]:
    return draw
