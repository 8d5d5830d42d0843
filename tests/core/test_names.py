"""One name is one thing: what a newcomer reads in one place means the same in the next."""

import ast
from collections import defaultdict
from pathlib import Path

import tintype

CORE = Path(tintype.__file__).parent


def _place(path: Path, line: int) -> str:
    """Where a class is; what two engines call alike is the same thing in both."""
    inside = path.relative_to(CORE)
    engine = inside.parts[0] == "engines" and len(inside.parts) > 2
    return "engines" if engine else f"{inside}:{line}"


def test_class_names_are_unique_in_core() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for path in sorted(CORE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(_place(path, node.lineno))
    shared = {name: found for name, found in places.items() if len(set(found)) > 1}
    assert not shared
