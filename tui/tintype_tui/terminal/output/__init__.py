"""Drawing over any line: only what has changed, only the newest, and never waiting.

A package of its own: it knows strips of cells and a file descriptor, nothing of Tintype.
"""

from tintype_tui.terminal.output.line import Line

__all__ = ["Line"]
