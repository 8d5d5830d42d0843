"""`tintype ask`: one question to one model or several, streamed."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from tintype_tui.commands.agreeing import confirm_option, yes_option
from tintype_tui.commands.asking import agreement, figures, read_question, report
from tintype_tui.commands.output import (
    A_NAME,
    as_json,
    asynchronous,
    leave,
    profile_option,
    put_json,
    say,
    while_read,
)
from tintype_tui.text import visible

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from tintype.prompting import Reply


@click.command(name="ask")
@click.argument("model", type=A_NAME)
@click.argument("text", required=False)
@profile_option
@click.option(
    "--also", multiple=True, metavar="MODEL", help="Another model to ask the same question."
)
@click.option(
    "--image", "-i", "images", multiple=True, metavar="PATH|URL|-", help="An image; - reads stdin."
)
@click.option("--row", metavar="FILE:LINE", help="Use a dataset row; TEXT replaces its question.")
@click.option("--system", help="A system prompt; with --row it replaces the row's.")
@click.option("--temperature", type=click.FloatRange(0, 2), default=0.0, show_default=True)
@click.option("--max-tokens", type=click.IntRange(min=1))
@click.option("--seed", type=int)
@yes_option
@confirm_option
@click.option(
    "--dry-run", is_flag=True, help="Print the request as curl, without the key; send nothing."
)
@click.option("--python", is_flag=True, help="With --dry-run: print it as a Python program.")
@as_json
@asynchronous
async def command(
    model: str,
    text: str | None,
    profile: str | None,
    also: tuple[str, ...],
    images: tuple[str, ...],
    row: str | None,
    system: str | None,
    temperature: float,
    max_tokens: int | None,
    seed: int | None,
    yes: bool,
    confirm: str | None,
    dry_run: bool,
    python: bool,
    as_json: bool,
) -> None:
    """Ask MODEL about images; TEXT is the question (- reads stdin), or --row has it.

    MODEL may be `last` for the model tuned last, and `--also base` asks what it was tuned from. The
    answer streams to standard output, figures to standard error. With --json, `answers` has one
    object a model, with its boxes in fractions of the image, compared with the row's.
    """
    from tintype.api import ChatRequest
    from tintype.budget import Limits
    from tintype.jobs import full_name
    from tintype.pricing import load_prices
    from tintype.prompting import as_curl, as_python, ask, remember
    from tintype_tui.commands.session import at_work, chosen

    settings, provider = chosen(profile)
    asked = await read_question(text, images, row, system)
    async with at_work(settings, provider) as (api, store):
        first = await full_name(model, api, store, other=model)
        names = [first, *[await full_name(name, api, store, other=first) for name in also]]
        requests = [
            ChatRequest(
                model=name,
                messages=asked.messages,
                temperature=temperature,
                max_tokens=max_tokens,
                seed=seed,
            )
            for name in dict.fromkeys(names)
        ]
        if dry_run:
            write = as_python if python else as_curl
            click.echo("\n\n".join(write(provider, api.base_url, one) for one in requests))
            return
        prices = load_prices(settings.prices)
        limits = Limits.of(settings)
        confirmation = await agreement(
            requests,
            provider,
            prices,
            limits,
            store,
            expected=asked.expected,
            confirm=confirm,
            yes=yes,
        )
        if asked.expected and not as_json:
            say(f"expected: {asked.expected}")
        answers, broken = [], False
        for request in requests:
            if len(requests) > 1 and not as_json:
                say(f"{request.model}:")
            asked_at = datetime.now(UTC)
            growing = ask(
                api,
                store,
                request,
                limits=limits,
                confirmation=confirmation,
                expected=asked.expected,
                prices=prices,
            )
            reply = await while_read(_stream(growing, quiet=as_json))
            await remember(store, provider, request, reply, asked_at, asked.sources)
            answers.append({"model": request.model, **report(reply, asked.expected)})
            broken = broken or bool(reply.trouble)
            if not as_json:
                say(figures(reply, asked.expected))
    if as_json:
        put_json({"answers": answers}, indent=2)
    if broken:
        leave(1)


async def _stream(growing: "AsyncGenerator[Reply, None]", *, quiet: bool) -> "Reply":
    from tintype.prompting import Reply

    reply, shown = Reply(), 0
    async for reply in growing:
        if not quiet and len(reply.text) > shown:
            click.echo(visible(reply.text[shown:]), nl=False)
            shown = len(reply.text)
    if not quiet:
        click.echo()
        for words in (reply.refusal, reply.hint, reply.trouble):
            if words:
                say(words)
    return reply
