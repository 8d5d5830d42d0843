"""Why a job failed: its code and words turned into a cause, the rows to blame, and a way out.

Providers word the same failure differently and put the telling part in the message, so the message
is looked at first and the code second. What they say and what it means is data (`failures.toml`).
"""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tintype.jobs.failed_rows import Blamed, blamed, left_out
from tintype.jobs.moderating import Moderation, moderation
from tintype.resources import Event, Job, JobFailure

_DATA = Path(__file__).parent / "data" / "failures.toml"
_MORE = re.compile(r"\(and (\d{1,9}) more\)")
_LONGEST = 20_000
"""Characters of a message that are looked at."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a job failed."""

    code: str
    """The provider's code; may be empty."""
    said: str
    """The provider's words."""
    cause: str
    """What that means: a sentence."""
    fix: str
    """What to do: a sentence or two."""
    rows: tuple[Blamed, ...] = ()
    """The rows to blame, as far as the provider named them."""
    more: int = 0
    """Rows to blame, or faults in them, that it counted and did not name."""


@dataclass(frozen=True, slots=True)
class _Known:
    says: re.Pattern[str] | None
    codes: frozenset[str]
    cause: str
    fix: str
    outside: bool = False
    """It has nothing to do with the data."""


def explain(job: Job, events: Sequence[Event] = ()) -> Explanation | None:
    """Explain why a job failed; none if it has not.

    Args:
        job: The job as last seen.
        events: Its event log, oldest first; the last error in it may name the rows.
    """
    failure = job.failure
    if failure is None and job.status != "failed":
        return None
    last = next((event for event in reversed(events) if event.level == "error"), None)
    if failure is None:
        failure = JobFailure("", last.message if last else "")
    rows = blamed(last, job) if last is not None else ()
    if not rows and failure.message:
        words = Event("", job.created_at, failure.message, level="error")
        rows = blamed(words, job)
    counted = _MORE.search(failure.message[:_LONGEST])
    more = max(0, int(counted[1]) + 1 - len(rows)) if counted else 0
    known = _known_failure(failure)
    return Explanation(failure.code, failure.message, known.cause, known.fix, rows, more)


def _known_failure(failure: JobFailure) -> _Known:
    said = failure.message[:_LONGEST]
    # A message that is known says more than its code, under which many things go. But one about the
    # data may quote them: a row that speaks of billing is no unpaid bill.
    blames_data = failure.code.startswith("invalid_")
    by_words = (
        known
        for known in _table()
        if known.says and known.says.search(said) and not (known.outside and blames_data)
    )
    by_code = (known for known in _table() if failure.code in known.codes)
    return next(by_words, None) or next(by_code, None) or _unknown(failure)


def _unknown(failure: JobFailure) -> _Known:
    cause = "The provider gave a reason that is not known here."
    if not failure.message:
        cause = "The provider gave no reason."
    fix = "Check the dataset against the provider's rules; if it is sound, clone the job."
    return _Known(None, frozenset(), cause, fix)


@cache
def _table() -> tuple[_Known, ...]:
    return tuple(
        _Known(
            re.compile(entry["says"], re.IGNORECASE) if "says" in entry else None,
            frozenset(entry.get("codes", ())),
            entry["cause"],
            entry["fix"],
            entry.get("outside", False),
        )
        for entry in tomllib.loads(_DATA.read_text("utf-8"))["failures"]
    )


@dataclass(frozen=True, slots=True)
class Trouble:
    """All that went wrong with a job, as far as the provider says."""

    failure: Explanation | None = None
    left_out: tuple[Blamed, ...] = ()
    """Rows that warnings say were not used."""
    checks: tuple[Moderation, ...] = ()
    """What safety checks found."""
    validation: str | None = None
    """Id of the validation file: rows in it are said to be in it."""

    def __bool__(self) -> bool:
        return bool(self.failure or self.left_out or any(one.advice for one in self.checks))

    @property
    def rows(self) -> tuple[Blamed, ...]:
        """Every row that is named."""
        return (*(self.failure.rows if self.failure else ()), *self.left_out)


def trouble_of(job: Job, events: Sequence[Event]) -> Trouble:
    """Return all that went wrong with a job; events are in order and need not include metrics."""
    checks = tuple(found for event in events if (found := moderation(event)))
    return Trouble(explain(job, events), left_out(events, job), checks, job.validation_file)
