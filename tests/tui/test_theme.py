"""Themes are legible, and one that is chosen stays."""

from pathlib import Path

import pytest
from textual.color import Color
from textual.theme import BUILTIN_THEMES

from tintype_tui import theme


@pytest.mark.parametrize("name", ["textual-light", "textual-dark", "solarized-light", "nord"])
def test_text_in_a_themes_colours_is_legible(name: str) -> None:
    variables = theme.readable(BUILTIN_THEMES[name].to_color_system().generate())
    for colour in theme.SAID_IN:
        for ground in ("background", "surface", "panel"):
            found = theme.contrast(Color.parse(variables[colour]), Color.parse(variables[ground]))
            assert found >= theme.LEAST_CONTRAST, (colour, ground)


def test_a_theme_chosen_last_is_the_next_sessions_unless_the_configuration_changed(
    tmp_path: Path,
) -> None:
    known = ("a", "b")
    assert theme.restored("", tmp_path, known) == "tintype"
    assert theme.restored("a", tmp_path, known) == "a"
    theme.keep("b", "a", tmp_path)
    assert theme.restored("a", tmp_path, known) == "b"
    assert theme.restored("", tmp_path, known) == "tintype"
    theme.keep("gone", "a", tmp_path)
    assert theme.restored("a", tmp_path, known) == "a"
    assert theme.restored("misspelt", tmp_path, known) == "tintype"


@pytest.mark.parametrize("name", ["", "tintype", "tintype-light", "textual-light"])
def test_a_theme_that_is_there_is_no_problem(name: str) -> None:
    assert theme.problem(name) == ""


def test_a_theme_that_is_not_there_is_named_with_those_that_are() -> None:
    said = theme.problem("nope")
    assert said.startswith("There is no theme 'nope'.")
    assert "nord" in said
