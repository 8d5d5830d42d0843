"""Edits are seen wherever the app or a command opens a dataset."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tintype.overlay import laying_over

if TYPE_CHECKING:
    from tintype.dataset import Dataset
    from tintype.dataset.edits import Edits


async def _over(dataset: "Dataset") -> "Edits":
    from tintype import editing  # only where a dataset is opened

    return await editing.over(dataset)


def lay_edits() -> None:
    """Lay edits over the datasets that this task and those it starts open from now on."""
    laying_over.set(_over)


@contextmanager
def edits_laid() -> Iterator[None]:
    """Lay edits over the datasets that are opened in a block."""
    token = laying_over.set(_over)
    try:
        yield
    finally:
        laying_over.reset(token)
