"""`tintype-tiny` as an engine. Light to import: NumPy comes when something is trained or asked."""

from collections.abc import Callable
from pathlib import Path

from tintype.engines.base import Answerer, Card, Outcome, Report, Resolved, TrainingOrder, Wanted
from tintype.engines.tiny import plan
from tintype.resources import Hyperparameters

MAX_CONTEXT = 320
"""The longest answer, in tokens: some 45 boxes with their labels."""

CARD = Card(
    model="tintype-tiny",
    title="Tintype tiny: a small vision-language model that learns from scratch",
    created=1_767_225_600,  # 1 January 2026
    learns=(
        "only from your rows: it starts from random weights, without pretraining",
        "colours, shapes, textures and large printed symbols, from a few hundred images",
        "a fixed set of answers to questions about an image, yes and no among them",
        "boxes around similar objects, up to about forty in an image",
        "telling apart up to about fifty classes of large objects",
    ),
    cannot=(
        "answer anything before it is trained: the base model writes noise",
        "know anything about the world, or use a word that is not in its training answers",
        "read words it was not trained on, or print smaller than an eighth of the image",
        "count reliably beyond three",
        "follow a JSON schema that it was not trained on: such an answer is refused, unless the "
        "schema is one string",
        "reason, chat, or follow instructions that are not in its training rows",
    ),
    context_tokens=MAX_CONTEXT,
)


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
