"""Open models on a GPU: rows a second against transformers' Trainer (and TRL's, where it is there).

    python -m benchmarks.gpu            # under 6 minutes, on any CUDA machine with 80 GB
    python -m benchmarks.gpu --smoke    # the same code on tiny shapes, on the processor

Random weights at the real shapes, rows of about 510 tokens with one image. One JSON line a figure,
on standard output and in `$OUT/gpu.jsonl`. Each section is a process of its own under a limit of
its own, so that one that fails or hangs costs nothing but itself.
"""

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from functools import partial

from benchmarks.gpu.figures import SMOKE, say

SECTIONS = (("qwen2.5-vl-3b", 150.0), ("qwen3-vl-8b", 140.0), ("trl", 60.0))
TOTAL_S = 350.0
LEAST_S = 20.0


def conduct() -> None:
    """Run every section as a process, each within its limit and all within TOTAL_S."""
    begun = time.monotonic()
    for name, limit in SECTIONS:
        left = TOTAL_S - (time.monotonic() - begun)
        if left < LEAST_S:
            say(section=name, skipped=f"{left:.0f} s left")
            continue
        command = [sys.executable, "-u", "-m", "benchmarks.gpu", "--section", name]
        _run(name, [*command, *(["--smoke"] if SMOKE else [])], min(limit, left))
    say(section="all", wall_s=time.monotonic() - begun)


def _run(name: str, command: Sequence[str], limit: float) -> None:
    begun = time.monotonic()
    environment = {**os.environ, "UNTIL": str(time.time() + limit), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        command, start_new_session=True, stderr=subprocess.PIPE, text=True, env=environment
    )
    told: list[str] = []
    assert process.stderr is not None
    reader = threading.Thread(target=told.extend, args=(process.stderr,), daemon=True)
    reader.start()
    code: int | str
    try:
        code = process.wait(limit)
    except subprocess.TimeoutExpired:
        code = "over its limit"
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    reader.join(2)
    more = {} if code == 0 else {"stderr": "".join(told)[-1500:]}
    say(section=name, exit=code, wall_s=time.monotonic() - begun, **more)


def measure(name: str) -> None:
    """One section, in this process."""
    from benchmarks.gpu import ours, theirs
    from benchmarks.gpu.section import Section
    from tintype.engines.lora.passing import CAPTURE

    section = Section(name)
    if section.cuda:
        properties = section.torch.cuda.get_device_properties(0)
        section.say(
            "machine",
            card=properties.name,
            memory_gb=properties.total_memory / (1 << 30),
            torch=section.torch.__version__,
            processors=os.cpu_count(),
        )
    if name == "trl":
        section.guarded("TRL", lambda: theirs.with_trl(section))
        return
    found = section.guarded("prepare", lambda: ours.prepared(section))
    if found is not None:
        order, made = found
        fast = section.guarded(
            "ours", lambda: ours.trained(section, order, made, deterministic=True)
        )
        free = section.guarded(
            "ours", lambda: ours.trained(section, order, made, deterministic=False)
        )
        section.guarded("equality", lambda: ours.equality(section, made))
        os.environ[CAPTURE] = "1"
        section.guarded("ours", lambda: ours.trained(section, order, made, deterministic=True))
        del os.environ[CAPTURE]
        if fast and free:
            section.say("cost of determinism", share=1 - fast[0] / free[0])
            section.guarded("resumed", lambda: ours.resumed(section, order, made, fast[1]))
        section.guarded("serving", lambda: ours.serving(section, made))
        theirs.detached(section, made)
        section.guarded("generate", lambda: theirs.generating(section))
        paces = [
            section.guarded(f"Trainer, batch {batch}", partial(theirs.trainer, section, batch))
            for batch in ((2,) if SMOKE else (4, 8))
        ]
        best = max((pace for pace in paces if pace), default=None)
        if fast and best:
            section.say("times transformers' best", factor=fast[0] / best)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--section")
    parser.add_argument("--smoke", action="store_true")
    asked = parser.parse_args()
    measure(asked.section) if asked.section else conduct()
