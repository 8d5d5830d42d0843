"""Jobs as last seen, with everything they ever said: what lets a job open instantly and offline."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from sqlite3 import Row
from typing import Any

from tintype.resources import FINAL, Checkpoint, Event, Job, JobRequest
from tintype.store.database import Database
from tintype.store.packing import (
    moment,
    pack,
    unpack_checkpoint,
    unpack_event,
    unpack_job,
    unpack_request,
)


@dataclass(frozen=True, slots=True)
class Source:
    """A dataset file that a job was made from."""

    path: str
    digest: str
    """SHA-256 of the file, hexadecimal."""
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class MadeFrom:
    """What went into a job, which no provider remembers."""

    training: Source | None = None
    validation: Source | None = None
    estimate: Mapping[str, Any] = field(default_factory=dict)
    """As it stood at launch, to be compared with the bill: plain JSON."""
    request: Mapping[str, Any] = field(default_factory=dict)
    """The body that was sent."""


@dataclass(frozen=True, slots=True)
class KeptJob:
    """A job as last seen."""

    profile: str
    job: Job
    seen_at: datetime
    """When the provider last told."""
    settled: bool
    """It has ended and everything it said is here: there is nothing left to ask for."""
    made_from: MadeFrom


@dataclass(frozen=True, slots=True)
class Ranked:
    """An event and its place in the list it came from; a higher place is later."""

    event: Event
    place: int


@dataclass(frozen=True, slots=True)
class Pending:
    """A job that was asked for, and of which nobody knows whether it was made."""

    token: str
    profile: str
    request: JobRequest
    asked_at: datetime


class JobTables:
    """Jobs, events, checkpoints, and requests that wait for their answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def remember(self, profile: str, *jobs: Job, seen_at: datetime) -> None:
        """Keep jobs as they look now."""
        with self._database.changing():
            for news in jobs:
                before = self.find(profile, news.id)
                job = news.still_knowing(before.job) if before else news
                self._database.run(
                    "INSERT INTO jobs (profile, id, created_at, seen_at, value) "
                    "VALUES (?, ?, ?, ?, ?) ON CONFLICT (profile, id) DO UPDATE SET "
                    "created_at = excluded.created_at, seen_at = excluded.seen_at, "
                    "value = excluded.value",
                    (profile, job.id, job.created_at.timestamp(), seen_at.timestamp(), pack(job)),
                )

    def made_from(self, profile: str, job_id: str, origin: MadeFrom) -> None:
        """Keep what a remembered job was made from."""
        self._database.run(
            "UPDATE jobs SET made_from = ? WHERE profile = ? AND id = ?",
            (pack(origin), profile, job_id),
        )

    def find(self, profile: str, job_id: str) -> KeptJob | None:
        """Look a job up."""
        found = self._database.fetch(
            "SELECT * FROM jobs WHERE profile = ? AND id = ?", (profile, job_id), _kept
        )
        return found[0] if found else None

    def newest(
        self, limit: int | None = None, *, profile: str | None = None
    ) -> tuple[KeptJob, ...]:
        """List jobs of one profile or of all, newest first; at most `limit`, where one is given."""
        return tuple(
            self._database.fetch(
                "SELECT * FROM jobs WHERE :profile IS NULL OR profile = :profile "
                "ORDER BY created_at DESC, id LIMIT :limit",
                {"profile": profile, "limit": -1 if limit is None else limit},
                _kept,
            )
        )

    def unfinished(self, profile: str, *, since: datetime) -> tuple[KeptJob, ...]:
        """List the jobs of a profile of which there is more to come, oldest first.

        Those that have not ended; and of those created since a moment, or launched from here, the
        ones whose events or results file are not here yet.
        """
        final = json.dumps(sorted(FINAL))
        return tuple(
            self._database.fetch(
                "SELECT * FROM jobs WHERE profile = :profile AND (settled = 0 OR results IS NULL) "
                "AND CASE WHEN NOT json_valid(value) THEN settled = 0 "  # a provider's NaN
                "WHEN json_extract(value, '$.status') NOT IN (SELECT value FROM json_each(:final)) "
                "THEN 1 ELSE (created_at >= :since OR made_from != '{}') AND (settled = 0 "
                "OR json_array_length(value, '$.result_files') > 0) END ORDER BY created_at, id",
                {"profile": profile, "since": since.timestamp(), "final": final},
                _kept,
            )
        )

    def forget(self, profile: str, job_id: str) -> None:
        """Drop a job and everything it said."""
        with self._database.changing():
            for table in ("events", "checkpoints", "curves", "alerts", "job_labels"):
                self._database.run(
                    f"DELETE FROM {table} WHERE profile = ? AND job_id = ?", (profile, job_id)
                )
            self._database.run("DELETE FROM jobs WHERE profile = ? AND id = ?", (profile, job_id))

    def begin_sweep(self, profile: str, job_id: str) -> int:
        """Number a new reading of a remembered job's events, from 1, never the same twice."""
        rows = self._database.run(
            "UPDATE jobs SET sweeps = sweeps + 1 WHERE profile = ? AND id = ? RETURNING sweeps",
            (profile, job_id),
        )
        return int(rows[0][0])

    def add_events(
        self, profile: str, job_id: str, events: Sequence[Ranked], *, sweep: int
    ) -> None:
        """Keep events, each once; one that is here already takes the place of the later sweep."""
        with self._database.changing():
            for ranked in events:
                event = ranked.event
                self._database.run(
                    "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
                    "ON CONFLICT (profile, job_id, id) DO UPDATE "
                    "SET sweep = excluded.sweep, place = excluded.place "
                    "WHERE excluded.sweep > sweep",
                    (
                        profile,
                        job_id,
                        event.id,
                        event.created_at.timestamp(),
                        sweep,
                        ranked.place,
                        pack(event),
                        event.type == "metrics",
                    ),
                )

    def close_sweep(self, profile: str, job_id: str, sweep: int) -> None:
        """Note that a reading came to its end: up to it, no event is missing."""
        self._database.run(
            "UPDATE jobs SET sweep = max(sweep, ?) WHERE profile = ? AND id = ?",
            (sweep, profile, job_id),
        )

    def settle(self, profile: str, job_id: str) -> None:
        """Note that there is nothing left to ask about a job."""
        self._database.run(
            "UPDATE jobs SET settled = 1 WHERE profile = ? AND id = ?", (profile, job_id)
        )

    async def events(self, profile: str, job_id: str) -> list[Event]:
        """Read all events, oldest first."""
        return await self._database.apart(
            "SELECT value FROM events WHERE profile = ? AND job_id = ? "
            "ORDER BY created_at, sweep, place",
            (profile, job_id),
            lambda row: unpack_event(row["value"]),
        )

    async def events_since(self, profile: str, job_id: str, sweep: int) -> tuple[list[Event], int]:
        """Read the events that a reading or a later one has brought, oldest first; and the latest.

        Events that were here before and have been seen again may be among them.
        """
        found = await self._database.apart(
            "SELECT value, sweep FROM events WHERE profile = ? AND job_id = ? AND sweep >= ? "
            "ORDER BY created_at, sweep, place",
            (profile, job_id, sweep),
            lambda row: (unpack_event(row["value"]), row["sweep"]),
        )
        return [event for event, _ in found], max((one for _, one in found), default=sweep)

    async def without_gaps(self, profile: str, job_id: str) -> dict[str, float]:
        """Tell which events belong to a reading that came to its end, and when they were."""
        found = await self._database.apart(
            "SELECT events.id, events.created_at FROM events JOIN jobs "
            "ON jobs.profile = events.profile AND jobs.id = events.job_id "
            "WHERE events.profile = ? AND events.job_id = ? AND events.sweep <= jobs.sweep",
            (profile, job_id),
            lambda row: (row[0], row[1]),
        )
        return dict(found)

    def add_checkpoints(self, profile: str, job_id: str, *checkpoints: Checkpoint) -> None:
        """Keep checkpoints; the provider may delete all but the last three."""
        with self._database.changing():
            for one in checkpoints:
                self._database.run(
                    "INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?, ?, ?)",
                    (profile, job_id, one.id, -1 if one.step is None else one.step, pack(one)),
                )

    def checkpoints(self, profile: str, job_id: str) -> tuple[Checkpoint, ...]:
        """List a job's checkpoints by step; where one is of an unknown step, by their times."""
        found = self._database.fetch(
            "SELECT value FROM checkpoints WHERE profile = ? AND job_id = ? ORDER BY step, id",
            (profile, job_id),
            lambda row: unpack_checkpoint(row["value"]),
        )
        if any(one.step is None for one in found):
            found = sorted(found, key=lambda one: one.created_at)
        return tuple(found)

    def keep_results(self, profile: str, job_id: str, csv: str) -> None:
        """Keep the results file of a remembered job."""
        self._database.run(
            "UPDATE jobs SET results = ? WHERE profile = ? AND id = ?", (csv, profile, job_id)
        )

    def results(self, profile: str, job_id: str) -> str:
        """Read the results file as it was kept; empty if it was not."""
        rows = self._database.run(
            "SELECT results FROM jobs WHERE profile = ? AND id = ?", (profile, job_id)
        )
        return (rows[0][0] or "") if rows else ""

    def ask(self, profile: str, token: str, request: JobRequest, asked_at: datetime) -> None:
        """Write down that a job is about to be asked for."""
        self._database.run(
            "INSERT OR REPLACE INTO requests VALUES (?, ?, ?, ?)",
            (token, profile, pack(request), asked_at.timestamp()),
        )

    def pending(self, profile: str | None = None) -> tuple[Pending, ...]:
        """List what was asked for and not answered, oldest first."""
        return tuple(
            self._database.fetch(
                "SELECT * FROM requests WHERE :profile IS NULL OR profile = :profile "
                "ORDER BY asked_at",
                {"profile": profile},
                _pending,
            )
        )

    def answered(self, token: str) -> None:
        """Strike out what has been answered, or will not be asked for again."""
        self._database.run("DELETE FROM requests WHERE token = ?", (token,))


def _pending(row: Row) -> Pending:
    request = unpack_request(row["value"])
    return Pending(row["token"], row["profile"], request, moment(row["asked_at"]))


def _kept(row: Row) -> KeptJob:
    origin = json.loads(row["made_from"])
    for name in ("training", "validation"):
        if origin.get(name):
            origin[name] = Source(**origin[name])
    return KeptJob(
        row["profile"],
        unpack_job(row["value"]),
        moment(row["seen_at"]),
        bool(row["settled"]),
        MadeFrom(**origin),
    )
