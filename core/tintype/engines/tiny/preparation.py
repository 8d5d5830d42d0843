"""From an order to everything a training needs: lessons, vocabulary, images, a fresh model."""

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np

from tintype.engines.base import Note, Report, TrainingOrder
from tintype.engines.tiny import cache, files
from tintype.engines.tiny.batches import Task, tasks
from tintype.engines.tiny.cache import Channels
from tintype.engines.tiny.engine import MAX_CONTEXT
from tintype.engines.tiny.layout import MAX_PROMPT_WORDS, Shape
from tintype.engines.tiny.model import TinyModel
from tintype.engines.tiny.plan import StepPlan
from tintype.engines.tiny.rows import Lessons, read_lessons
from tintype.engines.tiny.tokenizer import LOC, AnswerTokens, PromptWords
from tintype.engines.tiny.validation import MOST_BOXED, HeldOutTasks
from tintype.errors import EngineError

Pulse = Callable[[], None]
_WEIGHTS, _SAMPLES = 1, 4
"""Set the random numbers of weights and of validation samples apart from other uses of the seed."""
TRAINING_CHANNELS, VALIDATION_CHANNELS = "channels.f16", "channels-valid.f16"


@dataclass(frozen=True, slots=True)
class PreparedTraining:
    """A training about to begin."""

    identity: str
    """Of the order: a state of another one is not taken up."""
    plan: StepPlan
    rows: tuple[tuple[Task, ...], ...]
    channels: Channels
    model: TinyModel
    validation: HeldOutTasks | None


def prepare(
    order: TrainingOrder, report: Callable[[Report], None], pulse: Pulse
) -> PreparedTraining:
    """Read, tokenise, and compute channels; `pulse` is called often and may raise to stop.

    Raises:
        EngineError: if there is nothing to learn, or an image cannot be used.
    """
    lessons = read_lessons(order.training, pulse)
    plan = StepPlan.of(lessons.rows, order.hyperparameters)
    model = _fresh(lessons, order.seed, report)
    made = tasks(lessons.lessons, model.shape, model.tokens, model.words)
    shown = plan.epochs * plan.views
    copies = cache.copies_for(len(lessons.images), shown, model.shape.size_px)
    channels = _channels(order.folder / TRAINING_CHANNELS, lessons, copies, order, pulse)
    model.mean, model.spread = channels.statistics()
    rows: list[list[Task]] = [[] for _ in range(lessons.rows)]
    for task in made:
        rows[task.row].append(task)
    validation = _validation(order, model, report, pulse)
    return PreparedTraining(
        identify(order), plan, tuple(map(tuple, rows)), channels, model, validation
    )


def identify(order: TrainingOrder) -> str:
    """A digest of all that a training's result depends on."""
    digest = hashlib.sha256(f"{files.FORMAT} {order.seed} ".encode())
    digest.update(repr(asdict(order.hyperparameters)).encode())
    for path in filter(None, (order.training, order.validation)):
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def _fresh(lessons: Lessons, seed: int, report: Callable[[Report], None]) -> TinyModel:
    """An untrained model with the vocabulary and the context that the lessons need."""
    tokens = AnswerTokens.learn(lesson.answer for lesson in lessons.lessons)
    words = PromptWords.learn([lesson.prompt.text for lesson in lessons.lessons])
    lengths = [len(tokens.encode(lesson.answer)) + 1 for lesson in lessons.lessons]
    asked = max(len(words.encode(lesson.prompt.text)) for lesson in lessons.lessons)
    long = sum(length > MAX_CONTEXT for length in lengths)
    if long:
        message = (
            f"{long:,} of {len(lengths):,} answers are longer than {MAX_CONTEXT} tokens and are "
            "cut there."
        )
        report(Note(message, "warn"))
    shape = Shape(
        context=min(MAX_CONTEXT, max(lengths)),
        prompt_words=min(MAX_PROMPT_WORDS, max(1, asked)),
    )
    model = TinyModel(shape, tokens, words)
    model.weights.draw(np.random.default_rng((seed, _WEIGHTS)))
    return model


def _channels(
    path: Path, lessons: Lessons, copies: int, order: TrainingOrder, pulse: Pulse
) -> Channels:
    """The channels of all images of some lessons."""
    return cache.prepare(
        path,
        [partial(lessons.image, at) for at in range(len(lessons.images))],
        copies=copies,
        size_px=Shape().size_px,
        seed=order.seed,
        identity=identify(order),
        pulse=pulse,
    )


def _validation(
    order: TrainingOrder, model: TinyModel, report: Callable[[Report], None], pulse: Pulse
) -> HeldOutTasks | None:
    """The held-out rows, if there are any."""
    if order.validation is None:
        return None
    try:
        lessons = read_lessons(order.validation, pulse)
    except EngineError as error:
        report(Note(f"No validation: {error.message}", "warn"))
        return None
    made = tasks(lessons.lessons, model.shape, model.tokens, model.words)
    channels = _channels(order.folder / VALIDATION_CHANNELS, lessons, 1, order, pulse)
    shuffled = np.random.default_rng((order.seed, _SAMPLES)).permutation(len(made))
    validation = HeldOutTasks(made, channels, tuple(shuffled.tolist()))
    boxed = sum(bool(LOC.search(task.answer)) for task in made)
    if boxed > len(validation.boxed):
        report(Note(f"Mean IoU is computed over {MOST_BOXED} of {boxed:,} validation answers."))
    return validation
