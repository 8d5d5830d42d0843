"""Commands that only ask the server, against curl and against the import of OpenAI's SDK.

python -m benchmarks.commands
"""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.figures import Figure

ROUNDS = 5
QUICK = {"rounds": 1}
QUESTION = '{"model": "tintype-tiny", "messages": [{"role": "user", "content": "What?"}]}'


def measure(rounds: int = ROUNDS) -> list[Figure]:
    """Start a server in a home of its own and take the best of some rounds of each."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measure(Path(folder), rounds))


async def _measure(home: Path, rounds: int) -> list[Figure]:
    from tintype.server.run import start, stop

    server = await start(home / "data" / "server")
    environment = {**os.environ, "TINTYPE_HOME": str(home), "TINTYPE_PROFILE": "tintype"}
    tintype = [sys.executable, "-m", "tintype_tui"]
    curl = ["curl", "-s", "-H", f"Authorization: Bearer {server.token}"]
    json = ["-H", "Content-Type: application/json", "-d", QUESTION]
    try:
        sdk_s = _best([sys.executable, "-c", "import openai"], environment, rounds)
        models_s = _best([*tintype, "models"], environment, rounds)
        ask_s = _best([*tintype, "ask", "tintype-tiny", "What?"], environment, rounds)
        figures = [
            Figure("import of the SDK (a limit)", sdk_s, "s"),
            Figure("tintype models", models_s, "s"),
            Figure("tintype models, beyond the SDK", models_s - sdk_s, "s"),
            Figure("tintype ask", ask_s, "s"),
            Figure("tintype ask, beyond the SDK", ask_s - sdk_s, "s"),
        ]
        if shutil.which("curl"):
            figures += [
                Figure(
                    "curl /models", _best([*curl, f"{server.url}/models"], environment, rounds), "s"
                ),
                Figure(
                    "curl /chat/completions",
                    _best([*curl, *json, f"{server.url}/chat/completions"], environment, rounds),
                    "s",
                ),
            ]
    finally:
        await stop(server)
    return figures


def _best(command: list[str], environment: dict[str, str], rounds: int) -> float:
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True, env=environment)
        taken.append(time.perf_counter() - began)
    return min(taken)


if __name__ == "__main__":
    from benchmarks.figures import report

    report(measure())
