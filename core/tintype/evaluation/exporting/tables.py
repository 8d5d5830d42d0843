"""Every answer with its scores, as CSV, JSON lines or JUnit's XML."""

import csv
import io
import json
import math
from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from tintype.evaluation.results import STATUSES, Evaluation
from tintype.evaluation.row_answers import AnswerOfRow, all_rows
from tintype.evaluation.rows import EvaluatedRow

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes as the beginning of a formula."""


def _answers(evaluation: Evaluation) -> Iterator[tuple[int, EvaluatedRow, AnswerOfRow]]:
    for position, (row, answers) in enumerate(all_rows(evaluation)):
        for answer in answers:
            yield position, row, answer


def csv_table(evaluation: Evaluation) -> str:
    """One line for each row and model; texts that a spreadsheet would obey begin with `'`."""
    out = io.StringIO()
    table = csv.writer(out)
    names = [one.name for one in evaluation.scorers]
    table.writerow(
        [
            *("line", "question", "truth", "model", "answer", "finish"),
            *(f"{name}" for name in names),
            *(f"{name} status" for name in names),
            *("override", "comment", "elapsed_s", "ttft_s", "tokens_in", "tokens_out", "cost_usd"),
        ]
    )
    for _, row, answer in _answers(evaluation):
        line = answer.line
        cells = [
            *(row.line, row.question, row.truths[0], answer.model.id, answer.text),
            line.get("finish"),
            *(answer.scores[name] for name in names),
            *(answer.statuses[name] for name in names),
            *(answer.override.get("score"), answer.override.get("comment")),
            *(line.get(name) for name in ("elapsed_s", "ttft_s", "in", "out", "cost_usd")),
        ]
        table.writerow([_harmless(cell) for cell in cells])
    return out.getvalue()


def _harmless(cell: Any) -> Any:
    if isinstance(cell, str) and cell.startswith(_FORMULA):
        return f"'{cell}"
    return cell


def json_lines(evaluation: Evaluation) -> str:
    """One object for each row and model."""
    lines = []
    for _, row, answer in _answers(evaluation):
        value = {
            "line": row.line,
            "question": row.question,
            "truths": row.truths,
            "model": answer.model.name,
            "profile": answer.model.profile,
            "answer": answer.text,
            "scores": answer.scores,
            "statuses": answer.statuses,
            "reasons": {name: why for name, why in answer.reasons.items() if why},
            "grade": answer.grade.get("grade"),
            "grade_reason": answer.grade.get("reason"),
            "override": dict(answer.override) or None,
            **{
                name: answer.line.get(name)
                for name in ("finish", "served", "in", "out", "ttft_s", "elapsed_s", "cost_usd")
            },
            "facets": dict(row.facets),
        }
        lines.append(json.dumps(value) + "\n")
    return "".join(lines)


def junit(evaluation: Evaluation) -> str:
    """A suite for each model, a case for each row: below one half fails, unscored is an error."""
    leading = evaluation.scorers[0].name
    status, score = evaluation.status[0], evaluation.score[0]
    parts = ['<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>"]
    rows = list(all_rows(evaluation))
    for m, title in enumerate(evaluation.titles):
        wrong = int(((score[m] < 0.5) & (status[m] != 2)).sum())
        lost = int((status[m] == 2).sum())
        parts.append(
            f'<testsuite name={_attribute(title)} tests="{evaluation.rows}" '
            f'failures="{wrong}" errors="{lost}">'
        )
        for row, answers in rows:
            answer = answers[m]
            name = _attribute(f"line {row.line}: {row.question[:120]}")
            seconds = answer.line.get("elapsed_s") or 0
            parts.append(f'<testcase classname={_attribute(leading)} name={name} time="{seconds}">')
            parts.append(_fault(row, answer, leading))
            parts.append("</testcase>")
        parts.append("</testsuite>")
    return "\n".join([*filter(None, parts), "</testsuites>", ""])


def _fault(row: EvaluatedRow, answer: AnswerOfRow, leading: str) -> str:
    value, reason = answer.scores[leading], answer.reasons[leading]
    if answer.statuses[leading] == STATUSES[2] or value is None or math.isnan(value):
        return f"<error message={_attribute(reason or 'no score')}/>"
    if value >= 0.5:
        return ""
    text = escape(_xml(f"truth: {row.truths[0]}\nanswer: {answer.text}"))
    return f"<failure message={_attribute(reason or f'score {value:g}')}>{text}</failure>"


def _attribute(text: str) -> str:
    return quoteattr(_xml(text))


def _xml(text: str) -> str:
    """A text without the characters that XML 1.0 cannot hold."""
    return "".join(
        c
        if c in "\t\n\r" or 0x20 <= ord(c) < 0xD800 or 0xE000 <= ord(c) < 0xFFFE or ord(c) > 0xFFFF
        else "\ufffd"
        for c in text
    )
