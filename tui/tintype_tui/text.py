"""Text for reading: money, bytes, durations, ages; and untrusted text made harmless.

Everything that comes from a dataset, a model or a provider passes through `visible` before it meets
a terminal: control characters, escape sequences and direction overrides are shown, never obeyed.
"""

from datetime import UTC, datetime
from decimal import Decimal

from rich.cells import cell_len, set_cell_size

_KEPT = {"\n", "\t"}

_INVISIBLE = (
    *range(0x200B, 0x200D),  # zero-width space and non-joiner; the joiner (200D) makes emoji
    *range(0x200E, 0x2010),  # direction marks
    *range(0x2028, 0x202F),  # line and paragraph separators, direction embeddings and overrides
    *range(0x2060, 0x2070),  # word joiner, invisible operators, direction isolates
    0x00AD,
    0x061C,
    0x180E,
    0xFEFF,
    *range(0xFFF9, 0xFFFC),
    *range(0xE0000, 0xE1000),  # tags and further variation selectors: text nobody sees
)

_SHOWN: dict[int, str] = {
    **{code: f"^{chr(code ^ 0x40)}" for code in (*range(0x20), 0x7F) if chr(code) not in _KEPT},
    **{code: f"<U+{code:04X}>" for code in (*range(0x80, 0xA0), *_INVISIBLE)},
    **{code: f"<U+{code:04X}>" for code in range(0xD800, 0xE000)},  # lone surrogates
    ord("\t"): "    ",
}

_MASKED: dict[int, str] = {
    **dict.fromkeys(_SHOWN, "�"),
    **{code: chr(0x2400 + code) for code in range(0x20)},
    0x7F: "␡",
    ord("\n"): "⏎",
}


def visible(text: str) -> str:
    """Show what a terminal would obey; line ends stay."""
    return text if text.isascii() and text.isprintable() else text.translate(_SHOWN)


def masked(text: str) -> str:
    """As `visible`, one character for each: for fields, where the cursor stands between them."""
    return text if text.isascii() and text.isprintable() else text.translate(_MASKED)


def one_line(text: str) -> str:
    """Untrusted text on a single line, line ends shown as `⏎`."""
    return visible(text.replace("\r\n", "\n")).replace("\n", " ⏎ ")


def clip(text: str, width: int) -> str:
    """Cut to a width in cells, the last one an ellipsis where something was cut."""
    if width <= 0:
        return ""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 1) + "…"


def pad(text: str, width: int) -> str:
    """Clip or fill up with spaces to exactly so many cells."""
    return set_cell_size(clip(text, width), width)


def number(value: float) -> str:
    """`1,234` or, above a million, `1.23 M`."""
    if abs(value) >= 1e9:
        return f"{value / 1e9:.3g} G"
    if abs(value) >= 1e6:
        return f"{value / 1e6:.3g} M"
    return f"{value:,.0f}"


def short(value: float) -> str:
    """At most five cells: `812`, `1.2k`, `48k`, `3.1M`."""
    for unit in ("", "k", "M", "G"):
        if abs(value) < 999.5:
            return f"{value:.0f}{unit}" if not unit or value >= 9.95 else f"{value:.1f}{unit}"
        value /= 1000
    return f"{value:.0f}T"


def count(value: int, singular: str, plural: str = "") -> str:
    """`1 row`, `2,830 rows`."""
    return f"{number(value)} {singular if value == 1 else plural or singular + 's'}"


def size(size_bytes: float) -> str:
    """`412 KB`, `1.5 MB`; decimal units, as providers count."""
    for unit in ("B", "KB", "MB", "GB"):
        if abs(size_bytes) < 999.5:
            return (
                f"{size_bytes:.0f} {unit}"
                if unit == "B" or size_bytes >= 100
                else (f"{size_bytes:.3g} {unit}")
            )
        size_bytes /= 1000
    return f"{size_bytes:.3g} TB"


def bar(share: float, width: int) -> str:
    """A bar of so many cells at most, to an eighth of a cell; whatever is not nothing is seen."""
    eighths = max(1 if share > 0 else 0, round(min(share, 1.0) * width * 8))
    whole, rest = divmod(eighths, 8)
    return "█" * whole + (chr(0x2590 - rest) if rest else "")


SHADES = " ░▒▓█"


def shade(times: int, most: int) -> str:
    """How full something is, in four steps of the root; what is not empty is never blank."""
    if not times:
        return SHADES[0]
    return SHADES[max(1, round((len(SHADES) - 1) * (times / max(1, most)) ** 0.5))]


def money(usd: Decimal | None) -> str:
    """`$11.98`, `$0.0042`, `$0.000028`, `free`, or `unknown`: never a zero that nobody promised."""
    if usd is None:
        return "unknown"
    if usd == 0:
        return "free"
    if abs(usd) >= 1000:
        return f"${usd:,.0f}"
    if abs(usd) >= Decimal("0.01"):
        return f"${usd:,.2f}"
    digits = f"{usd:.{1 - usd.adjusted()}f}"  # two that say something
    return f"${digits.rstrip('0')}"


def duration(seconds: float) -> str:
    """`0.4 s`, `42 s`, `3 min 05 s`, `2 h 10 min`, `3 days`."""
    if seconds < 0:
        return f"-{duration(-seconds)}"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02} s"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes:02} min"
    return f"{hours // 24} days"


def age(then: datetime, now: datetime | None = None) -> str:
    """`just now`, `40 s ago`, `3 h 10 min ago`, `12 days ago`; `age ?` where no time was given."""
    if then.timestamp() <= 0:
        return "age ?"
    seconds = ((now or datetime.now(UTC)) - then).total_seconds()
    return "just now" if seconds < 1.5 else f"{duration(float(round(seconds)))} ago"


def clock(moment: datetime) -> str:
    """`14:03:20` here; `--:--:--` where no time was given."""
    return f"{moment.astimezone():%H:%M:%S}" if moment.timestamp() > 0 else "--:--:--"


def within(title: str) -> str:
    """A title within a sentence: `The embedded provider` begins small there."""
    return title[0].lower() + title[1:] if title.startswith("The ") else title
