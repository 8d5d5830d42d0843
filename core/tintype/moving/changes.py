"""What becomes of a dataset's rows under another provider's rules, row by row, beforehand."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import dataclass

from tintype.dataset import Dataset
from tintype.dataset.survey import Surveyed, survey
from tintype.dataset.treatment import Treatment, needs
from tintype.rules import ProviderRules


@dataclass(frozen=True, slots=True)
class RowChange:
    """What changes in one row."""

    line: int
    """1-based, in the source."""
    words: tuple[str, ...]
    """A phrase each."""


async def changes(
    dataset: Dataset, treatment: Treatment, rules: ProviderRules
) -> AsyncGenerator[tuple[RowChange, ...], None]:
    """Say what a treatment changes, in batches; rows that stay as they are do not occur.

    Raises:
        DatasetError: if the file cannot be read.
    """
    most = rules.max_images
    async with aclosing(survey(dataset, fetch=treatment.fetch)) as batches:
        async for batch in batches:
            found = [RowChange(one.row.line, tuple(_of(one, treatment, most))) for one in batch]
            yield tuple(one for one in found if one.words)


def _of(surveyed: Surveyed, treatment: Treatment, most: int | None) -> Iterator[str]:
    row = surveyed.row
    if row.flaw:
        yield f"left out: {row.flaw}"
        return
    if most and len(row.images) > most:
        yield f"split, because {len(row.images)} images are more than {most}"
    for number, (part, facts) in enumerate(zip(row.images, surveyed.images, strict=True), start=1):
        name = f"image {number}"
        if facts.flaw:
            yield f"{name} cannot be had: {facts.detail or facts.flaw}"
            continue
        if part.origin == "file":
            yield f"{name} is embedded"
        elif part.origin == "url" and treatment.fetch:
            yield f"{name} is fetched and embedded"
        if reasons := needs(facts, treatment):
            yield f"{name} is encoded again: {', '.join(reasons)}"
