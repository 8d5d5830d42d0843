"""Reading the price tables: every value is checked, and a bad one is named by file and key."""

import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn

from tintype.errors import SettingsError
from tintype.pricing.quotes import DatedFact, HostingPrice, InferencePrice, Shutdown, TrainingPrice

_MOST_BYTES = 4_000_000
_INFERENCE = (
    "input",
    "cached_input",
    "output",
    "batch_input",
    "batch_cached_input",
    "batch_output",
)
_STAMP = ("provider", "models", "as_of", "source", "confidence", "note")
_PRICE_KEYS = {*_STAMP, "training", "training_per_hour", "hosting_per_hour", "tuned", "base"}
_SHUTDOWN_KEYS = {*_STAMP, "date", "what", "of", "replacement"}
_ADVICE = "Correct the file, or take it away to use the prices that come with Tintype."


def read_table(path: Path) -> Mapping[str, Any]:
    """Parse a TOML file; numbers with a point become exact decimals.

    Raises:
        SettingsError: if it cannot be read or is no TOML.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise SettingsError(f"The price table {path} is larger than 4 MB.", advice=_ADVICE)
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"), parse_float=Decimal)
    except (
        OSError,
        ValueError,
        RecursionError,
    ) as error:  # TOML and Unicode errors are ValueErrors
        raise SettingsError(
            f"The price table {path} cannot be read: {error}", advice=_ADVICE
        ) from error


class Reader:
    """One table being read: knows the file, and the row it is at, for its complaints."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._row = ""

    def quotes(self, table: Mapping[str, Any]) -> list[DatedFact]:
        """Every statement of the table, in its order.

        Raises:
            SettingsError: at the first value that cannot be right.
        """
        self._row = ""
        for key in table:
            if key not in ("prices", "shutdowns"):
                self._refuse(key, "is not a key that is known here")
        quotes: list[DatedFact] = []
        for key, read in (("prices", self._prices), ("shutdowns", self._shutdowns)):
            rows = table.get(key, [])
            if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                self._refuse(key, f"must be rows that begin with [[{key}]]")
            for number, row in enumerate(rows, 1):
                self._row = f"[[{key}]] row {number}, "
                quotes += read(row)
        return quotes

    def _prices(self, row: Mapping[str, Any]) -> list[DatedFact]:
        self._known(row, _PRICE_KEYS)
        quotes: list[DatedFact] = []
        amounts = {key: self._amount(row, key) for key in ("training", "training_per_hour")}
        hosting = self._amount(row, "hosting_per_hour")
        for stamp in self._stamps(row):
            if any(amount is not None for amount in amounts.values()):
                quotes.append(
                    TrainingPrice(
                        **stamp,
                        usd_per_million=amounts["training"],
                        usd_per_hour=amounts["training_per_hour"],
                    )
                )
            if hosting is not None:
                quotes.append(HostingPrice(**stamp, usd_per_hour=hosting))
            quotes += [
                self._inference(row[use], use, stamp) for use in ("tuned", "base") if use in row
            ]
        return quotes

    def _inference(self, prices: Any, use: str, stamp: Mapping[str, Any]) -> InferencePrice:
        if not isinstance(prices, dict):
            self._refuse(use, "must be a table such as { input = 1.0, output = 4.0 }")
        self._known(prices, set(_INFERENCE), f"{use}.")
        amounts: dict[str, Any] = {
            f"{key}_usd": self._amount(prices, key, f"{use}.") for key in _INFERENCE
        }
        return InferencePrice(**stamp, tuned=use == "tuned", **amounts)

    def _shutdowns(self, row: Mapping[str, Any]) -> list[DatedFact]:
        self._known(row, _SHUTDOWN_KEYS)
        day = self._day(row, "date")
        what = self._word(row, "what", ("shutdown", "training", "notice"))
        of = self._word(row, "of", ("base", "tuned", "both"))
        replacement = self._text(row, "replacement", "")
        return [
            Shutdown(**stamp, date=day, what=what, of=of, replacement=replacement)
            for stamp in self._stamps(row)
        ]

    def _stamps(self, row: Mapping[str, Any]) -> list[dict[str, Any]]:
        """What every statement says, once for each model of the row."""
        models = row.get("models")
        if (
            not isinstance(models, list)
            or not models
            or not all(isinstance(name, str) for name in models)
        ):
            self._refuse("models", 'must be a list of names such as ["gpt-4o-2024-08-06"]')
        stamp = {
            "provider": self._text(row, "provider"),
            "as_of": self._day(row, "as_of"),
            "source": self._text(row, "source", str(self._path.name)),
            "confidence": self._text(row, "confidence", ""),
            "note": self._text(row, "note", ""),
        }
        return [{**stamp, "model": name} for name in models]

    def _amount(self, row: Mapping[str, Any], key: str, within: str = "") -> Decimal | None:
        value = row.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            self._refuse(within + key, f"must be a number of dollars, not {value!r}")
        amount = Decimal(value)
        if not amount.is_finite() or amount < 0:
            self._refuse(within + key, f"must be 0 or more, not {value}")
        return amount

    def _text(self, row: Mapping[str, Any], key: str, default: str | None = None) -> str:
        value = row.get(key, default)
        if not isinstance(value, str) or (default is None and not value):
            self._refuse(key, "must be text" if key in row else "is missing")
        return value

    def _word(self, row: Mapping[str, Any], key: str, words: tuple[str, ...]) -> str:
        value = self._text(row, key)
        if value not in words:
            self._refuse(key, f"must be one of {', '.join(words)}, not {value!r}")
        return value

    def _day(self, row: Mapping[str, Any], key: str) -> date:
        value = row.get(key)
        if not isinstance(value, date) or isinstance(value, datetime):
            self._refuse(key, "must be a date such as 2026-11-20" if key in row else "is missing")
        return value

    def _known(self, row: Mapping[str, Any], keys: set[str], within: str = "") -> None:
        for key in row:
            if key not in keys:
                self._refuse(within + key, "is not a key that is known here")

    def _refuse(self, key: str, what: str) -> NoReturn:
        raise SettingsError(
            f"The price table {self._path}, {self._row}key {key!r}: {what}.", advice=_ADVICE
        )
