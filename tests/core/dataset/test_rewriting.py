"""Changes to the texts of rows, and a row as text that a person edits."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype.dataset.query import compile_query, parse_query
from tintype.dataset.rewriting import (
    prompting,
    redrawing,
    relabelling,
    replacing,
)
from tintype.dataset.row_text import read_back, written
from tintype.dataset.row_texts import texts
from tintype.detection import LOC, Box
from tintype.detection.box_edits import DrawnBox
from tintype.errors import DatasetError

IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,#0", "detail": "low"}}


def row(question: Any, answer: str, system: str = "") -> dict[str, Any]:
    messages = [{"role": "system", "content": system}] if system else []
    return {
        "messages": [
            *messages,
            {"role": "user", "content": question},
            {"role": "assistant", "content": answer, "weight": 1},
        ],
        "id": 7,
    }


def answer_of(value: Any) -> str:
    found: str = value["messages"][-1]["content"]
    return found


def find(typed: str) -> Any:
    return compile_query(parse_query(typed))


spoken = st.text(st.sampled_from("ab#\\[]\n 1imagetx"), max_size=12) | st.sampled_from(
    ["### user", "[image 1]", "\\### a", "[text]", "\n\n", ""]
)
parts = st.lists(
    st.builds(lambda text: {"type": "text", "text": text, "x": 1}, spoken) | st.just(IMAGE),
    min_size=1,
    max_size=4,
)
chats = st.lists(
    st.builds(
        lambda role, content: {"role": role, "content": content},
        st.sampled_from(("system", "user", "assistant", "user x")),
        spoken | parts,
    ),
    min_size=1,
    max_size=4,
).map(lambda messages: {"messages": copy.deepcopy(messages), "tools": []})


@given(chats)
def test_a_row_written_as_text_is_read_back_as_it_was(value: Any) -> None:
    before = copy.deepcopy(value)
    assert read_back(written(value), value) == before
    assert value == before


def test_what_is_edited_in_the_text_is_edited_in_the_row() -> None:
    value = row([{"type": "text", "text": "What?"}, IMAGE], "a cat", "Be brief.")
    text = written(value)
    assert text == ("### system\nBe brief.\n\n### user\nWhat?\n[image 1]\n\n### assistant\na cat\n")
    made = read_back(text.replace("a cat", "a dog\n\nreally"), value)
    assert made["messages"][2] == {"role": "assistant", "content": "a dog\n\nreally", "weight": 1}
    assert made["messages"][:2] == value["messages"][:2]
    moved = read_back("### user\n[image 1]\nWho?\n\n### assistant\nme\n", value)
    assert moved["messages"][0]["content"] == [IMAGE, {"type": "text", "text": "Who?"}]
    assert moved["id"] == 7


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no ### role"),
        ("hello\n### user\nx", "Line 1 stands before"),
        ("### user\n[image 3]", "no image 3"),
        ("###\nx", "Line 1 has no role"),
    ],
)
def test_a_text_that_is_no_row_is_refused_with_its_place(text: str, words: str) -> None:
    with pytest.raises(DatasetError, match=words):
        read_back(text, row("q", "a"))


def test_a_row_of_another_shape_is_edited_as_json() -> None:
    value = {"prompt": "a", "completion": "b"}
    assert read_back(written(value).replace('"b"', '"c"'), value) == {**value, "completion": "c"}
    with pytest.raises(DatasetError, match="no JSON"):
        read_back("{", value)


def test_texts_are_found_in_every_dialect_with_who_says_them() -> None:
    every: list[Any] = [
        row([{"type": "text", "text": "q"}, IMAGE], "a", "s"),
        {"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]},
        {"prefix": "q", "suffix": "a", "image": "x.png"},
        {"body": {"messages": [{"role": "user", "content": "q"}]}},
    ]
    assert [[text.text for text in texts(value)] for value in every] == [
        ["s", "q", "a"],
        ["q", "a"],
        ["q", "a"],
        ["q"],
    ]
    assert [[t.text for t in texts(value) if t.is_of("answers")] for value in every] == [
        ["a"],
        ["a"],
        ["a"],
        [],
    ]


def test_texts_are_replaced_where_they_are_meant() -> None:
    value = row("a red car", "red", "Say red.")
    made = replacing(find("RED"), "blue", "answers")(value)
    assert (answer_of(made), made["messages"][1]["content"]) == ("blue", "a red car")
    assert value == row("a red car", "red", "Say red.")
    made = replacing(find("/(r)ed/"), r"\1ust", groups=True)(value)
    assert [text.text for text in texts(made)] == ["Say rust.", "a rust car", "rust"]
    assert replacing(find("green"), "blue")(value) is value
    with pytest.raises(DatasetError, match="cannot be put"):
        replacing(find("/(r)ed/"), r"\2", groups=True)(value)
    assert answer_of(replacing(find("red"), r"\2")(value)) == r"\2"


BOXES = "<loc0001><loc0002><loc0003><loc0004> red car ; <loc0005><loc0006><loc0007><loc0008> dog"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (BOXES, BOXES.replace("red car", "bus")),
        ("red car", "bus"),
        ("a red car", "a red car"),
        ('[{"bbox_2d": [1, 2, 3, 4], "label": "red car"}]',
         '[{"bbox_2d": [1, 2, 3, 4], "label": "bus"}]'),
    ],
)  # fmt: skip
def test_a_class_is_relabelled_in_boxes_and_answers(answer: str, expected: str) -> None:
    value = row("red car", answer)
    made = relabelling("red car", "bus")(value)
    assert answer_of(made) == expected
    assert made["messages"][0]["content"] == "red car"
    assert (made is value) == (answer == expected)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("detect cat ; red car", "detect cat ; bus"),
        ("<image>\ndetect red car ; bus ; cat", "<image>\ndetect bus ; cat"),
        ("Which of these does the image show: red car, cat?",
         "Which of these does the image show: bus, cat?"),
        ("Is this: a red car?", "Is this: a red car?"),
        ("detect red cars", "detect red cars"),
    ],
)  # fmt: skip
def test_a_class_is_relabelled_where_it_is_asked_for(asked: str, expected: str) -> None:
    made = relabelling("red car", "bus")(row([{"type": "text", "text": asked}], "none"))
    assert made["messages"][0]["content"][0]["text"] == expected


def test_system_prompts_are_set_and_removed() -> None:
    value = row("q", "a")
    with_it = prompting("Be brief.")(value)
    assert with_it["messages"][0] == {"role": "system", "content": "Be brief."}
    assert prompting("Be brief.")(with_it) is with_it
    assert prompting("Be long.")(with_it)["messages"][0]["content"] == "Be long."
    assert prompting("")(with_it) == value
    assert prompting("")(value) is value
    assert prompting("x")({"prompt": "q"}) == {"prompt": "q"}


def test_the_last_answer_gets_the_boxes_that_were_drawn() -> None:
    value = row("q", BOXES)
    one, two = LOC.read(BOXES).boxes
    new = Box("owl", 0.25, 0.5, 0.75, 1.0)
    drawn = redrawing([DrawnBox(two, 1), DrawnBox(new)], LOC, None)
    assert answer_of(drawn(value)) == (
        f"{BOXES.split(' ; ')[1]} ; <loc0256><loc0512><loc0768><loc1023> owl"
    )
    same = redrawing([DrawnBox(one, 0), DrawnBox(two, 1)], LOC, None)
    assert same(value) == value
    with pytest.raises(DatasetError, match="words in it and no boxes"):
        drawn(row("q", "a cat"))
    with pytest.raises(DatasetError, match="no answer"):
        drawn({"messages": [{"role": "user", "content": "q"}]})
