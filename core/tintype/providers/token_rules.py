"""How a model counts tokens, and a provider chooses epochs: tables `[[models]]` and `[epochs]`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Literal

Encoding = Literal["o200k_base", "cl100k_base"]
"""Encodings of text that come with Tintype (`tintype.tokens.text`)."""
ImageRule = Literal["tiles", "patches", "fixed", "none"]


@dataclass(frozen=True, slots=True)
class DetailLevel:
    """One level of detail of a patch model."""

    side: int
    """Longest side in pixels; larger images are shrunk."""
    budget: int | None = None
    """Most 32-pixel patches; with more, the image is shrunk."""


@dataclass(frozen=True, slots=True)
class Patches:
    """A model that sees images in patches of 32 × 32 pixels."""

    multiplier: Fraction
    """Tokens per patch; exact, because 1.2 × 1,250 must not round up to 1,501."""
    levels: Mapping[str, DetailLevel]
    auto: str
    """The level that `auto` means."""
    earlier: "Patches | None" = None
    """What earlier copies of the guide said."""


@dataclass(frozen=True, slots=True)
class Epochs:
    """How a provider chooses the number of epochs."""

    as_of: date
    source: str
    confidence: str
    cap: int
    target: int = 3
    fewest: int = 0
    """Examples × epochs are at least this many …"""
    most: int = 0
    """… and at most this many."""
    least: int = 1
    steps: int = 0
    """When set: optimiser steps aimed at, instead of a target."""
    full_batch: int = 16

    def default(self, examples: int) -> int:
        """Return the number of epochs for some examples when none is asked for."""
        examples = max(1, examples)
        if self.steps:
            batch = min(max(round(examples * self.cap / self.steps), 1), self.full_batch)
            return min(max(round(self.steps * batch / examples), self.least), self.cap)
        if examples * self.target < self.fewest:
            return min(self.cap, self.fewest // examples)
        if examples * self.target > self.most:
            return max(self.least, self.most // examples)
        return self.target


@dataclass(frozen=True, slots=True)
class TokenRule:
    """How one model counts tokens."""

    model: str
    """The name asked for."""
    base: str
    """The base model that the rule is for."""
    known: bool
    """False: the numbers are those of gpt-4o, for want of better."""
    encoding: Encoding
    images: ImageRule
    epochs: Epochs
    tile_base: int = 0
    tile: int = 0
    patches: Patches | None = None
    fixed: int = 0
    example_tokens: int | None = None
    """Longest training example; the rest is cut off. None: not known."""
    source: str = ""
    confidence: str = ""
    as_of: date = date.min
