"""What is said of the convention that boxes are written in."""

from tintype.detection import LOC, Box, Verdict
from tintype_tui.text import clip, one_line


def boxes_as(verdict: Verdict | None) -> str:
    """How the boxes were read, after their number; empty where it goes without saying."""
    if verdict is None or verdict.convention == LOC:
        return ""
    read = f" as {verdict.convention.name or verdict.convention.frame.title}"
    return f"{read}, which is unclear" if verdict.certainty in ("unclear", "mixed") else read


def box_words(box: Box, size: tuple[int, int]) -> str:
    """A box's class, how large it is and where, in pixels of an image of a size."""
    x, y, wide, high = (
        round(side * length)
        for side, length in zip(
            (box.x_min, box.y_min, box.x_max - box.x_min, box.y_max - box.y_min),
            (*size, *size),
            strict=True,
        )
    )
    return f"{clip(one_line(box.label), 24) or 'no class'}, {wide} × {high} px at {x}, {y}"
