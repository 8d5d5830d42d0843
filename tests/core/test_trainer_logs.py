"""Trainings of other tools: their logs are read as they grow, once, and honestly."""

from __future__ import annotations

import base64
import json
import math
import os
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tintype import trainer_logs
from tintype.errors import FileError
from tintype.trainer_logs.finding import find
from tintype.trainer_logs.measured import named, read_line
from tintype.trainer_logs.tensorboard import EventFiles, masked_crc

if TYPE_CHECKING:
    from tests.conftest import FakeClock

    from tintype.store import Store

BY_TENSORBOARDX = base64.b64decode(
    "GAAAAAAAAACjf0siCQK80KKVwtpBGg1icmFpbi5FdmVudDoyB9fOqiAAAAAAAAAAKe2pUAkAAECgmUfaQRABKhMK"
    "EQoKdHJhaW4vbG9zcxUAAIA/t7ABziAAAAAAAAAAKe2pUAkAAICgmUfaQRACKhMKEQoKdHJhaW4vbG9zcxUAAAA/"
    "E/QcmiAAAAAAAAAAKe2pUAkAAMCgmUfaQRADKhMKEQoKdHJhaW4vbG9zcxWrqqo+W0xgNh8AAAAAAAAAUUtEGAkA"
    "AAChmUfaQRADKhIKEAoJZXZhbC9sb3NzFQAAQD/iHq8B"
)
"""Written by tensorboardX 2.6: train/loss at steps 1 to 3, eval/loss at 3."""


def state(*logged: dict[str, Any], max_steps: int = 0, step: int = 0) -> str:
    return json.dumps({"log_history": logged, "max_steps": max_steps, "global_step": step})


def lines(*logged: dict[str, Any]) -> str:
    return "".join(json.dumps(one) + "\n" for one in logged)


async def followed(store: Store, path: Path, clock: FakeClock, **options: Any) -> Any:
    log = trainer_logs.find(path)
    last = None
    async for progress in trainer_logs.follow(store, log, clock=clock.clock, **options):
        last = progress
    assert last is not None
    return last


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("loss", "train_loss"),
        ("train/loss", "train_loss"),
        ("eval_loss", "full_valid_loss"),
        ("eval/mean_token_accuracy", "full_valid_mean_token_accuracy"),
        ("val_loss", "valid_loss"),
        ("lr", "learning_rate"),
        ("grad_norm", "grad_norm"),
        ("eval_samples_per_second", ""),
        ("train_runtime", ""),
        ("epoch", ""),
    ],
)
def test_what_trainers_call_a_metric_has_one_name(theirs: str, ours: str) -> None:
    assert named(theirs) == ours


@pytest.mark.parametrize(
    ("line", "step", "total", "loss"),
    [
        ({"step": 5, "loss": 0.5, "epoch": 0.1}, 5, None, 0.5),
        ({"current_steps": 5, "total_steps": 9, "loss": 0.5}, 5, 9, 0.5),
        ({"global_step/max_steps": "5/9", "loss": 0.5}, 5, 9, 0.5),
        ({"step": "5", "loss": "nan"}, 5, None, math.nan),
    ],
)
def test_a_line_is_read_as_its_trainer_means_it(
    line: dict[str, Any], step: int, total: int | None, loss: float
) -> None:
    measured, steps = read_line(line)
    assert measured is not None
    assert (measured.step, steps) == (step, total)
    assert repr(measured.values["train_loss"]) == repr(loss)


def test_a_line_without_a_step_or_a_number_measures_nothing() -> None:
    assert read_line({"loss": 1.0})[0] is None
    assert read_line({"step": 3, "words": "x"})[0] is None


async def test_transformers_state_is_followed_from_checkpoint_to_checkpoint(
    tmp_path: Path, store: Store, fake_clock: FakeClock
) -> None:
    def checkpoint(step: int) -> None:
        folder = tmp_path / f"checkpoint-{step}"
        folder.mkdir()
        logged = [{"step": at, "loss": 1 / at, "epoch": at / 4} for at in range(1, step + 1)]
        logged += [{"step": step, "eval_loss": 0.5, "eval_runtime": 3.0}]
        (folder / "trainer_state.json").write_text(state(*logged, max_steps=12))
        (folder / "adapter_config.json").write_text('{"base_model_name_or_path": "org/vlm"}')

    checkpoint(4)

    async def meanwhile(seconds: float) -> None:
        checkpoint(8 if not (tmp_path / "checkpoint-8").exists() else 12)

    fake_clock.wake = meanwhile
    last = await followed(store, tmp_path, fake_clock)
    assert last.job.status == "succeeded"
    assert last.job.model == "org/vlm"
    assert last.metrics.total_steps == 12
    events = await store.jobs.events("local", last.job.id)
    assert sorted(e.data["step"] for e in events if "train_loss" in e.data) == list(range(1, 13))
    assert [e.data["step"] for e in events if "full_valid_loss" in e.data] == [4, 8, 12]
    again = await followed(store, tmp_path, fake_clock, once=True)
    assert len(await store.jobs.events("local", again.job.id)) == len(events)


@pytest.mark.parametrize(
    ("name", "begin", "more", "skipped"),
    [
        (
            "trainer_log.jsonl",
            lines({"current_steps": 1, "total_steps": 3, "loss": 0.9}) + "no json\n",
            lines({"current_steps": 2, "total_steps": 3, "loss": 0.8})
            + lines({"current_steps": 3, "total_steps": 3, "loss": 0.7}),
            "lines that are not JSON (1)",
        ),
        ("metrics.csv", "step;loss\n1;0.9\n", "2;0.8\n3;0.7\n", ""),
        ("excel.csv", 'sep=;\n"Step";" Train Loss"\n1;0,9\n', "2;0,8\n3;0,7\n", ""),
    ],
)
async def test_a_log_of_lines_is_read_on_where_it_grew(
    tmp_path: Path,
    store: Store,
    fake_clock: FakeClock,
    name: str,
    begin: str,
    more: str,
    skipped: str,
) -> None:
    path = tmp_path / name
    path.write_text(begin)
    reader = find(path).open(path)
    news = reader.read()
    assert [one.step for one in news.measured] == [1]
    with path.open("a") as file:
        file.write(more + "4")  # a line that is being written
    assert [one.step for one in reader.read().measured] == [2, 3]
    last = await followed(store, path, fake_clock, once=True)
    assert last.metrics.series["train_loss"].values() == [0.9, 0.8, 0.7]
    assert skipped in last.trouble


async def test_tensorboards_files_are_read_and_what_is_no_scalar_is_said(
    tmp_path: Path, store: Store, fake_clock: FakeClock
) -> None:
    (tmp_path / "runs").mkdir()
    path = tmp_path / "runs" / "events.out.tfevents.1763600000.host"
    path.write_bytes(BY_TENSORBOARDX[:100])
    reader = EventFiles(tmp_path)
    assert len(reader.read().measured) == 1
    path.write_bytes(BY_TENSORBOARDX + record(image_summary()))
    assert [one.step for one in reader.read().measured] == [2, 3, 3]
    last = await followed(store, tmp_path, fake_clock, once=True)
    assert last.metrics.series["train_loss"].steps() == [1, 2, 3]
    assert last.metrics.series["full_valid_loss"].values() == [0.75]
    assert last.metrics.clock.values() == [1763600001, 1763600002, 1763600004]
    assert "images (1)" in last.trouble
    path.write_bytes(BY_TENSORBOARDX[:40] + b"\1" + BY_TENSORBOARDX[41:])
    with pytest.raises(FileError, match="damaged"):
        EventFiles(tmp_path).read()


def record(data: bytes) -> bytes:
    head = struct.pack("<Q", len(data))
    checks = (struct.pack("<I", masked_crc(one)) for one in (head, data))
    return head + next(checks) + data + next(checks)


def image_summary() -> bytes:
    value = b"\x0a\x01i" + b"\x22\x02\x08\x01"
    summary = b"\x0a" + bytes([len(value)]) + value
    return b"\x10\x05" + b"\x2a" + bytes([len(summary)]) + summary


async def test_what_was_logged_before_has_no_time_and_no_pace_is_made_up(
    tmp_path: Path, store: Store, fake_clock: FakeClock
) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(lines({"step": 1, "loss": 0.9}))
    last = await followed(store, path, fake_clock, once=True)
    assert len(last.metrics.clock) == 0


async def test_a_log_that_says_nothing_for_long_stays_unknown_and_is_given_up(
    tmp_path: Path, store: Store, fake_clock: FakeClock
) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(lines({"step": 1, "total_steps": 9, "loss": 0.9}))
    hour_ago = fake_clock.clock.now().timestamp() - 3600
    os.utime(path, (hour_ago, hour_ago))
    said = [
        progress.job.status
        async for progress in trainer_logs.follow(
            store, trainer_logs.find(path), give_up_s=3600 + 300, clock=fake_clock.clock
        )
    ]
    assert said == ["unknown"]  # once: also when it is looked at again
    assert sum(fake_clock.slept) >= 300 - 2


@pytest.mark.parametrize(
    ("name", "words"),
    [("run-1.wandb", "W&B"), ("notes.txt", "no log"), ("words.jsonl", "no log")],
)
def test_what_cannot_be_read_is_refused_with_what_can(
    tmp_path: Path, name: str, words: str
) -> None:
    (tmp_path / name).write_text('{"a": 1}\n')
    for path in (tmp_path / name, tmp_path):
        with pytest.raises(FileError, match=words):
            find(path)


def test_steps_are_read_with_marks_between_thousands_and_decimal_commas_or_not_at_all(
    tmp_path: Path,
) -> None:
    path = tmp_path / "metrics.csv"
    path.write_text('Global Step;loss;valid loss\n"1,200";0,22;-1\n1.300,5;0,20;0,31\n')
    (one,) = find(path).open(path).read().measured
    assert (one.step, dict(one.values)) == (1200, {"train_loss": 0.22, "valid_loss": -1.0})
