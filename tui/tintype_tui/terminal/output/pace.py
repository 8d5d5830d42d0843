"""When the next frame may be sent: the terminal's answers to a question after each frame.

The question (DSR, `CSI 5 n`) is answered in order, so its answer says that the frame before it has
arrived and been drawn. One frame is under way at a time, and a second from half a round trip on; of
frames that are known to pass in less than a third of one, a third. None is sent before the last has
passed, so none waits behind another; whatever is drawn meanwhile is never sent, only what is newest
then. Answers may be late, lost or doubled, and some terminals give none: then a limit in time takes
their place.
"""

from collections import deque
from dataclasses import dataclass, field

from tintype_tui.terminal.output.line import Line

QUESTION = "\x1b[5n"
"""Are you well? Every terminal since the VT100 answers `CSI 0 n`: the shortest there is."""

FIRST_LIMIT_S = 0.25
"""How long the answer is waited for while it is not known whether there are any."""
SILENT_AFTER_S = 2.0
"""A terminal that has answered nothing for that long does not answer."""
LEAST_LIMIT_S, MOST_LIMIT_S = 1.0, 10.0
UNASKED_BYTES_PER_S = 750.0
"""What a slow line carries of what nobody has just asked for with a key."""
UNASKED_MOST_S = 15.0
"""How long a change that nobody asked for may wait at most."""
ASKED_S = 1.5
"""How long after a key, beyond a round trip, what is drawn counts as its effect."""
SETTLED_S = 5.0
"""Likewise after the whole screen had to be drawn: by a start or a resize somebody asks as well."""
PARTING_S, PARTING_MOST_S = 1.0, 4.0
"""How long after asking an app that leaves still waits for the answer, so that it is not typed into
the shell: besides two round trips; and at most, where the terminal has answered all it was asked,
for a machine that is busy answers late."""
_MOST_UNDER_WAY = 3
LARGE = 1_500
"""Bytes from which on a frame says what the line carries."""
SURE_S = 0.25
"""What takes that long to pass says by itself what the line carries."""
_FASTEST = 1e8


@dataclass(slots=True)
class _Sent:
    at_s: float
    size: int


@dataclass(slots=True)
class Pace:
    """Keeps the account of frames and answers. All times are a monotonic clock's, in seconds."""

    slow: bool = False
    """Whether to spare the line: what nobody asked for waits."""
    answers: int = 0
    last_key_s: float = float("-inf")
    """When somebody has pressed a key last, whether or not it has been done."""
    _whole_s: float = float("-inf")
    _asked: int = 0
    _first_s: float | None = None
    _under_way: deque[_Sent] = field(default_factory=deque)
    _lost: int = 0
    """Frames in a row whose answers did not come in time."""
    _trips: deque[float] = field(default_factory=lambda: deque(maxlen=24))
    _small_trips: deque[float] = field(default_factory=lambda: deque(maxlen=24))
    _rates: deque[float] = field(default_factory=lambda: deque(maxlen=3))
    _last_answer_s: float = 0.0
    _burst: _Sent | None = None
    """When the first of those that waited behind each other was sent, and the bytes of all."""
    _last: _Sent | None = None
    _unasked_due_s: float = 0.0

    @property
    def line(self) -> Line:
        """What is known of the line."""
        trip = min(self._trips) if self._trips else None
        return Line(trip, self._rate, self.answers > 0)

    @property
    def _rate(self) -> float | None:
        # A busy program reads answers late, never early: one of a few says what the line can do.
        return max(self._rates) if len(self._rates) > 1 else None

    @property
    def awaited(self) -> int:
        """Answers that may still come."""
        return max(0, self._asked - self.answers)

    @property
    def parting_s(self) -> float:
        """How long after the last question its answer is worth waiting for."""
        if self.answers and self.awaited <= _MOST_UNDER_WAY:
            return PARTING_MOST_S
        return min(PARTING_S + 2 * (self.line.round_trip_s or 0.0), PARTING_MOST_S)

    @property
    def last_s(self) -> float:
        """When the terminal was asked last."""
        return self._last.at_s if self._last else float("-inf")

    def sent(self, size: int, now_s: float) -> None:
        """Note that a frame has been written, the question after it included."""
        if self._is_silent(now_s):
            self._under_way.clear()
        while self._trips and self._under_way and now_s >= self._oldest_limit_s():
            self._under_way.popleft()
            self._lost += 1
        if not self._is_asked(now_s):
            self._unasked_due_s = now_s + min(size / UNASKED_BYTES_PER_S, UNASKED_MOST_S)
        self._asked += 1
        self._first_s = now_s if self._first_s is None else self._first_s
        self._last = _Sent(now_s, size)
        self._under_way.append(self._last)

    def key(self, now_s: float) -> None:
        """Note that somebody has pressed a key: they wait for its effect, and the line is alive."""
        self.last_key_s, self._lost = now_s, 0

    def whole(self, now_s: float) -> None:
        """Note that the whole screen is drawn, as at a start, after a resize or a pause."""
        self._whole_s = now_s

    def answered(self, now_s: float) -> None:
        """Note an answer."""
        if self._asked == 0:
            return
        doubled = self.answers > self._asked
        self.answers += 1
        if not self._under_way or (doubled and not self._plausible(now_s)):
            return
        sent = self._under_way.popleft()
        if not self._lost:
            self._measure(sent, now_s)
        self._lost, self._last_answer_s = 0, now_s

    def due_s(self, now_s: float) -> float:
        """When the next frame may be sent: now or before, if at once."""
        due = self._fence_s(now_s)
        if self.slow and not self._is_asked(now_s):
            due = max(due, self._unasked_due_s)
        return due

    def _is_asked(self, now_s: float) -> bool:
        trip = min(self._trips) if self._trips else 0.0
        return now_s <= max(self.last_key_s + ASKED_S, self._whole_s + SETTLED_S) + 2 * trip

    def _fence_s(self, now_s: float) -> float:
        under_way = self._under_way
        if not under_way or self._is_silent(now_s):
            return now_s
        if not self._trips:  # the first frame waits for nobody
            return now_s if len(under_way) < 2 else under_way[-1].at_s + FIRST_LIMIT_S
        limit_s, trip, rate = self._oldest_limit_s(), min(self._trips), self._rate or _FASTEST
        passing_s = under_way[-1].size / rate
        small = self._rate is not None and all(sent.size / rate < trip / 3 for sent in under_way)
        most = _MOST_UNDER_WAY if small else 2
        if len(under_way) >= most:
            return limit_s
        return min(limit_s, under_way[-1].at_s + max((trip + passing_s) / most, passing_s))

    def _is_silent(self, now_s: float) -> bool:
        first = self._first_s
        return not self.answers and first is not None and now_s - first > SILENT_AFTER_S

    def _oldest_limit_s(self) -> float:
        """When the answer to the oldest question is given up."""
        size = sum(sent.size for sent in self._under_way)
        expected_s = 3 * min(self._trips) + 2 * size / (self._rate or _FASTEST)
        wait_s = max(LEAST_LIMIT_S, expected_s) * (1 << min(self._lost, 8))
        return self._under_way[0].at_s + min(MOST_LIMIT_S, wait_s)

    def _plausible(self, now_s: float) -> bool:
        trip = min(self._trips) if self._trips else 0.0
        return now_s - self._under_way[0].at_s >= 0.8 * trip

    def _measure(self, sent: _Sent, now_s: float) -> None:
        took_s = now_s - sent.at_s
        is_large = sent.size >= LARGE
        passing_s = 0.0 if is_large else sent.size / (self._rate or _FASTEST)
        self._trips.append(max(1e-6, took_s - passing_s))
        if not is_large:
            self._small_trips.append(self._trips[-1])
        trip = min(self._trips)
        # Behind others it waited until they had passed, whenever their answers were read.
        is_behind = self._burst is not None and sent.at_s + trip < self._last_answer_s
        burst = self._burst if is_behind and self._burst else _Sent(sent.at_s, 0)
        self._burst = _Sent(burst.at_s, burst.size + sent.size)
        # If a large one came sooner than all small ones, theirs were read late: the trip is unsure.
        if is_large and self._small_trips and min(self._small_trips) <= trip < took_s:
            passing_s = now_s - self._burst.at_s - trip
            rate = min(_FASTEST, self._burst.size / max(1e-6, passing_s))
            self._rates.extend((rate,) if passing_s < SURE_S else (rate, rate))
