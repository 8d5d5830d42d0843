"""What is learnt of a row: its answers with the end of turn, and nothing else."""

import re
from collections.abc import Callable

import pytest
from PIL import Image

from tintype.engines.lora.bases import Base

pytest.importorskip("torch", reason="needs the extra tintype[lora]: make test-lora")

from tintype.engines.lora import loading
from tintype.engines.lora.rows import IGNORED, Encoded, Said, Shown, encode, encode_question

RED = Shown("red", Image.new("RGB", (64, 64), "red"))
BLUE = Shown("blue", Image.new("RGB", (90, 64), "blue"))


def learnt(opened: loading.OpenModel, row: Encoded) -> list[str]:
    """The stretches of text that are learnt."""
    stretches: list[list[int]] = [[]]
    for token, label in zip(row.ids.tolist(), row.labels.tolist(), strict=True):
        if label != IGNORED:
            assert label == token
            stretches[-1].append(token)
        elif stretches[-1]:
            stretches.append([])
    return [opened.tokenizer.decode(one) for one in stretches if one]


@pytest.mark.parametrize("family", ["qwen25", "qwen3", "llava"])
def test_every_answer_is_learnt_with_its_end_of_turn(
    base: Callable[[str], Base], family: str
) -> None:
    opened = loading.load(base(family))
    said = [
        Said("user", (RED, "What colour is it?")),
        Said("assistant", ("The colour is red.",), learnt=True),
        Said("user", (BLUE, "And it?")),
        Said("assistant", ("yellow",), learnt=False),
        Said("user", ("No.",)),
        Said("assistant", ("blue",), learnt=True),
    ]
    (row,) = encode(opened, said)
    assert learnt(opened, row) == ["The colour is red.<|im_end|>", "blue<|im_end|>"]
    assert row.images == ("red", "blue")
    assert row.positions.shape[1] == row.ids.numel()


def test_a_model_without_a_chat_template_learns_its_answer_and_the_end(
    base: Callable[[str], Base],
) -> None:
    opened = loading.load(base("paligemma"))
    said = [
        Said("user", (RED, "What colour is it?")),
        Said("assistant", ("red",), learnt=True),
    ]
    (row,) = encode(opened, said)
    assert learnt(opened, row) == ["red<eos>"]


@pytest.mark.parametrize("family", ["qwen25", "qwen3", "llava", "paligemma", "gemma3"])
def test_a_question_is_what_the_row_had_before_its_answer(
    base: Callable[[str], Base], family: str
) -> None:
    opened = loading.load(base(family))
    question = [Said("developer", ("Be brief.",)), Said("user", (RED, "What colour is it?"))]
    asked = encode_question(opened, question)
    (row,) = encode(opened, [*question, Said("assistant", ("red",), learnt=True)])
    assert row.ids[: asked.ids.numel()].tolist() == asked.ids.tolist()
    assert row.labels[: asked.ids.numel()].unique().tolist() == [IGNORED]


def test_texts_and_images_stay_in_their_order(base: Callable[[str], Base]) -> None:
    opened = loading.load(base("qwen25"))
    asked = encode_question(opened, [Said("user", ("one", "two", RED, "three", BLUE))])
    text = opened.tokenizer.decode(asked.ids)
    told = re.sub(r"<\|vision_start\|>.*?<\|vision_end\|>", "(image)", text)
    assert "one\ntwo(image)three(image)<|im_end|>" in told
    assert asked.images == ("red", "blue")


def test_a_template_that_drops_earlier_turns_makes_a_row_of_each_answer(
    base: Callable[[str], Base],
) -> None:
    opened = loading.load(base("qwen25"))
    opened.processor.chat_template = (
        "{% for m in messages[-2:] %}<|im_start|>{{ m['role'] }}\n{{ m['content'][0]['text'] }}"
        "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    )
    said = [
        Said("user", ("one",)),
        Said("assistant", ("red",), learnt=True),
        Said("user", ("two",)),
        Said("assistant", ("blue",), learnt=True),
    ]
    rows = list(encode(opened, said))
    assert [learnt(opened, row) for row in rows] == [["red<|im_end|>"], ["blue<|im_end|>"]]
