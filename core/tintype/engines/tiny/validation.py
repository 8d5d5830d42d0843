"""Losses on held-out rows, and boxes really generated."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from tintype.detection import mean_iou, parse_boxes
from tintype.engines.tiny.batches import Task, TaskView, exercise, portions
from tintype.engines.tiny.cache import Channels
from tintype.engines.tiny.generation import likeliest
from tintype.engines.tiny.model import TinyModel
from tintype.engines.tiny.tape import Tape
from tintype.engines.tiny.tokenizer import LOC

SAMPLE = 16
"""Rows of a small batch between steps."""
PORTION = 32
MOST_BOXED = 256
"""Answers with boxes that are generated; more would hold up the training."""


@dataclass(frozen=True, slots=True)
class HeldOutTasks:
    """Held-out rows, ready to be asked."""

    tasks: tuple[Task, ...]
    channels: Channels
    order: tuple[int, ...]
    """A shuffled order of the tasks, for samples."""

    @property
    def boxed(self) -> tuple[Task, ...]:
        """Tasks whose answers hold boxes, at most MOST_BOXED, spread evenly."""
        found = [task for task in self.tasks if LOC.search(task.answer)]
        chosen = np.unique(np.linspace(0, len(found) - 1, MOST_BOXED).astype(int))
        return tuple(found[at] for at in chosen) if found else ()

    def sample(self, turn: int) -> tuple[Task, ...]:
        """The tasks of a small batch; with every turn the next."""
        count = len(self.order)
        first = turn * SAMPLE % count
        chosen = {self.order[(first + at) % count] for at in range(min(SAMPLE, count))}
        return tuple(self.tasks[at] for at in sorted(chosen))


def losses(
    model: TinyModel, channels: Channels, tasks: Sequence[Task], pulse: Callable[[], None]
) -> tuple[float, float]:
    """Mean loss in nats per token, and token accuracy."""
    over = sum(len(task.tokens) for task in tasks)
    loss, hits = 0.0, 0
    for views in _unvaried(tasks):
        pulse()
        given = exercise(views, channels, model.tokens.first_loc)
        part, right = model.loss(Tape(), given.batch, given.inputs, given.targets, over)
        loss += float(part.value)
        hits += right
    return loss, hits / over


def overlap(
    model: TinyModel, channels: Channels, tasks: Sequence[Task], pulse: Callable[[], None]
) -> float:
    """Mean IoU of the boxes written for each image, over all images: 0…1."""
    found = []
    for views in _unvaried(tasks):
        given = exercise(views, channels, model.tokens.first_loc)
        written = likeliest(model, given.batch, pulse)
        for view, tokens in zip(views, written, strict=True):
            said = parse_boxes(model.tokens.decode(tokens)).boxes
            found.append(mean_iou(said, parse_boxes(view.task.answer).boxes))
    return float(np.mean(found))


def _unvaried(tasks: Sequence[Task]) -> Iterable[Sequence[TaskView]]:
    return portions([TaskView(task, 0) for task in tasks], PORTION)
