"""An evaluation to be begun, as a value, and the list of its choices."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from rich.segment import Segment
from rich.style import Style
from textual.reactive import var

from tintype.evaluation import EvaluationCost, EvaluationPlan
from tintype_tui.text import clip, money, number, one_line, pad
from tintype_tui.widgets.line_list import Line, LineList
from tintype_tui.words.evaluating import evaluation_cost_words

LABEL = 12
"""Cells of what a choice is about."""


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """An evaluation to be begun, and what is known of it."""

    plan: EvaluationPlan | None = None
    own_scorers: bool = False
    """Whether a person chose the scorers."""
    stop_at_usd: Decimal | None = None
    state: Literal["empty", "loading", "ready", "failed"] = "empty"
    why: str = ""
    """Why it cannot be begun."""
    rows: int = 0
    """To be asked about, once read."""
    left_out: str = ""
    """Which rows no model can be evaluated on, in a sentence; empty if there are none."""
    cost: EvaluationCost | None = None


@dataclass(frozen=True, slots=True)
class SetupLine:
    """A choice."""

    name: str
    label: str
    words: str


def setup_lines(draft: Draft, *, running: bool) -> tuple[SetupLine, ...]:
    """A line for each choice, the start first."""
    plan = draft.plan
    if plan is None:
        return ()
    rows = f"the first {number(len(plan.rows or ()))}"
    if plan.rows is None:
        rows = f"all {number(draft.rows)}" if draft.rows else "all"
    reference = plan.compared_with if plan.models else None
    beside = len(plan.models) > 1
    models = [
        SetupLine(
            f"model {at}",
            "model" if not at else "",
            f"{one.title} · {one.id}"
            + (" · the others against it" * (beside and one == reference)),
        )
        for at, one in enumerate(plan.models)
    ]
    judge = plan.judge.model.id if plan.judge else "none"
    budget = "no limit of its own" if draft.stop_at_usd is None else money(draft.stop_at_usd)
    return (
        SetupLine("start", "start", _start_words(draft, running=running)),
        SetupLine("file", "data", f"{plan.dataset.parent.name}/{plan.dataset.name}"),
        SetupLine("rows", "rows", " · ".join(filter(None, [rows, draft.left_out]))),
        *models,
        SetupLine("add", "" if models else "model", "add a model …"),
        SetupLine("question", "question", plan.question or "each row's own"),
        SetupLine("system", "system", plan.system or _system_words(plan)),
        SetupLine("scorers", "scorers", ", ".join(plan.scorers) or "those that suit the rows"),
        SetupLine("judge", "judge", judge),
        *_rubric_lines(plan),
        SetupLine("samples", "samples", f"{plan.samples} of each question"),
        SetupLine("parameters", "parameters", plan.parameters.words() or "the provider's own"),
        SetupLine("budget", "stop at", budget),
        SetupLine("leaks", "leak check", _leak_words(plan)),
    )


def _start_words(draft: Draft, *, running: bool) -> str:
    if running:
        return "an evaluation is running: see result"
    if draft.state == "failed":
        return f"✗ {draft.why}"
    if draft.cost is None:
        return "reading the rows …"
    return evaluation_cost_words(draft.cost)


def _rubric_lines(plan: EvaluationPlan) -> tuple[SetupLine, ...]:
    """The judge's grades and its instructions; nothing without one."""
    if plan.judge is None:
        return ()
    grades = ", ".join(plan.judge.grades)
    return (SetupLine("rubric", "rubric", f"{grades}: {one_line(plan.judge.rubric)}"),)


def _system_words(plan: EvaluationPlan) -> str:
    return "each row's own" if plan.system is None else "none"


def _leak_words(plan: EvaluationPlan) -> str:
    if not plan.training:
        return "not known what was trained on"
    return "images of " + ", ".join(f"{one.parent.name}/{one.name}" for one in plan.training)


class SetupList(LineList):
    """The choices."""

    BINDING_GROUP_TITLE = "Set-up"

    lines: var[tuple[SetupLine, ...]] = var(())

    def watch_lines(self, lines: tuple[SetupLine, ...]) -> None:
        self.total = len(lines)
        self.refresh()

    def item(self, index: int, width: int, style: Style) -> Line:
        line = self.lines[index]
        start = Style(bold=True) if line.name == "start" else Style()
        words = clip(one_line(line.words), width - LABEL)
        return [Segment(pad(line.label, LABEL), style + start), Segment(words, style + start)]
