"""Evaluations as sentences: what one will cost, how far it is, what is to be evaluated."""

from decimal import Decimal

from tintype.budget import Demand
from tintype.evaluation import EvaluationCost, EvaluationRun, RunProgress, percent
from tintype.evaluation.judging import JudgeAgreement
from tintype.evaluation.statistics import Interval
from tintype_tui.text import count, duration, money, number


def bounds_words(found: Interval) -> str:
    """`91–95`, in percent."""
    return f"{100 * found.low:.0f}–{100 * found.high:.0f}"


def agreement_words(judge: str, both: int, agreed: JudgeAgreement | None) -> str:
    """How far a judge agrees with a person, in a sentence."""
    if agreed is None:
        return "No answer has been graded by both."
    kappa = "not defined" if agreed.kappa is None else f"{agreed.kappa:.2f}"
    share = f"{percent(agreed.agreement)} of {count(both, 'answer')}"
    return f"You and {judge} agree on {share}; Cohen's kappa {kappa}."


def evaluation_cost_words(cost: EvaluationCost) -> str:
    """`240 questions to 2 models, free`."""
    models = sum(not part.is_judge for part in cost.parts)
    words = f"{count(cost.questions, 'question')} to {count(models, 'model')}"
    words += " and a judge" if models < len(cost.parts) else ""
    return f"{words}, {_price(cost)}"


def _price(cost: EvaluationCost) -> str:
    if cost.unknown == len(cost.parts):
        return "cost unknown"
    likely, most = money(cost.likely_usd), money(cost.most_usd)
    known = likely if likely == most else f"{likely}, {most} at most"
    return f"{known}, and {count(cost.unknown, 'model')} of unknown cost" if cost.unknown else known


def cost_details(cost: EvaluationCost) -> str:
    """A line for each model: questions, images, tokens, cost."""
    return "\n".join(
        f"{'judge ' if part.is_judge else ''}{part.model.title}: "
        f"{count(part.questions, 'question')}, {count(part.images, 'image')}, "
        f"{number(part.prompt.likely)} tokens in, {number(part.answer_tokens)} out, "
        f"{money(part.likely_usd)}"
        if part.images or part.prompt.likely
        else f"{'judge ' if part.is_judge else ''}{part.model.title}: "
        f"{count(part.questions, 'question')}, {money(part.likely_usd)}"
        for part in cost.parts
    )


def consent_to_evaluate(cost: EvaluationCost, demand: Demand, stop_at_usd: Decimal | None) -> str:
    """What is asked before an evaluation that may cost much."""
    words = f"{evaluation_cost_words(cost)}.\n{cost_details(cost)}\n"
    if stop_at_usd is not None:
        words += f"It stops before {money(stop_at_usd)} are spent, and keeps what was answered.\n"
    return words + demand.why


def progress_words(now: RunProgress, *, pausing: bool) -> str:
    """`141 of 240 answers · 31 a second · 3 s left · $0.12`."""
    if now.phase == "reading":
        return f"Reading the rows: {number(now.done)} …"
    going = now.phase in ("asking", "grading")
    noun = "grade" if now.phase == "grading" else "answer"
    parts = (
        f"{number(now.done)} of {count(now.total, noun)}",
        _pace(now) if going else now.phase,
        _spent(now),
        f"{count(now.unknown, 'answer')} of unknown cost" if now.unknown else "",
        f"{number(now.reused)} from earlier runs" if now.reused else "",
        f"{number(now.failed)} failed" if now.failed else "",
        "pausing …" if pausing and going else "",
    )
    return " · ".join(filter(None, parts)) + (f"\n{now.words}" if now.words else "")


def _spent(now: RunProgress) -> str:
    """What it has cost so far; before the first answer that is not free, but not known."""
    if now.spent_usd or (now.done and not now.unknown):
        return money(now.spent_usd)
    return "cost unknown" if now.unknown else ""


def _pace(now: RunProgress) -> str:
    if not now.per_s:
        return f"{now.under_way} at once"
    pace = f"{now.per_s:.0f}" if now.per_s >= 10 else f"{now.per_s:.1f}"
    left = f" · {duration(now.left_s)} left" if now.left_s and now.done < now.total else ""
    return f"{pace} a second, {now.under_way} at once{left}"


def run_words(run: EvaluationRun) -> str:
    """`cards/test.jsonl · 240 rows · tuned cards, tintype-tiny`."""
    path, models = run.plan.dataset, ", ".join(model.title for model in run.plan.models)
    return f"{path.parent.name}/{path.name} · {count(run.rows, 'row')} · {models}"
