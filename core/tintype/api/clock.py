"""Time as a value, so that what waits can be tested without waiting."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Clock:
    """What time it is, and how to let it pass."""

    now: Callable[[], datetime]
    """Aware, UTC; may jump when the machine's clock is set."""
    monotonic: Callable[[], float]
    """Seconds that never go back."""
    sleep: Callable[[float], Awaitable[None]]
    """Seconds."""


SYSTEM = Clock(lambda: datetime.now(UTC), time.monotonic, asyncio.sleep)
