"""Markdown in answers is drawn, never obeyed, and nothing of it is lost."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype_tui.words.markdown import markdown


def styled(text: str) -> dict[str, str]:
    """What stands in which style."""
    made = markdown(text)
    return {made.plain[span.start : span.end]: str(span.style) for span in made.spans}


@pytest.mark.parametrize(
    ("text", "shown", "styles"),
    [
        ("It is a **red** cat.", "It is a red cat.", {"red": "bold"}),
        ("*so* and _so_ and __so it is__", "so and so and so it is", {"so it is": "bold"}),
        ("call `f(x)`", "call f(x)", {"f(x)": "$accent"}),
        ("## Answer ##", "Answer", {"Answer": "bold underline"}),
        ("- one\n  * two\n1. three", "• one\n  • two\n1. three", {}),
        ("> said", "▌ said", {"said": "italic"}),
        ("---", "─" * 24, {"─" * 24: "dim"}),
        ("```python\na * b * c\n```\nend", "  a * b * c\nend", {"  a * b * c": "$accent"}),
        ("[here](http://x)", "here (http://x)", {"here": "underline", " (http://x)": "dim"}),
        ("2 * 3 * 4, snake_case_name, 5*6*7", "2 * 3 * 4, snake_case_name, 5*6*7", {}),
        ("![image](http://x) <b>no</b>", "![image](http://x) <b>no</b>", {}),
        ("**open, `open", "**open, `open", {}),
    ],
)
def test_signs_become_styles(text: str, shown: str, styles: dict[str, str]) -> None:
    assert markdown(text).plain == shown
    assert styles.items() <= styled(text).items()


def test_nothing_in_an_answer_is_obeyed() -> None:
    made = markdown("**\x1b]52;c;aGk=\x07** [x](\x1b[2J) [@click=app.quit]q[/] `\x9b31m`")
    assert not {"\x1b", "\x07", "\x9b"} & set(made.plain)
    assert "[@click=app.quit]q[/]" in made.plain
    assert {str(span.style) for span in made.spans} <= {"bold", "underline", "dim", "$accent"}


@given(st.text(alphabet="ab *_`#[]()!>-\n1.", max_size=80))
def test_no_letter_is_lost(text: str) -> None:
    drawn = [letter for letter in markdown(text).plain if letter in "ab"]
    if "```" not in text:  # the line of a fence names a language
        assert drawn == [letter for letter in text if letter in "ab"]


@pytest.mark.parametrize(
    "sign", ["*", "**", "_", "`", "[", "[a](", "# ", "> ", "* a", "```\n", "\n", " "]
)
def test_a_hostile_answer_takes_no_longer_than_another(sign: str) -> None:
    began = time.process_time()
    markdown(sign * (19_000 // len(sign)))
    assert time.process_time() - began < 1
