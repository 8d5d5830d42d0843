"""What an evaluation will cost, before it starts: tokens in, images, expected out, the judge."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from tintype.api import ChatRequest
from tintype.budget import Demand, Expense, Limits, demand
from tintype.dataset import Dataset
from tintype.evaluation.judging import judge_messages
from tintype.evaluation.plan import EvaluatedModel, EvaluationPlan
from tintype.evaluation.rows import EvaluatedRow
from tintype.evaluation.shots import with_shots
from tintype.pricing import Prices
from tintype.prompting import foresee, reword
from tintype.prompting.foreseeing import ASSUMED_TOKENS
from tintype.settings import Profile
from tintype.store import Store
from tintype.tokens import NOTHING, Range

JUDGE_TOKENS = 60
"""Of a grade with its reason in a sentence."""
BATCH = 50


@dataclass(frozen=True, slots=True)
class ModelCost:
    """What one model's part will cost: its answers, or a judge's grades."""

    model: EvaluatedModel
    is_judge: bool
    questions: int
    images: int
    """Images sent, in all questions."""
    prompt: Range
    """Tokens in, images included."""
    answer_tokens: int
    """Tokens out, as long as the truths are."""
    likely_usd: Decimal | None
    """None is unknown, not nothing."""
    most_usd: Decimal | None
    """With the high end of the prompt, and long answers."""

    def expense(self, run: str, *, most_usd: Decimal | None = None) -> Expense:
        """The ledger's entry; at `most_usd` the run stops by itself."""
        likely, high = self.likely_usd, self.most_usd
        if most_usd is not None and likely is not None and high is not None:
            likely, high = min(likely, most_usd), min(high, most_usd)
        subject = f"{run}/{'judge ' if self.is_judge else ''}{self.model.name}"
        tokens = self.prompt.likely + self.answer_tokens
        return Expense(
            self.model.profile, self.model.name, "inference", subject, tokens, likely, high
        )


@dataclass(frozen=True, slots=True)
class EvaluationCost:
    """What an evaluation will cost."""

    parts: tuple[ModelCost, ...]
    """Of each model, the judge last."""

    @property
    def questions(self) -> int:
        """Questions to be sent, a judge's included."""
        return sum(part.questions for part in self.parts)

    @property
    def likely_usd(self) -> Decimal:
        """Of the parts whose price is known; see `unknown`."""
        return sum((part.likely_usd or Decimal(0) for part in self.parts), Decimal(0))

    @property
    def most_usd(self) -> Decimal:
        """Likewise, at most."""
        return sum((part.most_usd or Decimal(0) for part in self.parts), Decimal(0))

    @property
    def unknown(self) -> int:
        """Parts whose price is not known."""
        return sum(part.likely_usd is None for part in self.parts)

    def expenses(self, run: str, left_usd: Decimal | None = None) -> tuple[Expense, ...]:
        """The ledger's entry of each part; together at most `left_usd`, if the run stops there."""
        found = []
        for part in self.parts:
            found.append(part.expense(run, most_usd=left_usd))
            if left_usd is not None:
                left_usd -= found[-1].high_usd or 0
        return tuple(found)

    def demand(
        self, store: Store, limits: Limits, now: datetime, *, stop_at_usd: Decimal | None = None
    ) -> Demand | None:
        """What a person has to type before it starts; none if nothing.

        Raises:
            BudgetError: if a limit could be passed.
        """
        expenses = self.expenses("", stop_at_usd)
        return demand(store, *expenses, limits=limits, now=now)


async def estimate(
    plan: EvaluationPlan,
    dataset: Dataset,
    rows: Sequence[EvaluatedRow],
    *,
    profiles: Mapping[str, Profile],
    prices: Prices,
    asked: Mapping[str, frozenset[int]] | None = None,
) -> EvaluationCost:
    """Estimate what an evaluation will cost; nothing is sent.

    Args:
        plan: What is evaluated.
        dataset: Its dataset, open.
        rows: Its rows, as `read_rows` gives them.
        profiles: Of every model and the judge, by name.
        prices: What providers charge.
        asked: By model (the judge under `judge`), the positions of rows that need not be asked.

    Raises:
        DatasetError: if a row's question cannot be had.
    """
    known = asked or {}
    sums = {model.id: _Sum(model, profiles[model.profile], prices, plan) for model in plan.models}
    judge = None
    if plan.judge is not None and "judge" in plan.scorers:
        judge = _Sum(plan.judge.model, profiles[plan.judge.model.profile], prices, plan)
    if all(one.free for one in (*sums.values(), *([judge] if judge else []))):
        return _counted(plan, rows, sums, judge, known)
    for start in range(0, len(rows), BATCH):
        batch = list(enumerate(rows))[start : start + BATCH]
        await asyncio.to_thread(_add, plan, dataset, batch, sums, judge, known)
    return _made(sums, judge)


class _Sum:
    """One model's part, growing row by row."""

    def __init__(
        self, model: EvaluatedModel, profile: Profile, prices: Prices, plan: EvaluationPlan
    ) -> None:
        self.model, self.profile, self.prices, self.plan = model, profile, prices, plan
        self.price = prices.inference(profile.provider, model.name)
        self.free = profile.dialect == "embedded"
        self.questions = self.images = self.answer_tokens = self.most_tokens = 0
        self.prompt = NOTHING

    def add(self, messages: Sequence[Mapping[str, Any]], expected: str, times: int) -> None:
        self.questions += times
        self.images += times * sum(map(_images, messages))
        if self.free:
            return
        most = self.plan.parameters.max_tokens
        request = ChatRequest(self.model.name, messages, max_tokens=most)
        found = foresee(request, self.profile.provider, self.prices, expected=expected)
        self.prompt += found.prompt * times
        self.answer_tokens += found.answer_tokens * times
        self.most_tokens += (most or max(ASSUMED_TOKENS, found.answer_tokens)) * times

    def cost(self, *, is_judge: bool = False) -> ModelCost:
        likely: Decimal | None = Decimal(0) if self.free else None
        high = likely
        if not self.free and self.price is not None:
            likely = self.price.cost(self.prompt.likely, self.answer_tokens)
            high = self.price.cost(self.prompt.high, self.most_tokens)
        return ModelCost(
            self.model,
            is_judge,
            self.questions,
            self.images,
            self.prompt,
            self.answer_tokens,
            likely,
            high,
        )


def _images(message: Mapping[str, Any]) -> int:
    content = message.get("content")
    parts = content if isinstance(content, list) else ()
    return sum(isinstance(part, Mapping) and part.get("type") == "image_url" for part in parts)


def _add(
    plan: EvaluationPlan,
    dataset: Dataset,
    batch: Sequence[tuple[int, EvaluatedRow]],
    sums: Mapping[str, _Sum],
    judge: _Sum | None,
    known: Mapping[str, frozenset[int]],
) -> None:
    for at, row in batch:
        messages = messages_of(plan, dataset, row)
        for one in sums.values():
            if at not in known.get(one.model.id, ()):
                one.add(messages, row.truths[0], plan.samples)
        if judge is not None and plan.judge is not None:
            graded = judge_messages(plan.judge, messages, row.question, row.truths, row.truths[0])
            if at not in known.get("judge", ()):
                judge.add(graded, "word " * JUDGE_TOKENS, plan.samples * len(plan.models))


def messages_of(plan: EvaluationPlan, dataset: Dataset, row: EvaluatedRow) -> list[dict[str, Any]]:
    """A row's question as it is sent: blocking.

    Raises:
        DatasetError: if it cannot be had.
    """
    messages = dataset.question_at(row.index)
    detail = plan.parameters.detail
    worded = reword(messages, text=plan.question, system=plan.system, detail=detail)
    return with_shots(worded, plan.shots)


def _counted(
    plan: EvaluationPlan,
    rows: Sequence[EvaluatedRow],
    sums: Mapping[str, _Sum],
    judge: _Sum | None,
    known: Mapping[str, frozenset[int]],
) -> EvaluationCost:
    """Where all is free, only questions are counted."""
    for one in sums.values():
        one.questions = (len(rows) - len(known.get(one.model.id, ()))) * plan.samples
    if judge is not None:
        judge.questions = len(rows) * plan.samples * len(plan.models)
    return _made(sums, judge)


def _made(sums: Mapping[str, _Sum], judge: _Sum | None) -> EvaluationCost:
    parts = [one.cost() for one in sums.values()]
    return EvaluationCost((*parts, *([judge.cost(is_judge=True)] if judge else [])))
