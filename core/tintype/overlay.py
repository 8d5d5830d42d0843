"""What is known of a dataset from before: asked of whoever keeps it, without knowing whom.

Edits are kept in the store, which is built on datasets, and are seen wherever a dataset is opened.
"""

from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Any

laying_over: ContextVar[Callable[[Any], Awaitable[Any]] | None] = ContextVar(
    "laying_over", default=None
)
"""Gives the `dataset.edits.Edits` of a `Dataset` that has just been opened; none outside the app
and its commands, and in the server."""

own_limits: ContextVar[Callable[[], Mapping[str, Mapping[str, int]]] | None] = ContextVar(
    "own_limits", default=None
)
"""Gives a person's own limits by provider and name; none outside the app and its commands, and in
the server."""

cache_folder: ContextVar[Callable[[], Path] | None] = ContextVar("cache_folder", default=None)
"""Says where what can be made again is kept; none outside the app and its commands."""
