"""Choices of a set-up that are asked for in a dialog: a model anywhere, a number, a sum."""

from decimal import Decimal, InvalidOperation

from tintype.errors import EvaluationError
from tintype.evaluation import EvaluatedModel, EvaluationPlan, scorer_names
from tintype_tui.screen import Pane
from tintype_tui.screens.choosing import Choose
from tintype_tui.screens.dialogs import Ask
from tintype_tui.screens.playground.models import headings, listed_by, offered

NOBODY = EvaluatedModel("", "")
"""Chosen where no model is wanted."""


async def ask_model(pane: Pane, title: str, *, none: str = "") -> EvaluatedModel | None:
    """Have a model chosen, at any profile; `NOBODY` for the entry `none`, none for nothing.

    Raises:
        TintypeError: if the models cannot be listed.
    """
    session, app = pane.session, pane.app
    profile = session.profile.name
    api, store = await session.provider(), await session.store()
    offers = offered(await listed_by(api), store, profile)
    homes = (profile, *(name for name in session.settings.profiles if name != profile))
    words = [one.words for one in offers]
    words += [f"at {name}: a model by its name …" for name in homes]
    words += [none] if none else []
    chosen = await app.push_screen_wait(Choose(title, words, headings=headings(offers)))
    if chosen is None:
        return None
    if chosen < len(offers):
        return EvaluatedModel(offers[chosen].name, profile)
    at = chosen - len(offers)
    if at >= len(homes):
        return NOBODY
    name = await app.push_screen_wait(Ask(f"Model at {homes[at]}", hints=("Its full name.",)))
    return EvaluatedModel(name.strip(), homes[at]) if name and name.strip() else None


def question(kind: str, plan: EvaluationPlan, stop_at_usd: Decimal | None) -> Ask:
    """The dialog for a choice that is typed: rows, samples, budget, question or scorers."""
    if kind == "rows":
        value = "" if plan.rows is None else str(len(plan.rows))
        return Ask("How many rows?", value=value, hints=("The first so many; empty: all.",))
    if kind == "samples":
        return Ask("How often is each question asked?", value=str(plan.samples), hints=("1 to 20",))
    if kind == "question":
        hint = "Asked of every row in place of its own; empty: each row's own."
        return Ask("Which question?", value=plan.question or "", hints=(hint,))
    if kind == "system":
        hint = "In place of every row's own; empty: each row's own."
        return Ask("System prompt", value=plan.system or "", hints=(hint,))
    if kind == "budget":
        hint = "What was answered is kept. Empty: the limits of the settings alone."
        value = "" if stop_at_usd is None else str(stop_at_usd)
        return Ask("Stop before so many US dollars are spent", value=value, hints=(hint,))
    hint = f"Known: {', '.join(scorer_names())}; or path.py:function."
    value = ", ".join(plan.scorers)
    return Ask("Scorers, the leading one first", value=value, hints=(hint,))


def whole(text: str, most: int) -> int:
    """A whole number from 1 on.

    Raises:
        EvaluationError: if it is none.
    """
    if not text.isdecimal() or not 1 <= int(text) <= most:
        raise EvaluationError(f"{text!r} is no whole number from 1 to {most:,}.")
    return int(text)


def dollars(text: str) -> Decimal | None:
    """A sum in US dollars; none for an empty text.

    Raises:
        EvaluationError: if it is none.
    """
    try:
        value = Decimal(text.lstrip("$")) if text else None
    except InvalidOperation:
        value = Decimal(-1)
    if value is not None and not 0 < value < 1_000_000:
        raise EvaluationError(f"{text!r} is no sum in US dollars.")
    return value
