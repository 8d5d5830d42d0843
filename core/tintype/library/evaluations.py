"""Evaluations, as the public API has them."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, aclosing
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from tintype import jobs
from tintype.budget import Confirmation, Limits
from tintype.connection import Connections
from tintype.library.datasets import Source, typed
from tintype.library.rows import Rows
from tintype.library.trainings import Agreed, Connection, Where, at
from tintype.library.work import Work
from tintype.paths import absolute
from tintype.pricing import load_prices
from tintype.prompting import Parameters
from tintype.store import Store

if TYPE_CHECKING:
    from tintype.evaluation import EvaluatedModel, Evaluation, EvaluationPlan, RunProgress


def evaluate(
    dataset: Source,
    models: str | Sequence[str] = ("last", "base"),
    provider: Where = None,
    *,
    scorers: str | Sequence[str] = (),
    judge: str = "",
    rows: Sequence[int] | None = None,
    training: str | Sequence[str] = (),
    temperature: float | None = 0.0,
    max_tokens: int | None = None,
    confirm: Agreed = "",
    budget_usd: Decimal | float | None = None,
    folder: str = "",
) -> "Work[RunProgress, Evaluation]":
    """Evaluate models on the rows of a dataset; the result has every score, and how sure it is.

    `tintype.evaluation` says what can be asked of the result: `headline_sentence`, `figures`,
    `comparisons`, `slices`, `positions`, `look_at`. Each answer is written down before it is
    counted: after a crash, the same call with the same `folder` asks only what is missing.

    Args:
        dataset: A file, or what `open` gave.
        models: Up to six names, each perhaps with its profile (`gpt-4o@openai`); `last` is the
            model tuned last, `base` what the first was tuned from.
        provider: A connection, a profile or its name; by default the default profile.
        scorers: How answers are scored, the first leads: `exact`, `normalised`, `contains`,
            `yes_no`, `boxes`, …, or `path.py:function`; by default what suits the answers.
        judge: A model that grades the answers.
        rows: 0-based rows; by default all.
        training: What the models were trained on: rows that show its images are marked.
        temperature: 0 to 2; None is the provider's own.
        max_tokens: Where an answer is cut.
        confirm: As for `train`.
        budget_usd: Stop softly before this is spent; what was answered is kept.
        folder: A folder to run in; by default a new one beside other runs.

    Raises:
        EvaluationError: if it cannot be run, or the folder holds another run.
        ConfirmationError: if the cost has to be confirmed, and is not; it says with what.
        BudgetError: if a limit could be passed.
        DatasetError: if the dataset cannot be read, or a row's image cannot be had.
        ApiError: if a provider refuses a model, or cannot be reached.
    """

    async def steps() -> "AsyncGenerator[RunProgress, None]":
        from tintype import evaluation

        async with at(provider) as here, AsyncExitStack() as stack:
            apis = Connections(here.settings, stack, logging.getLogger("tintype").warning)
            apis.known[here.profile.name] = here.api
            path = dataset.path if isinstance(dataset, Rows) else typed(dataset)
            plan = await _plan(here, apis, absolute(path), _several(models), judge, rows)
            plan = await _scored(plan, _several(scorers), temperature, max_tokens)
            budget = None if budget_usd is None else Decimal(str(budget_usd))
            home = evaluation.runs_folder(here.settings.folders.data)
            running = evaluation.run(
                _trained(plan, _several(training)),
                absolute(typed(folder)) if folder else evaluation.new_folder(home),
                apis=apis.known,
                store=here.store,
                limits=Limits.of(here.settings, budget_usd=budget),
                confirmation=Confirmation(str(confirm or "")),
                prices=await asyncio.to_thread(load_prices, here.settings.prices),
                stop_at_usd=budget,
            )
            async with aclosing(running):
                async for step in running:
                    yield step

    return Work(steps, _opened)


async def _opened(step: "RunProgress") -> "Evaluation":
    from tintype import evaluation

    return await asyncio.to_thread(evaluation.open, step.folder)


def _several(given: str | Sequence[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) and given else tuple(given)


async def _plan(
    here: Connection,
    apis: Connections,
    path: Path,
    models: tuple[str, ...],
    judge: str,
    rows: Sequence[int] | None,
) -> "EvaluationPlan":
    from tintype.evaluation import EvaluationPlan, JudgePlan

    named = await models_named(models, here.profile.name, here.store, apis)
    graded: JudgePlan | None = None
    if judge:
        [model] = await models_named((judge,), here.profile.name, here.store, apis)
        graded = JudgePlan(model)
    wanted = None if rows is None else tuple(rows)
    return EvaluationPlan(path, named, ("judge",) if judge else (), rows=wanted, judge=graded)


async def models_named(
    words: Sequence[str], default: str, store: Store, apis: Connections
) -> "tuple[EvaluatedModel, ...]":
    """The models that words mean: `last`, `base`, a name, a name at a profile."""
    from tintype.evaluation import EvaluatedModel

    found: list[EvaluatedModel] = []
    for word in words:
        name, profile = apis.split(word, default)
        first = found[0].name if found else name
        full = await jobs.full_name(name, await apis.at(profile), store, other=first)
        found.append(EvaluatedModel(full, profile))
    return tuple(dict.fromkeys(found))


async def _scored(
    plan: "EvaluationPlan",
    scorers: tuple[str, ...],
    temperature: float | None,
    max_tokens: int | None,
) -> "EvaluationPlan":
    from dataclasses import replace

    from tintype.dataset import open_dataset
    from tintype.evaluation import read_rows, suggested
    from tintype.evaluation.scorers import anchored

    if not scorers:
        truths: list[str] = []
        async with open_dataset(plan.dataset) as dataset:
            async for batch in read_rows(dataset, plan.rows):
                truths += [row.truths[0] for row in batch]
        scorers = await asyncio.to_thread(suggested, truths)
    chosen = Parameters(temperature, max_tokens=max_tokens)
    return replace(plan, scorers=(*map(anchored, scorers), *plan.scorers), parameters=chosen)


def _trained(plan: "EvaluationPlan", training: tuple[str, ...]) -> "EvaluationPlan":
    from dataclasses import replace

    return replace(plan, training=tuple(absolute(typed(path)) for path in training))
