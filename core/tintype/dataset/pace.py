"""Rows taken so many at a time that a step is short, and steps are few."""

import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

STEP_S = 0.08
"""How long one step of work should take: nobody waits longer for it to end."""
MOST_ROWS = 1_000


class RowPace:
    """How many rows to take next: as many as seem to fit into `STEP_S`."""

    def __init__(self, rows: int = 16) -> None:
        self.rows = rows

    def work(self, rows: int, step: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do a step with so many rows, and learn from how long it takes."""
        begun = time.monotonic()
        done = step(*args, **kwargs)
        spent = max(time.monotonic() - begun, 1e-6)
        self.rows = max(1, min(MOST_ROWS, int(rows * STEP_S / spent), 4 * self.rows))
        return done
