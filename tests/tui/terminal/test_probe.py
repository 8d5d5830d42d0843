"""Asking the terminal without Textual."""

import subprocess
import sys
from typing import Any

import pytest
from textual import constants
from textual.drivers.headless_driver import HeadlessDriver

from tintype_tui.terminal.app import TerminalApp

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
    "module", ["tintype_tui.terminal", "tintype_tui.widgets.image", "tintype_tui.terminal.driver"]
)
def test_nothing_heavy_is_imported_before_an_image_is_drawn(module: str) -> None:
    heavy = ["PIL", "numpy", "textual_image", "openai", "tintype.images", "tintype.dataset"]
    if module == "tintype_tui.terminal":
        heavy += ["textual", "rich"]
    code = f"import sys, {module}; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
