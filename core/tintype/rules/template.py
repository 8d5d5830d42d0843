"""What lines have in common that are written alike: a regular expression made of one of them."""

import re
from dataclasses import dataclass
from json.decoder import scanstring  # type: ignore[attr-defined]

from tintype.dataset import ImagePart
from tintype.dataset.usual import Shape, Usual, is_doubtful
from tintype.rules.pattern import Pattern

_MOST_TEXTS = 50
_STRING = re.compile(r'("(?:[^"\\]|\\.)*+")(\s*:)?')
_SAYS = ('"content"', '"text"')
# Nothing escaped is in a plain text, nor what `pattern.conspicuous` need not look for in one; and
# it does not begin as image data may.
PLAIN_TEXT = (
    r"((?![bBdD/iIrRuU](?i:ata:|'|9j/|VBOR|0lGOD|klGR))"
    r'[^\s"\\<\[{\x00-\x1f\ue000][^"\\<\[{\x00-\x1f\ue000]*+)'
)
_ANY_TEXT = r'([^"\\\x00-\x1f]*+(?:\\.[^"\\\x00-\x1f]*+)*+)'


@dataclass(frozen=True, slots=True)
class Template:
    """What the lines of rows have in common that are written alike, without their images."""

    plain: re.Pattern[str]
    """Fits a line if nothing in its texts has to be looked at more closely."""
    any: re.Pattern[str]
    """Fits it whatever its texts are."""
    pattern: Pattern
    question: bytes
    """A format: what the key of the question is made of, with the pieces of texts in it."""
    rest: bytes
    """Likewise what follows it in the key of the row."""
    asked: int
    """How many texts and images belong to the question."""
    order: tuple[int, ...]
    """In which they stand in the keys: the texts by their numbers, the images by theirs below
    zero."""
    shape: Shape
    images: tuple[ImagePart, ...]
    """Of one such row: they stand in the same places, at the same levels of detail."""
    details: tuple[str, ...]
    """Those levels."""

    def texts(self, line: str) -> tuple[str, ...] | None:
        """The texts of a line that it fits; none if one of them has to be looked at."""
        found = self.any.fullmatch(line)
        if found is None:
            return None
        try:
            texts = tuple([_read(text) for text in found.groups()])
        except ValueError:  # no such escape
            return None
        return None if any(map(is_doubtful, texts)) else texts


def template_of(line: str, usual: Usual, pattern: Pattern) -> Template | None:
    """The template of a usual row; none if texts cannot be told from the rest.

    Args:
        line: As it stands in the file, without its images (`without_images`).
        usual: What `read_usual` finds in it.
        pattern: Of such rows.
    """
    texts = usual.texts
    between: list[str] = []
    key, at = "", 0
    for found in _STRING.finditer(line):
        if found[2]:
            key = found[1]
        elif key in _SAYS:
            between.append(line[at : found.start() + 1])
            at = found.end() - 1
    between.append(line[at:])
    places = [place for place, _ in pattern.places]
    if len(between) != len(texts) + 1 or len(texts) > _MOST_TEXTS or "\\" in "".join(between):
        return None
    asked = sum(place < pattern.question for place in places)
    written = [part.replace(b"%", b"%%") for part in pattern.stream]
    for place in places:
        written[place] = b"%b"
    question, rest = written[: pattern.question], written[pattern.question :]
    escaped = [re.escape(part) for part in between]
    made = Template(
        re.compile(PLAIN_TEXT.join(escaped)),
        re.compile(_ANY_TEXT.join(escaped)),
        pattern,
        b"".join(question),
        b"".join(rest),
        asked,
        tuple(number for _, number in pattern.places),
        usual.shape,
        usual.images,
        tuple(image.detail for image in usual.images),
    )
    return made if made.texts(line) == tuple(texts) else None


def _read(text: str) -> str:
    return scanstring(f'{text}"', 0)[0] if "\\" in text else text
