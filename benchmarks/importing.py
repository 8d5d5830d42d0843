"""The cookbook's preparation: 150 images with 721 questions, from Parquet to rows to be uploaded.

Beside it stands the loop of OpenAI's cookbook on visual question answering: each row's image is
decoded, saved as JPEG again, and embedded. Both run in processes of their own, imports left out.

    python -m benchmarks.importing
"""

import asyncio
import base64
import importlib
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.check import jpeg
from benchmarks.figures import Figure

IMAGES, ROWS, KINDS = 150, 721, 15
ROUNDS = 3
QUICK = {"rounds": 1, "kinds": 2}


def measure(rounds: int = ROUNDS, kinds: int = KINDS) -> list[Figure]:
    """Make the file, and take the best of some rounds of both ways."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "books")
        make(source, kinds)
        own = min((_run("--import", source) for _ in range(rounds)), key=lambda found: found["s"])
        plain = min((_run("--plain", source) for _ in range(rounds)), key=lambda found: found["s"])
    times = f"{plain['s'] / own['s']:.1f} × as long"
    return [
        Figure("721 rows with 150 images", own["s"], "s", limit=0.4),
        Figure("… of the processors", own["cpu_s"], "s"),
        Figure("… the cookbook's loop", plain["s"], "s", times),
        Figure("… of the processors", plain["cpu_s"], "s"),
    ]


def make(folder: Path, number_of_kinds: int = KINDS) -> None:
    """Write book covers of 384×512 with lists of questions and answers, as Parquet."""
    pa, pq = map(importlib.import_module, ("pyarrow", "pyarrow.parquet"))
    kinds = [jpeg((384, 512), 40_000, seed) for seed in range(number_of_kinds)]
    rows = []
    for number in range(IMAGES):
        # A comment makes each image another one.
        data = kinds[number % len(kinds)]
        data = data[:2] + b"\xff\xfe\x00\x0a" + number.to_bytes(8, "big") + data[2:]
        asked = ROWS * (number + 1) // IMAGES - ROWS * number // IMAGES
        rows.append(
            {
                "image": {"bytes": data, "path": f"{number}.jpg"},
                "questions": [f"Question {each} about book {number}?" for each in range(asked)],
                "answers": [f"Answer {each}." for each in range(asked)],
            }
        )
    folder.mkdir()
    pq.write_table(pa.Table.from_pylist(rows), folder / "train-00000-of-00001.parquet")


def plain(source: Path, target: Path) -> int:
    """The cookbook's loop; returns the number of rows."""
    from PIL import Image

    pq = importlib.import_module("pyarrow.parquet")
    rows = 0
    with target.open("w", encoding="utf-8") as file:
        for path in source.iterdir():
            for row in pq.read_table(path).to_pylist():
                for question, answer in zip(row["questions"], row["answers"], strict=True):
                    image = Image.open(io.BytesIO(row["image"]["bytes"])).convert("RGB")
                    out = io.BytesIO()
                    image.save(out, format="JPEG")
                    url = f"data:image/jpeg;base64,{base64.b64encode(out.getvalue()).decode()}"
                    part = {"type": "image_url", "image_url": {"url": url}}
                    content = [{"type": "text", "text": question}, part]
                    messages = [
                        {"role": "user", "content": content},
                        {"role": "assistant", "content": answer},
                    ]
                    file.write(json.dumps({"messages": messages}) + "\n")
                    rows += 1
    return rows


async def imported(source: Path, target: Path) -> int:
    """The import; returns the number of rows."""
    from tintype.dataset.formats import ImportOptions, import_dataset

    steps = import_dataset(source, target, "parquet", ImportOptions(explode=True))
    *_, last = [step async for step in steps]
    assert last.report is not None
    return last.report.rows


def _run(how: str, source: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.importing", how, str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _main(how: str, source: Path) -> dict[str, float]:
    for name in ("PIL.JpegImagePlugin", "pyarrow.parquet", "tintype.dataset.formats"):
        importlib.import_module(name)

    with tempfile.TemporaryDirectory(dir=source.parent) as folder:
        began, cpu_s = time.perf_counter(), sum(os.times()[:2])
        if how == "--plain":
            rows = plain(source, Path(folder, "train.jsonl"))
        else:
            rows = asyncio.run(imported(source, Path(folder, "target")))
        taken, cpu_s = time.perf_counter() - began, sum(os.times()[:2]) - cpu_s
    assert rows == ROWS
    return {"s": taken, "cpu_s": cpu_s}


if __name__ == "__main__":
    if len(sys.argv) > 2:
        print(json.dumps(_main(sys.argv[1], Path(sys.argv[2]))))
    else:
        from benchmarks.figures import report

        report(measure())
