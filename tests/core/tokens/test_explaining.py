"""Why an image costs what it costs: each step with its numbers, and the last is the figure."""

import re

import pytest

from tintype.tokens import explain_image, explain_text, image_tokens, model_tokens, text_tokens

PUBLISHED = [
    ("gpt-4o", 1024, 1024, "high", "85 + 170 × 4 = 765 tokens"),
    ("gpt-4o", 2048, 4096, "high", "85 + 170 × 6 = 1,105 tokens"),
    ("gpt-4o", 4096, 8192, "low", "detail low: the base alone, 85 tokens at any size"),
    ("gpt-4o-mini", 1024, 1024, "high", "2,833 + 5,667 × 4 = 25,501 tokens"),
    ("gpt-5.4", 1024, 1024, "high", "1.2 × 1,024, rounded up = 1,229 tokens"),
    ("gpt-5.4", 2048, 2048, "high", "1.2 × 2,500 = 3,000 tokens"),
    ("tintype-tiny", 640, 480, "auto", "tintype-tiny takes 145 tokens for an image of any size."),
]


@pytest.mark.parametrize(("model", "width", "height", "detail", "step"), PUBLISHED)
def test_the_published_examples_are_explained_with_their_numbers(
    model: str, width: int, height: int, detail: str, step: str
) -> None:
    assert step in explain_image(model_tokens(model), width, height, detail).steps


@pytest.mark.parametrize(
    "model", ["gpt-4o", "gpt-4o-mini", "gpt-5", "gpt-5.4", "gpt-4.1-mini", "?"]
)
@pytest.mark.parametrize("detail", ["auto", "low", "high", "original", "odd"])
def test_the_sum_of_the_last_step_is_what_is_counted(model: str, detail: str) -> None:
    rule = model_tokens(model)
    for width, height in [(1, 1), (640, 480), (1920, 1080), (2048, 768), (9000, 200), (200, 9000)]:
        found = explain_image(rule, width, height, detail)
        counted = image_tokens(rule, width, height, detail)
        assert found.tokens == counted
        assert f"{counted.likely:,} tokens" in " ".join(found.steps)
        sums = [step for step in found.steps if re.match(r"[\d,.]+ [+×]", step)]
        assert detail == "low" or sums


def test_an_unknown_size_and_an_unknown_model_are_said_to_be_so() -> None:
    unseen = explain_image(model_tokens("gpt-4o"), 0, 0)
    assert "not known" in unseen.steps[0]
    assert (unseen.tokens.low, unseen.tokens.high) == (255, 1445)
    assert any("gpt-4o's way" in step for step in explain_image(model_tokens("?"), 9, 9).steps)


def test_the_steps_of_a_text_add_up() -> None:
    rule = model_tokens("gpt-4o")
    row = {
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "What is this?"}]},
            {"role": "assistant", "content": "A cat"},
        ]
    }
    found = explain_text(row, rule)
    assert found.tokens == text_tokens(row, rule)
    assert sum(int(step.rpartition("= ")[2]) for step in found.steps[:3]) == found.tokens.low
    assert explain_text(["no chat"], rule).steps == ()
