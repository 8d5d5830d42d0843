"""Rules, formats, scorers and engines from outside: found here, used by app, commands and server.

A plug-in is a function, a class or an object of one of four kinds, offered in one of three ways:

* an installed package names it as an entry point of the group `tintype.rules`, `tintype.formats`,
  `tintype.scorers` or `tintype.engines`;
* while it is being written, an environment variable names it: `TINTYPE_RULES`, `TINTYPE_FORMATS`,
  `TINTYPE_SCORERS`, `TINTYPE_ENGINES`, as `module:attribute` or `path/to/file.py:attribute`,
  several separated by commas; without an attribute, whatever the file registers;
* in a script or notebook, a decorator registers it for this process: `@plugins.rule`.

What a kind must look like is said where it is used: `tintype.rules` (a function from a `Case` to
problems), `tintype.dataset.formats`, `tintype.engines.base.Engine`. Nothing is imported before the
first call of `plugins`. Whatever a plug-in raises becomes a `PluginError` that names its file and
line.
"""

import contextlib
import functools
import hashlib
import importlib
import importlib.util
import os
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, TypeVar

from tintype.errors import PluginError, TintypeError

Kind = Literal["rules", "formats", "scorers", "engines"]
KINDS: tuple[Kind, ...] = ("rules", "formats", "scorers", "engines")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Plugin:
    """Something offered from outside."""

    kind: Kind
    name: str
    """As it was named: `module:attribute`, or the attribute of what was registered."""
    value: Any
    """What was offered, as it is: never called or made an object of here."""

    @property
    def file(self) -> str:
        """The source file it comes from; empty if that is not known."""
        code = getattr(self.value, "__code__", None)
        if code is not None:
            return str(code.co_filename)
        owner = self.value if hasattr(self.value, "__module__") else type(self.value)
        return str(getattr(sys.modules.get(owner.__module__), "__file__", "") or "")

    @property
    def title(self) -> str:
        """How a sentence about it begins: `The rule no_shouting`."""
        return f"The {self.kind[:-1]} {self.name}"


def plugins(kind: Kind) -> tuple[Plugin, ...]:
    """Return all plug-ins of a kind, each value once: installed, named by the variable, registered.

    The first call imports them; call it in a thread.

    Raises:
        PluginError: if one cannot be imported.
    """
    found = (*_found(kind, os.environ.get(variable(kind), "")), *_registered[kind])
    return tuple({id(plugin.value): plugin for plugin in reversed(found)}.values())[::-1]


def variable(kind: Kind) -> str:
    """Return the environment variable that names plug-ins of a kind: `TINTYPE_RULES`."""
    return f"TINTYPE_{kind.upper()}"


def group(kind: Kind) -> str:
    """Return the entry point group of a kind: `tintype.rules`."""
    return f"tintype.{kind}"


def register(kind: Kind, value: T) -> T:
    """Offer a plug-in to this process; one of the same name is replaced. Returns it as it is."""
    name = str(getattr(value, "__name__", type(value).__name__))
    known = _registered[kind]
    known[:] = [plugin for plugin in known if plugin.name != name]
    known.append(Plugin(kind, name, value))
    return value


def unregister(kind: Kind, value: object) -> None:
    """Withdraw what was registered; what is not there is no error."""
    _registered[kind][:] = [plugin for plugin in _registered[kind] if plugin.value is not value]


def rule(function: T) -> T:
    """Register a rule: a decorator.

    The function takes a `tintype.rules.Case` (`case.example.answer`, `case.messages`,
    `case.images`) and yields sentences, each of which makes a warning of the row, or problems made
    with `case.problem`. What it raises ends the check as a `PluginError` that names file and line.
    """
    return register("rules", function)


def format(value: T) -> T:
    """Register a format of datasets: a decorator for a class without arguments, or an object.

    It has what `tintype.dataset.formats.Format` says; `check_format`, beside it, names what is
    missing.
    """
    return register("formats", value)


def scorer(function: T) -> T:
    """Register a scorer of answers: a decorator.

    The function takes a `tintype.evaluation.AnswerCase` (`answer`, `truths`, `question`) and
    returns a number from 0 to 1, true or false, a mapping with `score`, `reason` and `format_ok`,
    or none: unscored, not wrong. Its first line of documentation says what it does.
    """
    return register("scorers", function)


def engine(value: T) -> T:
    """Register an engine: a decorator for what `tintype.engines.base.Engine` describes.

    `tintype.engines.check_engine` tries it, and names what breaks the contract. Training runs in a
    process of its own, which sees only engines that an entry point or `TINTYPE_ENGINES` names; a
    registered one serves for `check_engine` and tests.
    """
    return register("engines", value)


@contextlib.contextmanager
def guarded(plugin: Plugin, doing: str = "") -> Iterator[None]:
    """Turn what a plug-in raises in the block into a `PluginError` that names its file and line.

    `doing` completes the sentence: “The rule x failed `on line 3`”. A `TintypeError` passes.

    Raises:
        PluginError: for any other exception.
    """
    try:
        yield
    except TintypeError:
        raise
    except Exception as error:
        raise blame(
            error, f"{plugin.title} failed{f' {doing}' if doing else ''}", plugin.file
        ) from error


def blame(error: BaseException, what: str, file: str = "") -> PluginError:
    """Return the error for what a plug-in raised: what happened, and its file and line.

    The line is the deepest one in `file`, or the deepest of all if it took no part.
    """
    line: int | None = getattr(error, "lineno", None) if isinstance(error, SyntaxError) else None
    if line is not None:
        file = getattr(error, "filename", None) or file
    elif frames := traceback.extract_tb(error.__traceback__):
        own = [frame for frame in frames if file and frame.filename == file]
        file, line = (own or frames)[-1].filename, (own or frames)[-1].lineno
    text = str(error)
    said = f"{type(error).__name__}: {text}" if text else type(error).__name__
    place = f" ({file}, line {line})" if file and line else ""
    return PluginError(
        f"{what}{place}: {said.rstrip('.')}.",
        path=Path(file) if file else None,
        line=line,
    )


_registered: dict[Kind, list[Plugin]] = {kind: [] for kind in KINDS}


@functools.cache
def _found(kind: Kind, named: str) -> tuple[Plugin, ...]:
    from importlib.metadata import entry_points

    names = [point.value for point in entry_points(group=group(kind))]
    names += filter(None, (name.strip() for name in named.split(",")))
    loaded = ((name, _load(kind, name)) for name in names)
    return tuple(Plugin(kind, name, value) for name, value in loaded if value is not None)


def _load(kind: Kind, name: str) -> Any:
    """Import what a name means; none if it is a module that registers by itself."""
    module, _, attribute = name.partition(":")
    what = f"The {kind[:-1]} {name!r} cannot be loaded"
    try:
        found = (
            _from_file(Path(module)) if module.endswith(".py") else importlib.import_module(module)
        )
    except Exception as error:
        raise blame(error, what) from error
    try:
        if attribute:
            return functools.reduce(getattr, attribute.split("."), found)
        if any(plugin.file == getattr(found, "__file__", "") for plugin in _registered[kind]):
            return None
        raise AttributeError(f"it registers no {kind[:-1]} and names no attribute")
    except AttributeError as error:
        raise PluginError(
            f"{what}: {error}.",
            advice=f"Name `module:attribute` in {variable(kind)}, or remove the package behind it.",
        ) from error


def _from_file(path: Path) -> ModuleType:
    path = path.expanduser().absolute()
    name = f"{path.stem}_{hashlib.sha256(os.fsencode(path)).hexdigest()[:8]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
