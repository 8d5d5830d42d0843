"""An engine that trains nothing: it reports a step at a steady pace, as a real one does."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tintype.engines.base import (
    Answerer,
    Card,
    Outcome,
    Piece,
    Report,
    Resolved,
    Sampling,
    Step,
    TrainingOrder,
    Turn,
    Wanted,
)
from tintype.resources import Hyperparameters

STEP_S = 0.25


class Paced:
    """An engine: one epoch, a step for each row."""

    card = Card("paced", "Paced", 1_700_000_000, ("nothing",), ("anything",), 64)

    def resolve(self, examples: int, asked: Hyperparameters) -> Resolved:
        """So many epochs as were asked for, in batches of one."""
        return Resolved(1 if asked.n_epochs == "auto" else asked.n_epochs, 1, 1.0)

    def train(
        self, order: TrainingOrder, report: Callable[[Report], None], wanted: Callable[[], Wanted]
    ) -> Outcome:
        """Report steps until all are done, or no more are wanted."""
        epochs = order.hyperparameters.n_epochs
        rows = len(order.training.read_text().splitlines())
        for step in range(1, epochs * rows + 1):
            time.sleep(STEP_S)
            if asked := wanted():
                return "paused" if asked == "pause" else "cancelled"
            loss = 2 * math.exp(-step / 300) + 0.2 + 0.1 * math.sin(step)
            report(Step(step, epochs * rows, 1 + (step - 1) // rows, {"train_loss": loss}))
        return "succeeded"

    def open(self, weights: Path | None) -> Answerer:
        """A model that has nothing to say."""
        return _Silent()


class _Silent:
    def answer(self, turns: Sequence[Turn], sampling: Sampling) -> Iterator[Piece]:
        yield Piece("…", 1, "stop")
