"""What one pass over a dataset finds: problems, counts, what its rows are made of.

Checking, counting and the overview need every row and the facts of its images. One pass gives all
three as one value, so that a file is read once and its images on the network are fetched once.
Nothing of a plan is in it: epochs, level of detail, and models that count tokens alike need no
second pass.
"""

import asyncio
from array import array
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from pathlib import Path

from tintype.dataset import Dataset, FileStamp
from tintype.dataset.statistics import Statistics, StatisticsTally
from tintype.dataset.survey import decodes
from tintype.earlier_checks import LEAST_BYTES, keep, name_of, recall
from tintype.estimation import Counts
from tintype.images.facts import ImageFacts
from tintype.overlay import cache_folder
from tintype.plugins import plugins
from tintype.rules import (
    Checked,
    Keys,
    Problem,
    ProviderRules,
    Status,
    Summary,
    check,
    for_model,
    rules_of,
    worst,
)
from tintype.tokens import TokenRule, model_tokens

MOST_ROWS = 20_000
"""Rows whose own problems are kept, give or take a batch."""


@dataclass(frozen=True, slots=True, eq=False)
class RowFigures:
    """Figures of each row by its index, for lists and for sorting.

    They grow while the pass goes on, so that a million rows are not copied for every batch; what
    has been entered once does not change.
    """

    tokens: "array[int]" = field(default_factory=lambda: array("I"))
    """The likely number, images included, at the detail that the row asks for."""
    image_tokens: "array[int]" = field(default_factory=lambda: array("I"))
    answer_chars: "array[int]" = field(default_factory=lambda: array("I"))
    statuses: dict[int, Status] = field(default_factory=dict)
    """The worst found in each row that has a problem."""
    problems: dict[int, tuple[Problem, ...]] = field(default_factory=dict)
    """What was found in each of the first 20,000 rows that have a problem."""
    no_json: set[int] = field(default_factory=set)
    """Rows that are no JSON."""

    @property
    def text_tokens(self) -> "array[int]":
        """Tokens of each row's text, the likely number."""
        pairs = zip(self.tokens, self.image_tokens, strict=True)
        return array("I", (total - images for total, images in pairs))

    @property
    def skipped(self) -> frozenset[int]:
        """The rows that the provider drops, by their index."""
        return frozenset(index for index in self.statuses if self.skips(index))

    def skips(self, index: int) -> bool:
        """Whether the provider drops a row, as far as its problems are kept."""
        found = self.problems.get(index, ())
        return self.statuses.get(index) == "skip" or any(one.severity == "skip" for one in found)


@dataclass(frozen=True, slots=True, eq=False)
class Assessment:
    """A dataset read against one provider's rules and counted for one base model."""

    file: FileStamp
    """The file as it was when the pass began."""
    rules: ProviderRules
    model: str
    counts: Counts
    problems: tuple[Problem, ...]
    """At most 100 of each rule and severity."""
    omitted: int
    """Problems that were found and counted, but are not in `problems`."""
    figures: RowFigures
    bytes_done: int
    summary: Summary | None = None
    """None until the pass is complete; likewise the next."""
    statistics: Statistics | None = None
    fetched: dict[str, ImageFacts] = field(default_factory=dict)
    """What images on the network were found to be, by address; it grows while the pass goes on."""
    earlier: bool = False
    """Whether it is from an earlier pass, since when nothing has changed."""

    @property
    def complete(self) -> bool:
        """Whether every row has been read."""
        return self.summary is not None

    @property
    def share(self) -> float:
        """How much of the file has been read, 0 to 1."""
        return 1.0 if self.complete else self.bytes_done / max(1, self.file.size_bytes)

    def for_model(self, model: str) -> "Assessment | None":
        """The same for another base model; none if it counts tokens otherwise: then read again."""
        if model == self.model:
            return self
        rule = model_tokens(model, self.rules.provider)
        if not _alike(rule, self.counts.rule):
            return None
        changed = replace(self, model=model, counts=replace(self.counts, rule=rule))
        if self.summary is None:
            return changed
        problems, summary = for_model(self.problems, self.summary, self.rules, model)
        return replace(changed, problems=problems, summary=summary)


async def assess(
    dataset: Dataset,
    profile: ProviderRules,
    *,
    model: str = "",
    fetch: bool = True,
    training: Keys | None = None,
    fetched: dict[str, ImageFacts] | None = None,
    deep: bool | None = None,
    workers: int | None = None,
) -> AsyncGenerator[Assessment, None]:
    """Check, count and describe a dataset in one pass.

    The first comes before anything has been read; the last one is complete.

    Args:
        dataset: Open.
        profile: Whose rules.
        model: The base model to train; by default the profile's usual one.
        fetch: Whether images on the network are fetched.
        training: `Summary.keys` of the training file, if this is its validation file.
        fetched: What images on the network were found to be, by address; see `survey`.
        deep: Whether the pixels of every image are decoded; see `check`.
        workers: How many processes look at rows; see `check`.

    Raises:
        DatasetError: if the file cannot be read.
    """
    model = model or profile.model
    rule = await asyncio.to_thread(model_tokens, model, profile.provider)
    fetched = {} if fetched is None else fetched
    found = Assessment(
        dataset.stamp, profile, model, Counts(rule), (), 0, RowFigures(), 0, fetched=fetched
    )
    yield found
    kept = None if training is not None else await _Kept.of(found, dataset, deep)
    if kept is not None and (earlier := await asyncio.to_thread(kept.recall)) is not None:
        yield replace(earlier, fetched=fetched)
        return
    tally = StatisticsTally()
    checking = check(
        dataset,
        profile,
        model=model,
        fetch=fetch,
        training=training,
        fetched=fetched,
        deep=deep,
        workers=workers,
    )
    async with aclosing(checking):
        async for checked in checking:
            counts = await asyncio.to_thread(_count, found, tally, checked)
            done = checked.summary is not None
            found = replace(
                found,
                counts=counts,
                problems=(*found.problems, *checked.problems),
                omitted=checked.omitted,
                bytes_done=checked.bytes_done,
                summary=checked.summary,
                statistics=await asyncio.to_thread(tally.statistics) if done else None,
            )
            if done and kept is not None:
                await asyncio.to_thread(kept.keep, found)
            yield found


@dataclass(frozen=True, slots=True)
class _Kept:
    """Where the result of a pass is kept; see `earlier_checks`."""

    folder: Path
    name: str
    begun: Assessment
    """Of nothing yet."""

    @staticmethod
    async def of(begun: Assessment, dataset: Dataset, deep: bool | None) -> "_Kept | None":
        """Nowhere, if it is not worth while or depends on more than the file and the rules."""
        where = cache_folder.get()
        if where is None or dataset.size_bytes < LEAST_BYTES or plugins("rules"):
            return None
        print_, decoded = await dataset.fingerprint(), decodes(dataset, deep)
        file = replace(begun.file, path=Path(begun.file.path.name))  # whichever way it is named
        inputs = (file, print_, begun.rules, begun.model, begun.counts.rule, decoded)
        return _Kept(where() / "checks", await asyncio.to_thread(name_of, *inputs), begun)

    def recall(self) -> Assessment | None:
        """What an earlier pass found, if nothing has changed since. Blocking."""
        found = recall(self.folder, self.name, self.begun.rules, self.begun.counts.rule)
        if not isinstance(found, Assessment) or not self.begun.file.holds:
            return None
        return replace(found, file=self.begun.file, earlier=True)

    def keep(self, found: Assessment) -> None:
        """Keep what was found, if it depends on nothing but the file. Blocking."""
        assert found.statistics is not None
        if set(found.statistics.facets.get("origin", ())) <= {"data"} and found.file.settled:
            keep(self.folder, self.name, replace(found, fetched={}))


def is_of(known: Assessment | None, path: Path, provider: str) -> bool:
    """Whether it is of this file as it is now, by this provider's rules. Blocking: one stat.

    Raises:
        SettingsError: if there is no such provider.
    """
    if known is None or known.file.path != path:
        return False
    return known.rules == rules_of(provider) and known.file.holds


def _count(found: Assessment, tally: StatisticsTally, checked: Checked) -> Counts:
    figures, counts = found.figures, found.counts
    for block in checked.blocks:
        tally.merge(block.statistics)
        figures.tokens.extend(block.tokens)
        figures.image_tokens.extend(block.image_tokens)
        figures.answer_chars.extend(block.answer_chars)
        figures.no_json.update(block.no_json)
        counts += block.counts.counts
    figures.statuses.update(
        (index, worst(problem.severity for problem in found))
        for index, found in checked.found.items()
    )
    if len(figures.problems) < MOST_ROWS:
        figures.problems.update(checked.found)
    return counts


def _alike(one: TokenRule, other: TokenRule) -> bool:
    """Whether two models count the same tokens in every row."""
    named = replace(one, model=other.model, base=other.base, epochs=other.epochs)
    return replace(named, source=other.source, as_of=other.as_of) == other
