"""A recorded job played again, as it once came: with a speed, from any step on."""

from collections.abc import AsyncGenerator, Sequence

from tintype.api import SYSTEM, Clock
from tintype.jobs.watching import JobProgress
from tintype.metrics import Metrics, fold
from tintype.resources import Checkpoint, Event
from tintype.store import KeptJob

LONGEST_S = 2.0
"""The longest wait for the next event, however long it took then: a queue is not sat out."""
FRAME_S = 0.05
"""Events that come closer together are given at once."""


async def replay(
    kept: KeptJob,
    events: Sequence[Event],
    checkpoints: Sequence[Checkpoint] = (),
    *,
    speed: float = 1.0,
    from_step: int = 0,
    clock: Clock = SYSTEM,
) -> AsyncGenerator[JobProgress, None]:
    """Give a job's events again in their order and, `speed` times as fast, in their rhythm.

    Args:
        kept: The job as it is known.
        events: All that it said, oldest first.
        checkpoints: Its checkpoints, each given once its step has come.
        speed: How many times as fast; more than 0.
        from_step: What was said before this step comes at once.
        clock: What to wait by.
    """
    metrics, batch, due_s = Metrics(), list[Event](), 0.0
    last = len(events) - 1
    begun = from_step <= 0
    for at, event in enumerate(events):
        batch.append(event)
        begun = begun or fold([event]).last_step >= from_step
        if at < last and begun:
            gap_s = (events[at + 1].created_at - event.created_at).total_seconds()
            due_s += min(LONGEST_S, max(0.0, gap_s) / speed)
        if at < last and (not begun or due_s < FRAME_S):
            continue
        metrics = fold(batch, metrics)
        so_far = tuple(one for one in checkpoints if (one.step or 0) <= metrics.last_step)
        yield JobProgress(kept.job, tuple(batch), metrics, so_far, event.created_at)
        batch = []
        if at < last:
            await clock.sleep(due_s)
            due_s = 0.0
