"""The inventory of 500 files, 300 jobs and 200 models, composed of what the store knows.

python -m benchmarks.inventory
"""

import asyncio
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, Timer, report, timed

FILES, JOBS, MODELS, CHECKPOINTS, RUNS = 500, 300, 200, 3, 40
QUICK = {"rounds": 1}
BASE = "gpt-4o-2024-08-06"
NOW = datetime(2026, 11, 28, tzinfo=UTC)


def measure(rounds: int = 7) -> list[Figure]:
    """Take the best of some rounds, each with the store opened anew."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measure(Path(folder), rounds))


async def _measure(home: Path, rounds: int) -> list[Figure]:
    from tintype import inventory
    from tintype.settings import folders, load
    from tintype.store import open_store

    places = folders({"TINTYPE_HOME": str(home)})
    settings = load(environ={}, places=places)
    async with open_store(places.store_file) as store:
        _fill(store)
    _evaluate(places.data / "evaluations")
    taken, warned = [], []
    for _ in range(rounds):
        async with open_store(places.store_file) as store:
            timer = Timer()
            found = await inventory.take(store, settings)
            taken.append(timer.spent())
            warned.append(_timed(lambda: inventory.deadline_warning(store, settings, NOW.date())))
    assert len(found.items) == FILES + JOBS + MODELS * (1 + CHECKPOINTS) + 1
    refs = [item.ref for item in found.items if item.ref.kind == "model"]
    trees = [_timed(partial(inventory.lineage, found, ref)) for ref in refs[:20]]
    return [
        *timed("inventory of 1,801 things from the store", taken, 0.2),
        Figure("... the plan by date", _timed(lambda: inventory.plan_by_date(found)), "s"),
        Figure("... filtered and sorted", _timed(lambda: inventory.chosen(found, "cards")), "s"),
        Figure("... the lineage of one model", min(trees), "s"),
        Figure("whether to warn of a deadline", min(warned), "s"),
    ]


def _timed(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _fill(store: Any) -> None:
    """Everything at one provider, as it is kept after it was listed."""
    from tintype.resources import Checkpoint, Job, Model, RemoteFile
    from tintype.store import MadeFrom, Source

    kept, profile = store.inventory, "openai"
    made = NOW - timedelta(days=60)
    kept.keep(
        profile,
        [
            RemoteFile(f"file-{n}", f"cards-{n}.jsonl", 1_000_000 + n, "fine-tune", made)
            for n in range(FILES)
        ],
        NOW,
    )
    names = [f"ft:{BASE}:acme:cards-{n}:{n:08x}" for n in range(MODELS)]
    kept.keep(profile, [Model(BASE, made, "system", "2027-01-14")], NOW)
    steps = [f"{name}:ckpt-step-{step}" for name in names for step in range(CHECKPOINTS)]
    kept.keep(profile, [Model(name, made, "acme") for name in (*names, *steps)], NOW)
    for n in range(JOBS):
        name = names[n] if n < MODELS else None
        job = Job(
            f"ftjob-{n}", BASE, "succeeded" if name else "failed", made, f"file-{n % FILES}",
            finished_at=made + timedelta(hours=2), fine_tuned_model=name, trained_tokens=123_456,
        )  # fmt: skip
        store.jobs.remember(profile, job, seen_at=NOW)
        source = Source(f"/data/cards-{n}.jsonl", f"{n:064x}", 240)
        store.jobs.made_from(profile, job.id, MadeFrom(training=source))
        points = [
            Checkpoint(f"ckpt-{n}-{step}", job.id, f"{name}:ckpt-step-{step}", step, made)
            for step in range(CHECKPOINTS if name else 0)
        ]
        store.jobs.add_checkpoints(profile, job.id, *points)
    for part in ("files", "jobs", "models", "checkpoints"):
        kept.has_read(profile, part, NOW)


def _evaluate(folder: Path) -> None:
    """Manifests of evaluations, which are read along."""
    from tintype.evaluation import EvaluatedModel, EvaluationPlan
    from tintype.evaluation.run_folder import begin

    for n in range(RUNS):
        model = EvaluatedModel(f"ft:{BASE}:acme:cards-{n}:{n:08x}", "openai")
        plan = EvaluationPlan(Path("test.jsonl"), (model,), ("exact",))
        begin(folder / f"run-{n:03}", plan, {}, [], NOW)


if __name__ == "__main__":
    report(measure())
