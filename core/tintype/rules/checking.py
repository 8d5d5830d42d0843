"""A dataset checked from beginning to end, in batches."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from tintype.dataset import Dataset
from tintype.dataset.files import PlainFile
from tintype.dataset.survey import Surveyed, survey
from tintype.images.facts import ImageFacts
from tintype.providers.limits import ProviderRules
from tintype.rules.between_rows import Keys
from tintype.rules.file import HEAD_BYTES, misread
from tintype.rules.judging import DatasetJudge, Judged
from tintype.rules.problem import Problem
from tintype.rules.summary import FileFacts, Summary
from tintype.tokens import model_tokens


@dataclass(frozen=True, slots=True)
class Checked:
    """A batch of rows that have been judged."""

    problems: tuple[Problem, ...]
    """New ones; after 100 of a rule, others are only counted. The last batch has the file's own."""
    rows: tuple[Judged, ...]
    """Every row of the batch, for whoever counts on, such as `estimate`."""
    done: int
    """Rows judged so far."""
    bytes_done: int
    size_bytes: int
    omitted: int = 0
    """Problems found so far beyond the first 100 of a rule: counted, in no batch."""
    summary: Summary | None = None
    """With the last batch."""


async def check(
    dataset: Dataset,
    profile: ProviderRules,
    *,
    model: str = "",
    fetch: bool = True,
    training: Keys | None = None,
    fetched: dict[str, ImageFacts] | None = None,
) -> AsyncGenerator[Checked, None]:
    """Judge every row and then the file; rows come in order.

    Args:
        dataset: Open.
        profile: Whose rules.
        model: The base model to train; by default the profile's usual one.
        fetch: Whether images on the network are fetched to be judged.
        training: `Summary.keys` of the training file, if this is its validation file.
        fetched: What images on the network were found to be, by address; see `survey`.

    Raises:
        DatasetError: if the file cannot be read.
    """
    rule = model_tokens(model or profile.model, profile.provider)
    tally = DatasetJudge(profile, rule, training, file=await facts(dataset))
    done = bytes_done = 0
    async for batch in survey(dataset, fetch=fetch, fetched=fetched):
        rows = await asyncio.to_thread(_judge, tally, batch)
        done += len(rows)
        last = batch[-1].row
        bytes_done = last.offset + last.size_bytes
        problems = tally.show(problem for row in rows for problem in row.problems)
        yield Checked(problems, rows, done, bytes_done, dataset.size_bytes, tally.omitted)
    seen = await facts(dataset)
    problems, summary = await asyncio.to_thread(tally.finish, seen, model)
    yield Checked(problems, (), done, seen.size_bytes, seen.size_bytes, summary.omitted, summary)


def _judge(tally: DatasetJudge, batch: tuple[Surveyed, ...]) -> tuple[Judged, ...]:
    return tuple(tally.add(surveyed) for surveyed in batch)


async def whole_problem(dataset: Dataset) -> Problem | None:
    """Return what is wrong with a file that has no lines at all, as `misread` says; else none.

    Raises:
        DatasetError: if it cannot be read.
    """
    if not await dataset.lines(0, 1, 1):
        return None
    return misread(await facts(dataset), await dataset.row(0))


async def facts(dataset: Dataset) -> FileFacts:
    """Return the name, size in bytes and first bytes of a dataset's file.

    Raises:
        DatasetError: if it cannot be read.
    """
    return await asyncio.to_thread(_facts, dataset)


def _facts(dataset: Dataset) -> FileFacts:
    with PlainFile(dataset.path) as file:
        return FileFacts(dataset.path.name, file.size_bytes, file.read(0, HEAD_BYTES))
