"""What trains and answers behind the embedded server, by the name of the base model.

Engines from outside are plug-ins (`tintype.plugins`): an entry point of the group
`tintype.engines`, or `TINTYPE_ENGINES` while one is being written (training runs in a process of
its own, so a decorator is not enough). Each is an `Engine`, or a class that makes one without
arguments. A later engine replaces an earlier one of the same name. `check_engine` tells its author
which promises it breaks.
"""

from collections.abc import Iterator, Mapping
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


def engines() -> Mapping[str, "Engine"]:
    """Import every engine there is, and return each under the name of its base model.

    Costs the imports (NumPy, Pillow), so call it in a thread, once.

    Raises:
        EngineError: if one cannot be imported or is no engine.
    """
    try:
        return {engine.card.model: engine for engine in _all()}
    except PluginError as error:
        raise EngineError(error.message, advice=error.advice) from error


def _all() -> Iterator["Engine"]:
    from tintype.engines.tiny.engine import Tiny

    yield Tiny()
    for plugin in plugins("engines"):
        yield _made(plugin)


def _made(plugin: Plugin) -> "Engine":
    with guarded(plugin):
        made = plugin.value() if isinstance(plugin.value, type) else plugin.value
    if not all(hasattr(made, part) for part in ("card", "resolve", "train", "open")):
        raise EngineError(f"{plugin.title} is not an engine: it lacks card, resolve, train, open.")
    return cast("Engine", made)
