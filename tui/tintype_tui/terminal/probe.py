"""Asking the terminal without Textual: for the command line, which may wait for the answer."""

import os
import sys
import time
from collections.abc import Mapping

from tintype_tui.terminal.capabilities import Capabilities, Surroundings, assess
from tintype_tui.terminal.replies import (
    ATTRIBUTES_QUERY,
    CELL_QUERY,
    GRAPHICS_QUERY,
    VERSION_QUERY,
    Replies,
)
from tintype_tui.terminal.tmux import ask_tmux


def query(environ: Mapping[str, str]) -> str:
    """What to write to the terminal to be told everything.

    Not asked about kitty's graphics: tmux and screen, also at the other end of an ssh, which would
    make the question the pane's title; and the Linux console, which prints it.
    """
    term = environ.get("TERM", "")
    deaf = "TMUX" in environ or "STY" in environ or term.startswith(("tmux", "screen"))
    deaf = deaf or term in ("linux", "dumb")
    return VERSION_QUERY + ("" if deaf else GRAPHICS_QUERY) + CELL_QUERY + ATTRIBUTES_QUERY


def kernel_cell(fd: int) -> tuple[int, int] | None:
    """A cell's width and height in pixels, from the window's size; none if the kernel has none."""
    import fcntl
    import struct
    import termios

    try:
        size = fcntl.ioctl(fd, termios.TIOCGWINSZ, bytes(8))
    except OSError:
        return None
    rows, columns, width, height = struct.unpack("HHHH", size)
    cell = width // max(1, columns), height // max(1, rows)
    return cell if min(cell) > 0 else None


def probe(timeout_s: float = 2.0) -> Capabilities:
    """Ask the terminal that controls this process, and wait at most `timeout_s` for the answer.

    Works with input and output redirected. Keys typed meanwhile are lost.
    """
    environ = dict(os.environ)
    encoding = getattr(sys.__stderr__, "encoding", None) or "utf-8"
    mono = "NO_COLOR" in environ
    try:
        fd = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    except OSError:
        return Capabilities(protocol="none", why="There is no terminal.", colours=2)
    try:
        started_s = time.perf_counter()
        replies = _ask(fd, query(environ), timeout_s)
        waited_ms = (time.perf_counter() - started_s) * 1000
        around = Surroundings(
            environ,
            encoding=encoding,
            mono=mono,
            cell=kernel_cell(fd),
            tmux=ask_tmux() if environ.get("TMUX") else None,
        )
        answered = replies.told.attributes is not None
        return assess(replies.told, around, waited_ms if answered else None)
    finally:
        os.close(fd)


def _ask(fd: int, question: str, timeout_s: float) -> Replies:
    import select
    import termios
    import tty

    replies, end_s = Replies(), time.monotonic() + timeout_s
    before = termios.tcgetattr(fd)
    try:
        tty.setcbreak(fd, termios.TCSANOW)
        os.write(fd, question.encode())
        while replies.told.attributes is None:
            left_s = end_s - time.monotonic()
            if left_s <= 0 or not select.select([fd], [], [], left_s)[0]:
                break
            if not (piece := os.read(fd, 4096)):
                break
            replies.sift(piece.decode(errors="replace"), time.monotonic())
    finally:
        # What has come but was not read must not be typed into the shell.
        termios.tcsetattr(fd, termios.TCSAFLUSH, before)
    return replies
