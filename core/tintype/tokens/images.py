"""What an image costs in tokens, and how the model gets to see it.

Source of both rules: OpenAI, guide "Images and vision", copies of spring to October 2026.

Tile models: with detail `low`, the base alone. Otherwise the image is shrunk to fit
2048 × 2048, then so that its shorter side is at most 768, and costs base + tile × the number of
512-pixel tiles that cover it. The newest copy says that images are never enlarged; wordings of
2023 to 2025 can be read as stretching small ones to 768. So a small image costs a range.

Patch models: the image is shrunk to the longest side of its level of detail, then to a budget of
32-pixel patches, and costs multiplier × patches.
"""

import math
from dataclasses import dataclass

from tintype.providers.token_rules import DetailLevel, Patches, TokenRule
from tintype.tokens.ranges import NOTHING, Range

_SQUARE, _SHORT, _TILE, _PATCH = 2048, 768, 512, 32
_MOST_TILES = 8
"""The worst case that the guide names: 2048 × 768."""
_UNSEEN = (1024, 1024)
"""Stands in, as the likely size, for an image whose size is not known."""


@dataclass(frozen=True, slots=True)
class Sight:
    """An image as a model gets to see it."""

    width: int
    """Pixels after shrinking."""
    height: int
    columns: int
    """Tiles, patches or cells across."""
    rows: int
    tokens: int
    formula: str
    """The sum with its numbers, e.g. `85 + 170 × 4 tiles`."""


def image_tokens(rule: TokenRule, width: int, height: int, detail: str = "auto") -> Range:
    """Return the tokens of one image of a size in pixels; 0 × 0 means that it is not known.

    Never raises; an unknown `detail` counts as `auto`.
    """
    if rule.images in ("fixed", "none"):
        return Range.exactly(rule.fixed)
    if width <= 0 or height <= 0:
        return _unseen(rule, detail)
    likely = sight(rule, width, height, detail).tokens
    others = [likely]
    if rule.images == "tiles" and detail != "low":
        others.append(_enlarged(rule, width, height))
        if not rule.known:
            others.append(rule.tile_base)
    elif rule.patches is not None and rule.patches.earlier is not None:
        others.append(patched(rule.patches.earlier, width, height, detail).tokens)
    return Range(min(others), likely, max(others))


def sight(rule: TokenRule, width: int, height: int, detail: str = "auto") -> Sight:
    """Return how the model gets to see an image of a size in pixels (at least 1 × 1)."""
    if rule.images == "tiles":
        return _tiled(rule, width, height, detail)
    if rule.patches is not None:
        return patched(rule.patches, width, height, detail)
    side = math.isqrt(rule.fixed)
    formula = "the same at any size" if rule.fixed else "the model sees no images"
    return Sight(width, height, side, side, rule.fixed, formula)


def _unseen(rule: TokenRule, detail: str) -> Range:
    if rule.images == "tiles":
        if detail == "low":
            return Range.exactly(rule.tile_base)
        most = rule.tile_base + _MOST_TILES * rule.tile
        return Range(rule.tile_base + rule.tile, sight(rule, *_UNSEEN, detail=detail).tokens, most)
    if rule.patches is None:
        return NOTHING
    likely = sight(rule, *_UNSEEN, detail=detail).tokens
    level = level_of(rule.patches, detail)
    patches = level.budget or (level.side // _PATCH) ** 2
    most = _tokens(rule.patches, min(patches, 30_000))
    return Range(_tokens(rule.patches, 1), likely, max(likely, most))


def _tiled(rule: TokenRule, width: int, height: int, detail: str) -> Sight:
    if detail == "low":
        # "Resized to 512 by 512" (guide "Vision fine-tuning").
        return Sight(_TILE, _TILE, 1, 1, rule.tile_base, f"{rule.tile_base} (detail low)")
    width, height = _shrunk(width, height)
    columns, rows = -(-width // _TILE), -(-height // _TILE)
    tiles = columns * rows
    formula = f"{rule.tile_base} + {rule.tile} × {tiles} tile{'s' if tiles > 1 else ''}"
    return Sight(width, height, columns, rows, rule.tile_base + rule.tile * tiles, formula)


def squared(width: int, height: int) -> tuple[int, int]:
    """A size shrunk to fit 2048 × 2048: the first step of tile models."""
    longest = max(width, height)
    if longest > _SQUARE:
        width, height = (max(1, side * _SQUARE // longest) for side in (width, height))
    return width, height


def _shrunk(width: int, height: int) -> tuple[int, int]:
    width, height = squared(width, height)
    shortest = min(width, height)
    if shortest > _SHORT:
        width, height = (side * _SHORT // shortest for side in (width, height))
    return width, height


def _enlarged(rule: TokenRule, width: int, height: int) -> int:
    """Tokens if small images were stretched until their shorter side is 768."""
    width, height = _shrunk(width, height)
    shortest = min(width, height)
    columns, rows = (-(-(side * _SHORT // shortest) // _TILE) for side in (width, height))
    return rule.tile_base + rule.tile * min(columns * rows, _MOST_TILES)


def patched(patches: Patches, width: int, height: int, detail: str) -> Sight:
    """How a patch model gets to see an image of a size in pixels."""
    level = level_of(patches, detail)
    width, height = _fitted(width, height, level)
    columns, rows = _grid(width, height)
    tokens = _tokens(patches, columns * rows)
    formula = f"{float(patches.multiplier):g} × {columns * rows} patches"
    return Sight(width, height, columns, rows, tokens, formula)


def level_of(patches: Patches, detail: str) -> DetailLevel:
    """What a patch model makes of a level of detail; an unknown one counts as `auto`."""
    return patches.levels.get(detail) or patches.levels[patches.auto]


def sided(width: int, height: int, level: DetailLevel) -> tuple[int, int]:
    """A size shrunk to the longest side of a level of detail: the first step of patch models."""
    longest = max(width, height)
    if longest > level.side:
        width, height = (max(1, round(side * level.side / longest)) for side in (width, height))
    return width, height


def _fitted(width: int, height: int, level: DetailLevel) -> tuple[int, int]:
    """Shrink to the longest side, then to the budget; in floating point, as the guide does it."""
    width, height = sided(width, height, level)
    columns, rows = _grid(width, height)
    if level.budget is None or columns * rows <= level.budget:
        return width, height
    scale = math.sqrt(_PATCH * _PATCH * level.budget / (width * height))
    across, down = width * scale / _PATCH, height * scale / _PATCH
    # Whole patches both ways; an image too thin for one keeps one.
    whole = scale * min(max(1, math.floor(side)) / side for side in (across, down))
    return max(1, math.floor(width * whole)), max(1, math.floor(height * whole))


def _grid(width: int, height: int) -> tuple[int, int]:
    return -(-width // _PATCH), -(-height // _PATCH)


def _tokens(patches: Patches, count: int) -> int:
    return math.ceil(count * patches.multiplier)
