"""What a provider says of itself, as values: prices and deadlines, each with its day and source."""

import datetime
from dataclasses import dataclass
from decimal import Decimal

MILLION = Decimal(1_000_000)
CONFIDENCES = ("certain", "two sources", "one source", "inferred", "unconfirmed")
"""How sure a statement is, the surest first. `unconfirmed`: found in an example or at a third
party, and not in the provider's own list."""


@dataclass(frozen=True, slots=True)
class DatedFact:
    """A statement about a provider, dated."""

    provider: str
    model: str
    """The base model, or `*` for all of the provider's."""
    as_of: datetime.date
    """When the source said so."""
    source: str
    confidence: str = ""
    """One of `CONFIDENCES`, or what the user's own file says."""
    note: str = ""

    @property
    def unconfirmed(self) -> bool:
        """Whether the provider's own word for it is missing, so that it must be shown as such."""
        return self.confidence == "unconfirmed"

    def age_days(self, today: datetime.date) -> int:
        """Return how many days old the statement is."""
        return (today - self.as_of).days


@dataclass(frozen=True, slots=True)
class TrainingPrice(DatedFact):
    """What training costs: by tokens or by time, one of the two."""

    usd_per_million: Decimal | None = None
    usd_per_hour: Decimal | None = None

    def cost(self, tokens: int) -> Decimal | None:
        """Return the US dollars for training tokens (epochs included); none if time is billed."""
        if self.usd_per_million is None:
            return None
        return tokens * self.usd_per_million / MILLION


@dataclass(frozen=True, slots=True)
class InferencePrice(DatedFact):
    """What answers cost, per million tokens."""

    tuned: bool = False
    input_usd: Decimal | None = None
    cached_input_usd: Decimal | None = None
    """None: cached tokens cost what others cost."""
    output_usd: Decimal | None = None
    batch_input_usd: Decimal | None = None
    batch_cached_input_usd: Decimal | None = None
    batch_output_usd: Decimal | None = None

    def cost(
        self, input_tokens: int, output_tokens: int, *, cached_tokens: int = 0, batch: bool = False
    ) -> Decimal | None:
        """Return the US dollars for a reply, or none if a part of the price is unknown.

        Args:
            input_tokens: All of the prompt, the cached ones among them.
            output_tokens: Of the answer.
            cached_tokens: Those of the prompt that the provider had seen before.
            batch: Whether it ran through the Batch API.
        """
        prompt = self.batch_input_usd if batch else self.input_usd
        answer = self.batch_output_usd if batch else self.output_usd
        cached = self.batch_cached_input_usd if batch else self.cached_input_usd
        if prompt is None or answer is None:
            return None
        cached = prompt if cached is None else cached
        fresh = max(0, input_tokens - cached_tokens)
        return (fresh * prompt + cached_tokens * cached + output_tokens * answer) / MILLION


@dataclass(frozen=True, slots=True)
class HostingPrice(DatedFact):
    """What it costs to keep a tuned model ready, used or not."""

    usd_per_hour: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Billing(DatedFact):
    """What is billed besides training and answers."""

    free_validation: bool = False
    """Whether the tokens of the validation file are known to cost nothing."""


@dataclass(frozen=True, slots=True)
class Deadline(DatedFact):
    """A date on which something ends."""

    date: datetime.date = datetime.date.max
    what: str = "shutdown"
    """`shutdown`: no more answers. `training`: no more jobs. `notice`: a step on the way there."""
    of: str = "both"
    """`base`, `tuned` or `both`."""
    replacement: str = ""
    """The model that the provider names instead."""

    def days_left(self, today: datetime.date) -> int:
        """Return the days until then; negative once it is over."""
        return (self.date - today).days
