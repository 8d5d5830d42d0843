"""`auto` hyperparameters, and what fits into memory. Pure, and light to import."""

import math
from dataclasses import dataclass

from tintype.engines.base import Resolved
from tintype.engines.lora.bases import Base, adapter_bytes, saved_bytes
from tintype.resources import Hyperparameters

LEARNING_RATE = 1e-4
"""At a multiplier of 1: the usual one for LoRA of rank 16."""
RANK, ALPHA = 16, 32
FULL_BATCH = 16
EPOCHS, MOST_EPOCHS = 3, 10
STEPS = 100
"""Epochs are added until there are so many steps, if `n_epochs` is `auto`."""
MOST_TOKENS = 16384
"""The longest pack: longer ones gain nothing."""
LEAST_TOKENS = 512
WARM_UP = 0.05
"""Of all steps."""


def resolve(examples: int, asked: Hyperparameters) -> Resolved:
    """Choose what was left `auto`; a training is ceil(examples / batch_size) × n_epochs steps."""
    examples = max(1, examples)
    usual = max(1, min(FULL_BATCH, examples // 8))
    batch = usual if asked.batch_size == "auto" else asked.batch_size
    enough = max(EPOCHS, min(MOST_EPOCHS, math.ceil(STEPS * batch / examples)))
    epochs = enough if asked.n_epochs == "auto" else asked.n_epochs
    multiplier = asked.learning_rate_multiplier
    return Resolved(epochs, batch, 1.0 if multiplier == "auto" else float(multiplier))


def learning_rate(step: int, total: int, multiplier: float) -> float:
    """The rate of a step (from 1): a linear warm-up, then a cosine down to a tenth."""
    peak = LEARNING_RATE * multiplier
    warm = max(1, round(total * WARM_UP))
    if step <= warm:
        return peak * step / warm
    done = (step - warm) / max(1, total - warm)
    return peak * (0.55 + 0.45 * math.cos(math.pi * done))


@dataclass(frozen=True, slots=True)
class Fit:
    """How a step is laid out so that it fits."""

    tokens: int
    """In a pack, at most."""
    checkpointing: bool
    """Whether layers are computed again on the way back, which saves memory and costs a third."""

    def smaller(self) -> "Fit | None":
        """What to try when memory ran out: half the pack, then checkpointing; none at the end."""
        if not self.checkpointing and self.tokens <= MOST_TOKENS // 4:
            return Fit(MOST_TOKENS // 2, checkpointing=True)
        if self.tokens <= LEAST_TOKENS:
            return None
        return Fit(self.tokens // 2, self.checkpointing)


def fit(base: Base, free_bytes: int, longest: int) -> Fit:
    """The longest pack that fits beside the weights.

    Args:
        base: The model, which is in memory already.
        free_bytes: What is left beside it.
        longest: Tokens of the longest row, which a pack must hold.
    """
    left = free_bytes - adapter_bytes(base) - (1 << 30)
    plain = left // saved_bytes(base, all_layers=True)
    if plain >= max(longest, MOST_TOKENS // 4):
        return Fit(max(longest, min(MOST_TOKENS, plain)), checkpointing=False)
    saving = left // saved_bytes(base)
    return Fit(max(longest, LEAST_TOKENS, min(MOST_TOKENS, saving)), checkpointing=True)


def operations(base: Base, tokens: int) -> float:
    """Floating-point operations of one training step, about: forward, and gradients of inputs.

    Frozen weights have no gradient of their own. Attention and the last layer are left out.
    """
    weights = base.layers * base.hidden * (3 * base.inner + 3 * base.hidden)
    return 4.0 * weights * tokens
