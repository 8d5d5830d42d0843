"""Asking tmux what is around it, and what to do where it stands in the way of images."""

import os
import re
import subprocess

from tintype_tui.terminal.capabilities import Capabilities, Tmux, has_placeholders

_FIELDS = (
    "version",
    "client_termtype",
    "client_termname",
    "client_termfeatures",
    "client_cell_width",
    "client_cell_height",
    "allow-passthrough",
)


def ask_tmux(timeout_s: float = 2.0) -> Tmux:
    """What tmux says; blocks for some milliseconds. Nothing known if it does not answer."""
    # The pane is named, else tmux speaks of the pane in use, which may be another.
    pane = os.environ.get("TMUX_PANE", "")
    question = "\n".join(f"#{{{name}}}" for name in _FIELDS)
    command = ["tmux", "display-message", "-p", *(("-t", pane) if pane else ()), question]
    try:
        answer = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=timeout_s, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return Tmux()
    return read_answer(answer)


def read_answer(answer: str) -> Tmux:
    """Of the fields above, one in a line; those that this tmux does not know are empty."""
    version, kind, term, features, width, height, passthrough = (
        answer.split("\n") + [""] * len(_FIELDS)
    )[: len(_FIELDS)]
    # Before 3.3 there was no such option: everything was handed on.
    numbers = [int(number) for number in re.findall(r"\d+", version)[:2]]
    cell = (int(width), int(height)) if width.isdigit() and height.isdigit() else (0, 0)
    return Tmux(
        version=version,
        terminal=kind or term,
        term=term,
        features=frozenset(features.split(",")) - {""},
        cell=cell if min(cell) > 0 else None,
        passthrough=passthrough in ("1", "on", "all") or [0] < numbers < [3, 3],
    )


def wrap(sequence: str) -> str:
    """An escape sequence for the terminal around tmux."""
    return "\x1bPtmux;" + sequence.replace("\x1b", "\x1b\x1b") + "\x1b\\"


def advice(capabilities: Capabilities) -> tuple[str, str]:
    """Why there are no better images, and lines to paste that give them; empty if nothing helps.

    The lines are for `~/.tmux.conf`, or for a shell where they begin with a command's name.
    """
    can = has_placeholders(capabilities.terminal, capabilities.version)
    if capabilities.tmux and can and not capabilities.passthrough:
        return (
            "tmux keeps kitty graphics from the terminal. In ~/.tmux.conf, then `tmux source "
            "~/.tmux.conf`:",
            "set -g allow-passthrough on",
        )
    if capabilities.tmux and can and capabilities.protocol != "kitty":
        return (
            "tmux does not know that the terminal has 24-bit colour, which kitty graphics need. In "
            "~/.tmux.conf, then detach and attach again:",
            f"set -as terminal-features ',*{capabilities.terminal}*:RGB'",
        )
    if capabilities.terminal == "kitty" and not can:
        return "This kitty is too old to draw images in an app; 0.28 or newer does.", ""
    plain = capabilities.protocol == "halfblock" and not capabilities.tmux
    if capabilities.terminal == "xterm" and plain:
        return "xterm draws images when started as a VT340:", "xterm -ti vt340"
    return "", ""
