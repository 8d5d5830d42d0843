"""Shows a drawing: in characters, as kitty's cells, or as cells under a sixel image.

Kitty's images and sixels live in the terminal, not in Textual's text: their cells only name them,
and the output sends an image when its cells are seen, once. They are used only while they cannot
do harm: under a dialog the drawing's characters take their place, which Textual can dim, and a
sixel image gives way as soon as something lies over a part of it.
"""

import random
import textwrap
from typing import Any

from rich.segment import Segment
from textual.app import ScreenStackError
from textual.dom import NoScreen
from textual.errors import NoWidget
from textual.geometry import Offset, Region
from textual.reactive import var
from textual.strip import Strip
from textual.widget import Widget

from tintype_tui.terminal import Capabilities
from tintype_tui.terminal.output import MOST_IMAGES, Image
from tintype_tui.terminal.textual_privates import (
    forget_lines,
    output_of,
    seen_in_order,
)
from tintype_tui.terminal.tmux import wrap
from tintype_tui.text import visible
from tintype_tui.widgets.image import kitty, sixel
from tintype_tui.widgets.image.drawing import Drawing


class ImageCanvas(Widget):
    """Shows one drawing, or words in its place."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    ImageCanvas { width: 1fr; height: 1fr; color: $text-muted; }
    """

    drawing: var[Drawing | None] = var(None)
    """What is shown."""
    note: var[str] = var("")
    """Shown where there is no drawing: what one waits for, why there is no image."""
    capabilities: var[Capabilities] = var(Capabilities())
    """What the terminal can do."""

    def __init__(self) -> None:
        super().__init__()
        self._number = 0
        """The image's number in the terminal, while it has one."""
        self._cells: tuple[Strip, ...] = ()
        """The cells that name it."""
        self._manner = ""
        """How a part of it was drawn last: `kitty`, `sixel` or `characters`."""
        self._settled = ""
        """How all of it was last to be drawn."""

    def on_mount(self) -> None:
        """Learn of what comes to lie over the drawing."""
        self.screen.screen_layout_refresh_signal.subscribe(self, self._layout_changed)

    def on_unmount(self) -> None:
        """Free what the terminal holds."""
        if self._number:
            self._free(self._number)

    def watch_note(self) -> None:
        """Show it."""
        self._redraw()

    def watch_drawing(self) -> None:
        """Have it ready for the terminal, if it has to have it, and take the last one away."""
        drawing, last = self.drawing, self._number
        self._number, self._cells = 0, ()
        if drawing is not None and drawing.payload:
            self._hold(drawing)
        if last:
            # Not before the cells that show it are gone.
            self.call_after_refresh(self._free, last)
        self._redraw()

    def render_lines(self, crop: Region) -> list[Strip]:
        """Render, in the manner that is possible now."""
        manner = self._fitting_manner()
        if manner != self._manner:
            self._manner = manner
            forget_lines(self)
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """One line of the content."""
        drawing, style = self.drawing, self.rich_style
        width = self.content_size.width
        if drawing is None or not drawing.strips:
            return self._line_of_words(y)
        left, top = self._offset(drawing)
        columns, rows = drawing.frame.columns, drawing.frame.rows
        if not 0 <= y - top < rows:
            return Strip.blank(width, style)
        strip = (drawing.strips if self._manner == "characters" else self._cells)[y - top]
        blanks = Strip.blank(left, style), Strip.blank(max(0, width - left - columns), style)
        # A drawing for a larger room, seen until there is one for this, is cut off.
        return Strip.join([blanks[0], strip.apply_style(style), blanks[1]]).crop(0, width)

    def _line_of_words(self, y: int) -> Strip:
        """In the middle: the note, the drawing's flaw, or the image in words."""
        width, height = self.content_size
        drawing = self.drawing
        words = self.note if drawing is None else drawing.flaw or drawing.description
        paragraphs = visible(words).splitlines()
        lines = [line for part in paragraphs for line in textwrap.wrap(part, max(1, width))]
        at = y - max(0, height - len(lines)) // 2
        text = lines[at] if 0 <= at < len(lines) else ""
        return Strip([Segment(text)]).text_align(width, "center").apply_style(self.rich_style)

    def _hold(self, drawing: Drawing) -> None:
        columns, rows = drawing.frame.columns, drawing.frame.rows
        if drawing.protocol == "kitty":
            # Its red is even and not 0: no terminal has it by number among its 256 colours.
            self._number = random.randrange(1 << 17, 1 << 24, 1 << 17) | random.randrange(1 << 16)
            self._cells = kitty.placeholder_strips(self._number, columns, rows)
            sent = kitty.transmission(self._number, drawing.payload, columns, rows)
            farewell = self._through(kitty.deletion(self._number))
            image = Image("".join(map(self._through, sent)), columns, rows, farewell)
        else:
            self._number = random.randrange(1, MOST_IMAGES)
            self._cells = sixel.marked_strips(self._number, columns, rows)
            image = Image(drawing.payload, columns, rows)
        if (output := output_of(self.app)) is not None:
            output.hold(self._number, image)

    def _free(self, number: int) -> None:
        if (output := output_of(self.app)) is not None:
            output.drop(number)

    def _through(self, sequence: str) -> str:
        """As it has to be written to reach the terminal."""
        return wrap(sequence) if self.capabilities.tmux else sequence

    def _redraw(self) -> None:
        self._settled = self._fitting_manner()
        self.refresh()

    def _layout_changed(self, _screen: Any) -> None:
        # A toast has come or gone: a sixel image under it must give way, or come back, as a
        # whole; what has been repainted by now is only what the toast covers.
        if self._settled != self._fitting_manner():
            self._redraw()

    def _fitting_manner(self) -> str:
        """How the drawing can be shown now."""
        drawing = self.drawing
        if drawing is None or not drawing.payload or not self._undimmed():
            # Under a dialog colours are dimmed, and kitty's number is a colour.
            return "characters"
        if drawing.protocol == "kitty":
            return "kitty" if self._number else "characters"
        return "sixel" if self._in_full_sight() else "characters"

    def _undimmed(self) -> bool:
        """Whether nothing translucent is over the screen."""
        try:
            stack = self.app.screen_stack
            above = stack[stack.index(self.screen) + 1 :]
        except (NoScreen, ScreenStackError, ValueError):
            return False
        return all(screen.styles.background.is_transparent for screen in above)

    def _in_full_sight(self) -> bool:
        """Whether nothing is cut off from the drawing, and nothing lies over it."""
        place = self._place()
        if place is None:
            return False
        for widget, region, clip in seen_in_order(self.screen):
            if widget is self:
                return clip.contains_region(place) and region.contains_region(place)
            if region.intersection(clip).overlaps(place):
                return False
        return False

    def _place(self) -> Region | None:
        """Where the drawing is on the screen."""
        if self.drawing is None:
            return None
        try:
            content = self.screen.find_widget(self).region.shrink(self.gutter)
        except (NoWidget, NoScreen):
            return None
        seen = self.drawing.frame
        return Region(*(content.offset + self._offset(self.drawing)), seen.columns, seen.rows)

    def fraction_at(self, x: int, y: int) -> tuple[float, float] | None:
        """Which place of the image, in fractions of it, is at a cell of the screen.

        Beyond the drawing, a place beyond what is seen; none where nothing is drawn.
        """
        place, drawing = self._place(), self.drawing
        if place is None or drawing is None:
            return None
        left, top, right, bottom = drawing.frame.region
        across, down = (x + 0.5 - place.x) / place.width, (y + 0.5 - place.y) / place.height
        return left + across * (right - left), top + down * (bottom - top)

    def _offset(self, drawing: Drawing) -> Offset:
        """Where the drawing begins in the content: in the middle."""
        width, height = self.content_size
        columns, rows = drawing.frame.columns, drawing.frame.rows
        return Offset(max(0, width - columns) // 2, max(0, height - rows) // 2)
