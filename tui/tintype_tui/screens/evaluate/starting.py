"""Before an evaluation starts, or goes on: its rows read, its cost known, and agreed to."""

import asyncio
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from tintype import evaluation
from tintype.budget import NOTHING_CONFIRMED, Confirmation, Limits
from tintype.dataset import open_dataset
from tintype.pricing import load_prices
from tintype_tui.requests import Evaluate, EvaluationOrder
from tintype_tui.screen import Pane
from tintype_tui.screens.dialogs import Confirm, ConfirmSum
from tintype_tui.screens.evaluate.setup import Draft
from tintype_tui.session import Session
from tintype_tui.words.evaluating import (
    consent_to_evaluate,
    cost_details,
    evaluation_cost_words,
)


async def weighed(session: Session, draft: Draft) -> Draft:
    """A draft with the scorers that suit its rows, unless a person chose them, and its cost.

    Raises:
        TintypeError: if it cannot be evaluated.
    """
    plan, settings = draft.plan, session.settings
    if plan is None:
        return draft
    async with open_dataset(plan.dataset) as dataset:
        rows: list[evaluation.EvaluatedRow] = []
        omitted: list[evaluation.LeftOut] = []
        truth = not draft.own_scorers or plan.scorers != ("answered",)
        reading = evaluation.read_rows(dataset, plan.rows, left_out=omitted, truth=truth)
        async with aclosing(reading) as batches:
            async for batch in batches:
                rows += batch
        if not draft.own_scorers:
            truths = [truth for row in rows for truth in row.truths]
            found = await asyncio.to_thread(evaluation.suggested, truths)
            plan = replace(plan, scorers=(*found, *(["judge"] if plan.judge else [])))
        plan.require()
        prices = await asyncio.to_thread(load_prices, settings.prices)
        cost = await evaluation.estimate(
            plan, dataset, rows, profiles=settings.profiles, prices=prices
        )
    out = evaluation.omitted_words(omitted)
    draft = replace(draft, plan=plan, rows=len(rows), left_out=out, cost=cost)
    return replace(draft, state="ready", why="")


async def ordered(
    pane: Pane, draft: Draft, folder: Path | None = None, *, title: str = ""
) -> EvaluationOrder | None:
    """What to run, once what it may cost has been agreed to; none if it has not been.

    Args:
        pane: Where it is asked.
        draft: Weighed.
        folder: Of a run to go on with; none begins a new one.
        title: What is asked, whatever it costs; empty asks only where the sum must be typed.

    Raises:
        BudgetError: if a limit could be passed.
    """
    settings, cost, plan = pane.session.settings, draft.cost, draft.plan
    if cost is None or plan is None:
        return None
    limits, now, most = Limits.of(settings), datetime.now(UTC), draft.stop_at_usd
    demand = cost.demand(await pane.session.store(), limits, now, stop_at_usd=most)
    confirmation = NOTHING_CONFIRMED
    if demand is not None:
        words = consent_to_evaluate(cost, demand, most)
        dialog = ConfirmSum(title or "Evaluate", words, demand, act="start")
        if not await pane.app.push_screen_wait(dialog):
            return None
        confirmation = Confirmation(demand.typed)
    elif title:
        words = f"{evaluation_cost_words(cost)}.\n{cost_details(cost)}"
        if not await pane.app.push_screen_wait(Confirm(title, words, yes="Start")):
            return None
    home = evaluation.runs_folder(settings.folders.data)
    return EvaluationOrder(plan, folder or evaluation.new_folder(home), confirmation, most)


async def go_on(pane: Pane, run: evaluation.EvaluationRun) -> None:
    """Have asked what a run is missing, once what it may cost as a whole has been agreed to.

    Raises:
        TintypeError: if it cannot be evaluated any more.
    """
    draft = await weighed(pane.session, Draft(run.plan, own_scorers=True))
    if (order := await ordered(pane, draft, run.folder)) is not None:
        pane.post_message(Evaluate(order))
