"""One row of an evaluation looked at: question, truth, every answer, boxes found and missed."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from textual.content import Content

from tintype.detection import Box, compare, parse_boxes
from tintype.evaluation import AnswerOfRow, EvaluatedRow
from tintype.prompting import in_short
from tintype_tui.text import clip, duration, visible
from tintype_tui.widgets.example_list import said
from tintype_tui.words.answers import class_name

LONGEST_QUESTION = 160
"""Cells of a question; all of it is in Datasets."""
FATES = {"found": "✓", "misnamed": "≠", "invented": "+", "missed": "−"}


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """A row with every model's answer, and its image."""

    position: int
    row: EvaluatedRow
    answers: tuple[AnswerOfRow, ...]
    data: bytes | None = None
    why: str = ""
    """Why there is no image."""


def truth_boxes(row: EvaluatedRow) -> tuple[Box, ...]:
    """The boxes of the right answer."""
    return parse_boxes(row.truths[0]).boxes if row.truths else ()


def answer_boxes(answer: AnswerOfRow, row: EvaluatedRow) -> tuple[Box, ...]:
    """The boxes of an answer, each named with the mark of what became of it."""
    found = parse_boxes(answer.text).boxes
    truths = truth_boxes(row)
    if not truths:
        return found
    fates = {id(one.box): FATES[one.fate] for one in compare(found, truths)}
    return tuple(replace(box, label=f"{fates.get(id(box), '')} {box.label}") for box in found)


def looked_words(looked: Looked, model: int) -> Content:
    """Question and truth, then every answer with its scores, the current model's first."""
    row = looked.row
    head = Content.styled("question  ", "dim") + Content(
        clip(visible(in_short(row.question)), LONGEST_QUESTION)
    )
    truths = " | ".join(map(said, row.truths))
    blocks = [Content.styled("right is  ", "dim") + Content.styled(visible(truths), "bold"), head]
    order = sorted(range(len(looked.answers)), key=lambda at: at != model)
    blocks += [_answer(looked.answers[at], row) for at in order]
    return Content("\n").join(blocks)


def _answer(one: AnswerOfRow, row: EvaluatedRow) -> Content:
    title = Content.styled(f"\n{visible(one.model.title)}", "bold $primary")
    words = said(one.text) if one.text else "no answer"
    lines = [title, Content(visible(words))]
    scores = [_score(one, name) for name in one.scores]
    lines.append(Content.styled(visible(" · ".join(scores)), "dim"))
    if one.override:
        score, why = one.override.get("score"), one.override.get("comment") or "no comment"
        words = f"your score {score:g}: {why}" if score is not None else f"your comment: {why}"
        lines.append(Content.styled(visible(words), "bold $warning"))
    if reason := one.grade.get("reason"):
        grade = one.grade.get("grade") or "unscored"
        lines.append(Content.styled(visible(f"judge: {grade}. {reason}"), "italic"))
    truths, found = truth_boxes(row), parse_boxes(one.text).boxes
    if truths or found:
        lines += _boxes(found, truths)
    if took := _took(one):
        lines.append(Content.styled(visible(took), "dim"))
    return Content("\n").join(lines)


def _score(one: AnswerOfRow, name: str) -> str:
    score, reason = one.scores[name], one.reasons[name]
    words = "no score" if score is None else f"{score:.2f}".rstrip("0").rstrip(".")
    return f"{name} {words}" + (f" ({reason})" if reason else "")


def _boxes(found: tuple[Box, ...], truths: tuple[Box, ...]) -> Iterator[Content]:
    """A line for each box, its class with the colour that it has on the image."""
    for one in compare(found, truths):
        overlap = f" IoU {one.iou:.2f}" if one.iou else ""
        line = Content(f"{FATES[one.fate]} {one.fate} ") + class_name(one.box.label)
        if one.fate == "misnamed" and one.truth:
            line = line + Content(" is ") + class_name(one.truth.label)
        yield line + Content(overlap)


def _took(one: AnswerOfRow) -> str:
    line, parts = one.line, []
    if line.get("elapsed_s") is not None:
        parts.append(duration(float(line["elapsed_s"])))
    if line.get("in") is not None and line.get("out") is not None:
        parts.append(f"{line['in']:,} tokens in, {line['out']:,} out")
    if line.get("error"):
        parts.append(str(line["error"]))
    return " · ".join(parts)
