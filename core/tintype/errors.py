"""Everything that is raised on purpose.

Each error is a sentence for a person that says what happened and where, and (`advice`) what to do
next. Foreign errors are translated into these at the seams, and caught in three places only: the
app's `screen.reporting`, the server's error table, and the command line's `__main__`.

    TintypeError
    ├── SettingsError
    ├── FileError                knows the path
    ├── DatasetError             knows path and line
    ├── StoreError
    ├── BudgetError              a limit would be passed
    │   └── ConfirmationError    knows what to type
    ├── QuoteError               what an estimate was made from has changed
    ├── EvaluationError          a run cannot be started, resumed, opened or compared
    ├── ArchiveError             an archive is not what its manifest says, or cannot be used
    ├── EngineError
    │   └── HyperparameterError  knows which
    ├── PluginError              knows the plug-in's file and line
    ├── RefusalError             the embedded server turns a request down
    └── ApiError                 knows status, code, request id, when to try again
        ├── AuthenticationError
        ├── ForbiddenError       (for one: training_not_available)
        ├── NotFoundError
        ├── RateLimitError
        └── UnreachableError

A flaw in a dataset is no error but a `tintype.rules.Problem`.
"""

from pathlib import Path
from typing import Any


class TintypeError(Exception):
    """Something a person can act upon, said in a sentence."""

    def __init__(self, message: str, *, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        """What happened, and where: one sentence."""
        self.advice = advice
        """What to do next: one sentence, or empty."""

    def __str__(self) -> str:
        return f"{self.message} {self.advice}".strip()


class SettingsError(TintypeError):
    """A setting, a profile, a key or a price table cannot be used."""


class FileError(TintypeError):
    """A file or folder cannot be found, read or written (`tintype.paths`)."""

    def __init__(self, message: str, *, advice: str = "", path: Path | None = None) -> None:
        super().__init__(message, advice=advice)
        self.path = path


class DatasetError(TintypeError):
    """A dataset cannot be read at all."""

    def __init__(
        self, message: str, *, advice: str = "", path: Path | None = None, line: int | None = None
    ) -> None:
        super().__init__(message, advice=advice)
        self.path = path
        self.line = line
        """1-based physical line, when one line is to blame."""


class StoreError(TintypeError):
    """The local store cannot be opened, read or written."""


class BudgetError(TintypeError):
    """Something would cost more than its owner allows."""


class QuoteError(TintypeError):
    """An estimate no longer holds, since what it was made from has changed."""


class ConfirmationError(BudgetError):
    """Something costs so much, or nobody knows how much, that it has to be confirmed first."""

    def __init__(self, message: str, *, advice: str = "", typed: str) -> None:
        super().__init__(message, advice=advice)
        self.typed = typed
        """What a person types to confirm it: a sum in US dollars such as `16.46`, or `unknown`."""


class EvaluationError(TintypeError):
    """An evaluation cannot be started, resumed, opened or compared with another."""


class ArchiveError(TintypeError):
    """An archive is damaged, unfinished, of a newer Tintype, or none at all."""


class EngineError(TintypeError):
    """Training or answering failed for a reason that lies in the data or the machine."""


class HyperparameterError(EngineError):
    """A training cannot be done with what is asked for."""

    def __init__(self, message: str, *, advice: str = "", name: str) -> None:
        super().__init__(message, advice=advice)
        self.name = name
        """Of the hyperparameter, e.g. `lora_rank`."""


class PluginError(TintypeError):
    """A rule, format, scorer or engine from outside cannot be loaded, or failed."""

    def __init__(
        self, message: str, *, advice: str = "", path: Path | None = None, line: int | None = None
    ) -> None:
        super().__init__(message, advice=advice)
        self.path = path
        """The source file to blame, when it is known."""
        self.line = line
        """1-based."""


class RefusalError(TintypeError):
    """The embedded server turns a request down, with the words OpenAI would use."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        type: str = "invalid_request_error",
        param: str | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        """HTTP status."""
        self.type = type
        self.param = param
        self.code = code


class ApiError(TintypeError):
    """A provider refused, failed or talked nonsense."""

    def __init__(
        self,
        message: str,
        *,
        advice: str = "",
        status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message, advice=advice)
        self.status = status
        """HTTP status, when there was an answer."""
        self.code = code
        """The provider's own machine-readable code."""
        self.request_id = request_id
        self.retry_after_s = retry_after_s
        """Seconds to wait, when the provider said so."""


class AuthenticationError(ApiError):
    """401: the key is absent or wrong."""


class ForbiddenError(ApiError):
    """403: the key is right but may not do this; code `training_not_available` is one case."""


class NotFoundError(ApiError):
    """404: no such file, job or model, or one that has been shut down."""


class RateLimitError(ApiError):
    """429: too much, too fast, or no money left."""

    def __init__(self, message: str, *, status: int | None = 429, **known: Any) -> None:
        super().__init__(message, status=status, **known)


class UnreachableError(ApiError):
    """No answer: refused, timed out, cut off, or not a provider at all."""
