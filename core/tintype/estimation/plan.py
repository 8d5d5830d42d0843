"""What training will take: tokens, money, bytes; as a range, with the reasons for its width.

Source of the sum: OpenAI bills the tokens of the training file × epochs × price; tokens of images
cost what those of text cost, and validation is free (guide "Fine-tuning", 2025; guide "Images and
vision", Oct 2026).
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from tintype.estimation.counts import Counts, Dear
from tintype.estimation.reasons import reasons
from tintype.pricing import Deadline, HostingPrice, InferencePrice, Prices, TrainingPrice
from tintype.providers.limits import ProviderRules
from tintype.tokens import Detail, Range


@dataclass(frozen=True, slots=True)
class Plan:
    """What is going to be trained, and how."""

    model: str
    """The base model."""
    provider: str
    """Its name in the price table."""
    epochs: int | None = None
    """None: as the provider chooses."""
    detail: Detail = "as is"
    """What if every image asked for this level of detail."""
    validation: Counts | None = None
    """The validation file, if there is one."""


@dataclass(frozen=True, slots=True)
class Cost:
    """US dollars, between two bounds."""

    low: Decimal
    likely: Decimal
    high: Decimal


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a plan will take."""

    plan: Plan
    rows: int
    """Trained on: those that are skipped not counted."""
    skipped: int
    images: int
    text_tokens: Range
    """Per epoch, like the next three."""
    image_tokens: Range
    cut_tokens: Range
    """What is cut off rows that are too long: text and images less this is the next."""
    tokens_per_epoch: Range
    epochs: int
    epochs_reason: str
    billed_tokens: Range
    cost_usd: Cost | None
    """None: the price is not known, or no row can be counted. Never nothing for want of those."""
    price: TrainingPrice | None
    price_is_stale: bool
    hosting: HostingPrice | None
    inference: InferencePrice | None
    """What answers of the tuned model will cost."""
    training_end: Deadline | None
    """When no more jobs are taken."""
    shutdown: Deadline | None
    """When the tuned model stops answering."""
    cut_rows: Range
    """Rows cut at the longest example that the model takes."""
    upload_bytes: int
    """The file with its image files embedded."""
    dearest: tuple[Dear, ...]
    reasons: tuple[str, ...]
    """Why the figures are as they are and not certain: a sentence each."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """How much of a limit is used up."""

    name: str
    value: int
    limit: int | None
    """None: not known."""

    @property
    def share(self) -> float | None:
        """0 is nothing, 1 is all of it, more is too much; none where the limit is not known."""
        return self.value / self.limit if self.limit else None


def gauges(counts: Counts, limits: ProviderRules) -> tuple[Gauge, ...]:
    """How far a dataset goes towards the limits of a provider."""
    return (
        Gauge("rows with images", counts.image_rows, limits.max_image_examples),
        Gauge("images in a row", counts.most_images, limits.max_images),
        Gauge("bytes of an image", counts.largest_image_bytes, limits.max_image_bytes),
        Gauge(
            "bytes of the file", counts.file_bytes + counts.embedded_bytes, limits.max_upload_bytes
        ),
    )


def estimate(counts: Counts, plan: Plan, prices: Prices, *, today: date | None = None) -> Estimate:
    """Return what a plan will take. Pure: nothing is counted again.

    Args:
        counts: The training file, counted by the rule of the plan's model.
        plan: What is to be trained.
        prices: What providers charge.
        today: To judge the age of the price; none leaves that out.
    """
    bill = counts.bill(plan.detail)
    chosen = counts.rule.epochs
    epochs = plan.epochs if plan.epochs is not None else chosen.default(counts.trained)
    billed = bill.total * epochs
    price = prices.training(plan.provider, plan.model)
    stale = price is not None and today is not None and prices.is_stale(price, today)
    return Estimate(
        plan=plan,
        rows=counts.trained,
        skipped=counts.skipped,
        images=counts.images,
        text_tokens=counts.text,
        image_tokens=bill.images,
        cut_tokens=counts.text + bill.images - bill.total,
        tokens_per_epoch=bill.total,
        epochs=epochs,
        epochs_reason="asked for" if plan.epochs is not None else f"by default: {chosen.source}",
        billed_tokens=billed,
        cost_usd=_cost(billed, price),
        price=price,
        price_is_stale=stale,
        hosting=prices.hosting(plan.provider, plan.model),
        inference=prices.tuned_inference(plan.provider, plan.model),
        training_end=prices.training_end(plan.provider, plan.model),
        shutdown=prices.deadline(plan.provider, f"ft:{plan.model}"),
        cut_rows=bill.cut,
        upload_bytes=counts.file_bytes + counts.embedded_bytes,
        dearest=counts.dearest,
        reasons=reasons(
            counts,
            plan.provider,
            plan.model,
            bill,
            price,
            validation=plan.validation is not None,
            validation_is_free=prices.validation_is_free(plan.provider),
            age_days=price.age_days(today) if price and today and stale else None,
        ),
    )


def _cost(billed: Range, price: TrainingPrice | None) -> Cost | None:
    if price is None or not billed.high:
        return None
    low, likely, high = (price.cost(n) for n in (billed.low, billed.likely, billed.high))
    if low is None or likely is None or high is None:
        return None
    return Cost(low, likely, high)
