"""Datasets, as the public API has them."""

import asyncio
import dataclasses
import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tintype import assessment, connection, offers, paths, rules
from tintype.assessment import Assessment
from tintype.dataset import Dataset, open_dataset, stamp
from tintype.dataset.copied_rows import ExportNote
from tintype.dataset.embed import Exported, export
from tintype.dataset.handle import opened
from tintype.detection import Box, parse_boxes
from tintype.errors import QuoteError
from tintype.library.rows import Rows
from tintype.library.work import Opening, Work
from tintype.offers import Compared, Offer
from tintype.pricing import load_prices
from tintype.providers import provider_names
from tintype.quote import Quote, quote
from tintype.settings import Profile, load
from tintype.tokens import Detail

if TYPE_CHECKING:
    from tintype.dataset.formats import ImportProgress, ImportReport
    from tintype.library.models import Connection

Source = str | os.PathLike[str] | Rows
"""A JSONL file, or what `open` gave."""


def open(path: str | os.PathLike[str], *, allow_private: bool = False) -> Opening[Rows]:
    """Open a JSONL file of any size as a sequence of examples; its rows are found, not read.

    Args:
        path: The file; `~` is understood.
        allow_private: Also fetch images from this machine and its local networks.

    Raises:
        FileError: if no path can be made of it.
        DatasetError: if it is missing, unreadable, or no text.
    """

    async def rows() -> Rows:
        dataset = await opened(typed(path), allow_private=allow_private)
        try:
            async for _ in dataset.index():
                pass
        except BaseException:
            dataset.close()
            raise
        return Rows(dataset)

    return Opening(rows)


def check(
    dataset: Source,
    provider: "str | Profile | Connection | None" = None,
    *,
    model: str = "",
    training: Assessment | None = None,
    fetch: bool = True,
    deep: bool | None = None,
) -> Work[Assessment, Assessment]:
    """Check a dataset against a provider's rules, and count its tokens, in one pass.

    `problems` has at most 100 of each rule; `omitted` says how many more there are, and
    `summary.counts` how many of each.

    Args:
        dataset: A file, or what `open` gave.
        provider: A profile or its name, or a provider's: `openai`, `azure`, …; by default the
            default profile.
        model: The base model to train; by default the provider's usual one.
        training: The training file's result, if this is its validation file.
        fetch: Whether images on the network are fetched to be judged.
        deep: Whether the pixels of every image are decoded; by default in files up to 64 MB. In
            larger ones images are judged by their structure, and `summary.decoded` is false.

    Raises:
        SettingsError: if nobody of this name is known, or the embedded provider does not train the
            model.
        DatasetError: if the file cannot be read.
    """
    name = provider_name(provider)

    async def steps() -> AsyncGenerator[Assessment, None]:
        judged_by = rules.rules_of(name)
        await connection.refuse_untrainable(name, model)
        keys = training.summary.keys if training and training.summary else None
        async with opened_source(dataset) as handle:
            assessing = assessment.assess(
                handle, judged_by, model=model, fetch=fetch, training=keys, deep=deep
            )
            async with aclosing(assessing):
                async for step in assessing:
                    yield step

    return Work(steps, lambda step: step)


def estimate(
    dataset: Source | Assessment,
    provider: "str | Profile | Connection | None" = None,
    *,
    model: str = "",
    epochs: int | None = None,
    detail: Detail = "as is",
    validation: str | os.PathLike[str] | None = None,
    fetch: bool = True,
) -> Work[Assessment, Quote]:
    """Estimate what training on a dataset will take: tokens, US dollars, bytes, with reasons.

    The result's `estimate` has the figures; `cost_usd` is None where the price is not known. Given
    what `check` found for the same provider and model, nothing is read again.

    Args:
        dataset: A file, what `open` gave, or what `check` found.
        provider: As for `check`.
        model: As for `check`.
        epochs: By default as the provider chooses.
        detail: What if every image asked for this level of detail: `as is`, `low` or `high`.
        validation: The validation file, if there is one.
        fetch: As for `check`.

    Raises:
        SettingsError: if nobody of this name is known, or the price table cannot be used.
        DatasetError: if a file cannot be read.
        QuoteError: if what `check` found is not complete.
    """
    name = provider_name(provider)

    async def steps() -> AsyncGenerator[Assessment, None]:
        if isinstance(dataset, Assessment):
            await connection.refuse_untrainable(name, model)
            yield _known(dataset, name, model)
            return
        checking = check(dataset, provider, model=model, fetch=fetch)
        async with aclosing(aiter(checking)) as found:
            async for step in found:
                yield step

    def quoted(found: Assessment) -> Quote:
        return quote(
            found,
            load_prices(load().prices),
            provider=name,
            epochs=epochs,
            detail=detail,
            validation=stamp(typed(validation)) if validation else None,
            today=datetime.now(UTC).date(),
        )

    return Work(steps, quoted)


def compare(
    dataset: Source, *, epochs: int | None = None, detail: Detail = "as is", fetch: bool = True
) -> Work[Compared, tuple[Offer, ...]]:
    """Check and estimate a dataset at every provider, in one pass.

    Those that take it as it is come first, then by the likely cost; unknown costs come last.

    Raises:
        DatasetError: if the file cannot be read.
        SettingsError: if the price table cannot be used.
    """

    async def steps() -> AsyncGenerator[Compared, None]:
        prices = await asyncio.to_thread(lambda: load_prices(load().prices))
        async with opened_source(dataset) as handle:
            today = datetime.now(UTC).date()
            comparing = offers.compare(
                handle, prices, epochs=epochs, detail=detail, fetch=fetch, today=today
            )
            async with aclosing(comparing):
                async for step in comparing:
                    yield step

    return Work(steps, lambda step: step.offers)


def import_dataset(
    source: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    format: str = "",
    *,
    prompt: str = "",
    system: str = "",
    link: bool = False,
    valid_share: float = 0.0,
    test_share: float = 0.0,
    sample: int = 0,
    seed: int = 0,
    boxes: str = "paligemma",
    replace: bool = False,
    **more: object,
) -> "Work[ImportProgress, ImportReport]":
    """Convert a dataset into chat rows: train.jsonl, valid.jsonl, test.jsonl.

    The result says what was written, what was lost, and what was odd.

    Args:
        source: A file, a folder, or an archive.
        folder: Where to write.
        format: Its name, as in `tintype import`; by default it is recognised.
        prompt: What is asked of every image, where the source has no question.
        system: A system prompt for every row.
        link: Refer to image files instead of putting them inside.
        valid_share: The share of the images drawn for validation, where the source has no splits.
        test_share: The share drawn for the test split, likewise.
        sample: How many images are taken; 0 takes all.
        seed: The random seed of what is drawn.
        boxes: The convention that boxes are written in, as `tintype boxes` names it.
        replace: Whether existing files are overwritten.
        more: The format's own options, e.g. `delimiter=";"` for tables.

    Raises:
        DatasetError: if the source is of no known format or cannot be read, or the target exists or
            cannot be written.
        PluginError: if a format from outside fails.
    """

    async def steps() -> "AsyncGenerator[ImportProgress, None]":
        from tintype.dataset import formats

        keep: Literal["link", "embed"] = "link" if link else "embed"
        options = formats.ImportOptions(
            keep=keep,
            prompt=prompt,
            system=system,
            valid_share=valid_share,
            test_share=test_share,
            sample=sample,
            seed=seed,
            boxes=boxes,
            replace=replace,
            more=more,
        )
        importing = formats.import_dataset(typed(source), typed(folder), format, options)
        async with aclosing(importing):
            async for step in importing:
                yield step

    return Work(steps, _imported)


def _imported(step: "ImportProgress") -> "ImportReport":
    assert step.report is not None  # the last step has it
    return step.report


def fix(
    dataset: Source,
    target: str | os.PathLike[str],
    provider: "str | Profile | Connection | None" = None,
    *,
    max_side: int | None = None,
    fetch: bool | None = None,
    replace: bool = False,
) -> Work[Exported, Exported]:
    """Write a fixed copy of a dataset: images inside, in sizes and formats that a provider takes.

    The result's `files` are what was written, `notes` what could not be done.

    Args:
        dataset: A file, or what `open` gave; it is only read.
        target: The file to write.
        provider: As for `check`.
        max_side: Shrink larger images to this longest side, in pixels.
        fetch: Whether images on the network are put inside too; by default where the provider does
            not fetch them itself.
        replace: Whether an existing file is overwritten.

    Raises:
        SettingsError: if nobody of this name is known.
        DatasetError: if the target exists or cannot be written, or the file cannot be read.
    """
    treatment = rules.fixing(
        rules.rules_of(provider_name(provider)), fetch=fetch, max_side=max_side
    )

    async def steps() -> AsyncGenerator[Exported, None]:
        notes: list[ExportNote] = []
        async with opened_source(dataset) as handle:
            exporting = export(handle, typed(target), treatment, replace=replace)
            async with aclosing(exporting):
                async for step in exporting:
                    notes += step.notes
                    yield dataclasses.replace(step, notes=tuple(notes)) if step.files else step

    return Work(steps, lambda step: step)


def _known(found: Assessment, provider: str, model: str) -> Assessment:
    """What `check` found, for a model that counts tokens alike.

    Raises:
        QuoteError: if the file would have to be read again.
    """
    judged_by = rules.rules_of(provider)
    again = found.for_model(model or found.model)
    if again is None or found.rules != judged_by:
        raise QuoteError(
            f"{found.file.path.name} was checked for {found.rules.title} and {found.model}, not "
            f"for {judged_by.title} and {model or judged_by.model}.",
            advice="Give the file itself: it is read again.",
        )
    return again


def boxes(text: str) -> tuple[Box, ...]:
    """Return the boxes that an answer holds, sides in fractions of the image: `<loc0102>… cat`.

    A box that is damaged is left out; `tintype.detection.parse_boxes` says what is wrong with it.
    """
    return parse_boxes(text).boxes


def provider_name(provider: "str | Profile | Connection | None") -> str:
    """Return the provider that a profile, its name, or the provider's own name means.

    Raises:
        SettingsError: if nobody of this name is known.
    """
    if provider is None or isinstance(provider, str):
        settings = load()
        if provider in provider_names() and provider not in settings.profiles:
            return provider
        return connection.chosen(settings, provider).provider
    return (provider if isinstance(provider, Profile) else provider.profile).provider


def typed(path: str | os.PathLike[str]) -> Path:
    """Return the path that a string or path object means.

    Raises:
        FileError: if no path can be made of it.
    """
    return paths.as_path(path)


@asynccontextmanager
async def opened_source(source: Source) -> AsyncIterator[Dataset]:
    """What a dataset is named by, open."""
    if isinstance(source, Rows):
        yield source.dataset
    else:
        async with open_dataset(typed(source)) as dataset:
            yield dataset
