"""Asking the terminal without Textual."""

import re
import subprocess
import sys
import time
from typing import Any

import pytest
from textual import constants
from textual.drivers.headless_driver import HeadlessDriver

from tintype_tui.terminal import TRUECOLOR, Capabilities
from tintype_tui.terminal.app import TerminalApp
from tintype_tui.terminal.output import Line
from tintype_tui.terminal.remote import remote_advice

KITTY = b"\x1bP>|kitty(0.41.1)\x1b\\\x1b_Gi=31;OK\x1b\\\x1b[6;18;9t\x1b[?62;52;c"
PROBE = """
from tintype_tui.terminal import probe
found = probe({timeout_s})
print(found.protocol, found.answered, found.cell, found.round_trip_ms is not None, "left")
"""


def test_the_probe_waits_for_the_answer(play: Any) -> None:
    terminal = play("-c", PROBE.format(timeout_s=20), controlling=True)
    terminal.until(b"\x1b[c")
    terminal.type(KITTY[:30], KITTY[30:])
    assert b"kitty True (9, 18) True" in terminal.until(b"left")
    assert terminal.unread() == b""


def test_the_probe_asks_kitty_for_its_graphics_and_tmux_for_nothing_that_makes_a_title(
    play: Any,
) -> None:
    terminal = play("-c", PROBE.format(timeout_s=20), controlling=True)
    assert b"\x1b_G" not in terminal.until(b"\x1b[c")
    terminal.type(b"\x1bP>|kitty(0.41.1)\x1b\\\x1b[?62;52;c")
    assert b"\x1b_Gi=31" in terminal.until(b"\x1b[c")
    terminal.type(b"\x1b_Gi=31;OK\x1b\\\x1b[?62;52;c")
    assert b"kitty True" in terminal.until(b"left")
    assert terminal.unread() == b""
    hidden = play("-c", PROBE.format(timeout_s=20), controlling=True)
    hidden.until(b"\x1b[c")
    hidden.type(b"\x1bP>|tmux 3.4\x1b\\\x1b[?1;2;c")
    assert b"\x1b_" not in hidden.until(b"left")


def test_the_probe_gives_up_on_a_terminal_that_says_nothing(play: Any) -> None:
    terminal = play("-c", PROBE.format(timeout_s=0.01), controlling=True)
    assert b"halfblock False (10, 20) False" in terminal.until(b"left")


def test_the_probe_knows_when_there_is_no_terminal() -> None:
    command = [sys.executable, "-c", PROBE.format(timeout_s=20)]
    done = subprocess.run(command, capture_output=True, check=True, start_new_session=True)
    assert done.stdout == b"none False (10, 20) False left\n"


def test_another_driver_is_left_in_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "DRIVER", "textual.drivers.headless_driver:HeadlessDriver")
    assert TerminalApp().get_driver_class() is HeadlessDriver


@pytest.mark.parametrize(
    "module",
    [
        "tintype_tui.terminal",
        "tintype_tui.widgets.image",
        "tintype_tui.terminal.driver",
        "tintype_tui.screens.home.provider_part",  # and with it all of Home
    ],
)
def test_nothing_heavy_is_imported_before_an_image_is_drawn(module: str) -> None:
    heavy = ["PIL", "numpy", "textual_image", "openai", "tintype.images", "tintype.dataset"]
    heavy += ["tintype.rules", "tintype.evaluation", "tintype.prompting"]
    if module == "tintype_tui.terminal":
        heavy += ["textual", "rich"]
    code = f"import sys, {module}; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


MEASURE = """
from tintype_tui.terminal.remote import measured_line
line = measured_line()
print(line.answered, line.round_trip_s, line.bytes_per_s, "left")
"""


def test_the_line_is_measured_by_a_burst_that_is_no_larger_than_it_must_be(play: Any) -> None:
    slow = play("-c", MEASURE, controlling=True)
    written, asked_s, answered_s = b"", list[float](), list[float]()
    for wait_s in (0.05, 0.05, 0.4):  # twice nothing, then what takes longer than these did
        written += slow.until(b"\x1b[c")
        asked_s.append(time.monotonic())
        longest_s = asked_s[2] - answered_s[0] if len(asked_s) == 3 else 0
        time.sleep(longest_s + wait_s)
        answered_s.append(time.monotonic())
        slow.type(b"\x1b[?62c")
    _, trip, carried = slow.until(b"left").split()[-4:-1]
    whole_s = time.monotonic() - answered_s[1]
    assert 0.05 <= float(trip) <= longest_s
    assert 4_000 / whole_s <= float(carried) <= 4_000 / 0.4
    assert len(written) < 5_000
    assert re.fullmatch(rb"(\x1b\[c)+(\x1b\[38;2;[0-9;]+m)+\x1b\[0m\x1b\[c", written)
    assert slow.unread() == b""


def test_advice_is_for_a_terminal_at_another_machine() -> None:
    there = {"SSH_CONNECTION": "192.0.2.1 50000 192.0.2.2 22"}
    slow = Line(0.8, 20_000.0, answered=True)
    assert not list(remote_advice(slow, Capabilities(), {}))
    compress, stay, colour = remote_advice(slow, Capabilities(terminal="xterm"), there)
    assert "ssh -C" in compress
    assert "tmux new -A" in stay
    assert "SendEnv COLORTERM" in colour
    rich = Capabilities(terminal="kitty", colours=TRUECOLOR, tmux=True)
    assert not list(remote_advice(Line(0.02, 1e6), rich, there))
    (_, local) = remote_advice(Line(), Capabilities(terminal="tmux", colours=TRUECOLOR), there)
    assert "Run ssh outside it" in local
    assert "allow-passthrough" in local
