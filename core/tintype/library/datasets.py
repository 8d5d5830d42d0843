"""Datasets, as the public API has them."""

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tintype import assessment, connection, offers, paths, rules
from tintype.assessment import Assessment
from tintype.dataset import Dataset, open_dataset, stamp
from tintype.dataset.opened import opened
from tintype.detection import Box, parse_boxes
from tintype.errors import QuoteError
from tintype.library.rows import Rows
from tintype.library.work import Opening, Work
from tintype.offers import Compared, Offer
from tintype.pricing import load_prices
from tintype.prospects import refuse_untrainable
from tintype.providers import provider_names
from tintype.quote import Quote, quote
from tintype.settings import Profile, load
from tintype.tokens import Detail

if TYPE_CHECKING:
    from tintype.library.trainings import Connection

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
        await refuse_untrainable(name, model)
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
            await refuse_untrainable(name, model)
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

    Args:
        dataset: A file, or what `open` gave.
        epochs: By default as each provider chooses.
        detail: As for `estimate`.
        fetch: As for `check`.

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

    A box that is damaged is left out; `tintype.detection.parse_boxes` says what is wrong with it,
    and `find_written` beside it reads other notations. Nothing is raised.
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
