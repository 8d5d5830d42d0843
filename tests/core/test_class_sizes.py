"""No class is longer than one can read at a sitting, its bases counted in; and names are unique."""

import ast
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOTS = [Path(__file__).parents[2] / name for name in ("core", "tui")]
MOST_LINES = 250


@dataclass(frozen=True)
class Source:
    """What a module says of names: its classes, and where its imports come from."""

    name: str
    every: list[ast.ClassDef]
    imports: dict[str, tuple[str, str]]

    @property
    def classes(self) -> dict[str, ast.ClassDef]:
        return {node.name: node for node in self.every}


@cache
def sources() -> dict[str, Source]:
    return {
        name: source(name, path)
        for root in ROOTS
        for path in sorted(root.rglob("*.py"))
        for name in [".".join(path.relative_to(root).with_suffix("").parts)]
    }


def source(name: str, path: Path) -> Source:
    nodes = list(statements(ast.parse(path.read_text("utf-8")).body))
    return Source(
        name.removesuffix(".__init__"),
        [node for node in nodes if isinstance(node, ast.ClassDef)],
        {
            alias.asname or alias.name: (node.module or "", alias.name)
            for node in nodes
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        },
    )


def statements(body: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """Statements and those in them; expressions, most of a module, define and import nothing."""
    for node in body:
        yield node
        for part in ("body", "handlers", "orelse", "finalbody", "cases"):
            inner = getattr(node, part, ())
            yield from statements(inner if isinstance(inner, list) else ())


def module(name: str) -> Source | None:
    return sources().get(name) or sources().get(f"{name}.__init__")


def defined(name: str, place: Source) -> tuple[Source, ast.ClassDef] | None:
    """Where a class is defined whose name a module uses; none if elsewhere than here."""
    if name in place.classes:
        return place, place.classes[name]
    above, _, below = name.rpartition(".")
    if above in place.imports:  # `module.Class`
        there = module(".".join(place.imports[above]))
        return defined(below, there) if there else None
    if name in place.imports:
        home, own = place.imports[name]
        there = module(home)
        return defined(own, there) if there else None
    return None


def own_lines(node: ast.ClassDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def lines(place: Source, node: ast.ClassDef) -> dict[str, int]:
    """Of a class and of each of its bases in this repository: how many lines."""
    found = {f"{place.name}.{node.name}": own_lines(node)}
    for base in node.bases:
        name = ast.unparse(base.value if isinstance(base, ast.Subscript) else base)
        if (at := defined(name, place)) is not None and at[1] is not node:
            found |= lines(*at)
    return found


def too_long() -> dict[str, dict[str, int]]:
    every = {
        f"{place.name}.{node.name}": lines(place, node)
        for place in sources().values()
        for node in place.classes.values()
    }
    return {name: parts for name, parts in every.items() if sum(parts.values()) > MOST_LINES}


def test_no_class_is_too_long_with_its_bases() -> None:
    complaints = [
        f"{name} has {sum(parts.values())} lines, the limit is {MOST_LINES}: "
        + ", ".join(f"{part.rpartition('.')[2]} {number}" for part, number in parts.items())
        for name, parts in too_long().items()
    ]
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize(
    ("name", "bases"),
    [
        ("tintype_tui.screens.jobs.pane.JobsPane", {"screen.Pane", "terminal.textual_privates"}),
        ("tintype_tui.app.TintypeApp", {"session.SessionApp", "terminal.app.TerminalApp"}),
    ],
)
def test_bases_are_found_through_imports(name: str, bases: set[str]) -> None:
    home, _, own = name.rpartition(".")
    place = sources()[home]
    counted = lines(place, place.classes[own])
    assert all(any(base in one for one in counted) for base in bases)


def test_class_names_are_unique_in_core() -> None:
    """One name is one thing; what two engines call alike is the same thing in both."""
    places: dict[str, set[str]] = defaultdict(set)
    for name, place in sources().items():
        parts = name.split(".")
        engine = parts[1:2] == ["engines"] and len(parts) > 3
        for node in place.every if parts[0] == "tintype" else ():
            if not node.name.startswith("_"):
                places[node.name].add("engines" if engine else f"{name}:{node.lineno}")
    assert not {name: found for name, found in places.items() if len(found) > 1}
