"""What `help()` says of a field: the text that stands below it in the source.

Fields are documented where they are declared, which Python forgets. It does show what it finds in
`__slots__` if that is a mapping, so each dataclass gets one that reads its source when it is first
asked: `help(reply)` and an IDE's or notebook's `Reply.text?` show it, and nobody else pays for it.
"""

import ast
import inspect
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import is_dataclass
from itertools import pairwise


class FieldDocs(dict[str, str | None]):
    """The fields of a class with their texts, read from the source when one is asked for."""

    def __init__(self, owner: type) -> None:
        super().__init__(dict.fromkeys(owner.__slots__))  # type: ignore[attr-defined]
        self._owner: type | None = owner

    def __getitem__(self, name: str) -> str | None:
        if self._owner is not None:
            owner, self._owner = self._owner, None
            self.update((name, text) for name, text in field_texts(owner) if name in self)
        return super().__getitem__(name)


def field_texts(owner: type) -> Iterator[tuple[str, str]]:
    """Give each field of a class that has a text below it, in the order of the source."""
    try:
        source = textwrap.dedent(inspect.getsource(owner))
    except (OSError, TypeError):  # a notebook's cell that is gone, a frozen program
        return
    body = next(node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ClassDef)).body
    for declared, below in pairwise(body):
        if (
            isinstance(declared, ast.AnnAssign)
            and isinstance(declared.target, ast.Name)
            and isinstance(below, ast.Expr)
            and isinstance(below.value, ast.Constant)
            and isinstance(below.value.value, str)
        ):
            yield declared.target.id, inspect.cleandoc(below.value.value)


def document(package: str = "tintype") -> None:
    """Let `help()` find the texts of all dataclasses of a package that have been imported."""
    for name, module in list(sys.modules.items()):
        if name == package or name.startswith(f"{package}."):
            for value in list(vars(module).values()):
                if (
                    isinstance(value, type)
                    and value.__module__ == name
                    and is_dataclass(value)
                    and isinstance(value.__dict__.get("__slots__"), tuple)
                ):
                    value.__slots__ = FieldDocs(value)  # type: ignore[attr-defined]
