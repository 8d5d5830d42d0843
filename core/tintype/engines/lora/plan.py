"""`auto` hyperparameters, and what fits into memory. Pure, and light to import."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from tintype.engines.base import Resolved
from tintype.engines.lora.bases import Base, adapter_bytes, saved_bytes
from tintype.errors import HyperparameterError
from tintype.resources import Hyperparameters

LEARNING_RATE = 1e-4
"""At a multiplier of 1: the usual one for LoRA of rank 16."""
RANK, ALPHA = 16, 32
MOST_RANK, MOST_ALPHA = 512, 4096
PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
EXTRAS: Mapping[str, str] = {
    "lora_rank": f"rank of the adapters, 1 to {MOST_RANK} (auto: {RANK})",
    "lora_alpha": "alpha / rank is their strength (auto: twice the rank)",
    "lora_target_modules": f"a list of some of {', '.join(PROJECTIONS)} (auto: all)",
}
"""Extras of `method.supervised.hyperparameters`, and what each is."""
FULL_BATCH = 16
EPOCHS, MOST_EPOCHS = 3, 10
STEPS = 100
"""Epochs are added until there are so many steps, if `n_epochs` is `auto`."""
MOST_TOKENS = 16384
"""The longest pack: longer ones gain nothing."""
LEAST_TOKENS = 512
WARM_UP = 0.05
"""Of all steps."""


@dataclass(frozen=True, slots=True)
class LoraShape:
    """Which adapters a training makes."""

    rank: int = RANK
    alpha: float = ALPHA
    """The strength is alpha / rank."""
    modules: tuple[str, ...] = PROJECTIONS

    @classmethod
    def of(cls, extra: Mapping[str, Any]) -> Self:
        """The shape that extras of the hyperparameters ask for; alpha is twice the rank.

        Raises:
            HyperparameterError: if one is not as it should be.
        """
        asked = {name: value for name, value in extra.items() if value not in ("auto", None)}
        for name in asked.keys() - EXTRAS.keys():
            raise _wrong(name, f"is not known. There are {', '.join(EXTRAS)}")
        rank = asked.get("lora_rank", RANK)
        if type(rank) is not int or not 1 <= rank <= MOST_RANK:
            raise _wrong("lora_rank", f"must be a whole number from 1 to {MOST_RANK}, not {rank!r}")
        alpha = asked.get("lora_alpha", ALPHA / RANK * rank)
        if type(alpha) not in (int, float) or not 0 < alpha <= MOST_ALPHA:
            words = f"must be a number above 0 and at most {MOST_ALPHA}, not {alpha!r}"
            raise _wrong("lora_alpha", words)
        return cls(rank, alpha, _modules(asked.get("lora_target_modules", PROJECTIONS)))

    @property
    def extra(self) -> dict[str, Any]:
        """The same by name, as hyperparameters."""
        values = (self.rank, self.alpha, list(self.modules))
        return dict(zip(EXTRAS, values, strict=True))


def _modules(asked: object) -> tuple[str, ...]:
    listed = asked if isinstance(asked, list | tuple) else ()
    if not listed or any(name not in PROJECTIONS for name in listed):
        words = f"must be a list of some of {', '.join(PROJECTIONS)}, not {asked!r}"
        raise _wrong("lora_target_modules", words)
    return tuple(name for name in PROJECTIONS if name in listed)


def _wrong(name: str, words: str) -> HyperparameterError:
    return HyperparameterError(f"The hyperparameter {name} {words[:300]}.", name=name)


def resolve(examples: int, asked: Hyperparameters) -> Resolved:
    """Choose what was left `auto`; a training is ceil(examples / batch_size) × n_epochs steps."""
    examples = max(1, examples)
    usual = max(1, min(FULL_BATCH, examples // 8))
    batch = usual if asked.batch_size == "auto" else asked.batch_size
    enough = max(EPOCHS, min(MOST_EPOCHS, math.ceil(STEPS * batch / examples)))
    epochs = enough if asked.n_epochs == "auto" else asked.n_epochs
    multiplier = asked.learning_rate_multiplier
    rate = 1.0 if multiplier == "auto" else float(multiplier)
    return Resolved(epochs, batch, rate, LoraShape.of(asked.extra).extra)


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


def fit(base: Base, free_bytes: int, longest: int, rank: int = RANK) -> Fit:
    """The longest pack that fits beside the weights.

    Args:
        base: The model, which is in memory already.
        free_bytes: What is left beside it.
        longest: Tokens of the longest row, which a pack must hold.
        rank: Of the adapters.
    """
    left = free_bytes - adapter_bytes(base, rank) - (1 << 30)
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
