"""What lies over a dataset that is opened: asked of whoever keeps it, without knowing whom.

Edits are kept in the store, which is built on datasets, and are seen wherever a dataset is opened.
"""

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

laying_over: ContextVar[Callable[[Any], Awaitable[Any]] | None] = ContextVar(
    "laying_over", default=None
)
"""Gives the `dataset.edits.Edits` of a `Dataset` that has just been opened; none outside the app
and its commands, and in the server."""
