"""A row costs its text, the overhead of its messages, and its images at each level of detail."""

from dataclasses import dataclass
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tintype.dataset.example import ImagePart, Row
from tintype.images import ImageFacts
from tintype.tokens import NOTHING, Range, model_tokens, row_tokens, text_tokens

# The conversation that OpenAI's Cookbook counts ("How to count tokens with tiktoken").
CONVERSATION = [
    {
        "role": "system",
        "content": "You are a helpful, pattern-following assistant that translates corporate "
        "jargon into plain English.",
    },
    {
        "role": "system",
        "name": "example_user",
        "content": "New synergies will help drive top-line growth.",
    },
    {
        "role": "system",
        "name": "example_assistant",
        "content": "Things working well together will increase revenue.",
    },
    {
        "role": "system",
        "name": "example_user",
        "content": "Let's circle back when we have more bandwidth to touch base on opportunities "
        "for increased leverage.",
    },
    {
        "role": "system",
        "name": "example_assistant",
        "content": "Let's talk later when we're less busy about how to do better.",
    },
    {
        "role": "user",
        "content": "This late pivot means we don't have time to boil the ocean for the client "
        "deliverable.",
    },
]


@dataclass(frozen=True)
class Size:
    width: int
    height: int


def row(value: Any, *details: str) -> Row:
    images = tuple(
        ImagePart(
            ordinal, "url", f"messages[0].content[{ordinal}]", "http://x/a.png", detail=detail
        )
        for ordinal, detail in enumerate(details)
    )
    return Row(0, 1, 0, 0, value, images)


def test_the_cookbooks_conversation_counts_as_published() -> None:
    value = {"messages": CONVERSATION}
    assert text_tokens(value, model_tokens("gpt-4")).high == 129
    assert text_tokens(value, model_tokens("gpt-4o")) == Range(121, 121, 124)


def test_content_may_be_parts() -> None:
    rule = model_tokens("gpt-4o")
    plain = {"messages": [{"role": "user", "content": "What is this cheese?"}]}
    parts = {
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What is this cheese?"},
                    {"type": "image_url", "image_url": {"url": "http://x/a.png"}},
                ],
            }
        ]
    }
    assert text_tokens(plain, rule) == text_tokens(parts, rule) == Range(9, 9, 12)


def test_the_three_tokens_that_begin_the_reply_are_in_doubt() -> None:
    counted = text_tokens({"messages": [{"role": "user", "content": "Hi"}]}, model_tokens("gpt-4o"))
    assert counted.high - counted.low == 3


def test_tools_count_their_words_at_least_and_their_json_at_most() -> None:
    tool = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
    rule = model_tokens("gpt-4o")
    without = text_tokens({"messages": CONVERSATION}, rule)
    counted = text_tokens({"messages": CONVERSATION, "tools": [tool]}, rule)
    assert without.low < counted.low < counted.high
    call = {"id": "1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    called = text_tokens({"messages": [{"role": "assistant", "tool_calls": [call]}]}, rule)
    assert 4 < called.low < called.high


def test_images_are_counted_at_each_level_of_detail() -> None:
    rule = model_tokens("gpt-4o")
    counted = row_tokens(
        row({"messages": []}, "low", "high"), (Size(1024, 1024), Size(512, 512)), rule
    )
    assert counted.as_is == Range(85 + 255, 85 + 255, 85 + 765)
    assert counted.low == Range.exactly(170)
    assert counted.high == Range(1_020, 1_020, 1_530)
    assert counted.total("low") == Range.exactly(170)


def test_facts_serve_as_sizes() -> None:
    facts = ImageFacts(10, width=1024, height=768)
    assert row_tokens(row(None, "auto"), (facts,), model_tokens("gpt-4o")).as_is.likely == 765


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["messages", "role", "content", "name", "tools", "tool_calls", "text", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(json_values)
def test_any_json_can_be_counted(value: Any) -> None:
    rule = model_tokens("gpt-4o")
    for counted in (text_tokens(value, rule), text_tokens({"messages": [value]}, rule)):
        assert 0 <= counted.low <= counted.likely <= counted.high


def test_what_is_no_chat_counts_nothing() -> None:
    shapes: list[Any] = [None, [], "text", {"prompt": "a", "completion": "b"}, {"messages": {}}]
    for value in shapes:
        assert text_tokens(value, model_tokens("gpt-4o")) == NOTHING
