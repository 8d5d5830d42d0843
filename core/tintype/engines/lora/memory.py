"""What the machine has left, and how hard it works."""

import os
import time

import torch

from tintype.engines.lora import plan
from tintype.engines.lora.loading import OpenModel

PEAKS = {
    "H200": 989e12,
    "H100": 989e12,
    "A100": 312e12,
    "L40": 181e12,
    "4090": 165e12,
    "L4": 121e12,
}
"""bf16 operations a second by data sheet, without sparsity, of a card with such a name."""
RESERVE = 0.08
"""Of a card's memory, left to what is not counted."""


def free_bytes(opened: OpenModel) -> int:
    """Memory that is left for a step."""
    if opened.device.type == "cuda":
        torch.cuda.empty_cache()
        free, total = torch.cuda.mem_get_info(opened.device)
        return int(free - RESERVE * total)
    pages = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return pages // 4  # numbers take four bytes there, and the machine has other things to do


def out_of_memory(error: BaseException) -> bool:
    """Whether an error of PyTorch says that memory ran out."""
    words = str(error).lower()
    return isinstance(error, torch.cuda.OutOfMemoryError) or any(
        sign in words for sign in ("out of memory", "can't allocate memory", "alloc_failed")
    )


class PaceMeter:
    """The pace of steps."""

    def __init__(self, opened: OpenModel, ranks: int = 1) -> None:
        """Measure for so many processes, a GPU each."""
        self._opened = opened
        self._cuda = opened.device.type == "cuda"
        name = torch.cuda.get_device_name(opened.device) if self._cuda else ""
        peak = next((value for sign, value in PEAKS.items() if sign in name), 0.0)
        self._peak = peak * ranks
        self._begun = time.perf_counter()

    def begin(self) -> None:
        """A step begins."""
        self._begun = time.perf_counter()
        if self._cuda:
            torch.cuda.reset_peak_memory_stats(self._opened.device)

    def end(self, tokens: int) -> dict[str, float]:
        """Metrics of the step: `tokens_per_second`, and on a GPU `memory_gb` and `mfu` (0…1)."""
        seconds = max(1e-9, time.perf_counter() - self._begun)
        found = {"tokens_per_second": tokens / seconds}
        if self._cuda:
            found["memory_gb"] = torch.cuda.max_memory_allocated(self._opened.device) / (1 << 30)
        if self._peak:
            done = plan.operations(self._opened.base, tokens)
            found["mfu"] = done / seconds / self._peak
        return found
