"""One line of a file made into a `Row`.

Strict where it decides whether the line is JSON (`strict_json`), tolerant about everything above
that: what a row ought to hold is for the rules to say. Nothing in a line can make this raise.
"""

import codecs
import hashlib
import itertools
from dataclasses import replace
from typing import Any, NamedTuple

from tintype.dataset.example import ImagePart, Row
from tintype.dataset.lifting import Lifted, lift
from tintype.dataset.places import (
    Slot,
    Unwieldy,
    head,
    holds_data,
    is_data_url,
    media_type,
    misspelling,
    origin,
    slots,
)
from tintype.dataset.strict_json import NotJson, decode
from tintype.dataset.usual import Usual, read_usual

MAX_LINE_BYTES = 160_000_000
"""Longer lines are not read. Ten images of 10 MB, the most that OpenAI takes, are 140 MB."""
MAX_IMAGES = 5_000
"""A row may hold no more; providers take ten or a few dozen."""

_NOTHING = Lifted(b"")
_BOM = codecs.BOM_UTF8


class ParsedLine(NamedTuple):
    """A parsed line together with its bytes, from which images can be taken."""

    row: Row
    raw: bytes
    lifted: Lifted
    slots: tuple[Slot, ...] = ()
    """Images and other data URLs; those are in `row.value`, data URLs cut down to their heads."""
    originals: tuple[str | int, ...] = ()
    """What each slot held: the string, or the number of the cut."""
    usual: Usual | None = None
    """What is known of a row that is as almost all are."""

    def url(self, ordinal: int) -> str:
        """The raw URL of an image.

        Raises:
            IndexError: if the row has no such image.
        """
        return self._url(self._at(ordinal))

    def urls(self) -> tuple[str, ...]:
        """The raw URL of every image."""
        return tuple(self._url(at) for at, slot in enumerate(self.slots) if slot.image)

    def data(self, ordinal: int) -> bytes | None:
        """The bytes of an image that is nothing but a data URL with base64; none of others."""
        original = self.originals[self._at(ordinal)]
        return self.lifted.cuts[original].data(self.raw) if isinstance(original, int) else None

    def key(self, ordinal: int) -> bytes:
        """A digest of an image's raw URL, equal for equal URLs, made without copying it."""
        return self._key(self._at(ordinal))

    def other_keys(self) -> tuple[bytes, ...]:
        """The same of each data URL that is no image."""
        return tuple(self._key(at) for at, slot in enumerate(self.slots) if not slot.image)

    def every_url(self) -> tuple[str, ...]:
        """The string of every slot, images or not."""
        return tuple(self._url(at) for at in range(len(self.slots)))

    def _at(self, ordinal: int) -> int:
        return [at for at, slot in enumerate(self.slots) if slot.image][ordinal]

    def _key(self, at: int) -> bytes:
        original = self.originals[at]
        if isinstance(original, int):
            cut = self.lifted.cuts[original]
            return _digest(memoryview(self.raw)[cut.start : cut.end])
        return _digest(original.encode("utf-8", "surrogatepass"))

    def _url(self, at: int) -> str:
        original = self.originals[at]
        if isinstance(original, str):
            return original
        return self.lifted.cuts[original].url(self.raw)


def _digest(data: bytes | memoryview) -> bytes:
    return hashlib.blake2b(data, digest_size=16).digest()


def parse_line(raw: bytes, *, index: int, line: int, offset: int) -> tuple[Row, tuple[str, ...]]:
    """Parse a line: the row, and the raw URL of every image in it, in the order of its images.

    The URLs may be megabytes long: they live only as long as the caller keeps them.
    """
    read = read_line(raw, index=index, line=line, offset=offset)
    return read.row, read.urls()


def read_line(raw: bytes, *, index: int, line: int, offset: int) -> ParsedLine:
    """Parse a line and keep its bytes, so that only the images wanted are taken out of it."""
    size = len(raw)
    usual = read_usual(raw) if size <= MAX_LINE_BYTES else None
    if usual is not None:
        row = Row(index, line, offset, size, usual.value, usual.images)
        lifted = Lifted(b"", usual.cuts) if usual.cuts else _NOTHING
        return ParsedLine(row, raw, lifted, usual.slots, usual.originals, usual)
    row = Row(index, line, offset, size)
    if size > MAX_LINE_BYTES:
        return ParsedLine(too_long(row), b"", Lifted(b""))
    return read_any(raw, row)


def read_any(raw: bytes, row: Row) -> ParsedLine:
    """Parse a line, be it what it may; `row` says where it stands."""
    offset, nothing = row.offset, Lifted(b"")
    start = len(_BOM) if offset == 0 and raw.startswith(_BOM) else 0
    lifted = lift(raw[start:] if start else raw)
    if start:
        raw = raw[start:]
    try:
        value, oddities = decode(raw, lifted, first=offset == 0)
        found = _find(value, raw, lifted)
    except NotJson as error:
        return ParsedLine(replace(row, flaw=str(error)), b"", nothing)
    if isinstance(value, str):
        # A row that is nothing but a string is no conversation, whatever the string.
        value = lifted.read(value, raw)
        value = head(value) if holds_data(value) else value
    if start:
        oddities = ("The file begins with a byte order mark, which is not JSON.", *oddities)
    originals = tuple(_original(slot, lifted) for slot in found)
    for slot, original in zip(found, originals, strict=True):
        _behead(slot, original, raw, lifted)
    images = _images(found, originals, raw, lifted)
    row = replace(row, value=value, images=images, oddities=oddities)
    return ParsedLine(row, raw, lifted, found, originals)


def too_long(row: Row) -> Row:
    """A row for a line that is not read because of its size."""
    size = f"{row.size_bytes:,} bytes"
    return replace(row, flaw=f"The line has {size}; at most {MAX_LINE_BYTES:,} are read.")


def _find(value: Any, raw: bytes, lifted: Lifted) -> tuple[Slot, ...]:
    """The images and data URLs of a value.

    Raises:
        NotJson: if it is not fit to be looked through.
    """
    every = slots(value, lambda text: lifted.read(text, raw))
    try:
        found = tuple(itertools.islice(every, MAX_IMAGES + 1))
    except Unwieldy as error:
        raise NotJson(str(error)) from None
    if len(found) > MAX_IMAGES:
        raise NotJson(f"The row has more than {MAX_IMAGES:,} images.")
    return found


def _original(slot: Slot, lifted: Lifted) -> str | int:
    number = lifted.cut_number(slot.text)
    return slot.text if number < 0 else number


def _behead(slot: Slot, original: str | int, raw: bytes, lifted: Lifted) -> None:
    """Leave of a data URL only its head in the row."""
    if isinstance(original, int):
        slot.holder[slot.key] = head(lifted.cuts[original].head(raw))
    elif origin(original) == "data":
        slot.holder[slot.key] = head(original)


def _images(
    found: tuple[Slot, ...], originals: tuple[str | int, ...], raw: bytes, lifted: Lifted
) -> tuple[ImagePart, ...]:
    images: list[ImagePart] = []
    for slot, original in zip(found, originals, strict=True):
        if slot.image:
            images.append(_image(slot, original, len(images), raw, lifted))
    return tuple(images)


def _image(slot: Slot, original: str | int, ordinal: int, raw: bytes, lifted: Lifted) -> ImagePart:
    reference = slot.text
    if not is_data_url(reference):
        return ImagePart(ordinal, origin(reference), slot.place, reference, detail=slot.detail)
    length = len(original) if isinstance(original, str) else lifted.cuts[original].length(raw)
    return ImagePart(
        ordinal,
        "data",
        slot.place,
        reference,
        media_type=media_type(reference),
        misspelling=_misspelling(original, raw, lifted),
        encoded_chars=length - len(reference),
        detail=slot.detail,
    )


_UNUSUAL = (b" ", b"\\", b"-", b"_", b"%")
"""What base64 as it should be does not hold."""


def _misspelling(original: str | int, raw: bytes, lifted: Lifted) -> str:
    if isinstance(original, str):
        return misspelling(original)
    cut = lifted.cuts[original]
    head = cut.head(raw)
    comma = head.find(",", 0, 300) + 1
    start = cut.start + comma
    if (cut.end - start) % 4 or any(raw.find(odd, start, cut.end) >= 0 for odd in _UNUSUAL):
        return misspelling(cut.url(raw))
    return misspelling(head[: len(head) - (len(head) - comma) % 4])  # without a copy of the whole
