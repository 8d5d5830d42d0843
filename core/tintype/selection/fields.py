"""What can be said of a row in a query: each field's name, what it is, and how it is read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from tintype.dataset.conversation import example as read_example
from tintype.dataset.example import Example
from tintype.dataset.facets import SHORT_ANSWER
from tintype.dataset.survey import Surveyed
from tintype.detection import Box, Convention, labels_in, name_convention, parse_boxes
from tintype.rules import ProviderRules, judge_row
from tintype.rules.private import private_in
from tintype.tokens import TokenRule, row_tokens

Kind = Literal["text", "name", "number", "pair"]


@dataclass(frozen=True, slots=True)
class Beside:
    """What is known of the dataset that its rows do not say."""

    profile: ProviderRules
    """Whose rules `problem` is about."""
    rule: TokenRule
    """How `tokens` are counted."""
    split: str = ""
    """Which split the file is; empty if its name does not say."""
    marks: Mapping[int, str] = field(default_factory=dict)
    """Index of each marked row → the reason, which may be empty."""
    convention: Convention | None = None
    """What the boxes are written in, if it is known."""


class SeenRow:
    """A row, of which more is found out when a condition asks."""

    def __init__(self, surveyed: Surveyed, beside: Beside) -> None:
        self.surveyed, self.beside = surveyed, beside
        self._example: Example | None = None
        self._labels: tuple[str, ...] | None = None

    @property
    def example(self) -> Example:
        """The row as a conversation."""
        if self._example is None:
            self._example = read_example(self.surveyed.row)
        return self._example

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of the answer's boxes."""
        if self._labels is None:
            self._labels = labels_in(self.example.answer)
        return self._labels

    def said(self, *roles: str) -> list[str]:
        """What messages of some roles say; without roles, of all."""
        return [one.text for one in self.example.messages if not roles or one.role in roles]

    def problems(self) -> list[str]:
        """Rules that the row breaks, and how bad that is."""
        found = judge_row(self.surveyed, self.beside.profile, self.beside.rule)
        return [name for problem in found for name in (problem.rule, problem.severity)]

    def tokens(self) -> int:
        """The likely number, images included."""
        row, images = self.surveyed.row, self.surveyed.images
        return round(row_tokens(row, images, self.beside.rule).total().likely)

    def images(self, name: str) -> list[str]:
        """What the bytes of each image say of it; nothing where they do not."""
        return [value for image in self.surveyed.images if (value := str(getattr(image, name)))]

    def sizes(self) -> list[tuple[int, int]]:
        """Width and height of each image as it is shown, in pixels."""
        return [size for image in self.surveyed.images if (size := image.upright_size)]

    def classes(self) -> Sequence[str]:
        """Labels of boxes; without boxes, a short answer is its own class."""
        answer = self.example.answer.strip()
        if self.labels or len(answer) > SHORT_ANSWER:
            return self.labels
        return [answer] if answer else []

    def boxes(self) -> Sequence[Box]:
        """The answer's boxes, in fractions of the image."""
        answer, convention = self.example.answer, self.beside.convention
        found = parse_boxes(answer).boxes
        if found or convention is None:
            return found
        sizes = self.sizes()
        return convention.read(answer, sizes[0] if len(sizes) == 1 else None).boxes

    def written(self) -> list[str]:
        """What boxes are written in, and that they have flaws."""
        answer = self.example.answer
        found = [name_convention(answer), "flawed" if parse_boxes(answer).flaws else ""]
        return [name for name in found if name]

    def mark(self) -> list[str]:
        """Why the row is marked; nothing if it is not."""
        why = self.beside.marks.get(self.surveyed.row.index)
        return [] if why is None else [why or NO_REASON]


NO_REASON = "no reason"


def centre(box: Box) -> tuple[int, int]:
    """In which per cent of the width and the height a box has its middle, each 0…99."""
    x, y = (box.x_min + box.x_max) / 2, (box.y_min + box.y_max) / 2
    return min(99, max(0, int(100 * x))), min(99, max(0, int(100 * y)))


@dataclass(frozen=True, slots=True)
class Field:
    """Something that can be said of a row."""

    about: str
    kind: Kind
    read: Callable[[SeenRow], Sequence[str] | Sequence[float] | Sequence[tuple[int, int]]]
    listed: bool = True
    """Whether its values are few enough to be listed with their counts."""


def _texts(*roles: str) -> Callable[[SeenRow], Sequence[str]]:
    return lambda seen: seen.said(*roles)


FIELDS: Mapping[str, Field] = {
    "text": Field("anything said", "text", _texts(), listed=False),
    "question": Field("what the user says", "text", _texts("user"), listed=False),
    "answer": Field("what the assistant says", "text", _texts("assistant"), listed=False),
    "system": Field("the system prompt", "text", _texts("system", "developer")),
    "class": Field("a box's label, or a short answer", "name", SeenRow.classes),
    "label": Field("a box's label", "name", lambda seen: seen.labels),
    "problem": Field("a rule's name, or error, skip, warning", "name", SeenRow.problems),
    "marked": Field("why it is marked", "name", SeenRow.mark),
    "tag": Field("what it is tagged as", "name", SeenRow.mark, listed=False),
    "split": Field("train, valid, test", "name",
                   lambda seen: [seen.beside.split] if seen.beside.split else []),
    "role": Field("a message's role", "name",
                  lambda seen: [one.role for one in seen.example.messages if one.role]),
    "private": Field("email, phone, card, key, place", "name",
                     lambda seen: private_in(seen.said(), seen.surveyed.images)),
    "boxes": Field("what boxes are written in, or flawed", "name", SeenRow.written),
    "origin": Field("of an image: data, url, file", "name",
                    lambda seen: [one.origin for one in seen.surveyed.row.images]),
    "detail": Field("of an image: auto, low, high", "name",
                    lambda seen: [one.detail for one in seen.surveyed.row.images]),
    "format": Field("of an image: jpeg, png …", "name", lambda seen: seen.images("format")),
    "mode": Field("of an image: RGB, L …", "name", lambda seen: seen.images("mode")),
    "flaw": Field("why a line or an image cannot be used", "name",
                  lambda seen: [*filter(None, [seen.surveyed.row.flaw]), *seen.images("flaw")]),
    "line": Field("1-based", "number", lambda seen: [seen.surveyed.row.line], listed=False),
    "images": Field("on the row", "number", lambda seen: [len(seen.surveyed.row.images)]),
    "turns": Field("messages", "number", lambda seen: [len(seen.example.messages)]),
    "objects": Field("boxes in the answer", "number", lambda seen: [len(seen.labels)]),
    "chars": Field("of the answer", "number", lambda seen: [len(seen.example.answer)]),
    "tokens": Field("images included", "number", lambda seen: [seen.tokens()]),
    "bytes": Field("of the line", "number", lambda seen: [seen.surveyed.row.size_bytes]),
    "width": Field("of an image, upright", "number",
                   lambda seen: [width for width, _ in seen.sizes()]),
    "height": Field("of an image, upright", "number",
                    lambda seen: [height for _, height in seen.sizes()]),
    "side": Field("the longer one of an image", "number",
                  lambda seen: [max(size) for size in seen.sizes()]),
    "frames": Field("of an image", "number",
                    lambda seen: [image.frames for image in seen.surveyed.images]),
    "size": Field("of an image, upright: 640x480", "pair", SeenRow.sizes),
    "place": Field("of a box's middle, in %: 0..49,50..99", "pair",
                   lambda seen: [centre(box) for box in seen.boxes()]),
}  # fmt: skip
"""Name → field."""

OF_IMAGES = frozenset({
    "problem", "private", "format", "mode", "flaw", "tokens", "width", "height", "side", "frames",
    "size", "place",
})  # fmt: skip
"""Fields for which images must be looked at; the others are read from the row alone."""
