"""Turns, their images and branches; answers that agree; a session's cap; rows to train on."""

import asyncio
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tintype.errors import BudgetError, DatasetError
from tintype.prompting import (
    Conversation,
    Foreseen,
    OpenQuestion,
    Prompt,
    SessionSpending,
    Subject,
    consensus,
    grown,
    training_row,
)
from tintype.tokens import Range

IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
FIRST: list[dict[str, Any]] = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": [{"type": "text", "text": "What is it?"}, IMAGE]},
]


def two_turns() -> Conversation:
    one = Conversation().asked(FIRST, {"a": "A cat.", "b": "A dog."})
    return one.asked(one.messages("a", "Which colour?"), {"a": "Black.", "b": "Brown."})


def test_each_model_is_asked_after_what_it_has_said_itself() -> None:
    made = two_turns()
    assert made.messages("b", "How old?") == [
        *FIRST,
        {"role": "assistant", "content": "A dog."},
        {"role": "user", "content": "Which colour?"},
        {"role": "assistant", "content": "Brown."},
        {"role": "user", "content": "How old?"},
    ]
    new = [message["role"] for message in made.messages("added later", "How old?")]
    assert new == ["system", "user", "user", "user"]


def test_images_of_earlier_turns_are_left_out_on_request() -> None:
    made = two_turns()
    assert made.images == 1
    dropped = Conversation(made.turns, drops_images=True)
    assert dropped.images == 0
    assert dropped.messages("a", "?")[1] == {"role": "user", "content": "What is it?"}
    alone = Conversation(drops_images=True).asked([{"role": "user", "content": [IMAGE]}], {})
    assert "left out" in alone.messages("a", "?")[0]["content"]


def test_a_turn_asked_otherwise_keeps_the_way_that_was_left() -> None:
    made = two_turns()
    back = made.back()
    assert back.turns == made.turns[:1]
    otherwise = back.asked(back.messages("a", "Which size?"), {"a": "Small."})
    there = otherwise.other()
    assert there.turns == made.turns
    assert there.other().turns == otherwise.turns
    assert back.other().turns == made.turns
    assert back.other().branches == ()  # what had been begun there only is no way of its own
    assert Conversation().back() == Conversation().other() == Conversation()


def test_a_further_turn_has_no_right_answer_and_no_words_of_its_own_yet() -> None:
    row = Subject("row", expected="cat", question="What is it?", messages=FIRST)
    asked = OpenQuestion(row, Prompt("Which colour?"), ("a",), conversation=two_turns())
    assert asked.expected == ""
    [request] = asyncio.run(asked.requests(("a",)))
    assert request.messages[-1] == {"role": "user", "content": "Which colour?"}
    with pytest.raises(DatasetError, match="nothing to ask"):
        asyncio.run(OpenQuestion(row, Prompt(" "), conversation=two_turns()).requests(("a",)))


@pytest.mark.parametrize(
    ("texts", "answers", "share", "iou"),
    [
        ([], (), None, None),
        (["Cat"], (("Cat", 1),), 1, None),
        (["Cat", " cat ", "dog"], (("Cat", 2), ("dog", 1)), 2 / 3, None),
        (["<think>so</think>cat", "cat"], (("cat", 2),), 1, None),
        (
            ["<loc0000><loc0000><loc0512><loc0512> a", "<loc0000><loc0000><loc0512><loc0512> a"],
            (("<loc0000><loc0000><loc0512><loc0512> a", 2),),
            1,
            1,
        ),
        (["<loc0000><loc0000><loc0512><loc0512> a", "nothing"], None, 1 / 2, 0),
    ],
)
def test_answers_agree_by_their_words_and_boxes(
    texts: list[str], answers: Any, share: float | None, iou: float | None
) -> None:
    found = consensus(texts)
    assert answers in (None, found.answers)
    assert found.number == len(texts)
    assert found.share == pytest.approx(share) if share is not None else found.share is None
    assert found.iou == pytest.approx(iou) if iou is not None else found.iou is None


def foreseen(usd: str | None) -> Foreseen:
    cost = None if usd is None else Decimal(usd)
    return Foreseen("m", Range(1, 1, 1), 1, cost, cost)


@pytest.mark.parametrize(
    ("spent", "cap", "costs", "refused"),
    [
        ("0", None, [None, "5"], False),
        ("0.9", "1", ["0.1"], False),
        ("0.9", "1", ["0.06", "0.05"], True),
        ("0", "1", [None], True),
        ("2", "1", ["0"], False),
    ],
)
def test_a_session_is_never_dearer_than_its_cap(
    spent: str, cap: str | None, costs: list[str | None], refused: bool
) -> None:
    session = SessionSpending(Decimal(spent), cap_usd=None if cap is None else Decimal(cap))
    if refused:
        with pytest.raises(BudgetError, match="session's cap"):
            session.require([foreseen(one) for one in costs])
    else:
        session.require([foreseen(one) for one in costs])


def test_a_good_answer_becomes_the_last_row_of_a_copy_of_the_training_file(tmp_path: Path) -> None:
    source, target = tmp_path / "train.jsonl", tmp_path / "train-more.jsonl"
    source.write_bytes(b'{"a": 1}\r\n{"a": 2}')
    row = training_row(FIRST, "A cät.\nReally.")
    assert grown(source, target, row) == 3
    assert grown(source, target, training_row(FIRST, "A half \ud83d.")) == 4
    lines = target.read_bytes().splitlines()
    assert lines[:2] == [b'{"a": 1}', b'{"a": 2}']
    assert json.loads(lines[2])["messages"] == [
        *FIRST,
        {"role": "assistant", "content": "A cät.\nReally."},
    ]
    assert source.read_bytes() == b'{"a": 1}\r\n{"a": 2}'
    assert grown(None, tmp_path / "own.jsonl", row) == 1
    with pytest.raises(DatasetError, match="needs an answer"):
        training_row(FIRST, " ")
