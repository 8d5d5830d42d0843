"""`tintype ask`: one question to one model, streamed."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tintype.errors import DatasetError
from tintype_tui.commands.output import (
    as_json,
    asynchronous,
    leave,
    profile_option,
    put_json,
    say,
)
from tintype_tui.text import duration, money, visible

if TYPE_CHECKING:
    from tintype.prompting import Reply


@click.command(name="ask")
@click.argument("model")
@click.argument("text", required=False)
@profile_option
@click.option(
    "--image", "-i", "images", multiple=True, metavar="PATH|URL|-", help="A picture; - is stdin."
)
@click.option("--row", metavar="FILE:LINE", help="Ask what a dataset's row asks.")
@click.option("--system", default="", help="A system prompt.")
@click.option("--temperature", type=click.FloatRange(0, 2), default=0.0, show_default=True)
@click.option("--max-tokens", type=click.IntRange(min=1))
@click.option("--seed", type=int)
@click.option(
    "--dry-run", is_flag=True, help="Print the request as curl, without key; send nothing."
)
@as_json
@asynchronous
async def command(
    model: str,
    text: str | None,
    profile: str | None,
    images: tuple[str, ...],
    row: str | None,
    system: str,
    temperature: float,
    max_tokens: int | None,
    seed: int | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Ask MODEL about pictures; TEXT is the question, or stands in the row.

    MODEL may be `last` for the model tuned last. The answer streams to standard output, figures to
    standard error.
    """
    from tintype.api import ChatRequest
    from tintype.prompting import as_curl, remember
    from tintype_tui.commands.session import at_work, chosen

    settings, provider = chosen(profile)
    messages, sources = await _messages(text, images, row, system)
    async with at_work(settings, provider) as (api, store):
        request = ChatRequest(
            model=await _model(model, api, store),
            messages=messages,
            temperature=temperature,
            max_tokens=max_tokens,
            seed=seed,
        )
        if dry_run:
            click.echo(as_curl(provider, api.base_url, request))
            return
        asked_at = datetime.now(UTC)
        reply = await _stream(api, request, settings.prices, quiet=as_json)
        await remember(store, provider, request, reply, asked_at, sources)
    if as_json:
        put_json({"model": request.model, **_report(reply)}, indent=2)
    else:
        say(_figures(reply))
    if reply.trouble:
        leave(1)


async def _messages(
    text: str | None, images: tuple[str, ...], row: str | None, system: str
) -> tuple[list[dict[str, Any]], list[str]]:
    """The question, and where its pictures come from."""
    from tintype.prompting import question

    if row is not None:
        if text or images or system:
            raise click.UsageError("--row asks as the row does; leave the question out.")
        return await _row(row)
    if not text and not images:
        raise click.UsageError("Ask something: a question, a picture, or --row FILE:LINE.")
    pictures = [_picture(name) for name in images]
    return await question(text or "", pictures, system=system), list(images)


def _picture(name: str) -> bytes | Path | str:
    if name == "-":
        return sys.stdin.buffer.read()
    return name if "://" in name or name.startswith("data:") else Path(name)


async def _row(place: str) -> tuple[list[dict[str, Any]], list[str]]:
    from tintype.dataset import open_dataset

    name, _, line = place.rpartition(":")
    if not name or not line.isdecimal():
        raise DatasetError(f"{place!r} names no row.", advice="Write, for example, test.jsonl:3.")
    async with open_dataset(Path(name)) as dataset:
        index = await dataset.find_line(int(line))
        example = await dataset.example(index)
        if example.answer:
            say(f"expected: {example.answer}")
        return await dataset.messages(index), [place]


async def _model(name: str, api: Any, store: Any) -> str:
    from tintype import jobs
    from tintype.errors import NotFoundError

    if name != "last":
        return name
    async for batch in jobs.listed(api, store):
        for job in batch:
            if job.fine_tuned_model:
                return str(job.fine_tuned_model)
    raise NotFoundError("No model has been tuned yet.", advice="Tune one with `tintype train`.")


async def _stream(api: Any, request: Any, prices: Path | None, *, quiet: bool) -> "Reply":
    from tintype.pricing import load_prices
    from tintype.prompting import Reply, ask

    reply, shown = Reply(), 0
    async for reply in ask(api, request, prices=load_prices(prices)):
        if not quiet and len(reply.text) > shown:
            click.echo(visible(reply.text[shown:]), nl=False)
            shown = len(reply.text)
    if not quiet:
        click.echo()
        for words in (reply.refusal, reply.hint, reply.trouble):
            if words:
                say(words)
    return reply


def _report(reply: "Reply") -> dict[str, Any]:
    usage = reply.usage
    return {
        "text": reply.text,
        "refusal": reply.refusal,
        "finish_reason": reply.finish_reason,
        "prompt_tokens": usage.prompt_tokens if usage else None,
        "completion_tokens": usage.completion_tokens if usage else reply.tokens,
        "ttft_s": reply.ttft_s,
        "elapsed_s": reply.elapsed_s,
        "tokens_per_s": reply.tokens_per_s,
        "cost_usd": reply.cost_usd,
        "trouble": reply.trouble,
    }


def _figures(reply: "Reply") -> str:
    figures = [f"{reply.tokens} tokens"]
    if reply.ttft_s is not None:
        figures.append(f"first after {duration(reply.ttft_s)}")
    if reply.tokens_per_s is not None:
        figures.append(f"{reply.tokens_per_s:.0f} per second")
    figures.append(money(reply.cost_usd) if reply.cost_usd is not None else "cost unknown")
    if reply.finish_reason not in ("stop", ""):
        figures.append(f"ended by {reply.finish_reason}")
    return " · ".join(figures)
