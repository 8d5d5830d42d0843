"""`tintype move`: a job taken to another provider, or to a trainer of one's own."""

from collections.abc import Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tintype_tui.commands.agreeing import agreed, confirm_option, dollars, yes_option
from tintype_tui.commands.output import (
    A_NAME,
    A_PATH,
    Progress,
    as_json,
    asynchronous,
    leave,
    profile_option,
    put,
    put_json,
    say,
)
from tintype_tui.text import count, pad

if TYPE_CHECKING:
    from tintype.moving import MappedSetting, MovedFile, MovedSettings
    from tintype.quote import Quote
    from tintype.settings import Profile, Settings
    from tintype.store import KeptJob

MOST_SAID = 20
"""Rows whose changes are said one by one; `--json` has all."""


@click.command(name="move")
@click.argument("job_id", type=A_NAME, metavar="JOB")
@profile_option
@click.option("--to", "target", metavar="PROFILE", help="The provider to train at.")
@click.option("--model", default="", help="The base model there; by default its usual one.")
@click.option(
    "--recipe",
    type=click.Choice(["ms-swift", "llama-factory", "trl", "unsloth"]),
    help="Write a recipe for this trainer instead.",
)
@click.option("--base", default="", help="The open model that the recipe trains.")
@click.option("--out", "-o", type=A_PATH, help="The folder to write into.")
@click.option("--dry-run", is_flag=True, help="Say what changes and what it costs; send nothing.")
@click.option("--wait", is_flag=True, help="Wait until the job has ended.")
@yes_option
@confirm_option
@click.option("--budget", type=dollars, help="Launch nothing that may cost more, in US dollars.")
@as_json
@asynchronous
async def command(
    job_id: str,
    profile: str | None,
    target: str | None,
    recipe: str | None,
    out: Path | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Train JOB's data at another provider (--to), or write a recipe for a trainer (--recipe).

    JOB is one that Tintype knows, restored ones included; `last` is the newest of the profile in
    use. The data is converted to the target's rules, each changed row listed; settings are mapped,
    each with its reason; the price there is said and confirmed before anything is sent.
    """
    from tintype import moving
    from tintype.jobs import kept_job
    from tintype.settings import load
    from tintype.store import open_store

    if (target is None) == (recipe is None):
        raise click.UsageError("Name either --to PROFILE or --recipe TRAINER.")
    settings = load()
    async with open_store(settings.folders.store_file) as store:
        kept = kept_job(store, job_id, profile, settings.default_profile)
    if moving.has_changed(kept):
        say(f"The training file has changed since {kept.job.id} was made from it.")
    if recipe is not None:
        from tintype_tui.commands.move_recipe import write

        await write(kept, recipe, options["base"], out, as_json=as_json)
        return
    assert target is not None  # one of the two is named
    await _move(kept, target, settings, out, options, as_json=as_json)


async def _move(
    kept: "KeptJob",
    target: str,
    settings: "Settings",
    out: Path | None,
    options: dict[str, Any],
    *,
    as_json: bool,
) -> None:
    from tintype import connection, moving
    from tintype.paths import absolute, safe_name
    from tintype_tui.commands.counting import assessed, quoted
    from tintype_tui.words.reports import estimate_report

    profile = connection.chosen(settings, target)
    same = kept.profile in settings.profiles and (
        settings.profiles[kept.profile].provider == profile.provider
    )
    chosen, said = moving.mapped(kept.job, same_provider=same)
    name = safe_name(f"{kept.job.id}-to-{profile.name}")
    folder = absolute(out) if out else settings.folders.data / "moved" / name
    training, validation = moving.data_of(kept)
    made = await _converted(training, folder / "train.jsonl", profile, quiet=as_json)
    valid = None
    if validation is not None:
        valid = await _converted(validation, folder / "valid.jsonl", profile, quiet=as_json)
    found = await assessed(made.path, profile, options["model"], Progress(quiet=as_json))
    quote = await quoted(
        found,
        profile,
        settings,
        epochs=chosen.epochs,
        validation=valid.path if valid else None,
    )
    if not as_json:
        _tell_settings(said)
        _tell_price(quote, profile)
    summary = found.summary
    if summary is None or summary.status == "error":
        say(f"{profile.title} would reject this file: run `tintype check {made.path} -p {target}`.")
        leave(1)
    told: dict[str, Any] = {
        "from": kept.job.id,
        "to": profile.name,
        "training": made.path,
        "validation": valid.path if valid else None,
        "changes": made.changed,
        "not_done": made.undone,
        "settings": said,
        "estimate": estimate_report(quote.estimate),
    }
    if not options["dry_run"]:
        told["job"] = await _launch(quote, chosen, profile, settings, options, quiet=as_json)
    if as_json:
        put_json(told, indent=2)
    elif "job" in told:
        put(told["job"].fine_tuned_model or told["job"].id)
    if options["wait"] and "job" in told and told["job"].status != "succeeded":
        leave(1)


async def _converted(source: Path, target: Path, profile: "Profile", *, quiet: bool) -> "MovedFile":
    from tintype import moving
    from tintype.moving import MovedFile

    found, progress = MovedFile(source), Progress(quiet=quiet)
    async with aclosing(moving.convert(source, target, profile.provider)) as steps:
        async for found in steps:
            progress(f"converting {source.name}: {count(len(found.changed), 'row')} to change")
    progress.clear()
    if not quiet:
        _tell_changes(found, source)
    return found


def _tell_changes(found: "MovedFile", source: Path) -> None:
    if not found.changed:
        say(f"{source.name}: no row changes.")
        return
    say(f"{source.name}: {count(len(found.changed), 'row')} changed, in {found.path}")
    for one in found.changed[:MOST_SAID]:
        say(f"  line {one.line:,}: {'; '.join(one.words)}")
    if len(found.changed) > MOST_SAID:
        say(f"  and {len(found.changed) - MOST_SAID:,} more; --json lists all.")
    for words in found.undone:
        say(f"  could not be done: {words}")


def _tell_settings(said: "Sequence[MappedSetting]") -> None:
    for one in said:
        say(f"{pad(one.name, 24)} {pad(one.before, 8)} → {pad(one.after, 8)} {one.why}")


def _tell_price(quote: "Quote", profile: "Profile") -> None:
    from tintype_tui.words.costs import cost_words, tokens_words

    estimate = quote.estimate
    say(
        f"{cost_words(estimate)} at {profile.name}: {tokens_words(estimate.billed_tokens)} tokens "
        f"in {count(estimate.epochs, 'epoch')} of {count(estimate.rows, 'row')}, training "
        f"{estimate.plan.model}."
    )


async def _launch(
    quote: "Quote",
    chosen: "MovedSettings",
    profile: "Profile",
    settings: "Settings",
    options: dict[str, Any],
    *,
    quiet: bool,
) -> Any:
    from tintype import jobs
    from tintype.budget import Limits, demand
    from tintype_tui.commands.session import at_work
    from tintype_tui.commands.train import followed, launched, recorded

    budget: Decimal | None = options["budget"]
    order = jobs.Order(
        quote,
        suffix=chosen.suffix,
        seed=chosen.seed,
        batch_size=chosen.batch_size or "auto",
        learning_rate_multiplier=chosen.learning_rate_multiplier or "auto",
    )
    limits = Limits.of(settings, budget_usd=budget)
    async with at_work(settings, profile) as (api, store):
        wanted = demand(store, order.expense(profile.name), limits=limits, now=datetime.now(UTC))
        confirmation = agreed(wanted, options["confirm"], yes=options["yes"], act="launch")
        launching = jobs.launch(api, store, order, limits=limits, confirmation=confirmation)
        job = await launched(launching, Progress(quiet=quiet))
        if options["wait"]:
            job = await followed(settings, api, store, job, quiet=quiet)
        else:
            await recorded(settings, profile)
    return job
