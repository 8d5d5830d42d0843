"""What is heavy is imported when it is needed: module by module, held here.

Each group is imported in a process of its own, so that one that is not allowed to load anything
heavy shows it whichever of its modules does.
"""

import subprocess
import sys
from pathlib import Path

import pytest

CORE = Path(__file__).parents[2] / "core"
HEAVY = {
    *("PIL", "numpy", "torch", "openai", "httpx2", "pydantic", "tiktoken", "regex"),
    *("starlette", "uvicorn", "click", "textual", "rich", "platformdirs", "tintype_tui"),
}

ALLOWED: dict[str, set[str]] = {
    "tintype.api.endpoints": {"httpx2"},
    "tintype.api.transport": {"httpx2"},
    "tintype.api.wire": {"httpx2"},
    "tintype.detection.drawing": {"PIL"},
    "tintype.images.likeness": {"numpy"},
    "tintype.evaluation": {"numpy"},
    "tintype.keeping": {"numpy"},  # these two make evaluations of answers
    "tintype.moving": {"numpy"},
    "tintype.engines.tiny": {"PIL", "numpy"},
    "tintype.engines.lora": {"PIL", "numpy", "torch", "regex", "httpx2", "click", "rich"},
    "tintype.samples": {"PIL", "numpy"},
    "tintype.server": {"PIL", "starlette", "uvicorn", "click"},
}
"""What a module, or all in a package, may load by being imported; every other module nothing."""

LIGHT_ALL_THE_SAME = (
    "tintype.engines.lora",
    "tintype.engines.lora.bases",
    "tintype.engines.lora.engine",
    "tintype.engines.lora.machine",
    "tintype.engines.lora.plan",
    "tintype.engines.tiny",
    "tintype.engines.tiny.engine",
    "tintype.engines.tiny.plan",
    "tintype.server.run",
    "tintype.server.address",
)
"""In a package that may load something, but imported early themselves."""


def modules() -> list[str]:
    paths = [path.relative_to(CORE).with_suffix("") for path in CORE.rglob("*.py")]
    names = {".".join(path.parts).removesuffix(".__init__") for path in paths}
    return sorted(name for name in names if not name.endswith(".__main__"))


def group_of(name: str) -> str:
    if name in LIGHT_ALL_THE_SAME:
        return ""
    return next((key for key in ALLOWED if f"{name}.".startswith(f"{key}.")), "")


@pytest.mark.parametrize("group", ["", *ALLOWED])
def test_importing_a_module_loads_nothing_heavy_that_it_may_not(group: str) -> None:
    names = [name for name in modules() if group_of(name) == group]
    assert names
    if group == "tintype.engines.lora":
        pytest.importorskip("torch", reason="open models need the extra")
    code = f"import sys, {', '.join(names)}; print(sorted({HEAVY!r} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(eval(done.stdout))
    assert loaded <= ALLOWED.get(group, set()), f"one of {len(names)} modules loads it"
