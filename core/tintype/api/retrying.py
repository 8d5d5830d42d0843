"""Which failures are worth another try, and how long to wait before it."""

import random

from tintype.errors import ApiError, RateLimitError, UnreachableError

_LASTING = frozenset({"certificate", "tls", "web_page", "nonsense", "too_long", "encoding"})
"""Failures to answer that the next minute will not change."""
_NEVER_SENT = frozenset({"refused", "name", "certificate", "tls", "connect_timeout"})
"""Failures before the request had been sent."""


def with_jitter(wait_s: float) -> float:
    """Return a fifth more or less, so that many clients do not ask in step."""
    return wait_s * random.uniform(0.8, 1.2)


def back_off(error: ApiError, failures: int, *, longest_s: float = 60.0) -> float:
    """Return how many seconds to wait after so many failures in a row (from 1).

    Twice as long each time; what the provider says may raise that, and never lowers it.
    """
    own_s = with_jitter(min(longest_s, 2.0 ** min(failures - 1, 10)))
    if isinstance(error, RateLimitError) and error.retry_after_s is not None:
        return max(own_s, error.retry_after_s + random.uniform(0.0, 1.0))
    return own_s


def may_pass(error: ApiError) -> bool:
    """Whether the same request may well succeed later, by itself."""
    if isinstance(error, RateLimitError):
        return error.code != "insufficient_quota"
    if isinstance(error, UnreachableError) and error.status is None:
        return error.code not in _LASTING
    return error.status is not None and (error.status >= 500 or error.status in (408, 409))


def may_be_done(error: ApiError) -> bool:
    """Whether the provider may have done what was asked although there was no good answer."""
    if isinstance(error, UnreachableError) and error.status is None:
        return error.code not in _NEVER_SENT
    return error.status is None or error.status >= 500 or error.status == 408
