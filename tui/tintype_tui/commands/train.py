"""`tintype train`: check, estimate, upload, create, and if wished follow to the end."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tintype.errors import SettingsError
from tintype_tui.commands.output import (
    Progress,
    as_json,
    asynchronous,
    leave,
    profile_option,
    put,
    put_json,
    say,
)
from tintype_tui.words.costs import launch_words

if TYPE_CHECKING:
    from tintype.api import Api
    from tintype.estimate import Estimate
    from tintype.quote import Quote
    from tintype.resources import Job
    from tintype.settings import Profile, Settings
    from tintype.store import Store


def dollars(text: str) -> Decimal:
    """A sum of money; `ValueError` for what is none, NaN among them."""
    try:
        sum_usd = Decimal(text)
    except InvalidOperation as error:
        raise ValueError from error
    if not sum_usd.is_finite() or sum_usd < 0:
        raise ValueError
    return sum_usd


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the person asked for."""

    path: Path
    validation: Path | None
    model: str
    suffix: str | None
    epochs: int | None
    batch_size: int | None
    learning_rate_multiplier: float | None
    seed: int | None


@click.command(name="train")
@click.argument("path", type=click.Path(path_type=Path))
@profile_option
@click.option("--validation", type=click.Path(path_type=Path), help="Rows to measure with.")
@click.option("--model", default="", help="The base model; by default the provider's usual one.")
@click.option("--suffix", help="A word of yours in the tuned model's name.")
@click.option("--epochs", type=click.IntRange(1, 50), help="By default as the provider chooses.")
@click.option("--batch-size", type=click.IntRange(1, 256))
@click.option("--learning-rate-multiplier", type=click.FloatRange(min=0, min_open=True))
@click.option("--seed", type=click.IntRange(0, 2**31 - 1))
@click.option("--wait", is_flag=True, help="Follow the job until it has ended.")
@click.option("--dry-run", is_flag=True, help="Check and estimate; send nothing.")
@click.option("--yes", is_flag=True, help="Do not ask, whatever it costs, up to the limits.")
@click.option(
    "--budget", type=dollars, help="Never launch what may cost more US dollars than this."
)
@as_json
@asynchronous
async def command(
    profile: str | None,
    wait: bool,
    dry_run: bool,
    yes: bool,
    budget: Decimal | None,
    as_json: bool,
    **wishes: Any,
) -> None:
    """Fine-tune a model on the dataset at PATH.

    Says the sum first and asks before it spends more than the limit in the settings. Exit codes:
    0 launched (with --wait: succeeded), 1 refused by the rules, or the job failed, 2 could not run.
    """
    from tintype import jobs
    from tintype_tui.commands.session import at_work, chosen

    wanted = Wishes(**wishes)
    settings, provider = chosen(profile)
    quote = await _foresee(wanted, settings, provider, as_json)
    estimate, summary = quote.estimate, quote.assessment.summary
    if summary is None or summary.status == "error":
        say("The provider would refuse this file: see `tintype check`.")
        leave(1)
    if dry_run:
        return
    _agree(estimate, settings, yes=yes, budget=budget)
    async with at_work(settings, provider) as (api, store):
        spent = jobs.spent_this_month(store, datetime.now().astimezone())
        jobs.keep_within(settings.month_limit_usd, spent, estimate.cost_usd)
        job = await _launch(wanted, quote, api, store, Progress(quiet=as_json))
        if wait:
            from tintype_tui.commands.watch import follow_job, tell_why

            job = await follow_job(api, store, job.id, as_json=False, quiet=as_json)
            await tell_why(api, store, job)
    if as_json:
        put_json(job, indent=2)
    else:
        put(job.fine_tuned_model or job.id)
    if wait and job.status != "succeeded":
        leave(1)


async def _foresee(
    wanted: Wishes, settings: "Settings", profile: "Profile", quiet: bool
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
            f"tokens in {estimate.epochs} epochs of {estimate.rows:,} rows."
        )
    return quote


def _agree(
    estimate: "Estimate", settings: "Settings", *, yes: bool, budget: Decimal | None
) -> None:
    """Refuse what is over the budget; ask where the sum is above the limit, or unknown."""
    cost = estimate.cost_usd
    if budget is not None and (cost is None or cost.high > budget):
        sum_in_words = "an unknown sum" if cost is None else f"up to ${cost.high:.2f}"
        raise SettingsError(
            f"This may cost {sum_in_words}, and the budget is ${budget}.",
            advice="Raise --budget, train fewer epochs, or put the price into your price table.",
        )
    if cost is not None and (cost.high == 0 or cost.high < settings.spend_confirm_usd):
        return
    if not yes:
        click.confirm("Launch it?", abort=True, err=True)


async def _launch(
    wanted: Wishes, quote: "Quote", api: "Api", store: "Store", progress: Progress
) -> "Job":
    from tintype import jobs

    order = jobs.Order(
        quote,
        suffix=wanted.suffix,
        seed=wanted.seed,
        batch_size=wanted.batch_size or "auto",
        learning_rate_multiplier=wanted.learning_rate_multiplier or "auto",
    )
    async for step in jobs.launch(api, store, order):
        progress(launch_words(step))
        if step.job is not None:
            progress.clear()
            say(f"Launched {step.job.id}.")
            return step.job
    raise AssertionError("a launch ends with a job")
