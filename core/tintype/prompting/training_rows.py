"""A question with an answer that is good, or was corrected, as a row to train on."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tintype import paths
from tintype.errors import DatasetError


def training_row(messages: Sequence[Mapping[str, Any]], answer: str) -> str:
    """Return a row of a dataset: what was sent, images and all, and what is right to say to it.

    Raises:
        DatasetError: if the answer is empty.
    """
    if not answer.strip():
        raise DatasetError("A row to train on needs an answer.")
    row = {"messages": [*messages, {"role": "assistant", "content": answer}]}
    return json.dumps(row, ensure_ascii=False)


def grown(source: Path | None, target: Path, row: str) -> int:
    """Write a row to the end of a file; one that is not there yet begins with a source's rows.

    Returns how many rows the file has now. Blocking: the file is written again, whole.

    Raises:
        FileError: if a file cannot be read or written.
    """
    begins = target if paths.exists(target) else source
    before = paths.read_bytes(begins) if begins is not None else b""
    lines = [line for line in before.splitlines() if line.strip()]
    paths.write_whole(
        target, b"\n".join([*lines, row.encode("utf-8", "replace")]) + b"\n", replace=True
    )
    return len(lines) + 1
