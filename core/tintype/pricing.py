"""Prices and deadlines: the user's own table first, then the providers' files.

Unknown is unknown (`None`), never nothing: a budget computed from a missing price would be fiction.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TypeVar

from tintype.errors import SettingsError
from tintype.model_names import parse_model_name
from tintype.paths import is_file
from tintype.providers import provider_names
from tintype.providers.facts import (
    Billing,
    DatedFact,
    Deadline,
    HostingPrice,
    InferencePrice,
    TrainingPrice,
)
from tintype.providers.loading import provider as known_of
from tintype.providers.loading import read_facts
from tintype.providers.toml_table import read_toml

__all__ = [
    "Billing",
    "DatedFact",
    "Deadline",
    "HostingPrice",
    "InferencePrice",
    "Prices",
    "TrainingPrice",
    "deadline",
    "load_prices",
    "milestones",
    "today",
    "training_end",
]

STALE_AFTER_DAYS = 90
"""Prices older than this should be looked up again."""

_F = TypeVar("_F", bound=DatedFact)


@dataclass(frozen=True, slots=True)
class Prices:
    """What providers charge and when they stop. A provider is named as in its profile."""

    own: tuple[DatedFact, ...] = ()
    """The user's own statements, which go before the providers' files."""

    def training(self, provider: str, model: str) -> TrainingPrice | None:
        """Return what training a base model costs, or none if that is not known."""
        return self._find(TrainingPrice, provider, model)

    def inference(self, provider: str, model: str) -> InferencePrice | None:
        """Return what answers cost; for a tuned model's name (`ft:…`), those of the tuned model."""
        tuned = parse_model_name(model).tuned
        return self._find(InferencePrice, provider, model, lambda price: price.tuned == tuned)

    def tuned_inference(self, provider: str, base: str) -> InferencePrice | None:
        """Return what the answers of a model tuned from this base will cost."""
        return self._find(InferencePrice, provider, base, lambda price: price.tuned)

    def hosting(self, provider: str, model: str) -> HostingPrice | None:
        """Return what keeping a tuned model ready costs by the hour."""
        return self._find(HostingPrice, provider, model)

    def deadline(self, provider: str, model: str) -> Deadline | None:
        """Return when a model stops answering; a tuned one by its own date or its base's."""
        of = "tuned" if parse_model_name(model).tuned else "base"
        return self._find(
            Deadline, provider, model, lambda end: end.what == "shutdown" and end.of in (of, "both")
        )

    def training_end(self, provider: str, model: str = "*") -> Deadline | None:
        """Return when no more jobs are taken, by the provider or for one model."""
        return self._find(Deadline, provider, model, lambda end: end.what == "training")

    def milestones(self, provider: str) -> tuple[Deadline, ...]:
        """Return every date of a provider, the earliest first."""
        found = (fact for facts in self._layers(provider) for fact in facts)
        ends = [f for f in found if isinstance(f, Deadline) and f.provider == provider]
        return tuple(sorted(ends, key=lambda end: (end.date, end.model)))

    def validation_is_free(self, provider: str) -> bool:
        """Return whether the tokens of the validation file are known to cost nothing."""
        billing = self._find(Billing, provider, "*")
        return billing is not None and billing.free_validation

    def is_stale(self, fact: DatedFact, today: date) -> bool:
        """Return whether a statement is so old that it should be looked up again."""
        return fact.confidence != "certain" and fact.age_days(today) > STALE_AFTER_DAYS

    def _layers(self, provider: str) -> Iterator[tuple[DatedFact, ...]]:
        """The statements about a provider, the most trusted first."""
        yield self.own
        if provider in provider_names() or provider.endswith(".toml"):
            yield known_of(provider).facts

    def _find(
        self,
        kind: type[_F],
        provider: str,
        model: str,
        fits: Callable[[_F], bool] = lambda fact: True,
    ) -> _F | None:
        base = parse_model_name(model).base
        for facts in self._layers(provider):
            for wanted in (base, "*"):
                for fact in facts:
                    about = (fact.provider, fact.model) == (provider, wanted)
                    if about and isinstance(fact, kind) and fits(fact):
                        return fact
        return None


def today() -> date:
    """Return the day from which days are counted: today, UTC."""
    return datetime.now(UTC).date()


def load_prices(own: Path | None = None) -> Prices:
    """Return the prices: those of the user's own table, if one is named, before the providers'.

    Raises:
        SettingsError: if the user's file is missing or is no such table; it names row and key.
    """
    if own is None:
        return Prices()
    if not is_file(own):
        raise SettingsError(
            f"The price table {own} does not exist.",
            advice="Correct `prices` in the configuration (or TINTYPE_PRICES), or leave it out to "
            "use the prices that come with Tintype.",
        )
    return Prices(read_facts(read_toml(own)))


def deadline(provider: str, model: str) -> Deadline | None:
    """Return when a model stops answering, by the provider's file."""
    return Prices().deadline(provider, model)


def training_end(provider: str, model: str = "*") -> Deadline | None:
    """Return when no more jobs are taken, by the provider's file."""
    return Prices().training_end(provider, model)


def milestones(provider: str) -> tuple[Deadline, ...]:
    """Return every date of a provider, the earliest first, by its file."""
    return Prices().milestones(provider)
