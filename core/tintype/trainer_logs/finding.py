"""Which files at a path tell of a training, and by what they are read."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tintype.errors import FileError
from tintype.paths import require
from tintype.trainer_logs.lines import Csv, JsonLines, TrainerState, newest_state
from tintype.trainer_logs.measured import Reader
from tintype.trainer_logs.tensorboard import EventFiles, event_files

LIVE = ("trainer_log.jsonl", "logging.jsonl", "wandb-history.jsonl", "log_history.jsonl")
"""Logs that trainers append to at every step, where `trainer_state.json` waits for a checkpoint."""


@dataclass(frozen=True, slots=True)
class TrainerLog:
    """A log of one training."""

    path: Path
    """The folder or file that was named."""
    kind: str
    """What it is, for a person."""
    file: Path
    """What is read; a folder for files that come one after the other."""
    open: Callable[[Path], Reader]
    base_model: str = ""
    """The model that is trained, where a file beside the log says so."""


def find(path: Path) -> TrainerLog:
    """Find the log at a path: a file, or the folder that a trainer writes to; blocking.

    Raises:
        FileError: if there is none that can be read, with what there is.
    """
    require(path)
    path = path.absolute()
    for kind, file, opened in _candidates(path):
        return TrainerLog(path, kind, file, opened, _base_model(path))
    if path.suffix == ".wandb" or (path.is_dir() and any(path.rglob("*.wandb"))):
        raise FileError(
            f"{path} is a run of W&B, whose own binary format Tintype does not read.",
            advice="Have the trainer write TensorBoard, CSV or JSONL as well, or export the run's "
            "history as CSV.",
            path=path,
        )
    raise FileError(
        f"{path} holds no log of a training that is known.",
        advice="Known are trainer_state.json, TensorBoard's event files, and JSONL or CSV with a "
        "column `step`.",
        path=path,
    )


_Candidate = tuple[str, Path, Callable[[Path], Reader]]


def _candidates(path: Path) -> list[_Candidate]:
    if path.is_file():
        return _file(path)
    found: list[_Candidate] = []
    for name in LIVE:
        found += [("JSONL", one, JsonLines) for one in sorted(path.glob(name))]
    if event_files(path):
        found.append(("TensorBoard", path, EventFiles))
    if newest_state(path) is not None:
        found.append(("trainer_state.json", path, TrainerState))
    for pattern in ("*.jsonl", "*.csv", "*.tsv"):
        for one in sorted(path.glob(pattern)):
            found += _file(one)
    return found


def _file(path: Path) -> list[_Candidate]:
    """How a file is read; none if it measures nothing by step."""
    opened: Callable[[Path], Reader]
    if path.name == "trainer_state.json":
        return [("trainer_state.json", path, TrainerState)]
    if "tfevents" in path.name:
        return [("TensorBoard", path, EventFiles)]
    kinds = {".jsonl": ("JSONL", JsonLines), ".ndjson": ("JSONL", JsonLines)}
    kinds |= {".csv": ("CSV", Csv), ".tsv": ("CSV", Csv)}  # type: ignore[dict-item]
    if path.suffix.lower() not in kinds:
        return []
    kind, opened = kinds[path.suffix.lower()]
    is_log = path.name in LIVE or bool(opened(path).read().measured)
    return [(kind, path, opened)] if is_log or path.stat().st_size == 0 else []


def _base_model(path: Path) -> str:
    folder = path if path.is_dir() else path.parent
    folders = [folder, *sorted(folder.glob("checkpoint-*"))[-1:]]
    for name, key in (
        ("adapter_config.json", "base_model_name_or_path"),
        ("config.json", "_name_or_path"),
    ):
        for one in folders:
            try:
                said = json.loads((one / name).read_bytes()).get(key)
            except (OSError, ValueError, AttributeError):
                continue
            if isinstance(said, str) and said.isprintable():
                return said[:200]
    return ""
