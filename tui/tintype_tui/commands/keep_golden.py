"""`tintype keep golden`: a tuned model's answers, asked for while it still answers."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tintype_tui.commands.agreeing import asking_options
from tintype_tui.commands.output import (
    A_NAME,
    A_PATH,
    as_json,
    asynchronous,
    leave,
    profile_option,
    put,
    put_json,
    say,
)
from tintype_tui.text import count, money

if TYPE_CHECKING:
    from tintype.connection import Connections
    from tintype.evaluation import EvaluatedModel, EvaluatedRow, EvaluationPlan, RunProgress
    from tintype.settings import Profile, Settings
    from tintype.store import Store


@click.command(name="golden")
@click.argument("model", type=A_NAME)
@click.argument("datasets", nargs=-1, type=A_PATH, metavar="[DATASET]…")
@profile_option
@click.option("--prompts", type=A_PATH, help="A text file: a prompt a line.")
@click.option("--images", type=A_PATH, help="A folder: each prompt is asked about each image.")
@click.option("--temperature", type=click.FloatRange(0, 2), default=0.0, show_default=True)
@click.option("--max-tokens", type=click.IntRange(min=1))
@click.option("--seed", type=int)
@click.option("--samples", type=click.IntRange(min=1), default=1, help="Answers to each.")
@click.option("--no-logprobs", is_flag=True, help="Do not ask for log-probabilities.")
@click.option("--dry-run", is_flag=True, help="Say what it would cost; ask nothing.")
@asking_options
@as_json
@asynchronous
async def golden(
    model: str, datasets: tuple[Path, ...], profile: str | None, as_json: bool, **chosen: Any
) -> None:
    """Ask MODEL for the answers to keep: to DATASETs, to --prompts, or to its test rows.

    With neither, its test and validation rows are asked, as far as they are here. Answers are
    evaluation runs, with tokens, times, and log-probabilities where they are given; the same again
    asks only what is missing. `tintype keep MODEL` puts them into an archive. Exit code 1 if
    something has no answer.
    """
    from tintype.connection import Connections
    from tintype.library.evaluations import models_named
    from tintype.store import open_store
    from tintype_tui.commands.session import chosen as settings_of

    settings, provider = settings_of(profile)
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(settings.folders.store_file))
        apis = Connections(settings, stack, say)
        [asked] = await models_named((model,), provider.name, store, apis)
        plans = await _plans(asked, datasets, store, settings.folders.data, chosen)
        known = [(plan, await rows_of(plan)) for plan in plans]
        cost = await _cost(known, settings, apis)
        if not as_json:
            say(_cost_words(cost))
        if chosen["dry_run"]:
            if as_json:
                put_json({"model": asked.name, **cost})
            return
        made = []
        for plan, rows in known:
            say(f"{plan.dataset.name}: {count(len(rows), 'row')}")
            folder, last = await run_or_go_on(
                plan, rows, settings, apis, store, chosen, quiet=as_json
            )
            whole = last.phase == "done" and not last.failed
            told = {"run": folder.name, "dataset": plan.dataset, "rows": len(rows)}
            made.append({**told, "answers": last.done, "complete": whole, "words": last.words})
    _tell(made, asked, settings.profiles[asked.profile], settings, as_json=as_json)


async def _plans(
    model: "EvaluatedModel",
    datasets: tuple[Path, ...],
    store: "Store",
    data: Path,
    chosen: Mapping[str, Any],
) -> "list[EvaluationPlan]":
    from tintype import keeping
    from tintype.paths import read_text
    from tintype.prompting import Parameters

    sent = Parameters(chosen["temperature"], None, chosen["max_tokens"], chosen["seed"])
    how: dict[str, Any] = {"samples": chosen["samples"], "logprobs": not chosen["no_logprobs"]}
    if chosen["images"] is not None and chosen["prompts"] is None:
        raise click.UsageError("--images needs --prompts: what is asked about them.")
    if not datasets and chosen["prompts"] is None:
        datasets = keeping.usual_rows(store, model.profile, model.name)
        if not datasets:
            raise click.UsageError(
                f"No rows of {model.name} are here: name a DATASET or --prompts."
            )
    plans = [await keeping.golden_plan(model, path, parameters=sent, **how) for path in datasets]
    if chosen["prompts"] is not None:
        lines = [line.strip() for line in read_text(chosen["prompts"]).splitlines()]
        rows = keeping.prompt_rows([*filter(None, lines)], chosen["images"], data / "golden")
        plans.append(await keeping.golden_plan(model, rows, parameters=sent, truth=False, **how))
    return plans


async def rows_of(plan: "EvaluationPlan") -> "list[EvaluatedRow]":
    """The rows of a plan; those without a truth too, where it scores only whether there is one."""
    from tintype import evaluation
    from tintype.dataset import open_dataset

    rows: list[EvaluatedRow] = []
    truth = plan.scorers != ("answered",)
    async with open_dataset(plan.dataset) as dataset:
        async for batch in evaluation.read_rows(dataset, plan.rows, truth=truth):
            rows += batch
    return rows


async def _cost(
    known: "list[tuple[EvaluationPlan, list[EvaluatedRow]]]",
    settings: "Settings",
    apis: "Connections",
) -> dict[str, Any]:
    """What all of it would cost if nothing had been answered yet; none is unknown."""
    from tintype import evaluation
    from tintype.dataset import open_dataset
    from tintype.pricing import load_prices

    prices, found = load_prices(settings.prices), []
    profiles = {name: api.profile for name, api in apis.known.items()}
    for plan, rows in known:
        async with open_dataset(plan.dataset) as dataset:
            found.append(
                await evaluation.estimate(plan, dataset, rows, profiles=profiles, prices=prices)
            )
    blind = any(one.unknown for one in found)
    return {
        "questions": sum(one.questions for one in found),
        "likely_usd": None if blind else sum(one.likely_usd for one in found),
        "most_usd": None if blind else sum(one.most_usd for one in found),
    }


def _cost_words(cost: Mapping[str, Any]) -> str:
    questions = count(cost["questions"], "question")
    if cost["most_usd"] is None:
        return f"{questions}; what they cost is not known."
    if not cost["most_usd"]:
        return f"{questions}, free."
    return f"{questions}, about {money(cost['likely_usd'])}, at most {money(cost['most_usd'])}."


async def run_or_go_on(
    plan: "EvaluationPlan",
    rows: "list[EvaluatedRow]",
    settings: "Settings",
    apis: "Connections",
    store: "Store",
    options: dict[str, Any],
    *,
    quiet: bool,
) -> "tuple[Path, RunProgress]":
    """Run a plan, or go on with it; what it spends is taken from the options' budget."""
    from tintype import evaluation
    from tintype_tui.commands.evaluate import folder_of, run_plan

    folder = folder_of(evaluation.runs_folder(settings.folders.data), plan)
    options.setdefault("fresh", False)
    last = await run_plan(plan, rows, folder, settings, apis.known, store, options, quiet=quiet)
    if options["budget"] is not None:
        options["budget"] = max(Decimal(0), options["budget"] - last.spent_usd)
    return folder, last


def _tell(
    made: list[dict[str, Any]],
    model: "EvaluatedModel",
    profile: "Profile",
    settings: "Settings",
    *,
    as_json: bool,
) -> None:
    from tintype.pricing import load_prices

    end = load_prices(settings.prices).deadline(profile.provider, model.name)
    if as_json:
        put_json({"model": model.name, "last_day": end.date if end else None, "runs": made})
    for one in made if not as_json else ():
        put(f"{one['run']}  {count(one['answers'], 'answer')}  {one['dataset'].name}")
        if one["words"]:
            say(one["words"])
    if not as_json:
        when = f"After {end.date:%d %b %Y}" if end else "Once the provider shuts it down"
        say(f"{when} these answers are all that is left of {model.name}.")
        say(f"`tintype keep {model.name}` puts them into an archive.")
    if not all(one["complete"] for one in made):
        leave(1)
