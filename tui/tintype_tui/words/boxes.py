"""What is said of the convention that boxes are written in."""

from tintype.detection import LOC, Verdict


def boxes_as(verdict: Verdict | None) -> str:
    """How the boxes were read, after their number; empty where it goes without saying."""
    if verdict is None or verdict.convention == LOC:
        return ""
    read = f" as {verdict.convention.name or verdict.convention.frame.title}"
    return f"{read}, which is unclear" if verdict.certainty in ("unclear", "mixed") else read
