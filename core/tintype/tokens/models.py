"""How each model counts tokens, from `data/models.toml`."""

import functools
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from tintype.model_names import parse_model_name

_TABLE = Path(__file__).parent / "data" / "models.toml"
_SNAPSHOT = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{4}|latest)$")
_STAND_IN = "gpt-4o"

ImageRule = Literal["tiles", "patches", "fixed", "none"]


@dataclass(frozen=True, slots=True)
class Level:
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
    levels: Mapping[str, Level]
    auto: str
    """The level that `auto` means."""
    earlier: "Patches | None" = None
    """What earlier copies of the guide said."""


@dataclass(frozen=True, slots=True)
class Epochs:
    """How a provider chooses the number of epochs."""

    source: str
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
        """Epochs for so many examples when none are asked for."""
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
    encoding: str
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


def model_tokens(model: str) -> TokenRule:
    """The rule of a model; a tuned one counts as its base. Unknown models say so (`known`)."""
    base = parse_model_name(model).base
    table, _ = _rules()
    rule = table.get(base) or table.get(_SNAPSHOT.sub("", base))
    if rule is None:
        stand_in = table[_STAND_IN]
        return _named(stand_in, model, base, known=False)
    return _named(rule, model, base, known=True)


def known_models() -> tuple[str, ...]:
    """Every model with a rule, in the order of the table."""
    return tuple(_rules()[0])


def _named(rule: TokenRule, model: str, base: str, *, known: bool) -> TokenRule:
    from dataclasses import replace

    if known:
        return replace(rule, model=model, base=base)
    return replace(
        rule,
        model=model,
        base=base,
        known=False,
        example_tokens=None,
        source=f"assumed to be as for {_STAND_IN}",
        confidence="unknown",
    )


@functools.cache
def _rules() -> tuple[dict[str, TokenRule], date]:
    table = tomllib.loads(_TABLE.read_text("utf-8"))
    epochs = {name: Epochs(**entry) for name, entry in table["epochs"].items()}
    rules = {}
    for entry in table["models"]:
        for name in entry["names"]:
            rules[name] = _rule(name, entry, epochs, table["as_of"])
    return rules, table["as_of"]


def _rule(
    name: str, entry: Mapping[str, Any], epochs: Mapping[str, Epochs], as_of: date
) -> TokenRule:
    tiles = entry.get("tiles", {"base": 0, "tile": 0})
    return TokenRule(
        model=name,
        base=name,
        known=True,
        encoding=entry["encoding"],
        images=entry["images"],
        epochs=epochs[entry.get("epochs", "openai")],
        tile_base=tiles["base"],
        tile=tiles["tile"],
        patches=_patches(entry["patches"]) if "patches" in entry else None,
        fixed=entry.get("fixed", 0),
        example_tokens=entry.get("example_tokens"),
        source=entry["source"],
        confidence=entry["confidence"],
        as_of=as_of,
    )


def _patches(entry: Mapping[str, Any]) -> Patches:
    levels = {
        name: Level(entry[name]["side"], entry[name].get("budget"))
        for name in ("low", "high", "original")
        if name in entry
    }
    earlier = None
    if "earlier" in entry:
        old = {
            name: Level(level.side, entry["earlier"]["budget"]) for name, level in levels.items()
        }
        earlier = Patches(Fraction(entry["earlier"]["multiplier"]), old, entry["auto"])
    return Patches(Fraction(entry["multiplier"]), levels, entry["auto"], earlier)
