"""Which scorer a specification names.

A scorer turns one answer into a `RowScore`. What cannot be scored is a status of its own, with the
reason, and no scorer ever stands in for another. A specification names one, with options after a
colon:

    answered · exact · final · contains · yes_no · token_f1 · edit · anls · vqa · boxes · judge
    normalised, or with its steps: normalised:nfkc,space,case
    closed, or with its answers: closed:red,green,blue
    number, or with its tolerance: number:0.05
    json, or with the fields whose arrays have no order: json:tags
    path/to/file.py:function    your own, in a process of its own (see `own_function`)

Others come from outside as plug-ins (`tintype.plugins`): a `Scorer`, or a function of an
`AnswerCase` that gives a number from 0 to 1.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from tintype import paths
from tintype.errors import EvaluationError
from tintype.evaluation.answer_case import JUDGE, AnswerCase, Scorer, as_score, unusable
from tintype.evaluation.headline import RowScore
from tintype.evaluation.text_scorers import FIXED, WITH_OPTIONS
from tintype.plugins import Plugin, guarded, plugins


def scorer_of(spec: str) -> Scorer:
    """The scorer that a specification means; plug-ins are imported, so call it in a thread.

    Raises:
        EvaluationError: if there is none, or its options cannot be used.
        PluginError: if one from outside cannot be loaded.
    """
    kind, _, options = spec.partition(":")
    listed = tuple(one.strip() for one in options.split(",") if one.strip())
    if spec in FIXED:
        return FIXED[spec]
    if kind in WITH_OPTIONS:
        return WITH_OPTIONS[kind](spec, listed)
    if spec in ("boxes", JUDGE) or kind.endswith(".py"):
        return _elsewhere(spec)
    for plugin in plugins("scorers"):
        if spec in (plugin.name, plugin.name.rpartition(":")[2]):
            return _from_outside(spec, plugin)
    raise EvaluationError(
        f"There is no scorer {spec!r}.", advice=f"There are {', '.join(scorer_names())}."
    )


def anchored(spec: str) -> str:
    """A specification that means the same wherever it is read: a file of one's own by its path.

    Raises:
        FileError: if no path can be made of it.
    """
    file, mark, name = spec.rpartition(":")
    if not mark or not file.endswith(".py"):
        return spec
    return f"{paths.absolute(paths.as_path(file))}:{name}"


def scorer_names() -> tuple[str, ...]:
    """What can be named without options: built in, then from outside."""
    outside = [plugin.name.rpartition(":")[2] for plugin in plugins("scorers")]
    return (*FIXED, *WITH_OPTIONS, "boxes", JUDGE, *outside)


def _elsewhere(spec: str) -> Scorer:
    """Those whose modules take longer to import."""
    if spec == JUDGE:
        return Scorer(
            JUDGE, "A model grades the answer by a rubric.", "mean grade", 1, _not_judged_yet
        )
    if spec == "boxes":
        from tintype.evaluation.box_scorer import BOXES

        return BOXES
    from tintype.evaluation.own_function import own_function

    return own_function(spec)


def _not_judged_yet(case: AnswerCase) -> RowScore:
    reason = unusable(case)
    if reason:
        return RowScore("unscored_model", 0.0, None, reason)
    return RowScore("unscored_infra", None, None, "not judged yet")


def _from_outside(spec: str, plugin: Plugin) -> Scorer:
    value = plugin.value
    if isinstance(value, Scorer):
        return replace(value, name=spec, score=_guarded(plugin, value.score))
    words = (getattr(value, "__doc__", "") or f"As {plugin.name} says.").strip().splitlines()[0]
    version = int(getattr(value, "version", 1))
    return Scorer(spec, words, "mean score", version, _guarded(plugin, value))


def _guarded(
    plugin: Plugin, function: Callable[[AnswerCase], Any]
) -> Callable[[AnswerCase], RowScore]:
    def score(case: AnswerCase) -> RowScore:
        with guarded(plugin, f"on {case.question[:60]!r}"):
            return as_score(function(case))

    return score


def suggested(truths: Sequence[str]) -> tuple[str, ...]:
    """Scorers that suit a dataset's answers, the leading one first."""
    from tintype.detection import parse_boxes
    from tintype.evaluation.box_answers import read_boxes

    said = [truth for truth in truths if truth.strip()][:1000]
    if said and any(parse_boxes(one).boxes or read_boxes(one).boxes for one in said):
        return ("boxes",)
    if said and all(one.lstrip().startswith("{") and _is_object(one) for one in said):
        return ("json", "exact")
    return ("normalised", "exact", "contains", "token_f1")


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False
