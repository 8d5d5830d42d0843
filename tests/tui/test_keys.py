"""Keys by their ids: in sentences, in `[keymap]`, and what is wrong with it."""

import re
from pathlib import Path

import pytest

import tintype_tui
from tintype_tui.keys import every_binding, keymap_problems


def test_every_key_that_is_named_in_a_text_exists() -> None:
    known = every_binding()
    for path in Path(tintype_tui.__path__[0]).rglob("*.py"):
        for id in re.findall(r"""key_of\([^()]*, "([a-z_.]+)"\)""", path.read_text()):
            assert id in known, f"{path.name}: {id}"


@pytest.mark.parametrize(
    ("keymap", "words"),
    [
        ({"play.askk": "z"}, "no key has this id. Did you mean play.ask?"),
        ({"nothing like it": "z"}, "`?` in the app shows the ids."),
        ({"play.ask": "n"}, "leaves play.row (Next row) without a key"),
        ({"play.ask": "q"}, "leaves quit (Quit) without a key"),
        ({"palette": "?"}, "leaves help (Help) without a key"),
        ({"palette": "question_mark"}, "leaves help (Help) without a key"),
    ],
)
def test_what_is_wrong_with_a_keymap_is_said(keymap: dict[str, str], words: str) -> None:
    (problem,) = keymap_problems(keymap)
    assert words in problem


def test_keys_that_are_exchanged_are_no_problem() -> None:
    assert keymap_problems({"play.ask": "n", "play.row": "a"}) == []
    assert keymap_problems({"play.ask": "f7"}) == []
    assert keymap_problems({}) == []
