"""The image widget, and how its drawings are made.

A screen composes `ImageView`, sets its `data` and boxes, and answers its `Wants` with `draw`; the
module `widget` shows how. `python -m tintype_tui.widgets.image FILE` opens a viewer.
"""

from tintype_tui.widgets.image.describing import describe
from tintype_tui.widgets.image.drawing import Drawing, Wanted, draw
from tintype_tui.widgets.image.framing import FIT, Frame, Room, View
from tintype_tui.widgets.image.widget import ImageView

__all__ = ["FIT", "Drawing", "Frame", "ImageView", "Room", "View", "Wanted", "describe", "draw"]
