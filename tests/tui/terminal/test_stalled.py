"""A line that carries nothing for a while, or no more: the app is neither deaf nor behind."""

import signal
import sys
import termios
import time
from pathlib import Path
from typing import Any

import pytest

COMMAND = str(Path(sys.executable).with_name("tintype"))
SOON_S = 5.0
"""On a machine at leisure it is half a second; before, it was never."""


@pytest.fixture
def stalled(play: Any, tmp_path: Path) -> Any:
    """The app in a terminal whose output has been stopped, as by a line that is cut."""
    terminal = play(COMMAND, controlling=True, TINTYPE_HOME=str(tmp_path / "home"))
    terminal.cooked = termios.tcgetattr(terminal.slave)
    terminal.until_seen("Start here")
    termios.tcflow(terminal.slave, termios.TCOOFF)
    return terminal


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_signal_ends_the_app_at_once(stalled: Any, name: str) -> None:
    stalled.type(b"2", b"3", b"5")
    number = signal.Signals[name]
    sent_s = time.monotonic()
    stalled.process.send_signal(number)
    assert stalled.process.wait(timeout=60) == 128 + number
    assert time.monotonic() - sent_s < SOON_S
    assert termios.tcgetattr(stalled.slave) == stalled.cooked


HANGING = """
import threading
from tintype_tui.__main__ import run_app
from tintype_tui.app import TintypeApp

def hang(app, mode):
    app.run_worker(threading.Event().wait, thread=True)
    app.notify("a thread hangs")

TintypeApp.action_go = hang
raise SystemExit(run_app())
"""


def test_a_signal_ends_the_app_while_a_thread_waits_for_ever(play: Any, tmp_path: Path) -> None:
    """As for a file system that does not answer."""
    terminal = play("-c", HANGING, controlling=True, TINTYPE_HOME=str(tmp_path / "home"))
    cooked = termios.tcgetattr(terminal.slave)
    terminal.until_seen("Start here")
    terminal.type(b"2")
    terminal.until_seen("a thread hangs")
    sent_s = time.monotonic()
    terminal.process.send_signal(signal.SIGTERM)
    terminal.until(b"\x1b[?1049l")
    assert terminal.process.wait(timeout=60) == 128 + signal.SIGTERM
    assert time.monotonic() - sent_s < SOON_S
    assert termios.tcgetattr(terminal.slave) == cooked


def test_what_is_seen_when_the_line_is_back_is_what_is_now(stalled: Any) -> None:
    stalled.type(b"3", b"2", b"3", b"5")
    termios.tcflow(stalled.slave, termios.TCOON)
    stalled.until_seen("No image yet")
    stalled.type(b"q")
    assert stalled.ended() == 0


CRASHING = """
from tintype_tui.__main__ import run_app
from tintype_tui.app import TintypeApp

def crash(app, mode):
    raise RuntimeError("no such pane")

TintypeApp.action_go = crash
raise SystemExit(run_app())
"""


def test_a_crash_is_not_told_to_a_terminal_that_takes_nothing(play: Any, tmp_path: Path) -> None:
    terminal = play("-c", CRASHING, controlling=True, TINTYPE_HOME=str(tmp_path / "home"))
    terminal.until_seen("Start here")
    termios.tcflow(terminal.slave, termios.TCOOFF)
    terminal.type(b"2")
    assert terminal.process.wait(timeout=60) == 1
    assert "no such pane" in (tmp_path / "home" / "state" / "crash.log").read_text()
