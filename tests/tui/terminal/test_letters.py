"""Where there are letters and little else, nothing else is drawn."""

import ast
import sys
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.color import Color

import tintype_tui
from tintype_tui.terminal.capabilities import Surroundings, assess
from tintype_tui.terminal.letters import Letters
from tintype_tui.terminal.replies import Told

SIGNS = "●◐○✓✗⊘▣›→…·│╭╮╰╯─━┓▀▄█▕▏⠿⠁×≈“”"


@pytest.mark.parametrize(
    ("environ", "encoding", "letters"),
    [
        ({"TERM": "xterm-256color"}, "utf-8", False),
        ({"TERM": "linux"}, "utf-8", True),
        ({"TERM": "dumb"}, "utf-8", True),
        ({"TERM": "xterm"}, "iso-8859-1", True),
        ({"TERM": "xterm", "TINTYPE_LETTERS": "1"}, "UTF-8", True),
    ],
)
def test_the_terminal_or_the_person_says_so(
    environ: dict[str, str], encoding: str, letters: bool
) -> None:
    found = assess(Told(), Surroundings(environ, encoding=encoding))
    assert found.letters is letters
    assert (found.protocol == "ascii") is letters


def test_signs_are_spelt_cell_by_cell_and_words_are_left_alone() -> None:
    style = Style(bold=True)
    (spelt,) = Letters().apply([Segment(SIGNS, style)], Color(0, 0, 0))
    assert spelt.text.isascii()
    assert cell_len(spelt.text) == cell_len(SIGNS)
    assert spelt.style == style
    words = Segment("naïve 日本", style)
    assert Letters().apply([words], Color(0, 0, 0)) == [words]


def test_on_the_console_the_whole_app_is_letters(play: Any, tmp_path: Path) -> None:
    command = str(Path(sys.executable).with_name("tintype"))
    terminal = play(command, controlling=True, TINTYPE_HOME=str(tmp_path), TERM="linux")
    drawn = terminal.until_seen("Provider")
    terminal.type(b"\x1b[?62;52c")
    for key, words in (
        ("2", "No dataset is open"),
        ("3", "No dataset yet"),
        ("5", "No image yet"),
    ):
        terminal.type(key.encode())
        drawn += terminal.until_seen(words)
    assert drawn.isascii()


def drawn_signs() -> set[str]:
    """Every sign in a text of the app's own, but for what is said of the code."""
    signs = set()
    for path in Path(tintype_tui.__file__).parent.rglob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        texts = (
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in said
            and path.name != "letters.py"
        )
        signs |= {sign for text in texts for sign in text if not sign.isascii()}
    return {sign for sign in signs if unicodedata.category(sign)[0] in "PS"} - {
        "🀀"
    }  # where a range begins


def test_every_sign_that_the_app_draws_is_spelt() -> None:
    left = {
        sign
        for sign in drawn_signs()
        if not Letters().apply([Segment(sign)], Color(0, 0, 0))[0].text.isascii()
    }
    assert not left
