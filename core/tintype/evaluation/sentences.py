"""A result in a sentence, the same for app, command line and exports."""

from collections.abc import Sequence

from tintype.evaluation.comparing import Comparison, comparisons
from tintype.evaluation.figures import ModelFigures, figures
from tintype.evaluation.headline import Headline
from tintype.evaluation.results import Evaluation
from tintype.evaluation.rows import LeftOut
from tintype.evaluation.statistics import Interval

SURE = 0.05


def headline_sentence(evaluation: Evaluation, scorer: str = "") -> str:
    """Say it all: `tuned 92.9 % (91–95), base 0.1 % (0–1); 718 better, 0 worse, p < 0.001.`."""
    found = figures(evaluation, scorer)
    titles = dict(zip(evaluation.models, evaluation.titles, strict=True))
    order = sorted(found, key=lambda one: one.model == evaluation.models[evaluation.reference])
    said = [f"{titles[one.model]} {share_words(one)}" for one in order]
    words = ", ".join(said)
    for one in comparisons(evaluation, scorer):
        words += "; " + comparison_words(one, titles[one.model] if len(found) > 2 else "")
    return f"{words}.{left_out_words(found, evaluation)}"


def share_words(one: ModelFigures) -> str:
    """A model's score with its interval."""
    value = one.headline.headline
    if value is None or one.interval is None:
        return "no score"
    return f"{percent(value)} ({bounds_words(one.interval)})"


def bounds_words(bounds: Interval) -> str:
    """`91–95`, in percent."""
    return f"{100 * bounds.low:.0f}–{100 * bounds.high:.0f}"


def percent(share: float | None) -> str:
    """`92.9 %`; a dash where it is not known."""
    if share is None:
        return "–"
    shown = f"{100 * share:.1f}"
    if shown == "100.0" and share < 1:
        shown = "> 99.9"
    if shown == "0.0" and share > 0:
        shown = "< 0.1"
    return f"{shown} %"


def comparison_words(one: Comparison, title: str = "") -> str:
    """`718 better, 0 worse, p < 0.001`, and what that means if it means little.

    With several comparisons, p is the one adjusted for their number.
    """
    p = one.p if one.adjusted_p is None else one.adjusted_p
    if p is None:
        return "no row has a score of both"
    name = f"{title}: " if title else ""
    words = f"{name}{one.paired.wins:,} better, {one.paired.losses:,} worse, {p_words(p)}"
    if p > SURE:
        words += " (may be chance"
        words += f"; about {one.rows_needed:,} rows would show it)" if one.rows_needed else ")"
    return words


def p_words(p: float) -> str:
    """`p < 0.001`, `p = 0.03`."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"


def left_out_words(found: tuple[ModelFigures, ...], evaluation: Evaluation) -> str:
    """What is no score of the scorer, in a sentence; empty if there is nothing."""
    said = [
        f"{title}: {parts}"
        for title, one in zip(evaluation.titles, found, strict=True)
        if (parts := unscored_words(one.headline))
    ]
    words = f" {'; '.join(said)}." if said else ""
    if leaked := int(evaluation.leaked.sum()):
        rows = "row shows an image" if leaked == 1 else "rows show images"
        words += f" {leaked:,} {rows} of the training file."
    if omitted := omitted_words(evaluation.run.left_out):
        words += f" {omitted}"
    return words


def omitted_words(left_out: Sequence[LeftOut]) -> str:
    """`2 rows are left out, the first is line 3: …`, in a sentence; empty if there are none."""
    if not left_out:
        return ""
    first, number = left_out[0], len(left_out)
    where = "1 row is left out," if number == 1 else f"{number:,} rows are left out, the first is"
    return f"{where} line {first.line:,}: {first.why}"


def unscored_words(one: Headline) -> str:
    """`3 unusable answers count 0, 2 rows unscored (91.2–91.6 %)`."""
    said = []
    if one.unscored_model:
        noun = "unusable answer counts" if one.unscored_model == 1 else "unusable answers count"
        said.append(f"{one.unscored_model:,} {noun} 0")
    if one.unscored_infra and one.low is not None and one.high is not None:
        noun = "row" if one.unscored_infra == 1 else "rows"
        share = f"{100 * one.low:.1f}–{100 * one.high:.1f} %"
        said.append(f"{one.unscored_infra:,} {noun} without a score, so between {share}")
    return ", ".join(said)
