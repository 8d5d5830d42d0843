"""Answers held to JSON.

OpenAI holds a model to a schema while it chooses tokens. A model that has learnt to give one kind
of answer cannot be bent like that. This is what is done instead, and nothing is made up:

- an answer that is JSON and fits, because the model was trained on such answers, passes as it is;
- a schema whose only property is a string (an enumeration, for one) is filled with the answer;
- any other answer is refused (400, `json_validate_failed`), saying where it does not fit;
- a schema with words that are not understood here is refused before the model is asked.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tintype.errors import RefusalError
from tintype.server.fields import Fields, refuse
from tintype.server.schemas import misfit, objection, resolve

NAME_CHARS = 64


@dataclass(frozen=True, slots=True)
class AnswerFormat:
    """What form the answer must have."""

    kind: Literal["text", "json_object", "json_schema"] = "text"
    schema: Mapping[str, Any] = field(default_factory=dict)


def read_format(fields: Fields) -> AnswerFormat:
    """The request's `response_format`.

    Raises:
        RefusalError: 400 if it is none, or its schema is not understood.
    """
    if not fields.given("response_format"):
        return AnswerFormat()
    wanted = fields.inner("response_format")
    kind = wanted.text("type", choices=("text", "json_object", "json_schema"))
    if kind == "json_object":
        return AnswerFormat("json_object", {"type": "object"})
    if kind == "text":
        return AnswerFormat()
    described = wanted.inner("json_schema")
    described.only("name", "description", "schema", "strict")
    name = described.text("name", minimum=1, maximum=NAME_CHARS)
    if described.given("description"):
        described.text("description")
    if described.given("strict"):
        described.boolean("strict")
    schema = described.inner("schema").values if described.given("schema") else {}
    if flaw := objection(schema):
        refuse(
            f"Invalid schema for response_format '{name}': {flaw}",
            param="response_format",
            code="invalid_json_schema",
        )
    return AnswerFormat("json_schema", schema)


def shaped(text: str, wanted: AnswerFormat) -> str:
    """The answer in the form wanted.

    Raises:
        RefusalError: 400 if it cannot have that form.
    """
    if wanted.kind == "text":
        return text
    flaw = _flaw(text, wanted)
    if not flaw:
        return text
    filled = _filled(text, wanted)
    if filled is not None and not _flaw(filled, wanted):
        return filled
    raise RefusalError(
        400,
        f"The model's answer does not have the form that 'response_format' asks for: {flaw}. This "
        "model answers as it was trained; train it on such answers, or ask for an object with one "
        "string. "
        f"Its answer was: {text[:200]}",
        param="response_format",
        code="json_validate_failed",
    )


def _flaw(text: str, wanted: AnswerFormat) -> str:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return "it is no JSON"
    return misfit(value, wanted.schema, wanted.schema)


def _filled(text: str, wanted: AnswerFormat) -> str | None:
    """The answer as the value of the schema's only property, if that is a string."""
    schema: Any = wanted.schema
    if "$ref" in schema:
        schema = resolve(schema["$ref"], wanted.schema)
    properties = schema.get("properties", {}) if isinstance(schema, dict) else {}
    if len(properties) != 1:
        return None
    [(name, inner)] = properties.items()
    if isinstance(inner, dict) and "$ref" in inner:
        inner = resolve(inner["$ref"], wanted.schema)
    if not isinstance(inner, dict) or inner.get("type", "string") != "string":
        return None
    return json.dumps({name: text}, ensure_ascii=False)
