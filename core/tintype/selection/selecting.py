"""The rows of a dataset for which conditions hold, looked at one after the other."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from tintype.dataset.box_sets import judge_boxes
from tintype.dataset.example import Row
from tintype.dataset.handle import Dataset
from tintype.dataset.splits import split_of
from tintype.dataset.survey import Surveyed, survey_some
from tintype.rules import ProviderRules
from tintype.selection.conditions import Condition, fitting
from tintype.selection.fields import FIELDS, OF_IMAGES, Beside, SeenRow
from tintype.tokens import model_tokens


@dataclass(frozen=True, slots=True)
class SelectionProgress:
    """How far a selection has come."""

    rows: int = 0
    """Looked at so far."""
    found: tuple[Surveyed, ...] = ()
    """Since the last report."""


async def known_beside(
    dataset: Dataset,
    profile: ProviderRules,
    *,
    model: str = "",
    marks: Mapping[int, str] | None = None,
    boxes: bool = True,
) -> Beside:
    """What is known of a dataset that its rows do not say.

    Args:
        dataset: Open.
        profile: Whose rules.
        model: Whose tokens are counted; by default the profile's usual model.
        marks: Index of each marked row → the reason.
        boxes: Whether it is found out what the boxes are written in: the file is
            indexed, and 240 of its rows are read.

    Raises:
        DatasetError: if the file cannot be read.
    """
    rule = await asyncio.to_thread(model_tokens, model or profile.model, profile.provider)
    while boxes and not dataset.complete:
        await dataset.scan()
    verdict = await judge_boxes(dataset) if boxes else None
    convention = verdict.convention if verdict else None
    return Beside(profile, rule, split_of(dataset.path) or "", marks or {}, convention)


async def select(
    dataset: Dataset,
    conditions: Sequence[Condition],
    profile: ProviderRules,
    *,
    model: str = "",
    fetch: bool = False,
    marks: Mapping[int, str] | None = None,
) -> AsyncGenerator[SelectionProgress, None]:
    """The rows for which all conditions hold, in the file's order, in batches.

    Args:
        dataset: Open.
        conditions: From `parse_selection`; with none, every row.
        profile: Whose rules `problem` is about.
        model: Whose tokens are counted; by default the profile's usual model.
        fetch: Whether images on the network are looked at.
        marks: Index of each marked row → the reason, for `marked`.

    Raises:
        DatasetError: if the file cannot be read.
    """
    boxes = any(condition.field == "place" for condition in conditions)
    beside = await known_beside(dataset, profile, model=model, marks=marks, boxes=boxes)
    # Only of rows that are as wanted but for their images, images are looked at.
    by_text = [_holds(one) for one in conditions if one.field not in OF_IMAGES]
    by_images = [_holds(one) for one in conditions if one.field in OF_IMAGES]

    def wanted(row: Row) -> bool:
        seen = SeenRow(Surveyed(row, ()), beside)
        return all(test(seen) for test in by_text)

    def those(batch: Sequence[Surveyed]) -> tuple[Surveyed, ...]:
        seen = ((one, SeenRow(one, beside)) for one in batch)
        return tuple(one for one, row in seen if all(test(row) for test in by_images))

    # Pixels are decoded where somebody asks for flaws, as in a check.
    deep = None if any(one.field in ("problem", "flaw") for one in conditions) else False
    rows = 0
    async with aclosing(survey_some(dataset, wanted, fetch=fetch, deep=deep)) as batches:
        async for read, batch in batches:
            rows += read
            yield SelectionProgress(rows, await asyncio.to_thread(those, batch))


def _holds(condition: Condition) -> Callable[[SeenRow], bool]:
    read, fits = FIELDS[condition.field].read, fitting(condition)
    return lambda seen: fits(read(seen))
