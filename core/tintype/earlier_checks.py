"""What was found in a dataset, kept until the file changes, so that a second look costs nothing.

An entry is found again only if all is as it was: the file (its stamp, its edits, its ends), the
provider's rules, how the model counts, whether pixels are decoded, and Tintype's own code. Nothing
is kept of small files, which are checked in a moment, nor where more than the file decides: images
beside it or on the network, rules from outside, a training file that it is compared with.

Nothing that stands in an entry is run: only values of Tintype's own are read.
"""

import hashlib
import io
import os
import pickle
import zlib
from collections.abc import Iterator, Mapping, Set
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tintype.paths.entries import Entries
from tintype.providers.limits import ProviderRules
from tintype.providers.token_rules import TokenRule

LEAST_BYTES = 1_000_000
"""Of a file of which anything is kept."""
ENTRIES = Entries(".checked", most=50, most_bytes=200_000_000, most_entry_bytes=64_000_000)
_PLAIN = {
    ("builtins", "set"),
    ("builtins", "frozenset"),
    ("array", "array"),
    ("array", "_array_reconstructor"),
    ("collections", "Counter"),
    ("pathlib", "PosixPath"),
}


def name_of(*inputs: object) -> str:
    """The name of the entry for what a check depends on, besides Tintype's code."""
    said = f"{_code()} {'; '.join(map(_spelt, inputs))}"
    return hashlib.blake2b(said.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def recall(folder: Path, name: str, rules: ProviderRules, rule: TokenRule) -> Any:
    """Return what was kept under a name; None if there is nothing, or it cannot be read. Blocking.

    Args:
        folder: Where entries are.
        name: From `name_of`.
        rules: Stands in the value where these did when it was kept; likewise the next.
        rule: How the model counts.
    """
    if (data := ENTRIES.read(folder, name)) is None:
        return None
    try:
        return _Reader(zlib.decompress(data), rules, rule).load()
    except Exception:  # whatever a foreign entry does, it is as if absent
        return None


def keep(folder: Path, name: str, value: object) -> None:
    """Keep a value, and remove what is old or too much. Blocking; what cannot be kept is not."""
    out = io.BytesIO()
    _Writer(out, pickle.HIGHEST_PROTOCOL).dump(value)
    ENTRIES.keep(folder, name, zlib.compress(out.getvalue(), 1))


class _Writer(pickle.Pickler):
    """Leaves out the rules, which are part of the name."""

    def persistent_id(self, value: object) -> str | None:
        if isinstance(value, ProviderRules):
            return "rules"
        return "rule" if isinstance(value, TokenRule) else None


class _Reader(pickle.Unpickler):
    """Makes values of Tintype's own, and a few of Python's, and nothing else."""

    def __init__(self, data: bytes, rules: ProviderRules, rule: TokenRule) -> None:
        super().__init__(io.BytesIO(data))
        self._given = {"rules": rules, "rule": rule}

    def persistent_load(self, name: str) -> object:
        return self._given[name]

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _PLAIN:
            return super().find_class(module, name)
        if module.startswith("tintype."):
            found = super().find_class(module, name)
            if isinstance(found, type) and is_dataclass(found):
                return found
        raise pickle.UnpicklingError(f"{module}.{name}")


def _spelt(value: object) -> str:
    """A value as text, the same for equal values in every process."""
    if is_dataclass(value) and not isinstance(value, type):
        inner = (f"{each.name}={_spelt(getattr(value, each.name))}" for each in fields(value))
        return f"{type(value).__name__}({', '.join(inner)})"
    if isinstance(value, Mapping):
        return f"{{{', '.join(sorted(f'{_spelt(k)}: {_spelt(v)}' for k, v in value.items()))}}}"
    if isinstance(value, Set):
        return f"{{{', '.join(sorted(map(_spelt, value)))}}}"
    return repr(value)


@cache
def _code() -> str:
    """A name for Tintype's code as it is: another version finds nothing of this one."""
    digest = hashlib.blake2b(digest_size=16)
    for path, seen in _sources(Path(__file__).parent):
        digest.update(f"{path} {seen.st_size} {seen.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _sources(folder: Path) -> Iterator[tuple[str, os.stat_result]]:
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".py", ".toml", ".xz"):
            yield str(path.relative_to(folder)), path.stat()
