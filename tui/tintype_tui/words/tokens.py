"""How tokens come about, in words."""

from tintype.tokens import Explained, ExplainedRow
from tintype_tui.words.costs import tokens_words


def row_words(row: ExplainedRow, *, skipped: bool = False) -> list[str]:
    """How the tokens of a row come about, a line for each step; images first, they cost most."""
    lines = [f"{tokens_words(row.total)} tokens in each epoch"]
    if skipped:
        lines = ["The provider skips this row: it is not billed. It would be:", *lines]
    for number, image in enumerate(row.images, start=1):
        lines += _steps(f"image {number}" if len(row.images) > 1 else "image", image)
    lines += _steps("text", row.text)
    if row.cut.high and row.limit:
        lines += ["", f"cut at {row.limit:,}: {tokens_words(row.cut)} tokens are not trained on"]
    return lines


def _steps(name: str, part: Explained) -> list[str]:
    return ["", f"{name}: {tokens_words(part.tokens)} tokens", *(f"  {one}" for one in part.steps)]
