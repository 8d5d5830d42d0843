"""Things of the inventory in a list, and what is known of one of them with its lineage."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from textwrap import wrap

from rich.segment import Segment
from rich.style import Style
from textual.reactive import var

from tintype.inventory import Inventory, InventoryItem, Node, lineage
from tintype_tui.text import clip, one_line, pad
from tintype_tui.widgets.line_list import Line, LineList
from tintype_tui.words import inventory as said

URGENT_DAYS = 30
WIDTHS = (10, 14, 18)
"""Cells of the columns after the name."""
LABEL = 10
"""Cells of a label in the details."""


class ItemList(LineList):
    """Things of one kind, or of all, a line each."""

    BINDING_GROUP_TITLE = "Inventory"

    items: var[tuple[InventoryItem, ...]] = var(())
    kind: var[str] = var("")
    """Of all things listed; empty if they are of several kinds."""
    today: var[date] = var(date.min)

    def watch_items(self, items: tuple[InventoryItem, ...]) -> None:
        self.total = len(items)
        self.refresh()

    def watch_kind(self) -> None:
        self.refresh()

    watch_today = watch_kind

    @property
    def item_here(self) -> InventoryItem | None:
        """The thing under the cursor; none without any."""
        return self.items[self.cursor] if self.cursor < len(self.items) else None

    def _room(self, width: int) -> tuple[int, int]:
        """Cells of the name, and how many columns there is room for after it."""
        kind = 0 if self.kind else 11
        for columns in (3, 2, 1):
            room = width - 1 - kind - sum(WIDTHS[:columns]) - columns
            if room >= 16:
                return room, columns
        return max(6, width - 1 - kind), 0

    def head(self, note: str) -> str:
        """Titles above the columns; a note stands after the first as far as there is room."""
        name, columns = self._room(self.scrollable_content_region.width - 1)
        titles = said.COLUMN_TITLES.get(self.kind, said.COLUMN_TITLES["model"])[:columns]
        kind = "" if self.kind else pad("kind", 11)
        cells = (pad(title, width + 1) for title, width in zip(titles, WIDTHS, strict=False))
        return f"{kind}{pad(f'name · {note}' if note else 'name', name)} {''.join(cells)}".rstrip()

    def item(self, index: int, width: int, style: Style) -> Line:
        item = self.items[index]
        name, columns = self._room(width)
        kind = "" if self.kind else pad(item.ref.kind, 11)
        title = pad(one_line(item.title), name)
        segments = [Segment(kind, style + Style(dim=not style.bold)), Segment(f"{title} ", style)]
        cells = said.cells(item, self.today)[:columns]
        for at, (cell, room) in enumerate(zip(cells, WIDTHS, strict=False)):
            look = style if at else style + self._urgency(item, style)
            segments.append(Segment(f"{pad(one_line(cell), room)} ", look))
        return segments

    def _urgency(self, item: InventoryItem, style: Style) -> Style:
        """A colour that repeats what the number of days says."""
        left = item.days_left(self.today)
        if left is None or item.ref.kind == "file" or (style.bold and style.bgcolor):
            return Style()
        color = "error" if left < URGENT_DAYS else "warning" if left < 90 else ""
        return Style(color=self.app.theme_variables[color]) if color else Style()


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of details: a label and words, or a thing of the lineage."""

    label: str
    words: str
    node: Node | None = None


def entries(item: InventoryItem, found: Inventory, width: int) -> tuple[Entry, ...]:
    """What is known of a thing, in lines of a width; then its lineage as a tree."""
    lines: list[Entry] = []
    for label, words in said.detail_lines(item, found):
        parts = wrap(one_line(words), max(12, width - LABEL)) or [""]
        lines += [Entry(label if not at else "", part) for at, part in enumerate(parts)]
    lines += [Entry("", ""), Entry("", "Lineage: Enter goes to a thing")]
    for lead, node in said.tree_lines(lineage(found, item.ref)):
        here = " ◂" if node.ref == item.ref else ""
        lines.append(Entry(lead, f"{node.kind} {one_line(node.name)}{here}  {node.detail}", node))
    return tuple(lines)


class DetailList(LineList):
    """What is known of one thing; Enter on a line of its lineage goes there."""

    BINDING_GROUP_TITLE = "Details"

    found: var[Inventory | None] = var(None)
    of: var[InventoryItem | None] = var(None)
    """The thing."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.entries: Sequence[Entry] = ()

    def watch_of(self, before: InventoryItem | None, now: InventoryItem | None) -> None:
        self._lay()
        if before is None or now is None or before.ref != now.ref:
            self.cursor = 0

    def watch_found(self) -> None:
        self._lay()

    def on_resize(self) -> None:
        super().on_resize()
        self._lay()

    def _lay(self) -> None:
        width = self.scrollable_content_region.width - 2
        known = self.found is not None and self.of is not None and width > 0
        self.entries = entries(self.of, self.found, width) if known else ()  # type: ignore[arg-type]
        self.total = len(self.entries)
        self.refresh()

    @property
    def node_here(self) -> Node | None:
        """The thing of the lineage under the cursor; none elsewhere."""
        return self.entries[self.cursor].node if self.cursor < len(self.entries) else None

    def item(self, index: int, width: int, style: Style) -> Line:
        entry = self.entries[index]
        quiet = style + Style(dim=not style.bold)
        if entry.node is not None:
            return [
                Segment(entry.label, quiet),
                Segment(clip(one_line(entry.words), max(0, width - len(entry.label))), style),
            ]
        if not entry.label and entry.words.startswith("Lineage:"):
            return [Segment(clip(entry.words, width), quiet)]
        return [
            Segment(pad(entry.label, LABEL), quiet),
            Segment(clip(entry.words, max(0, width - LABEL)), style),
        ]
