"""Running an evaluation: asking what is missing, writing each answer down, then having it graded.

A run may be stopped at any moment, by a key or by SIGKILL, and taken up again from its folder: at
most the answers under way are lost. Its money is authorized as a whole before the first question,
and the ledger gets what it came to.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Literal

from tintype import paths
from tintype.api import SYSTEM, Api, Clock
from tintype.budget import Confirmation, Limits, authorize
from tintype.dataset import open_dataset
from tintype.errors import EvaluationError
from tintype.evaluation.answer_case import JUDGE, Scorer
from tintype.evaluation.baselines import write_baselines
from tintype.evaluation.costs import EvaluationCost, estimate
from tintype.evaluation.dispatching import Dispatcher, RunFiles
from tintype.evaluation.leaking import look_at_images
from tintype.evaluation.plan import AskingLimits, EvaluatedModel, EvaluationPlan, fingerprint
from tintype.evaluation.reusing import reused
from tintype.evaluation.rows import EvaluatedRow, LeftOut, read_rows
from tintype.evaluation.run_folder import (
    ANSWERS,
    GRADES,
    MANIFEST,
    EvaluationRun,
    RunLog,
    begin,
    forget_unanswered,
    logged,
    run_at,
    writing_log,
)
from tintype.evaluation.run_state import RunState
from tintype.evaluation.scorers import scorer_of
from tintype.evaluation.sentences import omitted_words
from tintype.evaluation.statistics import Interval
from tintype.pricing import Prices, load_prices
from tintype.store import Store

TICK_S = 0.2
"""How often progress is yielded."""

Phase = Literal["reading", "asking", "grading", "done", "paused", "budget"]


@dataclass(frozen=True, slots=True)
class RunProgress:
    """How far an evaluation is."""

    phase: Phase
    """`paused` and `budget` are ends, too: the run may be taken up again."""
    folder: Path
    done: int = 0
    """Answers (or grades) written down, those of earlier runs included."""
    total: int = 0
    """0 until the rows have been read."""
    reused: int = 0
    """Answers that an earlier run had; they cost nothing."""
    failed: int = 0
    """Questions without an answer so far; they are asked again when the run is taken up."""
    under_way: int = 0
    concurrency: int = 0
    """How many questions may be under way, as found out."""
    per_s: float = 0.0
    """Answers a second of late."""
    left_s: float | None = None
    """At that pace."""
    spent_usd: Decimal = Decimal(0)
    unknown: int = 0
    """Answers of unknown cost."""
    scores: Mapping[str, Interval] = field(default_factory=dict)
    """The leading scorer's mean so far, by model."""
    latest: tuple[tuple[int, str, float | None], ...] = ()
    """What has come since the last progress: position of the row, model, score."""
    words: str = ""
    """Why it waits or ended, in a sentence."""


async def run(
    plan: EvaluationPlan,
    folder: Path,
    *,
    apis: Mapping[str, Api],
    store: Store,
    limits: Limits,
    confirmation: Confirmation,
    prices: Prices | None = None,
    stop_at_usd: Decimal | None = None,
    asking: AskingLimits | None = None,
    pause: asyncio.Event | None = None,
    fresh: bool = False,
    clock: Clock = SYSTEM,
) -> AsyncGenerator[RunProgress, None]:
    """Run an evaluation in a folder, new or begun, and yield progress until it ends.

    Leaving the generator stops it at once. What was begun is taken up: with the same plan, only
    what has no answer is asked, so errors are retried alone.

    Args:
        plan: What is evaluated.
        folder: The run's own; beside it are earlier runs, whose answers are used again.
        apis: Of every profile that the plan names, connected.
        store: Where the ledger is.
        limits: What may be spent.
        confirmation: What a person has agreed to.
        prices: What providers charge; none are those that come with Tintype.
        stop_at_usd: Stop softly before this is passed, and keep what was answered.
        asking: How much at once, and how patiently.
        pause: Once set, nothing more is asked; what is under way is waited for.
        fresh: Whether answers of earlier runs are not used.
        clock: The time.

    Raises:
        EvaluationError: if the plan cannot be run, or is not that of the folder.
        ConfirmationError: if the cost has to be confirmed, and is not; nothing was sent.
        BudgetError: if a limit could be passed; nothing was sent.
        DatasetError: if the dataset cannot be read, or a row's image cannot be had.
        ApiError: if a provider refuses a model altogether; what was answered is kept.
        FileError: if the folder cannot be written.
    """
    plan.require()
    scorers = await asyncio.to_thread(lambda: [scorer_of(spec) for spec in plan.scorers])
    table = await asyncio.to_thread(load_prices) if prices is None else prices
    async with AsyncExitStack() as stack:
        stack.push(partial(forget_unanswered, folder, paths.is_file(folder / MANIFEST)))
        dataset = await stack.enter_async_context(open_dataset(plan.dataset))
        rows: list[EvaluatedRow] = []
        out: list[LeftOut] = []
        types = plan.question_types
        truth = any(scorer.needs_truth for scorer in scorers)
        reading = read_rows(dataset, plan.rows, types=types, left_out=out, truth=truth)
        async with aclosing(reading) as batches:
            async for batch in batches:
                rows += batch
                yield RunProgress("reading", folder, len(rows))
        made = await asyncio.to_thread(_begun, plan, folder, rows, out, scorers, clock)
        await look_at_images(folder, dataset, rows, plan.training)
        await write_baselines(folder, rows, plan.training, types)
        answers = stack.enter_context(writing_log(folder / ANSWERS))
        grades = stack.enter_context(writing_log(folder / GRADES))
        state = await asyncio.to_thread(_recalled, made, rows, scorers[0], answers, fresh=fresh)
        known = {name: frozenset(at) for name, at in state.asked().items()}
        profiles = {name: api.profile for name, api in apis.items()}
        cost = await estimate(plan, dataset, rows, profiles=profiles, prices=table, asked=known)
        _authorize(store, made, cost, state, limits, confirmation, stop_at_usd, clock)
        files = RunFiles(dataset, answers, grades)
        dispatcher = Dispatcher(files, state, apis, table, asking or AskingLimits(), clock)
        dispatcher.budget(cost, stop_at_usd)
        try:
            async with aclosing(_steps(dispatcher, pause, folder)) as steps:
                async for step in steps:
                    yield step
        finally:
            _settle(store, made, cost, state)


def _recalled(
    run: EvaluationRun,
    rows: Sequence[EvaluatedRow],
    scorer: Scorer,
    answers: RunLog,
    *,
    fresh: bool,
) -> RunState:
    """What is known before anything is asked; answers of earlier runs are written down."""
    state = RunState(run, rows, scorer)
    state.recall(logged(run.folder, ANSWERS), logged(run.folder, GRADES))
    if not fresh:
        for line in reused(run, rows, state.replayed):
            answers.write(line)
            state.take(line, state.score(line))
    return state


def _begun(
    plan: EvaluationPlan,
    folder: Path,
    rows: Sequence[EvaluatedRow],
    left_out: Sequence[LeftOut],
    scorers: Sequence[Scorer],
    clock: Clock,
) -> EvaluationRun:
    if not rows:
        why = omitted_words(left_out)
        raise EvaluationError(
            f"{plan.dataset.name} has no rows to evaluate.{f' {why}' if why else ''}",
            advice="Fix the rows, or evaluate another dataset.",
        )
    versions = {scorer.name: scorer.version for scorer in scorers}
    known = fingerprint(plan, [row.asked + row.digest for row in rows], versions)
    if not paths.is_file(folder / MANIFEST):
        return begin(folder, plan, known, rows, clock.now(), left_out)
    made = run_at(folder)
    differing = [name for name, value in known.items() if made.fingerprint.get(name) != value]
    models = {model.id for model in made.plan.models} != {model.id for model in plan.models}
    if differing or models:
        what = ", ".join([*differing, *(["models"] if models else [])])
        raise EvaluationError(
            f"The evaluation {folder.name} was begun with other values: {what}.",
            advice="Begin a new one; answers that it shares are used again.",
        )
    return made


def _authorize(
    store: Store,
    made: EvaluationRun,
    cost: EvaluationCost,
    state: RunState,
    limits: Limits,
    confirmation: Confirmation,
    stop_at_usd: Decimal | None,
    clock: Clock,
) -> None:
    """Enter the expected cost of the whole run: what it has spent, and what is still to come."""
    expenses = []
    left_usd = None if stop_at_usd is None else max(Decimal(0), stop_at_usd - state.spent_usd)
    for part, expense in zip(cost.parts, cost.expenses(made.id, left_usd), strict=True):
        spent = state.spent_on(part.model, is_judge=part.is_judge)
        if expense.likely_usd is not None and expense.high_usd is not None:
            expense = replace(
                expense,
                likely_usd=expense.likely_usd + spent,
                high_usd=expense.high_usd + spent,
            )
        if expense.high_usd != 0 and part.questions:
            expenses.append(expense)
    if stop_at_usd is not None:
        limits = replace(limits, budget_usd=stop_at_usd)
    if expenses:
        authorize(store, *expenses, limits=limits, confirmation=confirmation, now=clock.now())


def _settle(store: Store, made: EvaluationRun, cost: EvaluationCost, state: RunState) -> None:
    """Enter what it came to; while the cost of an answer is unknown, the estimate stays."""
    for part in cost.parts:
        subject = part.expense(made.id).subject
        entry = store.spending.find(part.model.profile, "inference", subject)
        if entry is None or state.unknown_on(part.model, is_judge=part.is_judge):
            continue
        tokens = state.tokens_on(part.model, is_judge=part.is_judge)
        spent = state.spent_on(part.model, is_judge=part.is_judge)
        store.spending.settle(entry, tokens, spent)


async def _steps(
    dispatcher: Dispatcher, pause: asyncio.Event | None, folder: Path
) -> AsyncGenerator[RunProgress, None]:
    """Progress, while questions are asked and then graded."""
    phases: tuple[Phase, ...] = ("asking", "grading") if dispatcher.state.judged else ("asking",)
    for phase in phases:
        working = asyncio.create_task(
            dispatcher.grade() if phase == "grading" else dispatcher.ask()
        )
        try:
            while not working.done():
                yield _progress(phase, dispatcher, folder)
                await asyncio.wait({working}, timeout=TICK_S)
                if pause is not None and pause.is_set():
                    dispatcher.stop("paused")
            working.result()
        finally:
            working.cancel()
            await asyncio.wait({working})
        if dispatcher.stopped:
            break
    yield _progress(dispatcher.stopped or "done", dispatcher, folder)


def _progress(phase: Phase, dispatcher: Dispatcher, folder: Path) -> RunProgress:
    state = dispatcher.state
    done, total = state.counted(grading=phase == "grading")
    per_s = dispatcher.per_s()
    return RunProgress(
        phase,
        folder,
        done,
        total,
        state.reused,
        state.failed,
        dispatcher.under_way(),
        dispatcher.concurrency(),
        per_s,
        (total - done) / per_s if per_s else None,
        state.spent_usd,
        state.unknown,
        state.scores(),
        state.news(),
        dispatcher.words(phase),
    )


def models_of(plan: EvaluationPlan) -> tuple[EvaluatedModel, ...]:
    """Every model that a plan asks, the judge included: whose profiles have to be connected."""
    judge = (plan.judge.model,) if plan.judge is not None and JUDGE in plan.scorers else ()
    return (*plan.models, *judge)
