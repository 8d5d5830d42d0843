"""`tintype estimate`: tokens and cost, before a cent is spent."""

from pathlib import Path

import click

from tintype_tui.commands.output import (
    Progress,
    as_json,
    asynchronous,
    profile_option,
    put,
    put_json,
    say,
)
from tintype_tui.text import count, number


@click.command(name="estimate")
@click.argument("path", type=click.Path(path_type=Path))
@profile_option
@click.option("--model", default="", help="The base model; by default the provider's usual one.")
@click.option("--epochs", type=click.IntRange(1, 50), help="By default as the provider chooses.")
@click.option(
    "--detail",
    type=click.Choice(["as is", "low", "high"]),
    default="as is",
    help="What if every picture asked for this level of detail.",
)
@click.option("--no-fetch", is_flag=True, help="Do not fetch pictures from the web.")
@as_json
@asynchronous
async def command(
    path: Path,
    profile: str | None,
    model: str,
    epochs: int | None,
    detail: str,
    no_fetch: bool,
    as_json: bool,
) -> None:
    """Work out what training on the dataset at PATH will take: tokens, money, bytes."""
    from tintype_tui.commands.counting import counted, reckoned
    from tintype_tui.commands.session import chosen
    from tintype_tui.reports import estimate_report
    from tintype_tui.widgets.cost_card import cost_words, tokens_words

    settings, provider = chosen(profile)
    progress = Progress(quiet=as_json)
    counts, _ = await counted(path, provider, model, progress, fetch=not no_fetch)
    found = reckoned(counts, provider, settings, epochs=epochs, detail=detail)
    if as_json:
        put_json(estimate_report(found), indent=2)
        return
    put(f"{cost_words(found)} at {provider.name} with {found.plan.model}")
    put(f"  {tokens_words(found.billed_tokens)} tokens billed")
    put(
        f"  = {tokens_words(found.tokens_per_epoch)} per epoch × "
        f"{count(found.epochs, 'epoch')} ({found.epochs_reason})"
    )
    put(f"  text {number(found.text_tokens.likely)}, pictures {number(found.image_tokens.likely)}")
    put(f"  {count(found.rows, 'row')}, {count(found.skipped, 'row')} skipped")
    for reason in found.reasons:
        say(f"  · {reason}")
