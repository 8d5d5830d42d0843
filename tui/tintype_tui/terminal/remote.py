"""The line to the terminal: measured from the command line, and what would help over SSH."""

import os
import random
import time
from collections.abc import Iterator, Mapping

from tintype_tui.terminal.capabilities import TRUECOLOR, Capabilities
from tintype_tui.terminal.output import Line
from tintype_tui.terminal.replies import ATTRIBUTES_QUERY, Replies

BURSTS = 4_000, 16_000, 64_000
"""Bytes sent to see how many go through in a second; larger ones where the smaller are quick."""
QUICK_S = 0.25
"""What a burst may take, besides the round trip, for a larger one to be sent."""
LONGEST_S = 6.0


def measured_line() -> Line:
    """Ask the terminal that controls this process, twice for nothing, then behind some colours.

    Takes a few round trips, and about a second on a slow line. Where tmux or screen is nearer than
    the terminal, it is they that answer. Nothing is known where nobody does.
    """
    import termios
    import tty

    try:
        fd = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError:
        return Line()
    before, end_s = termios.tcgetattr(fd), time.monotonic() + LONGEST_S
    try:
        tty.setcbreak(fd, termios.TCSANOW)
        return _measured(fd, end_s)
    finally:
        # What has come but was not read must not be typed into the shell.
        termios.tcsetattr(fd, termios.TCSAFLUSH, before)
        os.close(fd)


def _measured(fd: int, end_s: float) -> Line:
    trips = [_answered_s(fd, b"", end_s)]
    if trips[0] is None:
        return Line()
    trips.append(_answered_s(fd, b"", end_s))
    trip_s = min(trip for trip in trips if trip is not None)
    carried = None
    for size in BURSTS:
        took_s = _answered_s(fd, _colours(size), end_s)
        if took_s is None:
            break
        through_s = max(took_s - trip_s, 1e-4)
        carried = size / through_s
        if through_s > QUICK_S:
            break
    return Line(trip_s, carried, answered=True)


def _answered_s(fd: int, data: bytes, end_s: float) -> float | None:
    """Seconds until the terminal has taken data and answered; none if it has not by then."""
    import select

    began_s, replies = time.monotonic(), Replies()
    left = data + ATTRIBUTES_QUERY.encode()
    while not replies.answers:
        wait_s = end_s - time.monotonic()
        readable, writable, _ = select.select([fd], [fd] if left else [], [], max(0.0, wait_s))
        if not (readable or writable):
            return None
        if writable:
            left = left[os.write(fd, left[:1024]) :]
        if readable:
            replies.sift(os.read(fd, 4096).decode(errors="replace"), time.monotonic())
    return time.monotonic() - began_s


def _colours(size: int) -> bytes:
    """Changes of colour, of which nothing is seen, as varied as an image in block characters."""
    draw = random.Random(size)
    each = (b"\x1b[38;2;%d;%d;%dm" % tuple(draw.randbytes(3)) for _ in range(size // 16))
    return b"".join(each)[: size - 8].rpartition(b"\x1b")[0] + b"\x1b[0m"


def over_ssh(environ: Mapping[str, str]) -> bool:
    """Whether the terminal is at another machine."""
    return bool(environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"))


def remote_advice(
    line: Line, capabilities: Capabilities, environ: Mapping[str, str]
) -> Iterator[str]:
    """What would help on this line, a sentence each; nothing on this machine's own terminal."""
    if not over_ssh(environ):
        return
    if line.slow:
        yield (
            "Compress: `ssh -C`, or `Compression yes` in ~/.ssh/config on your own machine. "
            "`low_bandwidth` in the configuration says how Tintype draws on slow lines."
        )
    if not capabilities.tmux:
        yield (
            "Stay when the line drops: `tmux new -A -s tintype` on this machine, and Tintype in "
            "it; the same command brings it back."
        )
    if capabilities.terminal in ("tmux", "screen") and not capabilities.tmux:
        yield (
            f"A {capabilities.terminal} on your own machine is nearer than its terminal, and keeps "
            "kitty graphics from it. Run ssh outside it, and tmux on this machine, with `set -g "
            "allow-passthrough on` in ~/.tmux.conf."
        )
    if capabilities.colours < TRUECOLOR and environ.get("TERM") not in ("dumb", "linux"):
        yield (
            "If the terminal has 24-bit colour: `SendEnv COLORTERM` in ~/.ssh/config on your own "
            "machine, and `AcceptEnv COLORTERM` in /etc/ssh/sshd_config here; or "
            "`export COLORTERM=truecolor` here."
        )
