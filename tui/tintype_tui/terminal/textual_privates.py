"""The one place that touches what Textual and Rich keep private, each touch with a test.

`tests/tui/terminal/test_textual_privates.py` fails with the name of the touch when a new release
breaks one, and finds touches anywhere else in the app.
"""

import gc
import os
import sys
import time
from asyncio import AbstractEventLoop
from collections.abc import Callable, Iterable
from io import StringIO
from typing import TYPE_CHECKING, Any, TextIO, cast
from zlib import crc32

from rich.color import ColorSystem
from rich.console import Console, RenderableType
from rich.style import Style
from rich.text import Text
from textual import constants
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual._xterm_parser import XTermParser
from textual.app import App, ReturnType
from textual.binding import BindingsMap
from textual.dom import DOMNode
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.geometry import Region
from textual.keys import key_to_character
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from tintype_tui.terminal.output import Output

if TYPE_CHECKING:
    from PIL.Image import Image

# ---------------------------------------------------------------------- screens and widgets


WAIT_MOST_S = 0.25
"""How long what is laid out may be behind what has happened, on a line that takes no frame."""


class PartsScreen(Screen[None]):
    """A screen whose parts' keys work wherever the focus is in it.

    Textual looks for a key in the focused widget and what it is in, up to the screen and the app;
    here the parts, which stand beside each other, come before the screen.
    """

    def key_parts(self) -> Iterable[Widget]:
        """The widgets whose keys work everywhere in this screen."""
        return ()

    waiting_since_s: float | None = None
    """Since when what is to be laid out waits for the line."""

    def _on_timer_update(self) -> None:
        if not _held_back(self):
            super()._on_timer_update()

    @property
    def _binding_chain(self) -> list[tuple[DOMNode, BindingsMap]]:
        return _with_parts(super()._binding_chain, self)


def _held_back(screen: PartsScreen) -> bool:
    """Whether not to lay out yet: it could not be sent, and newer will be drawn then."""
    output, now_s = output_of(screen.app), time.monotonic()
    if output is not None and not output.ready:
        screen.waiting_since_s = screen.waiting_since_s or now_s
        if now_s < screen.waiting_since_s + WAIT_MOST_S:
            return True
    screen.waiting_since_s = None
    return False


def _with_parts(
    chain: list[tuple[DOMNode, BindingsMap]], screen: PartsScreen
) -> list[tuple[DOMNode, BindingsMap]]:
    """Where keys are looked for, with the screen's parts before the screen."""
    there = {id(node) for node, _ in chain}
    at = next((at for at, (node, _) in enumerate(chain) if node is screen), len(chain))
    parts = [
        (part, _unless_typed(part._bindings.copy(), screen.focused))
        for part in screen.key_parts()
        if id(part) not in there
    ]
    return [*chain[:at], *parts, *chain[at:]]


def _unless_typed(bindings: BindingsMap, focused: Widget | None) -> BindingsMap:
    """Take away the keys that the focused widget takes as text."""
    if focused is not None:
        for key in list(bindings.key_to_bindings):
            if focused.check_consume_key(key, key_to_character(key)):
                del bindings.key_to_bindings[key]
    return bindings


def forget_lines(widget: Widget) -> None:
    """Forget the lines of a widget that were rendered: in `render_lines`, too late to refresh."""
    widget._styles_cache.clear()


def seen_in_order(screen: Screen[Any]) -> Iterable[tuple[Widget, Region, Region]]:
    """Each visible widget with its region and what it is clipped to, the frontmost first."""
    for widget, (region, clip) in screen._compositor.visible_widgets.items():
        yield widget, region, clip


# ---------------------------------------------------------------------- the app


def driver_of(app: App[Any]) -> Driver | None:
    """What writes control sequences to the terminal; none before it has begun."""
    return app._driver


def output_of(app: App[Any]) -> Output | None:
    """What draws on the terminal, if it is ours; none in tests and in other drivers."""
    return getattr(app._driver, "output", None)


def screens_of(app: App[Any]) -> list[Screen[Any]]:
    """The screens of all modes that have been shown."""
    return [screen for stack in app._screen_stacks.values() for screen in stack]


def has_mouse(app: App[Any]) -> bool | None:
    """Whether the mouse is the app's; none where the terminal has none to give."""
    driver: Any = app._driver
    return bool(driver._mouse) if hasattr(driver, "_enable_mouse_support") else None


def take_mouse(app: App[Any], taken: bool) -> None:
    """Take the mouse from the terminal, or give it back."""
    driver: Any = app._driver
    if taken:
        driver._mouse = True  # first: without it the driver does nothing
        driver._enable_mouse_support()
    else:
        driver._disable_mouse_support()
        driver._mouse = False


def draw_in_all_colours(app: App[Any]) -> None:
    """Draw in 24-bit colour from now on, if Rich had found less.

    Rich goes by COLORTERM, which ssh does not hand on, and kitty's images carry their number in
    the colour: rounded to one of 256 it is another image's, or none's.
    """
    settled = constants.COLOR_SYSTEM not in (None, "auto")
    if settled or app.console._color_system in (None, ColorSystem.TRUECOLOR):
        return
    app.console._color_system = ColorSystem.TRUECOLOR
    # Every style and line drawn so far keeps the codes it was first drawn with, and both are
    # shared by caches in Rich, Textual and widgets; there is no list of them but this one.
    gc.unfreeze()  # what is frozen is not listed
    for thing in gc.get_objects():
        if type(thing) is Style:
            thing._ansi = None
        elif type(thing) is Strip:
            thing._render_cache = None
    if app.screen_stack:
        app.screen.refresh()


class ReportingApp(App[ReturnType]):
    """An app that ends with a report of its own; Textual would print the values of variables."""

    report: Callable[[BaseException | None, str], str]
    """What to print when the app ends by an error, of which Textual says some details."""

    async def _shutdown(self) -> None:
        # What is still under way would look for widgets that have been taken away already.
        self.workers.cancel_all()
        await super()._shutdown()

    def _fatal_error(self) -> None:
        self._end_with(self._exception or sys.exception(), "")

    def _print_error_renderables(self) -> None:
        if (output := output_of(self)) is not None and output.stuck:
            self._exit_renderables.clear()  # it would wait for ever; the report has a file, too
        super()._print_error_renderables()

    def panic(self, *renderables: RenderableType) -> None:
        """Leave a report of what Textual would print."""
        self._end_with(self._exception, _printed(renderables))

    def _end_with(self, error: BaseException | None, details: str) -> None:
        if not self._exit_renderables:
            self._return_code = 1
            self._exit_renderables.append(Text(self.report(error, details), overflow="fold"))
        self._close_messages_no_wait()


def _printed(renderables: Iterable[RenderableType]) -> str:
    paper = Console(file=StringIO(), width=100, color_system=None)
    paper.print(*renderables)
    return cast("StringIO", paper.file).getvalue()


FULL_REPAINT = "TINTYPE_FULL_REPAINT"
"""The environment variable with which every frame is sent as Textual makes it: to compare with."""


class PaintedApp(ReportingApp[ReturnType]):
    """An app that is drawn from strips of cells, where the driver has an `Output`."""

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        output = output_of(self)
        whole = FULL_REPAINT in os.environ
        if output is None or whole or not isinstance(renderable, CompositorUpdate):
            super()._display(screen, renderable)
        else:
            _paint(self, output, screen, renderable)


def _paint(app: App[Any], output: Output, screen: Screen[Any], update: CompositorUpdate) -> None:
    """What Textual's `App._display` does, with an `Output` in place of its writer."""
    try:
        if app._running and not app._closed and not app._batch_count:
            output.synchronized = app._sync_available
            cursor = app.screen.outer_size.clamp_offset(app.cursor_position)
            output.paint(screen._compositor.size, _pieces(update), _pens(app.console), cursor)
    except Exception as error:
        app._handle_exception(error)
    finally:
        app.post_display_hook()


def _pieces(update: CompositorUpdate) -> Iterable[tuple[int, int, Strip]]:
    """Row, column and strip of what is drawn; as the updates themselves go about it."""
    if isinstance(update, LayoutUpdate):
        for y, line in enumerate(update.strips, update.region.y):
            x = update.region.x
            for strip in line:
                yield y, x, strip
                x += strip.cell_length
    elif isinstance(update, ChopsUpdate):
        for y, left, right in update.spans:
            for end, (x, part) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
                if part is not None and x <= right and end > left:
                    whole = left <= x < right and end <= right
                    yield y, x, part if whole else part.crop(0, min(end, right) - x)


def _pens(console: Console) -> Callable[[Style | None], str]:
    """What styles look like on the terminal: parameters of SGR, and after an escape the link."""
    system = console._color_system or ColorSystem.TRUECOLOR

    def pen(style: Style | None) -> str:
        if style is None:
            return ""
        ansi = style._ansi
        if ansi is None:
            ansi = Strip.render_ansi(style, system)
        if (link := style._link) is None:
            return ansi
        return f"{ansi}\x1bid={crc32(link.encode()):x};{link}"

    return pen


# ---------------------------------------------------------------------- the terminal


class KeyParser(XTermParser):
    """Textual's parser of keys and mouse."""

    def stop_waiting(self) -> None:
        """Take a lone Escape for the key at the next tick: it has waited elsewhere."""
        self._timeout_time = None if self._timeout_time is None else 0.0


class _Channel:
    """What Textual's driver takes for its thread that writes."""

    def __init__(self, output: Output, fd: int) -> None:
        self._output, self._fd = output, fd
        self.write, self.stop = output.write, output.close

    def start(self) -> None:
        self._output.open(self._fd)


class OpenDriver(LinuxDriver):
    """Textual's driver for Linux and macOS, with what a driver derived from it must reach.

    It writes through an `Output`, which never blocks, instead of a thread with a full queue.
    """

    _channel: _Channel | None = None

    def __init__(self, app: App[Any], **options: Any) -> None:
        super().__init__(app, **options)
        self.output = Output(self._loop, self.drawn_on.encoding)

    @property  # type: ignore[override]
    def _writer_thread(self) -> _Channel | None:
        return self._channel

    @_writer_thread.setter
    def _writer_thread(self, thread: object) -> None:
        fd = self.drawn_on.fileno()
        self._channel = None if thread is None else _Channel(self.output, fd)

    @property
    def drawn_on(self) -> TextIO:
        """The stream whose terminal is drawn on."""
        assert self._file is not None  # else Textual could not draw at all
        return self._file

    @property
    def loop(self) -> AbstractEventLoop:
        """The app's event loop; signals and the input thread are outside it."""
        return self._loop

    @property
    def driven(self) -> App[Any]:
        """The app."""
        return self._app

    @property
    def debugs(self) -> bool:
        """Whether input is logged."""
        return self._debug

    @property
    def is_writing(self) -> bool:
        """Whether the terminal has been taken over."""
        return self._channel is not None

    def size_asked(self) -> None:
        """Called at the start and at every SIGWINCH, in the signal's handler."""

    def _get_terminal_size(self) -> tuple[int, int]:
        self.size_asked()
        return super()._get_terminal_size()

    def _sigtstp_application(self, *received: Any) -> None:
        """Leave for Ctrl+Z from the loop: a signal's handler may be in the middle of a frame."""
        self._loop.call_soon_threadsafe(super()._sigtstp_application)

    def _sigcont_application(self, *received: Any) -> None:
        """Take the terminal over again after Ctrl+Z, and only then.

        A terminal that goes away sends SIGCONT, too, after its SIGHUP.
        """
        if self._must_signal_resume:
            super()._sigcont_application(*received)


def sixels(image: "Image") -> str:
    """A paletted image as a sixel sequence, by textual-image's encoder."""
    from textual_image._sixel import image_to_sixels

    return str(image_to_sixels(image))
