"""Which failures are worth another try, how long to wait before it, and within which budget."""

import math
import random
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from tintype.api.base import Clock
from tintype.errors import ApiError, UnreachableError

_LASTING = frozenset({"certificate", "tls", "web_page", "nonsense", "too_long", "encoding"})
"""Failures to answer that the next minute will not change."""
_NEVER_SENT = frozenset({"refused", "name", "certificate", "tls", "connect_timeout"})
"""Failures before the request had been sent."""
_NO_USE = frozenset({"insufficient_quota", "daily_rate_limit_exceeded"})
"""Rate limits that a wait of minutes does not lift."""
A_MOMENT_S = 10.0
"""A budget where many are asked: a rate limit is waited for, an outage is not sat out."""
ONE_MORE_S = 0.6
"""A budget for one more try after half a second, and no other."""


def with_jitter(wait_s: float) -> float:
    """Return a fifth more or less, so that many clients do not ask in step."""
    return wait_s * random.uniform(0.8, 1.2)


def back_off(error: ApiError, failures: int, *, longest_s: float = 60.0) -> float:
    """Return how many seconds to wait after so many failures in a row (from 1).

    Twice as long each time; what the provider says may raise that, and never lowers it.
    """
    own_s = with_jitter(min(longest_s, 2.0 ** min(failures - 1, 10)))
    if error.retry_after_s is not None:
        return max(own_s, error.retry_after_s + random.uniform(0.0, 1.0))
    return own_s


def may_pass(error: ApiError) -> bool:
    """Whether the same request may well succeed later, by itself."""
    if error.status == 429:
        return error.code not in _NO_USE
    if isinstance(error, UnreachableError) and error.status is None:
        return error.code not in _LASTING
    status = error.status or 0
    return status in (408, 409) or (status >= 500 and status not in (501, 505))


def may_pass_soon(error: ApiError) -> bool:
    """Whether the same request may succeed within a minute: something is there and answers."""
    if isinstance(error, UnreachableError) and error.status is None:
        return error.code == "cut"
    return may_pass(error) and error.status not in (409, 507) and error.code != "storage"


def may_be_read_soon(error: ApiError) -> bool:
    """Whether what is only read may come within a minute: a conflict (409) is over by then, too."""
    return may_pass_soon(error) or error.status == 409


def may_be_done(error: ApiError) -> bool:
    """Whether the provider may have done what was asked although there was no good answer."""
    if isinstance(error, UnreachableError) and error.status is None:
        return error.code not in _NEVER_SENT
    return error.status is None or error.status >= 500 or error.status == 408


budget_s: ContextVar[float | None] = ContextVar("budget_s", default=None)
"""How long the call being made may be tried again, in seconds; none is as the connection says."""


@contextmanager
def trying_for(seconds: float) -> Iterator[None]:
    """Give the calls made inside another budget, in seconds."""
    reset = budget_s.set(seconds)
    try:
        yield
    finally:
        budget_s.reset(reset)


class Retry:
    """One request that may be tried again, until its budget is used up."""

    def __init__(
        self,
        clock: Clock,
        budget_s: float,
        notify: Callable[[str], None],
        worth: Callable[[ApiError], bool] = may_pass_soon,
    ) -> None:
        self._clock, self._notify, self._worth = clock, notify, worth
        self._budget_s = budget_s
        self._ends = clock.monotonic() + budget_s
        self.failures = 0

    async def again(self, error: ApiError) -> bool:
        """Wait, saying for how long; false, at once, if another try is of no use or too late."""
        self.failures += 1
        wait_s = self._wait_s(error)
        left_s = self._ends - self._clock.monotonic()
        if self._budget_s == ONE_MORE_S:  # however long the first took
            left_s = ONE_MORE_S if self.failures == 1 else 0.0
        if not self._worth(error) or wait_s > left_s:
            return False
        if self._budget_s > ONE_MORE_S:
            self._notify(
                f"{error.message} Trying again in {words(wait_s)}, for {words(left_s)} at most."
            )
        await self._clock.sleep(wait_s)
        return True

    def _wait_s(self, error: ApiError) -> float:
        """Half a second at first, then twice as long each time; longer if the provider says so.

        A rate limit is waited for twice as long.
        """
        shortest_s = 1.0 if error.status == 429 else 0.5
        own_s = min(30.0, shortest_s * 2.0 ** (self.failures - 1))
        own_s = with_jitter(own_s) if self.failures > 1 else own_s
        if error.retry_after_s is None:
            return own_s
        return max(own_s, error.retry_after_s + random.uniform(0.0, 1.0))


def requested_wait_s(headers: Mapping[str, str], message: str) -> float | None:
    """Seconds, from the headers (milliseconds, seconds or a date), else from the message.

    None if nothing is said; a day at the most.
    """
    for name, unit_s in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            return _bounded(float(headers.get(name, "")) * unit_s)
        except ValueError:
            continue
    try:
        date = parsedate_to_datetime(headers.get("retry-after", ""))
        wait = date.replace(tzinfo=date.tzinfo or UTC) - datetime.now(UTC)
        return _bounded(wait.total_seconds())
    except (ValueError, TypeError):
        pass
    found = re.search(r"try again in (?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)(m?s))?", message)
    if not found or not any(found.groups()):
        return None
    hours, minutes, rest, unit = found.groups()
    seconds = float(rest or 0) * (0.001 if unit == "ms" else 1.0)
    return _bounded(int(hours or 0) * 3600 + int(minutes or 0) * 60 + seconds)


def _bounded(wait_s: float) -> float:
    """A day at the most; a wait that is no number raises `ValueError`."""
    if math.isnan(wait_s):
        raise ValueError
    return min(max(wait_s, 0.0), 86_400.0)


def words(seconds: float) -> str:
    """`3 s`, `2 min`, `1 h`, `3 days`."""
    if seconds < 100:
        return f"{max(1, round(seconds))} s"
    if seconds < 5_400:
        return f"{round(seconds / 60)} min"
    hours = round(seconds / 3_600)
    return f"{hours} h" if hours < 48 else f"{hours // 24} days"
