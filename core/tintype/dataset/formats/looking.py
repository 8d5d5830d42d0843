"""Sources looked at only to recognise them, listed once for all who ask."""

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path

from tintype.dataset.formats.sources import Files
from tintype.errors import DatasetError

_LISTED: ContextVar[dict[Path, Files | None] | None] = ContextVar("_LISTED", default=None)


@contextlib.contextmanager
def listing_once() -> Iterator[None]:
    """Within it, `looked_at` lists a path once for all who ask."""
    mark = _LISTED.set({})
    try:
        yield
    finally:
        _LISTED.reset(mark)


def looked_at(path: Path) -> Files | None:
    """Enough of the files of a path to recognise it; none if there is nothing to be read."""
    known = _LISTED.get()
    if known is not None and path in known:
        return known[path]
    try:
        found = Files.of(path, partial=True)
    except (DatasetError, OSError):
        found = None
    if known is not None:
        known[path] = found
    return found
