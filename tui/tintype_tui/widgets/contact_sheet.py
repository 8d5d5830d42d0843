"""The rows of a dataset as a sheet of small images: what is in its cells."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field

from rich.segment import Segment
from rich.style import Style

from tintype_tui.text import clip
from tintype_tui.widgets.example_list import SEVERITY_MARKS, RowLine


@dataclass(frozen=True, slots=True, eq=False)
class SheetRows:
    """A dataset's rows by their first image, all or those of a filter."""

    lines: Mapping[int, RowLine] = field(default_factory=dict)
    """Row index → what its caption says, as far as it is known by now."""
    order: Sequence[int] | None = None
    """Indices of the rows to show; none shows all of them."""
    severities: Mapping[int, str] = field(default_factory=dict)
    """Row index → the worst severity found in it."""
    marked: Set[int] = frozenset()
    """Indices of the rows that are marked."""

    def key(self, position: int) -> int:
        """The row's index."""
        return position if self.order is None else self.order[position]

    def caption(self, position: int, width: int, style: Style) -> Sequence[Segment]:
        """`12! 3 cats, dog ▣2`: line number, severity, answer, how many images."""
        index = self.key(position)
        row = self.lines.get(index)
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
