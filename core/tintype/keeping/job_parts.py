"""A job in an archive, and the model it made."""

import json
from dataclasses import asdict
from typing import Any

from tintype import jobs
from tintype.errors import ApiError
from tintype.keeping.context import Keeping
from tintype.metrics import fold, to_csv
from tintype.paths import read_bytes, safe_name
from tintype.pricing import Prices
from tintype.resources import Checkpoint, Event, Job
from tintype.store import KeptJob
from tintype.store.packing import pack
from tintype.threads import in_thread


async def keep_job(keeping: Keeping, job_id: str) -> tuple[KeptJob, tuple[str, ...]] | None:
    """Keep a job, all it said, and what it was made from; gives it and the models it made.

    Raises:
        ArchiveError, FileError: if the archive cannot be written.
        AuthenticationError: if the key is refused.
    """
    found = keeping.store.jobs.find(keeping.profile, job_id)
    if found is None or not found.settled:
        found = await _looked_at(keeping, job_id, found)
    if found is None:
        return None
    kept, events = found, await keeping.store.jobs.events(keeping.profile, job_id)
    if not kept.job.ended:
        keeping.archive.miss(f"the end of job {job_id}", "It has not ended: keep it again then.")
    checkpoints = keeping.store.jobs.checkpoints(keeping.profile, job_id)
    await _results(keeping, kept, events)
    await in_thread(_put_job, keeping, kept, events, checkpoints)
    names = (kept.job.fine_tuned_model, *(one.model for one in checkpoints))
    return kept, tuple(name for name in names if name)


async def _looked_at(keeping: Keeping, job_id: str, known: KeptJob | None) -> KeptJob | None:
    """The job as the provider has it now, or else as it is known."""
    try:
        await keeping.asked(keeping.api.job(job_id))
        kept, _ = await jobs.look_at(keeping.api, keeping.store, job_id, clock=keeping.clock)
        return kept
    except ApiError as error:
        keeping.miss(f"job {job_id}{' as it is now' if known else ''}", error)
    return known


def _put_job(
    keeping: Keeping, kept: KeptJob, events: list[Event], checkpoints: tuple[Checkpoint, ...]
) -> None:
    job, home = kept.job, f"jobs/{safe_name(kept.job.id)}"
    known = {
        "profile": kept.profile,
        "seen_at": kept.seen_at.isoformat(),
        "settled": kept.settled,
        "job": json.loads(pack(job)),
        "made_from": json.loads(pack(kept.made_from)),
        "checkpoints": [json.loads(pack(one)) for one in checkpoints],
    }
    what = "the job: settings asked for and resolved, what it was made from, checkpoints"
    if not _is_same(keeping, f"{home}/job.json", known):
        keeping.archive.put(f"{home}/job.json", json.dumps(known, indent=1), what, job.id)
    lines = "".join(pack(event) + "\n" for event in events)
    keeping.archive.put(f"{home}/events.jsonl", lines, "everything the job said")
    if not keeping.archive.has(f"{home}/prices.json"):
        charged = _charged(keeping.prices, keeping.api.profile.provider, job)
        known = {"day": keeping.clock.now().date(), **charged}
        text = json.dumps(known, indent=1, default=str)
        keeping.archive.put(f"{home}/prices.json", text, "what the provider charged that day")


def _is_same(keeping: Keeping, path: str, known: dict[str, Any]) -> bool:
    """Whether the archive has this of a job already, but for when it was seen."""
    if not keeping.archive.has(path):
        return False
    try:
        before = json.loads(read_bytes(keeping.archive.folder / path))
        return {**before, "seen_at": ""} == {**known, "seen_at": ""}
    except (ValueError, TypeError):  # somebody has changed it
        return False


def _charged(prices: Prices, provider: str, job: Job) -> dict[str, Any]:
    found = {
        "training": prices.training(provider, job.model),
        "answers of the base": prices.inference(provider, job.model),
        "answers of the tuned model": prices.tuned_inference(provider, job.model),
        "last day": prices.deadline(provider, job.fine_tuned_model or job.model),
    }
    return {name: asdict(fact) if fact else None for name, fact in found.items()}


async def _results(keeping: Keeping, kept: KeptJob, events: list[Event]) -> None:
    job, home = kept.job, f"jobs/{safe_name(kept.job.id)}"
    metrics = fold(events)
    if job.status == "succeeded":
        try:
            found = await keeping.asked(jobs.results(keeping.api, keeping.store, job))
            metrics = fold(events, found.metrics)
            keeping.archive.put(
                f"{home}/results.csv", found.csv, "the results file, as the provider wrote it"
            )
        except ApiError as error:
            if not keeping.archive.has(f"{home}/results.csv"):
                keeping.miss(f"results of {job.id}", error)
    if metrics.series:
        text = await in_thread(to_csv, metrics)
        keeping.archive.put(f"{home}/metrics.csv", text, "every metric by step")


async def keep_model(keeping: Keeping, model: str) -> None:
    """Keep what the provider says of a model, and its last day.

    Raises:
        ApiError: if the provider refuses, is away, or has it no longer.
        FileError: if the archive cannot be written.
    """
    found = await keeping.asked(keeping.api.model(model))
    end = keeping.prices.deadline(keeping.api.profile.provider, model)
    known = {**asdict(found), "last_day": asdict(end) if end else None}
    text = json.dumps(known, indent=1, default=str)
    keeping.archive.put(f"models/{safe_name(model)}/model.json", text, "the provider's facts")
