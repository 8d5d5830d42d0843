"""What trains and answers behind the embedded server, by the name of the base model.

This is also the plug-in point. An installed package offers an engine as an entry point of the
group `tintype.engines`; one that is still being written is named by the environment variable
`TINTYPE_ENGINES` as `module:attribute`, several separated by commas (the module must be on
`PYTHONPATH`, because training runs in a process of its own). Either way the attribute is an
`Engine` or a class that makes one without arguments. A later engine replaces an earlier one of the
same name.
"""

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, cast

from tintype.errors import EngineError

if TYPE_CHECKING:
    from tintype.engines.base import Engine

BUILT_IN = ("tintype.engines.tiny.engine:Tiny",)
GROUP = "tintype.engines"
VARIABLE = "TINTYPE_ENGINES"


def engines() -> Mapping[str, "Engine"]:
    """Import every engine there is, and return each under the name of its base model.

    Costs the imports (NumPy, Pillow), so call it in a thread, once.

    Raises:
        EngineError: if one cannot be imported or is no engine.
    """
    found = (_load(name) for name in _names())
    return {engine.card.model: engine for engine in found}


def _names() -> Iterator[str]:
    from importlib.metadata import entry_points

    yield from BUILT_IN
    yield from (point.value for point in entry_points(group=GROUP))
    yield from filter(None, (name.strip() for name in os.environ.get(VARIABLE, "").split(",")))


def _load(name: str) -> "Engine":
    from importlib import import_module

    module, _, attribute = name.partition(":")
    try:
        found = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise EngineError(
            f"The engine {name!r} cannot be loaded: {error}.",
            advice=f"Name it `module:attribute` in {VARIABLE}, or remove the package behind it.",
        ) from error
    made = found() if isinstance(found, type) else found
    if not all(hasattr(made, part) for part in ("card", "resolve", "train", "open")):
        raise EngineError(f"The engine {name!r} is no engine: it lacks card, resolve, train, open.")
    return cast("Engine", made)
