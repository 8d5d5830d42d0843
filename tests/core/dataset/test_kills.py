"""Imports and exports are killed at any moment: their target is whole or not there."""

import asyncio
import base64
import io
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tintype.dataset.formats import ImportOptions, export_dataset, import_dataset

ROWS, KILLS = 60, int(os.environ.get("KILLS", "1"))
SCRIPT = """
import asyncio, sys
from pathlib import Path
from tests.core.dataset.test_kills import write
print("ready", flush=True)
asyncio.run(write(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])))
print("done", flush=True)
"""


async def write(what: str, source: Path, target: Path) -> None:
    """Import the source, linking its images, or export it."""
    steps: Any = export_dataset(source, target, what)
    if what == "import":
        steps = import_dataset(source, target, "", ImportOptions(keep="link"))
    async for _ in steps:
        pass


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rows with an image and a box each, and the same as a YOLO folder beside them."""
    folder = tmp_path_factory.mktemp("source")
    path = folder / "train.jsonl"
    rows = []
    for number in range(ROWS):
        out = io.BytesIO()
        Image.new("RGB", (64, 48), (number * 4, 80, 120)).save(out, "PNG")
        url = "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()
        image = {"type": "image_url", "image_url": {"url": url}}
        user = {"role": "user", "content": [{"type": "text", "text": "detect square"}, image]}
        answer = {"role": "assistant", "content": "<loc0102><loc0205><loc0512><loc0614> square"}
        rows.append(json.dumps({"messages": [user, answer]}) + "\n")
    path.write_text("".join(rows))
    asyncio.run(write("yolo", path, folder / "yolo"))
    return path


def tree(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


@pytest.mark.parametrize("what", ["import", "yolo", "coco", "parquet"])
def test_a_killed_run_leaves_nothing_that_the_next_one_does_not_take_away(
    source: Path, tmp_path: Path, what: str
) -> None:
    if what == "parquet":
        pytest.importorskip("pyarrow")
    source = source.parent / "yolo" if what == "import" else source
    began = time.monotonic()
    asyncio.run(write(what, source, tmp_path / "whole"))
    whole, takes_s = tree(tmp_path / "whole"), time.monotonic() - began
    chance, target = random.Random(), tmp_path / "target"
    for number in range(KILLS):
        command = [sys.executable, "-c", SCRIPT, what, str(source), str(target)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            time.sleep(chance.uniform(0, takes_s))
            process.kill()
        assert not target.exists() or tree(target) == whole
        if target.exists():
            target.rename(tmp_path / f"done-{number}")
    asyncio.run(write(what, source, target))
    assert tree(target) == whole
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
