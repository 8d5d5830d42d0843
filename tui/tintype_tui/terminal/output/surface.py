"""The screen as cells: what it is to show, what the terminal has been sent, and the difference.

A row is two lists of equal length: for each column a text and a pen. A wide character has its text
in its first column and none in its second. Images are cells, too: kitty's as it has them (a
placeholder with marks for row and column, in a colour that is the image's number), sixels as
`mark`s, which are blanks in the terminal until all of an image can be painted over them.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from typing import Any

from tintype_tui.terminal.output.pens import blank, change, erases, front_number

PLACEHOLDER = "\U0010eeee"
"""kitty's, for a cell of an image."""
MARK = "\U0010eeed"
"""Ours, for a cell under a sixel image; private, and never sent."""
_JUMP = 4
"""Unchanged cells in a row that are written rather than jumped over, if it takes no other pen."""
_EMOJI = "\U0001f000"
"""From here on terminals differ about widths."""

_DIGITS = "".join(map(chr, range(0xE0100, 0xE01F0)))
"""Variation selectors, which take no room."""
MOST_IMAGES = len(_DIGITS) ** 2
"""Numbers that a sixel image may have."""
_CONTROLS = dict.fromkeys((*range(32), *range(0x7F, 0xA0)))

Segments = Iterable[tuple[str, Any, Any]]


@dataclass(slots=True)
class Image:
    """An image to be given to the terminal when it is seen."""

    sequence: str
    """What gives it its number, or paints it at the cursor."""
    columns: int
    rows: int
    farewell: str = ""
    """What frees it; empty where nothing is kept of it."""
    sent: bool = False


def mark(number: int, row: int, column: int) -> str:
    """The text of a cell under a sixel image: a sign of ours, and digits that take no room."""
    return MARK + "".join(
        _DIGITS[part] for whole in (number, row, column) for part in divmod(whole, len(_DIGITS))
    )


def _marked(text: str) -> tuple[int, int, int]:
    parts = [ord(digit) - ord(_DIGITS[0]) for digit in text[1:7]]
    number, row, column = (
        high * len(_DIGITS) + low for high, low in zip(parts[::2], parts[1::2], strict=True)
    )
    return number, row, column


@lru_cache(1 << 14)
def split(text: str) -> tuple[str, ...]:
    """Text for each column: combining marks with what they stand on, nothing after what is wide."""
    from rich.cells import split_graphemes  # the command line needs no more than the line

    cells: list[str] = []
    plain = text.translate(_CONTROLS)
    for start, end, width in split_graphemes(plain)[0]:
        if width:
            cells += (plain[start:end], *[""] * (width - 1))
    return tuple(cells)


class Surface:
    """What is to be shown and what has been sent, in cells."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.erases = False
        """Whether erased cells take the background's colour in this terminal."""
        self.images: dict[int, Image] = {}
        self.leaving: list[str] = []
        """What frees images whose cells are about to go."""
        self._texts = [[" "] * width for _ in range(height)]
        self._pens = [[""] * width for _ in range(height)]
        self._applied: list[dict[int, tuple[object, int]]] = [{} for _ in range(height)]
        self._sent_texts: list[list[str | None]] = []
        self._sent_pens: list[list[str | None]] = []
        self._touched: set[int] = set()
        self.forget()

    def take_over(self, before: "Surface") -> None:
        """Go on from a surface of another size."""
        self.erases, self.images, self.leaving = before.erases, before.images, before.leaving

    def forget(self) -> None:
        """Take nothing for granted of what the terminal shows."""
        self._sent_texts = [[None] * self.width for _ in range(self.height)]
        self._sent_pens = [[None] * self.width for _ in range(self.height)]
        self._touched = set(range(self.height))

    def apply_again(self) -> None:
        """Look at every strip again: what pens are has changed."""
        self._applied = [{} for _ in range(self.height)]

    # ------------------------------------------------------------------ what is to be shown

    def put(self, y: int, x: int, strip: Segments, pen_of: Callable[[Any], str]) -> None:
        """Show a strip of styled text from a cell on; what lies outside is cut off."""
        if not 0 <= y < self.height or not 0 <= x < self.width:
            return
        applied = self._applied[y]
        if (before := applied.get(x)) is not None and before[0] is strip:
            return
        texts: list[str] = []
        pens: list[str] = []
        for text, style, control in strip:
            if control:
                continue
            cells = text if text.isascii() and text.isprintable() else split(text)
            texts += cells
            pens += [pen_of(style)] * len(cells)
        end = min(self.width, x + len(texts))
        del texts[end - x :], pens[end - x :]
        self._texts[y][x:end], self._pens[y][x:end] = texts, pens
        self._heal(y, x, end)
        for start, (_, other_end) in list(applied.items()):
            if start < end and other_end > x:
                del applied[start]
        applied[x] = strip, end
        self._touched.add(y)

    def _heal(self, y: int, x: int, end: int) -> None:
        """A wide character that lost a half is a blank."""
        row = self._texts[y]
        if 0 < x < self.width and row[x - 1] and len(split(row[x - 1])) > 1:
            row[x - 1] = " "
        if end < self.width and not row[end]:
            row[end] = " "
        if row[self.width - 1] and len(split(row[self.width - 1])) > 1:
            row[self.width - 1] = " "

    def hold(self, number: int, image: Image) -> None:
        """Have an image ready for when cells with its number are seen."""
        self.images[number] = image

    def drop(self, number: int) -> None:
        """Have it no longer; the terminal frees it after the next frame."""
        image = self.images.pop(number, None)
        if image is not None and image.sent and image.farewell:
            self.leaving.append(image.farewell)

    def farewells(self) -> str:
        """What frees every image in the terminal, before it is given back."""
        kept = [image for image in self.images.values() if image.sent]
        for image in kept:
            image.sent = False
        said = self.leaving + [image.farewell for image in kept]
        self.leaving = []
        return "".join(said)

    # ------------------------------------------------------------------ the difference

    def waiting(self) -> bool:
        """Whether there may be something to send."""
        return bool(self._touched or self.leaving)

    def changes(self) -> str:
        """What makes the terminal show it, from any pen and any place; empty if it does."""
        frame = _Frame(self)
        for y in sorted(self._touched):
            self._row(y, frame)
        self._touched.clear()
        for number, place in frame.sixels.items():
            self._paint(number, *place, frame)
        frame.end()
        farewells, self.leaving = self.leaving, []
        return "".join((*frame.images, *frame.parts, *farewells))

    def _row(self, y: int, frame: "_Frame") -> None:
        texts, pens = self._texts[y], self._pens[y]
        sent_texts, sent_pens = self._sent_texts[y], self._sent_pens[y]
        if texts == sent_texts and pens == sent_pens:
            return
        changed = [
            x
            for x, text, pen, was, wore in zip(
                count(), texts, pens, sent_texts, sent_pens, strict=False
            )
            if (pen != wore or text != was)
            and not (text == was == " " and wore is not None and blank(pen) == blank(wore))
        ]
        for start, end in self._runs(changed, pens):
            frame.write(y, start, end, texts, pens)
        self._sent_texts[y], self._sent_pens[y] = list(texts), list(pens)

    @staticmethod
    def _runs(changed: list[int], pens: list[str]) -> Iterator[tuple[int, int]]:
        """Columns from and to which a row is written."""
        if not changed:
            return
        start = last = changed[0]
        for x in changed[1:]:
            gap = x - last - 1
            if gap > _JUMP or (gap and any(pen != pens[last] for pen in pens[last + 1 : x])):
                yield start, last + 1
                start = x
            last = x
        yield start, last + 1

    def _paint(self, number: int, top: int, left: int, frame: "_Frame") -> None:
        """Paint a sixel image if all of its cells are to be seen."""
        image = self.images.get(number)
        if image is None or top < 0 or left < 0:
            return
        for row in range(image.rows):
            cells = self._texts[top + row] if top + row < self.height else []
            wanted = [mark(number, row, column) for column in range(image.columns)]
            if cells[left : left + image.columns] != wanted:
                return
        frame.move(left, top)
        frame.parts += ("\x1b7", image.sequence, "\x1b8")
        image.sent = True


class _Frame:
    """The sequences of one frame, and where they leave the cursor and the pen."""

    def __init__(self, surface: Surface) -> None:
        self.parts: list[str] = []
        self.images: list[str] = []
        self.sixels: dict[int, tuple[int, int]] = {}
        """Where each image of which cells are written has its first row and column."""
        self._surface = surface
        self._x, self._y = -1, -2
        self._pen: str | None = None

    def end(self) -> None:
        """Leave no link open."""
        if self._pen and "\x1b" in self._pen:
            self.parts.append(change(self._pen, ""))

    def move(self, x: int, y: int) -> None:
        """Go to a cell the shortest way."""
        if (x, y) == (self._x, self._y):
            return
        self.parts.append(min(self._ways(x, y), key=len))
        self._x, self._y = x, y

    def _ways(self, x: int, y: int) -> Iterator[str]:
        yield f"\x1b[{y + 1};{x + 1}H" if x else f"\x1b[{y + 1}H"
        if y == self._y and self._x >= 0:
            across = x - self._x
            yield f"\x1b[{across if across > 1 else ''}C" if across > 0 else "\b" * -across
        elif y == self._y + 1:
            yield "\r\n" + (f"\x1b[{x if x > 1 else ''}C" if x else "")

    def write(self, y: int, start: int, end: int, texts: list[str], pens: list[str]) -> None:
        """Write some cells of a row."""
        if not texts[start] and start:
            start -= 1  # the second half of a wide character
        append, erases, width = self.parts.append, self._surface.erases, len(texts)
        erased = start
        for x in range(start, end):
            text, pen = texts[x], pens[x]
            if not text or x < erased:
                continue
            if x != self._x or y != self._y:
                self.move(x, y)
            if pen != self._pen:
                append(change(self._pen, pen))
                self._pen = pen
            if text == " " and erases and (length := self._blanks(x, texts, pens)):
                erased = x + length
            elif len(text) == 1 and text < _EMOJI and x + 1 < width and texts[x + 1]:
                append(text)
                self._x = x + 1
            else:
                self._special(x, text, pen, texts)

    def _special(self, x: int, text: str, pen: str, texts: list[str]) -> None:
        """Write a cell that is wide, an image's, the last one, or of doubtful width."""
        wide = x + 1 < len(texts) and not texts[x + 1]
        if text[0] == MARK:
            number, row, column = _marked(text)
            self.sixels.setdefault(number, (self._y - row, x - column))
            text = " "
        elif text[0] == PLACEHOLDER:
            self._give(front_number(pen))
        self.parts.append(text)
        sure = (len(text) == 1 and text < _EMOJI) or text[0] == PLACEHOLDER
        self._x = x + 1 + wide
        if not sure or self._x >= len(texts):
            self._x = -1

    def _give(self, number: int) -> None:
        image = self._surface.images.get(number)
        if image is not None and not image.sent:
            image.sent = True
            self.images.append(image.sequence)

    def _blanks(self, x: int, texts: list[str], pens: list[str]) -> int:
        """Erase as many blanks as follow, where that is shorter; how many it were."""
        pen, end = pens[x], x + 1
        if (end < len(texts) and texts[end] != " ") or not erases(pen):
            return 0
        seen = blank(pen)
        while end < len(texts) and texts[end] == " " and blank(pens[end]) == seen:
            end += 1
        length = end - x
        if end == len(texts) and length > 3:
            self.parts.append("\x1b[K")
            return length
        if length > 8 + len(str(length)):
            self.parts.append(f"\x1b[{length}X")
            return length
        return 0
