"""What is known of a training beforehand: what is trained where, how long it takes, what else."""

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from tintype.connection import server_folder
from tintype.errors import SettingsError
from tintype.providers import identity
from tintype.settings import Profile, Settings

if TYPE_CHECKING:
    from tintype.assessment import Assessment
    from tintype.estimation import Estimate, Forecast
    from tintype.estimation.usage import Request
    from tintype.jobs import Prospects
    from tintype.pricing import Prices
    from tintype.quote import Quote
    from tintype.store import Store

LATELY = 50
"""How many jobs are looked through for one of the same base model."""


async def base_models(provider: str) -> tuple[str, ...]:
    """Return what can be trained at a provider, the usual one first, as far as it is known.

    Raises:
        EngineError: if an engine of the embedded server cannot be loaded.
        SettingsError: if there is no such provider.
    """
    from tintype import rules

    judged_by = rules.rules_of(provider)
    known = (judged_by.model, *judged_by.vision_models, *judged_by.text_models)
    if identity(provider).dialect == "embedded":
        from tintype.engines import engines

        known = (judged_by.model, *await asyncio.to_thread(engines, server_folder()))
    return tuple(dict.fromkeys(known))


async def refuse_untrainable(provider: str, model: str) -> None:
    """Refuse a base model that the embedded server cannot train, and that is so not free.

    Raises:
        SettingsError: naming what it trains.
    """
    if not model or identity(provider).dialect != "embedded":
        return
    known = await base_models(provider)
    if model not in known:
        raise SettingsError(
            f"The embedded provider does not train {model!r}.",
            advice=f"It trains {', '.join(known)}; for others name another provider.",
        )


async def forecast(
    store: "Store",
    profile: Profile,
    estimate: "Estimate",
    batch_size: int | None = None,
    settings: Settings | None = None,
) -> "Forecast | None":
    """Return how long a training will take by one's own earlier ones; none for an unknown engine.

    On this machine the pace is that of the newest training of the same base model whose steps the
    store has; elsewhere that of one's own jobs there, from creation to end.

    Args:
        store: Where events of earlier trainings are.
        profile: Whose provider.
        estimate: Rows, base model and epochs.
        batch_size: Rows in a step; none for what the engine chooses.
        settings: What this machine costs, and how many processes share a step; none for unknown
            costs and one process.

    Raises:
        EngineError: if an engine cannot be loaded.
        StoreError: if the store cannot be read.
    """
    from tintype.engines import engines
    from tintype.engines.launchers import processes
    from tintype.engines.lora.machine import WITHOUT_GPU, this_machine
    from tintype.estimation import forecast, step_time
    from tintype.jobs import job_time
    from tintype.resources import Hyperparameters

    model = estimate.plan.model
    if identity(profile.provider).dialect != "embedded":
        return job_time(store, profile.name, estimate)
    if (engine := (await asyncio.to_thread(engines, server_folder())).get(model)) is None:
        return None
    asked = Hyperparameters(estimate.plan.epochs or "auto", batch_size or "auto")
    chosen = engine.resolve(estimate.rows, asked)
    steps = -(-estimate.rows // chosen.batch_size) * chosen.n_epochs
    measured = None
    for kept in store.jobs.newest(LATELY, profile=profile.name):
        batch = kept.job.hyperparameters.batch_size
        if measured is None and kept.job.model == model and batch != "auto":
            measured = step_time(
                kept.job.id, batch, await store.jobs.events(profile.name, kept.job.id)
            )
    if (needed := engine.card.training_bytes) is None:
        return forecast(steps, chosen.batch_size, measured, model)
    sharing: int | None = 1
    if settings is not None:
        launcher, options = settings.launcher, settings.launcher_options
        sharing = await asyncio.to_thread(processes, launcher, options)
    if settings is None or launcher == "local":
        needed *= 1 if (await asyncio.to_thread(this_machine)).gpus else WITHOUT_GPU
    found = forecast(steps, chosen.batch_size, measured, model, sharing)
    usd_per_hour = settings.machine_usd_per_hour if settings is not None else None
    return replace(found, memory_bytes=needed, usd_per_hour=usd_per_hour)


async def usual_request(found: "Assessment") -> "Request | None":
    """Return what a request to the tuned model is likely to be; it is of the file, not of the plan.

    Raises:
        DatasetError: if the file cannot be read.
    """
    from tintype.dataset import open_dataset
    from tintype.estimation import usage

    async with open_dataset(found.file.path) as dataset:
        async for _ in dataset.index():
            pass
        return await usage.usual_request(dataset, found.counts, found.counts.rule)


async def prospects(
    store: "Store | None",
    profile: Profile,
    made: "Quote",
    prices: "Prices",
    request: "Request | None",
    batch_size: int | None = None,
    settings: Settings | None = None,
) -> "Prospects":
    """Return what is to be expected of a training beside its bill; nothing is read of the file.

    Without a store nothing is known of one's own past.

    Raises:
        EngineError: if an engine cannot be loaded.
        StoreError: if the store cannot be read.
    """
    from tintype.estimation.usage import break_even
    from tintype.jobs import Prospects, learnt, upload_speed

    estimate, others = made.estimate, made.assessment.rules.text_models
    answers = break_even(request, estimate, prices, others) if request is not None else ()
    if store is None:
        return Prospects(request=request, answers=answers)
    return Prospects(
        await forecast(store, profile, estimate, batch_size, settings),
        upload_speed(store, profile.name),
        learnt(store, profile.name, estimate.plan.model),
        request,
        answers,
    )
