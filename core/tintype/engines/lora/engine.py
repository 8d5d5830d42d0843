"""An open model as an engine. Light to import: PyTorch comes when something is trained or asked."""

import importlib.util
from collections.abc import Callable
from pathlib import Path

from tintype.engines.base import Answerer, Card, Outcome, Report, Resolved, TrainingOrder, Wanted
from tintype.engines.lora import plan
from tintype.engines.lora.bases import EXTRA, Base
from tintype.errors import EngineError
from tintype.resources import Hyperparameters

LONGEST_ANSWER = 2048
NEEDED = ("torch", "transformers", "safetensors")


def missing() -> str:
    """A sentence if the extra is not installed, or empty."""
    if all(importlib.util.find_spec(name) for name in NEEDED):
        return ""
    return f"Open models need PyTorch and transformers, which are not installed: {EXTRA}."


def require_extra() -> None:
    """Refuse to go on without the extra.

    Raises:
        EngineError: naming the extra.
    """
    if words := missing():
        raise EngineError(words.partition(":")[0] + ".", advice=f"Install the extra: {EXTRA}.")


def card(base: Base) -> Card:
    """What an open model is, said honestly."""
    return Card(
        model=base.model,
        title=f"{base.model}: an open model ({base.family}, {base.parameters_words}), tuned with "
        "LoRA",
        created=base.created,
        learns=(
            "your task on top of what the open model already knows",
            "answers in your words and format, boxes among them, from some dozen rows on",
            f"in adapters of rank {plan.RANK}, or as asked, on its language layers; the vision "
            "tower stays",
        ),
        cannot=(
            "be trained at a useful speed without a GPU, unless it is very small",
            "promise the same weights to the last bit on a GPU: the same up to rounding",
            "follow a JSON schema by force: such an answer is refused, unless the schema is one "
            "string",
            f"be used beyond its licence ({base.licence or 'not said in its folder; look it up'})",
        ),
        context_tokens=LONGEST_ANSWER,
        training_bytes=base.training_bytes,
        hyperparameters=plan.EXTRAS,
    )


class Lora:
    """An open model, tuned with LoRA."""

    def __init__(self, base: Base) -> None:
        self.base = base
        self.card: Card = card(base)

    def require(self) -> None:
        """Refuse a job that could only fail; see `require_extra`."""
        require_extra()

    def resolve(self, examples: int, asked: Hyperparameters) -> Resolved:
        """Choose what was left `auto`; see `tintype.engines.base.Engine.resolve`."""
        return plan.resolve(examples, asked)

    def train(
        self, order: TrainingOrder, report: Callable[[Report], None], wanted: Callable[[], Wanted]
    ) -> Outcome:
        """Train, or go on with a training; see `tintype.engines.base.Engine.train`."""
        require_extra()
        from tintype.engines.lora.training import train

        return train(self.base, order, report, wanted)

    def open(self, weights: Path | None) -> Answerer:
        """Load an adapter onto the base, which is in memory once for all of them."""
        require_extra()
        from tintype.engines.lora.answering import open_model

        return open_model(self.base, weights)
