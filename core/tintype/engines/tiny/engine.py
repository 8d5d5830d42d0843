"""`tintype-tiny` as an engine. Light to import: NumPy comes when something is trained or asked."""

from collections.abc import Callable
from pathlib import Path

from tintype.engines.base import Answerer, Card, Outcome, Report, Resolved, TrainingOrder, Wanted
from tintype.engines.tiny import plan
from tintype.engines.tiny.card import CARD
from tintype.resources import Hyperparameters


class Tiny:
    """A small vision-language model that learns from scratch."""

    card: Card = CARD

    def resolve(self, examples: int, asked: Hyperparameters) -> Resolved:
        """Choose what was left `auto`."""
        return plan.resolve(examples, asked)

    def train(
        self, order: TrainingOrder, report: Callable[[Report], None], wanted: Callable[[], Wanted]
    ) -> Outcome:
        """Train, or go on with a training; see `tintype.engines.base.Engine.train`."""
        from tintype.engines.tiny.training import train

        return train(order, report, wanted)

    def open(self, weights: Path | None) -> Answerer:
        """Load a checkpoint, or with none the untrained base model."""
        from tintype.engines.tiny.answering import open_model

        return open_model(weights)
