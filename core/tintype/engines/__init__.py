"""What trains and answers behind the embedded server, by the name of the base model.

Engines from outside are plug-ins (`tintype.plugins`): an entry point of the group
`tintype.engines`, or `TINTYPE_ENGINES` while one is being written (training runs in a process of
its own, so a decorator is not enough). Each is an `Engine`, or a class that makes one without
arguments. A later engine replaces an earlier one of the same name. `check_engine` tells its author
which promises it breaks.

Open models (`engines.lora`) are engines too: those that a person has added, listed in the server's
folder. They come and go while the server runs.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

from tintype.errors import EngineError, PluginError
from tintype.plugins import Plugin, guarded, plugins

if TYPE_CHECKING:
    from tintype.engines.base import Engine


def check_engine(engine: "Engine") -> tuple[str, ...]:
    """Try an engine out, and return a sentence for each promise of `Engine` that it breaks.

    Raises:
        FileError: if there is no room for a temporary folder.
    """
    from tintype.engines import contract

    return contract.check_engine(engine)


def engines(folder: Path | None = None) -> Mapping[str, "Engine"]:
    """Import every engine there is, and return each under the name of its base model.

    With the server's `folder`, the open models that have been added to it are among them, those
    that are added later too. Costs the imports (NumPy, Pillow), so call it in a thread, once.

    Raises:
        EngineError: if one cannot be imported or is no engine.
    """
    try:
        found = {engine.card.model: engine for engine in _all()}
        return found if folder is None else _WithAdded(found, folder)
    except PluginError as error:
        raise EngineError(error.message, advice=error.advice) from error


def extra_hyperparameters(folder: Path) -> Mapping[str, Mapping[str, str]]:
    """What base models know beyond OpenAI's hyperparameters, and what each is; by model and name.

    Raises:
        EngineError: if an engine cannot be imported.
    """
    found = {model: engine.card.hyperparameters for model, engine in engines(folder).items()}
    return {model: names for model, names in found.items() if names}


def _all() -> Iterator["Engine"]:
    from tintype.engines.tiny.engine import Tiny

    yield Tiny()
    for plugin in plugins("engines"):
        yield _made(plugin)


class _WithAdded(Mapping[str, "Engine"]):
    """Engines and the open models that have been added, as the file stands when it is read."""

    def __init__(self, fixed: Mapping[str, "Engine"], folder: Path) -> None:
        from tintype.engines.lora.bases import BASES

        self._fixed, self._file = fixed, folder / BASES
        self._read: object = None
        self._every: Mapping[str, Engine] = fixed
        self._renew()

    def __getitem__(self, model: str) -> "Engine":
        return self._renew()[model]

    def __iter__(self) -> Iterator[str]:
        return iter(self._renew())

    def __len__(self) -> int:
        return len(self._renew())

    def _renew(self) -> Mapping[str, "Engine"]:
        stamp = self._file.stat() if self._file.is_file() else None
        seen = stamp and (stamp.st_ino, stamp.st_mtime_ns)
        if seen != self._read:
            from tintype.engines.lora import bases
            from tintype.engines.lora.engine import Lora

            same = {
                engine.base: engine for engine in self._every.values() if hasattr(engine, "base")
            }
            added = {base.model: same.get(base) or Lora(base) for base in bases.added(self._file)}
            self._every, self._read = {**added, **self._fixed}, seen
        return self._every


def _made(plugin: Plugin) -> "Engine":
    with guarded(plugin):
        made = plugin.value() if isinstance(plugin.value, type) else plugin.value
    if not all(hasattr(made, part) for part in ("card", "resolve", "train", "open")):
        raise EngineError(f"{plugin.title} is not an engine: it lacks card, resolve, train, open.")
    return cast("Engine", made)
