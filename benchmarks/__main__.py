"""Every benchmark, one after the other: `make bench`.

    python -m benchmarks [--quick] [NAME …]

`--quick` takes the smallest measure of each: it shows that the benchmarks run, not how fast. What
cannot be made small (`learning` trains for minutes) measures nothing then.
"""

import importlib
import sys

from benchmarks.figures import machine, report

ALL = (
    "startup",
    "chart",
    "drawing",
    "dataset",
    "check",
    "scripts",
    "importing",
    "server",
    "commands",
    "evaluation",
    "recording",
    "inventory",
    "keeping",
    "line",
    "sessions",
    "learning",
)


def main(words: list[str]) -> None:
    """Run and print the named benchmarks, or all."""
    quick, names = "--quick" in words, [word for word in words if word != "--quick"]
    print(machine())
    for name in names or ALL:
        module = importlib.import_module(f"benchmarks.{name}")
        print(f"\n{(module.__doc__ or name).splitlines()[0]}")
        smallest = getattr(module, "QUICK", None)
        if not quick:
            report(module.measure())
        elif smallest is not None:
            report(module.measure(**smallest))


if __name__ == "__main__":
    main(sys.argv[1:])
