"""`tintype evaluate`: rows × models × scorers, with honest statistics."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack, aclosing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tintype_tui.commands.agreeing import agreed, asking_options
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
)
from tintype_tui.text import count, duration, money

if TYPE_CHECKING:
    from tintype.api import Api
    from tintype.connection import Connections
    from tintype.evaluation import (
        EvaluatedRow,
        Evaluation,
        EvaluationPlan,
        LeftOut,
        RunProgress,
    )
    from tintype.settings import Settings
    from tintype.store import Store


MOST_LEFT_OUT = 5
"""Rows named one by one that no model can be evaluated on."""


@click.command(name="evaluate")
@click.argument("path", type=A_PATH)
@profile_option
@click.option(
    "--model",
    "-m",
    "models",
    multiple=True,
    metavar="MODEL[@PROFILE]",
    help="A model, up to six; by default `last` and its `base`.",
)
@click.option(
    "--scorer",
    "-s",
    "scorers",
    multiple=True,
    metavar="NAME",
    help="How answers are scored; the first leads. By default what suits the answers.",
)
@click.option("--judge", metavar="MODEL[@PROFILE]", help="A model that grades the answers.")
@click.option("--rubric", type=A_PATH, help="The judge's own instructions.")
@click.option("--no-judge-image", is_flag=True, help="Do not show the judge the images.")
@click.option("--rows", type=click.IntRange(min=1), metavar="N", help="Only the first N rows.")
@click.option("--system", help="A system prompt in place of the rows' own.")
@click.option("--question", help="A question in place of the rows' own.")
@click.option("--temperature", type=click.FloatRange(0, 2), default=0.0, show_default=True)
@click.option("--max-tokens", type=click.IntRange(min=1))
@click.option("--seed", type=int)
@click.option("--samples", type=click.IntRange(min=1), default=1, help="Answers for each row.")
@click.option(
    "--training",
    multiple=True,
    type=A_PATH,
    help="The file that was trained on: rows that show its images are marked as leaked.",
)
@click.option(
    "--question-type",
    "types",
    multiple=True,
    metavar="NAME=PATTERN",
    help="Questions to count together; by default Title, Genre, Author and Other.",
)
@click.option("--resume", is_flag=True, help="Take up the newest run of these; retry its errors.")
@click.option("--fresh", is_flag=True, help="Do not use answers of earlier runs.")
@click.option("--fail-under", type=click.FloatRange(0, 100), metavar="PERCENT")
@click.option("--vqa-report", is_flag=True, help="Every table and chart of OpenAI's cookbook.")
@click.option(
    "--export",
    "-o",
    "exports",
    multiple=True,
    type=A_PATH,
    help="Write the result: .html, .md, .csv, .jsonl, .xml (JUnit).",
)
@asking_options
@as_json
@asynchronous
async def command(path: Path, profile: str | None, as_json: bool, **chosen: Any) -> None:
    """Evaluate models on the rows at PATH, and say how sure the result is.

    Each answer is written down before it is counted: stop it at any moment, and take it up with
    --resume. The first model is compared with the base model among them, or with the last one. Exit
    code 1 if the first model scores below --fail-under, or rows have no answer or grade.
    """
    from tintype import evaluation
    from tintype.connection import Connections
    from tintype.evaluation.exporting import format_of
    from tintype.paths import is_folder
    from tintype.store import open_store
    from tintype_tui.commands.session import chosen as settings_of

    for target in chosen["exports"]:
        format_of(target)
    settings, default = settings_of(profile)
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(settings.folders.store_file))
        apis = Connections(settings, stack, say)
        plan, rows = await _plan(path, default.name, apis, store, chosen)
        home = evaluation.runs_folder(settings.folders.data)
        folder = folder_of(home, plan) if chosen["resume"] else evaluation.new_folder(home)
        if chosen["resume"] and not is_folder(folder):
            say("There is no such run to take up; a new one begins.")
        last = await run_plan(
            plan, rows, folder, settings, apis.known, store, chosen, quiet=as_json
        )
    result = evaluation.open(folder)
    await _write(result, chosen)
    _tell(result, last, as_json=as_json)
    value = evaluation.figures(result)[0].headline.headline
    wanted = chosen["fail_under"]
    if wanted is not None and (value is None or 100 * value < wanted):
        say(f"Below {wanted:g} %.")
        leave(1)
    if not result.is_complete or last.failed:
        leave(1)


async def _plan(
    path: Path,
    default: str,
    apis: "Connections",
    store: "Store",
    chosen: Mapping[str, Any],
) -> "tuple[EvaluationPlan, list[EvaluatedRow]]":
    from tintype import evaluation
    from tintype.dataset import open_dataset
    from tintype.evaluation.plan import QUESTION_TYPES
    from tintype.evaluation.scorers import anchored
    from tintype.library.evaluations import models_named
    from tintype.paths import absolute, read_text
    from tintype.prompting import Parameters

    wanted = None if chosen["rows"] is None else range(chosen["rows"])
    pairs = [word.partition("=")[::2] for word in chosen["types"]]
    types = dict(pairs) or QUESTION_TYPES
    rows: list[EvaluatedRow] = []
    left_out: list[LeftOut] = []
    async with open_dataset(path) as dataset:
        async for batch in evaluation.read_rows(dataset, wanted, types=types, left_out=left_out):
            rows += batch
    for one in left_out[:MOST_LEFT_OUT]:
        say(f"Line {one.line:,} is left out: {one.why}")
    if len(left_out) > MOST_LEFT_OUT:
        say(f"{len(left_out):,} rows are left out in all.")
    scorers = tuple(map(anchored, chosen["scorers"]))
    if not scorers:
        scorers = evaluation.suggested([row.truths[0] for row in rows])
    if chosen["vqa_report"]:
        scorers = tuple(dict.fromkeys(("exact", "contains", *scorers)))
    judge = None
    if chosen["judge"]:
        [model] = await models_named((chosen["judge"],), default, store, apis)
        judge = evaluation.JudgePlan(model, with_image=not chosen["no_judge_image"])
        if chosen["rubric"] is not None:
            judge = replace(judge, rubric=read_text(chosen["rubric"]))
        scorers = tuple(dict.fromkeys((*scorers, "judge")))
    plan = evaluation.EvaluationPlan(
        absolute(path),
        await models_named(chosen["models"] or ("last", "base"), default, store, apis),
        scorers,
        Parameters(chosen["temperature"], None, chosen["max_tokens"], chosen["seed"]),
        system=chosen["system"],
        question=chosen["question"],
        rows=None if wanted is None else tuple(wanted)[: len(rows) + len(left_out)],
        samples=chosen["samples"],
        judge=judge,
        training=tuple(map(absolute, chosen["training"])),
        question_types=types,
    )
    return plan, rows


def folder_of(home: Path, plan: "EvaluationPlan") -> Path:
    """The folder of the newest run of a plan, or a new one."""
    from tintype import evaluation

    made = (run.folder for run in evaluation.runs_in(home) if run.plan == plan)
    return next(made, evaluation.new_folder(home))


async def run_plan(
    plan: "EvaluationPlan",
    rows: "list[EvaluatedRow]",
    folder: Path,
    settings: "Settings",
    apis: "dict[str, Api]",
    store: "Store",
    chosen: Mapping[str, Any],
    *,
    quiet: bool,
) -> "RunProgress":
    """Say what a plan costs, have it confirmed, and run it; `chosen` has the options."""
    from tintype import evaluation
    from tintype.budget import Limits
    from tintype.dataset import open_dataset
    from tintype.evaluation import AskingLimits
    from tintype.pricing import load_prices

    prices = load_prices(settings.prices)
    budget = chosen["budget"]
    limits = Limits.of(settings, budget_usd=budget)
    async with open_dataset(plan.dataset) as dataset:
        profiles = {name: api.profile for name, api in apis.items()}
        cost = await evaluation.estimate(plan, dataset, rows, profiles=profiles, prices=prices)
    if cost.most_usd:
        blind = ", and what is not known" if cost.unknown else ""
        say(f"Cost about {money(cost.likely_usd)}, at most {money(cost.most_usd)}{blind}.")
    demand = cost.demand(store, limits, datetime.now(UTC), stop_at_usd=budget)
    confirmation = agreed(demand, chosen["confirm"], yes=chosen["yes"], act="evaluate")
    progress, last, waits = Progress(quiet=quiet), None, False
    running = evaluation.run(
        plan,
        folder,
        apis=apis,
        store=store,
        limits=limits,
        confirmation=confirmation,
        prices=prices,
        stop_at_usd=budget,
        asking=AskingLimits(chosen["concurrency"], chosen["per_minute"], chosen["time_limit"]),
        fresh=chosen["fresh"],
    )
    try:
        async with aclosing(running) as steps:
            async for last in steps:
                progress(_progress_words(last))
                waits = _told_of_wait(last, progress, told=waits)
    except asyncio.CancelledError:
        again = "--resume takes it up" if "resume" in chosen else "the same command goes on"
        say(f"What was answered is kept in {folder.name}; {again}.")
        raise
    finally:
        progress.clear()
    assert last is not None  # a run yields its end
    return last


def _told_of_wait(step: "RunProgress", progress: Progress, *, told: bool) -> bool:
    """Say where no line shows it that a provider limits its rate; once for each wait."""
    waits = bool(step.words) and step.phase in ("asking", "grading")
    if waits and not told:
        progress.say_unseen(f"{step.words} No question waits for more than 15 min.")
    return waits


def _progress_words(step: "RunProgress") -> str:
    if step.phase == "reading":
        return f"reading: {count(step.done, 'row')}"
    said = [f"{step.phase}: {step.done:,} of {step.total:,}", f"{step.per_s:.1f} per second"]
    if step.left_s is not None and step.done < step.total:
        said.append(f"{duration(step.left_s)} left")
    if step.failed:
        said.append(f"{step.failed:,} failed")
    if step.spent_usd:
        said.append(money(step.spent_usd))
    said += [f"{100 * one.value:.1f} %" for one in step.scores.values()]
    return " · ".join([*said, *filter(None, [step.words])])


async def _write(result: "Evaluation", chosen: Mapping[str, Any]) -> None:
    from tintype.evaluation.exporting import export

    for path in chosen["exports"]:
        await export(result, path, vqa=chosen["vqa_report"], replace=True)
        say(f"Written: {path}")


def _tell(result: "Evaluation", last: "RunProgress", *, as_json: bool) -> None:
    from tintype import evaluation
    from tintype_tui.words.evaluations import evaluation_report

    if as_json:
        put_json(evaluation_report(result, last), indent=2)
        return
    put(evaluation.headline_sentence(result))
    if last.reused:
        say(f"{count(last.reused, 'answer')} of earlier runs used again, at no cost.")
    if last.words:
        say(last.words)
    say(f"Run {result.run.id}; see `tintype evaluations show {result.run.id}`.")
