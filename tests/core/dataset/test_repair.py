"""Rows of other dialects become chat rows, and no image is lost on the way."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype.dataset.repair import repaired
from tintype.errors import DatasetError

PNG = "iVBORw0KGgo" + "A" * 101
URL = f"data:image/png;base64,{PNG}"


def image(url: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url}}


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def chat(*content: Any, answer: Any = "A") -> dict[str, Any]:
    return {
        "messages": [
            {"role": "user", "content": list(content)},
            {"role": "assistant", "content": answer},
        ]
    }


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        # LLaMA-Factory, ms-swift: messages, with the images in a list beside them
        ({"messages": [{"role": "user", "content": "<image>What?"},
                       {"role": "assistant", "content": "A"}], "images": ["a.jpg"]},
         chat(image("a.jpg"), text("What?"))),
        ({"messages": [{"role": "user", "content": "Is <image> left of <image>?"},
                       {"role": "assistant", "content": "A"}], "images": ["a.jpg", "b.jpg"]},
         chat(text("Is "), image("a.jpg"), text(" left of "), image("b.jpg"), text("?"))),
        # LLaVA, ShareGPT
        ({"id": "7", "image": "a.jpg", "conversations": [
            {"from": "human", "value": "What?\n<image>"}, {"from": "gpt", "value": "A"}]},
         chat(text("What?"), image("a.jpg"))),
        # no placeholder: the images come before the first question
        ({"image": "a.jpg", "conversations": [
            {"from": "human", "value": "What?"}, {"from": "gpt", "value": "A"}]},
         chat(image("a.jpg"), text("What?"))),
        # TRL: parts of type image without one
        ({"messages": [{"role": "user", "content": [{"type": "image"}, text("What?")]},
                       {"role": "assistant", "content": [text("A")]}], "images": ["a.jpg"]},
         chat(image("a.jpg"), text("What?"), answer=[text("A")])),
        # PaliGemma, Hugging Face's bytes, ms-swift's query, Alpaca
        ({"image": "a.jpg", "prefix": "detect cat", "suffix": "A"},
         chat(image("a.jpg"), text("detect cat"))),
        ({"image": {"bytes": PNG, "path": "a.png"}, "question": "Q", "answer": "A"},
         chat(image(URL), text("Q"))),
        ({"query": "<image>Q", "response": "A", "images": [{"path": "a.jpg", "bytes": None}]},
         chat(image("a.jpg"), text("Q"))),
        ({"instruction": "Do", "input": "this", "output": "A", "images": ["a.jpg"]},
         chat(image("a.jpg"), text("Do\nthis"))),
        # parts in other words
        (chat({"type": "input_text", "text": "Q"}, {"type": "input_image", "image_url": URL}),
         chat(text("Q"), image(URL))),
        (chat(text("Q"), {"type": "image_url", "image_url": URL}), chat(text("Q"), image(URL))),
        (chat(text("Q"), {"type": "image", "image": "a.jpg"}), chat(text("Q"), image("a.jpg"))),
        (chat(text("Q"), image(PNG)), chat(text("Q"), image(URL))),
        (chat(text("Q"), image(f"data:image/png;base64,b'{PNG}'")), chat(text("Q"), image(URL))),
        # an image in a text
        (chat(text(f"Look: ![]({URL}) What?")),
         chat(text("Look: ![]("), image(URL), text(") What?"))),
        (chat(text(f"Here is the image: {PNG}\nWhat?")),
         chat(text("Here is the image: "), image(URL), text("What?"))),
        ({"messages": [{"role": "user", "content": URL}, {"role": "assistant", "content": "A"}]},
         chat(image(URL))),
    ],
)  # fmt: skip
def test_every_dialect_becomes_chat(row: dict[str, Any], expected: dict[str, Any]) -> None:
    found = repaired(row)
    assert found == expected
    assert repaired(found) is found


def test_a_system_prompt_beside_the_conversation_leads_it() -> None:
    row = {"system": "S", "conversations": [{"from": "human", "value": "Q"}], "tools": [1]}
    assert repaired(row) == {
        "messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "Q"}],
        "tools": [1],
    }


@pytest.mark.parametrize(
    "row",
    [
        chat(text("Q"), image("https://e.org/a.png"), text("<image>")),
        {"messages": [{"role": "user", "content": "naïve"}], "b": 2, "id": 10**30},
        {"messages": [{"role": "assistant", "content": None, "tool_calls": [{}]}]},
        {"messages": [{"role": "assistant", "refusal": "no", "weight": 1}]},
        {"messages": []},
    ],
)
def test_chat_rows_stay_as_they_are(row: dict[str, Any]) -> None:
    assert repaired(row) is row


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"messages": [{"role": "user", "content": "<image><image>"}], "images": ["a.jpg"]},
         "more places for images than there are images"),
        ({"messages": [{"role": "user", "content": "<image>"}], "images": ["a.jpg", "b.jpg"]},
         "1 places for images, but there are 2"),
        ({"messages": [{"role": "assistant", "content": "A"}], "images": ["a.jpg"]},
         "no question about it"),
        ({"a": 1}, "neither a conversation nor a question"),
        ([], "not a JSON object"),
        ({"messages": ["hello"]}, "Turn 1 is not a JSON object"),
        ({"messages": [{"content": "hello"}]}, "has no role"),
    ],
)  # fmt: skip
def test_what_would_lose_something_is_refused(row: Any, words: str) -> None:
    with pytest.raises(DatasetError, match=words):
        repaired(row)


KEYS = st.sampled_from(
    ["messages", "conversations", "role", "from", "content", "value", "type", "text", "image",
     "images", "image_url", "url", "bytes", "question", "answer", "prefix", "suffix", "history",
     "input", "instruction", "output", "system", "tools"]
)  # fmt: skip
WORDS = st.sampled_from(
    ["", "user", "assistant", "<image>", "image_url", "text", "a.jpg", PNG, URL]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=25,
)


@given(VALUES)
def test_any_value_is_a_chat_row_or_refused_in_a_sentence(value: Any) -> None:
    before = json.dumps(value)
    with suppress(DatasetError):
        made = repaired(value)
        assert isinstance(made["messages"], list)
        assert repaired(made) == made
    assert json.dumps(value) == before


def test_a_row_nested_without_end_is_refused() -> None:
    deep: Any = "a.jpg"
    for _ in range(3_000):
        deep = [deep]
    with pytest.raises(DatasetError, match="nested too deeply"):
        repaired({"images": deep, "question": "Q", "answer": "A"})


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("listed", [True, False])
def test_numbered_images_stand_where_their_numbers_are(first: int, listed: bool) -> None:
    places = [f"<image_{number}>" for number in range(first, first + 12)]
    names = [f"{number}.jpg" for number in range(12)]
    order = [2, 11, 0, 1, 10, *range(3, 10), 2]
    turns = [
        {"role": "user", "content": "".join(places[number] for number in order)},
        {"role": "assistant", "content": "No."},
    ]
    images: Any = names if listed else dict(zip(places, names, strict=True))
    made = repaired({"image": images, "conversations": turns})
    shown = [part["image_url"]["url"] for part in made["messages"][0]["content"]]
    assert shown == [names[number] for number in order]


def test_a_turn_without_a_role_that_says_something_is_not_taken_for_another() -> None:
    turns = [{"content": "What?", "model": "x"}, {"role": "assistant", "content": "A cat."}]
    with pytest.raises(DatasetError, match="Turn 1 has no role"):
        repaired({"messages": turns})


@pytest.mark.parametrize("beside", [{}, {"system": "", "history": []}, {"system": "S"}])
def test_the_input_of_an_instruction_is_kept_whatever_stands_beside(beside: dict[str, Any]) -> None:
    row = {"instruction": "Sum up.", "input": "A long text.", "output": "Short.", **beside}
    said = [message["content"] for message in repaired(row)["messages"]]
    assert said[-2:] == ["Sum up.\nA long text.", "Short."]


@pytest.mark.parametrize("history", [[{"role": "user", "content": "Q"}], [["Q"]], "Q"])
def test_a_history_of_another_shape_is_refused_and_not_left_out(history: Any) -> None:
    with pytest.raises(DatasetError, match="history is not"):
        repaired({"query": "And now?", "response": "Yes.", "history": history})
