"""What the app and its commands know of a dataset from before: its edits, and its last check."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tintype.overlay import checks_folder, laying_over

if TYPE_CHECKING:
    from tintype.dataset import Dataset
    from tintype.dataset.edits import Edits


async def _over(dataset: "Dataset") -> "Edits":
    from tintype import editing  # only where a dataset is opened

    return await editing.over(dataset)


def _checks() -> Path:
    from tintype.settings import folders

    return folders().cache / "checks"


def lay_edits() -> None:
    """Lay edits over the datasets that this task and those it starts open from now on.

    What is found in them is kept for a second look.
    """
    laying_over.set(_over)
    checks_folder.set(_checks)


@contextmanager
def edits_laid() -> Iterator[None]:
    """Likewise for the datasets that are opened in a block."""
    tokens = laying_over.set(_over), checks_folder.set(_checks)
    try:
        yield
    finally:
        laying_over.reset(tokens[0])
        checks_folder.reset(tokens[1])
