"""How long a training will take comes from the steps of an earlier one, or it is unknown."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tintype.estimation import forecast, step_time
from tintype.resources import TOGETHER, Event
from tintype_tui.words.costs import time_words

BEGUN = datetime(2026, 11, 1, tzinfo=UTC)


def events(moments_s: Iterable[float]) -> list[Event]:
    return [
        Event(
            f"e{step}",
            BEGUN + timedelta(seconds=int(at)),  # as they come over the wire: whole seconds
            f"Step {step}",
            type="metrics",
            data={"step": step, "train_loss": 1.0},
        )
        for step, at in enumerate(moments_s, start=1)
    ]


def test_the_steps_of_an_earlier_training_give_the_time() -> None:
    measured = step_time("ftjob-1", 4, events(step * 0.05 for step in range(1600)))
    assert measured is not None
    assert measured.likely_s == pytest.approx(0.05, rel=0.05)
    found = forecast(3200, 4, measured, "tintype-tiny")
    assert found.likely_s == pytest.approx(160, rel=0.05)
    assert found.low_s is not None
    assert found.high_s is not None
    assert found.low_s <= found.likely_s <= found.high_s  # type: ignore[operator]
    assert "ftjob-1" in found.reason
    assert "3,200 steps" in found.reason


def test_a_pause_and_a_night_asleep_do_not_count() -> None:
    moments = [step * 0.5 + (0 if step < 100 else 3600) for step in range(400)]
    measured = step_time("ftjob-1", 4, events(moments))
    assert measured is not None
    assert measured.likely_s == pytest.approx(0.5, rel=0.05)
    assert measured.high_s < 1


def test_batches_of_another_size_widen_the_range() -> None:
    measured = step_time("ftjob-1", 4, events(step * 1.0 for step in range(100)))
    same, larger = (forecast(100, batch, measured, "m") for batch in (4, 8))
    assert same.likely_s == pytest.approx(100, rel=0.02)
    assert larger.low_s == pytest.approx(same.low_s)
    assert larger.high_s == pytest.approx(2 * (same.high_s or 0))


def test_more_processes_take_between_their_share_and_as_long() -> None:
    seen = events(step * 1.0 for step in range(100))
    one = step_time("ftjob-1", 8, seen)
    two = step_time("ftjob-1", 8, [Event("n", BEGUN, TOGETHER.format(2)), *seen])
    assert (one and one.processes, two and two.processes) == (1, 2)
    alone, four = (forecast(100, 8, one, "m", sharing) for sharing in (1, 4))
    assert four.low_s == pytest.approx((alone.low_s or 0) / 4)
    assert four.high_s == alone.high_s
    assert four.reason.endswith("Processes that share a step: 4 now, 1 then.")
    fewer = forecast(100, 8, two, "m", 1)
    assert fewer.low_s == alone.low_s
    assert fewer.high_s == pytest.approx(2 * (alone.high_s or 0))
    needs = replace(four, memory_bytes=9 << 30)
    assert time_words(needs).endswith("9.66 GB or more of memory for each of 4 processes")
    assert time_words(replace(needs, processes=None)).endswith("memory for each GPU")


def test_steps_too_fast_for_the_clock_are_never_no_time() -> None:
    measured = step_time("ftjob-1", 4, events([0.0] * 50))
    assert measured is not None
    assert measured.low_s == 0 < measured.likely_s < measured.high_s


@pytest.mark.parametrize("steps", [0, 1, 5])
def test_without_steps_it_is_unknown_and_says_so(steps: int) -> None:
    assert step_time("ftjob-1", 4, events(range(steps))) is None
    found = forecast(3200, 4, None, "tintype-tiny")
    assert (found.low_s, found.likely_s, found.high_s) == (None, None, None)
    assert "unknown until the first training of tintype-tiny" in found.reason


def test_the_machine_costs_its_price_for_the_likely_time_or_is_unknown() -> None:
    measured = step_time("ftjob-1", 4, events(step * 1.0 for step in range(100)))
    known, unknown = forecast(1800, 4, measured, "m"), forecast(1800, 4, None, "m")
    dear = replace(known, usd_per_hour=Decimal(3))
    assert float(dear.machine_usd or 0) == pytest.approx(1.5, rel=0.02)
    assert known.machine_usd is None
    assert replace(unknown, usd_per_hour=Decimal(3)).machine_usd is None
    words = time_words(replace(dear, memory_bytes=9_000_000_000))
    assert words.endswith(", 9 GB or more of memory, $1.50 for the machine")
    assert time_words(replace(unknown, usd_per_hour=Decimal(3))) == "time unknown"
