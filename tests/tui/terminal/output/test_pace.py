"""Frames wait for answers, whatever the terminal makes of the question."""

from itertools import pairwise
from random import Random

import pytest

from tintype_tui.terminal import Line
from tintype_tui.terminal.output.pace import SILENT_AFTER_S, Pace


class Played:
    """A line of a delay and a rate, on a clock of its own."""

    def __init__(self, trip_s: float, rate: float, *, slow: bool = False) -> None:
        self.pace, self.trip_s, self.rate = Pace(slow=slow), trip_s, rate
        self.now_s, self.free_s = 100.0, 0.0
        self.coming: list[float] = []

    def send(self, size: int) -> None:
        """Send when it may be sent."""
        while (due_s := self.pace.due_s(self.now_s)) > self.now_s:
            self.wait_until(min([due_s, *self.coming]))
        self.pace.sent(size, self.now_s)
        self.free_s = max(self.free_s, self.now_s) + size / self.rate
        self.coming.append(self.free_s + self.trip_s)

    def wait_until(self, time_s: float) -> None:
        self.now_s = max(self.now_s, time_s)
        while self.coming and self.coming[0] <= self.now_s:
            self.pace.answered(self.coming.pop(0))


@pytest.mark.parametrize(
    ("trip_s", "rate", "slow"),
    [(0.8, 20e3, True), (0.3, 100e3, True), (0.08, 1e6, False), (0.0005, 50e6, False)],
)
def test_the_line_is_measured(trip_s: float, rate: float, slow: bool) -> None:
    line = Played(trip_s, rate)
    for size in (40, 9_000, 300, 4_000, 8_000, 200, 6_000):
        line.send(size)
    line.wait_until(200.0)
    found = line.pace.line
    assert found.answered
    assert found.round_trip_s == pytest.approx(trip_s, rel=0.2)
    assert found.bytes_per_s == pytest.approx(rate, rel=0.35)
    assert found.slow is slow


def test_on_an_unmeasured_line_two_frames_are_under_way_half_a_round_trip_apart() -> None:
    line = Played(0.8, 20e3)
    line.send(40)
    line.wait_until(110.0)
    line.send(400)
    assert line.now_s == 110.0
    line.send(400)
    assert line.now_s == pytest.approx(110.4, abs=0.05)
    line.send(400)
    assert line.now_s == pytest.approx(110.8, abs=0.05)


def test_what_passes_quickly_follows_each_third_of_a_round_trip_and_never_waits() -> None:
    line = Played(0.8, 20e3)
    for size in (40, 8_000, 8_000, 8_000):  # the line is measured
        line.send(size)
    line.wait_until(110.0)
    times = []
    for _ in range(12):
        line.send(2_800)
        times.append(line.now_s)
        assert line.free_s - line.now_s == pytest.approx(2_800 / 20e3)  # behind nothing
        assert len(line.coming) <= 3
    assert max(after - before for before, after in pairwise(times)) < 0.8 / 2


def test_a_frame_that_fills_the_line_is_followed_by_one_that_finds_it_free() -> None:
    line = Played(0.8, 20e3)
    for size in (40, 8_000, 8_000, 8_000):
        line.send(size)
    line.wait_until(110.0)
    line.send(9_000)
    line.send(500)
    line.send(500)
    assert line.now_s == pytest.approx(110.0 + 9_000 / 20e3 + 0.8, abs=0.1)


def test_a_terminal_that_never_answers_is_found_out() -> None:
    pace, now_s = Pace(), 0.0
    for _ in range(30):
        now_s = max(now_s, pace.due_s(now_s)) + 0.01
        pace.sent(100, now_s)
    assert now_s < SILENT_AFTER_S + 1
    assert pace.due_s(now_s) == now_s
    assert pace.line == Line()


@pytest.mark.parametrize("times", [0, 2])
def test_a_lost_or_doubled_answer_holds_nothing_up(times: int) -> None:
    line = Played(0.1, 1e6)
    for _ in range(5):
        line.send(50)
        line.wait_until(line.now_s + 0.3)
    line.send(50)
    for _ in range(times):
        line.pace.answered(line.now_s + 0.1)
    line.coming.clear()
    before_s = line.now_s
    for _ in range(20):
        line.send(50)
    line.wait_until(line.now_s + 5)
    assert line.now_s - before_s < 5 + 20 * 0.1 + 2
    assert line.pace.line.round_trip_s == pytest.approx(0.1, rel=0.2)


def test_a_slow_line_carries_little_of_what_nobody_asked_for() -> None:
    line = Played(0.8, 20e3, slow=True)
    sent = 0
    while line.now_s < 160:
        line.send(500)
        sent += 500
    assert sent / 60 < 1000


def test_what_a_key_does_is_not_held_back() -> None:
    line = Played(0.8, 20e3, slow=True)
    line.send(40)
    line.wait_until(150.0)
    line.send(3000)
    line.wait_until(151.5)
    line.pace.key(151.5)
    line.send(3000)
    assert line.now_s == 151.5


def test_what_a_start_or_a_resize_makes_drawn_is_not_held_back() -> None:
    line = Played(0.3, 100e3, slow=True)
    line.pace.whole(line.now_s)
    for size in (8_500, 3_000, 13_000, 100):  # empty panes, a list, an image, words
        line.send(size)
    assert line.now_s < 101.5
    line.wait_until(110.0)
    line.send(3_000)
    line.send(100)
    assert line.now_s > 113.0


def test_who_leaves_waits_longer_for_a_terminal_that_has_always_answered() -> None:
    pace = Pace()
    pace.sent(40, 100.0)
    assert pace.parting_s == 1.0  # it may never answer
    pace.answered(100.2)
    pace.sent(400, 101.0)
    assert pace.parting_s == 4.0
    for at in range(4):  # answers have been lost
        pace.sent(400, 102.0 + at)
    assert pace.parting_s == pytest.approx(1.4)


def rates(trip_s: float, rate: float, late_s: tuple[float, ...]) -> list[float]:
    """What a program that reads answers late finds a line to carry, as shares of what it does."""
    found = []
    for seed in range(30):
        chance, pace = Random(seed), Pace()
        coming: list[float] = []
        now_s, free_s, read_s = 100.0, 0.0, 0.0
        sizes = (chance.choice((300, 3_000, 9_000, 16_000)) for _ in range(60))
        for size in (40, 8_500, 400, *sizes):
            while coming and (pace.due_s(now_s) > now_s or coming[0] <= now_s):
                now_s = max(now_s, coming.pop(0))
                pace.answered(now_s)
            now_s = max(now_s, pace.due_s(now_s)) + chance.choice((0.0, 0.02, 0.3))
            pace.sent(size, now_s)
            free_s = max(free_s, now_s) + size / rate
            read_s = max(read_s, free_s + trip_s + chance.choice(late_s) * chance.random())
            coming.append(read_s)
            found += [carried / rate] if (carried := pace.line.bytes_per_s) else []
    return found


@pytest.mark.parametrize(("trip_s", "rate"), [(0.08, 1e6), (0.3, 1e5), (0.04, 1e7)])
@pytest.mark.parametrize(("late_s", "wrong"), [((0.0,), 0.1), ((0.0, 0.0, 0.1, 0.3), 0.35)])
def test_a_busy_program_takes_a_line_for_what_it_is(
    trip_s: float, rate: float, late_s: tuple[float, ...], wrong: float
) -> None:
    found = rates(trip_s, rate, late_s)
    assert sum(one > 2 for one in found) < 0.025 * len(found)
    assert sum(one < 1 / 2 for one in found) < wrong * len(found)
