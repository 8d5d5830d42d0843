"""When a provider may be asked again, and how much at once: one shared pace for everything.

How many questions are under way is found out: it doubles while answers take no longer, then grows
by a tenth, shrinks while they only queue, and halves when the provider turns a question down
(additive increase, multiplicative decrease). A provider that says how long to wait is left alone
for that long by all. Once it has turned one down, questions also start no faster than answers were
coming, so that a window that opens again is not filled in one burst.
"""

import asyncio
import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from tintype.api import Clock

FIRST = 8
"""Questions under way at first."""
LOOK_BACK_S = 2.0
"""How far back questions and answers are counted for a rate."""
_QUICK, _MORE = 1.5, 1.3
"""Times the shortest mean time of an answer, and times the best rate, that allow for more."""
_FORGET = 1.02
"""The shortest mean time is forgotten that slowly: a provider may change."""
_FALL = 0.85
"""What rate and number are multiplied by when a question is turned down."""
_LONGEST_S = 60.0
"""Between two questions to a provider that has answered none yet, and does not say when it will."""
_BELOW = 0.98
"""The part of a stated limit that is used: requests may bunch up on their way."""
_RISE, _CREEP, _NEAR = 1.25, 1.02, 0.9
"""The rate grows so much in a second: quickly up to nine tenths of the rate that was last turned
down, then slowly, since each refusal costs a wait."""


@dataclass(frozen=True, slots=True)
class Turned:
    """An answer's status, and when it came."""

    at_s: float
    status: int
    retry_after_s: float | None = None


def next_allowed_s(turns: Iterable[Turned]) -> float:
    """The earliest moment to ask again: no `Retry-After` is cut short by a later, shorter one."""
    return max((turn.at_s + (turn.retry_after_s or 0.0) for turn in turns), default=0.0)


class SharedPace:
    """The pace at one provider, shared by all that ask it."""

    def __init__(
        self,
        clock: Clock,
        *,
        most: int,
        per_minute: float | None = None,
    ) -> None:
        self._clock, self._now = clock, clock.monotonic
        self._most = most
        self._told_per_s = _BELOW * per_minute / 60 if per_minute else None
        self._rate = self._told_per_s
        self.limit = float(min(FIRST, most))
        """How many questions may be under way."""
        self.under_way = 0
        self._not_before_s = 0.0
        self._next_s = 0.0
        self._rose_s = self._fell_s = self._window_s = clock.monotonic()
        self._answered: deque[float] = deque()
        self._sent: deque[float] = deque()
        self._ceiling = math.inf
        self._refusals = 0
        """In a row, of questions that were not under way together."""
        self._in_window, self._latency_s = 0, 0.0
        self._best_per_s, self._least_s = 0.0, math.inf
        self._doubling = True
        self._changed = asyncio.Event()
        self._waiting: set[asyncio.Task[object]] = set()
        self._stopped = False

    async def begin(self) -> float:
        """Wait until one more question may be sent; returns the moment it is.

        Raises:
            CancelledError: if it is stopped meanwhile.
        """
        task = asyncio.current_task()
        assert task is not None
        self._waiting.add(task)
        try:
            return await self._turn()
        finally:
            self._waiting.discard(task)

    def stop(self) -> None:
        """Send nothing more: tasks that wait for their turn are cancelled."""
        self._stopped = True
        for task in self._waiting:
            task.cancel()

    async def _turn(self) -> float:
        while not self._stopped:
            now = self._now()
            wait_s = max(self._not_before_s, self._next_s) - now
            if self.under_way < int(self.limit) and wait_s <= 0:
                self.under_way += 1
                self._sent.append(now)
                _forget(self._sent, now)
                if self._rate:
                    # A late turn is made up for by one more at once, if no limit was stated.
                    late_s = 0.0 if self._told_per_s else 1 / self._rate
                    self._next_s = max(self._next_s, now - late_s) + 1 / self._rate
                return now
            if self.under_way < int(self.limit):
                await self._clock.sleep(wait_s)
            else:
                self._changed.clear()
                await self._changed.wait()
        raise asyncio.CancelledError

    def end(self) -> None:
        """A question has ended, one way or the other."""
        self.under_way -= 1
        self._changed.set()

    def answered(self, begun_s: float) -> None:
        """A question was answered: perhaps more may be under way."""
        now = self._now()
        self._refusals = 0
        self._latency_s += now - begun_s
        self._answered.append(now)
        _forget(self._answered, now)
        self._in_window += 1
        if self._rate is not None and now - self._fell_s > 1.0:
            near = self._rate >= _NEAR * self._ceiling
            grown = (_CREEP if near else _RISE) ** (now - max(self._rose_s, self._fell_s))
            self._rate = min(self._rate * grown, self._told_per_s or math.inf)
        self._rose_s = now
        if self._in_window >= self.limit:
            self._grow(now)
        self._changed.set()

    def turned_down(self, begun_s: float, retry_after_s: float | None) -> None:
        """The provider limits its rate: fewer at once, and none before it says so."""
        now = self._now()
        news = begun_s >= self._fell_s  # those sent before the last fall say nothing new
        self._refusals += news
        if retry_after_s is None and self._rate is None:  # nothing says how long to wait
            retry_after_s = min(_LONGEST_S, 2.0 ** min(self._refusals - 1, 10))
        turns = (Turned(now, 429, retry_after_s), Turned(self._not_before_s, 429))
        self._not_before_s = next_allowed_s(turns)
        if news:
            self._doubling = False
            _forget(self._sent, now)
            if self._answered:
                sent = len(self._sent) / LOOK_BACK_S
                self._ceiling = min(self._rate or sent, max(sent, 0.1))
                self._rate = self._ceiling * _FALL
            self.limit = max(1.0, self.limit * _FALL)
            self._fell_s = now
            self._start_window(now)
        self._changed.set()

    def waits_s(self) -> float:
        """How long the provider wants to be left alone, from now on."""
        return max(0.0, self._not_before_s - self._now())

    def per_s(self) -> float:
        """Answers a second of late."""
        now = self._now()
        late = [at for at in self._answered if at >= now - LOOK_BACK_S]
        return len(late) / max(now - late[0], 0.5) if late else 0.0

    def _grow(self, now: float) -> None:
        """More at once, unless that only makes the provider's queue longer."""
        per_s = self._in_window / max(now - self._window_s, 1e-6)
        mean_s = self._latency_s / self._in_window
        self._least_s = min(self._least_s * _FORGET, mean_s)
        if mean_s <= _QUICK * self._least_s or per_s > _MORE * self._best_per_s:
            wider = self.limit * 2 if self._doubling else self.limit + max(1.0, self.limit / 10)
            self.limit = min(float(self._most), wider)
        else:
            self._doubling = False
            if mean_s > 2 * self._least_s and per_s < 1.1 * self._best_per_s:
                self.limit = max(min(FIRST, self.limit), self.limit * 0.75)
        self._best_per_s = max(self._best_per_s, per_s)
        self._start_window(now)

    def _start_window(self, now: float) -> None:
        self._window_s, self._in_window, self._latency_s = now, 0, 0.0


def _forget(moments: "deque[float]", now: float) -> None:
    while moments and moments[0] < now - LOOK_BACK_S:
        moments.popleft()
