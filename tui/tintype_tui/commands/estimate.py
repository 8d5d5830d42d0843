"""`tintype estimate`: tokens and cost, before a cent is spent."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from tintype_tui.commands.forms import form_options, put_value
from tintype_tui.commands.output import (
    A_PATH,
    Progress,
    asynchronous,
    leave,
    plain,
    profile_option,
    put,
    say,
)
from tintype_tui.text import count, number, pad

if TYPE_CHECKING:
    from tintype.assessment import Assessment
    from tintype.estimation import Estimate
    from tintype.jobs import Prospects
    from tintype.quote import Quote
    from tintype.settings import Profile, Settings
    from tintype.tokens import Detail


@click.command(name="estimate")
@click.argument("path", type=A_PATH)
@profile_option
@click.option("--model", default="", help="The base model; by default the provider's usual one.")
@click.option("--epochs", type=click.IntRange(1, 50), help="By default the provider chooses.")
@click.option(
    "--detail",
    type=click.Choice(["as is", "low", "high"]),
    default="as is",
    help="Estimate as if every image had this detail.",
)
@click.option(
    "--longest-side", type=click.IntRange(min=16), help="What if images had so many pixels at most?"
)
@click.option("--quality", type=click.IntRange(1, 95), help="What if they were JPEGs of it?")
@click.option("--rows", type=click.IntRange(min=1), help="What if only so many rows were drawn?")
@click.option("--answers", default="", metavar="CONVENTION", help="What if boxes were so written?")
@click.option("-o", "--output", type=A_PATH, help="Write the copy of which that is true.")
@click.option("--compare", is_flag=True, help="Compare all providers with known rules.")
@click.option("--why", type=int, metavar="LINE", help="Explain the tokens of this line.")
@click.option("--no-fetch", is_flag=True, help="Do not fetch images from the web.")
@form_options
@asynchronous
async def command(
    path: Path,
    profile: str | None,
    model: str,
    epochs: int | None,
    detail: str,
    longest_side: int | None,
    quality: int | None,
    rows: int | None,
    answers: str,
    output: Path | None,
    compare: bool,
    why: int | None,
    no_fetch: bool,
    form: str | None,
) -> None:
    """Estimate what training on the dataset at PATH takes: tokens, cost, bytes.

    With --md alone that is a page to be signed off.
    """
    from dataclasses import replace

    from tintype.estimation.what_if import WhatIf
    from tintype.pricing import load_prices
    from tintype.quote import planned
    from tintype_tui.commands.counting import assessed, quoted
    from tintype_tui.commands.session import chosen
    from tintype_tui.commands.what_if import compare_changes
    from tintype_tui.words.estimate_markdown import estimate_markdown

    settings, provider = chosen(profile)
    progress = Progress(quiet=form is not None)
    if compare:
        await _compare(path, settings, progress, epochs, cast("Detail", detail), not no_fetch, form)
        return
    assessment = await assessed(path, provider, model, progress, fetch=not no_fetch)
    if why is not None:
        await _explain(assessment, why, form)
        return
    change = WhatIf(cast("Detail", detail), longest_side, quality, rows)
    if answers or output is not None or replace(change, detail="as is") != WhatIf():
        plan, prices = planned(assessment, provider.provider, epochs), load_prices(settings.prices)
        await compare_changes(assessment, plan, prices, change, answers, output, progress, form)
        return
    made = await quoted(
        assessment, provider, settings, epochs=epochs, detail=cast("Detail", detail)
    )
    expected = await _expected(made, provider, settings)
    if form == "md":
        click.echo(estimate_markdown(made, expected, datetime.now(UTC).date()), nl=False)
    elif form:
        put_value(_report(made.estimate, expected), form, path.name)
    else:
        _print(made.estimate, expected, provider.name)
    if not made.estimate.tokens_per_epoch.high:
        words = [one.message for one in assessment.problems if one.severity == "error"][:1]
        say(" ".join([f"{path}: no row of it can be trained on.", *words]))
        leave(1)
    if assessment.summary is None or assessment.summary.status == "error":
        say("The provider would reject this file: run `tintype check`.")


def _report(found: "Estimate", expected: "Prospects") -> dict[str, Any]:
    from tintype_tui.words.reports import estimate_report, forecast_report

    report = {"forecast": forecast_report(expected.forecast), "expected": plain(expected)}
    report["expected"].pop("forecast")
    return estimate_report(found) | report


def _print(found: "Estimate", expected: "Prospects", name: str) -> None:
    from tintype_tui.words.costs import cost_words, time_words, tokens_words
    from tintype_tui.words.prospects import prospects_lines

    foreseen = expected.forecast
    time = f", {time_words(foreseen)}" if foreseen else ""
    put(f"{cost_words(found)}{time} at {name} with {found.plan.model}")
    put(f"  {tokens_words(found.billed_tokens)} tokens billed")
    put(
        f"  = {tokens_words(found.tokens_per_epoch)} per epoch × "
        f"{count(found.epochs, 'epoch')} ({found.epochs_reason})"
    )
    cut = f", cut off −{number(found.cut_tokens.likely)}" if found.cut_tokens.high else ""
    text, images = number(found.text_tokens.likely), number(found.image_tokens.likely)
    put(f"  text {text}, images {images}{cut}")
    put(f"  {count(found.rows, 'row')}, {count(found.skipped, 'row')} skipped")
    for line in prospects_lines(expected, found):
        put(f"  {line}")
    for reason in (*found.reasons, *([foreseen.reason] if foreseen else [])):
        say(f"  · {reason}")


async def _explain(assessment: "Assessment", line: int, form: str | None) -> None:
    """Print how the tokens of a row come about."""
    from tintype.dataset import open_dataset
    from tintype.estimation import explained
    from tintype_tui.words.tokens import row_words

    async with open_dataset(assessment.file.path) as dataset:
        index = await dataset.find_line(line)
        row = await explained(dataset, index, assessment.counts.rule, assessment.fetched)
    if form:
        put_value(row, form, f"Line {line}")
        return
    for words in row_words(row, skipped=assessment.figures.skips(index)):
        put(words)


async def _expected(made: "Quote", profile: "Profile", settings: "Settings") -> "Prospects":
    """What is expected beside the bill; of one's own past only where there is a store."""
    from tintype.paths import exists
    from tintype.pricing import load_prices
    from tintype.prospects import prospects, usual_request
    from tintype.store import open_store

    prices, file = load_prices(settings.prices), settings.folders.store_file
    request = await usual_request(made.assessment)
    if profile.dialect != "embedded" and not exists(file):
        return await prospects(None, profile, made, prices, request)
    async with open_store(file) as store:
        return await prospects(store, profile, made, prices, request, settings=settings)


async def _compare(
    path: Path,
    settings: "Settings",
    progress: Progress,
    epochs: int | None,
    detail: "Detail",
    fetch: bool,
    form: str | None,
) -> None:
    """Print one line for each base model of each provider."""
    from tintype.dataset import open_dataset
    from tintype.offers import Offer
    from tintype.offers import compare as compared
    from tintype.pricing import load_prices
    from tintype_tui.words.costs import cost_words, verdict_words
    from tintype_tui.words.reports import offers_report

    prices, today = load_prices(settings.prices), datetime.now(UTC).date()
    offers: tuple[Offer, ...] = ()
    async with open_dataset(path) as dataset:
        steps = compared(dataset, prices, epochs=epochs, detail=detail, fetch=fetch, today=today)
        async for step in steps:
            progress(f"checking: {step.bytes_done / max(1, step.size_bytes):.0%}")
            offers = step.offers
    progress.clear()
    if form:
        put_value({"offers": offers_report(offers)}, form, path.name, "offers")
        return
    for offer in offers:
        title, model = pad(offer.profile.title, 22), pad(offer.estimate.plan.model, 27)
        end = offer.estimate.shutdown
        until = f", shut down on {end.date}" if end else ""
        cost = pad(cost_words(offer.estimate, doubts=False), 17)
        put(f"{title} {model} {cost} {verdict_words(offer)}{until}")
