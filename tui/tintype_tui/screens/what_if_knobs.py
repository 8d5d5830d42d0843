"""What can be tried of a dataset and a plan: a knob for each, with the values that make sense."""

from tintype.assessment import Assessment
from tintype.detection import CONVENTIONS, Convention
from tintype.estimation import Plan
from tintype.estimation.what_if import SIDES, RowTable, least_side
from tintype.tokens import DETAILS
from tintype_tui.text import count
from tintype_tui.widgets.knob_list import Knob
from tintype_tui.words.what_if import boxes_words

QUALITIES = (95, 90, 80, 70, 60, 50)
SHARES = (75, 50, 25, 10)
"""Of the rows, in percent."""


def knobs_of(
    found: Assessment, plan: Plan, table: RowTable, boxes: Convention | None
) -> tuple[Knob, ...]:
    """Return the knobs; the first value of each leaves it as it is."""
    rows = found.counts.rows
    least = least_side(table)
    sides = sorted({*SIDES, *filter(None, [least])}, reverse=True)
    as_is: tuple[str, object] = ("as it is", None)
    asked = plan.epochs or found.counts.rule.epochs.default(found.counts.trained)
    others = [one for one in CONVENTIONS.values() if boxes is None or one.name != boxes.name]
    answers = [(f"{boxes_words(one)}: {one.title}", one) for one in others]
    here = ("no boxes in the answers", None)
    same = (f"as it is: {boxes_words(boxes)}", None) if boxes else here
    return (
        Knob("detail", [(one, one) for one in DETAILS]),
        Knob(
            "longest side",
            [as_is, *((f"{n:,} px", n) for n in sides if n < table.longest_side)],
        ),
        Knob("JPEG quality", [as_is, *((str(n), n) for n in QUALITIES if found.counts.images)]),
        Knob(
            "rows",
            [
                (count(rows, "row"), None),
                *((f"{share} %: {rows * share // 100:,}", rows * share // 100) for share in SHARES),
            ],
        ),
        Knob("epochs", [(str(asked), None), *((str(n), n) for n in _epochs(asked))]),
        Knob("answers", [same, *answers] if boxes else [here]),
    )


def _epochs(asked: int) -> list[int]:
    """More first, then fewer, so that right is more and left is fewer."""
    return [*range(asked + 1, 51), *range(1, asked)]
