"""What the app and its commands know beside a file: its edits, its last check, own limits."""

import functools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tintype.overlay import cache_folder, laying_over, own_limits

if TYPE_CHECKING:
    from tintype.dataset import Dataset
    from tintype.dataset.edits import Edits


async def _over(dataset: "Dataset") -> "Edits":
    from tintype import editing  # only where a dataset is opened

    return await editing.over(dataset)


def _cache() -> Path:
    from tintype.settings import folders

    return folders().cache


def _limits() -> Mapping[str, Mapping[str, int]]:
    from tintype.paths import modified
    from tintype.settings import load

    path = load().limits
    return {} if path is None else _limits_in(path, modified(path))


@functools.lru_cache(maxsize=4)
def _limits_in(path: Path, modified: datetime) -> Mapping[str, Mapping[str, int]]:
    """What a file says, read again when it has changed."""
    from tintype.providers.loading import read_limits
    from tintype.providers.toml_table import read_toml

    return read_limits(read_toml(path))


def lay_edits() -> None:
    """Lay edits over the datasets that this task and those it starts open from now on.

    What is found in them, and encoded for the terminal, is kept for a second look.
    """
    laying_over.set(_over)
    cache_folder.set(_cache)
    own_limits.set(_limits)


@contextmanager
def edits_laid() -> Iterator[None]:
    """Likewise for the datasets that are opened in a block."""
    tokens = laying_over.set(_over), cache_folder.set(_cache), own_limits.set(_limits)
    try:
        yield
    finally:
        laying_over.reset(tokens[0])
        cache_folder.reset(tokens[1])
        own_limits.reset(tokens[2])
