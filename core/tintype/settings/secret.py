"""A key that cannot be printed by accident."""

from typing import NoReturn


class Secret:
    """A key or token; only `reveal` gives it away.

    It does not show in `repr`, `str`, a format string or a traceback's locals, and refuses to be
    pickled; `json` does not know it. Empty means: there is none.
    """

    __slots__ = ("__value", "notice", "origin")

    def __init__(self, value: str = "", *, origin: str = "", notice: str = "") -> None:
        self.__value = value
        self.origin = origin
        """Where it came from, for a person: a variable's name or a file's path."""
        self.notice = notice
        """A sentence that should be shown once, or empty."""

    def reveal(self) -> str:
        """Give the key away, to the one place that sends it."""
        return self.__value

    def __bool__(self) -> bool:
        return bool(self.__value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        from hmac import compare_digest  # late: it loads OpenSSL

        return compare_digest(self.__value.encode(), other.__value.encode())

    def __hash__(self) -> int:
        return hash((Secret, self.__value))

    def __repr__(self) -> str:
        return "Secret(hidden)" if self else "Secret(none)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __copy__(self) -> "Secret":
        return self

    def __deepcopy__(self, memo: object) -> "Secret":
        return self  # lets dataclasses.asdict and copy pass it on, unread

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a Secret is not written anywhere")
