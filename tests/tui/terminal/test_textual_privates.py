"""Each touch of what Textual and Rich keep private still does what the app needs of it."""

import ast
import asyncio
import importlib
import inspect
import pkgutil
import re
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import pytest
from PIL import Image
from rich.color import ColorSystem
from rich.style import Style
from tests.handled import until
from textual import constants, work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.notifications import Notification
from textual.screen import Screen
from textual.strip import Strip
from textual.widgets import Input, Static
from textual.widgets._toast import Toast
from textual.worker import WorkerFailed

import tintype_tui
from tintype_tui.terminal import textual_privates as fence
from tintype_tui.terminal.textual_privates import screens

FENCE = Path(fence.__file__).parent
HINT = "Textual or Rich has changed: see tintype_tui/terminal/textual_privates"


async def test_what_is_refreshed_while_textual_starts_is_not_drawn() -> None:
    class Starting(App[None]):
        drawn = True

        def on_mount(self) -> None:
            self.drawn = fence.draws(self)

    async with Starting().run_test() as pilot:
        assert not pilot.app.drawn, HINT  # type: ignore[attr-defined]
        assert fence.draws(pilot.app), HINT


class Half(Container):
    """A part with a key."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("p", "part", "Part", id="half.part")]
    pressed = 0

    def compose(self) -> ComposeResult:
        yield Input()

    def action_part(self) -> None:
        self.pressed += 1


class Whole(fence.PartsScreen):
    """Two parts and a widget outside them."""

    def compose(self) -> ComposeResult:
        yield Half(id="one")
        yield Input(id="outside")

    def key_parts(self) -> Iterator[Half]:
        yield from self.query(Half)


class Small(App[int]):
    """An app with one line."""

    def compose(self) -> ComposeResult:
        yield Static("a line")


async def test_a_toast_takes_the_place_of_one_with_the_same_words() -> None:
    async with Small().run_test() as pilot:
        for title, words in (("a", "one"), ("a", "two"), ("b", "one"), ("a", "one")):
            fence.take_back_toast(pilot.app, words, title)
            pilot.app.notify(words, title=title)
            await pilot.pause()
        left = [(shown.title, shown.message) for shown in pilot.app._notifications]
        assert left == [("a", "two"), ("b", "one"), ("a", "one")], HINT


async def test_a_parts_keys_work_outside_it_but_not_while_something_is_typed() -> None:
    app = Small()
    async with app.run_test() as pilot:
        await app.push_screen(Whole())
        half = app.screen.query_one(Half)
        app.screen.set_focus(None)
        await pilot.press("p")
        assert half.pressed == 1, HINT
        assert app.screen.active_bindings["p"].node is half, HINT
        for field in app.screen.query(Input):
            field.focus()
            await pilot.press("p")
            assert (field.value, half.pressed) == ("p", 1), HINT


async def test_lines_are_rendered_again_once_they_are_forgotten() -> None:
    app = Small()
    async with app.run_test():
        line = app.query_one(Static)
        assert line._styles_cache._cache, HINT
        fence.forget_lines(line)
        assert not line._styles_cache._cache, HINT


async def test_what_is_in_front_is_seen_first() -> None:
    app = Small()
    async with app.run_test():
        seen = [widget for widget, _, _ in fence.seen_in_order(app.screen)]
        assert seen.index(app.query_one(Static)) < seen.index(app.screen), HINT
        (region,) = [r for w, r, _ in fence.seen_in_order(app.screen) if isinstance(w, Static)]
        assert (region.width, region.height) == (80, 1), HINT


async def test_the_driver_and_the_screens_of_all_modes_are_found() -> None:
    class Two(Small):
        MODES: ClassVar[dict[str, Any]] = {"a": Whole, "b": Whole}
        DEFAULT_MODE = "a"

    app = Two()
    assert fence.driver_of(app) is None
    async with app.run_test():
        assert fence.driver_of(app) is not None, HINT
        await app.switch_mode("b")
        assert sum(isinstance(one, Whole) for one in fence.screens_of(app)) == 2, HINT


async def test_where_there_is_no_mouse_to_give_nothing_is_known_of_it() -> None:
    app = Small()
    async with app.run_test():
        assert fence.has_mouse(app) is None


def test_textuals_driver_has_the_switch_for_the_mouse() -> None:
    source = inspect.getsource(LinuxDriver) + inspect.getsource(Driver)
    for name in ("_enable_mouse_support", "_disable_mouse_support"):
        assert f"def {name}" in source, HINT
    assert "self._mouse" in source, HINT


async def test_what_was_drawn_in_few_colours_is_drawn_in_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(constants, "COLOR_SYSTEM", None)
    app = Small()
    async with app.run_test():
        app.console._color_system = ColorSystem.EIGHT_BIT
        style, strip = Style(color="#123456"), Strip([])
        style.render("x", color_system=ColorSystem.EIGHT_BIT)
        strip.render(app.console)
        assert style._ansi is not None, HINT
        fence.draw_in_all_colours(app)
        assert app.console.color_system == "truecolor", HINT
        assert style._ansi is None, HINT
        assert strip._render_cache is None, HINT
        assert "38;2;18;52;86" in style.render("x", color_system=ColorSystem.TRUECOLOR), HINT


async def test_an_app_that_fails_ends_with_its_own_report() -> None:
    class Failing(fence.ReportingApp[int]):
        said: ClassVar[list[str]] = []

        def report(self, error: BaseException | None, details: str) -> str:
            self.said.append(type(error).__name__)
            return "reported"

        def on_mount(self) -> None:
            raise ZeroDivisionError

    app = Failing()
    with pytest.raises(ZeroDivisionError):
        async with app.run_test():
            pass
    assert app.said == ["ZeroDivisionError"], HINT
    assert app.return_code == 1, HINT


def test_a_lone_escape_that_has_waited_is_a_key_at_once() -> None:
    parser = fence.KeyParser()
    assert list(parser.feed("\x1b")) == []
    parser.stop_waiting()
    assert [str(getattr(event, "key", "")) for event in parser.tick()] == ["escape"], HINT


def test_the_driver_still_has_what_is_derived_from_it() -> None:
    source = inspect.getsource(LinuxDriver) + inspect.getsource(Driver)
    for name in ("_file", "_loop", "_app", "_debug", "_writer_thread", "_must_signal_resume"):
        assert re.search(rf"self\.{name}\b", source), f"{name}: {HINT}"
    for name in ("_get_terminal_size", "_sigcont_application", "_sigtstp_application"):
        assert f"def {name}(" in source, f"{name}: {HINT}"


async def test_frames_are_painted_from_strips() -> None:
    class Painted(fence.PaintedApp[None]):
        def compose(self) -> ComposeResult:
            yield Static("[bold]a line")

    class Paper:
        synchronized = stuck = False
        rows: ClassVar[dict[int, str]] = {}

        def paint(self, size: Any, pieces: Any, pen_of: Any, cursor: Any) -> None:
            for y, _, strip in pieces:
                pens = [pen_of(style) for _, style, _ in strip]
                self.rows[y] = self.rows.get(y, "") + "".join(pens) + strip.text

    app = Painted()
    async with app.run_test() as pilot:
        app._driver.output = Paper()  # type: ignore[union-attr]
        app.refresh()
        await pilot.pause()
        assert Paper.rows[0].startswith("1;"), HINT
        assert "a line" in Paper.rows[0], HINT
        assert len(Paper.rows) == 24, HINT
        Paper.rows.clear()
        app.query_one(Static).update("another")
        await pilot.pause()
        assert list(Paper.rows) == [0], HINT
        assert "another" in Paper.rows[0], HINT


async def test_what_could_not_be_sent_is_not_laid_out_for_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Pane(fence.PartsScreen):
        def compose(self) -> ComposeResult:
            yield Static("before")

    class Paper:
        synchronized = ready = stuck = False
        painted = 0

        def paint(self, *_: Any) -> None:
            self.painted += 1

    monkeypatch.setattr(screens, "WAIT_MOST_S", 60.0)
    app = fence.PaintedApp[None]()
    async with app.run_test() as pilot:
        await app.push_screen(Pane())
        await pilot.pause(0.1)
        paper = app._driver.output = Paper()  # type: ignore[union-attr]
        app.screen.query_one(Static).refresh()
        await pilot.pause(0.1)
        assert paper.painted == 0, HINT
        paper.ready = True
        await until(pilot, lambda: paper.painted)


def test_a_paletted_image_becomes_sixels() -> None:
    image = Image.new("RGB", (6, 6), "red").quantize(2)
    assert fence.sixels(image).startswith("\x1bP"), HINT


# ---------------------------------------------------------------------- the fence


def _modules() -> Iterator[Any]:
    for found in pkgutil.walk_packages(tintype_tui.__path__, "tintype_tui."):
        if not found.name.endswith("__main__"):
            yield importlib.import_module(found.name)


def _foreign_names(kind: type) -> set[str]:
    """The private names that a class's bases in Textual, Rich and the like use for themselves."""
    return {name for base in kind.__mro__ if _is_foreign(base) for name in _names_in(base)}


def _is_foreign(kind: type) -> bool:
    return kind.__module__.split(".")[0] in ("textual", "rich", "textual_image")


@cache
def _names_in(kind: type) -> set[str]:
    """Once for each class: Python looks for its source by parsing the whole file."""
    source = inspect.getsource(kind)
    used = set(re.findall(r"self\.(_[a-z]\w*)", source))
    return used | set(re.findall(r"def (_[a-z]\w*)\(", source))


async def test_a_toast_that_expires_while_it_is_made_does_not_hang_the_app() -> None:
    app = Small()
    async with app.run_test() as pilot:
        toast = Toast(Notification("late", raised_at=time.time() - 5.0001, timeout=5))
        assert toast._timeout < 0
        timer = toast.set_timer(toast._timeout, app.bell)
        timer.stop()  # before it begins: it might never end
        assert timer._interval > 0, HINT
        await app.screen.mount(toast)
        await until(pilot, lambda: not toast.is_attached)


def _own_names(kind: type) -> set[str]:
    source = inspect.getsource(kind)
    used = set(re.findall(r"(?:self|super\(\))\.(_[a-z]\w*)", source))
    return used | set(re.findall(r"def (_[a-z]\w*)\(", source))


def test_no_class_of_ours_uses_a_private_name_of_its_foreign_bases() -> None:
    touches = [
        f"{kind.__module__}.{kind.__name__}: {sorted(names)}"
        for module in _modules()
        for kind in vars(module).values()
        if inspect.isclass(kind)
        and kind.__module__ == module.__name__
        and not module.__name__.startswith(fence.__name__)
        and any(map(_is_foreign, kind.__mro__))
        and (names := _own_names(kind) & _foreign_names(kind))
    ]
    assert touches == []


def test_nothing_private_of_another_object_or_module_is_touched() -> None:
    root, touches = Path(tintype_tui.__path__[0]), []
    for path in root.rglob("*.py"):
        if FENCE in path.parents:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute):
                ours = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
                ours = ours or (isinstance(node.value, ast.Call) and _calls(node.value, "super"))
                ours = ours or node.attr == "_exit"  # of `os`, and documented
                if node.attr.startswith("_") and not node.attr.startswith("__") and not ours:
                    touches.append(f"{path.relative_to(root)}:{node.lineno} {node.attr}")
                if node.attr == "get_objects":
                    touches.append(f"{path.relative_to(root)}:{node.lineno} gc.get_objects")
            if isinstance(node, ast.ImportFrom) and re.search(r"(?:^|\.)_[a-z]", node.module or ""):
                touches.append(f"{path.relative_to(root)}:{node.lineno} {node.module}")
    assert touches == []


def _calls(node: ast.Call, name: str) -> bool:
    return isinstance(node.func, ast.Name) and node.func.id == name


class Leaving(Screen[None]):
    """Looks for a widget of its own as soon as there is none any more, and of another's at once."""

    def __init__(self, *, other: bool = False) -> None:
        super().__init__()
        self.other, self.looked = other, False

    def compose(self) -> ComposeResult:
        yield Static()

    def on_mount(self) -> None:
        self.look()

    @work
    async def look(self) -> None:
        while not self.other and self.query(Static):  # noqa: ASYNC110 - no event says it
            await asyncio.sleep(0)
        self.looked = True
        self.query_one(Input)


class LeftAtOnce(Screen[None]):
    def on_mount(self) -> None:
        self.app.pop_screen()
        self.query_one(Input)


async def test_a_screen_that_a_worker_asks_for_and_is_left_before_it_is_there_ends_no_app() -> None:
    app = fence.ReportingApp[None]()
    app.report = lambda error, details: "a report"
    screen = LeftAtOnce()

    async def ask() -> None:  # what is begun here, the screen's own task too, knows of the worker
        await app.push_screen(screen)

    async with app.run_test() as pilot:
        app.run_worker(ask())
        await until(pilot, lambda: screen.is_mounted)
        await pilot.pause()
        assert app.is_running
        assert app.return_code is None


async def test_work_for_a_screen_that_was_left_ends_no_app() -> None:
    app = fence.ReportingApp[None]()
    app.report = lambda error, details: "a report"
    async with app.run_test() as pilot:
        screen = Leaving()
        await app.push_screen(screen)
        app.pop_screen()
        await until(pilot, lambda: screen.looked)
        await pilot.pause()
        assert app.is_running
        assert app.return_code is None


async def test_what_is_looked_for_while_the_app_is_taken_apart_is_no_crash() -> None:
    class Parting(Static):
        def on_unmount(self) -> None:
            self.app.run_worker(self._look())

        async def _look(self) -> None:
            self.app.query_one("#gone")

    app = fence.ReportingApp[None]()
    app.report = lambda error, details: "a report"
    async with app.run_test() as pilot:
        await app.mount(Parting())
        await pilot.pause()
    assert app.return_code is None


async def test_work_that_finds_nothing_on_a_screen_that_is_there_is_a_crash() -> None:
    app = fence.ReportingApp[None]()
    app.report = lambda error, details: "a report"

    async def run() -> None:
        async with app.run_test() as pilot:
            await app.push_screen(Leaving(other=True))
            await until(pilot, lambda: app.return_code == 1)

    with pytest.raises(WorkerFailed):
        await run()


async def test_what_moved_is_drawn_again_though_its_place_was_asked_before_the_layout() -> None:
    app = App[None]()
    async with app.run_test(size=(40, 3)) as pilot:
        line = Static("a line")
        await app.mount(line)
        await pilot.pause()
        compositor, before = app.screen._compositor, line.region
        line.display = False
        line._check_refresh()  # as when it is idle: a layout is due
        compositor._dirty_regions.clear()
        compositor.update_widgets({Static()})  # one that is not seen
        assert line not in compositor.full_map, HINT
        assert before in compositor._dirty_regions, HINT
