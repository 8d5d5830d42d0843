"""The public API behind the names that `tintype` exports."""

from tintype.library.copies import convert, edit, split
from tintype.library.datasets import (
    boxes,
    check,
    compare,
    estimate,
    fix,
    import_dataset,
    open,
)
from tintype.library.evaluations import evaluate
from tintype.library.field_docs import document
from tintype.library.models import Connection, ask, connect, explain, follow, stream, train, wait
from tintype.library.rows import Rows
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
    "train",
    "wait",
]

document()
