"""A dataset checked and counted, beside a plain loop over the same file in the same run.

The plain loop is what one writes by hand: `json.loads`, base64, Pillow's `load()`, tiktoken. Both
run in processes of their own, one after the other; time is by the clock, and beside it stands the
processor time of all processes, which says more on a machine that others use too.

    python -m benchmarks.check [share of the full size, 0 to 1]
"""

import asyncio
import base64
import io
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure

QUICK = {"share": 0.0005, "works": 1}
_WORDS = ("the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog", "while", "seven")


def measure(share: float = 1.0, works: int = 4) -> list[Figure]:
    """Make each file, read it in both ways, and throw it away."""
    figures: list[Figure] = []
    for name, make, limit, deep_limit in _WORK[:works]:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "train.jsonl")
            make(path, share)
            full = share == 1
            plain = _run("--plain", path) if make is not one_row else None
            quick = _run("--check", path)
            figures += _compared(name, quick, plain, limit if full else None)
            if deep_limit:
                deep = _run("--deep", path)
                figures += _compared(f"{name}, decoded", deep, plain, deep_limit if full else None)
    return figures


def _compared(
    name: str, found: dict[str, float], plain: dict[str, float] | None, limit: float | None
) -> list[Figure]:
    figures = [
        Figure(name, found["s"], "s", f"{found['cpu_s']:.1f} s of processors", limit),
        Figure("… longest wait of a key", found["late_ms"], "ms", limit=50),
        Figure("… memory of the largest process", found["mb"], "MB", limit=250),
    ]
    if plain is not None:
        ratio = plain["s"] / found["s"]
        note = f"{plain['cpu_s']:.1f} s of processors; {ratio:.1f} × as long"
        figures.append(Figure("… the plain loop", plain["s"], "s", note))
        share = None if limit is None else 1.1  # of a small file starting is most of it
        figures.append(
            Figure("… of the plain loop's time", found["s"] / plain["s"], "×", limit=share)
        )
    return figures


def _run(how: str, path: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.check", how, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


# --------------------------------------------------------------------------------------- the files


def photographs(path: Path, share: float) -> None:
    """20,000 JPEGs of 640×480 in 1.03 GB."""
    _images(path, round(20_000 * share), (640, 480), 38_000)


def small_images(path: Path, share: float) -> None:
    """50,000 JPEGs of 15 KB in 1.04 GB."""
    _images(path, round(50_000 * share), (256, 192), 15_000)


def texts(path: Path, share: float) -> None:
    """2,000,000 short conversations."""
    chance = random.Random(2)
    with path.open("w", encoding="ascii") as file:
        for number in range(round(2_000_000 * share)):
            asked = " ".join(chance.choices(_WORDS, k=12))
            said = " ".join(chance.choices(_WORDS, k=chance.randrange(1, 14)))
            file.write(_row(f"{asked} {number}?", said))


def one_row(path: Path, share: float) -> None:
    """One row of 540 MB: the same image again and again."""
    data = jpeg((640, 480), 38_000, 1)
    url = f"data:image/jpeg;base64,{base64.b64encode(data).decode()}"
    part = json.dumps({"type": "image_url", "image_url": {"url": url}})
    with path.open("w", encoding="ascii") as file:
        file.write('{"messages": [{"role": "user", "content": [')
        for _ in range(max(1, round(540e6 * share / len(part)))):
            file.write(f"{part}, ")
        file.write(
            '{"type": "text", "text": "What?"}]}, {"role": "assistant", "content": "A."}]}\n'
        )


def _images(path: Path, rows: int, size: tuple[int, int], wanted: int) -> None:
    kinds = [jpeg(size, wanted, seed) for seed in range(min(64, rows))]
    chance = random.Random(1)
    with path.open("w", encoding="ascii") as file:
        for number in range(rows):
            data = kinds[number % len(kinds)]
            # A comment makes each image another one.
            data = data[:2] + b"\xff\xfe\x00\x0a" + number.to_bytes(8, "big") + data[2:]
            url = f"data:image/jpeg;base64,{base64.b64encode(data).decode()}"
            question = f"What is shown in image {number}? Answer with one word."
            file.write(_row(question, f"thing {chance.randrange(97)}", url))


def jpeg(size: tuple[int, int], wanted: int, seed: int) -> bytes:
    """A JPEG of about so many bytes: soft colours under noise."""
    import numpy as np
    from PIL import Image

    chance = np.random.default_rng(seed)
    small = chance.integers(0, 256, (size[1] // 64, size[0] // 64, 3), dtype=np.uint8)
    soft = np.asarray(Image.fromarray(small).resize(size, Image.Resampling.BICUBIC), dtype=float)
    noise = chance.normal(0, 1, soft.shape)
    low, high, data = 0.0, 90.0, b""
    for _ in range(8):
        middle = (low + high) / 2
        out = io.BytesIO()
        pixels = np.clip(soft + noise * middle, 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(out, "JPEG", quality=85)
        data = out.getvalue()
        low, high = (middle, high) if len(data) < wanted else (low, middle)
    return data


def _row(question: str, answer: str, url: str = "") -> str:
    content: object = question
    if url:
        image = {"type": "image_url", "image_url": {"url": url, "detail": "low"}}
        content = [{"type": "text", "text": question}, image]
    messages = [{"role": "user", "content": content}, {"role": "assistant", "content": answer}]
    return json.dumps({"messages": messages}) + "\n"


# --------------------------------------------------------------------------------------- the ways


def plain(path: Path) -> int:
    """The tokens of all texts, every image decoded: in a loop, as one writes it by hand."""
    from PIL import Image

    from tintype.tokens.text import load_encoding  # tiktoken's own would go to the network

    encoding = load_encoding("o200k_base")
    tokens = 0
    with path.open("rb") as file:
        for line in file:
            row: dict[str, Any] = json.loads(line)
            for message in row["messages"]:
                content = message["content"]
                parts: list[dict[str, Any]] = content
                if isinstance(content, str):
                    parts = [{"text": content}]
                for part in parts:
                    if "text" in part:
                        tokens += len(encoding.encode_ordinary(part["text"]))
                    else:
                        data = base64.b64decode(part["image_url"]["url"].split(",", 1)[1])
                        Image.open(io.BytesIO(data)).load()
    return tokens


async def check(path: Path, deep: bool | None) -> float:
    """Check and count; returns the longest time in seconds that the event loop did not answer."""
    from tintype.assessment import assess
    from tintype.dataset import open_dataset
    from tintype.rules import rules_of

    late = 0.0

    async def watch() -> None:
        nonlocal late
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.005)
            late = max(late, time.perf_counter() - began - 0.005)

    watching = asyncio.create_task(watch())
    async with open_dataset(path) as dataset:
        async for _ in assess(dataset, rules_of("openai"), deep=deep):
            pass
    watching.cancel()
    return late


_WORK: tuple[tuple[str, Callable[[Path, float], None], float, float], ...] = (
    ("20,000 JPEGs of 640×480, 1.03 GB", photographs, 2.9, 10),
    ("50,000 JPEGs of 15 KB, 1.04 GB", small_images, 2.5, 0),
    ("2,000,000 rows of text", texts, 15, 0),
    ("one row of 540 MB", one_row, 10, 0),
)


def _main(how: str, path: Path) -> dict[str, float]:
    began = time.perf_counter()
    late = 0.0
    if how == "--plain":
        plain(path)
    else:
        late = asyncio.run(check(path, True if how == "--deep" else None))
    taken = time.perf_counter() - began
    own, children = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    peak = max(own.ru_maxrss, children.ru_maxrss)
    return {
        "s": taken,
        "cpu_s": sum(os.times()[:4]),
        "late_ms": late * 1000,
        "mb": peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6,
    }


if __name__ == "__main__":
    if len(sys.argv) > 2:
        print(json.dumps(_main(sys.argv[1], Path(sys.argv[2]))))
    else:
        from benchmarks.figures import machine, report

        print(machine())
        report(measure(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0))
