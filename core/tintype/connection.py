"""Reaching the provider of a profile; the embedded server is found, or started, first.

The one module that knows both sides: the client (`api`) and where the embedded server runs.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tintype.errors import AuthenticationError, SettingsError
from tintype.paths import is_folder
from tintype.providers import identity
from tintype.settings import Profile, Secret, Settings, folders, key_for

if TYPE_CHECKING:
    from decimal import Decimal

    from tintype.api import Api, Patience
    from tintype.assessment import Assessment
    from tintype.estimation import Estimate, Forecast
    from tintype.estimation.usage import Request
    from tintype.jobs import Prospects
    from tintype.pricing import Prices
    from tintype.quote import Quote
    from tintype.server.run import Running
    from tintype.store import Store

LATELY = 50
"""How many jobs are looked through for one of the same base model."""


def chosen(settings: Settings, name: str | None) -> Profile:
    """Return the profile of a name, or the default one.

    Raises:
        SettingsError: if there is no profile of this name.
    """
    if name is None:
        return settings.profile
    if name not in settings.profiles:
        raise SettingsError(
            f"There is no profile {name!r}.",
            advice=f"Profiles are: {', '.join(sorted(settings.profiles))}.",
        )
    return settings.profiles[name]


def server_folder(settings: Settings | None = None) -> Path:
    """Where the embedded server keeps its files, jobs and models; by default by the environment."""
    return (settings.folders if settings else folders()).data / "server"


def found(settings: Settings) -> "Running | None":
    """The embedded server, if it runs."""
    from tintype.server.run import find

    return find(server_folder(settings))


async def running(settings: Settings) -> "Running":
    """The embedded server, started if it does not run; it outlives this process.

    Raises:
        StoreError: if it does not start.
    """
    from tintype.server.run import start

    return await start(server_folder(settings))


async def _revived(settings: Settings, notify: Callable[[str], None]) -> bool:
    """Start the embedded server again if it has gone; it keeps its address and key.

    Raises:
        StoreError: if it does not start.
    """
    if found(settings) is None:
        await running(settings)
        notify("The embedded server has been restarted.")
    return True


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
    usd_per_hour: "Decimal | None" = None,
) -> "Forecast | None":
    """Return how long a training will take by one's own earlier ones; none for an unknown engine.

    On this machine the pace is that of the newest training of the same base model whose steps the
    store has; elsewhere that of one's own jobs there, from creation to end.

    Args:
        store: Where events of earlier trainings are.
        profile: Whose provider.
        estimate: Rows, base model and epochs.
        batch_size: Rows in a step; none for what the engine chooses.
        usd_per_hour: What this machine costs; none if that is not known.

    Raises:
        EngineError: if an engine cannot be loaded.
        StoreError: if the store cannot be read.
    """
    from tintype.engines import engines
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
    found = forecast(steps, chosen.batch_size, measured, model)
    if (needed := engine.card.training_bytes) is None:
        return found
    return replace(found, memory_bytes=needed, usd_per_hour=usd_per_hour)


def worth_asking(settings: Settings, store: "Store") -> tuple[str, ...]:
    """Return the profiles at whose providers there may be something, by name.

    Those that a person has set up, or has had jobs at. Not the embedded server before it has ever
    run, nor a built-in profile without a key.

    Raises:
        StoreError: if the store cannot be read.
    """
    from tintype.settings.profile import BUILT_IN

    found = []
    for name, profile in settings.profiles.items():
        if profile.dialect == "embedded":
            inhabited = is_folder(server_folder(settings))
        elif profile != BUILT_IN.get(name) or store.jobs.newest(1, profile=name):
            inhabited = True
        else:
            try:
                inhabited = bool(key_for(profile, places=settings.folders))
            except SettingsError:
                inhabited = True  # the key file is to be complained of when it is asked
        found += [name] if inhabited else []
    return tuple(found)


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
    usd_per_hour: "Decimal | None" = None,
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
        await forecast(store, profile, estimate, batch_size, usd_per_hour),
        upload_speed(store, profile.name),
        learnt(store, profile.name, estimate.plan.model),
        request,
        answers,
    )


@asynccontextmanager
async def connected(
    settings: Settings,
    profile: Profile,
    notify: Callable[[str], None],
    *,
    patience: "Patience | None" = None,
) -> AsyncIterator["Api"]:
    """A connection to a profile's provider; nothing is asked yet.

    Args:
        settings: As loaded.
        profile: Whose provider.
        notify: Called with what was changed about the key file, and why a request waits.
        patience: How long to wait; by default as the api module does.

    Raises:
        AuthenticationError: if there is no key.
        StoreError: if the embedded server does not start.
        SettingsError: if the key file cannot be used.
    """
    from tintype.api import connect

    key, base_url = key_for(profile, places=settings.folders), None
    if key.notice:
        notify(key.notice)
    if not key and settings.origin(f"profiles.{profile.name}.key_env").kind != "default":
        raise AuthenticationError(
            f"There is no key for profile {profile.name}: {profile.key_env} is not set.",
            advice=f"Set {profile.key_env}, or save one with `tintype config key {profile.name}`.",
        )
    revive = partial(_revived, settings, notify) if profile.dialect == "embedded" else None
    if revive is not None:
        server = await running(settings)
        key, base_url = Secret(server.token, origin="the running server"), server.url
    async with connect(
        profile,
        key,
        base_url,
        patience=patience,
        read_only=settings.read_only,
        notify=notify,
        revive=revive,
    ) as api:
        yield api


class Connections:
    """The providers of several profiles, each connected when it is first asked for."""

    def __init__(
        self, settings: Settings, stack: AsyncExitStack, notify: Callable[[str], None]
    ) -> None:
        self._settings, self._stack, self._notify = settings, stack, notify
        self.known: dict[str, Api] = {}
        """By the profile's name."""

    async def at(self, profile: str) -> "Api":
        """A profile's connection, closed with the stack.

        Raises:
            SettingsError: if there is no such profile.
            AuthenticationError: if there is no key.
            StoreError: if the embedded server does not start.
        """
        if profile not in self.known:
            opened = connected(self._settings, chosen(self._settings, profile), self._notify)
            self.known[profile] = await self._stack.enter_async_context(opened)
        return self.known[profile]

    def split(self, word: str, default: str) -> tuple[str, str]:
        """A model's name and its profile, out of `MODEL` or `MODEL@PROFILE`."""
        name, mark, profile = word.rpartition("@")
        known = mark and profile in self._settings.profiles
        return (name, profile) if known else (word, default)
