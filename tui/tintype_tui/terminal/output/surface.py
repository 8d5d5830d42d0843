"""The screen as cells: what it is to show, what the terminal has been sent, and the difference.

A row is two lists of equal length: for each column a text and a pen. A wide character has its text
in its first column and none in its second. Images are cells, too: kitty's as it has them (a
placeholder with marks for row and column, in a colour that is the image's number), sixels as
`mark`s, which are blanks in the terminal until all of an image can be painted over them.
"""

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

from tintype_tui.terminal.output.cells import Image, Segments, mark, split
from tintype_tui.terminal.output.frame import Frame
from tintype_tui.terminal.output.pens import blank

_JUMP = 4
"""Unchanged cells in a row that are written rather than jumped over, if it takes no other pen."""


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
        frame = Frame(self.images, erases=self.erases)
        for y in sorted(self._touched):
            self._row(y, frame)
        self._touched.clear()
        for number, place in frame.sixels.items():
            self._paint(number, *place, frame)
        frame.end()
        farewells, self.leaving = self.leaving, []
        return "".join((*frame.images, *frame.parts, *farewells))

    def _row(self, y: int, frame: Frame) -> None:
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

    def _paint(self, number: int, top: int, left: int, frame: Frame) -> None:
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
