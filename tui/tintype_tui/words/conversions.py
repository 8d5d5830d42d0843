"""What writing a dataset in another format comes to, in words."""

from tintype.library.conversion import Conversion
from tintype_tui.text import count, size

MOST = 100
"""Sentences about single rows."""


def conversion_lines(made: Conversion, *, free: int | None = None) -> list[str]:
    """Rows, losses, what it weighs; with `free`, of a dry run: the bytes free on that disk."""
    written = bool(made.files)
    weight = "" if made.size_bytes is None else f", {size(made.size_bytes)}"
    verb = "are written" if written else "would be written"
    lines = [f"{count(made.rows, 'row')} {verb}{weight}."]
    if not made.rows:
        lines = ["No row can be written in this format."]
    if free is not None and made.size_bytes is not None:
        room = "not enough room" if made.size_bytes > free else "room enough"
        lines.append(f"{size(free)} are free there: {room}.")
    if made.lost:
        lines.append(f"{count(made.lost, 'row')} would be lost." if not written else
                     f"{count(made.lost, 'row')} are lost.")  # fmt: skip
    lines += made.notices
    if made.problems:
        lines += ["", *made.problems[:MOST]]
        if len(made.problems) > MOST:
            lines.append(f"… and {len(made.problems) - MOST:,} more.")
    elif not made.lost and not made.notices and made.rows:
        lines.append("Nothing is lost.")
    return lines
