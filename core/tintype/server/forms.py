"""Multipart bodies, streamed to disk as they arrive.

Half a gigabyte must not pass through memory, so the file goes straight to `incoming/` in the
server's folder: the same file system as its final place, into which it is then renamed. Whatever
is not taken away is removed.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from tintype.errors import RefusalError
from tintype.server.fields import Fields, refuse
from tintype.server.reading import body

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

FIELD_BYTES = 1 << 16
FIELDS = 32
WRITE_BYTES = 1 << 20
"""Written to disk, in a thread, whenever so much has come together."""
NAME_CHARS = 255


@dataclass(frozen=True, slots=True)
class Received:
    """A file that has arrived."""

    path: Path
    filename: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Form:
    """A multipart body: its text fields, and its one file."""

    fields: Fields
    """Names with brackets (`expires_after[seconds]`) are objects."""
    file: Received


@asynccontextmanager
async def received(
    request: Request, path: Path, *, file_field: str, limit_bytes: int
) -> AsyncIterator[Form]:
    """Receive a body whose part `file_field` is a file, into `path`; it is removed at the end.

    Raises:
        RefusalError: 400 if it is no such body; 413 if the file is larger than the limit.
    """
    parts = _Parts(file_field, limit_bytes)
    callbacks: MultipartCallbacks = {
        "on_part_begin": parts.begin,
        "on_header_field": parts.header_name,
        "on_header_value": parts.header_value,
        "on_header_end": parts.header_end,
        "on_headers_finished": parts.headers_finished,
        "on_part_data": parts.data,
        "on_end": parts.end,
    }
    parser = MultipartParser(_boundary(request), callbacks)
    try:
        with path.open("xb") as file:
            os.fchmod(file.fileno(), 0o600)
            async for chunk in body(request, limit_bytes + WRITE_BYTES):
                _feed(parser, chunk)
                if len(parts.pending) >= WRITE_BYTES:
                    await asyncio.to_thread(file.write, parts.taken())
            await asyncio.to_thread(_finish, file, parts.taken())
        yield parts.form(path)
    finally:
        _remove_left(path)


def _remove_left(path: Path) -> None:
    """Remove a received file, unless it has been moved to its place."""
    path.unlink(missing_ok=True)


def _boundary(request: Request) -> bytes:
    declared = request.headers.get("content-type", "")
    kind, options = parse_options_header(declared)
    if kind != b"multipart/form-data":
        refuse(
            f"Unsupported content type: '{declared[:200]}'. This API method only accepts "
            "'multipart/form-data' requests.",
            code="unsupported_content_type",
        )
    boundary = options.get(b"boundary", b"")
    if not 1 <= len(boundary) <= 70:
        refuse("The multipart body has no boundary of 1 to 70 characters.", code="invalid_form")
    return boundary


def _feed(parser: MultipartParser, chunk: bytes) -> None:
    try:
        parser.write(chunk)
    except FormParserError as error:
        raise RefusalError(
            400, f"The multipart body is damaged: {error}.", code="invalid_form"
        ) from error


def _finish(file: BinaryIO, rest: bytes) -> None:
    file.write(rest)
    file.flush()
    os.fsync(file.fileno())


class _Parts:
    """The parts seen so far: the parser calls, the loop above writes."""

    def __init__(self, file_field: str, limit_bytes: int) -> None:
        self.pending = bytearray()
        """Bytes of the file that are not on disk yet."""
        self._file_field = file_field
        self._limit_bytes = limit_bytes
        self._texts: dict[str, bytearray] = {}
        self._filename: str | None = None
        self._size_bytes = 0
        self._ended = False
        self._name = ""
        self._header = (bytearray(), bytearray())
        self._disposition = b""

    def taken(self) -> bytes:
        """Take away what is to be written."""
        data = bytes(self.pending)
        self.pending.clear()
        return data

    def begin(self) -> None:
        self._disposition = b""
        self._header = (bytearray(), bytearray())

    def header_name(self, data: bytes, start: int, end: int) -> None:
        self._header[0].extend(data[start:end])

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._header[1].extend(data[start:end])

    def header_end(self) -> None:
        name, value = self._header
        if name.lower() == b"content-disposition":
            self._disposition = bytes(value)
        self._header = (bytearray(), bytearray())

    def headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._name = options.get(b"name", b"").decode(errors="replace")
        if self._name == self._file_field:
            if self._filename is not None:
                refuse(f"'{self._name}' is given twice.", param=self._name, code="invalid_form")
            self._filename = tame(options.get(b"filename", b"").decode(errors="replace"))
            return
        if self._name in self._texts or not self._name or len(self._texts) == FIELDS:
            refuse("The multipart body has unnamed, duplicate or too many fields.")
        self._texts[self._name] = bytearray()

    def data(self, data: bytes, start: int, end: int) -> None:
        if self._name == self._file_field:
            self._size_bytes += end - start
            if self._size_bytes <= self._limit_bytes:
                self.pending += data[start:end]
            return
        text = self._texts[self._name]
        text += data[start:end]
        if len(text) > FIELD_BYTES:
            refuse(f"The field '{self._name[:100]}' is too long.", code="invalid_form")

    def end(self) -> None:
        self._ended = True

    def form(self, path: Path) -> Form:
        """What has arrived; refuses a body that broke off or holds no file."""
        if not self._ended:
            refuse("The multipart body is incomplete.", code="invalid_form")
        if self._filename is None:
            Fields({}).required(self._file_field)
        if self._size_bytes > self._limit_bytes:
            raise RefusalError(
                413,
                f"The file is too large: at most {self._limit_bytes:,} bytes are accepted.",
                param=self._file_field,
                code="file_too_large",
            )
        received = Received(path, self._filename or "upload", self._size_bytes)
        return Form(Fields(_nested(self._texts)), received)


def _nested(texts: dict[str, bytearray]) -> dict[str, object]:
    """Decode the texts. An object is written as JSON, or as fields named `a[b]`."""
    found: dict[str, object] = {}
    for name, data in texts.items():
        outer, bracket, inner = name.partition("[")
        text = data.decode(errors="replace").replace("\x00", "")
        if not bracket:
            found[name] = _object(text) if text.startswith("{") else text
            continue
        within = found.setdefault(outer, {})
        if isinstance(within, dict):
            within[inner.rstrip("]")] = text
    return found


def _object(text: str) -> object:
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value


def tame(filename: str) -> str:
    """A client's file name as something to show: no folders, no control characters."""
    last = filename.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(char for char in last if char.isprintable())[:NAME_CHARS]
