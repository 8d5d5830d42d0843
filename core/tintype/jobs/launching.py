"""Launching a training: its files sent, the job made once, and what went into it kept."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tintype.api import SYSTEM, Api, Clock
from tintype.budget import Confirmation, Expense, Limits, authorize, check
from tintype.errors import ApiError
from tintype.jobs.billing import made_certain
from tintype.jobs.creating import create
from tintype.jobs.sending import UploadProgress
from tintype.jobs.uploading import upload
from tintype.resources import Hyperparameters, Job, JobRequest
from tintype.store import MadeFrom, Source, Store

if TYPE_CHECKING:
    from tintype.estimation import Estimate
    from tintype.quote import Quote


@dataclass(frozen=True, slots=True)
class Order:
    """A training to be launched: what was quoted, and how to train beyond what the quote says."""

    quote: "Quote"
    """Files, base model, epochs and cost; kept with the job, to be compared with the bill."""
    suffix: str | None = None
    seed: int | None = None
    batch_size: int | Literal["auto"] = "auto"
    learning_rate_multiplier: float | Literal["auto"] = "auto"
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Hyperparameters that the base model's provider knows beyond these."""

    @property
    def training(self) -> Path:
        """The training file."""
        return self.quote.training

    @property
    def validation(self) -> Path | None:
        """The validation file, if there is one."""
        return self.quote.validation.path if self.quote.validation else None

    @property
    def model(self) -> str:
        """The base model."""
        return self.quote.plan.model

    @property
    def estimate(self) -> "Estimate":
        """What was promised."""
        return self.quote.estimate

    @property
    def hyperparameters(self) -> Hyperparameters:
        """As the job's request has them; the epochs are those that were quoted."""
        return Hyperparameters(
            self.quote.plan.epochs or "auto",
            self.batch_size,
            self.learning_rate_multiplier,
            self.extra,
        )

    def request(self, training: str, validation: str | None) -> JobRequest:
        """The request, given the files' ids at the provider."""
        return JobRequest(
            model=self.model,
            training_file=training,
            validation_file=validation,
            suffix=self.suffix,
            seed=self.seed,
            hyperparameters=self.hyperparameters,
        )

    def expense(self, profile: str, subject: str = "") -> Expense:
        """What the training is expected to cost at a profile's provider."""
        cost = self.estimate.cost_usd
        return Expense(
            profile,
            self.model,
            "training",
            subject,
            self.estimate.billed_tokens.likely,
            cost.likely if cost else None,
            cost.high if cost else None,
        )

    def body(self) -> dict[str, Any]:
        """The request's body as far as it is known before the files are sent: their names."""
        body: dict[str, Any] = {
            "model": self.model,
            "training_file": self.training.name,
            "validation_file": self.validation.name if self.validation else None,
            "suffix": self.suffix,
            "seed": self.seed,
            "method": {
                "type": "supervised",
                "supervised": {"hyperparameters": self.hyperparameters.flat()},
            },
        }
        return {name: value for name, value in body.items() if value is not None}


@dataclass(frozen=True, slots=True)
class LaunchProgress:
    """How far a launch has come."""

    file: Path | None = None
    """The file on its way; none while the job is being made."""
    upload: UploadProgress | None = None
    job: Job | None = None
    """On the last one only."""


async def launch(
    api: Api,
    store: Store,
    order: Order,
    *,
    limits: Limits,
    confirmation: Confirmation,
    clock: Clock = SYSTEM,
) -> AsyncGenerator[LaunchProgress, None]:
    """Send the files, enter the expected cost into the ledger and create the job.

    Leaving the generator before the job is made stops the launch; launching the same again goes on
    where it was left.

    Args:
        api: The provider.
        store: Where what is learnt is kept, the ledger among it.
        order: What is to be trained.
        limits: What may be spent.
        confirmation: What a person has agreed to.
        clock: The time.

    Raises:
        QuoteError: if what the quote was made from has changed; nothing is sent then.
        ConfirmationError: if the cost has to be confirmed, and is not; nothing was sent.
        BudgetError: if a limit could be passed; nothing was sent.
        DatasetError: if a file cannot be read, or changed meanwhile.
        ApiError: if the provider refuses or cannot be reached; see `create` about doubt.
        StoreError: if the store cannot be written.
    """
    await asyncio.to_thread(order.quote.require, provider=api.profile.provider)
    expense = order.expense(api.profile.name)
    check(store, expense, limits=limits, confirmation=confirmation, now=clock.now())
    sent: dict[Path, tuple[str, Source]] = {}
    for path in filter(None, (order.training, order.validation)):
        async with aclosing(upload(api, store, path, clock=clock)) as uploading:
            async for progress in uploading:
                yield LaunchProgress(path, progress)
                if progress.file is not None:
                    sent[path] = (progress.file.id, Source(str(path.absolute()), progress.digest))
    yield LaunchProgress()
    await asyncio.to_thread(order.quote.require, provider=api.profile.provider)
    training = sent[order.training]
    validation = sent[order.validation] if order.validation else None
    made_from = MadeFrom(
        training=training[1],
        validation=validation[1] if validation else None,
        estimate=_promised(order.estimate),
        request=order.body(),
    )
    request = order.request(training[0], validation[0] if validation else None)
    job = await _create(api, store, request, made_from, expense, limits, confirmation, clock)
    yield LaunchProgress(job=job)


async def _create(
    api: Api,
    store: Store,
    request: JobRequest,
    made_from: MadeFrom,
    expense: Expense,
    limits: Limits,
    confirmation: Confirmation,
    clock: Clock,
) -> Job:
    """Create the job; its cost is in the ledger from before it is asked for, as in doubt."""
    ledger, profile = store.spending, api.profile.name
    entered: list[str] = []

    def enter(token: str) -> None:
        authorize(
            store,
            replace(expense, subject=token),
            limits=limits,
            confirmation=confirmation,
            now=clock.now(),
            state="in doubt",
        )
        entered.append(token)

    try:
        job = await create(api, store, request, made_from, enter=enter, clock=clock)
    except ApiError:
        waiting = {pending.token for pending in store.jobs.pending(profile)}
        for token in entered:
            if token not in waiting:  # refused: there is no job
                ledger.remove(profile, "training", token)
        raise
    for token in entered:
        made_certain(store, profile, token, job.id)
    return job


def _promised(estimate: "Estimate") -> Mapping[str, Any]:
    cost = estimate.cost_usd
    return {
        "billed_tokens": estimate.billed_tokens.likely,
        "tokens_per_epoch": estimate.tokens_per_epoch.likely,
        "epochs": estimate.epochs,
        "cost_usd": str(cost.likely) if cost else None,
    }
