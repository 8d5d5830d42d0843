"""What rows of one shape have in common, so that it is found out once.

Whether a rule has something to say of a usual row depends on its shape (roles, parts, levels of
detail), on the kinds of its images, and on texts in which something conspicuous stands. So of rows
without conspicuous texts one is judged for all of its shape: if nothing is wrong with it, nothing
is wrong with the others. `conspicuous` therefore must be true of every text that any rule looks at
more closely; a test holds it against the rules.
"""

import json
import re
from dataclasses import dataclass

from tintype.dataset.facets import Facet
from tintype.dataset.identity import KEY_BYTES
from tintype.dataset.usual import Shape
from tintype.detection import labels_in, name_convention
from tintype.rules.private import gives_notice
from tintype.tokens import PER_MESSAGE, TokenRule, count_text

_ANGLE = re.compile(r"<(?:\||image(?:_\d{1,3})?>|\s*/?\s*loc|box>|point|seg)", re.IGNORECASE)
_FOUR_NUMBERS = re.compile(
    r"(?<!\d)\d++\D++\d++\D++\d++\D++\d|\[\s*-?[\d.]+(?:\s*,\s*-?[\d.]+){3}\s*\]"
)
_PASTED = ("base64,", "/9j/", "iVBORw0KGgo", "R0lGOD", "UklGR")
_SHORTEST_PASTED = 60


def conspicuous(text: str, plain: bool = False) -> bool:
    """Whether a rule may have something to say of a text of a usual row.

    Args:
        text: As it is said.
        plain: Whether it is known to fit `template.PLAIN_TEXT` and to hold no image data: then it
            is looked through only for what may stand in such a text.
    """
    return gives_notice(text) if plain else _stands_out(text) or gives_notice(text)


def _stands_out(text: str) -> bool:
    """Whether it holds what no plain text does."""
    if not text or text.isspace():
        return True
    if "<" in text and _ANGLE.search(text):
        return True
    if _may_hold_boxes(text) and (name_convention(text) or labels_in(text)):
        return True
    return len(text) > _SHORTEST_PASTED and any(start in text for start in _PASTED)


def _may_hold_boxes(text: str) -> bool:
    """Whether it is worth looking for boxes: a quick look."""
    if '"' in text and ("box" in text or "min" in text):
        return True
    return ("[" in text or "{" in text) and _FOUR_NUMBERS.search(text) is not None


def may_hold_pasted(data: bytes) -> bool:
    """Whether image data may stand within a text of these rows, in UTF-8 and nothing escaped."""
    return any(start.encode() in data for start in _PASTED)


@dataclass(frozen=True, slots=True)
class Pattern:
    """What rows of one shape have in common; texts and images are named by their numbers."""

    tokens: int
    """Of a row, besides those of its texts."""
    facets: tuple[Facet, ...]
    """That every such row has."""
    prompts: tuple[tuple[int, int], ...]
    """From which text to which the messages of the system go."""
    leads: bool
    """Whether the first message is one of the system."""
    answer: int
    """Which text is the last answer."""
    newlines: int
    """Between the texts of the messages before the answer."""
    stream: tuple[bytes, ...]
    """What the keys of rows are made of, in order; empty where a text or an image stands."""
    places: tuple[tuple[int, int], ...]
    """Where in it, and which: the texts by their numbers, the images by theirs below zero."""
    question: int
    """How much of it is the question."""


def pattern_of(shape: Shape, details: tuple[str, ...], rule: TokenRule) -> Pattern | None:
    """What rows of a shape have in common; none if their last answer is not exactly one text."""
    answers = [at for at, (role, _, _) in enumerate(shape) if role == "assistant"]
    if not answers or shape[answers[-1]][2] not in (None, ("text",)):
        return None
    stream: list[bytes | int] = []
    spans: list[tuple[int, int]] = []
    texts = images = question = 0
    for at, (role, weight, parts) in enumerate(shape):
        if at == answers[-1]:
            question = len(stream)
        stream.append(_head(role, weight))
        start = texts
        for part in ("text",) if parts is None else parts:
            if part == "text":
                stream.append(texts)
                texts += 1
            else:
                images += 1
                stream += [KEY_BYTES.to_bytes(8, "big"), -images]
        stream.append(_piece(b""))
        spans.append((start, texts))
    stream.append(_piece(b"[]"))  # no tools are declared
    facets = [("images", str(images)), ("turns", str(len(shape)))]
    facets += [("role", role or "none") for role, _, _ in shape]
    if images:
        facets += [("origin", "data"), *(("detail", detail[:40]) for detail in details)]
    roles = sum(count_text(role, rule.encoding) for role, _, _ in shape)
    return Pattern(
        tokens=PER_MESSAGE * len(shape) + roles,
        facets=tuple(dict.fromkeys(facets)),
        prompts=tuple(spans[at] for at, (role, _, _) in enumerate(shape) if role == "system"),
        leads=shape[0][0] == "system",
        answer=spans[answers[-1]][0],
        newlines=sum(max(0, end - start - 1) for start, end in spans[: answers[-1]]),
        stream=tuple(b"" if isinstance(part, int) else part for part in stream),
        places=tuple((at, part) for at, part in enumerate(stream) if isinstance(part, int)),
        question=question,
    )


def _head(role: str, weight: object) -> bytes:
    """What a message's key begins with; see `tintype.dataset.identity`."""
    number = float(weight) if type(weight) is int else None
    said: list[object] = [role, number, []]
    return _piece(json.dumps(said, sort_keys=True).encode("ascii"))


def _piece(data: bytes) -> bytes:
    return len(data).to_bytes(8, "big") + data


def text_piece(squeezed: str) -> bytes:
    """A text, each run of white space of which is one space, as it stands in the stream."""
    data = squeezed.encode("utf-8")
    return len(data).to_bytes(8, "big") + data
