"""A scripted engine: it trains in no time, at the pace of a script, and answers by heart.

A job's metadata cannot reach an engine, so the script travels in the training data: a system
message of the first row may hold a JSON object with the keys of `Script`.
"""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tintype.engines.base import (
    Answerer,
    Card,
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
from tintype.errors import EngineError
from tintype.resources import Hyperparameters

MODEL = "scripted"


@dataclass(frozen=True, slots=True)
class Script:
    """What happens while it trains."""

    step_s: float = 0.0
    wait_at: int = 0
    """At this step, wait for the file `go` in the engine's folder, or for a wish."""
    kill_at: int = 0
    """At this step, die by SIGKILL: the first time only."""
    crash_at: int = 0
    """At this step, raise what no engine should raise, every time."""
    fail_at: int = 0
    """At this step, give up with a sentence."""
    nan_at: int = 0
    deaf: bool = False
    """Do not look whether it is to pause or cancel."""
    save_every: int = 1
    kill_validating: int = 0
    """Die by SIGKILL after this step and before its validation: the first time only."""
    wait_validating: int = 0
    """After this step and before its validation, wait for the file `go`, or for a wish."""


class ScriptedEngine:
    """Implements `tintype.engines.base.Engine`."""

    card = Card(
        model=MODEL,
        title="Scripted",
        created=1_700_000_000,
        learns=("its script",),
        cannot=("anything else",),
        context_tokens=64,
    )

    def resolve(self, examples: int, asked: Hyperparameters) -> Resolved:
        """Three epochs in batches of five."""

        def chosen(value: Any, otherwise: Any) -> Any:
            return otherwise if value == "auto" else value

        return Resolved(
            chosen(asked.n_epochs, 3),
            chosen(asked.batch_size, 5),
            chosen(asked.learning_rate_multiplier, 1.0),
        )

    def train(
        self, order: TrainingOrder, report: Callable[[Report], None], wanted: Callable[[], Wanted]
    ) -> Outcome:
        """Follow the script."""
        course = Course(order, report, wanted)
        if course.done:
            report(Note(f"Resumed after step {course.done}"))
        for step in range(course.done + 1, course.total + 1):
            asked = course.step(step) or (step % course.per_epoch == 0 and course.close(step))
            if asked:
                return "paused" if asked == "pause" else "cancelled"
        return "succeeded"

    def open(self, weights: Path | None) -> Answerer:
        """Remember the answers that were trained."""
        if weights is None:
            return ScriptedAnswerer({})
        try:
            return ScriptedAnswerer(json.loads(weights.read_text())["answers"])
        except (OSError, ValueError) as error:
            raise EngineError(f"The checkpoint {weights.name} is damaged.") from error


class Course:
    """One training."""

    def __init__(
        self, order: TrainingOrder, report: Callable[[Report], None], wanted: Callable[[], Wanted]
    ) -> None:
        self.order, self.report, self.wanted = order, report, wanted
        self.rows = [json.loads(line) for line in order.training.read_text().splitlines()]
        self.script = _script(self.rows)
        self.state = order.folder / "state.json"
        self.done = json.loads(self.state.read_text())["step"] if self.state.exists() else 0
        self.per_epoch = -(-len(self.rows) // order.hyperparameters.batch_size)
        self.total = self.per_epoch * order.hyperparameters.n_epochs

    def step(self, step: int) -> Wanted:
        """Make a step; or stop before it."""
        asked = _await_turn(self.script, step, self.order.folder, self.wanted)
        if asked:
            self.save(step - 1)
            return asked
        _mishap(self.script, step, self.order.folder)
        odd = {"train_loss": float("nan")} if step == self.script.nan_at else {}
        self.tell(step, _metrics(step) | odd)
        if step % self.script.save_every == 0 and step % self.per_epoch:
            self.save(step)
        return ""

    def close(self, step: int) -> Wanted:
        """Validate and save at the end of an epoch; or stop before that."""
        if step == self.script.kill_validating:
            _die_once(self.order.folder)
        asked = _await(step == self.script.wait_validating, self.order.folder, self.wanted)
        if asked:
            self.save(step - 1)
            return asked
        odd = {"train_loss": float("nan")} if step == self.script.nan_at else {}
        metrics = _metrics(step) | odd
        if self.order.validation is not None:
            self.tell(step, _validation(step))
            metrics |= _validation(step)
        self.save(step)
        path = self.order.folder / f"checkpoint-{step}.json"
        path.write_text(json.dumps({"answers": _answers(self.rows), "step": step}))
        self.report(Saved(step, step // self.per_epoch, path, metrics))
        return ""

    def tell(self, step: int, metrics: Mapping[str, float]) -> None:
        """Report a step, or its validation."""
        self.report(Step(step, self.total, -(-step // self.per_epoch), metrics))

    def save(self, step: int) -> None:
        """Keep how far it has come."""
        new = self.state.with_suffix(".new")
        new.write_text(json.dumps({"step": step}))
        new.replace(self.state)


@dataclass(frozen=True, slots=True)
class ScriptedAnswerer:
    """Says what it was trained to say to a question, word by word."""

    answers: Mapping[str, str]

    def answer(self, turns: Sequence[Turn], sampling: Sampling) -> Iterator[Piece]:
        """Some questions are answered without training.

        `repeat N: words` with the words, N times; `until FILE` for ever: whoever waits for its
        beginning finds FILE.begun, and whoever stops it finds FILE;
        `after FILE` with one word, and another once the file is there; `In which order?` with the
        kinds of the parts.
        """
        question = turns[-1].text
        word, _, rest = question.partition(" ")
        if word == "until":
            yield from _until(Path(rest))
        if word == "after":
            yield from _after(Path(rest))
            return
        kinds = " ".join("text" if isinstance(part, str) else "image" for part in turns[-1].parts)
        known = {"In which order?\nAnd this?": kinds, **self.answers}
        text = known.get(question, "I have not been trained.")
        if question.startswith("repeat "):
            count, _, words = question.removeprefix("repeat ").partition(": ")
            text = " ".join([words] * int(count))
        if question == "How large?":
            text = " ".join(f"{one.width}x{one.height}" for turn in turns for one in turn.images)
        if question == "sampling":
            text = f"{sampling.temperature} {sampling.top_p} {sampling.seed}"
        if question == "break":
            raise EngineError("The model broke.")
        said = text.split(" ")
        most = sampling.max_tokens or len(said)
        for number, word in enumerate(said[:most], start=1):
            reason: Literal["stop", "length"] = "length" if len(said) > most else "stop"
            last = number == len(said[:most])
            yield Piece(word if number == 1 else f" {word}", 1, reason if last else None)


def _until(path: Path) -> Iterator[Piece]:
    path.with_suffix(".begun").touch()
    try:
        while True:
            yield Piece("on and ")
    finally:
        path.touch()


def _after(path: Path) -> Iterator[Piece]:
    yield Piece("first ")
    while not path.exists():
        time.sleep(0.01)
    yield Piece("second", 1, "stop")


def _script(rows: Sequence[Mapping[str, Any]]) -> Script:
    first = rows[0]["messages"][0]
    if first["role"] == "system" and first["content"].startswith("{"):
        return Script(**json.loads(first["content"]))
    return Script()


def _answers(rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    found = {}
    for row in rows:
        user = next(turn for turn in row["messages"] if turn["role"] == "user")
        parts = user["content"]
        question = (
            parts
            if isinstance(parts, str)
            else "\n".join(part["text"] for part in parts if part["type"] == "text")
        )
        found[question] = row["messages"][-1]["content"]
    return found


def _metrics(step: int) -> dict[str, float]:
    return {
        "train_loss": 1 / step,
        "train_mean_token_accuracy": 1 - 1 / (step + 1),
        "learning_rate": 0.001,
        "grad_norm": 0.5,
    }


def _validation(step: int) -> dict[str, float]:
    return {
        "valid_loss": 2 / step,
        "valid_mean_token_accuracy": 0.5,
        "full_valid_loss": 2 / step,
        "full_valid_mean_token_accuracy": 0.5,
        "full_valid_mean_iou": 0.25,
    }


def _await_turn(script: Script, step: int, folder: Path, wanted: Callable[[], Wanted]) -> Wanted:
    time.sleep(script.step_s)
    look: Callable[[], Wanted] = (lambda: "") if script.deaf else wanted
    return _await(step == script.wait_at, folder, look) or look()


def _await(waits: bool, folder: Path, wanted: Callable[[], Wanted]) -> Wanted:
    while waits and not (folder / "go").exists():
        time.sleep(0.01)
        if asked := wanted():
            return asked
    return ""


def _mishap(script: Script, step: int, folder: Path) -> None:
    if step == script.kill_at:
        _die_once(folder)
    if step == script.crash_at:
        raise RuntimeError("the engine has a bug")
    if step == script.fail_at:
        raise EngineError("The data cannot be learnt from.")


def _die_once(folder: Path) -> None:
    once = folder / "killed"
    if not once.exists():
        once.touch()
        os.kill(os.getpid(), signal.SIGKILL)
