"""Why a job failed and what was left out: the words, and the rows that lead to the dataset."""

from collections.abc import Sequence
from textwrap import wrap

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.reactive import var

from tintype.jobs import Blamed, Trouble
from tintype_tui.text import one_line
from tintype_tui.widgets.line_list import Line, LineList
from tintype_tui.words.jobs import Said, told

_LONGEST = 2_000
"""Characters of one paragraph that are shown."""


class TroubleList(LineList):
    """Paragraphs, wrapped, and rows; Enter on a row asks to see it."""

    BINDING_GROUP_TITLE = "Trouble"

    trouble: var[Trouble] = var(Trouble())

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lines: Sequence[tuple[Said, str]] = ()
        self._width = 0

    def row_at(self, index: int) -> Blamed | None:
        """The row that a line is about; none for words about the job as a whole."""
        return self._lines[index][0].row if 0 <= index < len(self._lines) else None

    def seek(self, row: Blamed) -> None:
        """Put the cursor on a row."""
        at = next((at for at, (said, _) in enumerate(self._lines) if said.row == row), self.cursor)
        self.cursor = at

    def watch_trouble(self) -> None:
        self._lines = ()
        self._wrap()

    def on_resize(self) -> None:
        if self._width != self.size.width:
            self._wrap()
        super().on_resize()

    def _wrap(self) -> None:
        """Lay the words out; the cursor stays on what it was on, else begins at the first row."""
        under = self._lines[self.cursor][0] if self.cursor < len(self._lines) else None
        self._width = self.size.width
        room = max(20, self.size.width - 4)
        self._lines = [
            (said, line if at == 0 else f"  {line}")
            for said in told(self.trouble)
            for at, line in enumerate(wrap(one_line(said.text[:_LONGEST]), room) or [""])
        ]
        self.total = len(self._lines)
        wanted = (
            at
            for at, (said, _) in enumerate(self._lines)
            if (said.row is not None if under is None else said == under)
        )
        self.cursor = next(wanted, 0)
        if under is None:  # all the words above stay in view where they fit
            self.scroll_to(y=0, animate=False, immediate=True)
            self._show_cursor()
        self.refresh()

    def action_move(self, by: int) -> None:
        """Go to another paragraph or row, however many lines it takes."""
        starts = [at for at in range(self.total) if self._begins(at)]
        if not starts:
            return
        here = sum(at <= self.cursor for at in starts) - 1
        there = min(max(here + by, 0), len(starts) - 1)
        self.cursor = starts[there]
        end = starts[there + 1] if there + 1 < len(starts) else self.total
        whole = Region(0, self.cursor, 1, end - self.cursor)
        self.scroll_to_region(whole, animate=False, force=True, x_axis=False, immediate=True)

    def _begins(self, at: int) -> bool:
        return at == 0 or self._lines[at][0] is not self._lines[at - 1][0]

    def item(self, index: int, width: int, style: Style) -> Line:
        said, text = self._lines[index]
        if style.bold and style.bgcolor:
            return [Segment(f" {text}", style)]
        look = style
        for word in said.style.split():
            if word in ("bold", "dim"):
                look += Style.parse(word)
            else:
                look += Style(color=self.app.theme_variables[word])
        if said.row is not None:
            place = text.partition(":")[0] if text.startswith(said.row.place) else ""
            return [
                Segment(f" {place}", look + Style(bold=True, underline=True)),
                Segment(text[len(place) :], look),
            ]
        return [Segment(f" {text}", look)]
