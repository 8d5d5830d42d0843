"""The commands for datasets beside plain scripts that do the same, in the same run.

The plain scripts are what one writes by hand: `json.loads` for each line, base64, Pillow, sets.
Both run in processes of their own, one after the other, and start-up is part of both. Beside the
clock stands the processor time, which says more on a machine that others use too.

    python -m benchmarks.scripts [share of 20,000 JPEGs of 640×480, 0 to 1] [NAME …]
"""

import base64
import hashlib
import io
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure

QUICK = {"share": 0.0005, "names": ("query", "split")}
LIMIT = 1.1
SPLITS = ("train", "valid", "test")


def measure(share: float = 0.2, names: Sequence[str] = ()) -> list[Figure]:
    """Make a file, and another version of it, and do everything with them in both ways."""
    from benchmarks.check import photographs

    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder:
        path, other = Path(folder, "rows.jsonl"), Path(folder, "other.jsonl")
        photographs(path, share)
        with path.open("rb") as source, other.open("wb") as target:
            target.writelines(line for at, line in enumerate(source) if at % 10)
        for name in names or _PLAIN:
            figures += _compared(name, path, other, Path(folder), limit=share >= 0.1)
    return figures


def _compared(name: str, path: Path, other: Path, folder: Path, *, limit: bool) -> list[Figure]:
    out = folder / "out"
    taken: list[tuple[float, float]] = []
    for command in (
        [sys.executable, "-m", "benchmarks.scripts", "--plain", name, path, other, out],
        [sys.executable, "-m", "tintype_tui", *_OURS[name](path, other, out)],
    ):
        taken.append(_run(command, folder))
        if out.is_dir():
            shutil.rmtree(out)
        out.unlink(missing_ok=True)
    (plain_s, plain_cpu_s), (own_s, own_cpu_s) = taken
    note = f"{own_cpu_s:.1f} s of processors; the script {plain_s:.1f} s, {plain_cpu_s:.1f} s"
    return [
        Figure(f"tintype {name}", own_s, "s", note),
        Figure("… of the script's time", own_s / plain_s, "×", limit=LIMIT if limit else None),
        Figure("… of its processor time", own_cpu_s / plain_cpu_s, "×"),
    ]


def _run(command: list[Any], home: Path) -> tuple[float, float]:
    """Seconds by the clock, and of processors; a command that finds something ends with 1."""
    environment = {**os.environ, "TINTYPE_HOME": str(home / "home")}
    before, began = sum(os.times()[2:4]), time.perf_counter()
    done = subprocess.run(list(map(str, command)), env=environment, capture_output=True, text=True)
    taken = time.perf_counter() - began
    if done.returncode not in (0, 1) or "Traceback" in done.stderr:
        raise RuntimeError(done.stderr)
    return taken, sum(os.times()[2:4]) - before


_OURS: dict[str, Callable[[Path, Path, Path], list[object]]] = {
    "query": lambda path, other, out: ["query", path, 'answer:"thing 7"'],
    "query of images": lambda path, other, out: ["query", path, "width<300"],
    "split": lambda path, other, out: ["split", path, out],
    "subset": lambda path, other, out: ["subset", path, out, "-n", "500"],
    "diff": lambda path, other, out: ["diff", path, other],
    "dedupe": lambda path, other, out: ["dedupe", path],
    "stats": lambda path, other, out: ["stats", path],
    "convert": lambda path, other, out: ["convert", path, out, "--to", "llava", "--alone"],
}


# ------------------------------------------------------------------------------- the plain scripts


def _rows(path: Path) -> Iterator[tuple[bytes, Any]]:
    with path.open("rb") as file:
        for line in file:
            yield line, json.loads(line)


def _images(row: Any) -> Iterator[bytes]:
    for message in row["messages"]:
        for part in message["content"] if isinstance(message["content"], list) else ():
            if part["type"] == "image_url":
                yield base64.b64decode(part["image_url"]["url"].split(",", 1)[1])


def _answer(row: Any) -> str:
    return str(row["messages"][-1]["content"])


def query(path: Path, other: Path, out: Path) -> None:
    """The lines whose answer contains some words."""
    for number, (_, row) in enumerate(_rows(path), 1):
        if "thing 7" in _answer(row):
            print(f"{path}:{number}  {_answer(row)}")


def query_of_images(path: Path, other: Path, out: Path) -> None:
    """The lines with a narrow image."""
    from PIL import Image

    for number, (_, row) in enumerate(_rows(path), 1):
        if any(Image.open(io.BytesIO(data)).width < 300 for data in _images(row)):
            print(f"{path}:{number}  {_answer(row)}")


def split(path: Path, other: Path, out: Path) -> None:
    """Three files; rows of the same image stay together."""
    groups: dict[bytes, list[int]] = {}
    for at, (_, row) in enumerate(_rows(path)):
        key = b"".join(hashlib.sha256(data).digest() for data in _images(row))
        groups.setdefault(key, []).append(at)
    order = list(groups.values())
    random.Random(0).shuffle(order)
    parts: dict[int, int] = {}
    for at, group in enumerate(order):
        part = 0 if at < 0.8 * len(order) else 1 if at < 0.9 * len(order) else 2
        parts |= dict.fromkeys(group, part)
    out.mkdir()
    files = [(out / f"{name}.jsonl").open("wb") for name in SPLITS]
    with path.open("rb") as source:
        for at, line in enumerate(source):
            files[parts[at]].write(line)
    for file in files:
        file.close()


def subset(path: Path, other: Path, out: Path) -> None:
    """Some rows, by chance, that are JSON."""
    good = [at for at, _ in enumerate(_rows(path))]
    chosen = set(random.Random(0).sample(good, min(500, len(good))))
    with path.open("rb") as source, out.open("wb") as target:
        target.writelines(line for at, line in enumerate(source) if at in chosen)


def diff(path: Path, other: Path, out: Path) -> None:
    """Lines that only one version has, and images."""
    seen: list[dict[bytes, int]] = []
    images: list[set[bytes]] = []
    for one in (path, other):
        rows: dict[bytes, int] = {}
        shown: set[bytes] = set()
        for number, (_, row) in enumerate(_rows(one), 1):
            shown |= {hashlib.sha256(data).digest() for data in _images(row)}
            rows[hashlib.sha256(json.dumps(row, sort_keys=True).encode()).digest()] = number
        seen.append(rows)
        images.append(shown)
    print([rows for key, rows in seen[0].items() if key not in seen[1]])
    print([rows for key, rows in seen[1].items() if key not in seen[0]], len(images[0] - images[1]))


def dedupe(path: Path, other: Path, out: Path) -> None:
    """Images of the same difference hash."""
    from PIL import Image

    groups: dict[bytes, list[int]] = {}
    for number, (_, row) in enumerate(_rows(path), 1):
        for data in _images(row):
            pixels = Image.open(io.BytesIO(data)).convert("L").resize((9, 8)).tobytes()
            bits = (pixels[at] < pixels[at + 1] for at in range(71) if at % 9 < 8)
            groups.setdefault(bytes(bits), []).append(number)
    print([group for group in groups.values() if len(group) > 1])


def stats(path: Path, other: Path, out: Path) -> None:
    """Answers, sizes, tokens, repeated images."""
    from PIL import Image

    from tintype.tokens.text import load_encoding

    encoding = load_encoding("o200k_base")
    answers, sizes, images = Counter[str](), Counter[tuple[int, int]](), Counter[bytes]()
    tokens = 0
    for _, row in _rows(path):
        answers[_answer(row)] += 1
        tokens += len(encoding.encode_ordinary(_answer(row)))
        for data in _images(row):
            sizes[Image.open(io.BytesIO(data)).size] += 1
            images[hashlib.sha256(data).digest()] += 1
    print(answers.most_common(9), sizes.most_common(9), tokens, len(images))


def convert(path: Path, other: Path, out: Path) -> None:
    """LLaVA's JSON, and images as files."""
    (out / "images").mkdir(parents=True)
    made = []
    for at, (_, row) in enumerate(_rows(path)):
        names = []
        for nth, data in enumerate(_images(row)):
            names.append(f"images/{at}-{nth}.jpg")
            (out / names[-1]).write_bytes(data)
        asked = " ".join(part.get("text", "<image>") for part in row["messages"][0]["content"])
        said = [{"from": "human", "value": asked}, {"from": "gpt", "value": _answer(row)}]
        made.append({"id": at, "image": names, "conversations": said})
    (out / "train.json").write_text(json.dumps(made))


_PLAIN: dict[str, Callable[[Path, Path, Path], None]] = {
    "query": query,
    "query of images": query_of_images,
    "split": split,
    "subset": subset,
    "diff": diff,
    "dedupe": dedupe,
    "stats": stats,
    "convert": convert,
}


if __name__ == "__main__":
    if sys.argv[1:2] == ["--plain"]:
        _PLAIN[sys.argv[2]](*map(Path, sys.argv[3:6]))
    else:
        from benchmarks.figures import machine, report

        print(machine())
        report(measure(float(sys.argv[1]) if len(sys.argv) > 1 else 0.2, sys.argv[2:]))
