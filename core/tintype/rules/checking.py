"""A dataset checked from beginning to end, in batches."""

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from itertools import chain

from tintype.dataset import Dataset
from tintype.dataset.files import PlainFile
from tintype.dataset.survey import decodes
from tintype.images.facts import ImageFacts
from tintype.providers.limits import ProviderRules
from tintype.rules.between_rows import Keys
from tintype.rules.block import Block
from tintype.rules.examining import Setup
from tintype.rules.file import HEAD_BYTES, misread
from tintype.rules.judging import DatasetJudge
from tintype.rules.problem import Problem
from tintype.rules.reading import blocks
from tintype.rules.summary import FileFacts, Summary
from tintype.tokens import model_tokens

STEP_S = 0.05
"""Between two batches, at least: nobody sees more."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A batch of rows that have been judged."""

    problems: tuple[Problem, ...]
    """New ones; after 100 of a rule, others are only counted. The last batch has the file's own."""
    rows: range
    """The indexes of its rows."""
    done: int
    """Rows judged so far."""
    bytes_done: int
    size_bytes: int
    omitted: int = 0
    """Problems found so far beyond the first 100 of a rule: counted, in no batch."""
    summary: Summary | None = None
    """With the last batch."""
    blocks: tuple[Block, ...] = ()
    """Its rows counted, for whoever counts on, such as `estimate`."""
    found: Mapping[int, tuple[Problem, ...]] = field(default_factory=dict)
    """The problems of every row of the batch that has any, by its index; 20 of each rule."""


async def check(
    dataset: Dataset,
    profile: ProviderRules,
    *,
    model: str = "",
    fetch: bool = True,
    training: Keys | None = None,
    fetched: dict[str, ImageFacts] | None = None,
    deep: bool | None = None,
    workers: int | None = None,
) -> AsyncGenerator[Checked, None]:
    """Judge every row and then the file; rows come in order.

    Args:
        dataset: Open.
        profile: Whose rules.
        model: The base model to train; by default the profile's usual one.
        fetch: Whether images on the network are fetched to be judged.
        training: `Summary.keys` of the training file, if this is its validation file.
        fetched: What images on the network were found to be, by address; see `survey`.
        deep: Whether the pixels of every image are decoded; None: in files up to 64 MB. Else
            images are judged by their structure, which shows all that is cut short.
        workers: How many processes look at rows; by default as suits the file and the machine.

    Raises:
        DatasetError: if the file cannot be read.
    """
    rule = model_tokens(model or profile.model, profile.provider)
    tally = DatasetJudge(profile, rule, training, file=await facts(dataset))
    decoded = decodes(dataset, deep)
    setup = Setup(profile, rule, dataset.folder, decoded, fetch, training is not None)
    known = {} if fetched is None else fetched
    waiting: list[Block] = []
    shown_at = time.monotonic()
    done = 0
    async with aclosing(blocks(dataset, setup, known, workers)) as found:
        async for block in found:
            waiting.append(block)
            if time.monotonic() - shown_at < STEP_S:
                continue
            step = await asyncio.to_thread(_step, tally, waiting, dataset.size_bytes)
            done = step.done
            yield step
            waiting, shown_at = [], time.monotonic()
    if waiting:
        step = await asyncio.to_thread(_step, tally, waiting, dataset.size_bytes)
        done = step.done
        yield step
    seen = await facts(dataset)
    problems, summary = await asyncio.to_thread(tally.finish, seen, model)
    summary = replace(summary, decoded=decoded)
    size, rows = seen.size_bytes, range(done, done)
    yield Checked(problems, rows, done, size, size, summary.omitted, summary)


def _step(tally: DatasetJudge, blocks: list[Block], size_bytes: int) -> Checked:
    problems = {}
    for block in blocks:
        problems.update(tally.merge(block))
    rows = range(blocks[0].first, blocks[-1].first + blocks[-1].rows)
    return Checked(
        tally.show(chain.from_iterable(problems.values())),
        rows,
        rows.stop,
        blocks[-1].end,
        size_bytes,
        tally.omitted,
        blocks=tuple(blocks),
        found=problems,
    )


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
