"""Providers and jobs, as the public API has them."""

import logging
import os
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tintype import connection, jobs
from tintype.budget import Confirmation, Limits
from tintype.errors import DatasetError
from tintype.library import datasets
from tintype.library.datasets import Source
from tintype.library.work import Opening, Work
from tintype.quote import Quote, validation_concern
from tintype.resources import Job
from tintype.settings import Profile, Settings, load
from tintype.store import Store, open_store

if TYPE_CHECKING:
    from tintype.api import Api
    from tintype.jobs import JobProgress, LaunchProgress, Trouble


Agreed = str | Decimal | float
"""A sum in US dollars that is agreed to, or `unknown`."""


@dataclass(frozen=True, slots=True)
class Connection:
    """A provider that is connected, with the store where jobs, answers and costs are kept."""

    profile: Profile
    settings: Settings
    api: "Api"
    store: Store
    _stack: AsyncExitStack = field(repr=False)

    async def aclose(self) -> None:
        """Close the connection and the store; twice is no error."""
        await self._stack.aclose()


Where = str | Profile | Connection | None
"""A profile's name, a profile, what `connect` gave, or none for the default profile."""


def connect(
    provider: str | Profile | None = None, *, settings: Settings | None = None
) -> Opening[Connection]:
    """Connect to a provider; the embedded server is started if it does not run.

    Every function that takes a provider connects by itself when it is given a name; connect once
    where many calls follow each other.

    Args:
        provider: A profile's name, such as `openai`; by default that of the settings.
        settings: By default those of the configuration file and the environment.

    Raises:
        SettingsError: if there is no such profile, or the settings cannot be used.
        AuthenticationError: if there is no key.
        StoreError: if the store cannot be opened, or the embedded server does not start.
    """

    async def opened() -> Connection:
        chosen = settings or load()
        profile = provider if isinstance(provider, Profile) else connection.chosen(chosen, provider)
        async with AsyncExitStack() as stack:
            store = await stack.enter_async_context(open_store(chosen.folders.store_file))
            say = logging.getLogger("tintype").warning
            api = await stack.enter_async_context(connection.connected(chosen, profile, say))
            return Connection(profile, chosen, api, store, stack.pop_all())
        raise AssertionError("a stack of this kind passes errors on")

    return Opening(opened)


@asynccontextmanager
async def at(provider: Where) -> AsyncIterator[Connection]:
    """Use a connection, or connect for this once."""
    if isinstance(provider, Connection):
        yield provider
    else:
        async with connect(provider) as here:
            yield here


async def follow(job: str | Job, provider: Where = None) -> AsyncGenerator["JobProgress", None]:
    """Follow a job until it has ended: what is known comes first, then what is new.

    Each progress has the job, its metrics and checkpoints so far, and the events since the last.

    Raises:
        ApiError: if the provider refuses, or nobody knows the job.
        StoreError: if the store cannot be read or written.
    """
    async with at(provider) as here, aclosing(jobs.follow(here.api, here.store, id_of(job))) as all:
        async for progress in all:
            yield progress


def wait(job: str | Job, provider: Where = None) -> "Work[JobProgress, JobProgress]":
    """Wait until a job has ended; the result is its last progress, all metrics among it.

    A job that failed is a result too: see `progress.job.status`, and `explain`.

    Raises:
        ApiError: if the provider refuses, or nobody knows the job.
        StoreError: if the store cannot be read or written.
    """
    return Work(lambda: follow(job, provider), lambda progress: progress)


async def explain(job: str | Job, provider: Where = None) -> "Trouble":
    """Return what went wrong with a job, down to the row, as far as the provider says.

    Raises:
        ApiError: if the provider refuses, or nobody knows the job.
        StoreError: if the store cannot be read or written.
    """
    async with at(provider) as here:
        kept, events = await jobs.look_at(here.api, here.store, id_of(job))
        return jobs.trouble_of(kept.job, events)


def train(
    dataset: Source | Quote,
    provider: Where = None,
    *,
    model: str = "",
    validation: str | os.PathLike[str] | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    learning_rate_multiplier: float | None = None,
    extra: Mapping[str, Any] | None = None,
    suffix: str | None = None,
    seed: int | None = None,
    confirm: Agreed = "",
    budget_usd: Decimal | float | None = None,
) -> "Work[LaunchProgress, Job]":
    """Launch a training: check and estimate the dataset, send the files, create the job.

    The result is the job, just created: `wait` for it, or `follow` it. Nothing is sent if the
    provider would refuse the dataset, or if the cost is above a limit.

    Args:
        dataset: A file, what `open` gave, or what `estimate` found: then files, model and epochs
            are those.
        provider: A connection, a profile or its name; by default the default profile.
        model: The base model; by default the provider's usual one.
        validation: A file to measure with.
        epochs: By default as the provider chooses; so are the next two.
        batch_size: Rows per step.
        learning_rate_multiplier: Of the provider's usual rate.
        extra: Hyperparameters that the base model knows beyond these: for an open model
            `lora_rank`, `lora_alpha` and `lora_target_modules`.
        suffix: A word of yours in the tuned model's name.
        seed: The same seed and data give the same model, as far as the provider can.
        confirm: The sum in US dollars that you agree to, needed from `spend_confirm_usd` on;
            `unknown` agrees to a cost that is not known.
        budget_usd: Never launch what may cost more.

    Raises:
        ConfirmationError: if the cost has to be confirmed, and is not; it says with what.
        BudgetError: if a limit could be passed.
        DatasetError: if a file cannot be read, or the provider would refuse it.
        QuoteError: if a file has changed since the estimate.
        ApiError: if the provider refuses or cannot be reached.
    """

    async def steps() -> AsyncGenerator["LaunchProgress", None]:
        async with at(provider) as here:
            quoted = dataset
            if not isinstance(quoted, Quote):
                quoted = await datasets.estimate(
                    quoted, here, model=model, epochs=epochs, validation=validation
                )
            _refuse_unusable(quoted)
            if (found := await validation_concern(quoted)) is not None:
                raise DatasetError(f"{found.title}.", advice=found.words)
            order = jobs.Order(
                quoted,
                suffix,
                seed,
                batch_size or "auto",
                learning_rate_multiplier or "auto",
                extra or {},
            )
            budget = None if budget_usd is None else Decimal(str(budget_usd))
            launching = jobs.launch(
                here.api,
                here.store,
                order,
                limits=Limits.of(here.settings, budget_usd=budget),
                confirmation=Confirmation(str(confirm or "")),
            )
            async with aclosing(launching):
                async for step in launching:
                    yield step

    return Work(steps, _launched)


def _launched(step: "LaunchProgress") -> Job:
    assert step.job is not None  # the last step has it
    return step.job


def _refuse_unusable(quoted: Quote) -> None:
    found = quoted.assessment
    if found.summary is not None and found.summary.status == "error":
        first = next(problem for problem in found.problems if problem.severity == "error")
        line = f"line {first.line}: " if first.line else ""
        raise DatasetError(
            f"{found.rules.title} would reject {quoted.training.name}: {line}{first.message}",
            advice="Look at all problems with `check`, or write a fixed copy with `fix`.",
            path=quoted.training,
            line=first.line or None,
        )


def id_of(job: str | Job) -> str:
    """Return a job's id."""
    return job.id if isinstance(job, Job) else job
