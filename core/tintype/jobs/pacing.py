"""How often to ask, how long to wait after a failure, and which failures are worth waiting for."""

import random
from dataclasses import dataclass

from tintype.errors import ApiError, RateLimitError, UnreachableError
from tintype.settings import Profile

_LASTING = frozenset({"certificate", "tls", "web_page", "nonsense", "too_long", "encoding"})
"""Silences that the next minute will not mend."""


@dataclass(frozen=True, slots=True)
class Pace:
    """The rhythm of asking, in seconds."""

    fastest_s: float
    """While something happens."""
    slowest_s: float
    """When nothing has happened for long."""
    quiet_rounds: int
    """How often an ended job is asked for events that came late."""

    def after(self, wait_s: float, *, news: bool) -> float:
        """The wait that follows a wait: back to the fastest on news, else a half longer."""
        return self.fastest_s if news else min(self.slowest_s, wait_s * 1.5)


LOCAL = Pace(0.5, 5.0, 1)
REMOTE = Pace(5.0, 60.0, 2)
"""No limit on reading events is documented; the SDK's own helper asks every 5 s."""


def pace_for(profile: Profile) -> Pace:
    """The rhythm for a provider: the embedded one is asked often, and at no cost."""
    return LOCAL if profile.dialect == "embedded" else REMOTE


def with_jitter(wait_s: float) -> float:
    """A fifth more or less, so that many clients do not ask in step."""
    return wait_s * random.uniform(0.8, 1.2)


def back_off(error: ApiError, failures: int, *, longest_s: float = 60.0) -> float:
    """How long to wait after so many failures in a row (from 1): as told, else twice as long."""
    if isinstance(error, RateLimitError) and error.retry_after_s is not None:
        return error.retry_after_s + random.uniform(0.0, 1.0)
    return with_jitter(min(longest_s, 2.0 ** min(failures - 1, 10)))


def may_pass(error: ApiError) -> bool:
    """Whether the same request may well succeed later, by itself."""
    if isinstance(error, RateLimitError):
        return error.code != "insufficient_quota"
    if isinstance(error, UnreachableError) and error.status is None:
        return error.code not in _LASTING
    return error.status is not None and (error.status >= 500 or error.status in (408, 409))
