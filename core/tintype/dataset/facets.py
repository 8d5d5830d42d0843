"""What can be counted of a row and picked to filter by: `format: jpeg`, `label: RBC`."""

from collections.abc import Iterator

from tintype.dataset.conversation import example as read_example
from tintype.dataset.example import Example
from tintype.dataset.survey import Surveyed
from tintype.detection import LOC, labels_in, name_convention, parse_boxes

Facet = tuple[str, str]
"""A name and a value, e.g. `("format", "jpeg")`."""

NAMES = (
    *("row", "images", "turns", "role", "system prompt", "objects", "label", "answer", "boxes"),
    *("origin", "detail", "flaw", "format", "mode", "size"),
)
"""Of facets, in the order in which they are shown."""

SHORT_ANSWER = 40
"""Characters up to which answers are counted as values: `Yes`, `rectangle`, a title."""


def facets(surveyed: Surveyed, shown: Example | None = None) -> tuple[Facet, ...]:
    """What can be counted about a row and picked to filter by; no pair occurs twice."""
    if surveyed.row.flaw:
        return (("row", "no JSON"),)
    shown = shown or read_example(surveyed.row)
    return tuple(dict.fromkeys(_facets(surveyed, shown)))


def _facets(surveyed: Surveyed, shown: Example) -> Iterator[Facet]:
    yield "images", str(len(surveyed.row.images))
    yield "turns", str(len(shown.messages))
    for message in shown.messages:
        yield "role", message.role or "none"
        if message.role == "system":
            yield "system prompt", message.text[:200]
    yield from _answer_facets(shown)
    for part, image in zip(surveyed.row.images, surveyed.images, strict=True):
        yield "origin", part.origin
        yield "detail", part.detail[:40]
        if image.flaw:
            yield "flaw", image.flaw
        if image.format:
            yield "format", image.format
            yield "mode", image.mode
        if image.width:
            yield "size", f"{image.width}×{image.height}"


def _answer_facets(shown: Example) -> Iterator[Facet]:
    answer = shown.answer.strip()
    labels = labels_in(answer)
    flawed = bool(parse_boxes(answer).flaws)
    if labels or flawed:
        yield "objects", str(len(labels))
        for label in labels:
            yield "label", label[:100] or "none"
    else:
        yield "answer", answer if len(answer) <= SHORT_ANSWER else "longer"
    if flawed:
        yield "boxes", "with flaws"
    elif (convention := name_convention(answer)) not in ("", LOC.name):
        yield "boxes", convention
