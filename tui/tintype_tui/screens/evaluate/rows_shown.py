"""Which rows of an evaluation are shown, in which order, and in which words. Pure."""

from collections.abc import Sequence

from tintype import evaluation
from tintype.evaluation import AnswerOfRow, EvaluatedRow, Findings
from tintype.prompting import in_short
from tintype_tui.widgets.evaluation_matrix import Glimpse
from tintype_tui.widgets.evaluation_report import RowsOf
from tintype_tui.widgets.example_list import said

SHORT = {"newly broken": "broken", "newly fixed": "fixed"}

ORDERS = ("file", "worst", "best", "change", "random")

ORDER_WORDS = {
    "file": "as in the file",
    "worst": "worst first",
    "best": "best first",
    "change": "largest loss first",
    "random": "by chance",
}


def chosen_rows(
    found: Findings, rows: RowsOf, order: str, matching: frozenset[int] | None
) -> tuple[int, ...]:
    """Positions of the rows of a view, of one facet's value, that have what was searched for."""
    made = found.evaluation
    positions = evaluation.positions(
        made,
        rows.view,
        model=rows.model,
        scorer=found.scorer,
        order=order,  # type: ignore[arg-type]
    )
    if rows.facet in made.facets:
        values, codes = made.facets[rows.facet]
        wanted = values.index(rows.value) if rows.value in values else -2
        positions = positions[codes[positions] == wanted]
    if matching is not None:
        return tuple(one for one in positions.tolist() if one in matching)
    return tuple(positions.tolist())


def empty_words(rows: RowsOf, needle: str) -> str:
    """What is said where no row is to be shown."""
    parts = [f"No row: {rows.view}"]
    parts += [f"{rows.facet} {rows.value}"] if rows.facet else []
    parts += [f"with “{needle}”"] if needle else []
    return " · ".join(parts) + "\nEsc shows all rows."


def glimpse(row: EvaluatedRow, answers: Sequence[AnswerOfRow]) -> Glimpse:
    """What is listed of a row: of one with boxes, what is there instead of what is asked."""
    question = in_short(row.question)
    if question.startswith("detect "):
        question = said(row.truths[0])
    return Glimpse(question[:400], tuple(said(one.text)[:200] for one in answers))
