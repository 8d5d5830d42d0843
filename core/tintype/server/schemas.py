"""The part of JSON Schema that OpenAI's structured outputs use, and no more.

What is not understood is refused beforehand: a rule passed over in silence would let answers
through that the client has been promised not to get. `pattern` is left out on purpose: a pattern
can be written that takes for ever to match.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

_KINDS: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int, float),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "null": (type(None),),
}
_DEPTH = 100
"""How often one may go inwards, following references: a schema can refer to itself."""


def _is_kind(value: Any) -> bool:
    kinds = value if isinstance(value, list) else [value]
    return bool(kinds) and all(isinstance(kind, str) and kind in _KINDS for kind in kinds)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_schema(value: Any) -> bool:
    return isinstance(value, dict | bool)


def _is_mapping(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_schema, value.values()))


_RULES: Mapping[str, Callable[[Any], bool]] = {
    "type": _is_kind,
    "properties": _is_mapping,
    "required": lambda value: isinstance(value, list) and all(isinstance(v, str) for v in value),
    "additionalProperties": _is_schema,
    "items": _is_schema,
    "anyOf": lambda value: isinstance(value, list) and bool(value) and all(map(_is_schema, value)),
    "enum": lambda value: isinstance(value, list),
    "const": lambda value: True,
    "$ref": lambda value: isinstance(value, str),
    "minimum": _is_number,
    "maximum": _is_number,
    "exclusiveMinimum": _is_number,
    "exclusiveMaximum": _is_number,
    "multipleOf": lambda value: _is_number(value) and value > 0,
    "minLength": _is_count,
    "maxLength": _is_count,
    "minItems": _is_count,
    "maxItems": _is_count,
}
"""Words that restrict, and what may stand behind them."""
_NOTES: Mapping[str, Callable[[Any], bool]] = {
    "$defs": _is_mapping,
    "definitions": _is_mapping,
} | dict.fromkeys(
    ["$schema", "$id", "$comment", "title", "description", "default", "examples", "format"],
    lambda value: True,
)
"""Words that restrict nothing."""


def objection(schema: Any, context: tuple[str, ...] = ()) -> str:
    """What is not understood in a schema, and where, in OpenAI's words; empty if all is."""
    if isinstance(schema, bool):
        return ""
    place = ", ".join(f"'{step}'" for step in context)
    for word, value in schema.items():
        check = _RULES.get(word) or _NOTES.get(word)
        if check is None:
            return f"In context=({place}), '{word}' is not permitted."
        if not check(value):
            return f"In context=({place}), the value of '{word}' is not valid."
    inner = (objection(part, (*context, *steps)) for steps, part in _inner(schema))
    return next(filter(None, inner), "")


def _inner(schema: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for word in ("properties", "$defs", "definitions"):
        for key, part in schema.get(word, {}).items():
            yield (word, key), part
    for number, part in enumerate(schema.get("anyOf", [])):
        yield ("anyOf", str(number)), part
    for word in ("items", "additionalProperties"):
        if word in schema:
            yield (word,), schema[word]


def misfit(value: Any, schema: Any, root: Any, place: str = "$", depth: int = 0) -> str:
    """Where and why a value does not fit a schema that was not objected to; empty if it fits.

    Args:
        value: Parsed JSON.
        schema: What it must fit.
        root: The schema in which `$ref` looks.
        place: Where the value stands, as a JSON path.
        depth: How far inwards this is.
    """
    if isinstance(schema, bool):
        return "" if schema else f"{place} is not allowed"
    if depth > _DEPTH:
        return f"{place} is nested too deeply"
    if "$ref" in schema:
        target = resolve(schema["$ref"], root)
        return misfit(value, target, root, place, depth + 1)
    for check in (_kind_misfit, _choice_misfit, _size_misfit):
        if flaw := check(value, schema, place):
            return flaw
    if "anyOf" in schema:
        flaws = [misfit(value, one, root, place, depth + 1) for one in schema["anyOf"]]
        if all(flaws):
            return flaws[0]
    return next(filter(None, _parts_misfit(value, schema, root, place, depth)), "")


def resolve(reference: str, root: Any) -> Any:
    """What a `$ref` such as `#/$defs/colour` refers to; the schema that fits nothing otherwise."""
    found = root
    for step in reference.removeprefix("#").split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        found = found.get(name, False) if isinstance(found, dict) else False
    return found if reference.startswith("#") and _is_schema(found) else False


def _kind_misfit(value: Any, schema: Mapping[str, Any], place: str) -> str:
    wanted = schema.get("type")
    kinds: Sequence[str] = wanted if isinstance(wanted, list) else [wanted] if wanted else []
    if not kinds or any(_is(value, kind) for kind in kinds):
        return ""
    return f"{place} is not of type {' or '.join(kinds)}"


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool) and kind != "boolean":
        return False
    whole = kind != "integer" or not isinstance(value, float) or value.is_integer()
    return isinstance(value, _KINDS[kind]) and whole


def _choice_misfit(value: Any, schema: Mapping[str, Any], place: str) -> str:
    choices = schema.get("enum", [schema["const"]] if "const" in schema else None)
    if choices is None or any(value == one and type(value) is type(one) for one in choices):
        return ""
    return f"{place} is none of {', '.join(map(repr, choices))[:200]}"


def _size_misfit(value: Any, schema: Mapping[str, Any], place: str) -> str:
    if isinstance(value, str):
        return _outside(len(value), schema, place, "Length")
    if isinstance(value, list):
        return _outside(len(value), schema, place, "Items")
    if not _is_number(value):
        return ""
    flaws = (
        (value < schema.get("minimum", value), "too small"),
        (value > schema.get("maximum", value), "too large"),
        (value <= schema.get("exclusiveMinimum", value - 1), "too small"),
        (value >= schema.get("exclusiveMaximum", value + 1), "too large"),
        (value % schema.get("multipleOf", value or 1) != 0, "no multiple"),
    )
    return next((f"{place} is {flaw}" for wrong, flaw in flaws if wrong), "")


def _outside(size: int, schema: Mapping[str, Any], place: str, kind: str) -> str:
    if size < schema.get(f"min{kind}", 0):
        return f"{place} is too short"
    return f"{place} is too long" if size > schema.get(f"max{kind}", size) else ""


def _parts_misfit(
    value: Any, schema: Mapping[str, Any], root: Any, place: str, depth: int
) -> Iterator[str]:
    if isinstance(value, list):
        inner = schema.get("items", True)
        for number, item in enumerate(value):
            yield misfit(item, inner, root, f"{place}[{number}]", depth + 1)
    if isinstance(value, dict):
        properties, others = schema.get("properties", {}), schema.get("additionalProperties", True)
        for name in schema.get("required", ()):
            if name not in value:
                yield f"{place}.{name} is missing"
        for name, item in value.items():
            yield misfit(item, properties.get(name, others), root, f"{place}.{name}", depth + 1)
