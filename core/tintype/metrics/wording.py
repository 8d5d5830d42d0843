"""Metrics in words: their names as a person says them, their values in a few digits."""

import math
from collections.abc import Mapping
from typing import Literal

_PREFIXES: Mapping[str, str] = {
    "full_valid_": "full validation ",
    "valid_": "validation ",
    "eval_": "evaluation ",
    "train_": "training ",
}
_WORDS: Mapping[str, str] = {
    "mean_token_accuracy": "token accuracy",
    "mean_iou": "mean IoU",
    "learning_rate": "learning rate",
    "grad_norm": "gradient norm",
}
_LOW = ("loss", "error", "perplexity")
_HIGH = ("accuracy", "iou", "reward", "score", "f1", "bleu", "rouge")


def label(name: str) -> str:
    """Say a metric's name in words: `full_valid_loss` is "full validation loss"."""
    for prefix, words in _PREFIXES.items():
        if name.startswith(prefix) and len(name) > len(prefix):
            return words + label(name.removeprefix(prefix))
    return _WORDS.get(name, name.replace("_", " "))


def better(name: str) -> Literal["low", "high", ""]:
    """Which direction is the good one; empty where neither is, as for a learning rate."""
    if any(word in name for word in _LOW):
        return "low"
    return "high" if any(word in name for word in _HIGH) else ""


def figure(value: float) -> str:
    """Write a value in about four digits and, but for the outlandish, at most nine characters.

    The decimals depend on the magnitude only, so that a figure does not jump while it changes.
    """
    size = abs(value)
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if value == 0:
        return "0"
    if size < 1e-3 or size >= 1e6:
        return f"{value:.2e}".replace("e-0", "e-").replace("e+0", "e").replace("e+", "e")
    decimals = next(
        digits
        for limit, digits in ((0.01, 6), (0.1, 5), (10, 4), (1000, 2), (1e6, 0))
        if size < limit
    )
    return f"{value:.{decimals}f}"
