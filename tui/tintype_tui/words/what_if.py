"""What would be different, beside how it is."""

from collections.abc import Sequence

from tintype.detection import Convention
from tintype.estimation import Estimate
from tintype.estimation.trying import FileWeight, Rewritten
from tintype.estimation.what_if import WhatIf
from tintype.tokens import Range
from tintype_tui.text import count, number, pad, size
from tintype_tui.words.costs import cost_words

_NAME, _VALUE = 18, 20


def comparison(
    now: Estimate, then: Estimate, weights: tuple[FileWeight | None, FileWeight | None]
) -> list[str]:
    """A table of two estimates: a line for each figure, with the change in percent.

    Weights are those of the file now and then; none while they are measured.
    """
    lines = [
        _line("", "now", "then", ""),
        *(
            _line(name, number(one.likely), number(other.likely), _moved(one.likely, other.likely))
            for name, one, other in _figures(now, then)
        ),
        _line("epochs", str(now.epochs), str(then.epochs), ""),
        _tokens("billed tokens", now.billed_tokens, then.billed_tokens),
        _line("cost", cost_words(now), cost_words(then), _cost_moved(now, then)),
    ]
    one, other = weights
    moved = _moved(one.size_bytes, other.size_bytes) if one and other else ""
    return [*lines, _line("upload", _weight_words(one), _weight_words(other), moved)]


def change_notes(change: WhatIf, kept: int, rows: int, rewritten: Rewritten | None) -> list[str]:
    """Sentences about a change: which rows, and what cannot be done."""
    notes = []
    if change.rows is not None:
        notes.append(f"{count(kept, 'row')} of {rows:,}, drawn by chance; always the same ones.")
    if change.boxes and rewritten is not None:
        left = f"; {rewritten.left:,} stay as they are" if rewritten.left else ""
        notes.append(f"Answers that change: {rewritten.changed:,}{left}.")
    return notes


def change_words(change: WhatIf, epochs: int | None) -> list[str]:
    """What is changed, a phrase each; empty for nothing."""
    return [
        *([f"detail {change.detail}"] if change.detail != "as is" else []),
        *([f"longest side {change.max_side:,} px"] if change.max_side else []),
        *([f"JPEG quality {change.quality}"] if change.quality else []),
        *([count(change.rows, "row")] if change.rows is not None else []),
        *([f"answers as {boxes_words(change.boxes[1])}"] if change.boxes else []),
        *([count(epochs, "epoch")] if epochs else []),
    ]


def boxes_words(convention: Convention) -> str:
    """A convention by its name, or by what it is."""
    return convention.name or convention.title


def _figures(now: Estimate, then: Estimate) -> Sequence[tuple[str, Range, Range]]:
    return (
        ("text tokens", now.text_tokens, then.text_tokens),
        ("image tokens", now.image_tokens, then.image_tokens),
        ("tokens per epoch", now.tokens_per_epoch, then.tokens_per_epoch),
    )


def _tokens(name: str, one: Range, other: Range) -> str:
    return _line(name, number(one.likely), number(other.likely), _moved(one.likely, other.likely))


def _cost_moved(now: Estimate, then: Estimate) -> str:
    if now.cost_usd is None or then.cost_usd is None:
        return ""
    return _moved(float(now.cost_usd.likely), float(then.cost_usd.likely))


def _weight_words(weight: FileWeight | None) -> str:
    if weight is None:
        return "measuring …"
    return f"{'' if weight.measured else 'about '}{size(weight.size_bytes)}"


def _moved(one: float, other: float) -> str:
    """`−40 %`, `+3 %`; nothing where nothing moves."""
    if not one or one == other:
        return ""
    by = (other - one) / one
    return f"{'−' if by < 0 else '+'}{abs(by):.0%}".replace("%", " %")


def _line(name: str, one: str, other: str, moved: str) -> str:
    return f"{pad(name, _NAME)}{pad(one, _VALUE)}{pad(other, _VALUE)}{moved}".rstrip()
