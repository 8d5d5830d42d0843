"""Why an image, a text or a row costs what it costs: the formula, step by step, with its numbers.

Each step is computed as `images` and `rows` compute it, and the last one is their figure.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tintype.providers.token_rules import Patches, TokenRule
from tintype.tokens.images import Sight, image_tokens, level_of, patched, sided, sight, squared
from tintype.tokens.ranges import NOTHING, Range
from tintype.tokens.rows import (
    PER_MESSAGE,
    ChatRow,
    Sized,
    message_tokens,
    reply_doubt,
    schema_tokens,
    text_tokens,
)

_PATCH = 32


@dataclass(frozen=True, slots=True)
class Explained:
    """A number of tokens and the steps that lead to it."""

    tokens: Range
    steps: tuple[str, ...]
    """Phrases, in order."""


@dataclass(frozen=True, slots=True)
class ExplainedRow:
    """A row once through, as one epoch bills it."""

    text: Explained
    images: tuple[Explained, ...]
    limit: int | None
    """The longest example that the model takes; none: not known."""

    @property
    def total(self) -> Range:
        """Text and images together, before anything is cut off."""
        return sum((image.tokens for image in self.images), self.text.tokens)

    @property
    def cut(self) -> Range:
        """Tokens that are cut off because the row is too long."""
        return NOTHING if self.limit is None else self.total - self.total.most(self.limit)


def explain_image(rule: TokenRule, width: int, height: int, detail: str = "auto") -> Explained:
    """Return how the tokens of one image come about.

    Args:
        rule: How the model counts.
        width: Pixels; 0 if the size is not known.
        height: Likewise.
        detail: As the row says; an unknown word counts as `auto`.
    """
    tokens = image_tokens(rule, width, height, detail)
    steps: tuple[str, ...]
    if rule.images in ("fixed", "none"):
        steps = _same_at_any_size(rule)
    elif width <= 0 or height <= 0:
        steps = (
            f"The size of the image is not known: counted as one of 1024 × 1024, {tokens.likely:,};"
            f" it may be {tokens.low:,} to {tokens.high:,} tokens.",
        )
    elif rule.images == "tiles":
        steps = _tiles(rule, width, height, detail, tokens)
    else:
        steps = _patches(rule, width, height, detail)
    unknown = (f"How {rule.base} counts is not known here; gpt-4o's way is assumed.",)
    source = (f"Source: {rule.source} ({rule.confidence}).",) if rule.source else ()
    return Explained(tokens, (*steps, *(() if rule.known else unknown), *source))


def _same_at_any_size(rule: TokenRule) -> tuple[str, ...]:
    if not rule.fixed:
        return (f"{rule.base} sees no images: 0 tokens.",)
    return (f"{rule.base} takes {rule.fixed:,} tokens for an image of any size.",)


def _tiles(rule: TokenRule, width: int, height: int, detail: str, tokens: Range) -> tuple[str, ...]:
    seen = sight(rule, width, height, detail)
    begun = f"{width:,} × {height:,} pixels, detail {detail}"
    if detail == "low":
        return (begun, f"detail low: the base alone, {rule.tile_base:,} tokens at any size")
    fit = squared(width, height)
    shrunk = f"shrunk to fit 2048 × 2048: {_by(fit)}"
    short = (
        f"shorter side to 768: {_by((seen.width, seen.height))}"
        if (seen.width, seen.height) != fit
        else f"shorter side {min(fit)}, at most 768: not resized"
    )
    tiles = seen.columns * seen.rows
    steps: tuple[str, ...] = (
        begun,
        shrunk if fit != (width, height) else "fits into 2048 × 2048: not resized",
        short,
        f"tiles of 512: ⌈{seen.width} / 512⌉ × ⌈{seen.height} / 512⌉ = {seen.columns} × "
        f"{seen.rows} = {tiles}",
        f"{rule.tile_base:,} + {rule.tile:,} × {tiles} = {seen.tokens:,} tokens",
    )
    if tokens.high > tokens.likely and rule.known:
        steps += (
            "An earlier wording of the guide can be read as enlarging small images to a shorter "
            f"side of 768: {tokens.high:,} tokens.",
        )
    return steps


def _patches(rule: TokenRule, width: int, height: int, detail: str) -> tuple[str, ...]:
    if rule.patches is None:
        return ()
    steps = _patch_steps(rule.patches, width, height, detail, sight(rule, width, height, detail))
    earlier = rule.patches.earlier
    if earlier is None:
        return steps
    before = _patch_steps(earlier, width, height, detail, None)
    return (*steps, f"Earlier copies of the guide: {before[-1]}.")


def _patch_steps(
    patches: Patches, width: int, height: int, detail: str, seen: Sight | None
) -> tuple[str, ...]:
    seen = seen or patched(patches, width, height, detail)
    level = level_of(patches, detail)
    fit = sided(width, height, level)
    columns, rows = (-(-side // _PATCH) for side in fit)
    steps = [f"{width:,} × {height:,} pixels, detail {detail}"]
    if fit != (width, height):
        steps.append(f"longest side to {level.side:,}: {_by(fit)}")
    steps.append(
        f"patches of 32: ⌈{fit[0]} / 32⌉ × ⌈{fit[1]} / 32⌉ = "
        f"{columns} × {rows} = {columns * rows:,}"
    )
    count = seen.columns * seen.rows
    if (seen.width, seen.height) != fit:
        steps.append(
            f"more than {level.budget:,} patches: shrunk to {_by((seen.width, seen.height))}, "
            f"{seen.columns} × {seen.rows} = {count:,}"
        )
    times = float(patches.multiplier)
    exact = count * patches.multiplier
    up = "" if exact.denominator == 1 else ", rounded up"
    return (*steps, f"{times:g} × {count:,}{up} = {seen.tokens:,} tokens")


def explain_text(value: Any, rule: TokenRule) -> Explained:
    """Return how the tokens of a row's texts come about, a step for each message."""
    messages = value.get("messages") if isinstance(value, dict) else None
    steps = []
    for at, message in enumerate(messages if isinstance(messages, list) else (), start=1):
        if isinstance(message, dict):
            tokens = message_tokens(message, rule)
            said = tokens - Range.exactly(PER_MESSAGE)
            role = message.get("role")
            steps.append(
                f"message {at}, {role if isinstance(role, str) else 'no role'}: "
                f"{PER_MESSAGE} + {said:,} for role and text = {tokens:,}"
            )
    total = text_tokens(value, rule)
    steps += [
        f"{key}: {schema_tokens(value[key], rule):,}, as words or as JSON"
        for key in ("tools", "functions")
        if isinstance(value, dict) and value.get(key)
    ]
    if total.high and (doubt := reply_doubt(rule)):
        steps.append(f"0 to {doubt} that begin the reply: whether they are billed is not said")
    return Explained(total, tuple(steps))


def explain_row(row: ChatRow, images: Sequence[Sized], rule: TokenRule) -> ExplainedRow:
    """Return how the tokens of a row come about.

    Args:
        row: Its data URLs taken out.
        images: One for each of `row.images`, in the same order.
        rule: How the model counts.
    """
    seen = tuple(
        explain_image(rule, image.width, image.height, part.detail)
        for part, image in zip(row.images, images, strict=True)
    )
    return ExplainedRow(explain_text(row.value, rule), seen, rule.example_tokens)


def _by(size: tuple[int, int]) -> str:
    return f"{size[0]:,} × {size[1]:,}"
