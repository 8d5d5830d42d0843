"""States of a training on disk: tensors as safetensors, progress as JSON in their header."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from tintype.engines.lora.plan import MOST_TOKENS, Fit

STATE = "state.safetensors"


@dataclass(slots=True)
class TrainingProgress:
    """How far a training has come."""

    step: int = 0
    epochs_closed: int = 0
    """Epochs whose validation and checkpoint are done."""
    not_numbers: int = 0
    """Steps in a row whose loss was no number."""
    metrics: Mapping[str, float] = field(default_factory=dict)
    """Of the last step."""
    fit: Fit = field(default_factory=lambda: Fit(MOST_TOKENS, checkpointing=False))
    """How steps are laid out: it decides in which order sums are made."""


def save(
    path: Path, identity: str, tensors: Mapping[str, Tensor], progress: TrainingProgress
) -> None:
    """Write a state, all or nothing."""
    new = path.with_name(path.name + ".new")
    said = {"identity": identity, "progress": json.dumps(asdict(progress))}
    save_file(dict(tensors), new, metadata=said)
    with new.open("rb") as file:
        os.fsync(file.fileno())
    new.replace(path)


def load(path: Path, identity: str) -> tuple[dict[str, Tensor], TrainingProgress] | None:
    """Read the state of this very training; none if there is none, or it is damaged."""
    try:
        with safe_open(path, "pt") as file:
            said = file.metadata() or {}
            if said.get("identity") != identity:
                return None
            progress = json.loads(said["progress"])
            tensors = {name: file.get_tensor(name) for name in list(file.keys())}
        return tensors, TrainingProgress(**progress | {"fit": Fit(**progress["fit"])})
    except (OSError, ValueError, KeyError, TypeError, SafetensorError):
        return None
