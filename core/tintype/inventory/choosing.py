"""Things that fit some words, in an order. Pure."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

from tintype.inventory.values import KINDS, Inventory, InventoryItem

NEVER = 10**6
"""Days left of what never ends, or of which that is not known: after all others."""

_KEYS: Mapping[str, Callable[[InventoryItem], str]] = {
    "kind": lambda item: item.ref.kind,
    "profile": lambda item: item.ref.profile,
    "state": lambda item: f"{item.state} {item.reach.state if item.reach else ''}",
    "base": lambda item: item.base,
    "name": lambda item: f"{item.title} {item.name}",
    "id": lambda item: item.ref.id,
    "note": lambda item: item.naming.note,
    "purpose": lambda item: item.purpose,
}
_MARKS: Mapping[str, Callable[[InventoryItem, date], bool]] = {
    "orphan": lambda item, today: bool(item.orphan),
    "ending": lambda item, today: (
        item.end is not None and not item.is_lost and item.end.days_left(today) >= 0
    ),
    "gone": lambda item, today: item.is_lost,
    "answers": lambda item, today: item.reach is not None and item.reach.state == "answers",
    "unprobed": lambda item, today: item.reach is not None and item.reach.state == "unknown",
}
RETIRED = "is:retired"
FILTER_KEYS = (*_KEYS, *(f"is:{mark}" for mark in _MARKS), RETIRED)
"""What may stand in a filter, besides plain words; `-` before a word turns it round. With
`is:retired` only checkpoints that the provider dropped by itself are looked through."""

ORDERS: Mapping[str, Callable[[InventoryItem, date], Any]] = {
    "ends": lambda item, today: (_days(item, today), KINDS.index(item.ref.kind)),
    "kind": lambda item, today: KINDS.index(item.ref.kind),
    "name": lambda item, today: item.title.casefold(),
    "newest": lambda item, today: -(item.created_at.timestamp() if item.created_at else 0),
    "largest": lambda item, today: -(item.size_bytes or 0),
    "profile": lambda item, today: item.ref.profile,
}
"""Orders by name; things of the same rank are by kind and id."""


def chosen(inventory: Inventory, words: str = "", order: str = "ends") -> tuple[InventoryItem, ...]:
    """Return the things that fit all words, in an order.

    Args:
        inventory: What there is.
        words: As in `FILTER_KEYS`: `kind:model is:ending cards -profile:tintype`.
        order: A key of `ORDERS`.
    """
    wanted = words.casefold().split()
    among = inventory.retired if RETIRED in wanted else inventory.items
    wanted = [word for word in wanted if word.removeprefix("-") != RETIRED]
    fitting = (item for item in among if _fits(item, wanted, inventory.today))
    rank = ORDERS[order]
    return tuple(
        sorted(
            fitting,
            key=lambda item: (
                rank(item, inventory.today),
                KINDS.index(item.ref.kind),
                item.ref.id,
                item.ref.profile,
            ),
        )
    )


def _fits(item: InventoryItem, words: Iterable[str], today: date) -> bool:
    return all(
        not _has(item, word[1:], today) if word.startswith("-") and len(word) > 1
        else _has(item, word, today)
        for word in words
    )  # fmt: skip


def _has(item: InventoryItem, word: str, today: date) -> bool:
    key, colon, rest = word.partition(":")
    if colon and key == "is" and rest in _MARKS:
        return _MARKS[rest](item, today)
    if colon and key in _KEYS:
        return rest in _KEYS[key](item).casefold()
    return any(word in read(item).casefold() for read in _KEYS.values())


def _days(item: InventoryItem, today: date) -> int:
    """Days left; what is over comes after what is not, and what never ends last."""
    if item.end is None:
        return NEVER
    left = item.end.days_left(today)
    return left if left >= 0 and not item.is_lost else NEVER - 1
