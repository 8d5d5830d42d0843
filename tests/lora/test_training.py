"""A training: reported, paused, killed and taken up again, cancelled; memory that runs out."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tintype.engines.base import Note, Report, Resolved, Saved, Step, TrainingOrder, Wanted
from tintype.engines.lora.bases import Base
from tintype.engines.lora.engine import Lora
from tintype.errors import EngineError

torch = pytest.importorskip("torch", reason="needs the extra tintype[lora]: make test-lora")

from safetensors.torch import load_file

from tintype.engines.lora import adapters, forward


def trained(
    base: Base, order: TrainingOrder, wanted: Callable[[list[Report]], Wanted] = lambda told: ""
) -> tuple[str, list[Report]]:
    told: list[Report] = []
    outcome = Lora(base).train(order, told.append, lambda: wanted(told))
    return outcome, told


def steps(told: list[Report]) -> list[Step]:
    return [one for one in told if isinstance(one, Step)]


def weights(told: list[Report]) -> dict[str, Any]:
    saved = [one for one in told if isinstance(one, Saved)]
    return dict(load_file(saved[-1].path / adapters.WEIGHTS))


def after(count: int, word: Wanted) -> Callable[[list[Report]], Wanted]:
    return lambda told: word if len(steps(told)) >= count else ""


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("family", ["qwen25", "paligemma"])
def test_a_training_reports_every_step_and_every_epoch(
    base: Callable[[str], Base], order: Callable[..., TrainingOrder], family: str
) -> None:
    outcome, told = trained(base(family), order(validation=True))
    assert outcome == "succeeded"
    assert [one.step for one in steps(told) if "train_loss" in one.metrics] == [1, 2, 3, 4]
    full = [one for one in steps(told) if "full_valid_loss" in one.metrics]
    assert [(one.step, one.epoch) for one in full] == [(2, 1), (4, 2)]
    assert steps(told)[0].metrics.keys() >= {
        *("train_mean_token_accuracy", "learning_rate", "grad_norm", "tokens_per_second"),
        *("valid_loss", "valid_mean_token_accuracy"),
    }
    saved = [one for one in told if isinstance(one, Saved)]
    assert [one.step for one in saved] == [2, 4]
    assert all(tensor.abs().sum() > 0 for tensor in weights(told).values())


def test_a_training_that_is_paused_ends_with_the_same_weights(
    base: Callable[[str], Base], order: Callable[..., TrainingOrder]
) -> None:
    _, whole = trained(base("qwen3"), order("whole"))
    stopped = order("stopped")
    outcome, begun = trained(base("qwen3"), stopped, after(3, "pause"))
    assert outcome == "paused"
    outcome, rest = trained(base("qwen3"), stopped)
    assert outcome == "succeeded"
    assert [one.step for one in steps(begun + rest)] == [1, 2, 3, 4]
    assert Note("Training resumed after step 3.") in rest
    assert same(weights(whole), weights(rest))


def test_a_cancelled_training_ends_before_the_next_step(
    base: Callable[[str], Base], order: Callable[..., TrainingOrder]
) -> None:
    outcome, told = trained(base("qwen25"), order(), after(1, "cancel"))
    assert (outcome, len(steps(told))) == ("cancelled", 1)


def test_a_training_that_is_killed_while_it_saves_goes_on(
    base: Callable[[str], Base], order: Callable[..., TrainingOrder]
) -> None:
    one = order()

    class Killed(Exception):
        pass

    def report(what: Report) -> None:
        if isinstance(what, Saved):
            raise Killed

    with pytest.raises(Killed):
        Lora(base("qwen25")).train(one, report, lambda: "")
    outcome, told = trained(base("qwen25"), one)
    assert outcome == "succeeded"
    assert same(weights(trained(base("qwen25"), order("whole"))[1]), weights(told))


def test_a_state_of_another_order_is_not_taken_up(
    base: Callable[[str], Base], order: Callable[..., TrainingOrder]
) -> None:
    one = order()
    trained(base("qwen25"), one, after(1, "pause"))
    _, told = trained(base("qwen25"), replace(one, seed=8))
    assert [step.step for step in steps(told)] == [1, 2, 3, 4]


def test_steps_go_on_in_smaller_packs_when_memory_runs_out(
    base: Callable[[str], Base],
    order: Callable[..., TrainingOrder],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, whole = trained(base("qwen25"), order("whole"))
    computed = forward.loss
    failed: list[int] = []

    def short_of_memory(opened: Any, rows: Any) -> Any:
        if len(failed) < 4:
            failed.append(rows.tokens)
            raise torch.cuda.OutOfMemoryError("CUDA out of memory.")
        return computed(opened, rows)

    monkeypatch.setattr(forward, "loss", short_of_memory)
    outcome, told = trained(base("qwen25"), order("short"))
    notes = [one.message for one in told if isinstance(one, Note)]
    assert outcome == "succeeded"
    assert notes[0] == "Memory ran out: steps go on in packs of 8,192 tokens."
    assert notes[3].endswith("and layers computed twice.")
    losses = [[step.metrics["train_loss"] for step in steps(one)] for one in (whole, told)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


def test_memory_that_never_suffices_ends_the_training_with_a_sentence(
    base: Callable[[str], Base],
    order: Callable[..., TrainingOrder],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def never(opened: Any, rows: Any) -> Any:
        raise torch.cuda.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(forward, "loss", never)
    with pytest.raises(EngineError, match="does not fit into memory"):
        trained(base("qwen25"), order())


def test_it_learns(base: Callable[[str], Base], order: Callable[..., TrainingOrder]) -> None:
    _, told = trained(base("qwen25"), order(resolved=Resolved(10, 8, 100.0)))
    losses = [step.metrics["train_loss"] for step in steps(told)]
    assert losses[-1] < losses[0] - 0.05


def test_rows_with_nothing_to_learn_are_refused(
    base: Callable[[str], Base], order: Callable[..., TrainingOrder]
) -> None:
    nothing = {"messages": [{"role": "user", "content": "Hello?"}]}
    with pytest.raises(EngineError, match="has nothing to learn"):
        trained(base("qwen25"), order(rows=[nothing]))


def test_a_row_that_is_too_long_is_left_out_and_said(
    base: Callable[[str], Base], order: Callable[..., TrainingOrder]
) -> None:
    def said(text: str) -> dict[str, Any]:
        answer = {"role": "assistant", "content": "red"}
        return {"messages": [{"role": "user", "content": text}, answer]}

    _, told = trained(base("qwen25"), order(rows=[said("yes"), said("yes no " * 1200)]))
    notes = [one.message for one in told if isinstance(one, Note)]
    assert notes == [
        "1 rows of training.jsonl are longer than 2,048 tokens and are left out: lines 2."
    ]


def test_a_base_that_has_gone_is_said(
    base: Callable[[str], Base], order: Callable[..., TrainingOrder], tmp_path: Path
) -> None:
    gone = replace(base("qwen25"), path=str(tmp_path / "gone"))
    with pytest.raises(EngineError, match="is no longer at"):
        trained(gone, order())
