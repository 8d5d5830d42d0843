"""Tintype: fine-tune vision-language models, as a library.

    import tintype

    checked = await tintype.check("train.jsonl", "openai")
    for problem in checked.problems:
        print(problem.line, problem.message)

Without `await`, in scripts, CI and notebooks: `import tintype.blocking as tintype`.

* Datasets: `open` (a sequence of examples), `check`, `estimate`, `compare`, `fix`,
  `import_dataset`, `convert`, `split`, `edit`, `boxes`, `mean_iou`.
* Providers and jobs: `connect`, `train`, `follow`, `wait`, `explain`.
* Models: `ask`, `stream`, `evaluate` (what can be asked of its result: `tintype.evaluation`).
* What there is at all providers: `take_inventory` (what follows from it: `tintype.inventory`).
* Plug-ins: `rule`, `scorer`, `format`, `engine` (`tintype.plugins` says how they are found).
* Errors: `TintypeError` is the root of all of them; `tintype.errors` draws the tree.

What takes a while can be awaited for its result, or iterated over to show how far it is
(`async for step in tintype.check(…)`). Files are named by a string or a path object, providers by
their names. Nothing is imported before it is used.

Stability: the names above, their arguments and the fields of what they return follow semantic
versioning; before 1.0 they may change with a minor version, and the changelog says so. All other
modules are open to use, and may change at any time.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tintype import errors
    from tintype.detection import mean_iou
    from tintype.errors import TintypeError
    from tintype.library import (
        Connection,
        Rows,
        ask,
        boxes,
        check,
        compare,
        connect,
        convert,
        edit,
        estimate,
        evaluate,
        explain,
        fix,
        follow,
        import_dataset,
        open,
        split,
        stream,
        take_inventory,
        train,
        wait,
    )
    from tintype.plugins import engine, format, rule, scorer

__version__ = "0.1.0"

_ELSEWHERE = {
    "errors": "",
    "TintypeError": "errors",
    "mean_iou": "detection",
    **dict.fromkeys(("engine", "format", "rule", "scorer"), "plugins"),
}
"""What `tintype.library` does not hold, and the module that does."""

__all__ = [  # noqa: RUF022 - by subject
    "open",
    "Rows",
    "check",
    "estimate",
    "compare",
    "fix",
    "import_dataset",
    "convert",
    "split",
    "edit",
    "boxes",
    "mean_iou",
    "connect",
    "Connection",
    "train",
    "follow",
    "wait",
    "explain",
    "ask",
    "stream",
    "evaluate",
    "take_inventory",
    "rule",
    "scorer",
    "format",
    "engine",
    "TintypeError",
    "errors",
]


def __getattr__(name: str) -> Any:
    """Import what is asked for, when it is asked for."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = _ELSEWHERE.get(name, "library")
    value = import_module(f"tintype.{home or name}")
    if home:
        value = getattr(value, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
