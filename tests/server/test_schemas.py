"""Answers held to a schema, and cut at stop sequences."""

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype.engines.base import Piece
from tintype.errors import RefusalError
from tintype.server.json_answers import AnswerFormat, shaped
from tintype.server.schemas import misfit, objection
from tintype.server.streaming import until_stop

PERSON: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 5},
        "age": {"type": ["integer", "null"], "minimum": 0, "exclusiveMaximum": 150},
        "friends": {"type": "array", "items": {"$ref": "#"}, "maxItems": 2},
        "mood": {"$ref": "#/$defs/mood"},
        "score": {"type": "number", "multipleOf": 0.5},
        "id": {"anyOf": [{"type": "string"}, {"const": 7}]},
    },
    "required": ["name"],
    "additionalProperties": False,
    "$defs": {"mood": {"enum": ["good", "bad", 1, None]}},
}


@pytest.mark.parametrize(
    ("value", "flaw"),
    [
        ({"name": "Ann"}, ""),
        ({"name": "Ann", "age": None, "mood": "bad", "score": 1.5, "id": 7}, ""),
        ({"name": "Ann", "friends": [{"name": "Bob", "friends": []}]}, ""),
        ({"name": "Ann", "age": 3.0}, ""),
        ("Ann", "$ is not of type object"),
        ({}, "$.name is missing"),
        ({"name": ""}, "$.name is too short"),
        ({"name": "Annabel"}, "$.name is too long"),
        ({"name": "Ann", "age": 3.5}, "$.age is not of type integer or null"),
        ({"name": "Ann", "age": True}, "$.age is not of type integer or null"),
        ({"name": "Ann", "age": -1}, "$.age is too small"),
        ({"name": "Ann", "age": 150}, "$.age is too large"),
        ({"name": "Ann", "score": 1.25}, "$.score is no multiple"),
        ({"name": "Ann", "mood": True}, "$.mood is none of 'good', 'bad', 1, None"),
        ({"name": "Ann", "id": 8}, "$.id is not of type string"),
        ({"name": "Ann", "extra": 1}, "$.extra is not allowed"),
        ({"name": "Ann", "friends": [{}]}, "$.friends[0].name is missing"),
        ({"name": "Ann", "friends": [{"name": "B"}] * 3}, "$.friends is too long"),
    ],
)
def test_a_value_fits_or_the_misfit_is_named(value: Any, flaw: str) -> None:
    assert objection(PERSON) == ""
    assert misfit(value, PERSON, PERSON) == flaw


@pytest.mark.parametrize(
    "schema", [{"$ref": "#"}, {"$ref": "#/nowhere"}, {"$ref": "http://x"}, {"items": False}]
)
def test_a_reference_that_leads_nowhere_fits_nothing_and_ends(schema: Any) -> None:
    assert misfit([1], schema, schema)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
WORDS = [
    "type",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "enum",
    "const",
    "anyOf",
    "$ref",
    "minimum",
    "multipleOf",
    "minLength",
    "$defs",
    "pattern",
]


@given(schema=st.dictionaries(st.sampled_from(WORDS) | st.text(), JSON), value=JSON)
def test_any_schema_is_objected_to_or_judges_any_value(schema: dict[str, Any], value: Any) -> None:
    if not objection(schema):
        assert isinstance(misfit(value, schema, schema), str)


@given(text=st.text())
def test_any_answer_fills_a_schema_of_one_string(text: str) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
    found = json.loads(shaped(text, AnswerFormat("json_schema", schema)))
    assert found == {"a": text} or found == json.loads(text)


@given(text=st.text())
def test_no_other_answer_passes_for_an_object(text: str) -> None:
    with suppress(RefusalError):
        formed = shaped(text, AnswerFormat("json_object", {"type": "object"}))
        assert isinstance(json.loads(formed), dict)


async def pieces(texts: Sequence[str]) -> AsyncGenerator[Piece, None]:
    for number, text in enumerate(texts, start=1):
        yield Piece(text, 1, "length" if number == len(texts) else None)


@given(
    texts=st.lists(st.text("ab", max_size=3), min_size=1, max_size=12),
    stops=st.lists(st.text("ab", min_size=1, max_size=3), max_size=3),
)
async def test_text_is_cut_where_the_first_stop_begins_however_it_arrives(
    texts: list[str], stops: list[str]
) -> None:
    found = [piece async for piece in until_stop(pieces(texts), stops)]
    whole = "".join(texts)
    ends = [at for stop in stops if (at := whole.find(stop)) >= 0]
    shown = "".join(piece.text for piece in found)
    reason = next((piece.finish_reason for piece in found if piece.finish_reason), None)
    if ends:
        assert reason == "stop"
        assert whole.startswith(shown)
        assert not any(stop in shown for stop in stops)
    else:
        assert (shown, reason) == (whole, "length")
