"""What the store and the folder of evaluations know of all profiles, read in one go. Blocking."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tintype import paths
from tintype.inventory.values import EvaluationUse
from tintype.resources import Checkpoint, Model, RemoteFile
from tintype.store import Asked, KeptJob, Listing, Naming, Probe, Seen, Store

Place = tuple[str, str]
"""A profile, and a name or an id at its provider."""


@dataclass(frozen=True, slots=True)
class Known:
    """Facts, as they were learnt; `compose` makes an inventory of them."""

    jobs: tuple[KeptJob, ...] = ()
    files: tuple[Seen[RemoteFile], ...] = ()
    models: tuple[Seen[Model], ...] = ()
    checkpoints: tuple[tuple[str, Checkpoint], ...] = ()
    listings: Mapping[Place, Listing] = field(default_factory=dict)
    probes: Mapping[Place, Probe] = field(default_factory=dict)
    namings: Mapping[tuple[str, str, str], Naming] = field(default_factory=dict)
    digests: Mapping[Place, str] = field(default_factory=dict)
    asked: Mapping[Place, Asked] = field(default_factory=dict)
    evaluations: Mapping[Place, tuple[EvaluationUse, ...]] = field(default_factory=dict)


def read_known(store: Store, runs: Path) -> Known:
    """Read the store, and which models were evaluated; belongs in a thread.

    Args:
        store: Where everything was kept.
        runs: The folder of evaluations, `evaluation.runs_folder(…)`.

    Raises:
        StoreError: if the store cannot be read.
        FileError: if the folder of evaluations cannot be listed.
    """
    kept = store.inventory
    return Known(
        store.jobs.newest(),
        kept.files(),
        kept.models(),
        kept.checkpoints(),
        {place: one for place, one in kept.listings().items() if "/" not in place[1]},
        kept.probes(),
        _namings(store),
        kept.digests(),
        kept.asked(),
        _evaluated(runs),
    )


def _namings(store: Store) -> Mapping[tuple[str, str, str], Naming]:
    """What things are called; the note of a job is one of its labels."""
    found = dict(store.inventory.namings())
    for (profile, job), labels in store.labels.all().items():
        if labels.note:
            alias = found.get((profile, "job", job), Naming()).alias
            found[profile, "job", job] = Naming(alias, labels.note)
    return found


def _evaluated(runs: Path) -> Mapping[Place, tuple[EvaluationUse, ...]]:
    if not paths.is_folder(runs):
        return {}
    from tintype import evaluation  # with NumPy, which those who never evaluated do not wait for

    found: dict[Place, list[EvaluationUse]] = {}
    for run in evaluation.listed(runs):
        if isinstance(run, evaluation.EvaluationRun):
            use = EvaluationUse(run.id, run.begun, run.rows)
            for model in run.plan.models:
                found.setdefault((model.profile, model.name), []).append(use)
    return {place: tuple(uses) for place, uses in found.items()}
