"""One dataset at every provider: whether it would be taken as it is, what it costs, until when.

The rows are surveyed once and judged by everybody's rules, so comparing seven models reads a
dataset, its images and its addresses no more often than checking it for one.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from tintype import rules
from tintype.dataset import Dataset
from tintype.dataset.survey import Surveyed, decodes, survey
from tintype.estimation import Counts, Estimate, Plan, count, estimate
from tintype.images.facts import ImageFacts
from tintype.pricing import Prices
from tintype.providers import provider_names
from tintype.rules import FileFacts, ProviderRules, Summary
from tintype.tokens import Detail, model_tokens


@dataclass(frozen=True, slots=True)
class Offer:
    """One base model of one provider."""

    profile: ProviderRules
    summary: Summary
    """What the provider would say to the dataset as it is."""
    estimate: Estimate


@dataclass(frozen=True, slots=True)
class Compared:
    """A comparison under way; the last one has the offers."""

    bytes_done: int
    size_bytes: int
    offers: tuple[Offer, ...] = ()
    """Those that take the dataset first, then by the likely cost; unknown costs last."""


def targets(names: Sequence[str] = ()) -> tuple[tuple[ProviderRules, str], ...]:
    """Return providers whose models are known, with each that is known to learn from images.

    `names` are those of providers, or the paths of their files; none means all of Tintype's own.
    """
    profiles = [rules.rules_of(name) for name in names or provider_names()]
    return tuple(
        (profile, model)
        for profile in profiles
        for model in profile.vision_models or ((profile.model,) if profile.own_model else ())
    )


async def compare(
    dataset: Dataset,
    prices: Prices,
    *,
    epochs: int | None = None,
    detail: Detail = "as is",
    fetch: bool = True,
    fetched: dict[str, ImageFacts] | None = None,
    today: date | None = None,
) -> AsyncGenerator[Compared, None]:
    """Check a dataset and estimate its cost for every provider, in one pass.

    Args:
        dataset: Open.
        prices: What providers charge.
        epochs: None: as each provider chooses.
        detail: What if every image asked for this level of detail.
        fetch: Whether images on the network are fetched to be judged.
        fetched: What images on the network were found to be, by address; see `survey`.
        today: To judge the age of prices; none leaves that out.

    Raises:
        DatasetError: if the file cannot be read.
    """
    facts = await rules.facts(dataset)
    candidates = [_Candidate(profile, model, facts) for profile, model in targets()]
    async for batch in survey(dataset, fetch=fetch, fetched=fetched):
        await asyncio.to_thread(_judge, candidates, batch)
        last = batch[-1].row
        yield Compared(last.offset + last.size_bytes, dataset.size_bytes)
    facts = await rules.facts(dataset)
    found = []
    for candidate in candidates:
        plan = Plan(candidate.model, candidate.profile.provider, epochs, detail)
        _, summary = await asyncio.to_thread(candidate.tally.finish, facts, candidate.model)
        summary = replace(summary, decoded=decodes(dataset, None))
        estimated = estimate(candidate.counts, plan, prices, today=today)
        found.append(Offer(candidate.profile, summary, estimated))
    yield Compared(facts.size_bytes, facts.size_bytes, tuple(sorted(found, key=_rank)))


class _Candidate:
    """One model whose offer is being worked out."""

    def __init__(self, profile: ProviderRules, model: str, facts: FileFacts) -> None:
        self.profile, self.model = profile, model
        rule = model_tokens(model, profile.provider)
        self.tally, self.counts = rules.DatasetJudge(profile, rule, file=facts), Counts(rule)

    def judge(self, surveyed: Surveyed) -> Counts:
        row = self.tally.add(surveyed)
        return count(surveyed, self.counts.rule, tokens=row.tokens, skipped=row.skipped)


def _judge(candidates: Sequence[_Candidate], batch: Sequence[Surveyed]) -> None:
    for candidate in candidates:
        for surveyed in batch:
            candidate.counts += candidate.judge(surveyed)


def _rank(offer: Offer) -> tuple[bool, bool, float]:
    cost = offer.estimate.cost_usd
    return (offer.summary.status == "error", cost is None, float(cost.likely) if cost else 0.0)
