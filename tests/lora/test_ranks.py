"""Several processes train one job: as one would, and none outlives another."""

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tintype.engines.base import Note, Report, Resolved, Saved, Step, TrainingOrder
from tintype.engines.lora.bases import Base
from tintype.engines.lora.engine import Lora
from tintype.resources import TOGETHER

torch = pytest.importorskip("torch", reason="needs the extra tintype[lora]: make test-lora")

from tests.lora.test_training import after, same, steps, trained, weights

from tintype.engines.lora.ranks import RankLostError, Ranks, asked_for

Bases = Callable[[str], Base]
Orders = Callable[..., TrainingOrder]
UNEVEN = Resolved(2, 7, 10.0)
"""Eight rows in steps of seven: in every second step there is a process without any."""


def children() -> list[int]:
    """Processes that this one has started and that are still there."""
    listed = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [int(one) for one in listed]


def losses(told: list[Report]) -> list[float]:
    return [one.metrics["train_loss"] for one in steps(told) if "train_loss" in one.metrics]


def close(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(torch.allclose(one[name], other[name], rtol=1e-3, atol=1e-4) for name in one)


@pytest.mark.parametrize("resolved", [Resolved(2, 4, 10.0), UNEVEN])
def test_two_processes_train_as_one_does(base: Bases, order: Orders, resolved: Resolved) -> None:
    _, alone = trained(base("qwen25"), order("alone", resolved=resolved, validation=True))
    together = replace(order("both", resolved=resolved, validation=True), ranks="2")
    outcome, both = trained(base("qwen25"), together)
    assert outcome == "succeeded"
    assert both[0] == Note(TOGETHER.format(2))
    assert losses(both) == pytest.approx(losses(alone), rel=1e-4)
    for name in ("train_mean_token_accuracy", "full_valid_loss", "grad_norm"):
        found = [
            [one.metrics[name] for one in steps(told) if name in one.metrics]
            for told in (alone, both)
        ]
        assert found[1] == pytest.approx(found[0], rel=1e-3)
    assert close(weights(alone), weights(both))


def test_one_that_is_killed_ends_all_and_what_is_taken_up_again_has_the_same_weights(
    base: Bases, order: Orders
) -> None:
    before, one = children(), replace(order(), ranks="2")
    told: list[Report] = []
    left = one.folder / "ranks-of-a-trainer-that-was-killed"
    left.mkdir(parents=True)

    def report(what: Report) -> None:
        told.append(what)
        if isinstance(what, Saved):
            (other,) = set(children()) - set(before)
            os.kill(other, signal.SIGKILL)

    with pytest.raises(RankLostError, match=r"Process 2 of the 2 .* ended: signal 9\."):
        Lora(base("qwen25")).train(one, report, lambda: "")
    assert children() == before
    outcome, some = trained(base("qwen25"), one, after(1, "pause"))
    assert (outcome, children()) == ("paused", before)
    outcome, rest = trained(base("qwen25"), one)
    assert outcome == "succeeded"
    every = [what.step for what in told + some + rest if isinstance(what, Step)]
    assert every == [1, 2, 3, 4]
    assert same(
        weights(trained(base("qwen25"), replace(order("whole"), ranks="2"))[1]), weights(rest)
    )
    assert not list(one.folder.glob("ranks-*"))


def test_one_that_cannot_begin_is_said(
    base: Bases, order: Orders, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\nexit 7\n")
    broken.chmod(0o700)
    monkeypatch.setattr(sys, "executable", os.fspath(broken))
    with pytest.raises(RankLostError, match=r"ended: exit code 7\."):
        trained(base("qwen25"), replace(order(), ranks="2"))


def test_one_whose_trainer_has_gone_ends(base: Bases, order: Orders, tmp_path: Path) -> None:
    program = (
        "import os, pickle, sys\n"
        "from tintype.engines.lora import ranks\n"
        "base, order, place = pickle.load(sys.stdin.buffer)\n"
        "group = ranks.Ranks(0, 2)\n"
        "group.start(base, order, place)\n"
        "group.join(place, lambda: None)\n"
        "print('together', flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    given = pickle.dumps((base("qwen25"), order(), tmp_path / "store"))
    # It returns when the last process that has its standard error open has ended.
    done = subprocess.run(
        [sys.executable, "-c", program], input=given, capture_output=True, check=False, timeout=120
    )
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, b"together\n")


def test_a_step_is_shared_out_by_its_tokens() -> None:
    lengths = [500, 10, 20, 480, 490, 30, 510]
    shares = [Ranks(rank, 2).share(lengths) for rank in range(2)]
    assert sorted(at for share in shares for at in share) == list(range(7))
    loads = [sum(lengths[at] for at in share) for share in shares]
    assert max(loads) - min(loads) < 50
    assert [Ranks(rank, 3).share([7]) for rank in range(3)] == [[0], [], []]


def test_how_many_train_together(order: Orders) -> None:
    large, small = (order(f"of-{rows}", resolved=Resolved(1, rows, 1.0)) for rows in (16, 3))
    assert asked_for(large) == 1
    assert (asked_for(replace(large, ranks="4")), asked_for(replace(small, ranks="4"))) == (4, 3)
    assert asked_for(replace(large, ranks="all")) == max(1, torch.cuda.device_count())
