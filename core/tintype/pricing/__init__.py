"""Prices and dates, as data with a day and a source; a user's own table goes over them.

Unknown is unknown (`None`), never nothing: a budget computed from a missing price would be fiction.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TypeVar

from tintype.model_names import parse_model_name
from tintype.pricing.quotes import DatedFact, HostingPrice, InferencePrice, Shutdown, TrainingPrice
from tintype.pricing.table import Reader, read_table

__all__ = [
    "DatedFact",
    "HostingPrice",
    "InferencePrice",
    "Prices",
    "Shutdown",
    "TrainingPrice",
    "load_prices",
    "milestones",
    "shutdown",
    "training_end",
]

_Q = TypeVar("_Q", bound=DatedFact)
_DATA = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class Prices:
    """Everything known about what providers charge and when they stop."""

    layers: tuple[tuple[DatedFact, ...], ...]
    """The most trusted first: the user's own, then the built-in."""
    stale_after_days: int
    free_validation: frozenset[str] = frozenset()
    """Providers that do not bill the tokens of the validation file."""

    def training(self, provider: str, model: str) -> TrainingPrice | None:
        """What training a base model costs, or none if that is not known."""
        return self._find(TrainingPrice, provider, model)

    def inference(self, provider: str, model: str) -> InferencePrice | None:
        """What answers cost; for a tuned model's name (`ft:…`), those of the tuned model."""
        tuned = parse_model_name(model).tuned
        return self._find(InferencePrice, provider, model, lambda quote: quote.tuned == tuned)

    def tuned_inference(self, provider: str, base: str) -> InferencePrice | None:
        """What the answers of a model tuned from this base will cost."""
        return self._find(InferencePrice, provider, base, lambda quote: quote.tuned)

    def hosting(self, provider: str, model: str) -> HostingPrice | None:
        """What keeping a tuned model ready costs by the hour."""
        return self._find(HostingPrice, provider, model)

    def shutdown(self, provider: str, model: str) -> Shutdown | None:
        """When a model stops answering; a tuned one by its own date or its base's."""
        of = "tuned" if parse_model_name(model).tuned else "base"
        return self._find(
            Shutdown,
            provider,
            model,
            lambda quote: quote.what == "shutdown" and quote.of in (of, "both"),
        )

    def training_end(self, provider: str, model: str = "*") -> Shutdown | None:
        """When no more jobs are taken, by the provider or for one model."""
        return self._find(Shutdown, provider, model, lambda quote: quote.what == "training")

    def milestones(self, provider: str) -> tuple[Shutdown, ...]:
        """Every date of a provider, the earliest first."""
        found = (
            quote
            for layer in self.layers
            for quote in layer
            if isinstance(quote, Shutdown) and quote.provider == provider
        )
        return tuple(sorted(found, key=lambda quote: (quote.date, quote.model)))

    def validation_is_free(self, provider: str) -> bool:
        """Whether the tokens of the validation file are known to cost nothing."""
        return provider in self.free_validation

    def is_stale(self, quote: DatedFact, today: date) -> bool:
        """Whether a statement is so old that it should be looked up again."""
        return quote.confidence != "certain" and quote.age_days(today) > self.stale_after_days

    def _find(
        self,
        kind: type[_Q],
        provider: str,
        model: str,
        fits: Callable[[_Q], bool] = lambda quote: True,
    ) -> _Q | None:
        base = parse_model_name(model).base
        for layer in self.layers:
            for wanted in (base, "*"):
                for quote in layer:
                    about = (quote.provider, quote.model) == (provider, wanted)
                    if about and isinstance(quote, kind) and fits(quote):
                        return quote
        return None


def load_prices(override: Path | None = None) -> Prices:
    """Load the built-in tables and put the user's own, if the file exists, over them.

    Raises:
        SettingsError: if the user's file is no such table; it names the row and the key.
    """
    built_in = _built_in()
    if override is None or not override.exists():
        return built_in
    table = read_table(override)
    quotes = Reader(override).quotes(table)
    return replace(built_in, layers=(tuple(quotes), *built_in.layers))


def shutdown(provider: str, model: str) -> Shutdown | None:
    """When a model stops answering, by the built-in table."""
    return _built_in().shutdown(provider, model)


def training_end(provider: str, model: str = "*") -> Shutdown | None:
    """When no more jobs are taken, by the built-in table."""
    return _built_in().training_end(provider, model)


def milestones(provider: str) -> tuple[Shutdown, ...]:
    """Every date of a provider, the earliest first, by the built-in table."""
    return _built_in().milestones(provider)


@functools.cache
def _built_in() -> Prices:
    prices, endings = _DATA / "prices.toml", _DATA / "shutdowns.toml"
    settings = dict(read_table(prices))
    rows = {"prices": settings.pop("prices")}
    quotes = (*Reader(prices).quotes(rows), *Reader(endings).quotes(read_table(endings)))
    free = frozenset(settings["free_validation"])
    return Prices((quotes,), settings["stale_after_days"], free)
