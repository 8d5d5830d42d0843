"""A TOML table being read: every value is checked, and a bad one is named by file and key.

What is never asked for is refused at the end (`done`), so that a typing mistake is not silence.
"""

import re
import types
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, NoReturn, TypeVar, get_args, get_origin

from tintype.errors import SettingsError

T = TypeVar("T")

_MOST_BYTES = 4_000_000
_ADVICE = "Fix the file, or delete it to use the built-in one."


def read_toml(path: Path, *, head: bool = False) -> "TomlTable":
    """Parse a TOML file of at most 4 MB; numbers with a point become exact decimals.

    With `head`, only what stands before the first table is parsed.

    Raises:
        SettingsError: if it cannot be read or is no TOML.
    """
    import tomllib  # late: the first frame waits for whoever needs only names

    try:
        if path.stat().st_size > _MOST_BYTES:
            raise SettingsError(f"The file {path} is larger than 4 MB.", advice=_ADVICE)
        text = path.read_bytes().decode("utf-8-sig")
        if head:
            text = re.split(r"(?m)^\s*\[", text, maxsplit=1)[0]
        return TomlTable(path, tomllib.loads(text, parse_float=Decimal))
    except (OSError, ValueError, RecursionError) as error:  # bad TOML and UTF-8 are ValueErrors
        why = error.strerror if isinstance(error, OSError) else error
        raise SettingsError(f"The file {path} cannot be read: {why}", advice=_ADVICE) from error


class TomlTable:
    """One table of a file; knows where it stands, for its complaints."""

    def __init__(self, path: Path, values: Mapping[str, Any], row: str = "", at: str = "") -> None:
        self.path = path
        self._values, self._row, self._at = values, row, at
        self._unread = dict.fromkeys(values)

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def refuse(self, key: str, what: str) -> NoReturn:
        """Raise the `SettingsError` for one key: file, row, key, and what is wrong with it."""
        where = f"The file {self.path}, {self._row}key {self._at + key!r}"
        raise SettingsError(f"{where}: {what}.", advice=_ADVICE)

    def done(self) -> None:
        """Refuse a key that nobody asked for."""
        for key in self._unread:
            self.refuse(key, "is not a known key")

    def raw(self, key: str) -> Any:
        """Return the value as it stands, or none."""
        self._unread.pop(key, None)
        return self._values.get(key)

    def text(self, key: str, default: str | None = None) -> str:
        """Return a text; without a default it must be there, and not be empty."""
        value = self.raw(key) if key in self else default
        if not isinstance(value, str) or (default is None and not value):
            self.refuse(key, "must be text" if key in self else "is missing")
        return value

    def word(self, key: str, words: Sequence[str], default: str | None = None) -> str:
        """Return one of some words."""
        value = self.text(key, default)
        if value not in words:
            self.refuse(key, f"must be one of {', '.join(words)}, not {value!r}")
        return value

    def day(self, key: str) -> date:
        """Return a date."""
        value = self.raw(key)
        if not isinstance(value, date) or isinstance(value, datetime):
            self.refuse(key, "must be a date such as 2026-11-20" if key in self else "is missing")
        return value

    def dollars(self, key: str) -> Decimal | None:
        """Return a sum of US dollars, 0 or more; none if it is not said."""
        value = self.raw(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            self.refuse(key, f"must be a number of dollars, not {value!r}")
        amount = Decimal(value)
        if not amount.is_finite() or amount < 0:
            self.refuse(key, f"must be 0 or more, not {value}")
        return amount

    def number(self, key: str) -> int | None:
        """Return a whole number, 0 or more; none if it is not said."""
        value = self.raw(key)
        if value is not None and (type(value) is not int or value < 0):
            self.refuse(key, f"must be a whole number, 0 or more, not {value!r}")
        return value

    def flag(self, key: str, default: bool | None = None) -> bool:
        """Return true or false; without a default it must be there."""
        value = self.raw(key) if key in self else default
        if not isinstance(value, bool):
            self.refuse(key, "must be true or false" if key in self else "is missing")
        return value

    def names(self, key: str, *, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """Return a list of texts; without a default it must be there, and not be empty."""
        value = self.raw(key) if key in self else default
        names = tuple(value) if isinstance(value, list | tuple) else (None,)
        if not all(isinstance(name, str) for name in names) or not (names or default is not None):
            self.refuse(key, 'must be a list of names such as ["gpt-4o-2024-08-06"]')
        return names

    def table(self, key: str) -> "TomlTable | None":
        """Return a table inside this one; none if it is not there."""
        value = self.raw(key)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.refuse(key, "must be a table such as { input = 1.0, output = 4.0 }")
        return TomlTable(self.path, value, self._row, f"{self._at}{key}.")

    def rows(self, key: str) -> list["TomlTable"]:
        """Return the rows that begin with `[[key]]`."""
        rows = self.raw(key) if key in self else []
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            self.refuse(key, f"must be rows that begin with [[{key}]]")
        return [
            TomlTable(self.path, row, f"[[{key}]] row {number}, ")
            for number, row in enumerate(rows, 1)
        ]

    def fill(self, kind: type[T], **given: Any) -> T:
        """Make a dataclass of the table: one key for each field that is not given; then `done`."""
        values = dict(given)
        for field in fields(kind):  # type: ignore[arg-type]
            if field.name not in given and (field.name in self or field.default is MISSING):
                values[field.name] = self._typed(field.name, field.type)
        self.done()
        return kind(**values)

    def _typed(self, key: str, kind: Any) -> Any:
        origin, inner = get_origin(kind), get_args(kind)
        if origin is types.UnionType:
            kind = inner[0]
        if origin is Literal:
            return self.word(key, inner)
        if origin in (frozenset, tuple):
            return origin(self.names(key, default=()))
        if kind is int:
            value = self.number(key)
            return self.refuse(key, "is missing") if value is None else value
        read: Mapping[Any, Any] = {str: self.text, bool: self.flag, date: self.day}
        return read[kind](key)
