"""Scorers of an answer's text: what is unusable, what has the form asked for, what is right."""

import functools
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from tintype.errors import EvaluationError
from tintype.evaluation import text_scores
from tintype.evaluation.answer_case import AnswerCase, Scorer, unusable
from tintype.evaluation.headline import RowScore
from tintype.evaluation.json_scores import json_fields, strict_json
from tintype.evaluation.normalising import STEPS, normalise, without_markup
from tintype.evaluation.text_scores import final_answer, without_thinking, yes_or_no
from tintype.evaluation.vqa import vqa_accuracy_always
from tintype.prompting.signs import hint

MOST_EFFECTS = 1000
"""Answers on which the effect of each normalising step is measured."""

Rule = Callable[[str, AnswerCase], float]


def _text(rule: Rule, case: AnswerCase, *, raw: bool = False) -> RowScore:
    """Score a text; what is wrong because it was cut off, ran away or declined is said to be so."""
    if reason := unusable(case):
        if raw and case.answer in case.truths:
            return RowScore("ok", 1.0, True)
        return RowScore("unscored_model", 0.0, False, reason)
    said = case.answer if raw else without_thinking(case.answer) or ""
    value = rule(said, case)
    if value == 0 and (reason := _ended_badly(case)):
        return RowScore("unscored_model", 0.0, False, reason)
    return RowScore("ok", value, _is_bare(case.answer))


def _ended_badly(case: AnswerCase) -> str:
    if case.finish_reason == "length":
        return "cut off"
    if case.finish_reason == "runaway":
        return "runaway"
    return "refused" if hint(case.answer) else ""


def _is_bare(answer: str) -> bool:
    """Whether an answer is the answer alone: one line, no thinking, no Markdown."""
    text = answer.strip()
    return "\n" not in text and "<think>" not in text and without_markup(text) == text


def _yes_no(case: AnswerCase) -> RowScore:
    if reason := unusable(case):
        return RowScore("unscored_model", 0.0, False, reason)
    found, truths = yes_or_no(case.answer), {yes_or_no(truth) for truth in case.truths}
    if None in truths:
        return RowScore("unscored_infra", None, None, "the truth is neither yes nor no")
    bare = case.answer.strip().rstrip(".").casefold() in ("yes", "no")
    if found is None:
        return RowScore("unscored_model", 0.0, False, _ended_badly(case) or "neither yes nor no")
    return RowScore("ok", float(found in truths), bare)


def _closed(case: AnswerCase, given: Sequence[str]) -> RowScore:
    if reason := unusable(case):
        return RowScore("unscored_model", 0.0, False, reason)
    known = {normalise(one) for one in given or case.answers}
    found = normalise(without_thinking(case.answer) or "")
    if found not in known:
        return RowScore("unscored_model", 0.0, False, _ended_badly(case) or "not in the set")
    right = found in {normalise(truth) for truth in case.truths}
    return RowScore("ok", float(right), _is_bare(case.answer))


def _json(case: AnswerCase, unordered: Collection[str]) -> RowScore:
    if reason := unusable(case):
        return RowScore("unscored_model", 0.0, False, reason)
    truths = [value for is_json, value in map(strict_json, case.truths) if is_json]
    wanted = [value for value in truths if isinstance(value, dict)]
    if not wanted:
        return RowScore("unscored_infra", None, None, "the truth is no JSON object")
    scores = [json_fields(case.answer.strip(), value, unordered) for value in wanted]
    best = max(scores, key=lambda one: one.field_score)
    if not best.parsed:
        reason = _ended_badly(case) or "not JSON"
        return RowScore("unscored_model", 0.0, False, reason)
    said = f"{best.missing} fields missing, {best.extra} extra" if best.missing + best.extra else ""
    return RowScore("ok", best.field_score, best.format_ok, said)


def _plain(name: str, rule: str, unit: str, score: Rule, *, raw: bool = False) -> Scorer:
    return Scorer(name, rule, unit, 1, functools.partial(_text, score, raw=raw))


_RIGHT = "share right"


def _normalised(name: str, kind: str, steps: tuple[str, ...]) -> Scorer:
    rules: Mapping[str, tuple[str, Callable[..., float]]] = {
        "normalised": ("Equal to a truth", text_scores.normalised),
        "contains": ("A truth's words occur in a row in the answer", text_scores.contains),
    }
    words, compare = rules[kind]
    scorer = _plain(
        name,
        f"{words}, after {', '.join(steps) or 'no step'} on both.",
        _RIGHT,
        lambda said, case: compare(said, case.truths, steps),
    )
    if kind != "normalised":
        return scorer
    return replace(scorer, summary=lambda cases: {"steps": step_effects(cases, steps)})


def _final(said: str, case: AnswerCase) -> float:
    return text_scores.normalised(final_answer(said).answer or "", case.truths)


def _answered(case: AnswerCase) -> RowScore:
    if reason := unusable(case) or _ended_badly(case):
        return RowScore("unscored_model", 0.0, None, reason)
    return RowScore("ok", 1.0)


ANSWERED = Scorer(
    "answered",
    "A usable answer came; it is compared with nothing.",
    "share answered",
    1,
    _answered,
    needs_truth=False,
)
"""For rows that do not say what is right."""

FIXED: Mapping[str, Scorer] = {
    one.name: one
    for one in (
        ANSWERED,
        _plain(
            "exact",
            "The answer's code points are those of a truth; nothing is stripped or folded.",
            _RIGHT,
            lambda said, case: text_scores.exact(said, case.truths),
            raw=True,
        ),
        _plain(
            "final",
            "The last line after `Answer:`, else all of it, equals a truth once normalised.",
            _RIGHT,
            _final,
        ),
        Scorer(
            "yes_no",
            "The yes or no that the answer gives is the truth's; neither is a bucket of its own.",
            _RIGHT,
            1,
            _yes_no,
        ),
        _plain(
            "token_f1",
            "F1 over the words, as in SQuAD; the best over the truths.",
            "mean F1",
            lambda said, case: text_scores.token_f1(said, case.truths),
        ),
        _plain(
            "edit",
            "1 − edit distance / length of the longer; the best over the truths.",
            "mean similarity",
            lambda said, case: max(
                (text_scores.edit_similarity(said, one) for one in case.truths), default=0.0
            ),
        ),
        _plain(
            "anls",
            "Edit similarity without case and spacing, 0 below one half (DocVQA).",
            "mean ANLS",
            lambda said, case: text_scores.anls(said, case.truths),
        ),
        _plain(
            "vqa",
            "min(people who agree / 3, 1), each of the people left out once, text normalised.",
            "mean accuracy",
            lambda said, case: vqa_accuracy_always(said, case.truths),
        ),
    )
}


def _with_steps(kind: str, spec: str, steps: tuple[str, ...]) -> Scorer:
    if unknown := set(steps) - STEPS.keys():
        raise EvaluationError(
            f"There is no normalising step {min(unknown)!r}.",
            advice=f"There are {', '.join(STEPS)}.",
        )
    return _normalised(spec, kind, steps if ":" in spec else tuple(STEPS))


def _closed_set(spec: str, answers: tuple[str, ...]) -> Scorer:
    named = ", ".join(answers) or "the dataset's answers"
    rule = f"One of {named}, and the right one, once normalised; others are a bucket of their own."
    return Scorer(spec, rule, _RIGHT, 1, lambda case: _closed(case, answers))


def _number(spec: str, options: tuple[str, ...]) -> Scorer:
    try:
        tolerance = float(options[0]) if options else 0.05
    except ValueError:
        raise EvaluationError(
            f"{options[0]!r} is no tolerance.", advice="For example number:0.05."
        ) from None

    def rule(said: str, case: AnswerCase) -> float:
        relaxed = text_scores.number_relaxed
        return max((relaxed(said, one, tolerance) for one in case.truths), default=0.0)

    words = f"A number within {tolerance:.0%} of the truth; other text is compared normalised."
    return _plain(spec, words, _RIGHT, rule)


def _json_fields(spec: str, unordered: tuple[str, ...]) -> Scorer:
    any_order = f"; arrays of {', '.join(unordered)} in any order" if unordered else ""
    rule = f"Right fields / fields of the truth, by JSON type and value{any_order}."
    return Scorer(spec, rule, "mean share of fields", 1, lambda case: _json(case, unordered))


WITH_OPTIONS: Mapping[str, Callable[[str, tuple[str, ...]], Scorer]] = {
    "normalised": functools.partial(_with_steps, "normalised"),
    "contains": functools.partial(_with_steps, "contains"),
    "closed": _closed_set,
    "number": _number,
    "json": _json_fields,
}


def step_effects(cases: Sequence[AnswerCase], steps: Sequence[str]) -> Mapping[str, int]:
    """How many more answers are right because of each normalising step, the others applied."""

    def right(kept: Sequence[str]) -> int:
        rule = functools.partial(text_scores.normalised, steps=kept)
        return sum(int(rule(without_thinking(one.answer) or "", one.truths)) for one in cases)

    cases = cases[:MOST_EFFECTS]
    every = right(steps)
    return {step: every - right([one for one in steps if one != step]) for step in steps}
