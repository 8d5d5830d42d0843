"""Assessing and quoting a dataset, as several commands need it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tintype.settings import Profile, Settings

if TYPE_CHECKING:
    from tintype.assessment import Assessment
    from tintype.dataset import Dataset
    from tintype.quote import Quote
    from tintype.tokens import Detail
    from tintype_tui.commands.output import Progress


@asynccontextmanager
async def opened(path: Path) -> "AsyncGenerator[Dataset, None]":
    """A dataset that has rows.

    Raises:
        DatasetError: if it cannot be opened, or has none.
    """
    from tintype.dataset import open_dataset
    from tintype.errors import DatasetError

    async with open_dataset(path) as dataset:
        if not await dataset.source_lines(0, 1, 1):
            why = "its lines are blank" if dataset.size_bytes else "it is empty"
            raise DatasetError(
                f"{path} has no rows: {why}.", advice="Choose another file.", path=path
            )
        yield dataset


async def assessed(
    path: Path, profile: Profile, model: str, progress: "Progress", *, fetch: bool = True
) -> "Assessment":
    """Check and count a dataset in one pass, by a model's rule and a provider's limits."""
    from tintype import rules
    from tintype.assessment import assess
    from tintype.dataset import open_dataset
    from tintype.prospects import refuse_untrainable

    judged_by = rules.rules_of(profile.provider)
    await refuse_untrainable(profile.provider, model)
    found: Assessment | None = None
    async with open_dataset(path) as dataset:
        async for found in assess(dataset, judged_by, model=model, fetch=fetch):
            progress(f"counting: {found.share:.0%}")
    progress.clear()
    if found is not None and found.earlier:
        progress.say(f"{path.name} has not changed since it was counted.")
    assert found is not None  # a pass over an empty file has a batch too
    return found


async def quoted(
    assessment: "Assessment",
    profile: Profile,
    settings: Settings,
    *,
    epochs: int | None = None,
    detail: "Detail" = "as is",
    validation: Path | None = None,
) -> "Quote":
    """Quote a plan for what was assessed.

    Raises:
        DatasetError: if the validation file cannot be read.
    """
    from tintype.pricing import load_prices
    from tintype.quote import quote, validation_stamp

    return quote(
        assessment,
        load_prices(settings.prices),
        provider=profile.provider,
        epochs=epochs,
        detail=detail,
        validation=await validation_stamp(validation) if validation else None,
        today=datetime.now(UTC).date(),
    )
