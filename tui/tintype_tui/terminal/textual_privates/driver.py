"""Textual's driver, parser of keys and hold on the mouse."""

from asyncio import AbstractEventLoop
from typing import Any, TextIO

from textual._xterm_parser import XTermParser
from textual.app import App
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver

from tintype_tui.terminal.output import Output


def driver_of(app: App[Any]) -> Driver | None:
    """What writes control sequences to the terminal; none before it has begun."""
    return app._driver


def output_of(app: App[Any]) -> Output | None:
    """What draws on the terminal, if it is ours; none in tests and in other drivers."""
    return getattr(app._driver, "output", None)


def last_key_s(app: App[Any]) -> float:
    """When a key was pressed last, on the monotonic clock; minus infinity if never or not known.

    It may be waiting still for those before it to be done.
    """
    output = output_of(app)
    return float("-inf") if output is None else output.pace.last_key_s


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
