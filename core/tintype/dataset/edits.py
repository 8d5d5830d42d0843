"""Rows that a person has edited: laid over a dataset, whose file is never written.

An edit is the row's JSON as it should be, with a mark in the place of each data URL, so that it is
small however large the images are. It belongs to a row by what the row holds (`content_key`), and
by its line where several rows hold the same. Where edits lie over a dataset that is opened
(`tintype.overlay`), every row that is read is the edited one.
"""

import copy
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tintype.dataset.parsing import ParsedLine, read_line
from tintype.dataset.places import head, origin, slots
from tintype.dataset.writing import row_bytes

_MARK = re.compile(r"data:[^,]{0,300},#(\d{1,5})")
"""What stands for a data URL of the source: its head, and which of the row's slots held it. No
base64 has a number sign in it."""


@dataclass(frozen=True, slots=True)
class EditedRow:
    """A row as it was edited."""

    line: int
    """In the version of the file that the edits are of, 1-based; negative if it is not there."""
    key: bytes
    """The content key of the row in the file."""
    text: str | None
    """JSON with marks in place of data URLs; none means as it stands in the file."""


@dataclass(frozen=True, slots=True, eq=False)
class Edits:
    """What lies over a dataset."""

    rows: Mapping[int, EditedRow] = field(default_factory=dict)
    """By line, 1-based; only those that differ from the file."""
    lost: tuple[EditedRow, ...] = ()
    """Edits of rows that the file does not hold any more."""
    done: tuple[str, ...] = ()
    """What was done, the latest last: `undo` takes it back."""
    undone: tuple[str, ...] = ()
    """What `redo` does again, the next last."""

    version: str = ""
    """A name for what lies over the file; empty if nothing does."""


def laid_over(
    rows: Iterable[EditedRow], done: tuple[str, ...] = (), undone: tuple[str, ...] = ()
) -> Edits:
    """Return the edits of the rows that differ from their file."""
    differing = [row for row in rows if row.text is not None]
    there = {row.line: row for row in differing if row.line > 0}
    digest = hashlib.blake2b(digest_size=8)
    for line in sorted(there):
        digest.update(f"{line} {there[line].text}\n".encode("utf-8", "surrogatepass"))
    lost = tuple(row for row in differing if row.line < 0)
    return Edits(there, lost, done, undone, digest.hexdigest() if there else "")


def content_key(line: ParsedLine) -> bytes:
    """Return what is equal for rows of equal content: 16 bytes, by the JSON and its data URLs."""
    digest = hashlib.blake2b(digest_size=16)
    digest.update(json.dumps(line.row.value, sort_keys=True).encode("ascii"))
    for ordinal in range(len(line.row.images)):
        digest.update(line.key(ordinal))
    for key in line.other_keys():
        digest.update(key)
    return digest.digest()


def marked(line: ParsedLine) -> Any:
    """Return a row's JSON with a mark in place of each data URL: a value of its own."""
    value = copy.deepcopy(line.row.value)
    for at, (slot, url) in enumerate(zip(list(slots(value)), line.every_url(), strict=True)):
        if origin(url) == "data":
            slot.holder[slot.key] = f"{slot.text}#{at}"
    return value


def marked_again(value: Any, source: ParsedLine) -> Any:
    """Put marks in the place of data URLs that are those of a row in the file, in the value."""
    places = {url: at for at, url in enumerate(source.every_url()) if origin(url) == "data"}
    for slot in list(slots(value)):
        if (at := places.get(slot.text)) is not None:
            slot.holder[slot.key] = f"{head(slot.text)}#{at}"
    return value


def stored(value: Any) -> str:
    """Return a marked value as it is kept."""
    return row_bytes(value)[:-1].decode()


def laid(line: ParsedLine, text: str) -> ParsedLine:
    """Return a row of the file as it was edited, its images in their places again."""
    value, urls = json.loads(text), line.every_url()
    for slot in list(slots(value)):
        found = _MARK.fullmatch(slot.text)
        if found and int(found[1]) < len(urls):
            slot.holder[slot.key] = urls[int(found[1])]
    row = line.row
    return read_line(row_bytes(value)[:-1], index=row.index, line=row.line, offset=row.offset)
