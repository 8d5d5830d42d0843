"""Why an estimate is what it is, and how sure: one sentence each."""

from collections.abc import Iterator

from tintype.estimation.counts import Counts, EpochTokens
from tintype.pricing import TrainingPrice
from tintype.providers import COMPATIBLE, identity
from tintype.tokens import Range, TokenRule

_MODERATED = frozenset({"openai", "azure"})


def reasons(
    counts: Counts,
    provider: str,
    model: str,
    bill: EpochTokens,
    price: TrainingPrice | None,
    *,
    validation: bool,
    validation_is_free: bool,
    age_days: int | None,
) -> tuple[str, ...]:
    """Every sentence that applies, the weightiest first."""
    return (
        *(_about_price(provider, model, price, age_days) if bill.total.high or not price else ()),
        *_about_rule(counts.rule),
        *_about_images(counts, bill, provider),
        *_about_rows(counts, bill),
        *_about_validation(validation, validation_is_free),
    )


def _about_price(
    provider: str, model: str, price: TrainingPrice | None, age_days: int | None
) -> Iterator[str]:
    if price is None:
        known = provider and provider != COMPATIBLE
        title = identity(provider).title if known else "this provider"
        yield (
            f"The price of training {model} at {title} is unknown; put it into your own price "
            "table."
        )
        return
    said = f"{price.source}, {price.as_of:%Y-%m-%d}"
    if price.usd_per_million == 0:
        yield f"Costs nothing: {price.source}."
    elif price.usd_per_million is not None:
        yield f"${price.usd_per_million:f} per million tokens ({said}; {price.confidence})."
    elif price.usd_per_hour is not None:
        yield f"Billed by time, ${price.usd_per_hour:f} an hour ({said}), not by tokens."
    if price.unconfirmed:
        yield (
            "The provider's own price list does not confirm this; check it before you rely on it."
        )
    if price.note:
        yield price.note
    if age_days is not None:
        yield f"The price is {age_days} days old; check it before you rely on it."


def _about_rule(rule: TokenRule) -> Iterator[str]:
    if not rule.known:
        yield (
            f"How {rule.base or 'this model'} counts tokens is not known here; gpt-4o's way is "
            "assumed."
        )


def _about_images(counts: Counts, bill: EpochTokens, provider: str) -> Iterator[str]:
    rule = counts.rule
    if counts.images and rule.images == "none":
        yield f"{rule.base} sees no images; they are counted as nothing."
    known = bill.images - bill.unseen
    spread = known.high - known.low
    if counts.doubtful and rule.known and spread:
        if rule.images == "tiles":
            yield (
                f"Images with a shorter side under 768 pixels: {counts.doubtful:,}. The present "
                "guide never enlarges them; an earlier wording does, which would cost up to "
                f"{spread:,} tokens more per epoch."
            )
        else:
            yield (
                f"Two versions of the documentation count patches differently for {rule.base}: "
                f"{spread:,} tokens per epoch apart."
            )
    if counts.unseen:
        yield (
            f"Images whose size is not known: {counts.unseen:,}. They count in full, as "
            f"{_range(bill.unseen)} tokens per epoch; the low end is without their rows, which a "
            "provider that cannot read them either skips and does not bill."
        )
    if counts.images and provider in _MODERATED:
        yield (
            "Images with people, faces, children or CAPTCHAs are dropped by the provider and not "
            "billed; that cannot be known beforehand."
        )


def _about_rows(counts: Counts, bill: EpochTokens) -> Iterator[str]:
    if not bill.total.high:
        yield "No row of the file can be counted, so what training on it costs is not known."
    if counts.skipped:
        yield (
            f"Rows that will be skipped and not billed: {counts.skipped:,}. They would have been "
            f"{counts.skipped_tokens:,} tokens per epoch."
        )
    if bill.cut.high:
        yield (
            f"Rows longer than {counts.rule.example_tokens:,} tokens: {bill.cut:,}. They are cut "
            "there; no more is billed, and what is cut is not learnt."
        )
    doubt = counts.text.high - counts.text.low
    if doubt:
        yield (
            "Whether the three tokens that begin a reply are counted is not documented, nor how "
            f"tools are spelt: up to {doubt:,} tokens more per epoch."
        )


def _about_validation(validation: bool, free: bool) -> Iterator[str]:
    if validation:
        yield (
            "The tokens of the validation file are free."
            if free
            else "The tokens of the validation file may be billed as well; it is not in this cost."
        )


def _range(tokens: Range) -> str:
    """A range in words; one number where both ends are the same."""
    low, high = f"{tokens.low:,}", f"{tokens.high:,}"
    return low if low == high else f"{low} to {high}"
