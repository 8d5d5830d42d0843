"""How curves are told apart: by colour, and without it by mark and dash.

The hues start from Okabe and Ito (Color Universal Design, 2008) and are moved apart in lightness
until each has a contrast of at least 3:1 (WCAG 2.2, 1.4.11) against the background and surface of
every theme that comes with Textual and of ours, and any two stay distinct in simulated protanopia,
deuteranopia and tritanopia; the tests compute both. Under a theme of the terminal's own sixteen
colours, those are used.
"""

from dataclasses import dataclass

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
