"""The public API behind the names that `tintype` exports."""

from tintype.library.conversion import convert, import_dataset
from tintype.library.copies import edit, fix, split
from tintype.library.datasets import boxes, check, compare, estimate, open
from tintype.library.evaluations import evaluate
from tintype.library.field_docs import document
from tintype.library.inventories import take_inventory
from tintype.library.models import ask, stream
from tintype.library.rows import Rows
from tintype.library.trainings import Connection, connect, explain, follow, train, wait
from tintype.library.work import Opening, Work

__all__ = [
    "Connection",
    "Opening",
    "Rows",
    "Work",
    "ask",
    "boxes",
    "check",
    "compare",
    "connect",
    "convert",
    "edit",
    "estimate",
    "evaluate",
    "explain",
    "fix",
    "follow",
    "import_dataset",
    "open",
    "split",
    "stream",
    "take_inventory",
    "train",
    "wait",
]

document()
