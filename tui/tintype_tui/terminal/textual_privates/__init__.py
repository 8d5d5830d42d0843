"""The one place that touches what Textual and Rich keep private, each touch with a test.

`tests/tui/terminal/test_textual_privates.py` fails with the name of the touch when a new release
breaks one, and finds touches anywhere else in the app.
"""

from tintype_tui.terminal.textual_privates.drawing import (
    PaintedApp,
    draw_in_all_colours,
    draws,
    forget_lines,
    sixels,
)
from tintype_tui.terminal.textual_privates.driver import (
    KeyParser,
    OpenDriver,
    driver_of,
    has_mouse,
    last_key_s,
    output_of,
    take_mouse,
)
from tintype_tui.terminal.textual_privates.ending import ReportingApp
from tintype_tui.terminal.textual_privates.screens import (
    PartsScreen,
    screens_of,
    seen_in_order,
    take_back_toast,
)

__all__ = [
    "KeyParser",
    "OpenDriver",
    "PaintedApp",
    "PartsScreen",
    "ReportingApp",
    "draw_in_all_colours",
    "draws",
    "driver_of",
    "forget_lines",
    "has_mouse",
    "last_key_s",
    "output_of",
    "screens_of",
    "seen_in_order",
    "sixels",
    "take_back_toast",
    "take_mouse",
]
