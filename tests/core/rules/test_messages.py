"""Messages have known roles and keys, in an order that makes sense, and something to learn."""

from collections.abc import Callable
from typing import Any

import pytest

from tintype.rules import Problem

Judge = Callable[..., tuple[Problem, ...]]

USER = {"role": "user", "content": "What is it?"}
ANSWER = {"role": "assistant", "content": "A pear."}
CALL = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}


def chat(*messages: Any) -> dict[str, Any]:
    return {"messages": list(messages)}


def rules(problems: tuple[Problem, ...]) -> set[tuple[str, str]]:
    return {(problem.rule, problem.severity) for problem in problems}


@pytest.mark.parametrize(
    "messages",
    [
        [USER, ANSWER],
        [{"role": "system", "content": "Be brief."}, USER, ANSWER],
        [USER, ANSWER, USER, ANSWER],
        [USER, {**ANSWER, "weight": 0}, USER, {**ANSWER, "weight": 1}],
        [USER, {**ANSWER, "weight": 1.0, "name": "ada_1"}],
        [USER, {**ANSWER, "refusal": None, "tool_calls": None, "function_call": None}],
        [USER, {"role": "assistant", "content": None, "refusal": "No."}],
        [USER, {"role": "assistant", "content": [{"type": "text", "text": "A pear."}]}],
        [USER, {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]}],
        [
            USER,
            {"role": "assistant", "tool_calls": [CALL]},
            {"role": "tool", "tool_call_id": "c1", "content": "green"},
            ANSWER,
        ],
        [USER, USER, ANSWER],
        [USER, {"role": "assistant", "tool_calls": [CALL]}],
    ],
)
def test_good_conversations_pass(judge: Judge, messages: list[Any]) -> None:
    assert judge(chat(*messages)) == ()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"messages": None}, "no list"),
        ({"messages": {}}, "no list"),
        ({"messages": []}, "an empty list"),
        (chat(USER, "text", ANSWER), "message 2 is not a dictionary"),
    ],
)
def test_messages_are_a_list_of_objects(judge: Judge, value: Any, expected: str) -> None:
    (problem,) = judge(value)
    assert (problem.rule, problem.severity) == ("messages_shape", "error")
    assert expected in problem.message


def test_a_missing_role_is_named_in_openais_words(judge: Judge) -> None:
    problems = judge(chat(USER, {"content": "x"}, ANSWER), index=99)
    assert problems[0].message == "Example 100, message 2 Discriminator 'role' is missing in value"
    assert problems[0].place == "messages[1]"
    assert problems[0].line == 100


@pytest.mark.parametrize(
    ("role", "fix"),
    [("developer", "system"), ("gpt", "assistant"), ("judge", ""), (3, ""), ([], "")],
)
def test_an_unknown_role_is_named(judge: Judge, role: Any, fix: str) -> None:
    problem = judge(chat({"role": role, "content": "x"}, USER, ANSWER))[0]
    assert (problem.rule, problem.severity) == ("role", "error")
    assert "does not match any of the expected tags: 'system', 'user'" in problem.message
    assert fix in problem.fix


@pytest.mark.parametrize(
    ("message", "key"),
    [
        ({**USER, "weight": 1}, "weight"),
        ({**USER, "tool_calls": [CALL]}, "tool_calls"),
        ({**USER, "timestamp": 3}, "timestamp"),
        ({"role": "system", "content": "x", "weight": 0}, "weight"),
    ],
)
def test_a_key_that_the_role_does_not_have_is_extra(judge: Judge, message: Any, key: str) -> None:
    problems = judge(chat(message, USER, ANSWER))
    assert problems[0].message == f"Example 1, message 1 contains an extra '{key}'."
    assert problems[0].rule == "message_key"


@pytest.mark.parametrize("weight", [0.5, 2, -1, True, "1", [], 10**400, 1e308])
def test_a_weight_is_0_or_1(judge: Judge, weight: Any) -> None:
    problems = judge(chat(USER, {**ANSWER, "weight": weight}))
    assert ("weight", "error") in rules(problems)
    assert all(len(problem.message) < 200 for problem in problems)


def test_names_are_short_words(judge: Judge) -> None:
    assert rules(judge(chat({**USER, "name": "Ada Lovelace"}, ANSWER))) == {("name", "warning")}
    assert rules(judge(chat({**USER, "name": 3}, ANSWER))) == {("name", "error")}


def test_there_must_be_an_answer(judge: Judge) -> None:
    (problem,) = judge(chat(USER))
    assert (problem.rule, problem.severity) == ("no_answer", "error")
    (problem,) = judge(chat(USER, {**ANSWER, "weight": 0}))
    assert problem.rule == "no_answer"
    assert "every weight is 0" in problem.message


def test_the_answer_comes_last_and_the_question_first(judge: Judge) -> None:
    assert rules(judge(chat(USER, ANSWER, USER))) == {("order", "warning")}
    assert rules(judge(chat(ANSWER, USER, ANSWER))) == {("order", "warning")}
    late = {"role": "system", "content": "Be brief."}
    assert rules(judge(chat(USER, late, ANSWER))) == {("order", "warning")}


@pytest.mark.parametrize("role", ["user", "assistant", "system"])
def test_control_tokens_are_named_in_openais_words(judge: Judge, role: str) -> None:
    marked = {"role": role, "content": "a <|fim_suffix|> b <|fim_suffix|>"}
    problems = [p for p in judge(chat(marked, USER, ANSWER)) if p.severity == "error"]
    assert [problem.message for problem in problems] == [
        "Example 1 message contains an invalid token: <|fim_suffix|>."
    ]


@pytest.mark.parametrize(
    "content",
    [
        None,
        3,
        {},
        [],
        ["text"],
        [{}],
        [{"type": "text"}],
        [{"type": "text", "text": None}],
        [{"type": "video", "text": "x"}],
        [{"type": "text", "text": "x", "extra": 1}],
        [{"type": "image_url"}],
        [{"type": "image_url", "image_url": "http://x.example/a.png"}],
        [{"type": "image_url", "image_url": {"url": 3}}],
        [{"type": "image_url", "image_url": {"detail": "low"}}],
        [{"type": "refusal", "refusal": "No."}],
    ],
)
def test_content_of_a_wrong_shape_is_an_error(judge: Judge, content: Any) -> None:
    problems = judge(chat({"role": "user", "content": content}, ANSWER))
    assert ("content", "error") in rules(problems)
    assert all(problem.place.startswith("messages[0]") for problem in problems)


def test_the_wrong_image_part_is_shown_the_right_one(judge: Judge) -> None:
    part = {"type": "image", "image_url": "https://x.example/a.png"}
    problems = judge(chat({"role": "user", "content": [part]}, ANSWER))
    assert any('{"type": "image_url"' in problem.fix for problem in problems)


@pytest.mark.parametrize("content", ["", "  \n", [{"type": "text", "text": ""}]])
def test_an_empty_answer_is_a_warning(judge: Judge, content: Any) -> None:
    problems = judge(chat(USER, {"role": "assistant", "content": content}))
    assert rules(problems) == {("empty_answer", "warning")}


def test_an_answer_of_nothing_at_all_is_an_error(judge: Judge) -> None:
    assert ("content", "error") in rules(judge(chat(USER, {"role": "assistant"})))


@pytest.mark.parametrize(
    ("more", "severity"),
    [
        ({"tools": {}}, "error"),
        ({"tools": [{}]}, "error"),
        ({"tools": [{"type": "function", "function": {"name": "two words"}}]}, "error"),
        ({"tools": [{"type": "function", "function": {"name": "f", "parameters": 3}}]}, "error"),
        ({"tools": [{"type": "function", "function": {"name": "f"}}] * 129}, "error"),
        ({"parallel_tool_calls": "yes"}, "error"),
        ({"parallel_tool_calls": True}, "warning"),
        ({"functions": [{"name": "f"}]}, "warning"),
    ],
)
def test_tools_are_declared_right(judge: Judge, more: dict[str, Any], severity: str) -> None:
    assert rules(judge({**chat(USER, ANSWER), **more})) == {("tools", severity)}


@pytest.mark.parametrize(
    "calls",
    [
        {},
        [],
        [{}],
        [{**CALL, "type": "retrieval"}],
        [{**CALL, "function": {"name": "f"}}],
        [{**CALL, "function": {"name": "f", "arguments": {"a": 1}}}],
        [{**CALL, "function": {"name": "f", "arguments": "{a: 1}"}}],
        [{**CALL, "function": {"name": "f", "arguments": "[" * 100_000}}],
    ],
)
def test_calls_are_made_right(judge: Judge, calls: Any) -> None:
    problems = judge(chat(USER, {**ANSWER, "tool_calls": calls}))
    assert rules(problems) == {("tool_calls", "error")}


def test_a_tool_answers_a_call_made_before_it(judge: Judge) -> None:
    orphan = {"role": "tool", "tool_call_id": "c9", "content": "green"}
    problems = judge(chat(USER, {"role": "assistant", "tool_calls": [CALL]}, orphan, ANSWER))
    assert rules(problems) == {("tool_calls", "error")}
    assert "'c9'" in problems[0].message


def test_places_count_every_message_also_what_is_no_object(judge: Judge) -> None:
    system = {"role": "system", "content": "Be kind."}
    user, answer = {"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}
    (late,) = (p for p in judge({"messages": [7, user, None, system, answer]}) if p.rule == "order")
    assert late.place == "messages[3]"
    assert "message 4" in late.message
    (early,) = (p for p in judge({"messages": ["x", answer, user, answer]}) if p.rule == "order")
    assert early.place == "messages[1]"


def test_the_developer_role_is_one_of_requests_and_not_of_training_rows(judge: Judge) -> None:
    told = {"role": "developer", "content": "Be kind."}
    rows = [told, {"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    (problem,) = judge({"messages": rows})
    assert (problem.rule, problem.severity, problem.place) == ("role", "error", "messages[0].role")
    assert "Call it system" in problem.fix
