"""Images cut out of a line before it is parsed.

A row may hold ten images of ten megabytes. Parsed as JSON, it would be copied three times over.
So all long image data are cut out of the bytes first, each replaced by a mark, and only the rest,
which is small, goes through the JSON parser.

Cutting bytes is exact, not a guess. In valid JSON a quotation mark that does not follow a backslash
begins or ends a string, and one that ends a string is never followed by `data:` or by a letter. So
`"data:` begins a string, which goes on to the next quotation mark, provided there is no backslash
in between but those of `_ESCAPES`. Only printable ASCII is cut: anything else stays in, for the
parser to judge. The mark holds a character of the private use area that the rest of the line does
not hold, not even escaped.
"""

import re
from typing import NamedTuple

import pybase64

from tintype.dataset.places import holds_data

STEP_BYTES = 1 << 20
"""Looked at in one go: a pattern holds Python's lock while it matches, and every thread with it."""
MIN_CUT_BYTES = 256
"""Shorter data URLs stay where they are."""

MAX_CANDIDATES = 20_000
"""After so many beginnings of data URLs the rest of the line is left to the parser."""

_OPENING = re.compile(rb"""\"(?=\s{0,20}(?:data:|b'|\\?/9j\\?/|iVBOR|R0lGOD|UklGR))""")
"""A quotation mark before a data URL, or before an image's base64 without one."""
_PLAIN = re.compile(rb"[ -\[\]-~]*+")  # printable ASCII without the backslash
_ESCAPES = {b"\\/": "/", b"\\n": "\n", b"\\r": "\r", b"\\t": "\t"}
"""Escapes that may stand in a cut: PHP writes slashes so, other tools break the lines of base64."""
_AFTER_KEY = re.compile(rb"[ \t\r\n]*:")
_ESCAPED_PRIVATE = re.compile(rb"\\u([eE][0-9a-fA-F]{3})")
_PRIVATE = range(0xE000, 0xE100)
DATA_HEAD = re.compile(rb"data:[a-z]+/[a-z0-9.+-]{1,40};base64,")


class Cut(NamedTuple):
    """A data URL cut out of a line, by its place in the bytes."""

    start: int
    end: int

    def url(self, raw: bytes) -> str:
        """The URL, as a JSON parser would have read it."""
        text = str(memoryview(raw)[self.start : self.end], "ascii")
        for escape, meant in _ESCAPES.items() if "\\" in text else ():
            text = text.replace(escape.decode(), meant)
        return text

    def head(self, raw: bytes) -> str:
        """What stands before the base64 text, e.g. `data:image/png;base64,`."""
        return Cut(self.start, min(self.end, self.start + 400)).url(raw)

    def data(self, raw: bytes) -> bytes | None:
        """The bytes that it holds, if it is nothing but a data URL with base64; made uncopied."""
        head = DATA_HEAD.match(raw, self.start, self.end)
        if head is None:
            return None
        try:
            return pybase64.b64decode(memoryview(raw)[head.end() : self.end], validate=True)
        except ValueError:
            return None

    def length(self, raw: bytes) -> int:
        """Characters of the URL."""
        escapes = raw.count(b"\\", self.start, self.end)
        return self.end - self.start - escapes


class Lifted(NamedTuple):
    """A line without its images."""

    text: bytes
    cuts: tuple[Cut, ...] = ()
    mark: str = ""
    """The character that begins each mark; it is followed by the number of the cut and a full
    stop."""
    cut_off_at: int = -1
    """Where a data URL begins that has no end, in bytes; -1 if there is none."""

    def cut_number(self, text: str) -> int:
        """Which cut a string of the parsed JSON stands for; -1 if for none."""
        return int(text[1:-1]) if self.mark and text.startswith(self.mark) else -1

    def read(self, text: str, raw: bytes) -> str:
        """A string of the parsed JSON, or the head of the URL that it stands for."""
        number = self.cut_number(text)
        return text if number < 0 else self.cuts[number].head(raw)

    def column(self, text: str, position: int) -> int:
        """The 1-based column in the line of a position in the decoded rest, in characters."""
        marks = text.count(self.mark, 0, position) if self.mark else 0
        removed = sum(
            cut.end - cut.start - len(f"{self.mark}{at}.")
            for at, cut in enumerate(self.cuts[:marks])
        )
        return position + removed + 1


def lift(raw: bytes) -> Lifted:
    """Cut the data URLs out of a line."""
    cuts: list[Cut] = []
    at = 0
    for _ in range(MAX_CANDIDATES):
        found = _OPENING.search(raw, at)
        if found is None:
            break
        at = found.end()
        end = raw.find(b'"', at)
        if end < 0:
            return _marked(raw, cuts, cut_off_at=found.start())
        cut = Cut(at, end)
        if _may_be_cut(raw, cut):
            cuts.append(cut)
            at = end + 1
    return _marked(raw, cuts)


def _may_be_cut(raw: bytes, cut: Cut) -> bool:
    return (
        cut.end - cut.start >= MIN_CUT_BYTES
        and raw[max(0, cut.start - 2) : cut.start - 1] != b"\\"
        # Base64 that can be decoded is plain, and decoded in a tenth of the time of a look at it.
        and (cut.data(raw) is not None or _is_plain(raw, cut.start, cut.end))
        and not _AFTER_KEY.match(raw, cut.end + 1)
        and holds_data(cut.head(raw))
    )


def _is_plain(raw: bytes, start: int, end: int) -> bool:
    """Whether a string is printable ASCII; escaped slashes and line breaks may be in it."""
    at = start
    while at < end:
        stop = min(end, at + STEP_BYTES)
        found = _PLAIN.match(raw, at, stop)
        at = found.end() if found else at
        if at < stop:
            if raw[at : at + 2] not in _ESCAPES:
                return False
            at += 2
    return True


def _marked(raw: bytes, cuts: list[Cut], *, cut_off_at: int = -1) -> Lifted:
    if not cuts:
        return Lifted(raw, cut_off_at=cut_off_at)
    pieces = []
    at = 0
    for cut in cuts:
        pieces.append(raw[at : cut.start])
        at = cut.end
    pieces.append(raw[at:])
    mark = _unused(b"".join(pieces))
    if not mark:
        return Lifted(raw, cut_off_at=cut_off_at)
    text = pieces[0] + b"".join(
        f"{mark}{number}.".encode() + piece for number, piece in enumerate(pieces[1:])
    )
    return Lifted(text, tuple(cuts), mark, cut_off_at)


def _unused(rest: bytes) -> str:
    """A private character that the text does not hold; empty in a text made to hold them all."""
    escaped = {int(found, 16) for found in _ESCAPED_PRIVATE.findall(rest)}
    for code in _PRIVATE:
        if code not in escaped and chr(code).encode() not in rest:
            return chr(code)
    return ""
