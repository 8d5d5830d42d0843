"""Files and parts on the disk: admitted, found, removed; and space reserved for a full disk.

The database knows what there is. A file gets to its place before it is known, and is forgotten
before it goes, so what it knows is there.
"""

import errno
import os
import sqlite3
from pathlib import Path

from tintype.server import wire
from tintype.server.fields import refuse
from tintype.server.records import File, Part, UploadRecord
from tintype.server.state import State, now

HINT_CHARS = 40
SCAN_BYTES = 1 << 20


def admit(state: State, path: Path, filename: str, purpose: str, keep_s: int | None) -> File:
    """Move a complete file to its place and make it known, in this order."""
    created_at = now()
    file = File(
        id=wire.new_id("file-"),
        created_at=created_at,
        filename=filename,
        purpose=purpose,
        bytes=path.stat().st_size,
        expires_at=None if keep_s is None else created_at + keep_s,
    )
    path.rename(state.file_path(file.id))
    state.add(file)
    return file


def find(state: State, id: str) -> File | None:
    """A file that is there: not deleted, not expired."""
    file = state.find(File, id)
    if file is None or file.deleted:
        return None
    if file.expires_at is not None and file.expires_at <= now():
        remove(state, file)
        return None
    return file


def remove(state: State, file: File) -> None:
    """Delete a file; its record stays, as a cursor and for old jobs."""
    state.change(file, deleted=1)
    state.file_path(file.id).unlink(missing_ok=True)


def forget_parts(state: State, upload: UploadRecord) -> None:
    """Delete the parts of an upload."""
    for part in list(state.all(Part, upload_id=upload.id)):
        state.remove(part)
        state.part_path(part.id).unlink(missing_ok=True)


def remove_expired(state: State) -> None:
    """Delete every file, and give up every upload, whose time is up."""
    time = now()
    for file in list(state.all(File, deleted=0)):
        if file.expires_at is not None and file.expires_at <= time:
            remove(state, file)
    for upload in list(state.all(UploadRecord, status="pending")):
        if upload.expires_at <= time:
            forget_parts(state, state.change(upload, status="expired"))


def refuse_other_than_json_lines(path: Path) -> None:
    """Check that a file is not empty and that each of its lines begins like a JSON object.

    Raises:
        RefusalError: 400 if not, with OpenAI's words.
    """
    line, filled, at_start = 1, False, True
    with path.open("rb") as file:
        while chunk := file.read(SCAN_BYTES):
            for number, part in enumerate(chunk.split(b"\n")):
                if number:
                    line, at_start = line + 1, True
                start = part.lstrip(b" \t\r") if at_start else b""
                if start:
                    filled, at_start = True, False
                    if not start.startswith(b"{"):
                        _refuse_line(line, start)
    if not filled:
        refuse("File is empty.", param="file", code="empty_file")


def _refuse_line(line: int, start: bytes) -> None:
    hint = start[:HINT_CHARS].decode(errors="replace")
    refuse(
        "Expected file to have JSONL format, where every line is a JSON dictionary. "
        f'Line {line} is not a dictionary (HINT: line starts with: "{hint}").',
        param="file",
        code="invalid_jsonl_file",
    )


SERVER_BYTES = 4 << 20
FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def is_full(error: BaseException) -> bool:
    """Whether an error says that there is no space left."""
    if isinstance(error, OSError):
        return error.errno in FULL
    return isinstance(error, sqlite3.Error) and "full" in str(error)


class Reserve:
    """A file that is there to be given up."""

    def __init__(self, path: Path, size_bytes: int = SERVER_BYTES) -> None:
        self._path = path
        self._size_bytes = size_bytes

    def put_by(self) -> None:
        """Take the space, if it is not taken yet and there is enough besides."""
        try:
            if self._path.exists():
                return
            disk = os.statvfs(self._path.parent)
            if disk.f_bavail * disk.f_frsize < 2 * self._size_bytes:
                return
            self._path.write_bytes(bytes(self._size_bytes))
        except OSError:
            self.give_up()

    def give_up(self) -> bool:
        """Let the space go; returns whether there was any."""
        try:
            self._path.unlink()
        except OSError:
            return False
        return True
