"""Rules for messages: their roles, their order, and whether there is something to learn.

Sources: OpenAI's specification of 2025-04-29, schema `FineTuneChatRequestInput` and those it names;
the Cookbook's "Data preparation and analysis for chat model fine-tuning"; error messages that users
reported. Where OpenAI's wording is known, it is used.

The schema of a training row lists system, user, assistant, tool and function, and no developer
role, though the same specification has one for requests. No later word of any provider was found.
"""

import itertools
import re
from collections.abc import Iterator
from typing import Any

from tintype.rules.case import MOST_MESSAGES, Case
from tintype.rules.problem import Problem, quoted
from tintype.tokens import content_texts, special_tokens

_COMMON = frozenset({"role", "content", "name"})
MESSAGE_KEYS: dict[str, frozenset[str]] = {
    "system": _COMMON,
    "user": _COMMON,
    "assistant": _COMMON | {"refusal", "audio", "tool_calls", "function_call", "weight"},
    "tool": frozenset({"role", "content", "tool_call_id"}),
    "function": _COMMON,
}
_ROLES = ", ".join(f"'{role}'" for role in MESSAGE_KEYS)
_OTHER_ROLES = {
    "developer": "Call it system: requests have a developer role, training rows have none.",
    "human": "Call it user.",
    "gpt": "Call it assistant.",
    "model": "Call it assistant.",
    "bot": "Call it assistant.",
    "ai": "Call it assistant.",
}
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def where(case: Case, at: int) -> str:
    """The beginning of a sentence about a message, as OpenAI begins it."""
    return f"Example {case.number}, message {at + 1}"


def are_a_list(case: Case) -> Iterator[Problem]:
    """Messages are a list of objects, and there is one at least."""
    value = case.row.value
    if not isinstance(value, dict) or "messages" not in value:
        return
    messages = value["messages"]
    if not isinstance(messages, list) or not messages:
        what = "an empty list" if messages == [] else "no list"
        message = f"Example {case.number}: 'messages' is {what}."
        yield case.problem("messages_shape", "error", message, place="messages")
        return
    if len(messages) > MOST_MESSAGES:
        text = (
            f"Example {case.number} has {len(messages):,} messages; {MOST_MESSAGES:,} were checked."
        )
        yield case.problem("messages_shape", "warning", text, place="messages")
    for at, item in enumerate(messages[:MOST_MESSAGES]):
        if not isinstance(item, dict):
            message = f"{where(case, at)} is not a dictionary"
            yield case.problem("messages_shape", "error", message, place=f"messages[{at}]")


def have_roles(case: Case) -> Iterator[Problem]:
    """Every message has a role, and one of the known ones."""
    for at, message in case.messages:
        role = message.get("role")
        if role is None:
            text = f"{where(case, at)} Discriminator 'role' is missing in value"
            yield case.problem("role", "error", text, place=f"messages[{at}]")
        elif not isinstance(role, str) or role not in MESSAGE_KEYS:
            text = (
                f"{where(case, at)} Input tag {quoted(role)} found using 'role' does not match any "
                f"of the expected tags: {_ROLES}"
            )
            fix = _OTHER_ROLES.get(role.lower(), "") if isinstance(role, str) else ""
            yield case.problem("role", "error", text, place=f"messages[{at}].role", fix=fix)


def have_no_other_keys(case: Case) -> Iterator[Problem]:
    """A message holds only what its role may hold; null is as good as absent."""
    for at, message in case.messages:
        known = MESSAGE_KEYS.get(_role(message))
        for key in message if known is not None else ():
            if known is not None and key not in known and message[key] is not None:
                text = f"{where(case, at)} contains an extra {quoted(key)}."
                fix = "Only assistant messages have a weight." if key == "weight" else "Remove it."
                place = f"messages[{at}]"
                yield case.problem("message_key", "error", text, place=place, fix=fix)


def have_right_weights(case: Case) -> Iterator[Problem]:
    """A weight is 0 or 1: there are no fractions, and none for images."""
    for at, message in case.messages:
        weight = message.get("weight")
        if weight is None or _role(message) != "assistant":
            continue
        if isinstance(weight, bool) or not isinstance(weight, int | float) or weight not in (0, 1):
            shown = f"{weight:.6g}" if isinstance(weight, float) else quoted(str(weight)[:40])
            text = f"{where(case, at)} has the weight {shown}; it must be 0 or 1."
            place = f"messages[{at}].weight"
            fix = "0 excludes the message from training, 1 (or no weight) includes it."
            yield case.problem("weight", "error", text, place=place, fix=fix)


def have_right_names(case: Case) -> Iterator[Problem]:
    """A name is a short word of letters, digits, _ and -."""
    for at, message in case.messages:
        name = message.get("name")
        if name is None:
            continue
        place = f"messages[{at}].name"
        if not isinstance(name, str):
            text = f"{where(case, at)}: 'name' is not a string."
            yield case.problem("name", "error", text, place=place)
        elif not _NAME.fullmatch(name):
            text = f"{where(case, at)}: the name {quoted(name)} may be refused."
            fix = "Use up to 64 letters, digits, _ and -."
            yield case.problem("name", "warning", text, place=place, fix=fix)


def hold_an_answer(case: Case) -> Iterator[Problem]:
    """There is an assistant message to learn from."""
    if not case.messages:
        return
    weights = [m.get("weight") for _, m in case.messages if _role(m) == "assistant"]
    if not weights:
        text = f"Example {case.number} has no message from the assistant."
        fix = "Add the answer that the model is to learn as the last message."
        yield case.problem("no_answer", "error", text, place="messages", fix=fix)
    elif all(weight == 0 and weight is not None for weight in weights):
        text = f"Example {case.number} has no assistant message to learn from: every weight is 0."
        fix = "Give one assistant message the weight 1, or remove the example."
        yield case.problem("no_answer", "error", text, place="messages", fix=fix)


def end_with_an_answer(case: Case) -> Iterator[Problem]:
    """Nothing stands after the last answer: it would cost and teach nothing."""
    roles = [_role(message) for _, message in case.messages]
    if "assistant" in roles and roles[-1] != "assistant":
        text = f"Example {case.number} ends with a message from {quoted(roles[-1])}."
        fix = "End with the assistant's answer; what comes after it is not trained on."
        place = f"messages[{case.messages[-1][0]}]"
        yield case.problem("order", "warning", text, place=place, fix=fix)


def begin_with_a_question(case: Case) -> Iterator[Problem]:
    """A system message comes first, and something is asked before it is answered."""
    first = {_role(message): at for at, message in reversed(case.messages)}
    user, answer = first.get("user", MOST_MESSAGES), first.get("assistant")
    late = (at for at, message in case.messages if _role(message) == "system" and at > user)
    for at in itertools.islice(late, 1):
        text = f"{where(case, at)}: a system message comes after a user message."
        fix = "Put it first, as it will be when you ask the model."
        yield case.problem("order", "warning", text, place=f"messages[{at}]", fix=fix)
    if answer is not None and user > answer:
        text = f"Example {case.number} has an answer before the first question."
        yield case.problem("order", "warning", text, place=f"messages[{answer}]")


def are_free_of_control_tokens(case: Case) -> Iterator[Problem]:
    """No text spells out a token that steers the model."""
    for at, message in case.messages:
        found = dict.fromkeys(t for text in content_texts(message) for t in special_tokens(text))
        for token in found:
            text = f"Example {case.number} message contains an invalid token: {token}."
            place = f"messages[{at}]"
            fix = "Remove it, or break it up with a space."
            yield case.problem("special_token", "error", text, place=place, fix=fix)


def _role(message: dict[str, Any]) -> str:
    role = message.get("role")
    return role if isinstance(role, str) else ""


RULES = (
    are_a_list,
    have_roles,
    have_no_other_keys,
    have_right_weights,
    have_right_names,
    hold_an_answer,
    end_with_an_answer,
    begin_with_a_question,
    are_free_of_control_tokens,
)
