"""The styles of a chart: from its component classes, the theme, and the palette."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.widget import Widget

from tintype_tui.widgets.chart import palette
from tintype_tui.widgets.chart.curves import owner
from tintype_tui.widgets.chart.painting import AXIS, CURSOR, GRID, LABEL, PIN, SECOND
from tintype_tui.widgets.chart.readout import Line

PARTS = ("title", "strong", "muted", "axis", "grid", "pin", "cursor")
"""What a style sheet may style, as `chart--title` and so on."""


@dataclass(frozen=True, slots=True)
class Look:
    """Styles by number for the cells of a picture, by name for words."""

    keys: Sequence[Style]
    named: dict[str, Style]

    def words(self, line: Line) -> list[Segment]:
        """Style a line of words."""
        return [Segment(text, self.named[style]) for text, style in line if text]


def look(widget: Widget, slots: Sequence[int]) -> Look:
    """The styles of a widget as it is now, for curves in these slots of the palette."""
    base = widget.rich_style
    part = {name: widget.get_component_rich_style(f"chart--{name}") for name in PARTS}
    reverse = Style(reverse=True)
    keys = [base] * 256
    keys[GRID], keys[PIN], keys[AXIS] = part["grid"], part["pin"], part["axis"]
    keys[CURSOR] = keys[SECOND] = part["cursor"]
    keys[LABEL] = part["cursor"] + reverse
    named = {**part, "text": base, "row": base + reverse}
    for number, slot in enumerate(slots):
        faint, clear = curve_styles(widget, slot, base)
        keys[owner(number, clear=False)], keys[owner(number, clear=True)] = faint, clear
        named[f"trace{number}"] = clear
    return Look(keys, named)


def curve_styles(widget: Widget, slot: int, base: Style) -> tuple[Style, Style]:
    """The style of what was measured when a smoothed curve lies on it, and of a clear curve."""
    app = widget.app
    dark = app.current_theme.dark
    if app.native_ansi_color:
        names = palette.ANSI_DARK if dark else palette.ANSI_LIGHT
        color = Style(color=names[slot % len(names)])
        return base + color + Style(dim=True), base + color
    colors = palette.DARK if dark else palette.LIGHT
    full = Color.parse(colors[slot % len(colors)])
    _, background = widget.background_colors
    faint = background.blend(full, 0.5, alpha=1.0)
    return base + Style(color=faint.rich_color), base + Style(color=full.rich_color)
