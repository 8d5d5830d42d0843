"""Checks an engine against its contract, for its author: which promises it breaks.

    from tintype.engines import check_engine

    for sentence in check_engine(MyEngine()):
        print(sentence)

The engine trains on eight small rows, is paused, resumed and cancelled, and answers; all in a
folder of its own that is removed afterwards. It runs in this process, with `pdb` at hand.
"""

import io
import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import get_args

from tintype import paths, plugins
from tintype.engines.base import (
    Answerer,
    Card,
    Engine,
    Note,
    Outcome,
    Piece,
    Report,
    Resolved,
    Sampling,
    Saved,
    Step,
    TrainingOrder,
    Turn,
    Wanted,
)
from tintype.errors import EngineError, PluginError
from tintype.resources import Hyperparameters

ROWS = 8
SILENCE_S = 2.0
"""The contract says 0.2 s; a busy machine is given ten times that, and the first training, which
imports what it needs, any time."""
_COLOURS = ("red", "blue", "yellow", "black")


def check_engine(engine: Engine) -> tuple[str, ...]:
    """Try an engine out, and return a sentence for each promise of `Engine` that it breaks.

    An exception becomes a sentence with its file and line. Takes as long as three short trainings.

    Raises:
        FileError: if there is no room for a temporary folder.
    """
    with paths.scratch_folder() as folder:
        return tuple(dict.fromkeys(_guarded(_broken(engine, folder), engine)))


def _guarded(sentences: Iterator[str], engine: Engine) -> Iterator[str]:
    plugin = plugins.Plugin("engines", type(engine).__name__, engine)
    try:
        with plugins.guarded(plugin):
            yield from sentences
    except (PluginError, EngineError) as error:
        yield str(error)


def _broken(engine: Engine, folder: Path) -> Iterator[str]:
    yield from _card(engine.card)
    yield from _resolved(engine)
    whole = _Course(engine, _order(folder, "whole"))
    outcome = whole.train()
    yield from whole.flaws(outcome, "succeeded")
    stopped = _Course(engine, _order(folder, "stopped"), "pause", after=1)
    yield from stopped.flaws(stopped.train(), "paused")
    resumed = _Course(engine, stopped.order)
    yield from resumed.flaws(resumed.train(), "succeeded", resumed=True)
    yield from _alike(whole, stopped, resumed)
    cancelled = _Course(engine, _order(folder, "cancelled"), "cancel", after=1)
    yield from cancelled.flaws(cancelled.train(), "cancelled")
    if whole.saved:
        yield from _answers(engine.open(whole.saved[-1].path), "A trained model")
        yield from _damage(engine, whole.saved[-1].path)
    yield from _answers(engine.open(None), "The untrained base model")


def _card(card: Card) -> Iterator[str]:
    if not isinstance(card, Card):
        yield f"`card` is {type(card).__name__}, not a Card."
        return
    if not card.model or ":" in card.model or "/" in card.model:
        yield f"`card.model` is {card.model!r}; it must be a name without colons and slashes."
    if card.context_tokens < 1:
        yield "`card.context_tokens` must be 1 or more."


def _resolved(engine: Engine) -> Iterator[str]:
    chosen = engine.resolve(ROWS, Hyperparameters())
    if not isinstance(chosen, Resolved):
        yield f"`resolve` gave {type(chosen).__name__}, not Resolved."
        return
    for name in ("n_epochs", "batch_size", "learning_rate_multiplier"):
        value = getattr(chosen, name)
        if not isinstance(value, int | float) or not value > 0:
            yield f"`resolve` left {name} at {value!r}; it must be a number above 0."
    kept = engine.resolve(ROWS, Hyperparameters(2, 3, 0.5))
    if replace(kept, extra={}) != Resolved(2, 3, 0.5):
        yield f"`resolve` changed what was asked for: 2 epochs of 3 rows at 0.5 became {kept}."


def _order(folder: Path, name: str) -> TrainingOrder:
    rows = paths.make_folder(folder / f"{name}-rows")
    own = paths.make_folder(folder / name)
    lines = [json.dumps(_row(rows, index)) for index in range(ROWS)]
    training = paths.write_whole(rows / "train.jsonl", "\n".join(lines) + "\n")
    return TrainingOrder(training, None, own, Resolved(2, 2, 1.0), seed=1)


def _row(folder: Path, index: int) -> dict[str, object]:
    from PIL import Image

    out = io.BytesIO()
    colour = _COLOURS[index % len(_COLOURS)]
    Image.new("RGB", (32 + index, 32), colour).save(out, "PNG")
    name = sha256(out.getvalue()).hexdigest()
    paths.write_whole(folder / name, out.getvalue(), replace=True)
    content = [
        {"type": "text", "text": "What colour is it?"},
        {"type": "image_url", "image_url": {"url": name}},
    ]
    answer = {"role": "assistant", "content": colour}
    return {"messages": [{"role": "user", "content": content}, answer]}


@dataclass(slots=True)
class _Course:
    """One training that is watched."""

    engine: Engine
    order: TrainingOrder
    request: Wanted = ""
    after: int = 0
    """The request is made after so many steps."""
    reports: list[Report] = field(default_factory=list)
    silence_s: float = 0.0
    looked: int = 0

    @property
    def steps(self) -> list[Step]:
        """The steps that were reported."""
        return [report for report in self.reports if isinstance(report, Step)]

    @property
    def saved(self) -> list[Saved]:
        """The checkpoints that were reported."""
        return [report for report in self.reports if isinstance(report, Saved)]

    def train(self) -> Outcome:
        """Train, and note how long the engine did not look at `wanted`."""
        last = time.monotonic()

        def wanted() -> Wanted:
            nonlocal last
            now = time.monotonic()
            self.silence_s, last = max(self.silence_s, now - last), now
            self.looked += 1
            return self.request if len(self.steps) >= self.after else ""

        return self.engine.train(self.order, self.reports.append, wanted)

    def flaws(self, outcome: str, expected: Outcome, *, resumed: bool = False) -> Iterator[str]:
        """Give what is wrong with what was reported."""
        if outcome not in get_args(Outcome):
            yield f"`train` gave {outcome!r}, which is none of {', '.join(get_args(Outcome))}."
        elif outcome != expected:
            asked = f" although `wanted` said {self.request!r}" if self.request else ""
            yield f"`train` ended as {outcome}{asked}; it should have {expected}."
        if not self.looked:
            yield "`train` never called `wanted`, so that it can be neither paused nor cancelled."
        elif self.silence_s > SILENCE_S and (self.request or resumed):
            yield f"`train` did not call `wanted` for {self.silence_s:.1f} s; 0.2 s is the limit."
        for report in self.reports:
            if not isinstance(report, Step | Saved | Note):
                yield f"`report` was called with {type(report).__name__}, which is no report."
        yield from self._step_flaws(expected, resumed=resumed)
        yield from self._saved_flaws(expected)

    def _step_flaws(self, expected: Outcome, *, resumed: bool) -> Iterator[str]:
        numbers = list(dict.fromkeys(step.step for step in self.steps))
        if not numbers:
            yield "No step was reported."
            return
        total = {step.total_steps for step in self.steps}
        if numbers != list(range(numbers[0], numbers[0] + len(numbers))):
            yield f"Steps were reported out of order: {numbers[:8]}."
        if not resumed and numbers[0] != 1:
            yield f"The first step was reported as {numbers[0]}, not 1."
        if len(total) != 1:
            yield f"`total_steps` changed on the way: {sorted(total)}."
        elif expected == "succeeded" and numbers[-1] != max(total):
            yield f"The last step was {numbers[-1]} of {max(total)}."
        if not any("train_loss" in step.metrics for step in self.steps):
            yield "No step has the metric train_loss."

    def _saved_flaws(self, expected: Outcome) -> Iterator[str]:
        for one in self.saved:
            if not paths.exists(one.path) or self.order.folder not in one.path.parents:
                yield f"The checkpoint of step {one.step} is not in the order's folder."
        if expected == "succeeded" and not self.saved:
            yield "No checkpoint was reported."
        elif expected == "succeeded" and self.saved[-1].step != max(
            (step.step for step in self.steps), default=0
        ):
            yield "The last checkpoint is not that of the last step."


def _alike(whole: _Course, stopped: _Course, resumed: _Course) -> Iterator[str]:
    """The same order and seed give the same, whether or not the training was interrupted."""

    def losses(*courses: _Course) -> dict[int, float]:
        return {
            step.step: step.metrics["train_loss"]
            for course in courses
            for step in course.steps
            if "train_loss" in step.metrics
        }

    one, other = losses(whole), losses(stopped, resumed)
    apart = [
        step
        for step in sorted(one.keys() & other.keys())
        if not math.isclose(one[step], other[step], rel_tol=1e-3, abs_tol=1e-6)
        and not (math.isnan(one[step]) and math.isnan(other[step]))
    ]
    if apart:
        yield (
            f"The same order and seed gave another train_loss from step {apart[0]} on when the "
            f"training was paused and resumed: {other[apart[0]]} in place of {one[apart[0]]}."
        )


def _answers(model: Answerer, what: str) -> Iterator[str]:
    from PIL import Image

    turns = [Turn("user", ("What colour is it?", Image.new("RGB", (32, 32), "red")))]
    pieces: Sequence[Piece] = list(model.answer(turns, Sampling(max_tokens=4)))
    if not pieces or not all(isinstance(piece, Piece) for piece in pieces):
        yield f"{what} answered with no pieces, or with something else."
        return
    if pieces[-1].finish_reason is None:
        yield f"{what} set no finish_reason on its last piece."
    if any(piece.finish_reason for piece in pieces[:-1]):
        yield f"{what} set finish_reason before its last piece."
    if sum(piece.tokens for piece in pieces) > 4:
        yield f"{what} gave more tokens than max_tokens allows."
    close: Callable[[], None] | None = getattr(model.answer(turns, Sampling()), "close", None)
    if close is None:
        yield f"{what} answers by an iterator that cannot be closed; use a generator."
    else:
        close()


def _damage(engine: Engine, path: Path) -> Iterator[str]:
    """A damaged checkpoint is an `EngineError`, not a crash of the server."""
    copy = path.with_name(f"damaged-{path.name}")
    if not paths.is_file(path):
        return
    paths.write_whole(copy, paths.read_bytes(path)[:16])
    try:
        engine.open(copy)
    except EngineError:
        return
    except Exception as error:
        yield f"`open` raised {type(error).__name__} for a damaged checkpoint, not EngineError."
    else:
        yield "`open` accepted a damaged checkpoint silently."
