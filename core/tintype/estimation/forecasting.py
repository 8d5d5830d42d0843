"""How long a training on this machine will take: steps × the time of a step, as measured before."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from statistics import quantiles

from tintype.resources import TOGETHER, Event

FEWEST_STEPS = 5
"""Of fewer, start-up is too large a part."""
WINDOWS = 20


@dataclass(frozen=True, slots=True)
class StepTime:
    """Seconds that a step of an earlier training took: the middle half of its windows, the median.

    Median and quartiles leave out a pause, or a night in which the machine slept.
    """

    job: str
    """Id of the training."""
    steps: int
    """How many were measured."""
    batch: int
    """Rows in each."""
    low_s: float
    likely_s: float
    high_s: float
    processes: int = 1
    """How many shared every step."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """How long a training will take, without the wait in the queue."""

    steps: int | None
    """None where it is not steps that were measured."""
    low_s: float | None
    """Seconds, like the next two; none where no step has been measured yet."""
    likely_s: float | None
    high_s: float | None
    reason: str
    """Where the figure comes from, or why there is none: a sentence."""
    memory_bytes: int | None = None
    """What training takes at least, of a GPU or twice of the machine; none where it is unknown."""
    processes: int | None = 1
    """How many share every step, each with such memory; none for as many as there will be GPUs."""
    usd_per_hour: Decimal | None = None
    """What the machine that trains costs; none if nobody said."""

    @property
    def machine_usd(self) -> Decimal | None:
        """What the machine will likely cost; none where time or price is unknown."""
        if self.usd_per_hour is None or self.likely_s is None:
            return None
        return self.usd_per_hour * Decimal(self.likely_s) / 3600


def step_time(job: str, batch: int, events: Sequence[Event]) -> StepTime | None:
    """Return the time of a step from a training's events, oldest first; none if it made too few.

    Events are stamped with whole seconds: a window is ten seconds long at least, and the bounds
    are a second of the whole length apart at least.
    """
    seen = [
        (event.data["step"], event.created_at)
        for event in events
        if event.type == "metrics" and isinstance(event.data.get("step"), int)
    ]
    steps = _made(seen)
    if steps < FEWEST_STEPS:
        return None
    whole_s = (seen[-1][1] - seen[0][1]).total_seconds()
    size = max(2, -(-len(seen) // max(1, min(WINDOWS, int(whole_s / 10)))))
    cuts = [seen[at : at + size + 1] for at in range(0, len(seen) - 1, size)]
    paces = [
        (cut[-1][1] - cut[0][1]).total_seconds() / made for cut in cuts if (made := _made(cut))
    ]
    low_s, likely_s, high_s = quantiles(paces, n=4) if len(paces) > 1 else [whole_s / steps] * 3
    doubt_s = 0.5 / steps
    likely_s = max(likely_s, doubt_s)
    low_s, high_s = min(low_s, likely_s - doubt_s), max(high_s, likely_s + doubt_s)
    return StepTime(job, steps, batch, max(0.0, low_s), likely_s, high_s, _sharing(events))


def _sharing(events: Sequence[Event]) -> int:
    """How many processes shared the last steps."""
    pattern = re.escape(TOGETHER).replace(re.escape("{}"), r"(\d+)")
    noted = [found for event in events if (found := re.fullmatch(pattern, event.message))]
    return int(noted[-1][1]) if noted else 1


def forecast(
    steps: int,
    batch: int,
    measured: StepTime | None,
    model: str,
    processes: int | None = 1,
) -> Forecast:
    """Return how long so many steps of `batch` rows will take.

    Where batches differ in size, a step takes between as long as the measured one and in
    proportion to its rows: engines show small batches in several variations at once. So it is where
    more or fewer processes share it: in proportion at best, and at worst no faster.
    """
    if measured is None:
        reason = f"How long it takes is unknown until the first training of {model} on this machine"
        words = f"{reason} has been watched."
        return Forecast(steps, None, None, None, words, processes=processes)
    ratio, sharing = batch / measured.batch, processes or measured.processes
    shared = measured.processes / sharing
    low, high = min(1.0, ratio) * min(1.0, shared), max(1.0, ratio) * max(1.0, shared)
    reason = (
        f"{steps:,} steps of {batch} rows; {measured.job} took {measured.likely_s:.2g} s a step "
        f"({measured.steps:,} steps of {measured.batch} rows measured on this machine)."
    )
    if shared != 1:
        reason += f" Processes that share a step: {sharing} now, {measured.processes} then."
    return Forecast(
        steps,
        steps * measured.low_s * low,
        steps * measured.likely_s * (low + high) / 2,
        steps * measured.high_s * high,
        reason,
        processes=processes,
    )


def _made(seen: Sequence[tuple[int, datetime]]) -> int:
    """Steps between the first and the last; those made again after an interruption count again."""
    return sum(max(0, after[0] - before[0]) for before, after in pairwise(seen))
