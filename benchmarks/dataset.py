"""A dataset of 1 GB and 50,000 images: time to its first row, memory while paging through it.

The file is made for the purpose, by a process of its own, and thrown away. Beside it stands the
limit: reading the file once from beginning to end.

    python -m benchmarks.dataset [gigabytes]
"""

import asyncio
import base64
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.figures import Figure

ROWS = 50_000
QUICK = {"gigabytes": 0.002, "rows": 200}


def measure(gigabytes: float = 1.0, rows: int = ROWS) -> list[Figure]:
    """Make the file, open it in a fresh process, and page through all of it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "train.jsonl")
        make(path, int(gigabytes * 1e9), rows)
        read_s = read_once(path)
        script = [sys.executable, "-m", "benchmarks.dataset", "--page", str(path)]
        done = subprocess.run(script, capture_output=True, text=True, check=True)
        seen = json.loads(done.stdout)
    return [
        Figure("rows", seen["rows"], "rows"),
        Figure("open and show the first row", seen["first_s"] * 1000, "ms", limit=300),
        Figure("index the whole file", seen["index_s"] * 1000, "ms"),
        Figure("read the whole file once (limit)", read_s * 1000, "ms"),
        Figure("index / read", seen["index_s"] / read_s, "×"),
        Figure("page through every row", seen["page_s"], "s", limit=2),
        Figure("most memory of the process", seen["peak_mb"], "MB", limit=250),
    ]


def make(path: Path, size_bytes: int, rows: int) -> None:
    """Write rows whose images are noise in JPEG's clothes: only their size matters here."""
    noise = random.Random(1)
    each = size_bytes // rows
    with path.open("w", encoding="ascii") as file:
        for number in range(rows):
            data = b"\xff\xd8\xff\xe0" + noise.randbytes(int(each * 0.74))
            url = "data:image/jpeg;base64," + base64.b64encode(data).decode()
            content = [
                {"type": "text", "text": f"What is in image {number}?"},
                {"type": "image_url", "image_url": {"url": url}},
            ]
            row = {
                "messages": [
                    {"role": "user", "content": content},
                    {"role": "assistant", "content": f"thing {number % 97}"},
                ]
            }
            file.write(json.dumps(row) + "\n")


def read_once(path: Path) -> float:
    """Seconds to read a file from beginning to end."""
    began = time.perf_counter()
    with path.open("rb", buffering=0) as file:
        while file.read(1 << 20):
            pass
    return time.perf_counter() - began


async def page(path: Path) -> dict[str, float]:
    """Open, show the first row, index, and look at every row and its image."""
    from tintype.dataset import open_dataset

    began = time.perf_counter()
    async with open_dataset(path) as dataset:
        await dataset.example(0)
        await dataset.image(0, 0)
        first_s = time.perf_counter() - began
        async for _ in dataset.index():
            pass
        index_s = time.perf_counter() - began
        began = time.perf_counter()
        async for _ in dataset.rows():
            pass
        for index in range(0, dataset.count, 50):
            await dataset.image(index, 0)
        page_s = time.perf_counter() - began
        return {
            "rows": dataset.count,
            "first_s": first_s,
            "index_s": index_s,
            "page_s": page_s,
            "peak_mb": peak_mb(),
        }


def peak_mb() -> float:
    """The most memory that this process has had, in MB."""
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


if __name__ == "__main__":
    if sys.argv[1:2] == ["--page"]:
        print(json.dumps(asyncio.run(page(Path(sys.argv[2])))))
    else:
        from benchmarks.figures import report

        report(measure(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0))
