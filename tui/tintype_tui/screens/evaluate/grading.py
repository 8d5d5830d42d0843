"""Is the judge right? Answers graded by a person who sees neither model nor judge."""

import asyncio
from contextlib import AsyncExitStack, suppress
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.reactive import var

from tintype import evaluation
from tintype.dataset import Dataset, open_dataset
from tintype.errors import TintypeError
from tintype.evaluation import EvaluatedRow, Findings
from tintype_tui.held_keys import opens
from tintype_tui.screen import Part
from tintype_tui.screens.grade_answer import GradeAnswer
from tintype_tui.words.evaluating import agreement_words

AT_A_TIME = 20
"""Answers to grade; more at the next time, for none comes twice."""


class GradingPart(Part):
    """Nothing to see of its own: answers are graded in a dialog, one after the other."""

    DEFAULT_CSS = """
    GradingPart { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("B", "grade", "Grade blind", id="evaluate.grade", show=False,
                tooltip="see how far the judge agrees with you"),
    ]  # fmt: skip

    findings: var[Findings | None] = var(None, bindings=True)

    @property
    def _grades(self) -> tuple[str, ...]:
        """The judge's grades; empty where none was asked."""
        plan = self.findings.evaluation.run.plan if self.findings is not None else None
        return tuple(plan.judge.grades) if plan is not None and plan.judge is not None else ()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "grade" or bool(self._grades) or None

    @opens(exclusive=True, group="grade")
    async def action_grade(self) -> None:
        """Grade answers that the judge has graded, drawn by chance, and say how far you agree."""
        if self.findings is None:
            return
        made, grades = self.findings.evaluation, self._grades
        with self.pane.reporting("Cannot grade"):
            drawn = await asyncio.to_thread(evaluation.to_grade, made, AT_A_TIME)
            async with AsyncExitStack() as stack:
                dataset = None
                with suppress(TintypeError):  # it may be gone: its words are kept
                    opening = open_dataset(made.run.plan.dataset)
                    dataset = await stack.enter_async_context(opening)
                for number, (position, model) in enumerate(drawn, 1):
                    row, answers = await asyncio.to_thread(evaluation.look_at, made, position)
                    title = f"Grade answer {number} of {len(drawn)}"
                    data = await _image(dataset, row)
                    dialog = GradeAnswer(title, row, answers[model].text, data, grades)
                    grade = await self.app.push_screen_wait(dialog)
                    if grade is None:
                        break
                    name = made.models[model].id
                    await asyncio.to_thread(
                        evaluation.override, made.folder, position, name, None, grade=grade
                    )
            both, agreed = await asyncio.to_thread(evaluation.judge_agreement, made)
            judge = made.run.plan.judge
            if judge is not None:
                self.pane.say(agreement_words(judge.model.title, both, agreed), title="Judge")


async def _image(dataset: Dataset | None, row: EvaluatedRow) -> bytes | None:
    if dataset is None or not row.image:
        return None
    with suppress(TintypeError):
        return await dataset.image(row.index, 0)
    return None
