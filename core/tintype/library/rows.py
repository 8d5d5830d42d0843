"""An open dataset as a sequence of examples."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Self, overload

from tintype.dataset import Dataset, Example, example


class Rows:
    """An open dataset: `len(rows)`, `rows[3]`, `rows[:10]`, `for example in rows`.

    A row is read from the file when it is asked for, so that a dataset of any size takes little
    memory. Reading one takes a few milliseconds and blocks; where an event loop must not wait, use
    `async for`, or `rows.dataset`, whose methods are coroutines.
    """

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        """The handle behind it."""

    @property
    def path(self) -> Path:
        """The file."""
        return self.dataset.path

    def __repr__(self) -> str:
        return f"<Rows of {self.path.name}: {len(self):,}>"

    def __len__(self) -> int:
        return self.dataset.count

    @overload
    def __getitem__(self, index: int) -> Example: ...

    @overload
    def __getitem__(self, index: slice) -> list[Example]: ...

    def __getitem__(self, index: int | slice) -> Example | list[Example]:
        """Return an example, or several.

        Raises:
            IndexError: if there is no such row.
            DatasetError: if the file cannot be read, or has been closed.
        """
        if isinstance(index, slice):
            return [self._example(at) for at in range(*index.indices(len(self)))]
        at = index + len(self) if index < 0 else index
        if not 0 <= at < len(self):
            raise IndexError(f"{self.path.name} has {len(self):,} rows; there is no row {index}.")
        return self._example(at)

    def __iter__(self) -> Iterator[Example]:
        return map(self._example, range(len(self)))

    async def __aiter__(self) -> AsyncIterator[Example]:
        async for batch in self.dataset.rows():
            for row in batch:
                yield example(row)

    def question(self, index: int) -> list[dict[str, Any]]:
        """Return what a row asks as messages that can be sent, images included.

        Raises:
            DatasetError: if the row is damaged, is no conversation, or lacks an image.
        """
        return self.dataset.question_at(index)

    async def image(self, index: int, ordinal: int = 0) -> bytes:
        """Return the encoded bytes of an image of a row; fetched if it is on the network.

        Raises:
            DatasetError: with the reason why it cannot be had.
        """
        return await self.dataset.image(index, ordinal)

    def close(self) -> None:
        """Close the file; twice is no error."""
        self.dataset.close()

    async def aclose(self) -> None:
        """Close the file, waiting for a read under way."""
        await asyncio.to_thread(self.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _example(self, index: int) -> Example:
        return example(self.dataset.line_at(index).row)
