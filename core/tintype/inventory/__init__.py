"""What a person has at all providers: files, jobs, checkpoints, models; until when; and from what.

`gather` asks every profile's provider and keeps what is listed; `take` makes an `Inventory` of
what was kept, offline. What follows from it (`lineage`, `plan_by_date`, `chosen`) is pure.
"""

import asyncio
from datetime import date

from tintype import pricing
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
    PlanByDate,
    RetrainingStep,
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
    InventoryItem,
    Kind,
    Reach,
    Ref,
)
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
    "InventoryItem",
    "Kind",
    "Known",
    "Node",
    "PlanByDate",
    "Reach",
    "Ref",
    "RetrainingStep",
    "chosen",
    "compose",
    "deadline_warning",
    "delete",
    "download",
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
    "why_not",
]


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
    return await asyncio.to_thread(_taken, store, settings, pricing.today())


def _taken(store: Store, settings: Settings, day: date) -> Inventory:
    known = read_known(store, settings.folders.data / "evaluations")
    return compose(known, settings.profiles, pricing.load_prices(settings.prices), day)
