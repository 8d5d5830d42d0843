"""What a thing comes from and what came of it, as a tree. Pure.

data (its hash) → file → job → checkpoints and model → evaluations
"""

from dataclasses import dataclass
from typing import Literal

from tintype.inventory.values import Inventory, InventoryItem, Ref

NodeKind = Literal["data", "file", "job", "checkpoint", "model", "base", "evaluation", "unknown"]
DEEPEST = 12
"""Models tuned from models tuned from …: deeper than this is a provider's nonsense."""


@dataclass(frozen=True, slots=True)
class Node:
    """A thing, and what came of it."""

    kind: NodeKind
    name: str
    ref: Ref | None = None
    """None for what is no thing of the inventory: data and evaluations."""
    detail: str = ""
    """An id, a hash, a state, or how many rows."""
    children: tuple["Node", ...] = ()


def lineage(inventory: Inventory, ref: Ref) -> Node:
    """Return the tree that a thing is in: all that came of it, under what it came from.

    Of what it came from only the line that leads to it is shown: data, training file, job.
    """
    item = inventory.by_ref.get(ref)
    if item is None:
        return Node("unknown", ref.id, ref)
    node = _descended(_Branches(inventory), item, frozenset())
    seen = {ref}
    while (above := _parent(inventory, item)) is not None and above.ref not in seen:
        seen.add(above.ref)
        node = _node(above, (node,))
        item = above
    if item.ref.kind == "file" and item.digest:
        node = Node("data", item.path or item.name, None, f"sha256:{item.digest[:12]}", (node,))
    return node


class _Branches:
    """What came directly of each thing."""

    def __init__(self, inventory: Inventory) -> None:
        self._from: dict[Ref, list[InventoryItem]] = {}
        for item in inventory.items:
            for parent in item.made_from:
                leads = parent.kind != "base" or parent == item.made_from[0]
                # A model hangs under its job, and under its base only where no job is known; a
                # job hangs under the model it goes on from.
                if leads or item.ref.kind == "job":
                    self._from.setdefault(parent, []).append(item)
                    if item.ref.kind == "job" and parent.kind == "base":
                        model = Ref(parent.profile, "model", parent.id)
                        self._from.setdefault(model, []).append(item)

    def of(self, ref: Ref) -> list[InventoryItem]:
        """Checkpoints by step before the model, then by name."""
        order = {"file": 0, "job": 1, "checkpoint": 2, "model": 3, "base": 4}
        return sorted(
            self._from.get(ref, ()), key=lambda i: (order[i.ref.kind], i.step or 0, i.ref.id)
        )


def _descended(branches: _Branches, item: InventoryItem, above: frozenset[Ref]) -> Node:
    here = above | {item.ref}
    below = [
        _descended(branches, child, here)
        for child in branches.of(item.ref)
        if child.ref not in here and len(here) < DEEPEST
    ]
    runs = [
        Node(
            "evaluation",
            use.id,
            None,
            f"{use.rows:,} row{'s' * (use.rows != 1)}, {use.begun:%d %b %Y}",
        )
        for use in item.evaluations
    ]
    return _node(item, (*below, *runs))


def _node(item: InventoryItem, children: tuple[Node, ...]) -> Node:
    words = {"file": item.purpose, "job": item.state}.get(item.ref.kind, "")
    detail = " · ".join(filter(None, (item.ref.id if item.title != item.ref.id else "", words)))
    return Node(item.ref.kind, item.title, item.ref, detail, children)


def _parent(inventory: Inventory, item: InventoryItem) -> InventoryItem | None:
    """What leads to a thing: the job of a model, the training file of a job."""
    for ref in item.made_from[:1]:
        found = inventory.by_ref.get(ref)
        if found is not None:
            return found
    return None
