"""A job as one file of JSON: exported here, imported elsewhere, with everything it said."""

import json
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path, PurePath
from typing import Any

from tintype.errors import FileError, NotFoundError
from tintype.paths import read_bytes, write_whole
from tintype.store import KeptJob, Labels, MadeFrom, Ranked, Source, Store
from tintype.store.packing import (
    pack,
    unpack_checkpoint,
    unpack_event,
    unpack_job,
)

KIND, VERSION = "tintype job", 1
MOST_BYTES = 1 << 30
BATCH = 1_000


async def export(store: Store, profile: str, job_id: str, path: Path) -> KeptJob:
    """Write a job that the store knows to a new file, without the folders of its datasets.

    Raises:
        NotFoundError: if the store does not know it.
        FileError: if the file is there already or cannot be written.
        StoreError: if the store cannot be read.
    """
    kept = store.jobs.find(profile, job_id)
    if kept is None:
        raise NotFoundError(
            f"The job {job_id} is not known here.", advice="List it first: `tintype jobs`."
        )
    made = kept.made_from
    made = replace(made, training=_bare(made.training), validation=_bare(made.validation))
    checkpoints = store.jobs.checkpoints(profile, job_id)
    said = {
        "kind": KIND,
        "version": VERSION,
        "profile": profile,
        "seen_at": kept.seen_at.isoformat(),
        "job": json.loads(pack(kept.job)),
        "made_from": json.loads(pack(made)),
        "checkpoints": [json.loads(pack(one)) for one in checkpoints],
        "events": [json.loads(pack(one)) for one in await store.jobs.events(profile, job_id)],
        "results": store.jobs.results(profile, job_id),
        "labels": asdict(store.labels.of(profile, job_id)),
    }
    write_whole(path, json.dumps(said) + "\n")
    return kept


def _bare(source: Source | None) -> Source | None:
    return source and replace(source, path=PurePath(source.path).name)


async def restore(store: Store, path: Path, profile: str | None = None) -> KeptJob:
    """Take a job from a file into the store; of one that is known, what is missing is added.

    Args:
        store: Where it goes.
        path: A file that `export` wrote.
        profile: The profile to keep it under; none is the one it came from.

    Raises:
        FileError: if the file cannot be read or is none of these.
        StoreError: if the store cannot be written.
    """
    try:
        said: dict[str, Any] = json.loads(read_bytes(path, max_bytes=MOST_BYTES))
        if (said["kind"], said["version"]) != (KIND, VERSION):
            raise ValueError
        job, profile = unpack_job(json.dumps(said["job"])), profile or str(said["profile"])
        events = [unpack_event(json.dumps(one)) for one in said["events"]]
        checkpoints = [unpack_checkpoint(json.dumps(one)) for one in said["checkpoints"]]
        seen_at, results = datetime.fromisoformat(said["seen_at"]), str(said["results"])
        made, labels = _made_from(said["made_from"]), _labels(said["labels"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise FileError(
            f"{path} is no job that Tintype has exported, or one of a newer Tintype.",
            advice="Export it again: `tintype jobs export ID FILE`.",
            path=path,
        ) from error
    known = store.jobs.find(profile, job.id)
    if known is None or known.seen_at <= seen_at:
        store.jobs.remember(profile, job, seen_at=seen_at)
    if known is None:
        store.jobs.made_from(profile, job.id, made)
        store.labels.put(profile, job.id, labels)
    sweep = store.jobs.begin_sweep(profile, job.id)
    for start in range(0, len(events), BATCH):
        batch = [Ranked(one, start + at) for at, one in enumerate(events[start : start + BATCH])]
        store.jobs.add_events(profile, job.id, batch, sweep=sweep)
    store.jobs.close_sweep(profile, job.id, sweep)
    store.jobs.add_checkpoints(profile, job.id, *checkpoints)
    if results:
        store.jobs.keep_results(profile, job.id, results)
    if job.ended:
        store.jobs.settle(profile, job.id)
    found = store.jobs.find(profile, job.id)
    assert found is not None  # it has just been kept
    return found


def _made_from(said: dict[str, Any]) -> MadeFrom:
    sources = {name: Source(**said[name]) for name in ("training", "validation") if said.get(name)}
    return MadeFrom(**{**said, "training": None, "validation": None} | sources)


def _labels(said: dict[str, Any]) -> Labels:
    found = Labels(**said)
    return replace(found, tags=tuple(str(tag) for tag in found.tags), note=str(found.note))
