"""Keys by their ids: in sentences, in `[keymap]`, and what is wrong with it."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from textual.binding import Binding
from textual.widget import Widget

import tintype_tui
from tintype_tui.app import TintypeApp
from tintype_tui.keys import ELSEWHERE, declared, every_binding, keymap_problems
from tintype_tui.late_screens import SCREENS
from tintype_tui.screen import Pane, Part
from tintype_tui.widgets.image import ImageView
from tintype_tui.widgets.line_list import LineList


def test_every_key_that_is_named_in_a_text_exists() -> None:
    known = every_binding()
    for path in Path(tintype_tui.__path__[0]).rglob("*.py"):
        for id in re.findall(r"""key_of\([^()]*, "([a-z_.]+)"\)""", path.read_text()):
            assert id in known, f"{path.name}: {id}"


def test_keys_that_are_named_elsewhere_are_those_that_they_are_by_default() -> None:
    known = every_binding()
    for id, key in ELSEWHERE.items():
        assert key in {one.key_display or one.key for _, one in known[id]}


def test_enter_is_spelled_out_wherever_it_is_shown() -> None:
    shown = [one for found in every_binding().values() for _, one in found if one.show]
    signs = [one for one in shown if one.key.split(",")[0] == "enter" and not one.key_display]
    assert not signs  # its sign is none that every terminal, or a screen reader, has


_VERBS = (
    "asks|makes|opens|undoes|redoes|tries|reads|leaves|marks|searches|shows|takes|looks|launches|"
    "goes|keeps|estimates|writes|chooses|lists|turns|stops|starts|saves|closes|removes|sets|hides"
)
_NAMED = re.compile(
    rf"(?:^|[\s(])([A-Za-z/!?\[\]]) (?:{_VERBS})\b|[Pp]ress ([A-Za-z0-9/])\b|\bsee \d \w\b"
    r"|[(,] ?([A-Za-z/!?\[\]]): "
)
"""How a key is named in a sentence, other than by its id."""


def _texts(tree: ast.AST) -> Iterator[str]:
    """All strings but docstrings."""
    for node in ast.walk(tree):
        for child in ast.iter_child_nodes(node):
            value = getattr(child, "value", None)
            if isinstance(value, str) and not isinstance(node, ast.Expr):
                yield value


def test_keys_in_sentences_follow_the_keymap() -> None:
    known = every_binding()
    for path in Path(tintype_tui.__path__[0]).rglob("*.py"):
        for text in _texts(ast.parse(path.read_text())):
            assert not (found := _NAMED.search(text)), f"{path.name}: {found[0]!r} in {text!r}"
            for id in re.findall(r"\{([a-z_]+\.[a-z_]+)\}", text):
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


@pytest.mark.parametrize("keys", ["", "ctrl+", "f99", "x,", "strg+a", "no such key"])
def test_what_is_no_key_is_named(keys: str) -> None:
    (problem,) = keymap_problems({"play.ask": keys})
    assert "to play.ask, which is no key" in problem


@pytest.mark.parametrize("keys", ["z", "Z", "f7", "ctrl+left,alt+z", "question_mark", "?", "plus"])
def test_what_a_terminal_sends_is_a_key(keys: str) -> None:
    assert not any("is no key" in problem for problem in keymap_problems({"play.ask": keys}))


def _rooms(pane: str) -> Iterator[ModuleType]:
    """The modules of a pane."""
    package = importlib.import_module(f"tintype_tui.screens.{pane}")
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        yield importlib.import_module(module.name)


def _widgets(modules: Iterable[ModuleType]) -> set[type[Widget]]:
    """The widgets that modules name, and those that these are made of."""
    found, seen, rest = set(), set(), [*modules]
    while rest:
        module = rest.pop()
        seen.add(module)
        kinds = [one for one in vars(module).values() if isinstance(one, type)]
        found |= {one for one in kinds if issubclass(one, Widget)}
        homes = {one.__module__ for one in found if one.__module__.startswith("tintype_tui.widg")}
        rest += {importlib.import_module(home) for home in homes} - {*seen, *rest}
    return found


BESIDE = {
    "ImageView z": "fits the image that has the focus; edits are undone from anywhere else",
    "ImageView l": "the set-up is not seen where there is an image",
    "Chart v": "means a second cursor only where there is a first",
    "CheckpointList y": "copies a model's name, too: that of the checkpoint",
    "EventFeed slash": "searches, too: the list that has the focus",
}
"""Keys of what has the focus which others have in the pane, and why that is no matter."""


@pytest.mark.parametrize("pane", SCREENS)
def test_no_two_that_are_there_together_claim_a_key(pane: str) -> None:
    modules = [*_rooms(pane)]
    homes = {module.__name__ for module in modules}
    own = {one for one in _widgets(modules) if one.__module__ in homes}
    claims: dict[str, set[tuple[str, str]]] = {}
    for kind in (*(one for one in own if issubclass(one, Part | Pane)), TintypeApp):
        for binding in declared(kind):
            if binding.id:  # else it is Textual's, of all screens
                claims.setdefault(binding.key, set()).add((kind.__name__, binding.action))
    clashes = {key: claimed for key, claimed in claims.items() if len(claimed) > 1}
    assert not clashes
    unfocused = {"Chart"} if pane == "home" else set()
    for widget in _widgets(modules):
        if widget.can_focus and not issubclass(widget, Part) and widget.__name__ not in unfocused:
            for key in {one.key for one in declared(widget) if one.id} - {"enter", "escape"}:
                others = claims.get(key, set())
                assert not others or f"{widget.__name__} {key}" in BESIDE, (key, widget, others)


@pytest.mark.parametrize(
    ("pane", "focused"), [("playground", ImageView), ("evaluate", LineList), ("models", LineList)]
)
def test_what_has_the_focus_takes_no_key_of_a_part(pane: str, focused: type[Widget]) -> None:
    def keys(bindings: Iterable[Any]) -> set[str]:
        made = [one for one in bindings if isinstance(one, Binding)]
        return {key for one in made for key in one.key.split(",")} - {"enter", "escape"}

    own = keys(focused.BINDINGS)
    for _, name, _ in pkgutil.iter_modules([str(Path(tintype_tui.__path__[0], "screens", pane))]):
        module = importlib.import_module(f"tintype_tui.screens.{pane}.{name}")
        for one in vars(module).values():
            if isinstance(one, type) and issubclass(one, Part):
                assert not keys(one.BINDINGS) & own, one.__name__
