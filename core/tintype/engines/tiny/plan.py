"""`auto` hyperparameters, and how training is laid out over steps.

About 3,200 steps teach this model what some hundred to some thousand rows hold: on 2,830 questions
about 300 images 1,600 steps gave 0.88 exact answers, 3,200 gave 0.94 and 4,800 gave 0.98, in 25,
55 and 75 seconds of one core. OpenAI's contract allows 50 epochs at most, so a small set would be
seen too seldom: there, each example of a batch is shown in several variations at once (Hoffer et
al., 2020, "Augment your batch").
"""

import math
from dataclasses import dataclass

from tintype.engines.base import Resolved
from tintype.resources import Hyperparameters

STEPS = 3200
MAX_EPOCHS = 50
FULL_BATCH = 16
"""The largest batch chosen by itself."""
SHOWN = 16_000
"""How often an example should be shown in all, over all examples."""
MAX_VIEWS = 8


def resolve(examples: int, asked: Hyperparameters) -> Resolved:
    """Choose what was left `auto`.

    `n_epochs` lies in 1…50 and `batch_size` in 1…256, as OpenAI's API wants it; a training is
    ceil(examples / batch_size) × n_epochs steps.
    """
    examples = max(1, examples)
    most = MAX_EPOCHS if asked.n_epochs == "auto" else asked.n_epochs
    batch = _batch(examples * most) if asked.batch_size == "auto" else asked.batch_size
    epochs = _within(round(STEPS * batch / examples), 1, most)
    if asked.n_epochs != "auto":
        epochs = asked.n_epochs
    multiplier = asked.learning_rate_multiplier
    return Resolved(epochs, batch, 1.0 if multiplier == "auto" else float(multiplier))


def _batch(shown: int) -> int:
    """A batch that makes STEPS steps of so many examples shown, or more steps of FULL_BATCH."""
    return _within(round(shown / STEPS), 1, FULL_BATCH)


def _within(value: int, low: int, high: int) -> int:
    return max(low, min(high, value))


@dataclass(frozen=True, slots=True)
class StepPlan:
    """How a training is laid out."""

    rows: int
    batch: int
    """Rows in a step."""
    epochs: int
    views: int
    """Variations of each row in a step."""

    @classmethod
    def of(cls, rows: int, chosen: Resolved) -> "StepPlan":
        """The plan for so many rows."""
        shown = rows * chosen.n_epochs
        views = _within(min(round(SHOWN / shown), FULL_BATCH // chosen.batch_size), 1, MAX_VIEWS)
        return cls(rows, chosen.batch_size, chosen.n_epochs, views)

    @property
    def steps_per_epoch(self) -> int:
        """Steps in which every row comes up once."""
        return math.ceil(self.rows / self.batch)

    @property
    def total_steps(self) -> int:
        """Steps in all."""
        return self.steps_per_epoch * self.epochs
