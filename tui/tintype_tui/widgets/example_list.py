"""The rows of a dataset, one line each; rows are asked for when they come into view."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.reactive import var

from tintype.dataset import Example
from tintype.dataset.query import Hit
from tintype.detection import labels_in
from tintype_tui.text import clip, one_line, pad
from tintype_tui.widgets.column_head import Measure, beside
from tintype_tui.widgets.line_list import AskingList, Line

ITALIC = Style(italic=True)
SEVERITY_MARKS: Mapping[str, str] = {"error": "✗", "skip": "⊘", "warning": "!", "": " "}
"""Shape says how bad; colour only repeats it."""

SEVERITY_COLORS: Mapping[str, str] = {
    "error": "error",
    "skip": "warning",
    "warning": "warning",
    "": "foreground",
}


_COORDINATES = re.compile(r"(?<=^…)[loc\d]{0,7}> ?|(?:<loc\d{4}>)+ ?|<[loc]{0,3}\d{0,4}(?=…$)")
"""What stands before a label in an answer, cut through at the ends of an excerpt."""

LONGEST = 400
"""Characters of a text that a single line can ever need."""


@dataclass(frozen=True, slots=True)
class RowLine:
    """What a row's line shows."""

    line: int
    images: int
    prompt: str
    answer: str


def said(answer: str) -> str:
    """An answer in short: boxes are counted by label, other text stays as it is."""
    labels = Counter(labels_in(answer))
    if not labels:
        return one_line(answer[:LONGEST])
    return one_line(
        ", ".join(
            f"{number} {label}" if number > 1 else label for label, number in labels.most_common()
        )
    )


def row_line(example: Example, flaw: str = "") -> RowLine:
    """Boil a row down to its line: the last question and the answer, or that there is neither.

    Args:
        example: The row as a conversation.
        flaw: Why the row is no JSON, if it is none.
    """
    if not example.messages:
        nothing = "(no JSON)" if flaw else "(no messages)"
        return RowLine(example.line, 0, nothing, "")
    asked = [message.text for message in example.prompt if message.role == "user" and message.text]
    question = asked[-1] if asked else (example.messages[0].text if example.messages else "")
    return RowLine(
        line=example.line,
        images=len(example.images),
        prompt=one_line(question[:LONGEST]),
        answer=said(example.answer),
    )


class ExampleList(AskingList[RowLine]):
    """A dataset's rows, all or those of a filter."""

    BINDING_GROUP_TITLE = "Rows"

    rows_in_all: var[int] = var(0)
    """Rows of the dataset, for the width of their numbers."""
    order: var[Sequence[int] | None] = var(None)
    """Indices of the rows to show; none shows all `total` of them."""
    severities: var[Mapping[int, str]] = var({})
    """Row index → the worst severity found in it."""

    marked: var[Set[int]] = var(frozenset())
    """Indices of the rows that are marked."""
    excerpts: var[Mapping[int, Hit]] = var({})
    """Row index → what was found in it; shown in place of question and answer."""
    measure: var[Measure | None] = var(None)
    """The quantity shown at the end of each line."""
    columns: var[tuple[Measure, ...]] = var(())
    """What a person has chosen to see before it."""

    # ------------------------------------------------------------------ data

    def forget(self) -> None:
        """Another dataset: nothing is known."""
        self.known.clear()
        self.ask_again()

    def row_at(self, position: int) -> int:
        """The dataset's index of the row at a position in the list."""
        return position if self.order is None else self.order[position]

    def position_of(self, index: int) -> int | None:
        """Where a row stands in the list, if it does."""
        if self.order is None:
            return index if index < self.total else None
        return self.order.index(index) if index in self.order else None

    def watch_order(self) -> None:
        self.ask_again()

    def watch_severities(self) -> None:
        self.refresh()

    watch_marked = watch_excerpts = watch_measure = watch_columns = watch_severities

    # ------------------------------------------------------------------ drawing

    def item(self, index: int, width: int, style: Style) -> Line:
        at = self.row_at(index)
        row = self.known.get(at)
        mark = self.severities.get(at, "")
        digits = max(3, len(str(self.rows_in_all)))
        if row is None:
            return [Segment(f"{at + 1:>{digits}}  …", style + Style(dim=True))]
        colors = self.app.theme_variables
        tint = style if style.bgcolor and style.bold else style + _color(colors, mark)
        head = f"{row.line:>{digits}} "
        images = f"▣{row.images}" if row.images > 1 else ("▣ " if row.images else "  ")
        wide = self.scrollable_content_region.width
        measures = beside(self.columns, self.measure, wide)
        measured = "".join(each.words(at, wide) for each in measures)
        marked = at in self.marked
        signs = [
            Segment(SEVERITY_MARKS.get(mark, "?"), tint),
            Segment("x" if marked else " ", style + Style(bold=True)),
            Segment(images + " ", style),
        ]
        if self.app.has_class("-reader"):
            signs = [Segment(f"{word} ", tint) for word in (mark, "marked" * marked) if word]
        rest = width - len(head) - sum(sign.cell_length for sign in signs) - cell_len(measured)
        words = style + Style(strike=True, dim=True) if marked and not style.bold else style
        return [
            Segment(head, style + Style(dim=not style.bold)),
            *signs,
            *(
                _found(excerpt, rest, words)
                if (excerpt := self.excerpts.get(at)) is not None
                else _question_and_answer(row, rest, words)
            ),
            Segment(measured, style + Style(dim=not style.bold)),
        ]


def _question_and_answer(row: RowLine, width: int, style: Style) -> Line:
    question, answer = row.prompt, row.answer
    if question.startswith("detect ") and answer:
        question = ""  # what is to be detected is the same in every row; what was, is not
    if not answer:
        return [Segment(pad(question, width), style)]
    # The answer has what it needs, up to half of the room; all that the question leaves.
    room = width - cell_len(question) - 1
    answer_width = min(width, max(room, min(cell_len(answer), width // 2, 44)))
    question_width = max(0, width - answer_width - 1)
    between = " " if question_width else ""
    return [
        Segment(pad(question, question_width) + between, style),
        Segment(pad(answer, width - question_width - len(between)), style + ITALIC),
    ]


def _found(found: Hit, width: int, style: Style) -> Line:
    """An excerpt, cut so that the hit is in sight."""
    end = found.excerpt_start + found.end - found.start
    before = one_line(_COORDINATES.sub("", found.excerpt[: found.excerpt_start]))
    hit = one_line(found.excerpt[found.excerpt_start : end])
    lead = max(3, (width - cell_len(hit)) // 3)
    if cell_len(before) > lead:
        before = "…" + before[-(lead - 1) :]
    before, hit = clip(before, width), clip(hit, max(0, width - cell_len(before)))
    after = one_line(_COORDINATES.sub("", found.excerpt[end:]))
    after = pad(after, width - cell_len(before) - cell_len(hit))
    return [
        Segment(before, style),
        Segment(hit, style + Style(reverse=True)),
        Segment(after, style),
    ]


def _color(colors: Mapping[str, str], severity: str) -> Style:
    return Style(color=colors[SEVERITY_COLORS.get(severity, "foreground")])
