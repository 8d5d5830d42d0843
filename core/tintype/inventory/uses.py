"""Who needs what: files and models by the jobs that name them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tintype.inventory.known import Place
from tintype.inventory.values import Ref
from tintype.resources import Job
from tintype.store import KeptJob, Source


@dataclass(frozen=True, slots=True)
class Uses:
    """Who needs what, by profile and id."""

    files: Mapping[Place, list[Ref]]
    models: Mapping[Place, list[Ref]]
    """The jobs that go on from a model."""
    made: Mapping[Place, KeptJob]
    """The job that made a model."""
    sources: Mapping[Place, Source]
    """The dataset that a file was sent from."""


def uses_of(jobs: tuple[KeptJob, ...]) -> Uses:
    """Look through jobs for what they read and made."""
    files: dict[Place, list[Ref]] = {}
    models: dict[Place, list[Ref]] = {}
    made: dict[Place, KeptJob] = {}
    sources: dict[Place, Source] = {}
    for kept in jobs:
        job, here = kept.job, kept.profile
        for id in dict.fromkeys(_files(job)):
            files.setdefault((here, id), []).append(Ref(here, "job", job.id))
        models.setdefault((here, job.model), []).append(Ref(here, "job", job.id))
        if job.fine_tuned_model:
            made.setdefault((here, job.fine_tuned_model), kept)
        for source, file in (
            (kept.made_from.training, job.training_file),
            (kept.made_from.validation, job.validation_file),
        ):
            if source is not None and file:
                sources.setdefault((here, file), source)
    return Uses(files, models, made, sources)


def _files(job: Job) -> Iterator[str]:
    yield from filter(None, (job.training_file, job.validation_file, *job.result_files))
