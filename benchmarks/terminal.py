"""A terminal that answers what terminals are asked, and knows what it shows.

`Answering` sees only the questions, so that it keeps up with any line; `Display` is a whole
emulator (pyte), which shows afterwards when the screen was right.
"""

import re
from codecs import getincrementaldecoder
from collections.abc import Iterator, Sequence
from typing import Any

import pyte

KINDS = {
    "xterm-256color": {"name": "XTerm(398)", "attributes": "64;1;22"},
    "sixel": {"name": "XTerm(398)", "attributes": "64;1;4;22"},
    "iterm": {"name": "iTerm2 3.5.0", "attributes": "64;1;4;22"},
    "kitty": {"name": "kitty(0.41.1)", "attributes": "62;52"},
    "mute": {},
}
"""What each kind of terminal says of itself; `mute` answers nothing."""

_SEQUENCE = re.compile(
    rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|[PX^_].*?\x1b\\|\].*?(?:\x07|\x1b\\)|[ -/]*[0-OQ-WYZ\\`-~])", re.S
)
"""A whole escape sequence, as ECMA-48 has it."""


class Answering:
    """Finds the questions in what is written to a terminal, wherever it is cut, and answers."""

    def __init__(self, kind: str = "xterm-256color") -> None:
        self.kind = kind
        self._said = KINDS[kind]
        self._held = b""

    def replies(self, written: bytes) -> bytes:
        """What the terminal says to the next piece written to it."""
        whole, self._held = _split(self._held + written)
        if not self._said:
            return b""
        return b"".join(self._reply(found[0]) for found in _SEQUENCE.finditer(whole))

    def _reply(self, sequence: bytes) -> bytes:
        if sequence in (b"\x1b[c", b"\x1b[0c"):
            return f"\x1b[?{self._said['attributes']}c".encode()
        if sequence == b"\x1b[6n":
            return b"\x1b[1;1R"
        if sequence == b"\x1b[5n":
            return b"\x1b[0n"
        if sequence in (b"\x1b[>q", b"\x1b[>0q"):
            return f"\x1bP>|{self._said['name']}\x1b\\".encode()
        if sequence == b"\x1b[16t":
            return b"\x1b[6;20;10t"
        if found := re.fullmatch(rb"\x1b\[\?(\d+)\$p", sequence):
            return b"\x1b[?%s;%d$y" % (found[1], 2 if found[1] == b"2026" else 0)
        if self.kind == "kitty" and (found := re.match(rb"\x1b_Gi=(\d+),[^;]*a=q", sequence)):
            return b"\x1b_Gi=%s;OK\x1b\\" % found[1]
        return b""


def _split(data: bytes) -> tuple[bytes, bytes]:
    """All that is whole, and the beginning of a sequence that is not."""
    end = 0
    for found in _SEQUENCE.finditer(data):
        end = found.end()
    at = data.find(b"\x1b", end)
    return (data, b"") if at < 0 else (data[:at], data[at:])


class Display(pyte.Screen):
    """The screen of a terminal that has been written to."""

    def __init__(self, columns: int, rows: int) -> None:
        super().__init__(columns, rows)
        self._stream = _Stream(self)
        self._decode = getincrementaldecoder("utf-8")(errors="replace").decode
        self._held = b""
        self._text = ""
        self.images = 0
        """How many images (sixel, kitty) have been written so far."""

    def write(self, data: bytes) -> None:
        """Take the next piece of what is written."""
        whole, self._held = _split(self._held + data)
        self.images += sum(whole.count(start) for start in (b"\x1bP", b"\x1b_G", b"\x1b]1337"))
        # pyte knows neither strings but OSC, nor the keyboard modes of kitty.
        plain = re.sub(rb"\x1b[P_^X].*?\x1b\\|\x1b\[[<=>][0-9;]*[@-~]", b"", whole, flags=re.S)
        self._stream.feed(self._decode(plain))

    def cells(self) -> list[tuple[Any, ...]]:
        """Every cell of every row, with its colours."""
        return [self.row(number) for number in range(self.lines)]

    def row(self, number: int) -> tuple[Any, ...]:
        """The cells of one row."""
        line = self.buffer[number]
        return tuple(line[column] for column in range(self.columns))

    def scroll_up(self, count: int = 1) -> None:
        """SU: what is within the margins moves up."""
        self._scroll(count, self.index, bottom=True)

    def scroll_down(self, count: int = 1) -> None:
        """SD: what is within the margins moves down."""
        self._scroll(count, self.reverse_index, bottom=False)

    def _scroll(self, count: int, move: Any, *, bottom: bool) -> None:
        margins, at = self.margins, self.cursor.y
        top, end = (margins.top, margins.bottom) if margins else (0, self.lines - 1)
        self.cursor.y = end if bottom else top
        for _ in range(count or 1):
            move()
        self.cursor.y = at

    def draw(self, data: str) -> None:
        """Draw text, and remember its last character for REP."""
        self._text = data[-1:] or self._text
        super().draw(data)

    def repeat(self, count: int = 1) -> None:
        """REP: the last character again."""
        self.draw(self._text * (count or 1))


class _Stream(pyte.Stream):
    """pyte's parser, with the sequences that it lacks."""

    csi = {**pyte.Stream.csi, "S": "scroll_up", "T": "scroll_down", "b": "repeat"}  # noqa: RUF012
    events = pyte.Stream.events | {"scroll_up", "scroll_down", "repeat"}


def changes(
    display: Display, pieces: Sequence[tuple[float, bytes]]
) -> Iterator[tuple[float, Display]]:
    """Write pieces with their times; yields the time of each after which the screen is another."""
    for at, piece in pieces:
        display.dirty.clear()
        known = {number: display.row(number) for number in range(display.lines)}
        images = display.images
        display.write(piece)
        dirty = [number for number in display.dirty if number < display.lines]
        if display.images != images or any(display.row(one) != known[one] for one in dirty):
            yield at, display
