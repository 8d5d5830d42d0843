"""One frame as sequences: the shortest way from cell to cell and from pen to pen."""

from collections.abc import Iterator, Mapping

from tintype_tui.terminal.output.cells import MARK, PLACEHOLDER, Image, marked
from tintype_tui.terminal.output.pens import blank, change, erases, front_number

_EMOJI = "\U0001f000"
"""From here on terminals differ about widths."""


class Frame:
    """The sequences of one frame, and where they leave the cursor and the pen."""

    def __init__(self, images: Mapping[int, Image], *, erases: bool) -> None:
        self.parts: list[str] = []
        self.images: list[str] = []
        self.sixels: dict[int, tuple[int, int]] = {}
        """Where each image of which cells are written has its first row and column."""
        self._held, self._erases = images, erases
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
        append, erases, width = self.parts.append, self._erases, len(texts)
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
            number, row, column = marked(text)
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
        image = self._held.get(number)
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
