"""Commands that only ask the server, against curl and against the import of OpenAI's SDK.

python -m benchmarks.commands

All run in turn, compiled beforehand as an installed command is: an environment that forbids Python
to keep what it compiles would double each time. What is promised is processor time, which other
work on the machine changes least.
"""

import asyncio
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import Figure

ROUNDS = 5
QUICK = {"rounds": 0}
"""Each once, compiled or not: whether it runs."""
ALLOWED_S = 0.2
"""What a command may take beyond the SDK's import."""
TINTYPE = [sys.executable, "-m", "tintype_tui"]
QUESTION = '{"model": "tintype-tiny", "messages": [{"role": "user", "content": "What?"}]}'


@dataclass(slots=True)
class _Taken:
    """The least of some rounds, each alone: a busy machine makes everything longer."""

    clock_s: float = float("inf")
    processor_s: float = float("inf")


def measure(rounds: int = ROUNDS) -> list[Figure]:
    """Start a server in a home of its own and take the best of some rounds of each."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        environment = {**os.environ, "TINTYPE_HOME": str(home), "TINTYPE_PROFILE": "tintype"}
        if rounds:
            environment["PYTHONPYCACHEPREFIX"] = str(home / "compiled")
            environment.pop("PYTHONDONTWRITEBYTECODE", None)
        return asyncio.run(_measure(home, environment, rounds))


async def _measure(home: Path, environment: dict[str, str], rounds: int) -> list[Figure]:
    from tintype.samples import SplitCounts, make_cards
    from tintype.server.run import start, stop

    async for _ in make_cards(home / "cards", counts=SplitCounts(train=1, valid=1, test=4)):
        pass
    server = await start(home / "data" / "server")
    row = str(home / "cards" / "test.jsonl:3")
    commands = {
        "import of the SDK": [sys.executable, "-c", "import openai"],
        "tintype models": [*TINTYPE, "models"],
        "tintype files": [*TINTYPE, "files"],
        "tintype jobs": [*TINTYPE, "jobs"],
        "tintype status": [*TINTYPE, "status"],
        "tintype ask MODEL TEXT": [*TINTYPE, "ask", "tintype-tiny", "What?"],
        "tintype ask MODEL --row FILE:3": [*TINTYPE, "ask", "tintype-tiny", "--row", row],
    }
    if shutil.which("curl"):
        curl = ["curl", "-s", "-H", f"Authorization: Bearer {server.token}"]
        json = ["-H", "Content-Type: application/json", "-d", QUESTION]
        commands["curl /models"] = [*curl, f"{server.url}/models"]
        commands["curl /chat/completions"] = [*curl, *json, f"{server.url}/chat/completions"]
    taken = {name: _Taken() for name in commands}
    try:
        for number in range(rounds + 1):  # the first compiles
            for name, command in commands.items():
                _run(command, environment, taken[name] if number or not rounds else _Taken())
    finally:
        await stop(server)
    most_s = taken["import of the SDK"].processor_s + ALLOWED_S
    return [figure for name in commands for figure in _figures(name, taken[name], most_s)]


def _run(command: list[str], environment: dict[str, str], best: _Taken) -> None:
    before, began = _processor_s(), time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=environment)
    best.clock_s = min(best.clock_s, time.perf_counter() - began)
    best.processor_s = min(best.processor_s, _processor_s() - before)


def _processor_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _figures(name: str, taken: _Taken, most_s: float) -> list[Figure]:
    limit = round(most_s, 2) if name.startswith("tintype") else None
    return [
        Figure(name, taken.clock_s, "s"),
        Figure(f"{name}, processor", taken.processor_s, "s", limit=limit),
    ]


if __name__ == "__main__":
    from benchmarks.figures import report

    report(measure())
