"""Rows × models: one line a row, a cell for each model's answer, right or wrong by mark."""

from dataclasses import dataclass

from rich.segment import Segment
from rich.style import Style
from textual.reactive import var

from tintype.evaluation import Evaluation, Findings
from tintype_tui.text import clip, one_line, pad
from tintype_tui.widgets.line_list import AskingList, Line

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


class MatrixList(AskingList[Glimpse]):
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

    def watch_findings(self) -> None:
        self.known.clear()
        self.watch_positions()

    def watch_positions(self) -> None:
        self.total = len(self.positions)
        self.ask_again()

    def watch_model(self) -> None:
        self.refresh()

    watch_marked = watch_model

    @property
    def position(self) -> int | None:
        """The position of the row under the cursor; none without rows."""
        return self.positions[self.cursor] if self.total else None

    def row_at(self, position: int) -> int:
        return self.positions[position]

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
        known = self.known.get(at)
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
