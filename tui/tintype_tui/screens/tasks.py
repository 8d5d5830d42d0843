"""Everything under way: what the app does, unfinished jobs, recorders; each can be stopped here."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.reactive import var
from textual.widgets import Static

from tintype import jobs, recorder
from tintype.errors import TintypeError
from tintype.recorder import RecorderStatus
from tintype.store import KeptJob
from tintype.trainer_logs import LOCAL
from tintype_tui import requests
from tintype_tui.keys import with_keys
from tintype_tui.screens.dialogs import Confirm, Dialog
from tintype_tui.screens.jobs.acting import cancelling
from tintype_tui.session import Session, SessionApp
from tintype_tui.tasks import Task
from tintype_tui.text import clip, count, one_line, pad, visible
from tintype_tui.widgets.line_list import Line, LineList
from tintype_tui.words.jobs import heard_words, name_of, status_words

LOOK_S = 1.0
"""How often it is looked how far everything is."""
MOST_JOBS = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """Something under way, as a line says it."""

    what: str
    how_far: str
    stops: str
    """What stopping it does, in a few words; empty if it cannot be stopped from here."""
    stop: Callable[[], Awaitable[None]]
    goes: requests.Reached | None = None
    """Where it is seen."""
    asks: Confirm | None = None
    """The question before it is stopped."""


class TaskList(LineList):
    """A line for each."""

    BINDING_GROUP_TITLE = "Tasks"

    entries: var[Sequence[Entry]] = var(())

    def watch_entries(self, entries: Sequence[Entry]) -> None:
        self.total = len(entries)
        self.refresh()

    def item(self, index: int, width: int, style: Style) -> Line:
        entry = self.entries[index]
        left = max(20, width * 11 // 20)
        return [
            Segment(pad(f" {one_line(entry.what)}", left), style),
            Segment(clip(f" {one_line(entry.how_far)}", max(0, width - left)), style),
        ]


class TaskDialog(Dialog[Callable[[], Awaitable[None]] | None]):
    """What is under way; gives what is to be done with one of them, once this is closed."""

    app = getters.app(SessionApp)

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+t,q", "dismiss(None)", "Back", id="tasks.back"),
        Binding("x,delete", "stop", "Stop", id="tasks.stop"),
    ]

    list = getters.query_one(TaskList)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog -tall"):
            yield Static("Under way", classes="dialog-title")
            yield TaskList(id="tasks")
            yield Static(id="tasks-words", classes="hint")
            words = with_keys(self, "Enter goes there · {tasks.stop} stops it · Esc goes back")
            yield Static(words, classes="hint")

    def on_mount(self) -> None:
        self.list.empty_text = "Looking …"
        self.list.focus()
        self._look()

    @work
    async def _look(self) -> None:
        """Look again and again; a look that takes long is waited for."""
        while True:
            try:
                self.list.entries = await under_way(self.app)
                self.list.empty_text = "Nothing is under way."
            except TintypeError as error:
                self.list.entries, self.list.empty_text = (), visible(str(error))
            self._say()
            await asyncio.sleep(LOOK_S)

    @on(LineList.Moved)
    def _say(self) -> None:
        here = self._here
        self.query_one("#tasks-words", Static).update(Content(here.stops if here else ""))

    @property
    def _here(self) -> Entry | None:
        entries, at = self.list.entries, self.list.cursor
        return entries[at] if at < len(entries) else None

    @on(LineList.Chosen)
    def _go(self) -> None:
        here = self._here
        if here is not None and here.goes is not None:
            self.dismiss(partial(_go_to, self.app, here.goes))

    def action_stop(self) -> None:
        """Stop the one under the cursor, once that has been asked where it is for good."""
        if (here := self._here) is not None:
            self.dismiss(partial(_stop, self.app, here))


async def look_at_tasks(app: SessionApp) -> None:
    """Show what is under way, and do what is chosen there; in a worker."""
    if isinstance(app.screen, TaskDialog):
        app.screen.dismiss(None)
    elif (chosen := await app.push_screen_wait(TaskDialog())) is not None:
        try:
            await chosen()
        except TintypeError as error:
            app.session.say(str(error))


async def _go_to(app: SessionApp, there: requests.Reached) -> None:
    app.post_message(there)


async def _stop(app: SessionApp, entry: Entry) -> None:
    if entry.asks is None or await app.push_screen_wait(entry.asks):
        await entry.stop()


# ---------------------------------------------------------------------- what there is


async def under_way(app: SessionApp) -> Sequence[Entry]:
    """Everything under way: what the app does, then jobs that have not ended, then recorders.

    Raises:
        StoreError: if the store cannot be read.
    """
    session = app.session
    store = await session.store()
    unfinished = [one for one in store.jobs.newest(MOST_JOBS) if not one.job.ended]
    far = [await _how_far(session, kept) for kept in unfinished]
    recorders = await asyncio.to_thread(_recorders, session)
    return [
        *map(_task, session.tasks.now),
        *(_job(session, kept, words) for kept, words in zip(unfinished, far, strict=True)),
        *(_recorder(session, one) for one in recorders),
    ]


def _task(task: Task) -> Entry:
    async def stop() -> None:
        task.stop()

    ends = "Stopped, it leaves nothing half written."
    if task.pane == "evaluate":
        ends = "It is paused, and can be gone on with."
    goes = requests.Reached(lambda state: state, task.pane) if task.pane else None
    return Entry(task.title, task.words or "under way", ends, stop, goes)


async def _how_far(session: Session, kept: KeptJob) -> str:
    metrics, _ = await jobs.recorded(await session.store(), kept.profile, kept.job.id)
    words = status_words(kept.job.status)
    if metrics.total_steps:
        words += f" {metrics.last_step / metrics.total_steps:.0%}"
    heard = heard_words(kept)
    return f"{words}, {heard}" if heard else words


def _job(session: Session, kept: KeptJob, words: str) -> Entry:
    async def stop() -> None:
        async with AsyncExitStack() as lasting:
            api = await session.connection(kept.profile, lasting)
            await jobs.cancel(api, await session.store(), kept.job.id)

    what = f"Job {name_of(kept.job)} at {kept.profile}"
    goes = requests.open_job(kept.job.id)
    alone = heard_words(kept) and not recorder.runs(session.settings.folders, kept.profile)
    said = f"Nobody records it: `tintype record -p {kept.profile}` does. " if alone else ""
    if kept.profile == LOCAL or session.settings.read_only:
        return Entry(what, words, f"{said}It is stopped where it was begun.", _nothing, goes)
    profile = session.settings.profiles.get(kept.profile)
    asks = cancelling(kept.job, profile.provider if profile else "")
    return Entry(
        what, words, f"{said}The job is cancelled for good; asked first.", stop, goes, asks
    )


async def _nothing() -> None:
    """It is another program's."""


def _recorders(session: Session) -> list[RecorderStatus]:
    names = sorted({*session.settings.profiles, LOCAL})
    found = (recorder.find(session.settings.folders, name) for name in names)
    return [one for one in found if one is not None and one.runs]


def _recorder(session: Session, status: RecorderStatus) -> Entry:
    async def stop() -> None:
        await recorder.stop(session.settings, status.profile)

    words = f"{count(len(status.jobs), 'job')}, {status.trouble or status.pace}"
    stops = "Jobs go on; whoever looks at one starts a recorder again."
    return Entry(f"Recorder of {status.profile}", words, stops, stop)
