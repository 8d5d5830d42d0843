"""Answers that are boxes: one warning an answer, in the words of the parser's own flaw."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tintype.dataset import open_dataset
from tintype.rules import Problem, check, rules_of
from tintype.samples import SplitCounts, make_books, make_cards

Judge = Callable[..., tuple[Problem, ...]]

BOX = "<loc0160><loc0053><loc0720><loc0373>"


def asked(answer: Any, prompt: Any = "detect box ; card", **more: Any) -> dict[str, Any]:
    return {
        "messages": [
            {"role": "user", "content": prompt},
            {"role": "assistant", "content": answer, **more},
        ]
    }


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("<loc0720><loc0373><loc0160><loc0053> box", "the corners are reversed"),
        ("<loc1100><loc0000><loc1200><loc2000> box", "<loc1100> is beyond 1023"),
        ("<loc0160><loc0053><loc0720> box", "3 of 4 coordinates"),
        (BOX, "the box has no label"),
        (f"{BOX} lorry", "the label 'lorry' is not asked for"),
        (f"{BOX} lorry ; {BOX} box ; {BOX} bus", "'lorry' is not asked for; the label 'bus'"),
        (f"{BOX} box; red", "text outside any box: 'red'"),
        ("box<loc_52><loc_332><loc_932><loc_774>", "another convention: Florence's"),
        ('[{"bbox_2d": [5, 10, 35, 45], "label": "box"}]', "another convention: JSON objects"),
        (" ; ".join([f"{BOX} box"] * 8), "the same box 8 times"),
        ("<loc0160>\n<loc0053>\n<loc0720>\n<loc0373>\n box", "coordinates over several lines"),
        (f"{BOX} box<eos>", "an end mark after the label: '<eos>'"),
        ("<loc160><loc53><loc720><loc373> box", "<loc160> does not have four digits"),
        ("<loc0160><loc0160><loc0160><loc0373> box", "the box is empty"),
    ],
)
def test_boxes_that_are_written_badly_have_one_warning_a_row(
    judge: Judge, answer: str, expected: str
) -> None:
    (problem,) = judge(asked(answer), index=12)
    assert (problem.rule, problem.severity, problem.line) == ("boxes", "warning", 13)
    assert problem.place == "messages[1].content"
    assert expected in problem.message
    assert "`<locNNNN><locNNNN><locNNNN><locNNNN> box`" in problem.fix


def test_of_many_flaws_the_first_are_named_and_the_rest_counted(judge: Judge) -> None:
    boxes = (f"<loc0160><loc0053><loc0720><loc0{at}> box" for at in range(100, 130))
    (problem,) = judge(asked(" ; ".join(f"{box} ; {box}" for box in boxes) + " ; <loc0001>"))
    assert "3 of 4" not in problem.message
    assert len(problem.message) < 200


@pytest.mark.parametrize(
    "row",
    [
        asked(f"{BOX} box"),
        asked(f"{BOX} Box"),
        asked(f"{BOX}box"),
        asked("none"),
        asked("No card is to be seen; the table is empty."),
        asked("A caption: a box, a card [1]; 0.95 of it is red."),
        asked(f"{BOX} 9 of spades", "Detect every card."),
        asked(f"{BOX} cat ; {BOX} dog", "detect cats and dogs"),
        asked(f"{BOX} lorry", "Where is it?"),
        asked("box<loc_52><loc_332><loc_932><loc_774>", "<OD>"),
        asked('[{"bbox_2d": [5, 10, 35, 45], "label": "box"}]', "Give all boxes as JSON."),
        asked(f"{BOX} lorry", weight=0),
        asked(None, tool_calls=[]),
        asked([{"type": "refusal", "refusal": "No."}]),
    ],
)
def test_good_answers_captions_and_other_questions_have_no_warning(
    judge: Judge, row: dict[str, Any]
) -> None:
    assert "boxes" not in {problem.rule for problem in judge(row)}


def test_each_answer_is_held_against_the_question_before_it(judge: Judge) -> None:
    turns = [
        ("detect cat", f"{BOX} cat"),
        ("How many?", f"{BOX} lorry"),
        ("<image>detect dog", f"{BOX} cat"),
    ]
    messages = [turn for ask, say in turns for turn in asked(say, ask)["messages"]]
    (problem,) = (one for one in judge({"messages": messages}) if one.rule == "boxes")
    assert problem.place == "messages[5].content"
    assert "'cat' is not asked for" in problem.message
    assert problem.fix.startswith("Ask for it in the prompt, or label the box as one that is asked")


@pytest.mark.parametrize("draw", [make_cards, make_books])
async def test_the_sample_datasets_have_no_warning_about_boxes(tmp_path: Path, draw: Any) -> None:
    async for _ in draw(tmp_path, counts=SplitCounts(train=8, valid=3, test=3)):
        pass
    found: set[str] = set()
    async with open_dataset(tmp_path / "train.jsonl") as dataset:
        async for batch in check(dataset, rules_of("openai")):
            found |= {problem.rule for problem in batch.problems}
    assert "boxes" not in found
