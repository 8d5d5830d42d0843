"""The pace at providers of all kinds, in virtual time: nobody waits, and chance is seeded."""

import asyncio
import random
import selectors
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from tintype.api import Clock
from tintype.evaluation.pacing import SharedPace


class Skipping(selectors.DefaultSelector):
    """Where nothing is to be read, the time that would be waited for has passed at once."""

    elapsed_s = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(0)
        if not ready and timeout:
            self.elapsed_s += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time is skipped."""

    def __init__(self) -> None:
        self.skipping = Skipping()
        super().__init__(self.skipping)

    def time(self) -> float:
        return self.skipping.elapsed_s


class Bucket:
    """A provider that takes so many requests a second, with a burst, and says to wait a second."""

    def __init__(self, per_s: float, burst: float, takes_s: Callable[[], float]) -> None:
        self.per_s, self.burst, self.takes_s = per_s, burst, takes_s
        self.tokens, self.at_s, self.refused = burst, 0.0, 0
        self.queue = asyncio.Lock()

    def allows(self, now: float) -> bool:
        self.tokens = min(self.burst, self.tokens + (now - self.at_s) * self.per_s)
        self.at_s = now
        self.tokens -= self.tokens >= 1
        self.refused += self.tokens < 1
        return self.tokens >= 1


async def asked(provider: Bucket, pace: SharedPace, *, serial: bool) -> None:
    while True:
        begun = await pace.begin()
        try:
            if not provider.allows(asyncio.get_running_loop().time()):
                pace.turned_down(begun, 1.0)
                continue
            if serial:
                async with provider.queue:
                    await asyncio.sleep(provider.takes_s())
            else:
                await asyncio.sleep(provider.takes_s())
            pace.answered(begun)
            return
        finally:
            pace.end()


def run(
    per_s: float,
    burst: float,
    takes_s: Callable[[], float],
    *,
    number: int = 970,
    serial: bool = False,
    **more: Any,
) -> tuple[float, int, float]:
    """Seconds for so many questions, how many were refused, and how many were under way at last."""

    async def all_of_them() -> tuple[float, int, float]:
        loop = asyncio.get_running_loop()
        clock = Clock(lambda: datetime.now(UTC), loop.time, asyncio.sleep)
        provider, pace = Bucket(per_s, burst, takes_s), SharedPace(clock, most=64, **more)
        under_way: set[asyncio.Task[None]] = set()
        for _ in range(number):
            while len(under_way) > pace.limit:
                _, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
            under_way.add(asyncio.create_task(asked(provider, pace, serial=serial)))
        await asyncio.wait(under_way)
        return loop.time(), provider.refused, pace.limit

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(all_of_them())


def test_a_provider_that_answers_nothing_and_does_not_say_for_how_long_is_asked_ever_less() -> None:
    async def asking() -> list[float]:
        loop = asyncio.get_running_loop()
        clock = Clock(lambda: datetime.now(UTC), loop.time, asyncio.sleep)
        pace, sent = SharedPace(clock, most=64), list[float]()

        async def ask() -> None:
            while loop.time() < 900:
                begun = await pace.begin()
                sent.append(loop.time())
                await asyncio.sleep(0.01)
                pace.turned_down(begun, None)
                pace.end()

        await asyncio.gather(*(ask() for _ in range(20)))
        return sent

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        sent = runner.run(asking())
    assert len(sent) < 150
    assert max(b - a for a, b in pairwise(sent)) <= 61


@pytest.mark.parametrize("per_s", [40, 20, 10])
def test_a_rate_limit_is_found_and_mostly_filled(per_s: float) -> None:
    chance = random.Random(0)
    took_s, refused, _ = run(per_s, per_s / 2, lambda: chance.uniform(0.5, 2), number=600)
    assert took_s < 1.5 * 600 / per_s
    assert refused < 0.05 * 600


def test_a_quick_provider_gets_all_that_may_be_under_way() -> None:
    chance = random.Random(0)
    took_s, refused, limit = run(1e6, 1e6, lambda: chance.uniform(0.5, 2), number=600)
    assert (refused, limit) == (0, 64)
    assert took_s < 1.7 * 600 * 1.25 / 64


def test_a_provider_that_answers_one_by_one_gets_no_long_queue() -> None:
    took_s, _, limit = run(1e6, 1e6, lambda: 0.05, number=400, serial=True)
    assert took_s == pytest.approx(400 * 0.05, rel=0.05)
    assert limit < 32


def test_the_limit_that_was_told_is_never_passed() -> None:
    chance = random.Random(0)
    took_s, refused, _ = run(10, 2, lambda: chance.uniform(0.5, 2), number=200, per_minute=600)
    assert refused == 0
    assert took_s > 19
