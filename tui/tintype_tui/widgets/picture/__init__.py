"""The picture widget, and how its drawings are made.

A screen composes `Picture`, sets its `image` and boxes, and answers its `Wants` with `draw`; the
module `widget` shows how. `python -m tintype_tui.widgets.picture FILE` opens a viewer.
"""

from tintype_tui.widgets.picture.describing import describe
from tintype_tui.widgets.picture.drawing import Drawing, Wanted, draw
from tintype_tui.widgets.picture.framing import FIT, Frame, Room, View
from tintype_tui.widgets.picture.widget import Picture

__all__ = ["FIT", "Drawing", "Frame", "Picture", "Room", "View", "Wanted", "describe", "draw"]
