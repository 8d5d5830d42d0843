"""However the app ends, the terminal is given back as it was."""

import json
import os
import re
import signal
import stat
import sys
import termios
from pathlib import Path
from typing import Any

import pytest

KITTY = b"\x1bP>|kitty(0.41.1)\x1b\\\x1b_Gi=31;OK\x1b\\\x1b[6;18;9t\x1b[?62;52;c"
COMMAND = str(Path(sys.executable).with_name("tintype"))
KEY = "sk-proj-0123456789abcdef"
CRASHING = """
from tintype_tui.__main__ import run_app
from tintype_tui.app import TintypeApp

def crash(app):
    held = "sk-proj-0123456789abcdef"
    raise RuntimeError("no \\x1b[2J such thing as " + held)

def crash_later(app):
    async def work():
        crash(app)
    app.run_worker(work())

TintypeApp.action_mouse = {}
raise SystemExit(run_app())
"""
_MODE = re.compile(rb"\x1b\[\?([0-9;]+)([hl])|\x1b\[([<>])[0-9]*u")
_WRAPS, _CURSOR = 7, 25


class Restored:
    """What is left in the terminal when a program has ended."""

    def __init__(self, terminal: Any, before: bytes, cooked: list[Any]) -> None:
        self.code = terminal.ended()
        os.set_blocking(terminal.master, False)
        rest = b""
        try:
            while data := os.read(terminal.master, 65536):
                rest += data
        except BlockingIOError:
            pass
        written = before + terminal.shown + rest
        self.modes: set[Any] = {_WRAPS, _CURSOR}
        for numbers, verb, keyboard in _MODE.findall(written):
            named = {int(number) for number in numbers.split(b";")} if numbers else {"keyboard"}
            self.modes = (
                self.modes | named if verb == b"h" or keyboard == b">" else (self.modes - named)
            )
        self.words = written.rpartition(b"\x1b[?1049l")[2].decode()
        self.cooked = termios.tcgetattr(terminal.slave) == cooked
        self.unread = terminal.unread()

    def check(self) -> None:
        """Nothing is on that was off, and nothing off that was on."""
        assert self.modes == {_WRAPS, _CURSOR}
        assert self.cooked
        assert self.unread == b""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def opened(play: Any, home: Path, *arguments: str) -> tuple[Any, bytes, list[Any]]:
    """Start it in a terminal that has answered; what it has written, and how the tty was."""
    terminal = play(*(arguments or (COMMAND,)), controlling=True, TINTYPE_HOME=str(home))
    cooked = termios.tcgetattr(terminal.slave)
    before = terminal.until(b"\x1b[c")
    terminal.type(KITTY)
    return terminal, before + terminal.until(b"Start here"), cooked


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_a_signal_leaves_the_terminal_as_it_was(play: Any, home: Path, name: str) -> None:
    number = signal.Signals[name]
    terminal, before, cooked = opened(play, home)
    terminal.process.send_signal(number)
    restored = Restored(terminal, before, cooked)
    restored.check()
    assert restored.code == 128 + number
    assert "Traceback" not in restored.words


def test_when_the_terminal_goes_away_the_app_goes_too(play: Any, home: Path) -> None:
    """A closed window, a lost line, a killed tmux: SIGHUP and SIGCONT, and nobody reads."""
    terminal, _, _ = opened(play, home)
    os.close(terminal.slave)
    os.close(terminal.master)
    terminal.master = terminal.slave = -1
    assert terminal.ended() == 128 + signal.SIGHUP


def test_a_signal_in_the_first_moment_leaves_the_terminal_as_it_was(play: Any, home: Path) -> None:
    terminal = play(COMMAND, controlling=True, TINTYPE_HOME=str(home))
    cooked = termios.tcgetattr(terminal.slave)
    before = terminal.until(b"\x1b[?1049h")
    terminal.process.send_signal(signal.SIGTERM)
    terminal.type(KITTY)
    restored = Restored(terminal, before, cooked)
    restored.check()
    assert restored.code == 128 + signal.SIGTERM


@pytest.mark.parametrize("crash", ["crash", "crash_later"])
def test_a_crash_leaves_a_sentence_and_a_report_without_keys(
    play: Any, home: Path, crash: str
) -> None:
    terminal, before, cooked = opened(play, home, "-c", CRASHING.format(crash))
    terminal.type(b"\x1b[20~")  # F9
    restored = Restored(terminal, before, cooked)
    restored.check()
    assert restored.code == 1
    (log,) = home.glob("state/crash.log")
    words = restored.words.replace("\r\n", "")
    assert "Tintype stopped because of an internal error." in words
    assert "RuntimeError: no ^[[2J such thing as [key]" in words
    assert str(log) in words
    assert "Traceback" not in words
    report = log.read_text()
    assert "Traceback" in report
    assert "in crash" in report
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    for text in (words, report):
        assert KEY not in text
        assert "\x1b[2J" not in text


def test_a_crash_where_no_report_can_be_written_says_so(play: Any, home: Path) -> None:
    (home / "state").mkdir(parents=True)
    (home / "state" / "crash.log").symlink_to(home / "elsewhere")
    terminal, before, cooked = opened(play, home, "-c", CRASHING.format("crash"))
    terminal.type(b"\x1b[20~")
    restored = Restored(terminal, before, cooked)
    restored.check()
    assert "The crash report could not be written. Cannot " in restored.words
    assert not (home / "elsewhere").exists()


def test_a_dumb_terminal_gets_plain_words_and_no_sequences(play: Any, home: Path) -> None:
    terminal = play(COMMAND, controlling=True, TINTYPE_HOME=str(home), TERM="dumb")
    said = terminal.until(b"TERM=xterm-256color tintype")
    assert terminal.ended() == 2
    assert b"\x1b" not in said
    assert b"`tintype status`" in said
    doctor = play(COMMAND, "doctor", controlling=True, TINTYPE_HOME=str(home), TERM="dumb")
    said = doctor.until(b"line: not measured")
    assert b"\x1b" not in said


def test_keys_typed_before_the_first_frame_reach_the_pane_that_was_asked_for(
    play: Any, home: Path, tmp_path: Path
) -> None:
    path = tmp_path / "train.jsonl"
    rows = [{"messages": [{"role": "user", "content": f"question {n}"}]} for n in range(9)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    terminal = play(COMMAND, str(path), controlling=True, TINTYPE_HOME=str(home))
    terminal.type(b"jj", b"x")  # down twice, and the third row is marked
    terminal.until_seen("· 1 ma")  # marked, as far as there is room
    terminal.type(KITTY, b"q")
    assert Restored(terminal, b"", termios.tcgetattr(terminal.slave)).code == 0


@pytest.mark.parametrize(("within", "taken"), [({}, True), ({"STY": "1.screen"}, False)])
def test_gnu_screen_keeps_the_mouse_for_with_it_escape_would_wait_for_another_key(
    within: dict[str, str], taken: bool, play: Any, tmp_path: Path
) -> None:
    terminal = play(COMMAND, TINTYPE_HOME=str(tmp_path / "home"), **within)
    terminal.until_seen("Start here")
    assert (b"\x1b[?1000h" in terminal.shown) is taken
    terminal.type(b"q")
    assert terminal.ended() == 0
