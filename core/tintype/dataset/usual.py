"""Rows as almost all rows are, read in a tenth of the time.

A usual row is an object with `messages` and nothing else; each message has a role and a text, or
parts that are texts and images. What it becomes is exactly what `parsing.read_line` makes of it by
its general way, which reads every other row: whatever is unusual, doubtful or wrong is left to it.
"""

import json
import re
from collections.abc import Iterator
from json.scanner import make_scanner
from typing import Any, NamedTuple

from tintype.dataset.example import ImagePart
from tintype.dataset.lifting import DATA_HEAD, MIN_CUT_BYTES, Cut
from tintype.dataset.places import Slot, origin

MAX_PARTS = 1_000
"""Messages of a row, and parts of a message."""
MAX_CHARS = 1 << 20
"""Besides the images."""

MessageShape = tuple[str, Any, tuple[str, ...] | None]
Shape = tuple[MessageShape, ...]
"""Role, weight and parts of each message: None for a text, else `text` or the `detail:…` of an
image for each part."""

ABSENT = "absent"
"""Stands for the weight of a message without one; null is another thing."""
_MARK = "\ue000"
_MARK_BYTES = _MARK.encode()
_ESCAPED_MARK = re.compile(r"\\u[eE]000")
_SPACED_COLON = re.compile(r'"[ \t\r\n]+:')
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_DATA = re.compile(r"\s{0,40}(?:data:|b['\"]|/9j/|iVBOR|R0lGOD|UklGR)", re.IGNORECASE)
"""How a text begins that may be image data wherever it stands."""
_ROLES = frozenset({"system", "user", "assistant"})
_DETAILS = frozenset({"auto", "low", "high"})
_TEXT_KEYS = {"type", "text"}
_PLAIN_KEYS, _WEIGHT_KEYS = {"role", "content"}, {"role", "content", "weight"}


class _Unusual(Exception):
    """The general way must read this row."""


def _refuse(_: str) -> Any:
    raise _Unusual


_decoder: Any = json.JSONDecoder(parse_constant=_refuse, parse_float=_refuse)
_scan = make_scanner(_decoder)


class Usual(NamedTuple):
    """A usual row, read."""

    value: dict[str, Any]
    """The row; each data URL in it is cut down to its head."""
    shape: Shape
    texts: tuple[str, ...]
    """Every text in order, none half a surrogate pair, none image data."""
    images: tuple[ImagePart, ...]
    slots: tuple[Slot, ...]
    originals: tuple[str | int, ...]
    """For each image its URL, or the number of its cut."""
    cuts: tuple[Cut, ...]


def read_usual(raw: bytes) -> Usual | None:
    """Read a line if it is a usual row; None says nothing but that it is to be read otherwise."""
    if not raw.startswith(b'{"messages"'):
        return None
    found = without_images(raw)
    if found is None:
        return None
    text, cuts = found
    # Base64 that can be decoded holds neither a quotation mark nor an escape.
    if any(cut.data(raw) is None for cut in cuts):
        return None
    try:
        value, end = _scan(text, 0)
        if end < len(text) and text[end:].strip(" \t\r\n"):
            return None
        walk = _Walk(cuts)
        walk.row(value)
    except (_Unusual, ValueError, RecursionError, StopIteration):
        return None
    keys = text.count('":') - text.count('\\":')
    if keys != walk.keys or walk.marks != len(cuts) or _SPACED_COLON.search(text):
        return None  # a key given twice, or image data elsewhere
    if "\\u" in text and any(map(_SURROGATE.search, walk.strings())):
        return None
    return Usual(
        value,
        tuple(walk.shape),
        tuple(walk.texts),
        tuple(walk.images),
        tuple(walk.slots),
        tuple(walk.originals),
        cuts,
    )


def is_doubtful(text: str) -> bool:
    """Whether a row with such a text is not usual."""
    return _MARK in text or bool(_DATA.match(text) or _SURROGATE.search(text))


def without_images(raw: bytes) -> tuple[str, tuple[Cut, ...]] | None:
    """The line with a mark in place of the base64 of each data URL, which nobody has decoded yet.

    None if it is no usual row. The marks are numbered from 0; nothing else can be taken for one.
    """
    try:
        if raw.find(b'"data:') < 0:
            return _checked(raw.decode(), 0), ()
        return _cut_out(raw)
    except (_Unusual, UnicodeDecodeError):
        return None


def _cut_out(raw: bytes) -> tuple[str, tuple[Cut, ...]]:
    pieces: list[bytes] = []
    cuts: list[Cut] = []
    at = 0
    while (start := raw.find(b'"data:', at) + 1) > 0:
        end = raw.find(b'"', start)
        head = DATA_HEAD.match(raw, start)
        if head is None or end - start < MIN_CUT_BYTES:
            raise _Unusual
        pieces += [raw[at : head.end()], b"%s%d" % (_MARK_BYTES, len(cuts))]
        cuts.append(Cut(start, end))
        at = end
    pieces.append(raw[at:])
    return _checked(b"".join(pieces).decode(), len(cuts)), tuple(cuts)


def _checked(text: str, cuts: int) -> str:
    """The same text, if nothing in it can be taken for a cut."""
    if len(text) > MAX_CHARS or text.count(_MARK) != cuts:
        raise _Unusual
    if "\\u" in text and _ESCAPED_MARK.search(text):
        raise _Unusual
    return text


def _weight(message: dict[str, Any]) -> Any:
    """The weight of a message; one of other keys is not usual."""
    if message.keys() != _WEIGHT_KEYS or type(message["weight"]) in (str, list, dict):
        raise _Unusual
    return message["weight"]


class _Walk:
    """What is found in a value on the way through it."""

    def __init__(self, cuts: tuple[Cut, ...]) -> None:
        self._cuts = cuts
        self.keys = 1
        """Of all objects."""
        self.marks = 0
        self.shape: list[MessageShape] = []
        self.texts: list[str] = []
        self.images: list[ImagePart] = []
        self.slots: list[Slot] = []
        self.originals: list[str | int] = []

    def row(self, value: Any) -> None:
        messages = value["messages"]
        if len(value) != 1 or type(messages) is not list or not 0 < len(messages) <= MAX_PARTS:
            raise _Unusual
        for at, message in enumerate(messages):
            self._message(at, message)

    def strings(self) -> Iterator[str]:
        """Every string of the row but the heads of data URLs."""
        yield from self.texts
        yield from (url for url in self.originals if isinstance(url, str))
        for role, _, parts in self.shape:
            yield from (role, *(parts or ()))

    def _message(self, at: int, message: Any) -> None:
        if type(message) is not dict:
            raise _Unusual
        weight = ABSENT if message.keys() == _PLAIN_KEYS else _weight(message)
        role, content = message["role"], message["content"]
        if type(role) is not str or (role not in _ROLES and _DATA.match(role)):
            raise _Unusual
        self.keys += len(message)
        if type(content) is str:
            if _DATA.match(content):
                raise _Unusual
            self.texts.append(content)
            self.shape.append((role, weight, None))
        elif type(content) is list and len(content) <= MAX_PARTS:
            parts = [self._part(at, nth, part) for nth, part in enumerate(content)]
            self.shape.append((role, weight, tuple(parts)))
        else:
            raise _Unusual

    def _part(self, at: int, nth: int, part: Any) -> str:
        if type(part) is not dict or len(part) != 2:
            raise _Unusual
        self.keys += 2
        kind = part.get("type")
        if kind == "text" and part.keys() == _TEXT_KEYS and type(part["text"]) is str:
            self._text(part["text"])
            return "text"
        image = part.get("image_url")
        if kind != "image_url" or type(image) is not dict or not 0 < len(image) <= 2:
            raise _Unusual
        self.keys += len(image)
        detail = image.get("detail", "auto")
        if type(image.get("url")) is not str or (len(image) == 2 and "detail" not in image):
            raise _Unusual
        if type(detail) is not str or (detail not in _DETAILS and _DATA.match(detail)):
            raise _Unusual
        self._image(f"messages[{at}].content[{nth}]", image, detail)
        return f"detail:{detail}"

    def _image(self, place: str, image: dict[str, Any], detail: str) -> None:
        url, ordinal = image["url"], len(self.images)
        head, mark, number = url.partition(_MARK)
        if mark and number.isdecimal():
            self.marks += 1
            cut = self._cuts[int(number)]
            image["url"] = head
            found = ImagePart(
                ordinal,
                "data",
                place,
                head,
                media_type=head[5 : head.index(";")],
                encoded_chars=cut.end - cut.start - len(head),
                detail=detail,
            )
            self.originals.append(int(number))
        elif mark or _DATA.match(url):
            raise _Unusual
        else:
            found = ImagePart(ordinal, origin(url), place, url, detail=detail)
            self.originals.append(url)
        self.slots.append(Slot(image, "url", place, detail, True))
        self.images.append(found)

    def _text(self, text: str) -> None:
        if _DATA.match(text):
            raise _Unusual
        self.texts.append(text)
