"""Keeping what a provider has, and what only this machine has, in one archive.

Everything is tried; what cannot be had is noted with why, and tried again by the next run, which
asks only for what is missing or may have changed. A provider that is away is not asked again in the
same run: what the store knows is kept without it.
"""

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from tintype import __version__, jobs
from tintype.api import SYSTEM, Api, Clock, pages
from tintype.errors import ApiError, ArchiveError, NotFoundError
from tintype.keeping.context import Keeping
from tintype.keeping.evaluations import keep_runs
from tintype.keeping.file_parts import keep_file, keep_images
from tintype.keeping.folder import ArchiveFolder, archive_folder
from tintype.keeping.job_parts import keep_job, keep_model
from tintype.keeping.manifest import Manifest
from tintype.keeping.readme import readme
from tintype.keeping.weights import keep_weights
from tintype.model_names import parse_model_name
from tintype.paths import safe_name
from tintype.pricing import Prices
from tintype.store import KeptJob, Source, Store
from tintype.threads import in_thread


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be kept."""

    jobs: tuple[str, ...] = ()
    """Ids."""
    models: tuple[str, ...] = ()
    """Names of tuned models; the jobs that made them are kept with them."""
    everything: bool = False
    """All jobs, files and tuned models of the profile."""
    images: bool = True
    """Whether images behind URLs are fetched."""
    evaluations: Path | None = None
    """The folder of evaluations: those that asked a kept model are kept, answers and images."""


@dataclass(frozen=True, slots=True)
class KeepProgress:
    """How far keeping is."""

    words: str
    """What is being kept, in a few words."""
    parts: int
    """Parts in the archive so far."""
    size_bytes: int
    """Of all parts so far."""
    not_kept: int
    manifest: Manifest | None = None
    """On the last one only: what the archive holds now."""
    added: int = 0
    """Parts written in this run."""


async def keep(
    api: Api,
    store: Store,
    folder: Path,
    wanted: Wanted,
    *,
    prices: Prices,
    allow_private: bool = False,
    clock: Clock = SYSTEM,
) -> AsyncGenerator[KeepProgress, None]:
    """Keep everything about jobs, models or a whole profile in a folder, and yield progress.

    Leaving the generator at any moment loses nothing but the part under way; the same call goes on.

    Args:
        api: The provider.
        store: What is known of its jobs; what is learnt is kept there, too.
        folder: The archive: a new folder, an unfinished one, or one to add to.
        wanted: What is kept.
        prices: What it charges today, which is kept with each job.
        allow_private: Also fetch images from this machine and its local networks.
        clock: The time.

    Raises:
        AuthenticationError: if the key is refused.
        ArchiveError: if the folder holds something else.
        FileError: if it cannot be written.
        StoreError: if the store cannot be read or written.
    """
    with archive_folder(folder) as archive:
        _refuse_other(archive, api.profile.name)
        keeping = Keeping(api, store, archive, prices, allow_private, clock)
        found = _Found(dict.fromkeys(wanted.jobs), dict.fromkeys(wanted.models))
        async with aclosing(_all(keeping, wanted, found)) as steps:
            async for words in steps:
                yield _progress(archive, words)
        manifest = _manifest(keeping, found)
        await in_thread(archive.finish, manifest, readme(manifest))
        yield replace(_progress(archive, "kept"), manifest=manifest, added=archive.added)


@dataclass(slots=True)
class _Found:
    """What is kept: each once, in order."""

    jobs: dict[str, None]
    models: dict[str, None]
    files: dict[str, Source | None] = field(default_factory=dict)
    """By id; with where it came from, if that is known."""


def _refuse_other(archive: ArchiveFolder, profile: str) -> None:
    before = archive.before
    if before is not None and before.profile != profile:
        raise ArchiveError(
            f"{archive.folder} holds what profile {before.profile} had, and not {profile}.",
            advice="Name another folder.",
        )


def _progress(archive: ArchiveFolder, words: str) -> KeepProgress:
    return KeepProgress(words, len(archive.parts), archive.size_bytes, len(archive.not_kept))


def _manifest(keeping: Keeping, found: _Found) -> Manifest:
    """What the archive holds now; the address without what may be a password in it."""
    profile, address = keeping.api.profile, urlsplit(keeping.api.base_url)
    return Manifest(
        profile.name,
        profile.provider,
        f"{address.scheme}://{address.netloc.rpartition('@')[2]}{address.path}",
        f"tintype {__version__}",
        keeping.clock.now().isoformat(timespec="seconds"),
        tuple(found.jobs),
        tuple(found.models),
        tuple(sorted(keeping.archive.parts.values(), key=lambda part: part.path)),
        tuple(dict.fromkeys(keeping.archive.not_kept)),
    )


async def _all(keeping: Keeping, wanted: Wanted, found: _Found) -> AsyncGenerator[str, None]:
    """Keep everything that is wanted; yields what is being done."""
    yield "looking what there is"
    await _find(keeping, wanted, found)
    for stage in _stages(keeping, wanted, found):
        async with aclosing(stage) as steps:
            async for words in steps:
                yield words
    for part in keeping.archive.lost():
        keeping.archive.miss(part.path, "It was in this archive before, and its file is gone.")


def _stages(keeping: Keeping, wanted: Wanted, found: _Found) -> Iterator[AsyncGenerator[str, None]]:
    """What is done one after the other; each stage may find what the next ones keep."""
    yield _keep_jobs(keeping, found)
    for file_id, local in found.files.items():
        yield keep_file(keeping, file_id, local)
    yield _keep_models(keeping, found)
    if wanted.evaluations is not None:
        models = frozenset(found.models)
        yield keep_runs(keeping.archive, wanted.evaluations, models, keeping.profile)
    for part in list(keeping.archive.parts.values()) if wanted.images else ():
        if part.path.endswith(".jsonl") and part.path.startswith(("files/", "evaluations/")):
            yield keep_images(keeping, part)


async def _keep_jobs(keeping: Keeping, found: _Found) -> AsyncGenerator[str, None]:
    for job_id in list(found.jobs):
        yield f"job {job_id}"
        await _keep_job(keeping, job_id, found)


async def _keep_models(keeping: Keeping, found: _Found) -> AsyncGenerator[str, None]:
    """Keep models; of checkpoints the store knows more than providers have, who drop early ones."""
    gone: dict[str, ApiError] = {}
    for model in found.models:
        yield f"model {model}"
        try:
            await keep_model(keeping, model)
        except ApiError as error:
            gone[model] = error
            continue
        async with aclosing(keep_weights(keeping, model)) as keeping_weights:
            async for words in keeping_weights:
                yield words
    trained = {_training(model) for model in found.models.keys() - gone.keys()}
    for model, why in gone.items():
        dropped = isinstance(why, NotFoundError) and _training(model) in trained
        if not dropped or model == _training(model):
            keeping.miss(f"model {model}", why)
        elif not keeping.archive.has(f"models/{safe_name(model)}/model.json"):
            del found.models[model]


def _training(model: str) -> str:
    """The name that a model and the checkpoints of its training have in common."""
    return model.partition(":ckpt-step-")[0]


async def _keep_job(keeping: Keeping, job_id: str, found: _Found) -> None:
    kept = await keep_job(keeping, job_id)
    if kept is None:
        if not keeping.archive.has(f"jobs/{safe_name(job_id)}/job.json"):
            del found.jobs[job_id]  # later runs are not to look for it
        return
    (known, models), origin = kept, kept[0].made_from
    found.files[known.job.training_file] = origin.training
    if known.job.validation_file:
        found.files[known.job.validation_file] = origin.validation
    found.models |= dict.fromkeys(models)


async def _find(keeping: Keeping, wanted: Wanted, found: _Found) -> None:
    """Find the jobs and models that are meant, and those that the archive has from before."""
    before = keeping.archive.before
    if wanted.everything or wanted.models:
        await _list_jobs(keeping)
    kept = keeping.store.jobs.newest(profile=keeping.profile)
    if wanted.everything:
        found.jobs |= dict.fromkeys(one.job.id for one in kept)
        await _list_rest(keeping, found)
    for model in wanted.models:
        made = [one.job.id for one in kept if _made(keeping, one, model)]
        found.jobs |= dict.fromkeys(made)
        if not made:
            keeping.archive.miss(f"the job of {model}", "No job is known that made this model.")
    if before is not None:
        found.jobs |= dict.fromkeys(before.jobs)
        found.models |= dict.fromkeys(before.models)


def _made(keeping: Keeping, kept: KeptJob, model: str) -> bool:
    saved = keeping.store.jobs.checkpoints(keeping.profile, kept.job.id)
    return model in (kept.job.fine_tuned_model, *(one.model for one in saved))


async def _list_jobs(keeping: Keeping) -> None:
    async def listing() -> None:
        async for _ in jobs.listed(keeping.api, keeping.store, clock=keeping.clock, most=100_000):
            pass

    try:
        await keeping.asked(listing())
    except ApiError as error:
        keeping.miss("the provider's list of jobs", error)


async def _list_rest(keeping: Keeping, found: _Found) -> None:
    """Find files and tuned models that no job names."""

    async def listing() -> None:
        async for page in pages(lambda after: keeping.api.files(after=after)):
            found.files |= {file.id: None for file in page if file.purpose == "fine-tune"}
        named = [model.id for model in await keeping.api.models()]
        found.models |= {one: None for one in named if parse_model_name(one).tuned}

    try:
        await keeping.asked(listing())
    except ApiError as error:
        keeping.miss("the provider's lists of files and models", error)
