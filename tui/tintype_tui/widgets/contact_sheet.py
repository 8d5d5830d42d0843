"""The rows of a dataset as a sheet of small images."""

from collections.abc import Mapping, Sequence, Set

from rich.segment import Segment
from rich.style import Style
from textual.reactive import var

from tintype_tui.text import clip
from tintype_tui.widgets.example_list import SEVERITY_MARKS, RowLine
from tintype_tui.widgets.line_list import Line
from tintype_tui.widgets.thumbnails import Thumbnails


class ContactSheet(Thumbnails):
    """A dataset's rows by their first image, all or those of a filter."""

    BINDING_GROUP_TITLE = "Contact sheet"

    order: var[Sequence[int] | None] = var(None)
    """Indices of the rows to show; none shows all `total` of them."""
    severities: var[Mapping[int, str]] = var({})
    """Row index → the worst severity found in it."""
    marked: var[Set[int]] = var(frozenset())
    """Indices of the rows that are marked."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lines: dict[int, RowLine] = {}

    def key(self, position: int) -> int:
        return position if self.order is None else self.order[position]

    def know(self, index: int, line: RowLine) -> None:
        """Take what a row's caption says."""
        if len(self._lines) > 4000:
            self._lines.clear()
        self._lines[index] = line

    def forget_rows(self) -> None:
        """Another dataset: nothing is known."""
        self._lines.clear()
        self.forget()

    def watch_order(self) -> None:
        self.ask_again()

    def watch_severities(self) -> None:
        self.refresh()

    def watch_marked(self) -> None:
        self.refresh()

    def caption(self, position: int, width: int, style: Style) -> Line:
        index = self.key(position)
        row = self._lines.get(index)
        mark = SEVERITY_MARKS.get(self.severities.get(index, ""), "?").strip()
        mark += "x" if index in self.marked else ""
        head = f"{row.line if row else index + 1}{mark or ':'} "
        words = (row.answer or row.prompt) if row else ""
        more = f" ▣{row.images}" if row and row.images > 1 else ""
        return [
            Segment(clip(head, width), style + Style(bold=True)),
            Segment(clip(words, width - len(head) - len(more)), style),
            Segment(more, style),
        ]
