"""What tintype-tiny learns of the sample datasets, against always giving the commonest answer.

Trained with automatic settings through the embedded server, asked about the test split, whose
images it has never seen. With `--csv FOLDER` or `--voc FOLDER` also on a dataset of one's own.

    python -m benchmarks.learning [--csv FOLDER] [--voc FOLDER]
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure


def measure(csv: Path | None = None, voc: Path | None = None) -> list[Figure]:
    """Train and ask, dataset by dataset, in a home of its own."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measure(Path(folder), csv, voc))


async def _measure(folder: Path, csv: Path | None, voc: Path | None) -> list[Figure]:
    from tintype.server.run import start, stop

    server = await start(folder / "server")
    try:
        figures: list[Figure] = []
        for name, where in await _datasets(folder, csv, voc):
            figures += await learn(name, where, server, folder)
        return figures
    finally:
        await stop(server, training=True)


async def _datasets(folder: Path, csv: Path | None, voc: Path | None) -> list[tuple[str, Path]]:
    from tintype.dataset.formats import ImportOptions, import_dataset
    from tintype.samples import make_books, make_cards

    found = []
    making: list[tuple[str, Any]] = [
        ("cards", make_cards(folder / "cards")),
        ("books", make_books(folder / "books")),
    ]
    drawn = ImportOptions(valid_share=0.1, test_share=0.1)
    if csv is not None:
        making.append((csv.name, import_dataset(csv, folder / csv.name, "csv", drawn)))
    if voc is not None:
        making.append((voc.name, import_dataset(voc, folder / voc.name, "voc", drawn)))
    for name, steps in making:
        async for _ in steps:
            pass
        found.append((name, folder / name))
    return found


async def learn(name: str, where: Path, server: Any, folder: Path) -> list[Figure]:
    """Train on a dataset's training split and ask about its test split."""
    from tintype import jobs
    from tintype.api import connect
    from tintype.jobs.creating import create
    from tintype.resources import JobRequest
    from tintype.settings import EMBEDDED, Secret
    from tintype.store import open_store

    async with (
        open_store(folder / "store.sqlite") as store,
        connect(EMBEDDED, Secret(server.token), server.url) as api,
    ):
        sent = [await api.upload_file(where / f"{split}.jsonl", "fine-tune") for split in SPLITS]
        began = time.perf_counter()
        request = JobRequest("tintype-tiny", sent[0].id, sent[1].id, suffix=name, seed=7)
        job = await create(api, store, request)
        async for progress in jobs.follow(api, store, job.id):
            job = progress.job
        took_s = time.perf_counter() - began
        if job.fine_tuned_model is None:
            raise RuntimeError(f"{name}: the job ended as {job.status}: {job.failure}")
        pairs = await answers(api, store, job.fine_tuned_model, where / "test.jsonl")
    usual = await commonest(where / "train.jsonl")
    return [Figure(f"{name}: training, all in all", took_s, "s"), *judge(name, pairs, usual)]


SPLITS = ("train", "valid")


async def answers(api: Any, store: Any, model: str, path: Path) -> list[tuple[str, str, str]]:
    """Question, expected answer and the model's answer, row by row."""
    from tintype.api import ChatRequest
    from tintype.budget import NOTHING_CONFIRMED, Limits
    from tintype.dataset import open_dataset
    from tintype.prompting import ask

    pairs = []
    async with open_dataset(path) as dataset:
        async for _ in dataset.index():
            pass
        for index in range(dataset.count):
            example = await dataset.example(index)
            request = ChatRequest(model, await dataset.messages(index), temperature=0)
            text = ""
            async for reply in ask(
                api, store, request, limits=Limits(Decimal(0)), confirmation=NOTHING_CONFIRMED
            ):
                text = reply.text
            pairs.append((_question(example), example.answer, text))
    return pairs


async def commonest(path: Path) -> dict[str, str]:
    """For each question, the answer that the training split gives most often."""
    from tintype.dataset import example, read_rows

    counts: dict[str, Counter[str]] = {}
    for row, _ in read_rows(path):
        shown = example(row)
        counts.setdefault(_question(shown), Counter())[shown.answer] += 1
    return {question: found.most_common(1)[0][0] for question, found in counts.items()}


def judge(name: str, pairs: list[tuple[str, str, str]], usual: dict[str, str]) -> list[Figure]:
    """Mean IoU where the answers are boxes, else the share that is exactly right."""
    from tintype.detection import mean_iou, parse_boxes

    def boxes(text: str) -> Any:
        return parse_boxes(text).boxes

    if any(boxes(expected) for _, expected, _ in pairs):
        said = [mean_iou(boxes(answer), boxes(expected)) for _, expected, answer in pairs]
        plain = [mean_iou(boxes(usual.get(q, "")), boxes(e)) for q, e, _ in pairs]
        found = sum(_labels(answer) == _labels(expected) for _, expected, answer in pairs)
        return [
            Figure(f"{name}: mean IoU, unseen images", sum(said) / len(said), ""),
            Figure(f"{name}: mean IoU of the commonest answer", sum(plain) / len(plain), ""),
            Figure(f"{name}: every label right and none more", 100 * found / len(pairs), "%"),
        ]
    exact = sum(answer.strip() == expected.strip() for _, expected, answer in pairs)
    by_question = sum(usual.get(q, "").strip() == e.strip() for q, e, _ in pairs)
    return [
        Figure(f"{name}: exactly right, unseen images", 100 * exact / len(pairs), "%"),
        Figure(f"{name}: by the question alone", 100 * by_question / len(pairs), "%"),
    ]


def _labels(text: str) -> Counter[str]:
    from tintype.detection import parse_boxes

    return Counter(box.label for box in parse_boxes(text).boxes)


def _question(example: Any) -> str:
    asked = [message.text for message in example.prompt if message.role == "user" and message.text]
    return asked[-1] if asked else ""


if __name__ == "__main__":
    from benchmarks.figures import report

    parser = argparse.ArgumentParser()
    parser.add_argument("--csv", type=Path)
    parser.add_argument("--voc", type=Path)
    chosen = parser.parse_args()
    report(measure(chosen.csv, chosen.voc))
    sys.exit(0)
