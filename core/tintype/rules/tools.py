"""Rules for tools: how they are declared, called and answered.

Source: OpenAI's specification of 2025-04-29, schemas `ChatCompletionTool`,
`ChatCompletionMessageToolCall` and `ChatCompletionFunctions`.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from tintype.rules.case import Case
from tintype.rules.messages import where
from tintype.rules.problem import Problem, quoted

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_MOST = 128


def are_declared_right(case: Case) -> Iterator[Problem]:
    """`tools` is a list of functions, each with a name."""
    value = case.row.value
    tools = value.get("tools") if isinstance(value, dict) else None
    if tools is None:
        return
    if not isinstance(tools, list):
        text = f"Example {case.number}: 'tools' is not a list."
        yield case.problem("tools", "error", text, place="tools")
        return
    if len(tools) > _MOST:
        text = f"Example {case.number} declares {len(tools)} tools; at most {_MOST} are taken."
        yield case.problem("tools", "error", text, place="tools")
    for at, tool in enumerate(tools[:_MOST]):
        fault = _tool(tool)
        if fault:
            text = f"Example {case.number}, tool {at + 1}: {fault}"
            yield case.problem("tools", "error", text, place=f"tools[{at}]")


def use_the_present_form(case: Case) -> Iterator[Problem]:
    """`functions` and `function_call` still work, but `tools` and `tool_calls` took their place."""
    value = case.row.value
    old = isinstance(value, dict) and value.get("functions") is not None
    if old or any(message.get("function_call") for _, message in case.messages):
        text = f"Example {case.number} uses 'functions', which has been replaced by 'tools'."
        fix = "Use tools and tool_calls."
        yield case.problem("tools", "warning", text, fix=fix)


def parallel_is_a_truth_value(case: Case) -> Iterator[Problem]:
    """`parallel_tool_calls` is true or false, and there are tools to call."""
    value = case.row.value
    parallel = value.get("parallel_tool_calls") if isinstance(value, dict) else None
    if parallel is None:
        return
    place = "parallel_tool_calls"
    if not isinstance(parallel, bool):
        text = f"Example {case.number}: 'parallel_tool_calls' is neither true nor false."
        yield case.problem("tools", "error", text, place=place)
    elif not value.get("tools"):
        text = f"Example {case.number}: 'parallel_tool_calls' is set without tools."
        yield case.problem("tools", "warning", text, place=place)


def are_called_right(case: Case) -> Iterator[Problem]:
    """Every call has an id, and a function with a name and arguments in JSON."""
    for at, message in case.messages:
        calls = message.get("tool_calls")
        if calls is None or message.get("role") != "assistant":
            continue
        if not isinstance(calls, list) or not calls:
            text = f"{where(case, at)}: 'tool_calls' is not a list of calls."
            yield case.problem("tool_calls", "error", text, place=f"messages[{at}].tool_calls")
            continue
        for number, call in enumerate(calls):
            fault = _call(call)
            if fault:
                place = f"messages[{at}].tool_calls[{number}]"
                text = f"{where(case, at)}, call {number + 1}: {fault}"
                yield case.problem("tool_calls", "error", text, place=place)


def are_answered_after_the_call(case: Case) -> Iterator[Problem]:
    """A tool's message answers a call that was made before it."""
    called: set[str] = set()
    for at, message in case.messages:
        calls = message.get("tool_calls")
        for call in calls if isinstance(calls, list) else ():
            identity = call.get("id") if isinstance(call, dict) else None
            if isinstance(identity, str):
                called.add(identity)
        answered = message.get("tool_call_id")
        if message.get("role") == "tool" and (
            not isinstance(answered, str) or answered not in called
        ):
            text = f"{where(case, at)}: there is no call {quoted(answered)} before it."
            place = f"messages[{at}].tool_call_id"
            yield case.problem("tool_calls", "error", text, place=place)


def _tool(tool: Any) -> str:
    if not isinstance(tool, dict) or tool.get("type") != "function":
        return "its type is not 'function'."
    return _function(tool.get("function"))


def _function(function: Any) -> str:
    if not isinstance(function, dict):
        return "it has no function."
    name = function.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        return f"the name {quoted(name)} is not 1 to 64 letters, digits, _ and -."
    parameters = function.get("parameters")
    if parameters is not None and not isinstance(parameters, dict):
        return "its parameters are not a JSON schema."
    return ""


def _call(call: Any) -> str:
    if not isinstance(call, dict) or not isinstance(call.get("id"), str):
        return "it has no id."
    if call.get("type") != "function" or not isinstance(call.get("function"), dict):
        return "it has no function to call."
    arguments = call["function"].get("arguments")
    if not isinstance(call["function"].get("name"), str) or not isinstance(arguments, str):
        return "its function lacks a name, or arguments that are a string."
    try:
        json.loads(arguments)
    except (ValueError, RecursionError):
        return "its arguments are not JSON; the model would learn to write them this way."
    return ""


RULES = (
    are_declared_right,
    use_the_present_form,
    parallel_is_a_truth_value,
    are_called_right,
    are_answered_after_the_call,
)
