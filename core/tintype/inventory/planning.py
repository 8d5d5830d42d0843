"""A plan by date: what will be lost when, and until when a replacement can be begun in time. Pure.

A retraining is safe to start as long as it can fail once and be started again, and a day is left in
which the old model still answers beside the new one: twice its own duration, and a day. Durations
are those of one's own jobs, the queue included; where a model's is not known, the longest of its
profile stands in, and is said to.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from tintype.inventory.values import End, Inventory, InventoryItem, Ref

SOON_DAYS = 60
"""Below this many days something that is in use is warned of."""
TRIES, COMPARING_DAYS = 2, 1


@dataclass(frozen=True, slots=True)
class RetrainingStep:
    """Models that end on one day, and whose retraining has to begin by one day."""

    profile: str
    end: End
    models: tuple[InventoryItem, ...]
    longest_s: float | None
    """What the longest of their trainings took; none if none is known."""
    assumed: bool
    """Whether some model's duration is not known, so that the longest of its profile stands in."""
    last_safe: date | None
    """The last day on which a retraining is safe to start; none if no duration is known."""
    training_end: End | None = None
    """From when on the provider itself takes no jobs of these bases."""


@dataclass(frozen=True, slots=True)
class PlanByDate:
    """What will be lost, the soonest first."""

    steps: tuple[RetrainingStep, ...]
    lost: tuple[InventoryItem, ...]
    """Tuned models that do not answer any more."""
    undated: tuple[InventoryItem, ...]
    """Tuned models of which nobody says when they end."""
    today: date

    @property
    def models(self) -> tuple[InventoryItem, ...]:
        """Every model that will be lost."""
        return tuple(item for step in self.steps for item in step.models)


@dataclass(frozen=True, slots=True)
class GoldenCost:
    """What is left to pay for the answers that outlive the models."""

    models: int
    """Models whose answers are still to be kept."""
    kept: int
    """Models that have been evaluated already: their answers are here."""
    likely_usd: Decimal
    """For those with a known number of rows, tokens and price."""
    unknown: int
    """Models for which it is not known."""
    questions: int
    """Of those for which it is known."""


def in_use(inventory: Inventory) -> tuple[InventoryItem, ...]:
    """Return the tuned models that a person still has: what there is to lose."""
    return tuple(
        item
        for item in inventory.items
        if item.ref.kind == "model"
        and not item.is_lost
        and (item.presence != "missing" or (item.reach and item.reach.state == "answers"))
    )


def plan_by_date(inventory: Inventory) -> PlanByDate:
    """Return what will be lost when, and the last safe day to begin replacing it."""
    groups: dict[tuple[str, date], list[InventoryItem]] = {}
    undated: list[InventoryItem] = []
    lost = [item for item in inventory.items if item.ref.kind == "model" and item.is_lost]
    for item in in_use(inventory):
        if item.end is None:
            undated += [] if item.endless else [item]
        else:
            groups.setdefault((item.ref.profile, item.end.date), []).append(item)
    took = _durations(inventory)
    steps = [
        step
        for (profile, _), items in groups.items()
        for step in _steps(inventory, profile, items, took)
    ]
    steps.sort(key=lambda step: (step.end.date, step.last_safe or step.end.date, step.profile))
    return PlanByDate(tuple(steps), tuple(lost), tuple(undated), inventory.today)


def _durations(inventory: Inventory) -> dict[Ref, float]:
    """By model: how long its job took, in seconds."""
    found = {}
    for item in inventory.items:
        for ref in item.made_from[:1] if item.ref.kind == "model" else ():
            job = inventory.by_ref.get(ref)
            if job is not None and job.took_s is not None:
                found[item.ref] = job.took_s
    return found


def _steps(
    inventory: Inventory, profile: str, items: Sequence[InventoryItem], took: dict[Ref, float]
) -> Iterable[RetrainingStep]:
    """Models of one day, those whose retraining has to begin on the same day together."""
    known = [s for ref, s in took.items() if ref.profile == profile]
    longest = max(known, default=None)
    by_day: dict[date | None, list[InventoryItem]] = {}
    for item in items:
        assert item.end is not None
        by_day.setdefault(last_safe_day(item.end.date, took.get(item.ref, longest)), []).append(
            item
        )
    for day, found in by_day.items():
        own = [took[item.ref] for item in found if item.ref in took]
        assumed = len(own) < len(found)
        longest_s = max(own, default=longest) if not assumed else longest
        ends = [
            end
            for item in found
            if (end := inventory.training_ends.get((profile, item.base))) is not None
        ]
        end = found[0].end
        assert end is not None
        yield RetrainingStep(
            profile,
            end,
            tuple(sorted(found, key=lambda item: item.ref)),
            longest_s,
            assumed,
            day,
            min(ends, key=lambda one: one.date, default=None),
        )


def last_safe_day(end: date, took_s: float | None) -> date | None:
    """Return the last safe day to begin a training that long; none if that is not known."""
    if took_s is None:
        return None
    days = math.ceil(TRIES * took_s / 86_400) + COMPARING_DAYS
    return end - timedelta(days=days)


def golden_cost(inventory: Inventory) -> GoldenCost:
    """Return what it would cost to keep the answers of the models in use to their own data.

    Each is asked the rows of its training file once: the tokens that one epoch was billed, all of
    them at the price of the prompt and a tenth at that of the answer. A rough figure, which
    `keep` replaces by an exact one before anything is asked.
    """
    models = kept = unknown = questions = 0
    likely = Decimal(0)
    for item in in_use(inventory):
        if item.evaluations:
            kept += 1
            continue
        if item.endless:
            continue
        models += 1
        job = next((j for r in item.made_from[:1] if (j := inventory.by_ref.get(r))), None)
        cost = _answers_cost(item, job)
        if cost is None:
            unknown += 1
        else:
            likely += cost
            questions += (job.rows or 0) if job else 0
    return GoldenCost(models, kept, likely, unknown, questions)


def _answers_cost(item: InventoryItem, job: InventoryItem | None) -> Decimal | None:
    if item.price is None or job is None or not job.trained_tokens or not job.epochs:
        return None
    tokens = job.trained_tokens // job.epochs
    return item.price.cost(tokens, tokens // 10)
