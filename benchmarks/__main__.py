"""Every benchmark, one after the other: `make bench`.

python -m benchmarks [NAME …]
"""

import importlib
import sys

from benchmarks.figures import machine, report

ALL = ("startup", "chart", "dataset", "server", "commands", "learning")


def main(names: list[str]) -> None:
    """Run and print the named benchmarks, or all."""
    print(machine())
    for name in names or ALL:
        module = importlib.import_module(f"benchmarks.{name}")
        print(f"\n{(module.__doc__ or name).splitlines()[0]}")
        report(module.measure())


if __name__ == "__main__":
    main(sys.argv[1:])
