"""A line is one JSON object of the shape that fine-tuning takes; else it is said what it is."""

from collections.abc import Callable
from typing import Any

import pytest

from tintype.rules import Problem

Judge = Callable[..., tuple[Problem, ...]]
Row = Callable[..., dict[str, Any]]


def only(problems: tuple[Problem, ...]) -> Problem:
    assert len(problems) == 1, problems
    return problems[0]


def test_a_good_row_has_no_problems(judge: Judge, make_row: Row) -> None:
    assert judge(make_row()) == ()


@pytest.mark.parametrize(
    "raw", [b"", b"{", b'{"messages": [}', b"\x00\x01", b"\xff\xfe{\x00}\x00", b'{"a": NaN}']
)
def test_a_line_that_is_no_json_is_named_in_openais_words(judge: Judge, raw: bytes) -> None:
    problem = only(judge(None, raw=raw, index=1_272))
    assert (problem.rule, problem.severity, problem.line) == ("json", "error", 1_273)
    assert problem.message.startswith(
        "Example 1273 cannot be parsed. Error: line contains invalid json: "
    )


@pytest.mark.parametrize("value", [[], [{"messages": []}], "text", 3, None, True, [[1] * 500]])
def test_a_line_that_is_no_object_is_named_in_openais_words(judge: Judge, value: Any) -> None:
    problem = only(judge(value))
    assert problem.rule == "not_object"
    assert "Line 1 is not a dictionary (HINT: line starts with: " in problem.message
    assert len(problem.message) < 200


@pytest.mark.parametrize(
    ("value", "fix"),
    [
        ({"prompt": "a", "completion": "b"}, "prompt and completion"),
        (
            {"input": {"messages": []}, "preferred_output": [], "non_preferred_output": []},
            "preference row",
        ),
        ({"custom_id": "1", "method": "POST", "url": "/v1", "body": {}}, "Batch API"),
        ({"conversations": []}, "ShareGPT"),
        ({"contents": []}, "Gemini"),
        ({"instruction": "", "output": ""}, "Alpaca"),
        ({"image": "a.jpg", "question": "q", "answer": "a"}, "columns"),
        ({"input": []}, "Responses"),
        ({}, ""),
    ],
)
def test_other_shapes_are_recognised(judge: Judge, value: Any, fix: str) -> None:
    problem = next(p for p in judge(value) if p.rule == "messages_missing")
    assert problem.message == "Example 1 is missing key 'messages'"
    assert fix in problem.fix


def test_keys_beside_the_messages_are_refused(judge: Judge, make_row: Row) -> None:
    problem = only(judge(make_row(weight=1)))
    assert (problem.rule, problem.severity) == ("extra_key", "error")
    assert problem.message == "Example 1 contains an extra 'weight'."
    assert "assistant message" in problem.fix


def test_tools_may_stand_beside_the_messages(judge: Judge, make_row: Row) -> None:
    tool = {"type": "function", "function": {"name": "look", "parameters": {}}}
    assert judge(make_row(tools=[tool], parallel_tool_calls=False)) == ()


def test_what_parsers_read_differently_is_a_warning(judge: Judge) -> None:
    raw = (
        b'{"messages": [{"role": "user", "content": "a"}, '
        b'{"role": "assistant", "content": "b", "content": "c"}]}'
    )
    problem = only(judge(None, raw=raw))
    assert (problem.rule, problem.severity) == ("ambiguous", "warning")


def test_hostile_text_is_shown_and_not_obeyed(judge: Judge, make_row: Row) -> None:
    problem = only(judge(make_row(**{"\x1b[31m\u202ered" + "x" * 200: 1})))
    assert "\x1b" not in problem.message + problem.place
    assert "\u202e" not in problem.message + problem.place
    assert "\\x1b[31m" in problem.message
    assert len(problem.message) < 200
