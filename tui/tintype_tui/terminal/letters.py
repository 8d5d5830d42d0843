"""For terminals that have letters and little else: every sign of ours becomes one of ASCII.

The Linux console's fonts hold 256 or 512 characters, and a terminal of another encoding than UTF-8
has its own. Signs that we draw are known and replaced one by one, each by one cell; text from
datasets and models is left as it is.
"""

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_SIGNS = (
    ("‖│┃╎╏┆┇┊┋▏▎▍▌▐▕║", "|"),
    ("╸─━┄┅┈┉╌╍▁▂▔═—–", "-"),
    ("┌┐└┘├┤┬┴┼╭╮╰╯┏┓┗┛┣┫┳┻╋╱╲╔╗╚╝", "+"),
    ("▀▄█▃▅▆▇▉▊▋▖▗▘▙▚▛▜▝▞▟■▣", "#"),
    ("░▒▓", ":"),
    ("●★✚∞", "*"),
    ("○◌", "o"),
    ("◐◑◒◓◔", "%"),
    ("◆◇", "+"),
    ("✓✔√", "v"),
    ("✗✘✕×", "x"),
    ("⊘", "/"),
    ("›→▶▸►", ">"),
    ("‹←◀◂◄", "<"),
    ("↑▲△", "^"),
    ("↓▼▽", "v"),
    ("…≈", "~"),
    ("·•−", "-"),
    ("≠", "!"),
    ("␡\N{REPLACEMENT CHARACTER}", "?"),
    ("⏎↵", "/"),
    ("“”„", '"'),
    ("‘’", "'"),
    ("≤", "<"),
    ("≥", ">"),
    ("⌘⎇", "^"),
)
_TABLE: dict[int, str] = {ord(sign): letter for signs, letter in _SIGNS for sign in signs}
_TABLE |= {0x2800: " ", **dict.fromkeys(range(0x2801, 0x2900), ".")}


class Letters(LineFilter):
    """Replaces what is drawn, line by line."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Spell every sign; styles and widths stay."""
        return [
            segment
            if segment.text.isascii()
            else Segment(segment.text.translate(_TABLE), segment.style, segment.control)
            for segment in segments
        ]


_DRAWN = (
    "│┃╎╏┆┇┊┋▏▎▍▌▐▕║─━┄┅┈┉╌╍═┌┐└┘├┤┬┴┼╭╮╰╯┏┓┗┛┣┫┳┻╋╱╲╔╗╚╝▀▄█▁▂▃▅▆▇▉▊▋▔▖▗▘▙▚▛▜▝▞▟░▒▓■▢▣●○◐◑◒◓◌◔◆◇★"
)
_SPOKEN: dict[int, str] = {
    **dict.fromkeys(map(ord, _DRAWN), " "),
    **dict.fromkeys(range(0x2800, 0x2900), " "),
    **dict.fromkeys(map(ord, "→›▸"), ">"),
    **dict.fromkeys(map(ord, "✗✘"), "x"),
    **dict.fromkeys(map(ord, "✓⏎"), " "),
    ord("⊘"): "-",
    ord("·"): ",",
}


class Spoken(LineFilter):
    """For screen readers: lines, blocks and marks become spaces; words beside them say the same.

    Of the marks that stand alone at times, the cursor and what is wrong become letters.
    """

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Leave out every sign that only draws; styles and widths stay."""
        return [
            segment
            if segment.text.isascii()
            else Segment(segment.text.translate(_SPOKEN), segment.style, segment.control)
            for segment in segments
        ]
