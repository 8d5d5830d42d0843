"""`tintype inventory`: everything at all providers, until when it lasts, and from what it came."""

from contextlib import AsyncExitStack, aclosing
from typing import TYPE_CHECKING

import click

from tintype_tui.commands.agreeing import agreed, confirm_option, yes_option
from tintype_tui.commands.forms import form_options, put_tables
from tintype_tui.commands.output import (
    A_NAME,
    Progress,
    asynchronous,
    leave,
    looking,
    plain,
    profile_option,
    put,
    put_json,
    say,
)
from tintype_tui.text import clip, count, one_line, pad

if TYPE_CHECKING:
    from tintype.inventory import Inventory, InventoryItem
    from tintype.settings import Settings
    from tintype.store import Store

KINDS = ("model", "checkpoint", "job", "file", "base")
ORDERS = ("ends", "kind", "name", "newest", "largest", "profile")


@click.group(name="inventory", invoke_without_command=True)
@profile_option
@click.option("--offline", is_flag=True, help="Ask nobody: show what was learnt before.")
@click.option("--kind", type=click.Choice(KINDS), help="Only things of this kind.")
@click.option(
    "--filter", "words", default="", metavar="WORDS",
    help="Only what fits: kind:model is:ending is:orphan is:gone is:retired base:gpt-4o -profile:…",
)  # fmt: skip
@click.option("--sort", type=click.Choice(ORDERS), default="ends", help="Which comes first.")
@form_options
@click.pass_context
def command(
    context: click.Context,
    profile: str | None,
    offline: bool,
    kind: str | None,
    words: str,
    sort: str,
    form: str | None,
) -> None:
    """List files, jobs, checkpoints and models of every profile, and the day each ends.

    All profiles are asked, or the one that is named; one that cannot be is said so, and what was
    known of it is listed. Exit code 1: a list could not be read.
    """
    context.obj = profile, offline
    if context.invoked_subcommand is None:
        _list(profile, offline, f"{words} {f'kind:{kind}' if kind else ''}", sort, form)


@looking
async def _list(
    profile: str | None, offline: bool, words: str, sort: str, form: str | None
) -> None:
    from tintype import inventory
    from tintype_tui.words import inventory as said

    async with AsyncExitStack() as stack:
        _, _, found = await _taken(stack, profile, offline, quiet=form is not None)
    items = inventory.chosen(found, words, sort)
    if profile is not None:
        items = tuple(item for item in items if item.ref.profile == profile)
    if form is not None:
        table = said.inventory_table(items, found.today)
        plan = inventory.plan_by_date(found)
        value = {"as_of": found.read_at, "items": _as_json(items, found), "plan": plain_plan(plan)}
        put_tables([table], form, "Inventory", value)
    for item in items if form is None else ():
        end = said.end_words(item, found.today)
        name = pad(one_line(item.title), 18)
        put(
            f"{item.ref.kind:<10} {name} {pad(said.state_words(item), 12)} {pad(end, 22)} "
            f"{one_line(item.ref.id)}"
        )
    if form is None:
        say(f"{count(len(items), 'thing')}, {said.age_words(found)}.")
    _say_troubles(found, offline)


@command.command(name="plan")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
@looking
async def plan(given: tuple[str | None, bool], as_json: bool) -> None:
    """Say what will be lost when, and the last safe day to begin replacing each model."""
    from tintype import inventory
    from tintype_tui.words import inventory as said

    async with AsyncExitStack() as stack:
        _, _, found = await _taken(stack, *given, quiet=as_json)
    made, golden = inventory.plan_by_date(found), inventory.golden_cost(found)
    if as_json:
        put_json({**plain_plan(made), "golden": golden}, indent=2)
    for line in said.plan_lines(made, golden) if not as_json else ():
        put(line)
    _say_troubles(found, given[1])


@command.command(name="show")
@click.argument("name", type=A_NAME)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
@looking
async def show(given: tuple[str | None, bool], name: str, as_json: bool) -> None:
    """Show one thing: what is known of it, and its lineage as a tree. By id, alias or name."""
    from tintype import inventory
    from tintype_tui.words import inventory as said

    async with AsyncExitStack() as stack:
        _, _, found = await _taken(stack, *given, quiet=as_json)
    item = named(found, name, given[0])
    tree = inventory.lineage(found, item.ref)
    if as_json:
        put_json({"item": _as_json([item], found)[0], "lineage": tree}, indent=2)
        return
    for label, words in said.detail_lines(item, found):
        put(f"{label:<11} {one_line(words)}")
    put("")
    for lead, node in said.tree_lines(tree):
        put(clip(f"{lead}{node.kind} {one_line(node.name)}  {one_line(node.detail)}", 100).rstrip())


@command.command(name="probe")
@click.argument("names", type=A_NAME, nargs=-1)
@yes_option
@confirm_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
@asynchronous
async def probe(
    given: tuple[str | None, bool],
    names: tuple[str, ...],
    yes: bool,
    confirm: str | None,
    as_json: bool,
) -> None:
    """Ask models for a word, to see whether they answer: the named ones, or all tuned models.

    Costs a few tokens each, which are asked about where they cost anything to speak of. Exit code
    1: one does not answer.
    """
    from datetime import UTC, datetime

    from tintype import budget, inventory
    from tintype.budget import Limits
    from tintype.connection import Connections
    from tintype.pricing import load_prices

    answers: dict[str, str] = {}
    async with AsyncExitStack() as stack:
        settings, store, found = await _taken(stack, given[0], True, quiet=True)
        wanted = [named(found, name, given[0]) for name in names] or list(inventory.in_use(found))
        prices, limits = load_prices(settings.prices), Limits.of(settings)
        connections = Connections(settings, stack, say)
        for profile in dict.fromkeys(item.ref.profile for item in wanted):
            models = [item.ref.id for item in wanted if item.ref.profile == profile]
            provider = settings.profiles[profile].provider
            expenses = inventory.probe_expenses(profile, provider, models, prices)
            demand = budget.demand(store, *expenses, limits=limits, now=datetime.now(UTC))
            act = f"probe {count(len(models), 'model')} at {profile}"
            probing = inventory.probe(
                await connections.at(profile), store, models, limits=limits, prices=prices,
                confirmation=agreed(demand, confirm, yes=yes, act=act),
            )  # fmt: skip
            async with aclosing(probing):
                async for name, one in probing:
                    answers[name] = one.state
                    if not as_json:
                        put(f"{pad(one.state, 8)} {name}  {one_line(one.words)}".rstrip())
    if as_json:
        put_json(answers, indent=2)
    if not answers:
        say("There is no tuned model to probe; `tintype inventory` looks for them.")
    if any(state != "answers" for state in answers.values()):
        leave(1)


@command.command(name="label")
@click.argument("name", type=A_NAME)
@click.option("--alias", help="Call it this; empty: by its own name again.")
@click.option("--note", help="Note this of it; empty: nothing.")
@click.pass_obj
@asynchronous
async def label(
    given: tuple[str | None, bool], name: str, alias: str | None, note: str | None
) -> None:
    """Give a thing an alias or a note, which stay on this machine."""
    from tintype import inventory

    async with AsyncExitStack() as stack:
        _, store, found = await _taken(stack, given[0], True, quiet=True)
        kept = inventory.rename(store, named(found, name, given[0]), alias=alias, note=note)
    say(f"Alias: {kept.alias or 'none'}. Note: {kept.note or 'none'}.")


# ---------------------------------------------------------------------- what they share


async def _taken(
    stack: AsyncExitStack, profile: str | None, offline: bool, *, quiet: bool
) -> tuple["Settings", "Store", "Inventory"]:
    """Ask, unless offline, and compose what is known; the store stays open with the stack."""
    from tintype import inventory
    from tintype.connection import Connections, worth_asking
    from tintype.store import open_store
    from tintype_tui.commands.session import chosen

    settings, provider = chosen(profile)
    store = await stack.enter_async_context(open_store(settings.folders.store_file))
    names = [provider.name] if profile else worth_asking(settings, store)
    if not offline:
        progress = Progress(quiet=quiet)
        async with AsyncExitStack() as asked:
            connect = Connections(settings, asked, say).at
            async with aclosing(inventory.gather(names, connect, store)) as gathering:
                async for step in gathering:
                    progress(f"{step.found:,} listed; asking {', '.join(step.under_way)}")
        progress.clear()
    return settings, store, await inventory.take(store, settings)


def named(found: "Inventory", name: str, profile: str | None) -> "InventoryItem":
    """The one thing that an id, an alias or a name means.

    Raises:
        NotFoundError: if there is none, or more than one.
    """
    from tintype.errors import NotFoundError

    here = [item for item in found.items if profile in (None, item.ref.profile)]
    for fits in (
        [item for item in here if item.ref.id == name],
        [item for item in here if item.naming.alias == name],
        [item for item in here if item.name == name and item.ref.kind == "model"],
        [item for item in here if item.name == name],
    ):
        if len(fits) > 1:
            ids = ", ".join(f"{item.ref.id} at {item.ref.profile}" for item in fits[:5])
            where = "where several profiles have it, `tintype inventory --profile NAME …`"
            raise NotFoundError(f"{name} may mean {ids}.", advice=f"Give the id; {where}.")
        if fits:
            return fits[0]
    raise NotFoundError(
        f"Nothing is called {name} in the inventory.", advice="`tintype inventory` lists it all."
    )


def _say_troubles(found: "Inventory", offline: bool) -> None:
    for profile, why in found.troubles:
        say(f"{profile}: {why}")
    if found.troubles and not offline:
        leave(1)


def _as_json(
    items: "tuple[InventoryItem, ...] | list[InventoryItem]", found: "Inventory"
) -> list[object]:
    return [
        {**plain(item), "title": item.title, "days_left": item.days_left(found.today)}
        for item in items
    ]


def plain_plan(made: object) -> dict[str, object]:
    """A plan as JSON, its models by their ids."""
    from tintype.inventory import PlanByDate

    assert isinstance(made, PlanByDate)
    return {
        "steps": [
            {
                "profile": step.profile,
                "ends": step.end,
                "models": [item.ref.id for item in step.models],
                "longest_s": step.longest_s,
                "assumed": step.assumed,
                "last_safe": step.last_safe,
                "training_end": step.training_end,
            }
            for step in made.steps
        ],
        "lost": [item.ref.id for item in made.lost],
        "undated": [item.ref.id for item in made.undated],
    }
