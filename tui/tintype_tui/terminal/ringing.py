"""Ringing a terminal: its bell, and a notification of the desktop where it has such.

There is no way to ask a terminal which sequence it knows. OSC 9 is iTerm2's, also of kitty,
WezTerm, Ghostty and Windows Terminal; OSC 777 is urxvt's, also of foot and terminals made with VTE.
Others pass over what they do not know. tmux hands them on if `allow-passthrough` is on.
"""

import unicodedata
from collections.abc import Mapping

_WITH_777 = ("rxvt", "foot")
_BELL_ONLY = ("linux", "dumb", "vt100", "vt220", "")


def ringing(words: str, how: str, environ: Mapping[str, str]) -> str:
    """Return what to write to a terminal to ring it; empty for `off`.

    Args:
        words: A sentence; what a terminal would obey in it is left out.
        how: `auto`, `bell`, `osc9`, `osc777` or `off`.
        environ: Of the process in the terminal.
    """
    if how == "off":
        return ""
    if how == "auto":
        how = _usual(environ)
    said = "".join(c for c in words if unicodedata.category(c)[0] != "C")[:200]
    sequence = {
        "osc9": f"\x1b]9;{said}\x07",
        "osc777": f"\x1b]777;notify;Tintype;{said.replace(';', ',')}\x07",
    }.get(how, "")
    if sequence and environ.get("TMUX"):
        sequence = f"\x1bPtmux;{sequence.replace(chr(27), 2 * chr(27))}\x1b\\"
    return f"{sequence}\x07"


def _usual(environ: Mapping[str, str]) -> str:
    term = environ.get("TERM", "")
    if term.partition("-")[0] in _BELL_ONLY:
        return "bell"
    return "osc777" if environ.get("VTE_VERSION") or term.startswith(_WITH_777) else "osc9"
