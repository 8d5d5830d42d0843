"""Rows × models: one line a row, a cell for each model's answer, right or wrong by mark."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.segment import Segment
from rich.style import Style
from textual.message import Message
from textual.reactive import var
from textual.strip import Strip

from tintype.evaluation import Evaluation, Findings
from tintype_tui.text import clip, one_line, pad
from tintype_tui.widgets.line_list import Line, LineList

MARKS = {
    "right": "✓",
    "wrong": "✗",
    "in part": "◐",
    "unusable": "⊘",
    "no score": "?",
    "not yet": "·",
}
"""What became of an answer, by mark; `right` from one half on where it is one or the other."""
COLORS = {"right": "success", "wrong": "error", "in part": "warning", "unusable": "error"}
MOST_KEPT = 4_000


@dataclass(frozen=True, slots=True)
class Glimpse:
    """What is read of a row to be listed."""

    question: str
    answers: tuple[str, ...]
    """Of each model; empty where there is none."""


def fate(evaluation: Evaluation, scorer: int, model: int, position: int) -> str:
    """What became of an answer: a key of `MARKS`."""
    status = int(evaluation.status[scorer, model, position])
    score = float(evaluation.score[scorer, model, position])
    if int(evaluation.place[model, position]) < 0:
        return "not yet"
    if status:
        return "unusable" if status == 1 else "no score"
    if score != score:
        return "no score"
    return "right" if score == 1 else "wrong" if score == 0 else "in part"


class MatrixList(LineList):
    """The rows of one view of an evaluation."""

    BINDING_GROUP_TITLE = "Rows"

    findings: var[Findings | None] = var(None)
    """The run, by the scorer that marks go by."""
    positions: var[tuple[int, ...]] = var(())
    """Of the rows shown, in order."""
    model: var[int] = var(0)
    """The place of the model that the view is about."""
    marked: var[frozenset[int]] = var(frozenset())
    """Rows of the dataset that are marked there, 0-based."""

    class Needed(Message):
        """Rows have come into view whose text the list does not know."""

        def __init__(self, positions: Sequence[int]) -> None:
            super().__init__()
            self.positions = positions

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._known: dict[int, Glimpse] = {}
        self._asked: tuple[int, int] = (-1, -1)

    # ------------------------------------------------------------------ data

    def know(self, rows: Mapping[int, Glimpse]) -> None:
        """Take texts that were asked for."""
        if len(self._known) > MOST_KEPT:
            self._known.clear()
        self._known.update(rows)
        self._asked = (-1, -1)
        self.refresh()

    def watch_findings(self) -> None:
        self._known.clear()
        self.watch_positions()

    def watch_positions(self) -> None:
        self._asked = (-1, -1)
        self.total = len(self.positions)
        self.refresh()

    def watch_model(self) -> None:
        self.refresh()

    watch_marked = watch_model

    @property
    def position(self) -> int | None:
        """The position of the row under the cursor; none without rows."""
        return self.positions[self.cursor] if self.total else None

    # ------------------------------------------------------------------ drawing

    def render_lines(self, crop: object) -> list[Strip]:
        """Before drawing, ask for the texts in view that are not known."""
        self._ask()
        return super().render_lines(crop)  # type: ignore[arg-type]

    def _ask(self) -> None:
        height = self.scrollable_content_region.height
        first = max(0, self.scroll_offset.y - height)
        last = min(self.total, self.scroll_offset.y + 2 * height)
        missing = [p for p in self.positions[first:last] if p not in self._known]
        if missing and self._asked != (first, last):
            self._asked = (first, last)
            self.post_message(self.Needed(missing))

    def widths(self, width: int) -> tuple[int, int]:
        """Cells of the question, and of each model."""
        models = len(self.findings.figures) if self.findings else 1
        room = max(0, width - 7)
        each = max(6, min(28, room * 2 // 3 // max(1, models)))
        return max(0, room - each * models), each

    def head(self) -> str:
        """Titles above the columns; the model that the view is about is marked."""
        if self.findings is None:
            return ""
        question, each = self.widths(self.scrollable_content_region.width - 1)
        titles = [
            pad(("▸" if at == self.model else " ") + one_line(model.title), each)
            for at, model in enumerate(self.findings.evaluation.models)
        ]
        return f"{'line':>6}  {pad('question', question)}" + "".join(titles)

    def item(self, index: int, width: int, style: Style) -> Line:
        if self.findings is None:
            return []
        found, at = self.findings.evaluation, self.positions[index]
        known = self._known.get(at)
        question, each = self.widths(width)
        line = f"{int(found.row_line[at]):>5}"
        mark = "x" if int(found.row_index[at]) in self.marked else " "
        leak = "!" if bool(found.leaked[at]) else " "
        words = pad(one_line(known.question) if known else "…", question)
        segments = [Segment(line, style + Style(dim=not style.bold)), Segment(mark + leak, style)]
        segments.append(Segment(words, style))
        for place in range(len(found.models)):
            answer = known.answers[place] if known else ""
            segments.append(self._cell(found, place, at, answer, each, style))
        return segments

    def _cell(
        self, found: Evaluation, model: int, at: int, answer: str, width: int, style: Style
    ) -> Segment:
        scorer = found.scorer_at(self.findings.scorer) if self.findings else 0
        what = fate(found, scorer, model, at)
        mark = f"{what}:" if self.app.has_class("-reader") else MARKS[what]
        color = self.app.theme_variables.get(COLORS.get(what, ""), "")
        under = bool(style.bold and style.bgcolor)
        tint = style + Style(color=color) if color and not under else style
        return Segment(pad(clip(f" {mark} {one_line(answer)}", width - 1), width), tint)
