"""Golden answers: which rows a tuned model is asked, what that costs, and the run of it."""

import asyncio
from pathlib import Path

from tintype import evaluation, keeping
from tintype.evaluation import EvaluatedModel
from tintype.inventory import InventoryItem
from tintype.prompting import Parameters
from tintype_tui.requests import EvaluationOrder
from tintype_tui.screen import Pane
from tintype_tui.screens.choosing import Choose
from tintype_tui.screens.evaluate.setup import Draft
from tintype_tui.screens.evaluate.starting import ordered, weighed
from tintype_tui.screens.open_path import choose_dataset
from tintype_tui.words.inventory import day


async def golden_order(pane: Pane, item: InventoryItem) -> EvaluationOrder | None:
    """What to ask a tuned model, once its cost has been agreed to; none if it has not been.

    The same rows asked again go on with the run that there is. Call it in a worker.

    Raises:
        TintypeError: if the rows cannot be read, or a limit could be passed.
    """
    path = await _rows(pane, item)
    if path is None:
        return None
    model = EvaluatedModel(item.ref.id, item.ref.profile)
    plan = await keeping.golden_plan(model, path, parameters=Parameters(0.0))
    draft = await weighed(pane.session, Draft(plan, own_scorers=True))
    home = evaluation.runs_folder(pane.session.settings.folders.data)
    made = await asyncio.to_thread(evaluation.runs_in, home)
    folder = next((run.folder for run in made if run.plan == draft.plan), None)
    until = f"After {day(item.end.date)}" if item.end else "Once it is gone"
    title = f"{until} these answers are all that is left of {item.title}. Ask for them?"
    return await ordered(pane, draft, folder, title=title)


async def _rows(pane: Pane, item: InventoryItem) -> Path | None:
    """Its test or validation rows, as far as they are here; else rows that a person chooses."""
    store = await pane.session.store()
    known = await asyncio.to_thread(keeping.usual_rows, store, item.ref.profile, item.ref.id)
    title = f"Golden answers of {item.title} to which rows?"
    if known:
        entries = [*(f"{path.parent.name}/{path.name}" for path in known), "another file …"]
        chosen = await pane.app.push_screen_wait(Choose(title, entries))
        if chosen is None:
            return None
        if chosen < len(known):
            return known[chosen]
    return await choose_dataset(pane, title)
