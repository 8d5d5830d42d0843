"""Every key, click, wheel and drag, in every state of every pane: the app lives and answers.

Generated: keys are read from the live bindings, what can be clicked from what is on the screen.
"""

import asyncio
import os
import re
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from tests.journeys.states import KEY, STATES, Place, State
from textual import events
from textual.binding import Binding
from textual.css.query import NoMatches
from textual.keys import key_to_character
from textual.widget import Widget
from textual.widgets import Button
from textual.worker import Worker

from tintype_tui.screen import Pane
from tintype_tui.screens.help import keys_of
from tintype_tui.widgets.image import ImageView
from tintype_tui.widgets.key_line import KeyLine
from tintype_tui.widgets.loop_strip import LoopStrip

EVERY_STATE = "EVERY_STATE"
"""The environment variable with which every state is gone through; it takes twice as long."""
SELDOM = frozenset(
    [
        "home, open",
        "home, commands",
        "datasets, gone",
        "datasets, broken line",
        "datasets, search",
        "datasets, fixed copy",
        "estimate, gone",
        "estimate, dearest",
        "estimate, compare",
        "jobs, empty",
        "jobs, every metric",
        "jobs, cancel",
        "jobs, filter",
        "jobs, runs",
        "playground, model",
        "playground, parameters",
        "playground, copy",
        "playground, past",
        "playground, streaming",
        "playground, folded",
        "evaluate, rows",
        "evaluate, past runs",
        "models, files",
    ]
)
"""States whose keys are nearly those of others, or that take another app for nearly every key; they
have journeys of their own."""
SIZE = (80, 24)
GRID = (26, 7)
"""Cells between points that are clicked, besides the middle of every widget."""
MODES = ("home", "datasets", "estimate", "jobs", "playground", "evaluate", "models")
LASTING = frozenset(
    ["dataset", "list", "follow", "fill", "cost", "assess", "settle", "changed", "hold"]
)
"""Groups of workers that go on for as long as a pane is shown."""
MOVING = frozenset(
    [
        "move",
        "page",
        "jump",
        "down",
        "back",
        "go",
        "line",
        "step",
        "turn",
        "stop",
        "choose",
        "repaint",
        "focus_next",
    ]
)
"""What may have no effect: at an end of a list, or where one is already."""
TOGETHER = frozenset(["list", "thumbs", "image", "chart", "composer"])
"""Keys that move about, by the beginning of their ids: pressed in one go."""
SETTLED_S, EFFECT_S = 1.0, 20.0
AT_ONCE = 5
"""Points that are clicked one after the other, before one comes back."""
KEPT_ABOUT = (
    "views.viewed",
    "arrangement.why",
    "views.current",
    "charts.every_metric",
    "side.needle",
    "followed",
    "lineup.models",
    "looking",
    "view",
    "rows.closely",
)
"""What of a pane must be as before for the next key to be pressed in the same state."""


@pytest.fixture
def place(
    home: Path, hostile: Any, dataset: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Place:
    monkeypatch.setenv(KEY, "sk-states-0123456789")
    monkeypatch.setenv("EDITOR", "false")
    monkeypatch.chdir(tmp_path)
    return Place(home, hostile, dataset)


class There:
    """The app in the states of one pane, one after the other, and the ways back to each."""

    def __init__(self, pane: str, place: Place, sit: Any) -> None:
        self.place, self.sit = place, sit
        every = EVERY_STATE in os.environ
        chosen = [name for name in STATES if every or name not in SELDOM]
        self.left = [name for name in chosen if name.startswith(f"{pane},")]
        self.base: tuple[object, ...] = ()
        self.there: tuple[object, ...] = ()

    @property
    def name(self) -> str:
        return self.left[0]

    @property
    def state(self) -> State:
        return STATES[self.name]

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """A fresh app with a fresh home."""
        for left in ("state", "data/evaluations"):
            shutil.rmtree(self.place.home / left, ignore_errors=True)
        async with self.sit(size=SIZE) as person:
            self.place.person = self.person = person
            self.app = person.app
            yield

    async def reach(self) -> None:
        """Go from wherever one is to the state."""
        for _ in range(3):  # out of what the state before has left
            await self.leave()
            await self.send("escape")
        self.place.serve()
        await self.state.base(self.place)
        await self.settle()
        self.base = self.where()
        await self.enter()
        self.there = self.where()
        self.place.provider.requests.clear()

    async def enter(self) -> None:
        for key in self.state.keys.split():
            await self.send(key)
        await self.person.sees(*self.state.seen)
        await self.settle()

    def where(self) -> tuple[object, ...]:
        app, pane = self.app, self.app.screen_stack[0]
        shown = tuple(type(screen).__name__ for screen in app.screen_stack[1:])
        found = tuple(_reach(pane, name) for name in KEPT_ABOUT)
        place = (app.current_mode, app.session.profile.name, app.loop_state.dataset)
        return (*place, *shown, app.screen.maximized, *found, bool(_reach(pane, "answers")))

    async def back(self) -> bool:
        """Come back to the state; whether that was possible."""
        if self.where() != self.there:
            await self.leave()
            if self.app.current_mode != self.base[0]:
                await self.send(str(MODES.index(str(self.base[0])) + 1))
                await self.leave()
            if self.where() != self.base and self.state.again:
                await self.state.base(self.place)
                await self.settle()
            if self.where() != self.base:
                return False
            await self.enter()
        return self.where() == self.there

    async def leave(self) -> None:
        """Leave dialogs, and what is seen alone, by Esc: that must be possible."""
        for _ in range(3 * len(self.app.screen_stack)):
            if len(self.app.screen_stack) > 1:
                await self.send("escape")
        assert len(self.app.screen_stack) == 1, f"Esc does not leave {self.app.screen}"
        if self.base and self.where() != self.base and self.app.current_mode == self.base[0]:
            await self.send("escape")

    # ------------------------------------------------------------------ events

    async def send(self, key: str) -> None:
        self.hand(key)
        await self.settle()

    def hand(self, key: str) -> None:
        """Hand a key on as the driver does."""
        event = events.Key(key, key_to_character(key))
        event.set_sender(self.app)
        self.app._driver.send_message(event)

    def mouse(self, kind: type[events.MouseEvent], x: int, y: int, button: int = 0) -> None:
        """Hand a mouse event on as the driver does."""
        event = kind(None, x, y, 0, 0, button, False, False, False, x, y)
        self.app._driver.process_message(event)

    async def settle(self) -> None:
        """Wait until all is handled, and what was begun by it has ended or asks something."""
        end_s = time.monotonic() + SETTLED_S
        while True:
            await self.person.pilot._wait_for_screen()
            if self.app._exception or self.app._exit:
                return
            nodes = list(self.app.screen.walk_children(with_self=True))
            queued = any(node.message_queue_size for node in (self.app, *nodes))
            if queued or not all(node.is_mounted for node in nodes):
                continue
            if self.app.held.holding:  # keys are held for a dialog
                await asyncio.sleep(0.005)
                continue
            asks, late = len(self.app.screen_stack) > 1, time.monotonic() > end_s
            if asks or late or not any(self._under_way()):
                return
            await asyncio.sleep(0.01)

    def _under_way(self) -> Iterator[Worker[Any]]:
        for worker in self.app.workers:
            lasting = worker.group in LASTING or worker.group.startswith(("ask-", "beside-"))
            if worker.is_running and not lasting:
                yield worker

    def lives(self, what: str) -> None:
        """The app has not crashed nor ended, and has spent nothing unasked."""
        assert self.app._exception is None, f"{self.name}: {what}: {self.app._exception!r}"
        assert self.app.is_running, f"{self.name}: {what} ended the app"
        for request in self.place.provider.requests:
            if request.method != "GET" and not self.state.agreed:
                harmless = request.path.endswith(("/pause", "/resume"))
                assert harmless, f"{self.name}: {what} sent {request.path} unasked"

    def seen(self) -> tuple[object, ...]:
        """All that a person, the clipboard and the provider notice."""
        app = self.app
        views = [image.view for image in app.screen.query(ImageView)]
        asked = len(self.place.provider.requests)
        said = len(app.session.said), len(app._notifications), app.clipboard
        return app.screen.focused, self.person.screen, views, asked, said, self.where()


class Keys(There):
    """Every key that is live, wherever the focus can be."""

    def __init__(self, pane: str, place: Place, sit: Any) -> None:
        super().__init__(pane, place, sit)
        self.pressed: set[tuple[str, str, str, str]] = set()
        self.silent: list[str] = []

    async def press_all(self) -> bool:
        """Press what has not been pressed; whether another app is needed for the rest."""
        spots = [self._spot(self.app.screen.focused), *map(self._spot, self.app.screen.focus_chain)]
        for spot in dict.fromkeys(spots):
            if await self.focused(spot) and not await self._press_here(spot):
                return True
        return False

    def _spot(self, widget: Widget | None) -> tuple[object, ...]:
        """Where the focus can be; the same in a dialog that is opened again."""
        chain = self.app.screen.focus_chain
        at = chain.index(widget) if widget in chain else None
        return at, type(widget).__name__, widget and widget.id

    async def focused(self, spot: tuple[object, ...]) -> bool:
        """Put the focus there; whether that is possible."""
        if self._spot(self.app.screen.focused) != spot:
            found = next(
                (one for one in self.app.screen.focus_chain if self._spot(one) == spot), None
            )
            if found is None and spot[0] is not None:
                return False
            self.app.screen.set_focus(found)
            await self.settle()
        return True

    async def _press_here(self, spot: tuple[object, ...]) -> bool:
        """Each of ours by itself; those of Textual's own widgets in one go."""
        textuals = []
        for key, active in list(self.app.screen.active_bindings.items()):
            binding = active.binding
            state = "" if active.node is self.app else self.name  # the app's once for each pane
            about = (state, key, binding.action, type(active.node).__name__)
            if about in self.pressed or _name(binding) == "quit":
                continue
            self.pressed.add(about)
            if not binding.id or binding.id.split(".")[0] in TOGETHER:
                textuals.append(key)
                continue
            await self._press(key, binding, active.enabled)
            if not (await self.back() and await self.focused(spot)):
                return False
        for key in textuals:
            self.hand(key)
        await self.settle()
        self.lives(" ".join(textuals))
        return await self.back()

    async def _press(self, key: str, binding: Binding, enabled: bool) -> None:
        now, before = self.app.screen.active_bindings.get(key), self.seen()
        enabled = enabled and now is not None and now.enabled
        await self.send(key)
        self.lives(f"{key} ({binding.action})")
        if enabled and _name(binding) not in MOVING and self.seen() == before:
            end_s = time.monotonic() + EFFECT_S
            while self.seen() == before and time.monotonic() < end_s:
                await asyncio.sleep(0.02)
                await self.settle()
            if self.seen() == before:
                self.silent.append(f"{self.name}: {key} ({binding.id})")


class Clicks(There):
    """The middle of every widget, and a grid of points: wheel, drag and click."""

    def __init__(self, pane: str, place: Place, sit: Any) -> None:
        super().__init__(pane, place, sit)
        self.clicked: set[tuple[str, int, int]] = set()
        self.frame_clicked = False

    async def click_all(self) -> bool:
        """Click where nothing has been clicked; whether another app is needed for the rest."""
        found = {(self.name, *point) for point in self._points()}
        points = sorted(found - self.clicked)
        for _, x, y in points:
            self._wheel_and_drag(x, y)
        await self.settle()
        self.lives("wheel and drags")
        while points:
            if not await self.back():
                return True
            some, points = points[:AT_ONCE], points[AT_ONCE:]
            self.clicked.update(some)
            for _, x, y in some:
                self._click(x, y)
            await self.settle()
            self.lives(f"clicks at {some}")
        self.frame_clicked = True
        return not await self.back()

    def _points(self) -> set[tuple[int, int]]:
        width, height = SIZE
        points = {(x, y) for x in range(1, width, GRID[0]) for y in range(0, height, GRID[1])}
        points |= {(width - 1, 0), (0, height - 1), (width - 1, height - 1)}
        for region, clip in self.app.screen._compositor.visible_widgets.values():
            if (seen := region.intersection(clip)).area:
                points.add((seen.x + seen.width // 2, seen.y + seen.height // 2))
        rows = range(height)
        if self.frame_clicked:  # tabs and keys do the same in every state: once for each pane
            rows = range(1, height - 1)
        points = {(x, y) for x, y in points if 0 <= x < width and y in rows}
        return points - self._quit_points()

    def _quit_points(self) -> set[tuple[int, int]]:
        """Where a click presses the key that ends the app."""
        found = set()
        for line in self.app.screen.query(KeyLine):
            x = 0
            for key, words, pressed in line.entries():
                room = len(key) + len(words) + 3
                if pressed == "q":
                    found |= {(at, line.region.y) for at in range(x, x + room)}
                x += room
        return found

    def _wheel_and_drag(self, x: int, y: int) -> None:
        for kind in (events.MouseScrollDown, events.MouseScrollDown, events.MouseScrollUp):
            self.mouse(kind, x, y)
        to_x, to_y = (x + SIZE[0] // 3) % SIZE[0], (y + SIZE[1] // 3) % SIZE[1]
        self.mouse(events.MouseDown, x, y, 1)
        self.mouse(events.MouseMove, (x + to_x) // 2, (y + to_y) // 2, 1)
        self.mouse(events.MouseMove, to_x, to_y, 1)
        self.mouse(events.MouseUp, to_x, to_y, 1)

    def _click(self, x: int, y: int) -> None:
        self.mouse(events.MouseMove, x, y)
        self.mouse(events.MouseDown, x, y, 1)
        self.mouse(events.MouseUp, x, y, 1)


def _reach(thing: object, path: str) -> object:
    """What is there; none where a pane is not composed yet."""
    with suppress(NoMatches):
        for name in path.split("."):
            thing = getattr(thing, name, None)
        return thing
    return None


def _name(binding: Binding) -> str:
    """The name of what a key does."""
    return binding.action.split("(")[0].rpartition(".")[2]


class Round(Keys, Clicks):
    """Keys, then the mouse."""

    async def all(self) -> None:
        """Go through the states; in another app where the one before cannot be brought back."""
        parts = [self.press_all, self.click_all]
        while self.left:
            async with self.opened():
                fresh = True
                while self.left and (fresh or self.state.again):
                    await self.reach()
                    fresh = False
                    _reads_well(self)
                    while parts and not await parts[0]():
                        del parts[0]
                    if parts:
                        break
                    del self.left[0]
                    parts = [self.press_all, self.click_all]
                if not self.left:
                    await _answers_and_quits(self)


@pytest.mark.parametrize("pane", MODES)
async def test_every_key_and_click_is_answered(pane: str, place: Place, sit: Any) -> None:
    round = Round(pane, place, sit)
    await round.all()
    assert not round.silent, f"no effect and no word: {round.silent}"


def _reads_well(there: There) -> None:
    """Buttons are read whole, no group of keys has a class's name, and the strip names a key."""
    screen = there.app.screen
    for button in screen.query(Button):
        assert len(str(button.label)) <= button.content_size.width, button.label
    owners = [key.owner for key in keys_of(screen)] if not screen.is_modal else []
    assert not [owner for owner in owners if re.search("[a-z][A-Z]", owner)]
    if isinstance(screen, Pane) and screen.maximized is None:
        strip = screen.query_one(LoopStrip)
        key, words = strip._next_step()
        live = [
            (there.app.get_key_display(active.binding), active.binding.description)
            for active in screen.active_bindings.values()
            if active.enabled
        ]
        assert strip.waiting or not key or (key.removeprefix("next: "), words.strip()) in live


async def _answers_and_quits(there: There) -> None:
    """Help still opens, Esc leaves it, and q ends the app in order."""
    await there.leave()
    if there.app.screen.focused is not None:
        there.app.screen.set_focus(None)
    await there.send("question_mark")
    assert type(there.app.screen).__name__ == "Help"
    await there.leave()
    await there.send("q")
    assert there.app._exit
    assert there.app.return_code == 0
