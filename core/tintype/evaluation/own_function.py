"""A scorer of somebody's own: a Python function in a process of its own, with a time limit.

    def close_enough(answer: str, expected: str, row: dict) -> float: …

It takes the answer, the first truth, and the row (`question`, `truths`, `finish_reason`, `size`),
and gives a number from 0 to 1, true or false, none (unscored), or a dictionary with `score`,
`reason`, `format_ok`. Whatever it prints goes to standard error. What it raises, and what takes too
long, leaves the row unscored, with the reason: never 0, never another scorer.
"""

import contextlib
import json
import os
import select
import subprocess
import sys
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from tintype import paths
from tintype.errors import EvaluationError
from tintype.evaluation.answer_case import AnswerCase, Scorer, as_score
from tintype.evaluation.headline import RowScore

LIMIT_S = 10.0
"""For one answer."""
STARTING_S = 60.0
"""For the imports of the file."""
_MOST_BYTES = 1 << 20
_PROCESS = os.fspath(Path(__file__).with_name("own_process.py"))


def own_function(spec: str, *, limit_s: float = LIMIT_S) -> Scorer:
    """The scorer for `path/to/file.py:function`; its version is that of the file's content.

    Raises:
        EvaluationError: if no function is named.
        FileError: if there is no such file.
    """
    file, _, name = spec.rpartition(":")
    if not file.endswith(".py") or not name.isidentifier():
        raise EvaluationError(
            f"{spec!r} names no function.", advice="For example scorers.py:close_enough."
        )
    path = paths.absolute(paths.as_path(file))
    content = paths.read_bytes(path, max_bytes=_MOST_BYTES)
    version = int(sha256(content).hexdigest()[:8], 16)
    worker = _Worker(path, name, limit_s)
    return Scorer(
        spec,
        f"As the function {name} in {path.name} says.",
        "mean score",
        version,
        worker.score,
        close=worker.close,
    )


@dataclass(slots=True)
class _Worker:
    """The process; started when it is first needed, and again after a time limit."""

    path: Path
    name: str
    limit_s: float
    _process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)

    def score(self, case: AnswerCase) -> RowScore:
        row = {
            "question": case.question,
            "truths": case.truths,
            "finish_reason": case.finish_reason,
            "size": case.size,
        }
        expected = case.truths[0] if case.truths else ""
        try:
            told = self._asked(json.dumps([case.answer, expected, row]).encode())
        except TimeoutError:
            self.close()
            return _failed(f"no score within {self.limit_s:g} s")
        except (OSError, EOFError, ValueError):
            self.close()
            return _failed("the function's process ended")
        if "error" in told:
            return _failed(str(told["error"])[:300])
        return as_score(told["value"])

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
            self._process.wait()
            self._process = None

    def _asked(self, line: bytes) -> dict[str, Any]:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-P", _PROCESS, os.fspath(self.path), self.name],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
            )
            self._read(STARTING_S)  # says that it is ready, or why not
        assert self._process.stdin is not None
        self._process.stdin.write(line + b"\n")
        return self._read(self.limit_s)

    def _read(self, limit_s: float) -> dict[str, Any]:
        assert self._process is not None
        assert self._process.stdout is not None
        said = b""
        while not said.endswith(b"\n"):
            ready, _, _ = select.select([self._process.stdout], [], [], limit_s)
            if not ready:
                raise TimeoutError
            piece = os.read(self._process.stdout.fileno(), 1 << 16)
            if not piece:
                raise EOFError
            said += piece
        told: dict[str, Any] = json.loads(said)
        return told


def _failed(reason: str) -> RowScore:
    return RowScore("unscored_infra", None, None, reason)
