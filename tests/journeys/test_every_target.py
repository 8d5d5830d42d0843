"""Every key, click, wheel and drag, in every state of every pane: the app lives and answers.

Generated: keys are read from the live bindings, what can be clicked from what is on the screen.
"""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from tests.journeys.states import KEY, STATES, Place
from textual import events
from textual.binding import Binding
from textual.css.query import NoMatches
from textual.keys import key_to_character
from textual.widget import Widget
from textual.worker import Worker

from tintype_tui.screen import Pane
from tintype_tui.widgets.image import ImageView
from tintype_tui.widgets.key_line import KeyLine
from tintype_tui.widgets.loop_strip import LoopStrip
from tintype_tui.widgets.masthead import PANES

SIZES = ((80, 24), (140, 42))
GRIDS = ((26, 7), (45, 13))
"""Cells between points that are clicked, at each size, besides the middle of every widget."""
MODES = ("home", "datasets", "estimate", "jobs", "playground", "evaluate")
LASTING = frozenset(
    ["dataset", "list", "follow", "fill", "cost", "assess", "settle", "changed", "hold"]
)
"""Groups of workers that go on for as long as a pane is shown."""
MOVING = frozenset(["repaint", "move", "page", "jump", "down", "back", "go", "line", "focus_next"])
"""What may have no effect: at an end of a list, or where one is already."""
TOGETHER = frozenset(["go", "list", "thumbs", "image", "chart", "composer"])
"""Keys that move about, by the beginning of their ids: pressed in one go."""
SETTLED_S = 1.0
AT_ONCE = 5
"""Points that are clicked one after the other, before one comes back."""
HOPS = 2
"""A key goes from the app to the widget that is focused, and what it asks for back to the app."""
KEPT_ABOUT = (
    "views.viewed",
    "arrangement.why",
    "views.current",
    "charts.every_metric",
    "side.needle",
    "followed",
    "lineup.models",
    "looking",
    "subject.title",
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
    """The app in one of the states, and the ways back to it."""

    def __init__(self, name: str, place: Place, sit: Any) -> None:
        self.name, self.place, self.sit, self.state = name, place, sit, STATES[name]
        self.base: tuple[object, ...] = ()
        self.there: tuple[object, ...] = ()

    @asynccontextmanager
    async def reached(self) -> AsyncIterator[None]:
        """A fresh app with a fresh home, in the state."""
        shutil.rmtree(self.place.home / "state", ignore_errors=True)
        self.place.serve()
        async with self.sit(size=SIZES[0]) as person:
            self.place.person = self.person = person
            self.app = person.app
            await self.state.base(self.place)
            await self.settle()
            self.base = self.where()
            await self.enter()
            self.there, self.focus = self.where(), self.app.screen.focused
            self.place.provider.requests.clear()
            yield

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
        if self.focus is not None and self.focus.is_attached and self.focus.screen.is_current:
            self.app.screen.set_focus(self.focus)
        return self.where() == self.there

    async def leave(self) -> None:
        """Leave dialogs, and what is seen alone, by Esc: that must be possible."""
        for _ in range(3 * len(self.app.screen_stack)):
            if len(self.app.screen_stack) > 1:
                await self.send("escape")
        assert len(self.app.screen_stack) == 1, f"Esc does not leave {self.app.screen}"
        if self.where() != self.base and self.app.current_mode == self.base[0]:
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
            for _ in range(HOPS):
                await self._handled(self.app, self.app.screen)
            await self.person.pilot._wait_for_screen()
            if self.app._exception or self.app._exit or time.monotonic() > end_s:
                return
            if len(self.app.screen_stack) > 1 or not any(self._under_way()):
                return
            await asyncio.sleep(0.01)

    async def _handled(self, *nodes: Any) -> None:
        """Wait until nodes have handled what they have been sent, one after the other."""
        for node in nodes:
            done = asyncio.Event()
            if node.call_later(done.set):
                waiting = [asyncio.ensure_future(each.wait()) for each in (done, self._broken)]
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED, timeout=60)
                for each in waiting:
                    each.cancel()

    @property
    def _broken(self) -> asyncio.Event:
        event: asyncio.Event = self.app._exception_event
        return event

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

    def __init__(self, name: str, place: Place, sit: Any) -> None:
        super().__init__(name, place, sit)
        self.pressed: set[tuple[str, str, str]] = set()
        self.silent: list[str] = []

    async def press_all(self) -> bool:
        """Press what has not been pressed; whether another app is needed for the rest."""
        first = self.app.screen.focused
        for spot in (first, *(each for each in self.app.screen.focus_chain if each is not first)):
            if await self.focused(spot) and not await self._press_here(spot):
                return True
        return False

    async def focused(self, spot: Widget | None) -> bool:
        """Focus a widget; whether it is there."""
        if spot is not None and self.app.screen.focused is not spot:
            if not (spot.is_attached and spot.screen.is_current):
                return False
            self.app.screen.set_focus(spot)
            await self.settle()
        return True

    async def _press_here(self, spot: Widget | None) -> bool:
        """Each of ours by itself; those of Textual's own widgets in one go."""
        textuals = []
        for key, active in list(self.app.screen.active_bindings.items()):
            binding = active.binding
            about = (key, binding.action, type(active.node).__name__)
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
        before = self.seen()
        await self.send(key)
        self.lives(f"{key} ({binding.action})")
        if enabled and _name(binding) not in MOVING and self.seen() == before:
            end_s = time.monotonic() + 2 * SETTLED_S
            while self.seen() == before and time.monotonic() < end_s:
                await asyncio.sleep(0.02)
                await self.settle()
            if self.seen() == before:
                self.silent.append(f"{key} ({binding.id})")


class Clicks(There):
    """The middle of every widget, and a grid of points: wheel, drag and click."""

    def __init__(self, name: str, place: Place, sit: Any) -> None:
        super().__init__(name, place, sit)
        self.clicked: set[tuple[int, int, int]] = set()

    async def click_all(self) -> bool:
        """Click where nothing has been clicked; whether another app is needed for the rest."""
        for size, grid in zip(SIZES, GRIDS, strict=True):
            await self.person.pilot.resize_terminal(*size)
            await self.settle()
            points = sorted(
                {(*point, size[0]) for point in self._points(size, grid)} - self.clicked
            )
            for x, y, _ in points:
                self._wheel_and_drag(x, y, size)
            await self.settle()
            self.lives(f"wheel and drags at {size}")
            while points:
                if not await self.back():
                    return True
                some, points = points[:AT_ONCE], points[AT_ONCE:]
                self.clicked.update(some)
                for x, y, _ in some:
                    self._click(x, y)
                await self.settle()
                self.lives(f"clicks at {some}")
        return not await self.back()

    def _points(self, size: tuple[int, int], grid: tuple[int, int]) -> set[tuple[int, int]]:
        width, height = size
        points = {(x, y) for x in range(1, width, grid[0]) for y in range(0, height, grid[1])}
        points |= {(width - 1, 0), (0, height - 1), (width - 1, height - 1)}
        for region, clip in self.app.screen._compositor.visible_widgets.values():
            if (seen := region.intersection(clip)).area:
                points.add((seen.x + seen.width // 2, seen.y + seen.height // 2))
        points = {(x, y) for x, y in points if 0 <= x < width and 0 <= y < height}
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

    def _wheel_and_drag(self, x: int, y: int, size: tuple[int, int]) -> None:
        for kind in (events.MouseScrollDown, events.MouseScrollDown, events.MouseScrollUp):
            self.mouse(kind, x, y)
        to_x, to_y = (x + size[0] // 3) % size[0], (y + size[1] // 3) % size[1]
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


@pytest.mark.parametrize("name", STATES)
async def test_every_key_and_click_is_answered(name: str, place: Place, sit: Any) -> None:
    round = Round(name, place, sit)
    parts = [round.press_all, round.click_all]
    while parts:
        async with round.reached():
            _next_agrees(round)
            while parts and not await parts[0]():
                del parts[0]
            if not parts:
                await _answers_and_quits(round)
    assert not round.silent, f"{name}: no effect and no word: {round.silent}"


def _next_agrees(there: There) -> None:
    """The strip names a key that works, in the words of the line below it, or of the top line."""
    screen = there.app.screen
    if isinstance(screen, Pane) and screen.maximized is None:
        key, words = screen.query_one(LoopStrip)._next_step()
        line = [(shown, does) for shown, does, _ in screen.query_one(KeyLine).entries()]
        line += [(str(place), title) for place, (_, title, _) in enumerate(PANES, start=1)]
        assert not key or (key.removeprefix("next: "), words.strip()) in line


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
