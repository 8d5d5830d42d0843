"""Fields of a JSON object in a request, checked one by one.

Refusals carry OpenAI's words and codes, because people search for those.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

from tintype.errors import RefusalError

T = TypeVar("T")

PAIRS, KEY_CHARS, VALUE_CHARS = 16, 64, 512
"""Of metadata: most pairs, and most characters of a name and of a value."""

_WORDS: Mapping[type, str] = {
    str: "a string",
    bool: "a boolean",
    int: "an integer",
    float: "a number",
    dict: "an object",
    list: "an array",
    type(None): "null",
}


def refuse(message: str, *, param: str | None = None, code: str | None = None) -> NoReturn:
    """Turn a request down with 400."""
    raise RefusalError(400, message, param=param, code=code)


@dataclass(frozen=True, slots=True)
class Fields:
    """A JSON object of a request, and where in the request it stands."""

    values: Mapping[str, Any]
    place: str = ""

    def at(self, name: str) -> str:
        """The full name of a field, as refusals give it."""
        return f"{self.place}.{name}" if self.place else name

    def given(self, name: str) -> bool:
        """Whether a field is there and not null: for those that may be null."""
        return self.values.get(name) is not None

    def has(self, name: str) -> bool:
        """Whether a field is there, if only as null: for those that may not be."""
        return name in self.values

    def only(self, *known: str) -> None:
        """Refuse fields beyond these."""
        for name in self.values:
            if name not in known:
                place = self.at(name[:100])
                refuse(f"Unknown parameter: '{place}'.", param=place, code="unknown_parameter")

    def required(self, name: str) -> Any:
        """Refuse if a field is missing; returns it as it is."""
        if name not in self.values:
            place = self.at(name)
            refuse(
                f"Missing required parameter: '{place}'.",
                param=place,
                code="missing_required_parameter",
            )
        return self.values[name]

    def text(
        self,
        name: str,
        *,
        minimum: int = 0,
        maximum: int | None = None,
        choices: Sequence[str] = (),
    ) -> str:
        """A required string."""
        value: str = self.typed(name, str)
        place = self.at(name)
        if choices:
            chosen(value, place, choices)
        if maximum is not None and len(value) > maximum:
            refuse(
                f"Invalid '{place}': string too long. Expected a string with maximum length "
                f"{maximum}, but got a string with length {len(value)} instead.",
                param=place,
                code="string_above_max_length",
            )
        if len(value) < minimum:
            refuse(
                f"Invalid '{place}': string too short. Expected a string with minimum length "
                f"{minimum}, but got a string with length {len(value)} instead.",
                param=place,
                code="string_below_min_length",
            )
        return value

    def integer(self, name: str, *, minimum: int | None = None, maximum: int | None = None) -> int:
        """A required integer; 3.0 counts as one, as in JSON Schema."""
        value = self.required(name)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            self.mistyped(name, "an integer")
        return bounded(value, self.at(name), minimum, maximum)

    def number(
        self, name: str, *, minimum: float | None = None, maximum: float | None = None
    ) -> float:
        """A required number."""
        value = self.required(name)
        if not isinstance(value, int | float) or isinstance(value, bool):
            self.mistyped(name, "a decimal")
        bounded(value, self.at(name), minimum, maximum)
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            self.mistyped(name, "a finite decimal")
        return number

    def boolean(self, name: str) -> bool:
        """A required boolean."""
        value: bool = self.typed(name, bool)
        return value

    def array(self, name: str, *, minimum: int = 0, maximum: int | None = None) -> list[Any]:
        """A required array."""
        value: list[Any] = self.typed(name, list)
        place = self.at(name)
        if len(value) < minimum:
            refuse(
                f"Invalid '{place}': empty array. Expected an array with minimum length {minimum}, "
                "but got an empty array instead.",
                param=place,
                code="empty_array",
            )
        if maximum is not None and len(value) > maximum:
            refuse(
                f"Invalid '{place}': array too long. Expected an array with maximum length "
                f"{maximum}, but got an array with length {len(value)} instead.",
                param=place,
                code="array_above_max_length",
            )
        return value

    def items(
        self, name: str, kind: type[T], *, minimum: int = 0, maximum: int | None = None
    ) -> list[T]:
        """A required array of values of one JSON type."""
        values = self.array(name, minimum=minimum, maximum=maximum)
        for number, value in enumerate(values):
            if not isinstance(value, kind):
                _refuse_type(f"{self.at(name)}[{number}]", _WORDS[kind], value)
        return values

    def objects(self, name: str, *, minimum: int = 0, maximum: int | None = None) -> "list[Fields]":
        """A required array of objects."""
        values: list[dict[str, Any]] = self.items(name, dict, minimum=minimum, maximum=maximum)
        place = self.at(name)
        return [Fields(value, f"{place}[{number}]") for number, value in enumerate(values)]

    def inner(self, name: str) -> "Fields":
        """A required object."""
        return Fields(self.typed(name, dict), self.at(name))

    def typed(self, name: str, kind: type) -> Any:
        """A required value of one JSON type."""
        value = self.required(name)
        if not isinstance(value, kind):
            self.mistyped(name, _WORDS[kind])
        return value

    def mistyped(self, name: str, expected: str) -> NoReturn:
        """Refuse a field for its type."""
        _refuse_type(self.at(name), expected, self.values[name])


def _refuse_type(place: str, expected: str, value: Any) -> NoReturn:
    refuse(
        f"Invalid type for '{place}': expected {expected}, "
        f"but got {_WORDS.get(type(value), 'something else')} instead.",
        param=place,
        code="invalid_type",
    )


def chosen(value: str, place: str, choices: Sequence[str]) -> str:
    """Check that a word is one of a few.

    Raises:
        RefusalError: 400 if it is not.
    """
    if value not in choices:
        words = ", ".join(f"'{choice}'" for choice in choices)
        refuse(
            f"Invalid value: '{value[:100]}'. Supported values are: {words}.",
            param=place,
            code="invalid_value",
        )
    return value


def bounded(value: T, place: str, minimum: float | None, maximum: float | None) -> T:
    """Check that a number lies in a range, both ends included.

    Raises:
        RefusalError: 400 if it does not.
    """
    number: float = value  # type: ignore[assignment]
    kind = "integer" if isinstance(value, int) else "decimal"
    if minimum is not None and number < minimum:
        refuse(
            f"Invalid '{place}': {kind} below minimum value. "
            f"Expected a value >= {minimum}, but got {value} instead.",
            param=place,
            code=f"{kind}_below_min_value",
        )
    if maximum is not None and number > maximum:
        refuse(
            f"Invalid '{place}': {kind} above maximum value. "
            f"Expected a value <= {maximum}, but got {value} instead.",
            param=place,
            code=f"{kind}_above_max_value",
        )
    return value


def metadata(fields: "Fields") -> dict[str, str] | None:
    """The request's `metadata`: a few short texts by name, or none.

    Raises:
        RefusalError: 400 if they are too many or too long.
    """
    if not fields.given("metadata"):
        return None
    given = fields.inner("metadata")
    if len(given.values) > PAIRS:
        refuse(
            f"Invalid 'metadata': too many properties. Expected an object with at most {PAIRS} "
            f"properties, but got an object with {len(given.values)} properties instead.",
            param="metadata",
            code="object_above_max_properties",
        )
    for key in given.values:
        if len(key) > KEY_CHARS:
            refuse(
                f"Invalid 'metadata': a name has {len(key)} characters; at most {KEY_CHARS} are "
                "allowed.",
                param="metadata",
                code="string_above_max_length",
            )
    return {key: given.text(key, maximum=VALUE_CHARS) for key in given.values}
