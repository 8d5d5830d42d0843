"""Where the recorder of a profile is: the lock that proves it, what it says of itself, its log.

One recorder follows a profile. It holds the lock of the profile's folder as long as it lives, so
that finding one needs no process ids. Who looks at a job on a screen touches a file in `watched`,
and the recorder asks for that job more often.
"""

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote, unquote

from tintype.engines.launch import replace
from tintype.errors import FileError
from tintype.paths import is_held, read_text
from tintype.settings import Folders, Settings

LOCK, STATUS, LOG, WATCHED = "lock", "status.json", "recorder.log", "watched"
LOGS = "local"
"""The profile of trainings of other tools, as `trainer_logs.LOCAL`, which takes long to import."""
WATCHED_S = 6.0
"""A job is looked at by somebody if its file was touched so lately."""
TOUCH_S = 2.0
"""How often the file of a job that is looked at is touched."""


@dataclass(frozen=True, slots=True)
class RecorderStatus:
    """What a recorder says of itself."""

    profile: str
    pid: int
    started: datetime
    version: str
    """Of Tintype."""
    pace: str
    """How often it asks, in words."""
    jobs: tuple[str, ...] = ()
    """Ids of the jobs that it follows."""
    trouble: str = ""
    """Why it brings nothing new at the moment, in a sentence; empty if all is well."""
    job_troubles: Mapping[str, str] | None = None
    """Likewise for single jobs, by id."""
    said_at: datetime | None = None
    """When it said this."""
    given_up: tuple[str, ...] = ()
    """Ids of the jobs of which the provider has nothing more to say, or which it does not have."""
    runs: bool = False
    """Whether it still runs."""

    def trouble_of(self, job_id: str) -> str:
        """Why nothing newer is known of a job, in a sentence; empty if all is well."""
        return self.trouble or (self.job_troubles or {}).get(job_id, "")


def folder_of(folders: Folders, profile: str) -> Path:
    """Return the folder of a profile's recorder, which need not be there yet."""
    return folders.state / "recorders" / quote(profile, safe="")


def reads_logs(settings: Settings, profile: str) -> bool:
    """Whether the recorder of a profile reads the logs of trainers: that of `local`, if it is none.

    A profile of that name that somebody has configured is at a provider.
    """
    return profile == LOGS and profile not in settings.profiles


def find(folders: Folders, profile: str) -> RecorderStatus | None:
    """Return what the recorder of a profile said last; none if there has never been one.

    Its `runs` says whether it is there still.
    """
    folder = folder_of(folders, profile)
    try:
        said = json.loads(read_text(folder / STATUS))
        for name in ("started", "said_at"):
            said[name] = datetime.fromisoformat(said[name])
        for name in ("jobs", "given_up"):
            said[name] = tuple(said[name])
        return RecorderStatus(**said | {"runs": is_held(folder / LOCK)})
    except (FileError, ValueError, KeyError, TypeError):
        return None


def runs(folders: Folders, profile: str) -> bool:
    """Whether a recorder follows a profile."""
    return is_held(folder_of(folders, profile) / LOCK)


def write_status(folder: Path, status: RecorderStatus) -> None:
    """Say how things stand; in a thread.

    Raises:
        OSError: if the folder cannot be written.
    """
    replace(folder / STATUS, json.dumps(asdict(status), default=datetime.isoformat, indent=1))


def _mark(folder: Path, job_id: str) -> Path:
    return folder / WATCHED / quote(job_id, safe="")


def watch(folders: Folders, profile: str, job_id: str) -> None:
    """Say that somebody looks at a job, now; nothing happens where that cannot be written."""
    mark = _mark(folder_of(folders, profile), job_id)
    with suppress(OSError):
        mark.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        mark.touch(0o600)


def watched(folder: Path, job_id: str) -> bool:
    """Whether somebody looks at a job at the moment."""
    return _is_fresh(_mark(folder, job_id))


def watched_jobs(folder: Path) -> list[str]:
    """Return the ids of the jobs that somebody looks at, and forget those that nobody does."""
    found = []
    with suppress(OSError):
        for mark in (folder / WATCHED).iterdir():
            if _is_fresh(mark):
                found.append(unquote(mark.name))
            else:
                mark.unlink()
    return sorted(found)


def _is_fresh(mark: Path) -> bool:
    try:
        return time.time() - mark.stat().st_mtime < WATCHED_S
    except OSError:
        return False
