"""Curves as they were folded last, and logs without the steps: what makes a long job open at once.

The curves are a copy, made from events that are kept as well: one that cannot be read is as good as
none. On disk: a line of JSON, then the numbers, steps as 64-bit integers and values as doubles.
"""

import asyncio
import json
import sys
from array import array
from sqlite3 import Row
from typing import TYPE_CHECKING, Any

from tintype.resources import Event
from tintype.store.database import Database
from tintype.store.packing import moment

if TYPE_CHECKING:
    from tintype.metrics import Metrics


class CurveTable:
    """Folded curves by job, and the part of its events that is no curve."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, profile: str, job_id: str) -> tuple["Metrics", int] | None:
        """Return a job's curves as they were kept, and the reading up to which they are whole."""
        found = await self._database.apart(
            "SELECT sweep, value FROM curves WHERE profile = ? AND job_id = ?",
            (profile, job_id),
            lambda row: (unpacked(row["value"]), int(row["sweep"])),
        )
        metrics, sweep = found[0] if found else (None, 0)
        return (metrics, sweep) if metrics is not None else None

    async def keep(self, profile: str, job_id: str, metrics: "Metrics", sweep: int) -> None:
        """Keep curves that hold every event up to a reading, and perhaps more."""
        packed = await asyncio.to_thread(pack, metrics)
        self._database.run(
            "INSERT OR REPLACE INTO curves VALUES (?, ?, ?, ?)", (profile, job_id, sweep, packed)
        )

    def whole_up_to(self, profile: str, job_id: str) -> int:
        """Return the last reading of a job's events that came to its end; 0 if none has."""
        rows = self._database.run(
            "SELECT sweep FROM jobs WHERE profile = ? AND id = ?", (profile, job_id)
        )
        return int(rows[0][0]) if rows else 0

    async def log(self, profile: str, job_id: str, *, word: str = "") -> list[Event]:
        """Read a job's events but those of type `metrics`, oldest first: 5 µs each.

        With a word, only those that have it somewhere.
        """
        texts = await self._database.apart(
            "SELECT value FROM events WHERE profile = ? AND job_id = ? AND metric = 0 "
            "AND (? = '' OR instr(value, ?)) ORDER BY created_at, sweep, place",
            (profile, job_id, word, word),
            _text,
        )
        return await asyncio.to_thread(_events, texts)


def _text(row: Row) -> str:
    return str(row[0])


def _events(texts: list[str]) -> list[Event]:
    found = json.loads(f"[{','.join(texts)}]")
    return [
        Event(
            one["id"],
            moment(one["created_at"]),
            one["message"],
            one["level"],
            one["type"],
            one["data"],
        )
        for one in found
    ]


def pack(metrics: "Metrics") -> bytes:
    """Write curves as bytes."""
    every = [*metrics.series.values(), metrics.clock]
    head = {
        "order": sys.byteorder,
        "names": [series.name for series in every],
        "counts": [len(series) for series in every],
        "total_steps": metrics.total_steps,
        "n_epochs": metrics.n_epochs,
        "epoch_starts": list(metrics.epoch_starts.items()),
    }
    numbers = (
        array("q", series.steps()).tobytes() + array("d", series.values()).tobytes()
        for series in every
    )
    return json.dumps(head).encode() + b"\n" + b"".join(numbers)


def unpacked(data: bytes) -> "Metrics | None":
    """Read curves that `pack` wrote; none if they are not understood."""
    from tintype.metrics import Metrics, Series

    try:
        first, _, rest = data.partition(b"\n")
        head: dict[str, Any] = json.loads(first)
        if head["order"] != sys.byteorder:
            return None
        found, at = [], 0
        for name, count in zip(head["names"], head["counts"], strict=True):
            steps, values = array("q"), array("d")
            steps.frombytes(rest[at : at + 8 * count])
            values.frombytes(rest[at + 8 * count : at + 16 * count])
            at += 16 * count
            found.append(Series(name).extended(steps.tolist(), values.tolist()))
        *series, clock = found
        starts = {int(epoch): int(step) for epoch, step in head["epoch_starts"]}
        return Metrics(
            {one.name: one for one in series}, head["total_steps"], head["n_epochs"], clock, starts
        )
    except (ValueError, KeyError, TypeError):
        return None
