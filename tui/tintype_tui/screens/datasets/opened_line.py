"""What is open: held open, named in the title line, and looked at again in case it changes."""

from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import var
from textual.worker import Worker

from tintype.errors import TintypeError
from tintype.loop import LoopState, RowRequest
from tintype.store import RecentDataset
from tintype_tui import requests
from tintype_tui.held_keys import HoldingApp
from tintype_tui.keys import key_of, with_keys
from tintype_tui.screens.datasets.filter_line import without_filter
from tintype_tui.screens.datasets.opened import Opened, holding
from tintype_tui.screens.datasets.part import View, Words
from tintype_tui.text import count, size

LOOK_AGAIN_S = 2.0
"""Between looks at whether the file has changed."""
FIRST_ROWS_S = 10.0
"""How long keys wait for the first rows of a dataset, on a machine under load."""


def opened_words(opened: Opened, hint: str, reload: str, *, filtered: bool) -> str:
    """`cards/train.jsonl · 240 rows · 6.4 MB`; a filter says itself how many rows it shows."""
    words = (
        f"{opened.path.parent.name}/{opened.path.name}",
        hint,
        f"changed: {reload} reads it again" if opened.stale else "",
        "" if filtered else count(opened.rows, "row"),
        "" if filtered else size(opened.dataset.size_bytes),
        "" if opened.complete else f"reading {opened.share:.0%}",
    )
    return " · ".join(filter(None, words))


class OpenedLine(Words):
    """What is open, in the title line."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "right_square_bracket",
            "split(1)",
            "Next split",
            id="data.split",
            key_display="]",
            show=False,
            tooltip="train, valid, test",
        ),
        Binding(
            "left_square_bracket",
            "split(-1)",
            "Previous split",
            id="data.split_back",
            key_display="[",
            show=False,
        ),
        Binding(
            "R",
            "reload",
            "Read again",
            id="data.reload",
            show=False,
            tooltip="the file, when it has changed",
        ),
    ]

    loop_state: var[LoopState] = var(LoopState())
    hint: var[str] = var("")
    """The keys of the view that is shown."""

    class Changed(Message):
        """Something is open, or more of it is known, or nothing is open any more."""

        def __init__(self, opened: Opened | None, row: int = 0, why: str = "") -> None:
            super().__init__()
            self.opened = opened
            self.row = row
            """The row to look at first, 0-based."""
            self.why = why
            """Why nothing is open."""

    def __init__(self) -> None:
        super().__init__()
        self._path: Path | None = None
        self._request: RowRequest | None = None

    def on_mount(self) -> None:
        self.set_interval(LOOK_AGAIN_S, self._look_again)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        known = self._path if action == "reload" else self.opened
        return known is not None or None

    def words(self) -> str:
        opened, filtered = self.opened, bool(self.arrangement.why)
        if opened is None:
            return ""
        return opened_words(opened, self.hint, key_of(self, "data.reload"), filtered=filtered)

    def watch_opened(self, before: Opened | None, now: Opened | None) -> None:
        self.say()  # and nothing is cancelled: it is this part that holds it open

    def watch_arrangement(self) -> None:
        self.say()

    def watch_hint(self) -> None:
        self.say()

    def watch_loop_state(self, state: LoopState) -> None:
        """Open what was chosen, here or elsewhere, or go to the row that is asked for."""
        request, before = state.request, self._request
        self._request = request
        if state.dataset is not None and state.dataset != self._path:
            self._path = path = state.dataset
            opening = self._hold(path, state.row)
            if isinstance(app := self.app, HoldingApp):  # keys pressed from now on are for its rows
                app.held.hold_until(_ready(self, path, opening), FIRST_ROWS_S)
        elif request is not None and request is not before:
            self._seek(request)

    def _seek(self, request: RowRequest) -> None:
        if self.opened is not None and request.dataset == self.opened.path:
            self.post_message(View.Leave())
            if self.arrangement.position_of(request.row) is None:
                self.post_message(self.Arrange(without_filter))
            self.post_message(self.Select(request.row))

    @work(exclusive=True, group="dataset")
    async def _hold(self, path: Path, row: int) -> None:
        """Close what is open, and hold another dataset open."""
        self.post_message(self.Changed(None, why=f"Opening {path.name}…"))
        with self.pane.reporting("Cannot open the dataset"):
            try:
                async with aclosing(holding(path, row)) as steps:
                    known = False
                    async for opened in steps:
                        self.post_message(self.Changed(opened, row))
                        if opened.complete or not known:
                            await self._remember(opened)
                            known = True
            except TintypeError as error:
                keys = with_keys(self, "{data.reload} tries again, {data.open} opens another.")
                why = f"{error}\n\n{keys}"
                self.post_message(self.Changed(None, why=why))
                raise

    async def _remember(self, opened: Opened) -> None:
        store = await self.session.store()
        size_bytes = opened.dataset.size_bytes
        rows = opened.rows if opened.complete else None
        recent = RecentDataset(opened.path, datetime.now(UTC), size_bytes, rows)
        store.datasets.opened(recent)

    @work(exclusive=True, group="changed")
    async def _look_again(self) -> None:
        """Notice when the file is changed by somebody else."""
        opened = self.opened
        if opened is None or opened.stale or not opened.complete or not self.screen.is_current:
            return
        if await opened.dataset.changed() and self.opened is opened and self._path == opened.path:
            self.post_message(self.Changed(replace(opened, stale=True)))
            name = opened.path.name
            again = with_keys(self, "{data.reload} reads it again.")
            self.pane.say(f"{name} has changed on the disk. {again}", severity="warning")

    def action_reload(self) -> None:
        """Read the file again, and stay at the row."""
        if self._path is not None:
            self.pane.say(f"Reading {self._path.name} again.")
            self._hold(self._path, self.index)

    def action_split(self, by: int) -> None:
        """Open the next of train, valid, test."""
        if self.opened is None:
            return
        if self.opened.splits is None:
            self.pane.say("The other splits are still being looked for.")
        elif (path := self.opened.neighbour(by)) is not None:
            self.post_message(requests.open_dataset(path))
        else:
            self.pane.say(f"{self.opened.path.name} has no other split beside it.")


def _ready(line: OpenedLine, path: Path, opening: Worker[None]) -> Callable[[], bool]:
    """Whether rows of a dataset are there, or will not be."""
    return lambda: opening.is_finished or getattr(line.opened, "path", None) == path
