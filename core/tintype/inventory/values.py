"""What a person has at all providers, as values: things, when they end, what they come from."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Literal

from tintype.pricing import InferencePrice
from tintype.store import Listing, Naming

Kind = Literal["file", "job", "checkpoint", "model", "base"]
UNNAMED = Naming()
KINDS: tuple[Kind, ...] = ("model", "checkpoint", "job", "file", "base")
"""`base` is a base model that something of the person's was made from or that was asked."""
Presence = Literal["present", "missing", "unknown"]


@dataclass(frozen=True, slots=True, order=True)
class Ref:
    """What a thing is known by."""

    profile: str
    kind: Kind
    id: str
    """The provider's; of a checkpoint the name of its model, which is what one asks."""


@dataclass(frozen=True, slots=True)
class End:
    """The day on which a model stops answering, or a file is deleted."""

    date: datetime.date
    source: Literal["api", "api, base model", "your table", "table"]
    """`api`: the provider said so of this very thing."""
    about: str
    """The provider's page, its day, and how sure it is; or the field of the API."""
    replacement: str = ""
    """The model that the provider names instead."""

    def days_left(self, today: datetime.date) -> int:
        """Return the days until then; 0 or less once it is over."""
        return (self.date - today).days


@dataclass(frozen=True, slots=True)
class Reach:
    """Whether a model answers, as far as that is known."""

    state: Literal["answers", "gone", "unknown"]
    words: str
    """Why that is believed: a probe, an answer, a date that has passed."""
    at: datetime.datetime | None = None


@dataclass(frozen=True, slots=True)
class EvaluationUse:
    """An evaluation that asked a model."""

    id: str
    begun: datetime.datetime
    rows: int


@dataclass(frozen=True, slots=True)
class InventoryItem:
    """One thing at one provider."""

    ref: Ref
    name: str
    """A file's name, what a job or model was called, else the id."""
    state: str
    """The provider's word for a file or job; `listed` or `not listed` for a model."""
    presence: Presence
    """Whether the provider's latest whole list has it; unknown where there is no such list."""
    base: str = ""
    """The base model of a job, checkpoint or model."""
    purpose: str = ""
    """Of a file, in the provider's word."""
    created_at: datetime.datetime | None = None
    seen_at: datetime.datetime | None = None
    """When the provider last listed it."""
    size_bytes: int | None = None
    step: int | None = None
    """Of a checkpoint."""
    digest: str = ""
    """SHA-256 of a file's content, where it is known."""
    path: str = ""
    """Where a file was sent from."""
    rows: int | None = None
    """Of a file that was sent from here."""
    price: InferencePrice | None = None
    """What answers of a model cost; none is unknown."""
    cost_usd: Decimal | None = None
    """What a job was billed; none is unknown."""
    took_s: float | None = None
    """From the creation of a job that succeeded to its end, the queue included."""
    end: End | None = None
    """None is unknown, or never; see `endless`."""
    endless: bool = False
    """Whether there is no end because it is kept on this machine."""
    reach: Reach | None = None
    """Of what can be asked; none for files and jobs."""
    made_from: tuple[Ref, ...] = ()
    """The base, files, or job that it comes from; the first leads."""
    used_by: tuple[Ref, ...] = ()
    """Jobs that read a file or train on a model."""
    evaluations: tuple[EvaluationUse, ...] = ()
    answers: int = 0
    """How often it was asked in the playground."""
    orphan: str = ""
    """Why nothing is known to need it, in a sentence; empty if something does, or nobody knows."""
    naming: Naming = UNNAMED
    trained_tokens: int | None = None
    epochs: int | None = None
    """Of a job, once they are known."""

    @property
    def title(self) -> str:
        """What a person calls it, else its name."""
        return self.naming.alias or self.name

    @property
    def is_model(self) -> bool:
        """Whether it can be asked."""
        return self.ref.kind in ("model", "checkpoint", "base")

    @property
    def is_tuned(self) -> bool:
        """Whether it was made by training and is lost with its base."""
        return self.ref.kind in ("model", "checkpoint")

    @property
    def is_lost(self) -> bool:
        """Whether it cannot be asked or fetched any more, as far as is known."""
        if self.reach is not None:
            return self.reach.state == "gone"
        return self.presence == "missing"

    def days_left(self, today: datetime.date) -> int | None:
        """Return the days until it ends; none if that is not known, or never."""
        return self.end.days_left(today) if self.end else None


@dataclass(frozen=True)
class Inventory:
    """Everything at all profiles' providers, as the store has it."""

    items: tuple[InventoryItem, ...]
    listings: Mapping[tuple[str, str], Listing]
    """By profile and part (`files`, `jobs`, `checkpoints`, `models`)."""
    today: datetime.date
    training_ends: Mapping[tuple[str, str], End] = field(default_factory=dict)
    """By profile and base model: from when on no job is taken."""
    retired: tuple[InventoryItem, ...] = ()
    """Checkpoints that the provider has dropped by itself while their model is there, and that
    were never used: they are no loss."""

    @cached_property
    def by_ref(self) -> Mapping[Ref, InventoryItem]:
        """Every thing by what it is known by."""
        return {item.ref: item for item in (*self.items, *self.retired)}

    @property
    def read_at(self) -> datetime.datetime | None:
        """How old the oldest of the lists is; none if one was never read."""
        ages = [one.read_at for one in self.listings.values()]
        return min((at for at in ages if at), default=None) if all(ages) else None

    @property
    def troubles(self) -> tuple[tuple[str, str], ...]:
        """Profiles whose lists could not all be read, each with why, in sentences."""
        found: dict[tuple[str, str], None] = {}
        for (profile, _), one in self.listings.items():
            if one.trouble:
                found[profile, one.trouble] = None
        return tuple(found)
