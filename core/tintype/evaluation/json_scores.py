"""Scores of answers that should be JSON: whether they are, and which fields are right."""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

FENCE = re.compile(r"```(?:json)?[ \t]*\n(.*?)\n?```", re.DOTALL | re.IGNORECASE)
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class FieldScore:
    """An object held against the truth, field by field."""

    parsed: bool
    """Whether it is JSON: bare, or inside the only code fence. It is never repaired."""
    format_ok: bool
    """Whether it is nothing but JSON."""
    field_score: float
    """Right fields / fields of the truth, 0 to 1."""
    missing: int
    """Fields of the truth that it lacks."""
    extra: int
    """Fields that the truth lacks; they cost nothing."""


def json_fields(raw: str, truth: Mapping[str, Any], unordered: Collection[str] = ()) -> FieldScore:
    """Compare an answer with the truth, field by field.

    A field is right if it has the same JSON type and value: `1` is `1.0`, neither is `true` nor
    `"1"`. Arrays are compared in order, except those of fields named in `unordered`.
    """
    bare, value = strict_json(raw)
    format_ok = isinstance(value, dict)
    if not bare:
        fences = FENCE.findall(raw)
        bare, value = strict_json(fences[0]) if len(fences) == 1 else (False, None)
        format_ok = False
    if not bare or not isinstance(value, dict):
        return FieldScore(False, False, 0.0, len(truth), 0)
    right = sum(
        name in value and same_json(value[name], wanted, unordered=name in unordered)
        for name, wanted in truth.items()
    )
    return FieldScore(
        parsed=True,
        format_ok=format_ok,
        field_score=right / len(truth) if truth else 1.0,
        missing=len(truth.keys() - value.keys()),
        extra=len(value.keys() - truth.keys()),
    )


def strict_json(text: str) -> tuple[bool, Any]:
    """Whether a text is JSON (without NaN and Infinity), and its value."""
    try:
        return True, json.loads(text, parse_constant=_refused)
    except (ValueError, RecursionError):
        return False, None


def same_json(found: Any, wanted: Any, *, unordered: bool = False) -> bool:
    """Whether two JSON values are of one type and equal; `unordered` takes an array as a bag."""
    if _kind(found) != _kind(wanted):
        return False
    if isinstance(found, list):
        if len(found) != len(wanted):
            return False
        if not unordered:
            return all(map(same_json, found, wanted))
        left = list(wanted)
        for item in found:
            at = next((n for n, other in enumerate(left) if same_json(item, other)), None)
            if at is None:
                return False
            del left[at]
        return True
    if isinstance(found, dict):
        return found.keys() == wanted.keys() and all(
            same_json(found[name], wanted[name]) for name in found
        )
    return bool(found == wanted)


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, int | float) else type(value).__name__


def _refused(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def objects_in(text: str) -> Iterator[dict[str, Any]]:
    """Every whole JSON object in a text, those within others not by themselves."""
    at = text.find("{")
    while at >= 0:
        try:
            value, end = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            end = at + 1
        else:
            yield value
        at = text.find("{", end)
