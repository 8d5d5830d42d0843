"""One name is one thing: what a newcomer reads in one place means the same in the next."""

import ast
from collections import defaultdict
from pathlib import Path

import tintype

CORE = Path(tintype.__file__).parent


def test_class_names_are_unique_in_core() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for path in sorted(CORE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(f"{path.relative_to(CORE)}:{node.lineno}")
    shared = {name: found for name, found in places.items() if len(found) > 1}
    assert not shared
