"""What is known of the selected job, as one value, and how it comes."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tintype import jobs, recorder
from tintype.api import Api
from tintype.errors import TintypeError
from tintype.jobs import Bill, JobProgress, Trouble, trouble_of
from tintype.jobs.reading import read_along
from tintype.metrics import Diagnosis, Metrics, diagnose
from tintype.pricing import load_prices
from tintype.resources import Event, Job
from tintype.store import KeptJob, Store
from tintype.trainer_logs import LOCAL
from tintype_tui.session import Session

if TYPE_CHECKING:
    from tintype.evaluation import StepScores

NO_METRICS = "No metrics of it are known: none were reported, or none were recorded in time."


@dataclass(frozen=True, slots=True)
class Known:
    """A job, what it has said, and what that means."""

    progress: JobProgress
    kept: KeptJob | None = None
    """With what the job was made from."""
    events: tuple[Event, ...] = ()
    """All, oldest first."""
    trouble: Trouble = field(default_factory=Trouble)
    diagnosis: Diagnosis = field(default_factory=Diagnosis)
    bill: Bill | None = None
    """Once the job has ended."""
    training_s: float | None = None
    """How long an ended job trained."""
    scores: "StepScores | None" = None
    """What its models score, by step, where they have been evaluated."""
    origin: str = ""
    """Where its curves are from, if not from events alone, or why the results file is not here."""
    stopped: str = ""
    """Why the provider is not asked any more, if it should be."""

    def is_of(self, profile: str) -> bool:
        """Whether it is a job of a profile, whose provider can be asked to do something with it."""
        return self.kept is None or self.kept.profile == profile

    @property
    def job(self) -> Job:
        """The job as last seen."""
        return self.progress.job

    @property
    def log(self) -> tuple[Event, ...]:
        """All events but the metrics."""
        return tuple(event for event in self.events if event.type != "metrics")

    @property
    def percent(self) -> int | None:
        """How much of the training is done."""
        metrics = self.progress.metrics
        return round(100 * metrics.last_step / metrics.total_steps) if metrics.total_steps else None

    @property
    def is_bare(self) -> bool:
        """Whether the job ended without a curve."""
        return self.job.ended and not self.progress.metrics.series

    def stop(self, why: str) -> "Known":
        """What is known, and why no more is asked for."""
        return replace(self, stopped=why)

    def after(self, progress: JobProgress, events: Sequence[Event]) -> "Known":
        """What is known with the next progress and all events so far."""
        progress = replace(progress, metrics=by_epochs(progress))
        found = replace(self, progress=progress, events=tuple(events), stopped="")
        return replace(
            found,
            trouble=trouble_of(found.job, found.log),
            training_s=jobs.training_s(found.job, progress.metrics, found.log),
        )


async def news(session: Session, store: Store, job_id: str) -> AsyncGenerator[JobProgress, None]:
    """Follow a job by what its recorder brings; where there can be none, by asking its provider.

    The log of a trainer on this machine is read by the recorder of `local`, or `tintype follow`.

    Raises:
        TintypeError: if the store cannot be read, or the provider refuses.
    """
    kept = known_job(store, session.profile.name, job_id)
    profile = kept.profile if kept is not None else session.profile.name
    async with AsyncExitStack() as lasting:

        async def provider() -> Api:
            if profile == session.profile.name:
                return await session.provider()
            return await session.connection(profile, lasting)

        own = None if profile == LOCAL else provider
        async with aclosing(
            recorder.follow(session.settings, profile, store, job_id, own)
        ) as found:
            async for progress in found:
                yield progress
        kept = store.jobs.find(profile, job_id)
        if own is None and kept is not None and not kept.settled:
            # Where no recorder reads the log, `tintype follow` may.
            along = read_along(store, LOCAL, job_id, trouble=lambda: "", goes_on=lambda: True)
            async with aclosing(along):
                async for progress in along:
                    yield progress


def known_job(store: Store, profile: str, job_id: str) -> KeptJob | None:
    """A job of the profile in use, or else of any."""
    if (kept := store.jobs.find(profile, job_id)) is not None:
        return kept
    return next((one for one in store.jobs.newest() if one.job.id == job_id), None)


async def follow(session: Session, job_id: str, *, ask: bool) -> AsyncGenerator[Known, None]:
    """Say what the store knows of a job at once, then, with `ask`, what becomes of it.

    Raises:
        TintypeError: if the store cannot be read, or the provider refuses.
    """
    store, name = await session.store(), session.profile.name
    known: Known | None = None
    all_events: dict[str, Event] = {}
    if (kept := known_job(store, name, job_id)) is not None:
        name = kept.profile
        metrics, _ = await jobs.recorded(store, name, job_id)
        events = await store.curves.log(name, job_id)
        all_events |= {event.id: event for event in events}
        checkpoints = store.jobs.checkpoints(name, job_id)
        progress = JobProgress(kept.job, (), metrics, checkpoints, kept.seen_at)
        known = Known(progress, kept).after(progress, events)
        yield known
        known = await _judged(session, known)
        yield known
        known = await _with_results(session, store, known, ask=ask)
        yield known
        if (kept.settled or not ask) and len(metrics.clock) > 0:
            yield known.after(known.progress, await store.jobs.events(name, job_id))
            return
    if not ask:
        return
    async with aclosing(news(session, store, job_id)) as following:
        async for progress in following:
            all_events |= {event.id: event for event in progress.events}
            events = sorted(all_events.values(), key=lambda event: event.created_at)
            before = known or Known(progress, store.jobs.find(name, job_id))
            if _points(progress.metrics) < _points(before.progress.metrics):
                # The store's history is read once more, from its beginning.
                progress = replace(progress, metrics=before.progress.metrics)
            known = before.after(progress, events or before.events)
            yield known
            if known.progress.metrics.series != before.progress.metrics.series or known.job.ended:
                known = await _judged(session, known)
                yield known
    if known is not None:
        known = await _with_results(session, store, known, ask=ask)
        nothing = known.is_bare and known.job.status == "succeeded" and not known.origin
        yield replace(known, origin=NO_METRICS) if nothing else known


async def _with_results(session: Session, store: Store, known: Known, *, ask: bool) -> Known:
    """Add what only the results file of a finished job has, fetched if it is not here."""
    job = known.job
    profile = known.kept.profile if known.kept is not None else session.profile.name
    if not job.ended or known.origin:
        return known
    csv = store.jobs.results(profile, job.id)
    if not csv and ask and job.result_files and profile == session.profile.name:
        try:
            csv = (await jobs.results(await session.provider(), store, job)).csv
        except TintypeError as error:
            return replace(known, origin=f"Its results file cannot be had: {error}")
    if not csv:
        return known
    before = known.progress.metrics
    metrics = await asyncio.to_thread(jobs.charted, csv, before)
    recorded = len(metrics.clock) > 0
    if metrics is before and recorded:
        return known
    origin = f"{'some ' if recorded else ''}values from the results file"
    known = replace(known, progress=replace(known.progress, metrics=metrics), origin=origin)
    return await _judged(session, known)


async def replayed(
    session: Session, job_id: str, speed: float, from_step: int
) -> AsyncGenerator[Known, None]:
    """Say what was known of a job as it came, `speed` times as fast; before a step, at once.

    Raises:
        TintypeError: if the store cannot be read.
    """
    store = await session.store()
    if (kept := known_job(store, session.profile.name, job_id)) is None:
        return
    events = await store.jobs.events(kept.profile, job_id)
    checkpoints = store.jobs.checkpoints(kept.profile, job_id)
    known, said = Known(JobProgress(kept.job, (), Metrics(), (), None), kept), list[Event]()
    steps = jobs.replay(kept, events, checkpoints, speed=speed, from_step=from_step)
    async with aclosing(steps):
        async for progress in steps:
            said += progress.events
            known = known.after(progress, said)
            yield known


def _points(metrics: Metrics) -> int:
    return sum(map(len, metrics.series.values()))


async def _judged(session: Session, known: Known) -> Known:
    """Read the curves, in a thread, and of an ended job set what was billed beside the estimate."""
    diagnosis = await asyncio.to_thread(diagnose, known.progress.metrics)
    bill = None
    if known.job.ended and known.kept is not None:
        prices = await asyncio.to_thread(load_prices, session.settings.prices)
        kept = replace(known.kept, job=known.job)
        bill = jobs.bill(kept, known.log, prices, _provider(session, kept.profile))
    known = replace(known, diagnosis=diagnosis, bill=bill)
    if not known.job.ended:
        return known
    return replace(known, scores=await asyncio.to_thread(_scores, session, known))


def _provider(session: Session, profile: str) -> str:
    """The provider of a profile; its own name for one that is not configured any more."""
    found = session.settings.profiles.get(profile)
    return found.provider if found is not None else profile


def _scores(session: Session, known: Known) -> "StepScores | None":
    """What has been evaluated of a job: its checkpoints, and its last model. Blocking."""
    from tintype.evaluation import runs_folder, step_scores

    found = known.progress.checkpoints
    steps = {one.model: one.step for one in found if one.step is not None}
    metrics = known.progress.metrics
    if (model := known.job.fine_tuned_model) and (last := metrics.total_steps or metrics.last_step):
        steps.setdefault(model, last)
    home = runs_folder(session.settings.folders.data)
    profile = known.kept.profile if known.kept is not None else session.profile.name
    return step_scores(home, profile, steps) if steps else None


def by_epochs(progress: JobProgress) -> Metrics:
    """The metrics of a job, which themselves do not know how many epochs there are to be."""
    epochs = progress.job.hyperparameters.n_epochs
    return replace(progress.metrics, n_epochs=epochs if isinstance(epochs, int) else None)
