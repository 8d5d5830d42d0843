"""From the command to the first frame, against a bare Textual app, in turn, in one run.

    python -m benchmarks.startup [runs]

Both run in a pseudo-terminal that answers nothing, as over a line that is slow. The first frame is
there when a word of it has been written.
"""

import fcntl
import os
import pty
import select
import shutil
import signal
import statistics
import struct
import sys
import tempfile
import termios
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.figures import Figure

BARE = """\
from textual.app import App
from textual.widgets import Static

class Bare(App):
    def compose(self):
        yield Static("first frame")

Bare().run()
"""
PATIENCE_S = 30.0
QUICK = {"runs": 1}


def measure(runs: int = 11) -> list[Figure]:
    """Measure both in turn; the first of each is thrown away."""
    tintype = shutil.which("tintype", path=os.path.dirname(sys.executable)) or "tintype"
    with tempfile.TemporaryDirectory() as folder:
        bare = Path(folder, "bare.py")
        bare.write_text(BARE)
        environ = {**os.environ, "TINTYPE_HOME": folder}
        app_s, bare_s = [], []
        for number in range(runs + 1):
            once_bare = first_frame([sys.executable, str(bare)], b"first frame", environ)
            once_app = first_frame([tintype], b"fine-tune vision models", environ)
            if number:
                bare_s.append(once_bare)
                app_s.append(once_app)
    ratios = [a / b for a, b in zip(app_s, bare_s, strict=True)]
    return [
        Figure("first frame, Tintype", statistics.median(app_s) * 1000, "ms"),
        Figure("first frame, bare Textual app", statistics.median(bare_s) * 1000, "ms"),
        Figure("ratio, pair by pair", statistics.median(ratios), "×", limit=1.3),
    ]


def first_frame(command: Sequence[str], word: bytes, environ: dict[str, str]) -> float:
    """Seconds until a word has been written to the terminal."""
    began = time.perf_counter()
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe(
            command[0],
            list(command),
            {**environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"},
        )
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 36, 120, 0, 0))
    shown = b""
    try:
        while word not in shown:
            left_s = PATIENCE_S - (time.perf_counter() - began)
            if left_s <= 0 or not select.select([terminal], [], [], left_s)[0]:
                raise TimeoutError(f"{command[0]} showed no {word!r}")
            shown += os.read(terminal, 1 << 16)
        return time.perf_counter() - began
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(terminal)


if __name__ == "__main__":
    from benchmarks.figures import report

    report(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 11))
