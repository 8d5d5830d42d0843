"""What everything that is kept needs: the provider, the store, the archive; and whether to ask."""

from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from tintype.api import Api, Clock
from tintype.errors import ApiError, AuthenticationError, UnreachableError
from tintype.keeping.folder import ArchiveFolder
from tintype.pricing import Prices
from tintype.store import Store

T = TypeVar("T")

_OF_ONE_ANSWER = frozenset({"answer_timeout", "nonsense", "web_page", "too_long", "encoding"})
"""Failures that the next answer need not have."""
_IN_A_ROW = 3
"""So many of them and the provider counts as away."""


@dataclass(slots=True)
class Keeping:
    """One run of keeping."""

    api: Api
    store: Store
    archive: ArchiveFolder
    prices: Prices
    allow_private: bool
    clock: Clock
    away: ApiError | None = None
    """Why the provider cannot be reached; it is not asked again."""
    failures: int = 0
    """Answers in a row that could not be used."""

    @property
    def profile(self) -> str:
        """The profile's name."""
        return self.api.profile.name

    async def asked(self, asking: Coroutine[Any, Any, T]) -> T:
        """Wait for an answer, unless the provider has been found to be away.

        Raises:
            ApiError: if the provider refuses or is away.
        """
        if self.away is not None:
            asking.close()
            raise self.away
        try:
            answer = await asking
        except UnreachableError as error:
            self.failures += 1
            if error.code not in _OF_ONE_ANSWER or self.failures == _IN_A_ROW:
                self.away = error
            raise
        self.failures = 0
        return answer

    def miss(self, what: str, error: ApiError) -> None:
        """Note what could not be had.

        Raises:
            AuthenticationError: if the key was refused, since all else would be, too.
        """
        if isinstance(error, AuthenticationError):
            raise error
        self.archive.miss(what, error.message)
