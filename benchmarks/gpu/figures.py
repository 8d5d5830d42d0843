"""Figures, a line of JSON each."""

import json
import os
import sys
from pathlib import Path
from typing import Any

SMOKE = "--smoke" in sys.argv
"""Whether only the code is tried, on tiny shapes."""


def say(**figures: Any) -> None:
    """One figure, as a line of JSON."""
    line = json.dumps({name: _short(value) for name, value in figures.items()}, default=str)
    print(line, flush=True)
    if out := os.environ.get("OUT"):
        with open(Path(out) / "gpu.jsonl", "a") as file:
            file.write(line + "\n")


def _short(value: Any) -> Any:
    return float(f"{value:.5g}") if isinstance(value, float) else value
