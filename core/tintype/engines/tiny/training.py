"""The loop: steps, validations, checkpoints; interruptible at any time, and exact.

What a step does is a function of (order, seed, step) and of the weights before it. So a training
that was paused or killed, and goes on from its last state, ends with the very weights it would have
had. The state is written at least every two seconds; a kill loses no more.
"""

import ctypes
import sys
import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from tintype.engines.base import Note, Outcome, Report, Saved, Step, TrainingOrder, Wanted
from tintype.engines.tiny import batches, cache, files, validation
from tintype.engines.tiny.batches import TaskView
from tintype.engines.tiny.files import TrainingProgress
from tintype.engines.tiny.optimizer import AdamW, learning_rate
from tintype.engines.tiny.preparation import (
    TRAINING_CHANNELS,
    VALIDATION_CHANNELS,
    PreparedTraining,
    prepare,
)
from tintype.engines.tiny.tape import Tape
from tintype.errors import EngineError

STATE = "state.npz"
STATE_EVERY_S = 2.0
PATIENCE = 20
"""Steps in a row whose loss is no number, after which training is given up."""
PORTION = 16
"""Examples whose gradients are computed together: bounds memory, and stays within the processor's
cache (32 took as long per example, 8 a tenth longer for short answers)."""
PORTION_NUMBERS = 2_000_000
"""The most logits of a portion, for long answers with a large vocabulary."""
PORTION_IMAGES = 48
"""The most images of a portion, repeated ones counted."""
NOISE = 0.2
"""Standard deviation of the noise on channels, in their own."""
SAMPLES = 200
"""Small validations in a training, about."""
OVERLAPS = 5
"""Epochs, about, at whose end boxes are generated and compared; the last is one."""


class _Interrupted(Exception):
    """Somebody wants the training to stop."""

    def __init__(self, wanted: Wanted) -> None:
        super().__init__(wanted)
        self.outcome: Outcome = "paused" if wanted == "pause" else "cancelled"


def train(
    order: TrainingOrder, report: Callable[[Report], None], wanted: Callable[[], Wanted]
) -> Outcome:
    """Carry out an order, or go on with it; see `tintype.engines.base.Engine.train`."""

    def pulse() -> None:
        word = wanted()
        if word:
            raise _Interrupted(word)

    keep_freed_memory()
    order.folder.mkdir(parents=True, exist_ok=True)
    # A loss that overflows is reported as it is; NumPy need not warn of it too.
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        try:
            prepared = prepare(order, report, pulse)
        except _Interrupted as stop:
            return stop.outcome
        training = Training(order, prepared, report, pulse)
        try:
            training.go()
        except _Interrupted as stop:
            training.save_state()
            return stop.outcome
    for name in (TRAINING_CHANNELS, VALIDATION_CHANNELS):
        cache.discard(order.folder / name)
    return "succeeded"


class Training:
    """A training in progress."""

    def __init__(
        self,
        order: TrainingOrder,
        prepared: PreparedTraining,
        report: Callable[[Report], None],
        pulse: Callable[[], None],
    ) -> None:
        self._order = order
        self._prepared = prepared
        self._plan = prepared.plan
        self._model = prepared.model
        self._report = report
        self._pulse = pulse
        self._optimizer = AdamW(prepared.model.weights.values.size)
        self._saved_at = time.monotonic()
        self._progress = self._taken_up()

    def go(self) -> None:
        """Train to the end."""
        per_epoch = self._plan.steps_per_epoch
        while self._progress.epochs_closed < self._plan.epochs:
            epoch = self._progress.epochs_closed
            order = batches.row_order(self._prepared.rows, self._order.seed, epoch)
            while self._progress.step < (epoch + 1) * per_epoch:
                self._pulse()
                first = (self._progress.step - epoch * per_epoch) * self._plan.batch
                self._step(order[first : first + self._plan.batch], epoch)
                if time.monotonic() - self._saved_at >= STATE_EVERY_S:
                    self.save_state()
            self._close(epoch + 1)

    def save_state(self) -> None:
        """Write down everything that the next step depends on."""
        path, identity = self._order.folder / STATE, self._prepared.identity
        files.save_state(path, identity, self._model, self._optimizer, self._progress)
        self._saved_at = time.monotonic()

    def _taken_up(self) -> TrainingProgress:
        """Where an interrupted training stopped, or the beginning."""
        path = self._order.folder / STATE
        if not path.exists():
            return TrainingProgress()
        try:
            found = files.load_state(path, self._prepared.identity, self._model, self._optimizer)
        except EngineError as error:
            self._report(Note(f"Training starts over: {error.message}", "warn"))
            return TrainingProgress()
        if found is None:
            self._report(Note("Training starts over: the data has changed.", "warn"))
            return TrainingProgress()
        self._report(Note(f"Training resumed after step {found.step}."))
        return found

    def _step(self, rows: Sequence[int], epoch: int) -> None:
        """One optimiser step on some rows."""
        step = self._progress.step + 1
        loss, accuracy = self._gradients(rows, epoch, step)
        multiplier = self._order.hyperparameters.learning_rate_multiplier
        rate = learning_rate(step, self._plan.total_steps, multiplier)
        norm = self._optimizer.update(self._model.weights, rate)
        self._progress.step = step
        metrics = {
            "train_loss": loss,
            "train_mean_token_accuracy": accuracy,
            "learning_rate": rate,
            "grad_norm": norm,
        }
        self._progress.metrics = metrics | self._sampled(step)
        self._tell(self._progress.metrics, epoch + 1)
        finite = np.isfinite(loss) and np.isfinite(norm)
        self._progress.not_numbers = 0 if finite else self._progress.not_numbers + 1
        if self._progress.not_numbers >= PATIENCE:
            raise EngineError(
                f"The loss has been NaN for {PATIENCE} steps, up to step {step}.",
                advice=f"Use a smaller learning_rate_multiplier than {multiplier:g}.",
            )

    def _gradients(self, rows: Sequence[int], epoch: int, step: int) -> tuple[float, float]:
        """Gradients of a step's rows, left in the weights; their loss and token accuracy."""
        model, channels = self._model, self._prepared.channels
        rng = batches.step_rng(self._order.seed, step)
        views = batches.views_of(self._prepared.rows, rows, self._plan, epoch, channels.copies)
        over = sum(len(view.task.tokens) for view in views)
        noise = model.spread * np.float32(NOISE)
        model.weights.grads[:] = 0
        loss, hits = 0.0, 0
        for part in batches.portions(views, self._most_at_once(views)):
            self._pulse()
            given = batches.exercise(part, channels, model.tokens.first_loc, rng, noise)
            tape = Tape(rng)
            found, right = model.loss(tape, given.batch, given.inputs, given.targets, over)
            tape.backward(found)
            loss += float(found.value)
            hits += right
        return loss, hits / over

    def _most_at_once(self, views: Sequence[TaskView]) -> int:
        """Examples to compute together."""
        longest = max(len(view.task.tokens) for view in views)
        most = max(1, *(len(view.task.images) for view in views))
        numbers = longest * self._model.tokens.count
        return max(1, min(PORTION, PORTION_IMAGES // most, PORTION_NUMBERS // numbers))

    def _sampled(self, step: int) -> dict[str, float]:
        """Losses on a small validation batch, every few steps."""
        held = self._prepared.validation
        every = max(1, round(self._plan.total_steps / SAMPLES))
        if held is None or (step % every and step > 1):
            return {}
        tasks = held.sample(step // every)
        loss, accuracy = validation.losses(self._model, held.channels, tasks, lambda: None)
        return {"valid_loss": loss, "valid_mean_token_accuracy": accuracy}

    def _close(self, epoch: int) -> None:
        """Validate and save at the end of an epoch (from 1)."""
        full = self._validated(epoch)
        if full:
            self._tell(full, epoch)
        path = self._order.folder / f"checkpoint-{self._progress.step}.npz"
        files.save_model(path, self._model)
        self._report(Saved(self._progress.step, epoch, path, self._progress.metrics | full))
        self._progress.epochs_closed = epoch
        self.save_state()

    def _validated(self, epoch: int) -> dict[str, float]:
        """Losses on all held-out rows and the overlap of boxes, where they are due."""
        held = self._prepared.validation
        if held is None:
            return {}
        # All held-out rows cost a third of as many training rows, and never more than training.
        often = -(-len(held.tasks) // (len(self._prepared.rows) * self._plan.views))
        found: dict[str, float] = {}
        if self._is_due(epoch, often):
            loss, hits = validation.losses(self._model, held.channels, held.tasks, self._pulse)
            found |= {"full_valid_loss": loss, "full_valid_mean_token_accuracy": hits}
        if held.boxed and self._is_due(epoch, -(-self._plan.epochs // OVERLAPS)):
            iou = validation.overlap(self._model, held.channels, held.boxed, self._pulse)
            found["full_valid_mean_iou"] = iou
        return found

    def _is_due(self, epoch: int, every: int) -> bool:
        return epoch % every == 0 or epoch == self._plan.epochs

    def _tell(self, metrics: Mapping[str, float], epoch: int) -> None:
        self._report(Step(self._progress.step, self._plan.total_steps, epoch, metrics))


_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3
"""Parameters of mallopt(3)."""
_KEPT_BYTES = 256 << 20
_PADDING_BYTES = 32 << 20


def keep_freed_memory() -> None:
    """Have the C library keep up to 256 MB of freed memory; does nothing where there is no glibc.

    A step makes and frees some hundred arrays of about a megabyte. By default glibc gives such
    memory back to the system each time and gets it back page by page, zeroed: 40 % of the time of
    a training (16 questions a step: 31 ms, and 16 ms with this).
    """
    if not sys.platform.startswith("linux"):
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return
    for parameter, value in (
        (_TRIM_THRESHOLD, _KEPT_BYTES),
        (_TOP_PAD, _PADDING_BYTES),
        (_MMAP_THRESHOLD, _KEPT_BYTES // 8),
    ):
        mallopt(ctypes.c_int(parameter), ctypes.c_int(value))
