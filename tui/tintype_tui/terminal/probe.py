"""Asking the terminal without Textual: for the command line, which may wait for the answer."""

import os
import sys
import time

from tintype_tui.terminal.capabilities import (
    Capabilities,
    Surroundings,
    assess,
    has_placeholders,
    name_and_version,
)
from tintype_tui.terminal.replies import (
    ATTRIBUTES_QUERY,
    CELL_QUERY,
    GRAPHICS_QUERY,
    VERSION_QUERY,
    Replies,
    Told,
)
from tintype_tui.terminal.tmux import ask_tmux

QUERY = VERSION_QUERY + CELL_QUERY + ATTRIBUTES_QUERY
"""What to write to any terminal to ask what it is."""


def graphics_query(told: Told) -> str:
    """What to write once the terminal has said what it is, to learn of its graphics; or nothing.

    Only a terminal that draws them at placeholders is asked. Others would do better not to see the
    question: tmux and screen make it the pane's title, also at the other end of an ssh that names
    another TERM, and the Linux console prints it.
    """
    wanted = not told.graphics and has_placeholders(*name_and_version(told.version))
    return GRAPHICS_QUERY + ATTRIBUTES_QUERY if wanted else ""


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

    Works with input and output redirected. Keys typed meanwhile are lost. A terminal that calls
    itself dumb is asked nothing: it would print the question.
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
        replies = _ask(fd, timeout_s) if environ.get("TERM") != "dumb" else Replies()
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


def _ask(fd: int, timeout_s: float) -> Replies:
    import select
    import termios
    import tty

    replies, end_s = Replies(), time.monotonic() + timeout_s
    before, asked = termios.tcgetattr(fd), 1
    try:
        tty.setcbreak(fd, termios.TCSANOW)
        os.write(fd, QUERY.encode())
        while replies.answers < asked:
            left_s = end_s - time.monotonic()
            if left_s <= 0 or not select.select([fd], [], [], left_s)[0]:
                break
            if not (piece := os.read(fd, 4096)):
                break
            replies.sift(piece.decode(errors="replace"), time.monotonic())
            if replies.answers == asked == 1 and (more := graphics_query(replies.told)):
                os.write(fd, more.encode())
                asked = 2
    finally:
        # What has come but was not read must not be typed into the shell.
        termios.tcsetattr(fd, termios.TCSAFLUSH, before)
    return replies
