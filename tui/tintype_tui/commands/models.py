"""`tintype models`: what may be asked, and until when."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tintype_tui.commands.agreeing import answered_by_somebody
from tintype_tui.commands.output import (
    A_NAME,
    A_PATH,
    as_json,
    asynchronous,
    looking,
    profile_option,
    put,
    put_json,
    put_row,
    say,
)

if TYPE_CHECKING:
    from tintype.engines.lora.bases import Base
    from tintype.library.exporting import Form
    from tintype.resources import Model


@click.group(name="models", invoke_without_command=True)
@profile_option
@click.option("--tuned", is_flag=True, help="Only fine-tuned ones.")
@as_json
@click.pass_context
def command(context: click.Context, profile: str | None, tuned: bool, as_json: bool) -> None:
    """List models with the day they stop answering; or delete one."""
    context.obj = profile
    if context.invoked_subcommand is None:
        _list(profile, tuned, as_json)


@looking
async def _list(profile: str | None, tuned: bool, as_json: bool) -> None:
    from tintype.model_names import parse_model_name
    from tintype.pricing import load_prices
    from tintype_tui.commands.session import at_work, chosen

    settings, provider = chosen(profile)
    async with at_work(settings, provider) as (api, _):
        models = await api.models()
    prices = load_prices(settings.prices)
    found: list[dict[str, Any]] = []
    for model in sorted(models, key=lambda model: model.created_at):
        if tuned and not parse_model_name(model.id).tuned:
            continue
        end = prices.deadline(provider.provider, model.id)
        found.append({"id": model.id, "shutdown_date": _ends(model, end.date if end else None)})
    if as_json:
        put_json(found, indent=2)
        return
    for entry in found:
        put_row(f"{entry['id']}{_left(entry['shutdown_date'])}")
    if not found:
        say("There are no models.")


def _ends(model: "Model", known: date | None) -> str | None:
    return model.shutdown_date or (known.isoformat() if known else None)


def _left(end: str | None) -> str:
    from tintype_tui.words.inventory import day, days

    if end is None:
        return ""
    try:
        last = date.fromisoformat(end)
    except ValueError:  # a provider's word, which need not be a date
        return f"  until {end}"
    left = (last - datetime.now(UTC).date()).days
    return f"  until {day(last)} ({days(left)})" if left >= 0 else f"  ended {day(last)}"


@command.command(name="add")
@click.argument("model")
@click.option("--name", default="", help="What to call it; by default as its folder is called.")
@as_json
def add(model: str, name: str, as_json: bool) -> None:
    """Add an open model to the embedded provider: its folder, or its name in Hugging Face's cache.

    It is neither copied nor downloaded. Training and asking it needs the extra tintype[lora].
    """
    from dataclasses import asdict

    from tintype.connection import server_folder
    from tintype.engines.lora import bases, engine

    base = bases.read_base(model, name)
    bases.remember(server_folder() / bases.BASES, base)
    if as_json:
        needed = {name: getattr(base, name) for name in ("training_bytes", "answering_bytes")}
        put_json(asdict(base) | needed, indent=2)
        return
    put(base.model)
    for line in filter(None, (*_described(base), engine.missing())):
        say(line)


def _described(base: "Base") -> tuple[str, str]:
    """What a model is, what it needs, and whether this machine has that."""
    from tintype.engines.lora.machine import WITHOUT_GPU, this_machine
    from tintype_tui.text import size

    licence = base.licence or "not said in its folder"
    here = this_machine()
    times = 1 if here.name else WITHOUT_GPU
    least = size(times * base.training_bytes)
    if here.memory_bytes < times * base.answering_bytes:
        fits = "it does not fit"
    elif here.memory_bytes < times * base.training_bytes:
        fits = "it can be asked, but not trained"
    else:
        fits = "it fits" if here.name else "it fits, and will be slow"
    return (
        f"{base.family}, {base.parameters_words}, {size(base.size_bytes)} "
        f"on disk; licence: {licence}.",
        f"Training takes {least} or more of memory; {here.name or 'this machine, without a GPU,'} "
        f"has {size(here.memory_bytes)}: {fits}.",
    )


@command.command(name="forget")
@click.argument("model", type=A_NAME)
def forget(model: str) -> None:
    """Forget an open model that was added; its files stay where they are."""
    from tintype.connection import server_folder
    from tintype.engines.lora import bases

    bases.forget(server_folder() / bases.BASES, model)
    say(f"{model} is no longer offered; its files are where they were.")


@command.command(name="export")
@click.argument("model", type=A_NAME)
@click.argument("folder", type=A_PATH)
@click.option(
    "--as",
    "form",
    type=click.Choice(("adapter", "merged", "gguf")),
    default="adapter",
    show_default=True,
    help="PEFT's layout; the whole model as safetensors; or GGUF, by llama.cpp's converter.",
)
@click.pass_obj
@asynchronous
async def export(profile: str | None, model: str, folder: Path, form: "Form") -> None:
    """Write a tuned open model to a new FOLDER, for PEFT, transformers, vLLM or llama.cpp.

    MODEL may be `last` for the model tuned last. The licence of its base holds for what is written,
    too.
    """
    from tintype.jobs import full_name
    from tintype.library.exporting import export_model
    from tintype_tui.commands.session import at_work, chosen

    settings, provider = chosen(profile)
    async with at_work(settings, provider) as (api, store):
        put(str(await export_model(api, await full_name(model, api, store), folder, form)))


@command.command(name="delete")
@click.argument("model", type=A_NAME)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
@asynchronous
async def delete(profile: str | None, model: str, yes: bool) -> None:
    """Delete a fine-tuned model at the provider, for good."""
    from tintype_tui.commands.session import at_work, chosen

    settings, provider = chosen(profile)
    if not yes:
        with answered_by_somebody():
            if click.prompt("Type the model's name to delete it", err=True) != model:
                raise click.Abort
    async with at_work(settings, provider) as (api, _):
        await api.delete_model(model)
    say(f"Deleted {model}.")
