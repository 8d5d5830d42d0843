"""What this machine has for open models, found out without PyTorch."""

import os
import subprocess
from dataclasses import dataclass, replace

_LIMIT_S = 5.0
WITHOUT_GPU = 2
"""Numbers take four bytes there, not two: so many times the memory."""


@dataclass(frozen=True, slots=True)
class Machine:
    """Where a model would be trained."""

    name: str
    """Of the GPU with the most memory; empty if there is none."""
    memory_bytes: int
    """Of that GPU, or of the machine."""
    gpus: int = 0


def this_machine() -> Machine:
    """Ask the driver for GPUs (NVIDIA), else count the machine's own memory."""
    asked = ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader,nounits"]
    try:
        told = subprocess.run(
            asked, capture_output=True, text=True, timeout=_LIMIT_S, check=True
        ).stdout
        found = [_gpu(line) for line in told.strip().splitlines()]
        return replace(max(found, key=lambda one: one.memory_bytes), gpus=len(found))
    except (OSError, ValueError, subprocess.SubprocessError):
        pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        return Machine("", pages)


def _gpu(line: str) -> Machine:
    name, _, megabytes = line.rpartition(",")
    return Machine(name.strip(), int(megabytes) << 20)
