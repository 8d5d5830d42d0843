"""Files at a provider: those that are on their way, and those that need not be sent again."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from sqlite3 import Row

from tintype.store.database import Database
from tintype.store.packing import moment, perhaps


@dataclass(frozen=True, slots=True)
class KeptUpload:
    """A file by its content: half sent (`upload_id`, `parts`) or there (`file_id`).

    With neither it was being sent in one request, and nobody knows whether it arrived.
    """

    profile: str
    purpose: str
    digest: str
    """SHA-256 of the file, hexadecimal."""
    filename: str
    size_bytes: int
    upload_id: str
    """Empty if it was sent in one request."""
    part_bytes: int
    created_at: datetime
    """By the provider's clock; by ours while it is not known whether the file arrived."""
    expires_at: datetime | None = None
    file_id: str = ""
    """Once the provider has it."""
    parts: Mapping[int, str] = field(default_factory=dict)
    """Ids of the parts that arrived, by number from 0."""


class UploadTable:
    """Uploads by profile, purpose and the file's digest."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, profile: str, purpose: str, digest: str) -> KeptUpload | None:
        """Look up what is known of a file."""
        found = self._database.fetch(
            "SELECT * FROM uploads WHERE profile = ? AND purpose = ? AND digest = ?",
            (profile, purpose, digest),
            _kept,
        )
        if not found:
            return None
        parts = self._database.run(
            "SELECT number, part_id FROM upload_parts WHERE profile = ? AND upload_id = ?",
            (profile, found[0].upload_id),
        )
        return replace(found[0], parts={row["number"]: row["part_id"] for row in parts})

    def file_ids(self, profile: str) -> frozenset[str]:
        """Return the ids of all files that are known to be at a profile's provider."""
        rows = self._database.run("SELECT file_id FROM uploads WHERE profile = ?", (profile,))
        return frozenset(row["file_id"] for row in rows)

    def keep(self, upload: KeptUpload) -> None:
        """Keep an upload that begins, or a file that has arrived, in place of what was known."""
        with self._database.changing():
            self.forget(upload.profile, upload.purpose, upload.digest)
            self._database.run(
                "INSERT INTO uploads VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    upload.profile,
                    upload.purpose,
                    upload.digest,
                    upload.filename,
                    upload.size_bytes,
                    upload.upload_id,
                    upload.part_bytes,
                    upload.created_at.timestamp(),
                    upload.expires_at.timestamp() if upload.expires_at else None,
                    upload.file_id,
                ),
            )

    def part_arrived(self, profile: str, upload_id: str, number: int, part_id: str) -> None:
        """Note that a part is at the provider."""
        self._database.run(
            "INSERT OR REPLACE INTO upload_parts VALUES (?, ?, ?, ?)",
            (profile, upload_id, number, part_id),
        )

    def forget(self, profile: str, purpose: str, digest: str) -> None:
        """Drop what is known of a file and its parts."""
        key = (profile, purpose, digest)
        self._database.run(
            "DELETE FROM upload_parts WHERE (profile, upload_id) IN (SELECT profile, upload_id "
            "FROM uploads WHERE profile = ? AND purpose = ? AND digest = ?)",
            key,
        )
        self._database.run(
            "DELETE FROM uploads WHERE profile = ? AND purpose = ? AND digest = ?", key
        )


def _kept(row: Row) -> KeptUpload:
    moments = {"created_at": moment(row["created_at"]), "expires_at": perhaps(row["expires_at"])}
    return KeptUpload(**{**dict(row), **moments})
