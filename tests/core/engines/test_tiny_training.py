"""Training: it learns, can be stopped at any time, and ends the same."""

import json
import math
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tintype.detection import mean_iou, parse_boxes
from tintype.engines.base import (
    Note,
    Outcome,
    Report,
    Sampling,
    Saved,
    Step,
    TrainingOrder,
    Turn,
    Wanted,
)
from tintype.engines.tiny import cache, training, validation
from tintype.engines.tiny.engine import Tiny
from tintype.errors import EngineError
from tintype.images import decode


@dataclass
class Diary:
    """What a training reports; it stops when `until` says so."""

    reports: list[Report] = field(default_factory=list)
    until: Callable[["Diary"], Wanted] = lambda diary: ""

    def train(self, order: TrainingOrder) -> Outcome:
        return Tiny().train(order, self.reports.append, lambda: self.until(self))

    @property
    def steps(self) -> list[Step]:
        """Optimiser steps, without the validations that followed."""
        return [r for r in self.reports if isinstance(r, Step) and "train_loss" in r.metrics]

    @property
    def saved(self) -> list[Saved]:
        return [r for r in self.reports if isinstance(r, Saved)]

    @property
    def notes(self) -> list[str]:
        return [r.message for r in self.reports if isinstance(r, Note)]

    @property
    def validations(self) -> list[Step]:
        return [r for r in self.reports if isinstance(r, Step) and "train_loss" not in r.metrics]


def after(steps: int, word: Wanted = "pause") -> Callable[[Diary], Wanted]:
    return lambda diary: word if len(diary.steps) >= steps else ""


def answer(path: Path, rows: Any, row: dict[str, Any]) -> str:
    """What a checkpoint answers to a row."""
    content = row["messages"][0]["content"]
    names = [part["image_url"]["url"] for part in content if part["type"] == "image_url"]
    images = [decode((rows.folder / name).read_bytes()) for name in names]
    turns = [Turn("user", [content[0]["text"], *images])]
    return "".join(piece.text for piece in Tiny().open(path).answer(turns, Sampling()))


def same(one: Path, other: Path) -> bool:
    with np.load(one) as first, np.load(other) as second:
        return all(np.array_equal(first[name], second[name]) for name in first)


def test_it_learns_colours(rows: Any) -> None:
    order = rows.order(rows.colours(40), rows.colours(8, seed=1), epochs=7, batch=5)
    diary = Diary()
    assert diary.train(order) == "succeeded"
    held = rows.colours(20, seed=2)
    right = sum(
        answer(diary.saved[-1].path, rows, row) == row["messages"][1]["content"] for row in held
    )
    assert right >= 16, "the majority answer would have 5"
    assert diary.steps[-1].metrics["train_loss"] < 0.5 * diary.steps[0].metrics["train_loss"]
    assert diary.validations[-1].metrics["full_valid_mean_token_accuracy"] > 0.8


def test_it_learns_to_find_things(rows: Any) -> None:
    order = rows.order(rows.boxes(32), rows.boxes(6, seed=1), epochs=25, batch=4)
    diary = Diary()
    assert diary.train(order) == "succeeded"
    assert diary.validations[-1].metrics["full_valid_mean_iou"] > 0.5
    overlaps = []
    for row in rows.boxes(8, seed=2):
        said = parse_boxes(answer(diary.saved[-1].path, rows, row)).boxes
        truth = parse_boxes(row["messages"][1]["content"]).boxes
        overlaps.append(mean_iou(said, truth))
    assert sum(overlaps) / 8 > 0.5, "the mean box in the right colour would overlap by 0.2"


def test_every_step_is_reported_once_in_order_and_epochs_are_saved(rows: Any) -> None:
    diary = Diary()
    diary.train(rows.order(rows.colours(10), rows.colours(5, seed=1), epochs=3, batch=4))
    assert [step.step for step in diary.steps] == list(range(1, 10))
    assert [step.epoch for step in diary.steps] == [1] * 3 + [2] * 3 + [3] * 3
    assert {step.total_steps for step in diary.steps} == {9}
    assert [(saved.step, saved.epoch) for saved in diary.saved] == [(3, 1), (6, 2), (9, 3)]
    assert all(saved.path.exists() for saved in diary.saved)
    for step in diary.steps:
        assert {"train_loss", "train_mean_token_accuracy", "learning_rate", "grad_norm"} <= set(
            step.metrics
        )
        assert 0 <= step.metrics["valid_mean_token_accuracy"] <= 1
    for step in diary.validations:
        assert set(step.metrics) == {"full_valid_loss", "full_valid_mean_token_accuracy"}
    assert diary.saved[0].metrics.keys() >= {"train_loss", "valid_loss", "full_valid_loss"}


def test_the_learning_rate_rises_and_then_falls(rows: Any) -> None:
    diary = Diary()
    diary.train(rows.order(rows.colours(4), epochs=20, batch=4, rate=0.5))
    rates = [step.metrics["learning_rate"] for step in diary.steps]
    peak = int(np.argmax(rates))
    assert rates[: peak + 1] == sorted(rates[: peak + 1])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)
    assert max(rates) == pytest.approx(0.5 * 1.5e-3, rel=0.1)


def test_a_paused_training_ends_with_the_same_weights(rows: Any) -> None:
    asked = rows.colours(10) + rows.boxes(6)
    whole, parts = Diary(), Diary()
    whole.train(rows.order(asked, rows.boxes(3, seed=1), epochs=2))
    order = rows.order(asked, rows.boxes(3, seed=1), epochs=2, name="parts")
    outcomes = []
    for stop in (1, 3, 4, 5):
        parts.until = after(stop)
        outcomes.append(parts.train(order))
    parts.until = after(10**9)
    outcomes.append(parts.train(order))
    assert outcomes == ["paused"] * 4 + ["succeeded"]
    assert parts.notes == [f"Training resumed after step {step}." for step in (1, 3, 4, 5)]
    assert [step.metrics for step in parts.steps] == [step.metrics for step in whole.steps]
    assert len(parts.saved) == len(whole.saved) == 2
    assert same(parts.saved[-1].path, whole.saved[-1].path)


def test_a_training_that_is_done_reports_nothing_again(rows: Any) -> None:
    order = rows.order(rows.colours(4), epochs=1)
    Diary().train(order)
    again = Diary()
    assert again.train(order) == "succeeded"
    assert not again.steps


TRAINER = """
import json, sys
from pathlib import Path
from tintype.engines.base import TrainingOrder, Resolved, Step
from tintype.engines.tiny.engine import Tiny

train, folder = map(Path, sys.argv[1:])

def report(what):
    print(what.step if isinstance(what, Step) else type(what).__name__, flush=True)

order = TrainingOrder(train, None, folder, Resolved(4, 4, 1.0), 5)
print(Tiny().train(order, report, lambda: ""), flush=True)
"""


def trainer(order: TrainingOrder, folder: Path) -> "subprocess.Popen[str]":
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    arguments = [sys.executable, "-c", TRAINER, str(order.training), str(folder)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, env=environment)


def lines(process: "subprocess.Popen[str]") -> Iterable[str]:
    assert process.stdout is not None
    return map(str.strip, process.stdout)


def test_a_killed_training_ends_with_the_same_weights(rows: Any, tmp_path: Path) -> None:
    order = rows.order(rows.colours(16), epochs=4, name="whole")
    killed = tmp_path / "killed"
    assert Diary().train(order) == "succeeded"
    with trainer(order, killed) as process:
        for line in lines(process):
            if line == "10":
                process.send_signal(signal.SIGKILL)
                break
    with trainer(order, killed) as process:
        said = list(lines(process))
    assert said[0] == "Note"
    assert int(said[1]) > 1, "it went on from a state"
    assert said[-1] == "succeeded"
    assert same(order.folder / "checkpoint-16.npz", killed / "checkpoint-16.npz")


@pytest.mark.parametrize(("word", "outcome"), [("pause", "paused"), ("cancel", "cancelled")])
def test_it_stops_while_it_prepares_images(
    rows: Any, word: Wanted, outcome: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[bytes] = []

    def counted(data: bytes, box: tuple[int, int] | None) -> Any:
        decoded.append(data)
        return decode(data, box=box)

    monkeypatch.setattr(cache, "decode", counted)
    diary = Diary(until=lambda diary: word if len(decoded) == 3 else "")
    order = rows.order(rows.colours(8), epochs=1)
    assert diary.train(order) == outcome
    assert not diary.steps
    decoded.append(b"")
    diary.until = after(10**9)
    assert diary.train(order) == "succeeded"
    assert len(decoded) - 1 == 8, "the three prepared before were kept"


def test_it_stops_while_it_validates_and_validates_again_later(rows: Any) -> None:
    asked = 0

    def until(diary: Diary) -> Wanted:
        nonlocal asked
        asked += bool(diary.steps)
        return "pause" if asked > 4 else ""

    diary = Diary(until=until)
    order = rows.order(rows.boxes(4), rows.boxes(5, seed=1), epochs=1)
    assert diary.train(order) == "paused"
    assert (len(diary.steps), len(diary.validations), len(diary.saved)) == (1, 0, 0)
    diary.until = after(10**9)
    assert diary.train(order) == "succeeded"
    assert (len(diary.steps), len(diary.validations), len(diary.saved)) == (1, 1, 1)


def test_a_damaged_state_means_to_begin_again(rows: Any) -> None:
    order = rows.order(rows.colours(8), epochs=2)
    diary = Diary(until=after(3))
    diary.train(order)
    (order.folder / training.STATE).write_bytes(b"PK broken")
    diary.until = after(10**9)
    assert diary.train(order) == "succeeded"
    assert diary.notes[0].startswith("Training starts over: The checkpoint state.npz")
    assert [step.step for step in diary.steps] == [1, 2, 3, 1, 2, 3, 4]


def test_a_state_of_other_data_is_not_used(rows: Any) -> None:
    Diary(until=after(2)).train(rows.order(rows.colours(8), epochs=2))
    diary = Diary()
    diary.train(rows.order(rows.colours(8, seed=1), epochs=2))
    assert diary.notes == ["Training starts over: the data has changed."]
    assert diary.steps[0].step == 1


def test_what_a_training_leaves_behind_is_small(rows: Any) -> None:
    order = rows.order(rows.colours(8), rows.colours(4, seed=1), epochs=3)
    Diary().train(order)
    left = {path.name: path.stat().st_size for path in order.folder.iterdir()}
    assert set(left) == {"state.npz", "checkpoint-2.npz", "checkpoint-4.npz", "checkpoint-6.npz"}
    assert max(left.values()) < 4 << 20
    assert left["checkpoint-6.npz"] < 1 << 20


def test_an_answer_of_weight_nought_teaches_nothing(rows: Any) -> None:
    row = rows.colours(4)
    silent = [
        {"messages": [*one["messages"][:1], {**one["messages"][1], "content": "zzz", "weight": 0}]}
        for one in rows.colours(4)
    ]
    with_silent, without = Diary(), Diary()
    without.train(rows.order(row, epochs=2))
    with_silent.train(rows.order(row + silent, epochs=2, name="other"))
    assert same(with_silent.saved[-1].path, without.saved[-1].path)


def test_an_image_is_decoded_once_however_many_questions_share_it(
    rows: Any, drawn: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: Counter[bytes] = Counter()
    monkeypatch.setattr(
        cache, "decode", lambda data, box: seen.update([data]) or decode(data, box=box)
    )
    images = [drawn("red", 0, 0), drawn("blue", 9, 9)]
    asked = [rows.row(f"question {at}?", "yes", images[at % 2]) for at in range(30)]
    Diary().train(rows.order(asked, epochs=3))
    assert seen == Counter(images)


def test_text_several_images_turns_and_any_script_are_learnt_together(
    rows: Any, drawn: Callable[..., bytes]
) -> None:
    red, blue = drawn("red", 0, 0), drawn("blue", 30, 30)
    asked = [
        rows.row("greet", "hello"),
        rows.row("which is first?", "赤 😀", red, blue),
        rows.row("which is first?", "青 ✓", blue, red),
        {
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "colour?"}, rows.part(red)]},
                {"role": "assistant", "content": "red"},
                {"role": "user", "content": "and in French?"},
                {"role": "assistant", "content": "rouge"},
            ]
        },
    ]
    diary = Diary()
    diary.train(rows.order(asked, epochs=50, batch=1))
    path = diary.saved[-1].path
    assert answer(path, rows, asked[0]) == "hello"
    assert answer(path, rows, asked[1]) == "赤 😀"
    assert answer(path, rows, asked[2]) == "青 ✓"
    turns = [
        Turn("user", ("colour?", decode(red))),
        Turn("assistant", ("red",)),
        Turn("user", ("and in French?",)),
    ]
    pieces = Tiny().open(path).answer(turns, Sampling())
    assert "".join(piece.text for piece in pieces) == "rouge"


def test_answers_that_are_too_long_are_noted_and_their_beginning_is_learnt(rows: Any) -> None:
    diary = Diary()
    long = rows.row("count", " ".join(map(str, range(300))))
    assert diary.train(rows.order([long, rows.row("say", "hi")], epochs=1)) == "succeeded"
    assert "1 of 2 answers are longer than 320 tokens" in diary.notes[0]


def test_rows_without_any_image_are_learnt(rows: Any) -> None:
    diary = Diary()
    asked = [rows.row("one", "uno"), rows.row("two", "<loc0001><loc0002><loc0003><loc0004> dos")]
    assert diary.train(rows.order(asked, epochs=2)) == "succeeded"
    assert math.isfinite(diary.steps[-1].metrics["train_loss"])


def test_an_empty_validation_is_noted_and_training_goes_on(rows: Any) -> None:
    order = rows.order(rows.colours(4), [{"messages": []}], epochs=1)
    diary = Diary()
    assert diary.train(order) == "succeeded"
    assert diary.notes[0].startswith("No validation: valid.jsonl has nothing to learn")
    assert not diary.validations


def test_a_loss_that_stays_no_number_is_reported_and_ends_the_training(rows: Any) -> None:
    diary = Diary()
    with pytest.raises(EngineError, match="has been NaN for 20 steps") as caught:
        diary.train(rows.order(rows.boxes(4), epochs=50, batch=1, rate=1e30))
    assert "learning_rate_multiplier" in caught.value.advice
    assert not math.isfinite(diary.steps[-1].metrics["train_loss"])


def test_an_image_that_is_none_ends_the_training_with_a_sentence(rows: Any) -> None:
    order = rows.order([rows.row("what?", "nothing", b"no image")], epochs=1)
    with pytest.raises(EngineError, match="Image 1 of 1 cannot be used"):
        Diary().train(order)


def test_large_batches_are_computed_in_portions_with_the_same_result(
    rows: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = rows.order(rows.colours(12), epochs=1, batch=12)
    diary = Diary()
    diary.train(order)
    monkeypatch.setattr(training, "PORTION", 4)
    portioned = Diary()
    portioned.train(rows.order(rows.colours(12), epochs=1, batch=12, name="portioned"))
    first, second = (one.steps[0].metrics for one in (diary, portioned))
    # Noise and dropout are drawn per portion: alike, not the same.
    assert second["train_loss"] == pytest.approx(first["train_loss"], rel=0.2)


def test_a_small_validation_takes_the_next_rows_every_time(rows: Any) -> None:
    held = validation.HeldOutTasks((), None, tuple(range(40)))  # type: ignore[arg-type]
    object.__setattr__(held, "tasks", tuple(range(40)))
    seen = [number for turn in range(5) for number in held.sample(turn)]
    assert Counter(seen) == Counter(2 * list(range(40)))


def test_a_training_can_be_ordered_again_as_json(rows: Any) -> None:
    """Everything reported is plain numbers, so that it can be written as JSON lines."""
    diary = Diary()
    diary.train(rows.order(rows.boxes(4), rows.boxes(2, seed=1), epochs=1))
    for report in diary.steps + diary.validations:
        assert json.loads(json.dumps(dict(report.metrics))) == report.metrics


@pytest.mark.parametrize("batch", [1, 3])
def test_answers_without_boxes_among_detections_are_ordinary(
    rows: Any, drawn: Callable[..., bytes], batch: int
) -> None:
    """Negatives, captions, rows without an image or with two: also where a whole batch is such."""
    mixed = [
        *rows.boxes(4),
        *(rows.row("detect a thing", "none", drawn("grey", 0, at)) for at in range(4)),
        *(rows.row("What is it?", "A box.", drawn("red", 0, at)) for at in range(2)),
        rows.row("Say something", "something"),
        rows.row("detect a thing", "none", drawn("grey", 1, 1), drawn("grey", 2, 2)),
        rows.row("detect a thing", "<loc0001><loc0002> cut short", drawn("red", 3, 3)),
    ]
    diary = Diary()
    order = rows.order(mixed, mixed[3:], epochs=2, batch=batch)
    assert diary.train(order) == "succeeded"
    assert len(diary.steps) == 2 * math.ceil(len(mixed) / batch)
    assert all(math.isfinite(step.metrics["train_loss"]) for step in diary.steps)
    assert all(
        math.isfinite(value) for step in diary.validations for value in step.metrics.values()
    )


def test_a_dataset_of_negatives_alone_trains(rows: Any, drawn: Callable[..., bytes]) -> None:
    negatives = [rows.row("detect a thing", "none", drawn("grey", 0, at)) for at in range(3)]
    text_only = [rows.row("Say something", "something")]
    for training_rows in (negatives, text_only):
        assert Diary().train(rows.order(training_rows, training_rows, epochs=1)) == "succeeded"
