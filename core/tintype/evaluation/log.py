"""The log of a run: JSON lines, one per answer, appended before it is counted.

Whatever the moment at which the program dies, at most the answers under way are lost: a torn line
is passed over, and asking goes on with what is missing. A row that failed is asked again; an answer
that is there is never asked twice.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

Key = tuple[int, str, int]
"""Row (0-based), model, sample."""


@dataclass(frozen=True, slots=True)
class Replay:
    """What a log amounts to."""

    answers: Mapping[Key, Mapping[str, Any]]
    """The last whole `ok` line of each row, model and sample."""
    errors: Mapping[Key, Mapping[str, Any]]
    """The last error of those that have no answer."""
    ignored_lines: int
    """Torn or foreign."""


@dataclass(slots=True)
class _Reading:
    answers: dict[Key, Mapping[str, Any]] = field(default_factory=dict)
    errors: dict[Key, Mapping[str, Any]] = field(default_factory=dict)
    ignored: int = 0


def replay(lines: Iterable[str | bytes]) -> Replay:
    """Read a log, in the order in which it was written."""
    reading = _Reading()
    for line in lines:
        if not line.strip():
            continue
        entry = _entry(line)
        if entry is None:
            reading.ignored += 1
            continue
        key = (entry["row"], entry["model"], entry.get("sample", 0))
        (reading.answers if entry["status"] == "ok" else reading.errors)[key] = entry
    errors = {key: one for key, one in reading.errors.items() if key not in reading.answers}
    return Replay(reading.answers, errors, reading.ignored)


def _entry(line: str | bytes) -> Mapping[str, Any] | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    if not isinstance(entry, dict) or entry.get("status") not in ("ok", "error"):
        return None
    is_row = isinstance(entry.get("row"), int) and not isinstance(entry["row"], bool)
    return entry if is_row and isinstance(entry.get("model"), str) else None


def to_ask(
    replayed: Replay, rows: int, models: Sequence[str], *, samples: int = 1
) -> Iterator[Key]:
    """What is still to be asked, row by row: everything without an answer."""
    for row in range(rows):
        for model in models:
            for sample in range(samples):
                if (row, model, sample) not in replayed.answers:
                    yield row, model, sample


def canonical(value: Any) -> str:
    """JSON in one form: sorted keys, no spaces, characters as they are."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def cache_key(request: Mapping[str, Any]) -> str:
    """What an answer is known by: everything that shapes it, the number of the sample included."""
    return sha256(canonical(request).encode(errors="surrogatepass")).hexdigest()


def unlike(first: Mapping[str, Any], second: Mapping[str, Any]) -> tuple[str, ...]:
    """The parts in which two runs' fingerprints differ; runs that differ are not compared."""
    names = dict.fromkeys([*first, *second])
    return tuple(name for name in names if first.get(name) != second.get(name))


def snapshots(served: Iterable[str]) -> Mapping[str, int]:
    """How many answers each snapshot of a model gave; more than one makes a mixed run."""
    counts: dict[str, int] = {}
    for model in served:
        counts[model] = counts.get(model, 0) + 1
    return counts
