"""Copying over SSH and tmux, honestly: what was done is said, never more.

There is no acknowledgement for a copy by escape sequence (OSC 52), terminals drop long ones, and
tmux swallows them unless told otherwise. So the words returned say "sent to the terminal", and text
too long for any terminal goes to a file whose path is shown.
"""

import asyncio
import base64
import os
import subprocess
from pathlib import Path
from typing import Protocol

from tintype import paths

MOST_BYTES = 74_994
"""What xterm takes at most: 100,000 characters of base64 and a header."""


class Terminal(Protocol):
    """What can be written to."""

    def write(self, data: str) -> None:
        """Write raw data."""
        ...


async def copy(text: str, terminal: Terminal | None, spill: Path) -> str:
    """Copy text and say in words what was done.

    Args:
        text: What to copy.
        terminal: The driver that writes to the terminal; none without one.
        spill: The file that takes text too long for a terminal.

    Raises:
        FileError: if that file cannot be written.
    """
    data = text.encode(errors="replace")
    if terminal is None or len(data) > MOST_BYTES:
        await asyncio.to_thread(paths.write_whole, spill, data, replace=True, private=True)
        return f"Written to {spill}: too long for a terminal's clipboard."
    inside_tmux = bool(os.environ.get("TMUX"))
    if inside_tmux and await asyncio.to_thread(_through_tmux, data):
        return "Sent to tmux and, where its set-clipboard is on, to your terminal."
    sequence = f"\x1b]52;c;{base64.b64encode(data).decode()}\x07"
    if os.environ.get("TERM", "").startswith("screen") and not inside_tmux:
        sequence = f"\x1bP{sequence}\x1b\\"
    terminal.write(sequence)
    return "Sent to the terminal's clipboard."


def _through_tmux(data: bytes) -> bool:
    try:
        done = subprocess.run(
            ["tmux", "load-buffer", "-w", "-"], input=data, capture_output=True, timeout=1
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
