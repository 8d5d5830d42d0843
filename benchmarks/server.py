"""The embedded server: small requests a second, and a file upload against a plain copy.

python -m benchmarks.server
"""

import asyncio
import os
import shutil
import tempfile
import time
from pathlib import Path

from benchmarks.figures import Figure

REQUESTS = 300
UPLOAD_BYTES = 256_000_000
QUICK = {"requests": 3, "upload_bytes": 1_000_000}


def measure(requests: int = REQUESTS, upload_bytes: int = UPLOAD_BYTES) -> list[Figure]:
    """Start a server in a folder of its own and speak to it with the real client."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measure(Path(folder), requests, upload_bytes))


async def _measure(folder: Path, requests: int, upload_bytes: int) -> list[Figure]:
    from tintype.api import connect
    from tintype.server.run import start, stop
    from tintype.settings import EMBEDDED, Secret

    server = await start(folder / "server")
    try:
        async with connect(EMBEDDED, Secret(server.token), server.url) as api:
            await api.models()
            began = time.perf_counter()
            for _ in range(requests):
                await api.models()
            each_ms = (time.perf_counter() - began) / requests * 1000
            path = folder / "big.jsonl"
            line = b'{"messages": []}' + b" " * 239 + b"\n"
            path.write_bytes(line * (upload_bytes // len(line)))
            began = time.perf_counter()
            await api.upload_file(path, "fine-tune")
            upload_s = time.perf_counter() - began
    finally:
        await stop(server)
    copy_s = _copy(path)
    return [
        Figure("one small request, client and server", each_ms, "ms"),
        Figure(f"upload of {upload_bytes / 1e6:g} MB over loopback", upload_s, "s"),
        Figure("the same file copied and synced (limit)", copy_s, "s"),
        Figure("upload / copy", upload_s / copy_s, "×"),
    ]


def _copy(path: Path) -> float:
    began = time.perf_counter()
    target = path.with_suffix(".copy")
    shutil.copyfile(path, target)
    with target.open("rb") as file:
        os.fsync(file.fileno())
    return time.perf_counter() - began


if __name__ == "__main__":
    from benchmarks.figures import report

    report(measure())
