"""What the app has under way: whoever works for long says so here, how far, and how to stop it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType

SOON_S = 1.0
"""What has ended sooner is not counted on the bottom line."""


@dataclass(eq=False)
class Task:
    """Work that somebody may wait for; ends with its block, or by `end`."""

    title: str
    """What is done, in a sentence's beginning: `Upload train.jsonl`."""
    stop: Callable[[], object]
    """Stops it; what has been done stays where the work says so."""
    pane: str = ""
    """Where it is seen; empty if nowhere."""
    words: str = ""
    """How far it is."""
    ended: Callable[["Task"], None] = lambda task: None

    def end(self) -> None:
        """It is done, or was stopped."""
        self.ended(self)

    def __enter__(self) -> "Task":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.end()


class Tasks:
    """What is under way in one session, oldest first."""

    def __init__(self) -> None:
        self.now: list[Task] = []
        self._owned: dict[object, Task] = {}
        self.changed: Callable[[], object] = lambda: None
        """Called when there are more or fewer; set by the app."""

    def begin(
        self,
        title: str,
        stop: Callable[[], object] | None = None,
        *,
        pane: str = "",
        words: str = "",
    ) -> Task:
        """Note work that begins; without `stop`, the coroutine that says so is cancelled."""
        running = asyncio.current_task() if stop is None else None
        if stop is None and running is not None:
            stop = running.cancel
        task = Task(title, stop or (lambda: None), pane, words, self._end)
        self.now.append(task)
        self.changed()
        return task

    def note(
        self, owner: object, title: str, words: str, stop: Callable[[], object], pane: str
    ) -> None:
        """Say how far the only work of an owner is, which begins with it; without words it ends."""
        task = self._owned.get(owner)
        if words and task is None:
            task = self._owned[owner] = self.begin(title, stop, pane=pane)
        if task is not None:
            task.words = words
        if task is not None and not words:
            del self._owned[owner]
            task.end()

    def _end(self, task: Task) -> None:
        if task in self.now:
            self.now.remove(task)
            self.changed()
