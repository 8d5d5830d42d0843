"""What a person has at all providers: files, jobs, checkpoints, models; until when; and from what.

`gather` asks every profile's provider and keeps what is listed; `take` makes an `Inventory` of
what was kept, offline. What follows from it (`lineage`, `plan_by_date`, `chosen`) is pure.
"""

import asyncio
from datetime import UTC, date, datetime

from tintype.inventory.changing import delete, download, losses, rename, why_not
from tintype.inventory.choosing import FILTER_KEYS, ORDERS, chosen
from tintype.inventory.composing import compose
from tintype.inventory.deadlines import DeadlineWarning, deadline_warning
from tintype.inventory.gathering import Connect, Gathered, gather
from tintype.inventory.known import Known, read_known
from tintype.inventory.lineage import Node, lineage
from tintype.inventory.planning import (
    SOON_DAYS,
    GoldenCost,
    Plan,
    Step,
    ending_soon,
    golden_cost,
    in_use,
    plan_by_date,
)
from tintype.inventory.probing import probe, probe_expenses
from tintype.inventory.values import (
    KINDS,
    End,
    EvaluationUse,
    Inventory,
    Item,
    Kind,
    Reach,
    Ref,
)
from tintype.pricing import load_prices
from tintype.settings import Settings
from tintype.store import Store

__all__ = [
    "FILTER_KEYS",
    "KINDS",
    "ORDERS",
    "SOON_DAYS",
    "Connect",
    "DeadlineWarning",
    "End",
    "EvaluationUse",
    "Gathered",
    "GoldenCost",
    "Inventory",
    "Item",
    "Kind",
    "Known",
    "Node",
    "Plan",
    "Reach",
    "Ref",
    "Step",
    "chosen",
    "compose",
    "deadline_warning",
    "delete",
    "download",
    "ending_soon",
    "gather",
    "golden_cost",
    "in_use",
    "lineage",
    "losses",
    "plan_by_date",
    "probe",
    "probe_expenses",
    "read_known",
    "rename",
    "take",
    "today",
    "why_not",
]


def today() -> date:
    """Return the day from which days are counted: today, UTC."""
    return datetime.now(UTC).date()


async def take(store: Store, settings: Settings) -> Inventory:
    """Return the inventory of what the store knows, of all profiles; nobody is asked.

    Args:
        store: Where it was kept.
        settings: Which profile is at which provider, whose own prices count, and where the
            evaluations are.

    Raises:
        StoreError: if the store cannot be read.
        SettingsError: if the person's own price table cannot be.
        FileError: if the folder of evaluations cannot be listed.
    """
    return await asyncio.to_thread(_taken, store, settings, today())


def _taken(store: Store, settings: Settings, day: date) -> Inventory:
    known = read_known(store, settings.folders.data / "evaluations")
    return compose(known, settings.profiles, load_prices(settings.prices), day)
