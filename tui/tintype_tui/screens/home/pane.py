"""The first screen. Its first frame is one line; lists, store and dates come after it."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.reactive import var
from textual.widgets import Static

from tintype import __version__
from tintype.errors import TintypeError
from tintype.loop import LoopState
from tintype_tui import requests
from tintype_tui.held_keys import opens
from tintype_tui.screen import Pane
from tintype_tui.screens.home.samples_part import SamplesPart
from tintype_tui.terminal.textual_privates import draws
from tintype_tui.widgets.loop_strip import Serving
from tintype_tui.widgets.masthead import PANES

if TYPE_CHECKING:
    from tintype.resources import Job
    from tintype.store import KeptJob, Store
    from tintype_tui.screens.home.lists_part import Kept
    from tintype_tui.session import Session

GOES_ON = frozenset(mode for mode, *_ in PANES if mode != "home")
"""The panes that a session which was cut off goes on with."""
MOST_JOBS = 50
"""Of which it is said what has become of them."""
LOOK_FOR_FRAME_S = 0.02
LOOK_S = 5.0
"""How often it is looked whether other sessions have begun jobs."""
WELCOME = f"[b $primary]Tintype {__version__}[/]  fine-tune vision models in a terminal"


class HomePane(Pane):
    """What is running, what was opened lately, and the provider."""

    BINDING_GROUP_TITLE = "Home"
    CSS_PATH = "home.tcss"
    VERTICAL_BREAKPOINTS = [(0, "-low"), (38, "-high")]  # noqa: RUF012 - not a ClassVar in Textual
    NEXT: ClassVar[Serving] = dict.fromkeys(("", "data"), ("begin", "sample"))

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d", "begin", "Data", id="home.begin", tooltip="open this dataset again"),
        Binding("o", "open", "Open", id="home.open", tooltip="open a dataset"),
    ]

    kept: "var[Kept | None]" = var(None, bindings=True)
    """What the store has; none until it has been read."""
    _heard = _gone_on = False
    _settled = False
    """Whether its parts are there, whole."""

    def body(self) -> ComposeResult:
        yield Static(WELCOME, id="welcome")
        yield Container(id="home")
        yield SamplesPart(id="samples")

    def on_mount(self) -> None:
        self._settle_soon()

    def on_screen_resume(self) -> None:
        self._fill_again()

    def on_screen_suspend(self) -> None:
        """Ask nobody anything while another pane is shown."""
        from tintype_tui.screens.home.lists_part import ListsPart

        self.workers.cancel_group(self, "fill")
        for part in self.query(ListsPart):
            part.stop()

    def watch_profile_name(self, before: str, now: str) -> None:
        if before:
            self._fill_again()

    def _settle_soon(self) -> None:
        """Wait for the first frame: what is imported then would hold it up."""
        if draws(self.app):
            self.call_after_refresh(self._settle_in)
        else:
            self.set_timer(LOOK_FOR_FRAME_S, self._settle_soon)

    async def _settle_in(self) -> None:
        from tintype_tui.screens.home.lists_part import ListsPart
        from tintype_tui.screens.home.provider_part import ProviderPart

        await self.query_one("#home").mount(
            ListsPart(id="home-left").data_bind(HomePane.kept),
            ProviderPart(id="home-right").data_bind(HomePane.kept),
        )
        self._settled = True
        self._fill()

    @on(SamplesPart.Listed)
    def _listed(self) -> None:
        self._fill_again()

    def _fill_again(self) -> None:
        """Fill what is there; what is still being made is filled as soon as it is whole."""
        if self.is_current and self._settled:
            self._fill()

    @work(exclusive=True, group="fill")
    async def _fill(self) -> None:
        """Show what the store knows."""
        from tintype_tui.screens.home.lists_part import Kept, kept

        try:
            store = await self.session.store()
            await self._restore(store)
            self.kept = now = await kept(store, self.session)
            name = self.session.profile.name
            while True:  # other sessions and commands begin jobs, too
                await asyncio.sleep(LOOK_S)
                ids = [one.job.id for one in store.jobs.newest(MOST_JOBS, profile=name)]
                if ids != [job.id for job in now.jobs]:
                    self.kept = now = await kept(store, self.session)
        except TintypeError as error:
            self.kept = Kept(trouble=f"Cannot read the stored state of earlier sessions. {error}")

    async def _restore(self, store: "Store") -> None:
        """Go on where the last session ended, unless something was chosen already."""
        if self.loop_state == LoopState():
            left, profile = self.session.seat.left, self.session.profile.name
            self._hear_of(store.jobs.newest(MOST_JOBS, profile=profile))
            state = await asyncio.to_thread(LoopState.restored, left, profile)
            # Who left by himself begins at Home; who was cut off goes on where that was.
            pane = str(left.get("pane") or "") if left.get("cut") and self.is_current else ""
            pane, self._gone_on = ("" if self._gone_on else pane), True  # once: Home can be gone to
            self.post_message(requests.restore(state, pane if pane in GOES_ON else ""))

    def _hear_of(self, jobs: "Sequence[KeptJob]") -> None:
        """Say what has become of jobs that ran when they were last seen."""
        running = [one.job for one in jobs if not one.job.ended]
        if running and not self._heard:
            self._heard = True
            self.app.run_worker(self._meanwhile(running), group="meanwhile")

    async def _meanwhile(self, running: "Sequence[Job]") -> None:
        with suppress(TintypeError):  # Jobs says why they cannot be had
            if words := await news_of(self.session, running):
                self.say(words, title="While you were away")

    # ------------------------------------------------------------------ what the person does

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return bool(self._last_dataset()) if action == "begin" else True

    def _last_dataset(self) -> Path | None:
        if self.loop_state.dataset is not None:
            return self.loop_state.dataset
        datasets = self.kept.datasets if self.kept else ()
        return datasets[0].path if datasets else None

    def action_begin(self) -> None:
        if (path := self._last_dataset()) is not None:
            self.post_message(requests.open_dataset(path))

    @opens()
    async def action_open(self) -> None:
        from tintype_tui.screens.open_path import choose_dataset

        if (path := await choose_dataset(self)) is not None:
            self.post_message(requests.open_dataset(path))


async def news_of(session: "Session", running: Sequence["Job"]) -> str:
    """Ask what has become of jobs: a sentence for each that has ended.

    Raises:
        TintypeError: if the provider cannot be asked.
    """
    from tintype.jobs import listed
    from tintype_tui.words.jobs import end_words

    ended: dict[str, Job] = {}
    async for batch in listed(await session.provider(), await session.store(), most=MOST_JOBS):
        ended |= {job.id: job for job in batch if job.ended}
    return " ".join(end_words(ended[job.id]) for job in running if job.id in ended)
