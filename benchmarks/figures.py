"""What a benchmark gives, and how it is printed."""

import compileall
import os
import platform
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure."""

    name: str
    value: float | None
    """None if it could not be measured here."""
    unit: str
    note: str = ""
    limit: float | None = None
    """What is promised: at most this."""


class Timer:
    """Wall and processor time since it was made: the latter holds on a busy machine, too."""

    def __init__(self) -> None:
        self._wall, self._processor = time.perf_counter(), time.process_time()

    def spent(self) -> tuple[float, float]:
        """Seconds of wall and of processor time, all threads of this process together."""
        return time.perf_counter() - self._wall, time.process_time() - self._processor


def timed(name: str, spent: Iterable[tuple[float, float]], limit: float) -> tuple[Figure, Figure]:
    """Return the least of some times as figures; the limit is on what the processor needs."""
    wall, processor = (min(one) for one in zip(*spent, strict=True))
    return (
        Figure(f"{name}: processor", processor, "s", limit=limit),
        Figure("... as it was waited for", wall, "s"),
    )


def machine() -> str:
    """The machine, in a line, as it stands beside every figure.

    What is measured is compiled first, as it is wherever it was installed: else every process that
    a benchmark starts would compile a hundred modules, and that would be measured.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # of modules from elsewhere, the first does it
    for folder in ("core", "tui", "benchmarks"):
        compileall.compile_dir(folder, quiet=2)
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            names = [
                line.split(":", 1)[1].strip() for line in file if line.startswith("model name")
            ]
        model = names[0] if names else model
    except OSError:
        pass
    version = ".".join(map(str, sys.version_info[:3]))
    return f"{model}, {os.cpu_count()} cores, {platform.system()}, Python {version}"


def report(figures: Iterable[Figure]) -> None:
    """Print figures in lines."""
    for figure in figures:
        value = "not measured" if figure.value is None else f"{figure.value:,.4g} {figure.unit}"
        promise = "" if figure.limit is None else f"  (at most {figure.limit:g} {figure.unit})"
        note = f"  {figure.note}" if figure.note else ""
        print(f"{figure.name:<52} {value:>18}{promise}{note}")
