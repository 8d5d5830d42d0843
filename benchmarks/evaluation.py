"""Evaluations: throughput against the cookbook's thread pool, boxes scored, a large run opened.

    python -m benchmarks.evaluation

The provider answers in 0.5 to 2 s and takes 40 requests a second (`benchmarks.slow_provider`). The
pool is that of OpenAI's cookbook: `ThreadPoolExecutor()` over OpenAI's own client.
"""

import asyncio
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure

ROWS, PER_S, BOXES, ANSWERS = 485, 40.0, 100_000, 50_000
MODELS = ("tuned", "base")
QUICK = {"rows": 4, "boxes": 500, "answers": 200}


def measure(rows: int = ROWS, boxes: int = BOXES, answers: int = ANSWERS) -> list[Figure]:
    """Ask, score and open."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        precise = _average_precision(boxes)
        return [*_asking(folder, rows), *_boxes(boxes), *precise, *_opening(folder, answers)]


def _asking(folder: Path, rows: int) -> list[Figure]:
    dataset = folder / "test.jsonl"
    lines = [_row(f"Is this book number {at}?", "Yes") for at in range(rows)]
    dataset.write_text("".join(lines))
    with _provider() as (url, seen):
        began = time.perf_counter()
        lost = _pool(url, lines)
        pool_s = time.perf_counter() - began
    with _provider() as (url, seen):
        began = time.perf_counter()
        done = asyncio.run(_ours(url, dataset, folder / "runs" / "one"))
        ours_s = time.perf_counter() - began
    total = rows * len(MODELS)
    return [
        Figure(f"the cookbook's pool: {rows} rows × 2 models, {lost} lost", pool_s, "s"),
        Figure(f"the same evaluated, {total - done} lost, {seen['refused']} refused", ours_s, "s"),
        Figure("… answers a second (the provider's limit is 40)", done / ours_s, "/s"),
        Figure("pool / ours", pool_s / ours_s, "×"),
    ]


def _row(question: str, truth: str) -> str:
    said = [("user", question), ("assistant", truth)]
    messages = [{"role": role, "content": text} for role, text in said]
    return json.dumps({"messages": messages}) + "\n"


@contextmanager
def _provider() -> Iterator[tuple[str, dict[str, Any]]]:
    command = [sys.executable, "-m", "benchmarks.slow_provider", str(PER_S)]
    seen: dict[str, Any] = {}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1", seen
        said, _ = process.communicate("")
        seen |= json.loads(said)


def _pool(url: str, lines: list[str]) -> int:
    """The cookbook's loop, one model after the other; how many questions got no answer."""
    from openai import OpenAI, OpenAIError

    client, lost = OpenAI(api_key="none", base_url=url), 0
    examples = [json.loads(line)["messages"][:1] for line in lines]

    def ask(messages: Any, model: str) -> bool:
        try:
            made = client.chat.completions.create(model=model, messages=messages)
        except OpenAIError:
            return False
        return bool(made.choices[0].message.content)

    for model in MODELS:
        with ThreadPoolExecutor() as pool:
            asked = [pool.submit(ask, messages, model) for messages in examples]
            lost += sum(not one.result() for one in asked)
    client.close()
    return lost


async def _ours(url: str, dataset: Path, folder: Path) -> int:
    from decimal import Decimal

    from tintype import evaluation
    from tintype.api import connect
    from tintype.budget import Confirmation, Limits
    from tintype.settings import Profile, Secret
    from tintype.store import open_store

    profile = Profile("slow", "compatible", url)
    models = tuple(evaluation.EvaluatedModel(name, "slow") for name in MODELS)
    plan = evaluation.EvaluationPlan(dataset, models, ("exact",))
    async with (
        open_store(folder.parent.parent / "store.sqlite") as store,
        connect(profile, Secret("none", origin="benchmark"), url) as api,
    ):
        running = evaluation.run(
            plan,
            folder,
            apis={"slow": api},
            store=store,
            limits=Limits(Decimal(1)),
            confirmation=Confirmation("unknown"),
        )
        done = 0
        async for step in running:
            done = step.done
    return done


def _boxes(number: int) -> list[Figure]:
    """Predicted boxes, 13 to an image, scored as a run scores them; in seconds of a core."""
    from tintype.evaluation.answer_case import AnswerCase
    from tintype.evaluation.box_scorer import boxed
    from tintype.evaluation.box_table import BoxTable

    chance = random.Random(0)
    cases = []
    for _ in range(number // 13):
        truth = [_box(chance) for _ in range(13)]
        said = [one if chance.random() < 0.7 else _box(chance) for one in truth]
        cases.append(AnswerCase((" ; ".join(truth),), " ; ".join(said)))
    began = time.process_time()
    images = [boxed(case, at)[0] for at, case in enumerate(cases)]
    read_s = time.process_time() - began
    began = time.process_time()
    table = BoxTable.of(images)
    counted_s = time.process_time() - began
    table.figures()
    table.operating_points()
    all_s = time.process_time() - began
    return [
        Figure(f"{number:,} predicted boxes and the truth: read from text", read_s, "s"),
        Figure("… matched: right, missed, invented, misnamed, twice", counted_s, "s"),
        Figure("… and all figures, AP at ten thresholds among them", all_s, "s"),
    ]


def _average_precision(number: int) -> list[Figure]:
    """COCO's mean average precision of predictions with scores, beside pycocotools itself."""
    import contextlib
    import io

    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    from tintype.evaluation.average_precision import average_precision
    from tintype.evaluation.box_scores import BoxedImage, LabelledBox

    chance = random.Random(0)

    def corners() -> tuple[float, float, float, float]:
        x, y = chance.uniform(0, 500), chance.uniform(0, 400)
        return (x, y, x + chance.uniform(20, 120), y + chance.uniform(20, 80))

    images: list[BoxedImage] = []
    truths: list[dict[str, Any]] = []
    found: list[dict[str, Any]] = []
    for image in range(1, number // 13 + 1):
        true, said = [], []
        for label in (chance.choice("abc") for _ in range(13)):
            box = corners()
            near = tuple(one + chance.gauss(0, 3) for one in box)
            score = chance.random()
            true.append(LabelledBox(label, box))
            said.append(LabelledBox(label, near, score))  # type: ignore[arg-type]
            for entries, (x1, y1, x2, y2) in ((truths, box), (found, near)):
                wide, high = x2 - x1, y2 - y1
                entries.append({"image_id": image, "category_id": "abc".index(label) + 1,
                                "bbox": [x1, y1, wide, high], "area": wide * high, "iscrowd": 0,
                                "id": len(entries) + 1, "score": score})  # fmt: skip
        images.append(BoxedImage(image, tuple(true), tuple(said)))
    data = COCO()
    data.dataset = {
        "info": {},
        "images": [{"id": image.id} for image in images],
        "annotations": truths,
        "categories": [{"id": at, "name": name} for at, name in enumerate("abc", 1)],
    }
    theirs_s = {}
    with contextlib.redirect_stdout(io.StringIO()):
        data.createIndex()
        predictions = data.loadRes(found)
        for areas in ("as it comes", "all areas alone"):
            judge = COCOeval(data, predictions, "bbox")
            if areas == "all areas alone":
                judge.params.areaRng, judge.params.areaRngLbl = [[0, 1e10]], ["all"]
                judge.params.maxDets = [100]
            began = time.process_time()
            judge.evaluate()
            judge.accumulate()
            theirs_s[areas] = time.process_time() - began
    precision = judge.eval["precision"][:, :, :, 0, 0]
    began = time.process_time()
    ours = average_precision(images)
    ours_s = time.process_time() - began
    assert ours.map50_95 is not None
    apart = abs(ours.map50_95 - float(precision[precision > -1].mean()))
    return [
        Figure(f"mAP of {len(found):,} boxes by Tintype, {apart:.0e} apart", ours_s, "s"),
        *(
            Figure(f"… pycocotools, {areas} / Tintype", taken_s / ours_s, "×")
            for areas, taken_s in theirs_s.items()
        ),
    ]


def _box(chance: random.Random) -> str:
    y, x = chance.randrange(900), chance.randrange(900)
    label = chance.choice(["RBC", "RBC", "RBC", "WBC", "Platelets"])
    return f"<loc{y:04}><loc{x:04}><loc{y + 100:04}><loc{x + 100:04}> {label}"


def _opening(folder: Path, answers: int) -> list[Figure]:
    """Half the answers of each of two models; scored at first, then opened again elsewhere."""
    made = subprocess.run(
        [
            sys.executable,
            "-m",
            "benchmarks.evaluation",
            "make",
            str(folder / "large"),
            str(answers),
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    opened = [
        json.loads(
            subprocess.run(
                [sys.executable, "-m", "benchmarks.evaluation", "open", str(folder / "large")],
                check=True,
                capture_output=True,
                text=True,
            ).stdout
        )
        for _ in range(2)
    ]
    assert made.returncode == 0
    return [
        Figure(f"a run of {answers:,} answers: scored for the first time", opened[0]["s"], "s"),
        Figure("… opened again", opened[1]["s"] * 1000, "ms"),
        Figure("… memory of the whole process", opened[1]["mb"], "MB"),
        Figure("… a view of the matrix, sorted", opened[1]["view_ms"], "ms"),
    ]


def _make(folder: Path, answers: int) -> None:
    from datetime import UTC, datetime

    from tintype.evaluation import EvaluatedModel, EvaluatedRow, EvaluationPlan
    from tintype.evaluation.run_folder import ANSWERS as LOG
    from tintype.evaluation.run_folder import begin

    chance = random.Random(0)
    models = tuple(EvaluatedModel(name, "slow") for name in MODELS)
    plan = EvaluationPlan(folder / "gone.jsonl", models, ("normalised", "exact"))
    rows = [
        EvaluatedRow(
            at, at + 1, f"What is the title of book {at}?", (f"The {at} Roads",), f"{at // 4}",
            (640, 480), f"{at}", f"{at}", {"question type": chance.choice(["Title", "Genre"])},
        )
        for at in range(answers // 2)
    ]  # fmt: skip
    begin(folder, plan, {"rows": "x"}, rows, datetime.now(UTC))
    with (folder / LOG).open("w") as log:
        for at, row in enumerate(rows):
            for model in models:
                right = chance.random() < 0.8
                line = {
                    "row": at, "model": model.id, "sample": 0, "at": "2026-11-27T12:00:00",
                    "status": "ok", "text": row.truths[0] if right else "no",
                    "refusal": "", "finish": "stop", "in": 800, "out": 9, "ttft_s": 0.4,
                    "elapsed_s": 0.9, "cost_usd": "0.0021", "served": "m", "key": f"{at:064}",
                }  # fmt: skip
                log.write(json.dumps(line) + "\n")


def _open(folder: Path) -> None:
    from tintype import evaluation

    began = time.perf_counter()
    opened = evaluation.open(folder)
    took_s = time.perf_counter() - began
    began = time.perf_counter()
    evaluation.positions(opened, "newly broken", order="worst")
    view_ms = (time.perf_counter() - began) * 1000
    # Of this process alone: `getrusage` also has what its parent held when it was forked.
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    peaks = [line.split()[1] for line in lines if line.startswith("VmHWM")]
    mb = int(peaks[0]) / 1000 if peaks else None
    print(json.dumps({"s": took_s, "mb": mb, "view_ms": view_ms}))


if __name__ == "__main__":
    if sys.argv[1:2] == ["make"]:
        _make(Path(sys.argv[2]), int(sys.argv[3]))
    elif sys.argv[1:2] == ["open"]:
        _open(Path(sys.argv[2]))
    else:
        from benchmarks.figures import report

        report(measure())
