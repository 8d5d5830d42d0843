"""Which rows, images and variations meet in a step, and what the model is given of them.

All of it is a function of (seed, step): a training that was interrupted goes on with the very
batches it would have had.

Questions about one image meet in the same step in small groups, with the same variation of it,
so that its convolutions are done once for all of them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tintype.engines.tiny.cache import Channels
from tintype.engines.tiny.features import Placing
from tintype.engines.tiny.layout import Shape
from tintype.engines.tiny.model import Batch
from tintype.engines.tiny.plan import StepPlan
from tintype.engines.tiny.rows import Lesson, RowPrompt
from tintype.engines.tiny.tape import Array
from tintype.engines.tiny.tokenizer import (
    BEGIN,
    END,
    LOC,
    PAD,
    PROMPT,
    AnswerTokens,
    PromptWords,
)

GROUP = 4
"""Questions about one image that meet in a step."""
_ORDER, _NOISE = 2, 3
"""Set the random numbers of the order and of a step apart from other uses of the seed."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A prompt in words."""

    words: Array
    asked: Array
    """Weight of each word in the question's sum."""


@dataclass(frozen=True, slots=True)
class Task:
    """A lesson in tokens."""

    row: int
    images: tuple[int, ...]
    reading: Reading
    tokens: Array
    """The answer and its end."""
    fixed: bool
    """Never varied: there is no single image for its boxes to move with."""
    answer: str
    """As it was written."""


@dataclass(frozen=True, slots=True)
class TaskView:
    """A task with a variation of its images."""

    task: Task
    copy: int


@dataclass(frozen=True, slots=True)
class Exercise:
    """Inputs and what should come out."""

    batch: Batch
    inputs: Array
    """(count, length): the begin token, and the answer without its last token."""
    targets: Array
    """(count, length): the answer, padded."""

    @property
    def counted(self) -> Array:
        """Where a target stands."""
        return np.asarray(self.targets != PAD)


def reading(prompt: RowPrompt, words: PromptWords, most: int) -> Reading:
    """A prompt's last words; at most so many, after the one every prompt begins with."""
    earlier, asked = words.encode(prompt.earlier), words.encode(prompt.asked)
    kept = (earlier + asked)[-most:]
    since = np.arange(len(kept)) >= len(kept) - len(asked)
    weights = since / np.sqrt(max(1, int(since.sum())))
    return Reading(
        np.asarray([PROMPT, *kept], np.intp),
        np.asarray([0, *weights], np.float32),
    )


def tasks(
    lessons: Iterable[Lesson], shape: Shape, tokens: AnswerTokens, words: PromptWords
) -> tuple[Task, ...]:
    """Lessons in tokens; answers longer than the context lose their end."""
    made = []
    for lesson in lessons:
        answer = [*tokens.encode(lesson.answer), END][: shape.context]
        boxes = any(token >= tokens.first_loc for token in answer)
        fixed = (boxes and len(lesson.images) > 1) or bool(LOC.search(lesson.prompt.text))
        read = reading(lesson.prompt, words, shape.prompt_words)
        made.append(Task(lesson.row, lesson.images, read, np.asarray(answer), fixed, lesson.answer))
    return tuple(made)


def moved(tokens: Array, first_loc: int, to: Placing) -> Array:
    """An answer's positions moved with its image: in every run y, x, y, x and so on."""
    changed = tokens.copy()
    run = 0
    for at, token in enumerate(tokens.tolist()):
        run = run + 1 if token >= first_loc else 0
        if run:
            changed[at] = first_loc + to.moved(token - first_loc, vertical=run % 2 == 1)
    return changed


def row_order(rows: Sequence[Sequence[Task]], seed: int, epoch: int) -> list[int]:
    """The rows of an epoch: shuffled, those that share an image in groups of up to GROUP."""
    rng = np.random.default_rng((seed, _ORDER, epoch))
    waiting: dict[int, list[int]] = {}
    groups: list[list[int]] = []
    for row in rng.permutation(len(rows)).tolist():
        shown = rows[row][0].images
        if not shown:
            groups.append([row])
            continue
        group = waiting.setdefault(shown[0], [])
        group.append(row)
        if len(group) == 1:
            groups.append(group)
        elif len(group) == GROUP:
            del waiting[shown[0]]
    return [row for at in rng.permutation(len(groups)).tolist() for row in groups[at]]


def step_rng(seed: int, step: int) -> np.random.Generator:
    """The random numbers of a step: dropout and noise."""
    return np.random.default_rng((seed, _NOISE, step))


def views_of(
    rows: Sequence[Sequence[Task]], chosen: Sequence[int], plan: StepPlan, epoch: int, copies: int
) -> list[TaskView]:
    """The tasks of a step; in every epoch and view an image has its next variation."""
    made = []
    for view in range(plan.views):
        for row in chosen:
            for task in rows[row]:
                turn = epoch * plan.views + view + (task.images[0] if task.images else 0)
                made.append(TaskView(task, 0 if task.fixed else turn % copies))
    return made


def portions(views: Sequence[TaskView], most: int) -> Iterator[Sequence[TaskView]]:
    """Cut a step into portions of like length and the same images, to bound its memory."""
    ordered = sorted(views, key=lambda view: (len(view.task.tokens), view.task.images, view.copy))
    for start in range(0, len(ordered), most):
        yield ordered[start : start + most]


def exercise(
    views: Sequence[TaskView],
    channels: Channels,
    first_loc: int,
    rng: np.random.Generator | None = None,
    noise: Array | None = None,
) -> Exercise:
    """Put views together; with `rng`, `noise` (per channel) is added to the images."""
    placed: dict[tuple[int, int], int] = {}
    most = max((len(view.task.images) for view in views), default=0)
    images = np.full((len(views), most), -1, np.intp)
    answers = []
    for at, view in enumerate(views):
        for rank, image in enumerate(view.task.images):
            images[at, rank] = placed.setdefault((image, view.copy), len(placed))
        answer = view.task.tokens
        if view.copy and len(view.task.images) == 1 and (answer >= first_loc).any():
            answer = moved(answer, first_loc, channels.placing(view.task.images[0], view.copy))
        answers.append(answer)
    seen = _gathered(channels, list(placed))
    if rng is not None and noise is not None:
        seen += noise * rng.standard_normal(seen.shape, np.float32)
    targets = padded(answers, PAD)
    inputs = np.concatenate([np.full((len(views), 1), BEGIN), targets[:, :-1]], 1)
    batch = batch_of(seen, images, [view.task.reading for view in views])
    return Exercise(batch, inputs, targets)


def batch_of(channels: Array, images: Array, readings: Sequence[Reading]) -> Batch:
    """A batch of prompts."""
    return Batch(
        channels,
        images,
        padded([reading.words for reading in readings], PAD),
        padded([reading.asked for reading in readings], 0),
    )


def _gathered(channels: Channels, wanted: Sequence[tuple[int, int]]) -> Array:
    """(images, cells, cells, CHANNELS) in float32."""
    chosen = np.asarray(wanted, np.intp).reshape(-1, 2)
    return channels.values[chosen[:, 0], chosen[:, 1]].astype(np.float32)


def padded(rows: Sequence[Array], filler: int) -> Array:
    """Rows of different lengths as one array."""
    whole = np.full((len(rows), max(map(len, rows))), filler, rows[0].dtype)
    for at, row in enumerate(rows):
        whole[at, : len(row)] = row
    return whole
