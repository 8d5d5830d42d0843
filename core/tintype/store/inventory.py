"""What providers list besides jobs, as last seen, with the age of each list; probes and namings."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

from tintype.resources import Checkpoint, Model, RemoteFile
from tintype.store.database import Database
from tintype.store.packing import moment, pack, perhaps, unpack_checkpoint

T = TypeVar("T")
Part = Literal["files", "jobs", "checkpoints", "models"]


@dataclass(frozen=True, slots=True)
class Seen(Generic[T]):
    """Something that a profile's provider listed."""

    profile: str
    item: T
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Listing:
    """A list of a profile's provider."""

    read_at: datetime | None = None
    """When it was last read to its end; none if it never was."""
    trouble: str = ""
    """Why it could not be read since, in sentences; empty if it could."""


@dataclass(frozen=True, slots=True)
class Probe:
    """Whether a model answered when it was asked for a word."""

    at: datetime
    state: Literal["answers", "gone", "unknown"]
    words: str = ""
    """What the provider said where it did not answer."""


@dataclass(frozen=True, slots=True)
class Naming:
    """What a person calls a thing, and has to say of it."""

    alias: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """How often a model was asked from here."""

    count: int
    last_at: datetime


class InventoryTables:
    """Files, models, checkpoints, probes and namings of all profiles."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # ------------------------------------------------------------------ what was listed

    def keep(self, profile: str, items: Sequence[RemoteFile | Model], seen_at: datetime) -> None:
        """Keep files and models as they look now."""
        with self._database.changing():
            self._database.run_each(
                "INSERT OR REPLACE INTO remote VALUES (?, ?, ?, ?, ?)",
                [
                    (
                        profile,
                        "file" if isinstance(item, RemoteFile) else "model",
                        item.id,
                        seen_at.timestamp(),
                        pack(item),
                    )
                    for item in items
                ],
            )

    def forget(self, profile: str, kind: str, id: str) -> None:
        """Drop a file or a model that a person has deleted."""
        self._database.run(
            "DELETE FROM remote WHERE profile = ? AND kind = ? AND id = ?", (profile, kind, id)
        )

    def files(self) -> tuple[Seen[RemoteFile], ...]:
        """List every file that was ever seen and not deleted from here."""
        return self._seen("file", _file)

    def models(self) -> tuple[Seen[Model], ...]:
        """List every model that was ever seen and not deleted from here."""
        return self._seen("model", _model)

    def _seen(self, kind: str, read: Callable[[str], T]) -> tuple[Seen[T], ...]:
        return tuple(
            self._database.fetch(
                "SELECT profile, seen_at, value FROM remote WHERE kind = ? ORDER BY profile, id",
                (kind,),
                lambda row: Seen(row["profile"], read(row["value"]), moment(row["seen_at"])),
            )
        )

    def checkpoints(self) -> tuple[tuple[str, Checkpoint], ...]:
        """List the checkpoints of all jobs, each with its profile."""
        return tuple(
            self._database.fetch(
                "SELECT profile, value FROM checkpoints ORDER BY profile, job_id, step",
                (),
                lambda row: (row["profile"], unpack_checkpoint(row["value"])),
            )
        )

    def tuned_models(self) -> frozenset[tuple[str, str]]:
        """Return profile and name of every tuned model that jobs made or a provider listed."""
        rows = self._database.run(
            "SELECT profile, json_extract(value, '$.fine_tuned_model') AS name FROM jobs "
            "WHERE name IS NOT NULL UNION "
            "SELECT profile, id FROM remote WHERE kind = 'model' "
            "AND (id LIKE 'ft:%' OR id LIKE '%.ft-%')"
        )
        return frozenset((row["profile"], row["name"]) for row in rows)

    # ------------------------------------------------------------------ how old that is

    def has_read(self, profile: str, part: str, read_at: datetime) -> None:
        """Note that a list was read to its end."""
        self._database.run(
            "INSERT OR REPLACE INTO listings VALUES (?, ?, ?, '')",
            (profile, part, read_at.timestamp()),
        )

    def failed(self, profile: str, part: str, trouble: str) -> None:
        """Note why a list could not be read; when it was last read stays."""
        self._database.run(
            "INSERT INTO listings VALUES (?, ?, NULL, ?) "
            "ON CONFLICT (profile, part) DO UPDATE SET trouble = excluded.trouble",
            (profile, part, trouble),
        )

    def listings(self) -> Mapping[tuple[str, str], Listing]:
        """Return every list by profile and part."""
        rows = self._database.run("SELECT * FROM listings")
        return {
            (row["profile"], row["part"]): Listing(perhaps(row["read_at"]), row["trouble"])
            for row in rows
        }

    # ------------------------------------------------------------------ probes, namings, use

    def add_probe(self, profile: str, model: str, probe: Probe) -> None:
        """Keep a probe in place of an earlier one."""
        self._database.run(
            "INSERT OR REPLACE INTO probes VALUES (?, ?, ?, ?, ?)",
            (profile, model, probe.at.timestamp(), probe.state, probe.words),
        )

    def probes(self) -> Mapping[tuple[str, str], Probe]:
        """Return the latest probe of each model, by profile and name."""
        rows = self._database.run("SELECT * FROM probes")
        return {
            (row["profile"], row["model"]): Probe(
                moment(row["probed_at"]), row["state"], row["words"]
            )
            for row in rows
        }

    def set_naming(self, profile: str, kind: str, id: str, naming: Naming) -> None:
        """Name a thing; an empty one removes it."""
        key = (profile, kind, id)
        if naming == Naming():
            self._database.run("DELETE FROM namings WHERE profile = ? AND kind = ? AND id = ?", key)
            return
        self._database.run(
            "INSERT OR REPLACE INTO namings VALUES (?, ?, ?, ?, ?)",
            (*key, naming.alias, naming.note),
        )

    def namings(self) -> Mapping[tuple[str, str, str], Naming]:
        """Return all namings by profile, kind and id."""
        rows = self._database.run("SELECT * FROM namings")
        return {
            (row["profile"], row["kind"], row["id"]): Naming(row["alias"], row["note"])
            for row in rows
        }

    def digests(self) -> Mapping[tuple[str, str], str]:
        """Return the SHA-256 of files that were sent from here, by profile and file id."""
        rows = self._database.run(
            "SELECT profile, file_id, digest FROM uploads WHERE file_id != ''"
        )
        return {(row["profile"], row["file_id"]): row["digest"] for row in rows}

    def asked(self) -> Mapping[tuple[str, str], Asked]:
        """Return how often each model was asked in the playground or by `ask`."""
        rows = self._database.run(
            "SELECT profile, model, count(*) AS times, max(asked_at) AS last FROM answers "
            "GROUP BY profile, model"
        )
        return {
            (row["profile"], row["model"]): Asked(row["times"], moment(row["last"])) for row in rows
        }


def _file(text: str) -> RemoteFile:
    found: dict[str, Any] = json.loads(text)
    moments = {name: perhaps(found[name]) for name in ("created_at", "expires_at")}
    return RemoteFile(**{**found, **moments})


def _model(text: str) -> Model:
    found: dict[str, Any] = json.loads(text)
    return Model(**{**found, "created_at": moment(found["created_at"])})
