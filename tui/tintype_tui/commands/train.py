"""`tintype train`: check, estimate, upload, create, and with --wait follow to the end."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tintype.errors import TintypeError
from tintype_tui.commands.agreeing import agreed, confirm_option, dollars, yes_option
from tintype_tui.commands.output import (
    A_PATH,
    Progress,
    as_json,
    asynchronous,
    leave,
    profile_option,
    put,
    put_json,
    say,
    while_read,
)
from tintype_tui.text import count
from tintype_tui.words.costs import launch_words
from tintype_tui.words.reports import estimate_report

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from tintype.api import Api
    from tintype.budget import Limits
    from tintype.jobs import LaunchProgress, Order
    from tintype.quote import Quote
    from tintype.resources import Job
    from tintype.settings import Profile, Settings
    from tintype.store import Store


@dataclass(frozen=True, slots=True)
class Options:
    """What the person asked for."""

    path: Path
    validation: Path | None
    model: str
    suffix: str | None
    epochs: int | None
    batch_size: int | None
    learning_rate_multiplier: float | None
    seed: int | None
    lora_rank: int | None
    lora_alpha: float | None
    lora_modules: str | None

    @property
    def extra(self) -> dict[str, Any]:
        """Hyperparameters that only open models have."""
        listed = re.findall(r"[^\s,]+", self.lora_modules or "") or None
        values = (self.lora_rank, self.lora_alpha, listed)
        named = zip(("lora_rank", "lora_alpha", "lora_target_modules"), values, strict=True)
        return {name: value for name, value in named if value is not None}


@click.command(name="train")
@click.argument("path", type=A_PATH)
@profile_option
@click.option("--validation", type=A_PATH, help="The validation file.")
@click.option("--model", default="", help="The base model; by default the provider's usual one.")
@click.option("--suffix", help="Your own word in the name of the tuned model.")
@click.option("--epochs", type=click.IntRange(1, 50), help="By default the provider chooses.")
@click.option("--batch-size", type=click.IntRange(1, 256))
@click.option("--learning-rate-multiplier", type=click.FloatRange(min=0, min_open=True))
@click.option("--seed", type=click.IntRange(0, 2**31 - 1))
@click.option(
    "--lora-rank", type=click.IntRange(1, 512), help="Open models: rank of the adapters (16)."
)
@click.option(
    "--lora-alpha",
    type=click.FloatRange(min=0, min_open=True),
    help="Open models: alpha / rank is the adapters' strength (alpha: twice the rank).",
)
@click.option(
    "--lora-modules",
    help="Open models: projections with adapters, e.g. q_proj,v_proj (all seven).",
)
@click.option("--wait", is_flag=True, help="Wait until the job has ended.")
@click.option("--dry-run", is_flag=True, help="Check and estimate; send nothing.")
@yes_option
@confirm_option
@click.option(
    "--budget", type=dollars, help="Launch nothing that may cost more than this, in US dollars."
)
@as_json
@asynchronous
async def command(
    profile: str | None,
    wait: bool,
    dry_run: bool,
    yes: bool,
    confirm: str | None,
    budget: Decimal | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Fine-tune a model on the dataset at PATH.

    Shows the cost first, and asks you to type it if it may reach `spend_confirm_usd`. Exit codes:
    0 launched (with --wait: succeeded), 1 refused by the rules, or the job failed, 2 could not run.
    """
    from tintype import jobs
    from tintype.budget import Limits, demand
    from tintype.quote import validation_concern
    from tintype_tui.commands.session import at_work, chosen

    wanted = Options(**options)
    settings, provider = chosen(profile)
    quote = await _foresee(wanted, settings, provider, as_json)
    summary = quote.assessment.summary
    if summary is None or summary.status == "error":
        say("The provider would reject this file: run `tintype check`.")
        leave(1)
    if (found := await validation_concern(quote)) is not None:
        say(f"{found.title}. {found.words}")
        leave(1)
    order, limits = _order(wanted, quote), Limits.of(settings, budget_usd=budget)
    if dry_run:
        await _keep_within(limits, order, settings, provider)
        if as_json:
            put_json(
                {"estimate": estimate_report(quote.estimate), "request": order.body()}, indent=2
            )
        return
    async with at_work(settings, provider) as (api, store):
        expense, now = order.expense(provider.name), datetime.now(UTC)
        confirmation = agreed(
            demand(store, expense, limits=limits, now=now), confirm, yes=yes, act="launch"
        )
        launching = jobs.launch(api, store, order, limits=limits, confirmation=confirmation)
        job = await launched(launching, Progress(quiet=as_json))
        if wait:
            job = await followed(settings, api, store, job, quiet=as_json)
        else:
            await recorded(settings, provider)
    if as_json:
        put_json(job, indent=2)
    else:
        put(job.fine_tuned_model or job.id)
    if wait and job.status != "succeeded":
        leave(1)


async def followed(
    settings: "Settings", api: "Api", store: "Store", job: "Job", *, quiet: bool
) -> "Job":
    """Follow a job to its end, and say why it failed."""
    from tintype_tui.commands.watch import follow_job, tell_why

    job = await while_read(follow_job(settings, api, store, job.id, as_json=False, quiet=quiet))
    await tell_why(api, store, job)
    return job


async def recorded(settings: "Settings", provider: "Profile") -> None:
    """Have the job followed when this command has ended, unless that is not wanted."""
    from tintype import recorder

    if not settings.recorder:
        return
    try:
        await recorder.start(settings, provider.name)
    except TintypeError as error:
        say(f"{error} The job goes on; `tintype watch` follows it.")
    else:
        say("It is recorded from now on, with this terminal closed too: `tintype record --status`.")


async def _foresee(
    wanted: Options, settings: "Settings", profile: "Profile", quiet: bool
) -> "Quote":
    from tintype_tui.commands.counting import assessed, quoted
    from tintype_tui.words.costs import cost_words, tokens_words

    progress = Progress(quiet=quiet)
    assessment = await assessed(wanted.path, profile, wanted.model, progress)
    quote = await quoted(
        assessment, profile, settings, epochs=wanted.epochs, validation=wanted.validation
    )
    estimate = quote.estimate
    if not quiet:
        say(
            f"{cost_words(estimate)} at {profile.name}: {tokens_words(estimate.billed_tokens)} "
            f"tokens in {count(estimate.epochs, 'epoch')} of {count(estimate.rows, 'row')}."
        )
    return quote


async def _keep_within(
    limits: "Limits", order: "Order", settings: "Settings", profile: "Profile"
) -> None:
    """Refuse what a launch would refuse: a cost that could lead beyond a limit."""
    from tintype.budget import demand
    from tintype.store import open_store

    async with open_store(settings.folders.store_file) as store:
        demand(store, order.expense(profile.name), limits=limits, now=datetime.now(UTC))


def _order(wanted: Options, quote: "Quote") -> "Order":
    from tintype import jobs

    return jobs.Order(
        quote,
        suffix=wanted.suffix,
        seed=wanted.seed,
        batch_size=wanted.batch_size or "auto",
        learning_rate_multiplier=wanted.learning_rate_multiplier or "auto",
        extra=wanted.extra,
    )


async def launched(launching: "AsyncGenerator[LaunchProgress, None]", progress: Progress) -> "Job":
    """Show how far a launch is, until its job is there."""
    said = ""
    async for step in launching:
        progress(launch_words(step))
        if step.upload is not None and step.upload.trouble not in ("", said):
            said = step.upload.trouble
            progress.clear()
            say(said)
        if step.job is not None:
            progress.clear()
            say(f"Launched {step.job.id}.")
            return step.job
    raise AssertionError("a launch ends with a job")
