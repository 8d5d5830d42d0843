"""How curves are told apart: by colour, and without it by mark and dash; the styles of a chart.

The hues start from Okabe and Ito (Color Universal Design, 2008) and are moved apart in lightness
until each has a contrast of at least 3:1 (WCAG 2.2, 1.4.11) against the background and surface of
every theme that comes with Textual and of ours, and any two stay distinct in simulated protanopia,
deuteranopia and tritanopia; the tests compute both. Under a theme of the terminal's own sixteen
colours, those are used.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.widget import Widget

DARK = ("#4AA8F0", "#E69F00", "#5FE3A8", "#F47CB8", "#F2E85C", "#C5846C")
"""On dark backgrounds: blue, orange, green, pink, yellow, brown."""

LIGHT = ("#0B4A8F", "#C84A00", "#118879", "#B81FB0", "#6C6239", "#5E0C08")
"""On light ones."""

ANSI_DARK = ("bright_cyan", "bright_yellow", "bright_green", "bright_magenta", "white", "red")
ANSI_LIGHT = ("blue", "red", "green", "magenta", "black", "cyan")

DASHES: tuple[tuple[bool, ...], ...] = tuple(
    tuple(character == "#" for character in pattern)
    for pattern in ("#", "######..", "##..", "########..##..", "#..", "############....")
)
"""Which dot columns of a line are drawn. Measured points are drawn whatever the dash."""


@dataclass(frozen=True, slots=True)
class Signs:
    """The characters around the dots."""

    vertical: str
    tick_y: str
    corner: str
    horizontal: str
    tick_x: str
    grid: str
    pin: str
    cursor: str
    second: str
    nan: str
    above: str
    below: str
    infinity: str
    delta: str
    about: str
    between: str
    more: str
    marks: str
    """One for each slot."""
    lines: tuple[str, ...]
    """A piece of line for each slot, as the legend shows it."""


UNICODE = Signs(
    vertical="│",
    tick_y="┤",
    corner="└",
    horizontal="─",
    tick_x="┬",
    grid="┈",
    pin="╎",
    cursor="│",
    second="┊",
    nan="✕",
    above="▲",
    below="▼",
    infinity="∞",
    delta="Δ",
    about="≈",
    between=" · ",
    more="…",
    marks="●■◆✚★○",
    lines=("━━", "╍╍", "┅┅", "━╍", "┉┉", "━╸"),
)

LINES = replace(UNICODE, lines=("──",) * len(UNICODE.lines))
"""Where curves are drawn as lines, which have no dashes."""

ASCII = Signs(
    vertical="|",
    tick_y="+",
    corner="+",
    horizontal="-",
    tick_x="+",
    grid=" ",
    pin=":",
    cursor="|",
    second="!",
    nan="x",
    above="^",
    below="v",
    infinity="inf",
    delta="change ",
    about="~",
    between=", ",
    more="~",
    marks="ABCDEF",
    lines=("--", "- ", "..", "-.", ". ", "=="),
)


GRID, PIN, CURSOR, SECOND, AXIS, LABEL = range(6)
"""What a cell shows that belongs to no curve."""
_FIRST_OWNER = 8

PARTS = ("title", "strong", "muted", "axis", "grid", "pin", "cursor")
"""What a style sheet may style, as `chart--title` and so on."""

Line = list[tuple[str, str]]
"""Words with the names of their styles: one of `PARTS`, `text`, `row`, or `trace` and a number."""


def owner(number: int, clear: bool) -> int:
    """The number of the style of a trace's cells; a faint one where a clear curve lies over it."""
    return _FIRST_OWNER + (2 * number + clear) % (256 - _FIRST_OWNER)


@dataclass(frozen=True, slots=True)
class Look:
    """The styles of a chart: by number for its cells, by name for words."""

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
        names = ANSI_DARK if dark else ANSI_LIGHT
        color = Style(color=names[slot % len(names)])
        return base + color + Style(dim=True), base + color
    colors = DARK if dark else LIGHT
    full = Color.parse(colors[slot % len(colors)])
    _, background = widget.background_colors
    faint = background.blend(full, 0.5, alpha=1.0)
    return base + Style(color=faint.rich_color), base + Style(color=full.rich_color)
