"""The loop: steps, validations, checkpoints; interruptible between any two packs.

Which rows a step sees is a function of (order, seed, epoch), and the layout of its packs is kept
with the state, so a training that was paused or killed goes on as it would have: to the bit on the
processor, and up to rounding on a GPU, which is asked for deterministic kernels.
"""

import time
from collections.abc import Callable, Mapping, Sequence

import torch

from tintype.engines.base import Note, Outcome, Report, Saved, Step, TrainingOrder, Wanted
from tintype.engines.lora import adapters, attention, forward, loading, plan, states
from tintype.engines.lora.bases import Base
from tintype.engines.lora.memory import PaceMeter, free_bytes, out_of_memory
from tintype.engines.lora.optimizer import Optimizer
from tintype.engines.lora.passing import Layout, PackedStep, Passing, deterministic
from tintype.engines.lora.preparation import (
    PreparedTraining,
    Pulse,
    ahead,
    patiently,
    prepared_for,
)
from tintype.engines.lora.ranks import Ranks, together
from tintype.engines.lora.rows import Encoded
from tintype.engines.lora.states import TrainingProgress
from tintype.errors import EngineError
from tintype.resources import TOGETHER

STATE_EVERY_S = 2.0
STATE_SHARE = 20
"""A state is written at most so often that it takes a twentieth of the time."""
PATIENCE = 20
"""Steps in a row whose loss is no number, after which training is given up."""
SAMPLES, SAMPLE = 200, 16
"""Small validations in a training, about, and their rows."""


class _Interrupted(Exception):
    """Somebody wants the training to stop."""

    def __init__(self, wanted: Wanted) -> None:
        super().__init__(wanted)
        self.outcome: Outcome = "paused" if wanted == "pause" else "cancelled"


def train(
    base: Base,
    order: TrainingOrder,
    report: Callable[[Report], None],
    wanted: Callable[[], Wanted],
) -> Outcome:
    """Carry out an order, or go on with it; see `tintype.engines.base.Engine.train`."""

    def pulse() -> None:
        word = wanted()
        if word:
            raise _Interrupted(word)

    try:
        with together(base, order, pulse) as ranks:
            if ranks.size > 1:
                report(Note(TOGETHER.format(ranks.size)))
            train_as(ranks, base, order, report, pulse)
    except _Interrupted as stop:
        return stop.outcome
    return "succeeded"


def train_as(
    ranks: Ranks, base: Base, order: TrainingOrder, report: Callable[[Report], None], pulse: Pulse
) -> None:
    """Train to the end as one of several processes, or alone.

    Raises:
        EngineError: if the training cannot go on.
        RankLostError: if one of the processes has ended.
    """
    with deterministic():
        opened = patiently(lambda: loading.load(base), pulse)
        if not ranks.leads:
            ranks.meet(pulse)
        prepared = prepared_for(opened, order, report, pulse, keeps=ranks.leads)
        if ranks.leads:
            ranks.meet(pulse)  # its features of images are there for the others
        training = Training(order, prepared, report, pulse, ranks)
        try:
            ranks.meet(pulse)  # all have taken up the same state
            training.go()
        except _Interrupted:
            training.save_state()
            raise
    if ranks.leads:
        prepared.features.discard()


class Training:
    """A training in progress."""

    def __init__(
        self,
        order: TrainingOrder,
        prepared: PreparedTraining,
        report: Callable[[Report], None],
        pulse: Callable[[], None],
        ranks: Ranks | None = None,
    ) -> None:
        self._order, self._prepared = order, prepared
        self._ranks = ranks = ranks or Ranks()
        self._report, self._pulse = report, pulse
        self._chosen = order.hyperparameters
        self._opened = prepared.opened
        self._optimizer = Optimizer(prepared.adapters.parameters)
        self._meter = PaceMeter(self._opened, ranks.size)
        self._saved_at, self._saving_s = time.monotonic(), 0.0
        self._per_epoch = -(-len(prepared.rows) // self._chosen.batch_size)
        self._total = self._per_epoch * self._chosen.n_epochs
        attention.use(
            self._opened.text, attention.PACKED if self._opened.packs else attention.PLAIN
        )
        self._progress = self._taken_up()
        self._layout = Layout(order, prepared, self._progress.fit, ranks)
        self._passing = Passing(self._opened, self._optimizer, self._layout, report)

    def go(self) -> None:
        """Train to the end."""
        done = self._progress
        while done.epochs_closed < self._chosen.n_epochs:
            epoch = done.epochs_closed
            begun = done.step - epoch * self._per_epoch
            left = self._layout.steps(epoch)[begun:]
            for step in ahead(self._layout.packed, left, 1, 1):
                self._pulse()
                self._step(step, epoch)
                if time.monotonic() - self._saved_at >= max(
                    STATE_EVERY_S, STATE_SHARE * self._saving_s
                ):
                    self.save_state()
            self._close(epoch + 1)

    @property
    def captured(self) -> bool:
        """Whether its passes are replayed from a graph."""
        return self._passing.captured

    def save_state(self) -> None:
        """Write down everything that the next step depends on."""
        if not self._ranks.leads:
            return
        begun = time.monotonic()
        path = self._order.folder / states.STATE
        states.save(path, self._prepared.identity, self._optimizer.state(), self._progress)
        self._saved_at = time.monotonic()
        self._saving_s = self._saved_at - begun

    def _taken_up(self) -> TrainingProgress:
        """Where an interrupted training stopped, or the beginning."""
        found = states.load(self._order.folder / states.STATE, self._prepared.identity)
        if found is not None:
            tensors, progress = found
            try:
                self._optimizer.restore(tensors)
            except (KeyError, RuntimeError):
                self._report(Note("The saved state is damaged: training begins again.", "warn"))
            else:
                if progress.step:
                    self._report(Note(f"Training resumed after step {progress.step}."))
                return progress
        base, longest = self._opened.base, self._prepared.longest
        free = self._ranks.least(free_bytes(self._opened))
        return TrainingProgress(fit=plan.fit(base, free, longest, self._prepared.adapters.rank))

    def _step(self, packed: PackedStep, epoch: int) -> None:
        """One optimiser step."""
        done = self._progress
        step = done.step + 1
        self._meter.begin()
        loss, accuracy, tokens = self._gradients(packed)
        rate = plan.learning_rate(step, self._total, self._chosen.learning_rate_multiplier)
        norm = self._optimizer.update(step, rate)
        done.step = step
        metrics = {
            "train_loss": loss,
            "train_mean_token_accuracy": accuracy,
            "learning_rate": rate,
            "grad_norm": norm,
        }
        metrics |= self._meter.end(tokens)
        done.metrics = metrics | self._sampled(step)
        self._tell(done.metrics, epoch + 1)
        finite = abs(loss) < float("inf") and abs(norm) < float("inf")
        done.not_numbers = 0 if finite else done.not_numbers + 1
        if done.not_numbers >= PATIENCE:
            raise EngineError(
                f"The loss has been NaN for {PATIENCE} steps, up to step {step}.",
                advice="Use a smaller learning_rate_multiplier than "
                f"{self._chosen.learning_rate_multiplier:g}.",
            )

    def _gradients(self, packed: PackedStep) -> tuple[float, float, int]:
        """Gradients of a step; its loss, token accuracy, and how many tokens it has."""
        while True:
            if packed.fit != self._progress.fit:  # made before memory ran out
                packed = self._layout.packed(packed.rows)
            done = self._tried(packed)
            total, right, tokens, short = self._ranks.add_up(
                self._optimizer.gradients, *(done or (0.0, 0, 0)), done is None
            )
            if not short:
                return total / packed.learnt, right / packed.learnt, int(tokens)
            self._optimizer.discard()
            self._shrink()

    def _tried(self, packed: PackedStep) -> tuple[float, int, int] | None:
        """This process's passes; none if memory ran out."""
        while True:
            try:
                return self._passes(packed)
            except RuntimeError as error:  # running out of memory is one
                self._optimizer.discard()
                if out_of_memory(error):
                    return None
                self._passing.allow(error)

    def _shrink(self) -> None:
        """Memory ran out: the step is done again in smaller packs."""
        smaller = self._progress.fit.smaller()
        if smaller is None:
            raise EngineError(
                f"The open model {self._opened.base.model} does not fit into memory with these "
                "rows, even in the smallest steps.",
                advice="Use smaller images, shorter rows, or a smaller model.",
            )
        self._progress.fit = smaller
        self._layout.change(smaller)
        self._passing.begin_anew()
        how = " and layers computed twice" if smaller.checkpointing else ""
        words = f"Memory ran out: steps go on in packs of {smaller.tokens:,} tokens{how}."
        self._report(Note(words, "warn"))

    def _passes(self, packed: PackedStep) -> tuple[float, int, int]:
        self._opened.text.train()
        total, right, tokens = 0.0, 0, 0
        for rows in packed.packs:
            self._pulse_between()
            lost, hits = self._passing.run(rows)
            self._optimizer.gather(1 / packed.learnt)
            total, right, tokens = total + float(lost), right + int(hits), tokens + rows.tokens
        return total, right, tokens

    def _pulse_between(self) -> None:
        try:
            self._pulse()
        except _Interrupted:
            self._optimizer.discard()
            raise

    def _sampled(self, step: int) -> dict[str, float]:
        """Losses on a small validation batch, every few steps."""
        held = self._prepared.validation
        every = max(1, round(self._total / SAMPLES))
        if not held or (step % every and step > 1):
            return {}
        first = step // every * SAMPLE
        chosen = {(first + at) % len(held) for at in range(SAMPLE)}
        loss, accuracy = self._validated([held[at] for at in sorted(chosen)])
        return {"valid_loss": loss, "valid_mean_token_accuracy": accuracy}

    def _validated(self, rows: Sequence[Encoded]) -> tuple[float, float]:
        self._opened.text.eval()
        total, right = 0.0, 0
        packed = self._layout.packed(rows)
        with torch.no_grad():
            for pack in packed.packs:
                self._pulse()
                lost, hits = forward.loss(self._opened, pack.to(self._opened.device))
                total, right = total + float(lost), right + int(hits)
        total, hit = self._ranks.add_up((), total, right)
        return total / packed.learnt, hit / packed.learnt

    def _close(self, epoch: int) -> None:
        """Validate and save at the end of an epoch (from 1)."""
        done = self._progress
        full: dict[str, float] = {}
        if self._prepared.validation:
            loss, accuracy = self._validated(self._prepared.validation)
            full = {"full_valid_loss": loss, "full_valid_mean_token_accuracy": accuracy}
            self._tell(full, epoch)
        path = self._order.folder / f"checkpoint-{done.step}"
        if self._ranks.leads:
            adapters.save(path, self._opened, self._prepared.adapters)
        self._report(Saved(done.step, epoch, path, {**done.metrics, **full}))
        done.epochs_closed = epoch
        self.save_state()

    def _tell(self, metrics: Mapping[str, float], epoch: int) -> None:
        self._report(Step(self._progress.step, self._total, epoch, metrics))
