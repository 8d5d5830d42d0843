"""One file on its way to a provider: what it takes, how far it is, and trying again."""

import hashlib
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from stat import S_ISREG
from typing import Literal, TypeVar

from tintype.api import Api, Clock
from tintype.api.retrying import Retry, may_pass
from tintype.errors import ApiError, DatasetError
from tintype.resources import RemoteFile
from tintype.settings import Profile
from tintype.store import Store

T = TypeVar("T")
Phase = Literal["reading", "sending", "finishing", "done"]

BUDGET_S = 120.0
"""How long a request is tried again."""


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """How a file is sent; sizes in bytes."""

    whole: int
    """The largest file in one request."""
    total: int | None
    """The largest file altogether; none is not known and not judged."""
    part: int = 64 << 20
    """The largest part that OpenAI takes, and what its SDK sends."""
    at_once: int = 3
    """How many parts are under way at the same time."""


def limits_for(profile: Profile) -> UploadLimits:
    """Return the limits of a provider, by its rules; what they do not say is as with OpenAI.

    Raises:
        SettingsError: if the provider's own file is wrong.
    """
    from tintype.providers.loading import provider  # late: reads a table

    rules, usual = provider(profile.provider).rules, provider("openai").rules
    whole = rules.max_file_bytes or usual.max_file_bytes
    assert whole is not None
    return UploadLimits(whole, rules.max_upload_bytes)


@dataclass(frozen=True, slots=True)
class UploadProgress:
    """How far an upload has come."""

    phase: Phase
    sent_bytes: int
    """Handed to the network; falls back when a part has to be sent again."""
    size_bytes: int
    digest: str = ""
    """SHA-256 of the file, once it has been read."""
    trouble: str = ""
    """Why it waits, and for how long; empty if it does not."""
    reused: bool = False
    """The provider had the file already: nothing was sent."""
    file: RemoteFile | None = None
    """Set in the phase `done` only."""


@dataclass(slots=True)
class Meter:
    """What the sending tasks write and the generator reads."""

    progress: UploadProgress
    parts: dict[int, int] = field(default_factory=dict)

    def note(self, **changes: object) -> None:
        """Change the progress; names are those of `UploadProgress`."""
        self.progress = replace(self.progress, **changes)  # type: ignore[arg-type]

    def sent(self, number: int, sent_bytes: int) -> None:
        """Note how much of a part was handed to the network."""
        self.parts[number] = sent_bytes
        self.note(sent_bytes=sum(self.parts.values()))


@dataclass(frozen=True, slots=True)
class Sending:
    """One file on its way, and all that is needed for it."""

    api: Api
    store: Store
    path: Path
    purpose: str
    facts: os.stat_result
    digest: str
    meter: Meter
    clock: Clock
    limits: UploadLimits

    @property
    def key(self) -> tuple[str, str, str]:
        """What the store knows the upload by."""
        return self.api.profile.name, self.purpose, self.digest

    async def persistently(self, call: Callable[[], Awaitable[T]]) -> T:
        """Try again after failures that may pass, saying so; the last one is raised."""
        retry = Retry(self.clock, BUDGET_S, lambda words: self.meter.note(trouble=words), may_pass)
        while True:
            try:
                result = await call()
            except ApiError as error:
                if not await retry.again(error):
                    raise
            else:
                self.meter.note(trouble="")
                return result

    def refuse_change(self) -> None:
        """Raise `DatasetError` if the file is no longer what was read."""
        now = facts_of(self.path)
        if (now.st_size, now.st_mtime_ns) != (self.facts.st_size, self.facts.st_mtime_ns):
            raise DatasetError(
                f"{self.path} was changed while it was being uploaded.",
                advice="Upload it again; what was sent is not used.",
                path=self.path,
            )


def facts_of(path: Path) -> os.stat_result:
    """Look at a file. Raises `DatasetError` if it is none, or cannot be read."""
    try:
        facts = path.stat()
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}.", path=path) from error
    if not S_ISREG(facts.st_mode):
        raise DatasetError(f"{path} is not a file.", path=path)
    return facts


def digest_of(path: Path) -> str:
    """SHA-256 of the file, about 1 s per GB."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}.", path=path) from error
