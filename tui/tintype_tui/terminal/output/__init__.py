"""Drawing over any line: only what has changed, only the newest, and never waiting.

A package of its own: it knows strips of cells and a file descriptor, nothing of Tintype.
"""

from tintype_tui.terminal.output.cells import MOST_IMAGES, PLACEHOLDER, Image, mark
from tintype_tui.terminal.output.line import Line
from tintype_tui.terminal.output.output import Output

__all__ = ["MOST_IMAGES", "PLACEHOLDER", "Image", "Line", "Output", "mark"]
