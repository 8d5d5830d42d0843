"""Tests of open models; they are left out as a whole where PyTorch is missing."""

import io
import json
import os
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tintype.engines.base import Resolved, TrainingOrder
from tintype.engines.launch import ONE_THREAD
from tintype.engines.lora.bases import Base, read_base

os.environ.update(ONE_THREAD)  # as in a trainer: a second thread waits long on a busy machine
HERE = Path(__file__).parent
COLOURS = ("red", "blue", "yellow", "black")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What PyTorch and transformers warn of is theirs."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("ignore"))


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Base]:
    """A tiny random checkpoint of a family, made once."""
    from tests.lora import checkpoints

    made: dict[str, Base] = {}

    def get(name: str) -> Base:
        if name not in made:
            folder = tmp_path_factory.mktemp("bases") / f"tiny-{name}"
            made[name] = read_base(checkpoints.write(name, folder))
        return made[name]

    return get


def png(colour: str, width: int = 64, height: int = 64) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(out, "PNG")
    return out.getvalue()


def row(folder: Path, index: int) -> dict[str, Any]:
    """A row as the server lays it out: images are files named by the SHA-256 of their bytes."""
    colour = COLOURS[index % len(COLOURS)]
    data = png(colour, 60 + 8 * (index % 3), 64)
    name = sha256(data).hexdigest()
    (folder / name).write_bytes(data)
    shown = {"type": "image_url", "image_url": {"url": name}}
    asked = {"type": "text", "text": "What colour is it?" + " really" * (index % 4)}
    return {
        "messages": [
            {"role": "user", "content": [asked, shown]},
            {"role": "assistant", "content": f"The colour is {colour}."},
        ]
    }


@pytest.fixture
def order(tmp_path: Path) -> Callable[..., TrainingOrder]:
    """An order to train on some rows, in folders of its own."""

    def make(
        name: str = "job",
        rows: Sequence[dict[str, Any]] | None = None,
        resolved: Resolved | None = None,
        *,
        validation: bool = False,
    ) -> TrainingOrder:
        data = tmp_path / f"{name}-data"
        data.mkdir()
        chosen = [row(data, index) for index in range(8)] if rows is None else rows
        training = data / "training.jsonl"
        training.write_text("".join(json.dumps(one) + "\n" for one in chosen))
        held = data / "validation.jsonl" if validation else None
        if held:
            held.write_text("".join(json.dumps(row(data, index)) + "\n" for index in range(3)))
        return TrainingOrder(
            training, held, tmp_path / name, resolved or Resolved(2, 4, 10.0), seed=7
        )

    return make
