"""The list of jobs: what is known of it as a value, and how it comes."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from textwrap import wrap
from typing import Literal

from tintype import jobs
from tintype.errors import ApiError, AuthenticationError, ForbiddenError
from tintype.jobs import JobLine, Scores
from tintype.pricing import Prices, load_prices
from tintype.resources import Job
from tintype.store import KeptJob, Labels
from tintype.trainer_logs import LOCAL
from tintype_tui.session import Session
from tintype_tui.text import duration, visible

LIST_S = 10.0
"""How often the list is asked for while it is looked at."""
LOCAL_S = 2.0
"""How often the server on this machine is asked."""
MOST = 100_000
"""Jobs that are listed the first time; later the newest thousand, which may have changed."""

NO_JOBS = (
    "No jobs yet.\nPress {go.datasets} to choose a dataset, "
    "then {data.estimate} to estimate, {estimate.launch} to launch."
)
NONE_FITS = "No job matches.\nEsc shows all, {jobs.filter} looks for something else."


@dataclass(frozen=True, slots=True)
class Listing:
    """The jobs of the provider in use and of others, as far as they are known."""

    lines: tuple[JobLine, ...] = ()
    """Of all profiles, newest first."""
    profile: str = ""
    """The profile in use."""
    state: Literal["loading", "listed", "failed"] = "loading"
    why: str = ""
    """Why the list could not be had, and what to do."""
    again_s: float | None = None
    """How long the provider wants to be left alone, in seconds, if it says so."""
    lasting: bool = False
    """Whether it is not asked for again by itself."""
    prices: Prices | None = None
    providers: Mapping[str, str] = field(default_factory=dict)
    """The provider of each profile, whose prices apply."""
    scores: Scores | None = None
    """What has been evaluated; none until that was looked up."""

    @property
    def jobs(self) -> tuple[KeptJob, ...]:
        """The jobs of the profile in use, and of trainers on this machine."""
        return tuple(one.kept for one in self.lines if one.kept.profile in (self.profile, LOCAL))

    def fitting(self, needle: str) -> tuple[tuple[JobLine, ...], int]:
        """The jobs that have some words, sorted as these say, and out of how many.

        Those of other profiles are among them if the words say so.
        """
        every = "is:all" in needle.split() or "profile:" in needle
        own = (self.profile, LOCAL)
        lines = [one for one in self.lines if every or one.kept.profile in own]
        return jobs.arranged(lines, wanted=needle), len(lines)

    def with_job(self, job: Job) -> "Listing":
        """The list with a job as it stands now; itself if it stood there like that."""
        if all(one.kept.job.id != job.id or one.kept.job == job for one in self.lines):
            return self
        lines = (
            replace(one, kept=replace(one.kept, job=job)) if one.kept.job.id == job.id else one
            for one in self.lines
        )
        return replace(self, lines=tuple(lines))

    def failed(self, why: str, *, lasting: bool, again_s: float | None = None) -> "Listing":
        """What is known, and that it is not up to date."""
        return replace(self, state="failed", why=why, lasting=lasting, again_s=again_s)

    def words(self, width: int, named: Callable[[str], str]) -> list[str]:
        """What to say in place of the list, or above it; nothing if all is well.

        Args:
            width: Cells of a line.
            named: Puts keys in place of their ids.
        """
        if self.state == "loading":
            return [] if self.jobs else ["Asking the provider for its jobs …"]
        if self.state == "failed":
            again = "It is asked again; {jobs.refresh} asks now."
            if self.lasting:
                again = "{jobs.refresh} asks again."
            if self.again_s is not None and self.again_s > LIST_S and not self.lasting:
                again = f"It is asked again in {duration(self.again_s)}; {{jobs.refresh}} asks now."
            kept = "Not up to date. " if self.jobs else "Cannot list the jobs. "
            why = visible(self.why.removeprefix("Could not list the jobs: "))
            return wrap(f"{kept}{why} {named(again)}", max(20, width))
        return [] if self.jobs else named(NO_JOBS).splitlines()


def _scores(session: Session) -> Scores:
    """What the models score that have been evaluated. Blocking."""
    from tintype.evaluation import model_scores, runs_folder

    return model_scores(runs_folder(session.settings.folders.data))


async def _lines(session: Session, found: Listing, needle: str) -> tuple[JobLine, ...]:
    """All jobs that the store knows; with what came of them only if that is asked for."""
    store = await session.store()
    if found.scores is None or jobs.sorted_by(needle) not in jobs.RESULTS:
        labels, none = store.labels.all(), Labels()
        return tuple(
            JobLine(kept, labels.get((kept.profile, kept.job.id), none))
            for kept in store.jobs.newest()
        )
    return await jobs.overview(store, found.prices, found.providers, found.scores)


async def listings(
    session: Session, needle: Callable[[], str] = lambda: ""
) -> AsyncGenerator[Listing, None]:
    """Say what the store knows at once, then what the provider says, again and again.

    A refusal (401, 403) is the last one; any other failure may pass.

    Raises:
        TintypeError: if the store or the prices cannot be read, or there is no connection.
    """
    store, profile = await session.store(), session.profile
    providers = {name: one.provider for name, one in session.settings.profiles.items()}
    found = Listing(profile=profile.name, providers=providers)
    found = replace(found, lines=await _lines(session, found, ""))
    yield found
    prices = await asyncio.to_thread(load_prices, session.settings.prices)
    found = replace(found, prices=prices, scores=await asyncio.to_thread(_scores, session))
    found = replace(found, lines=await _lines(session, found, needle()))
    yield found
    pause_s, most = LOCAL_S if profile.dialect == "embedded" else LIST_S, MOST
    while True:
        try:
            async with aclosing(jobs.listed(await session.provider(), store, most=most)) as batches:
                async for _ in batches:
                    pass
            most = 1_000
            found = replace(found, state="listed", why="", lasting=False)
        except (AuthenticationError, ForbiddenError) as error:
            found = found.failed(str(error), lasting=True)
        except ApiError as error:
            found = found.failed(str(error), lasting=False, again_s=error.retry_after_s)
        found = replace(found, scores=await asyncio.to_thread(_scores, session))
        found = replace(found, lines=await _lines(session, found, needle()))
        yield found
        if found.lasting:
            return
        left_alone_s = found.again_s if found.state == "failed" else None
        await asyncio.sleep(max(pause_s, left_alone_s or 0))
