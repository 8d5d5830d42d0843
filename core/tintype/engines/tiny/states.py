"""The state of a training, from which it goes on exactly where it stopped."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tintype.engines.tiny import files
from tintype.engines.tiny.model import TinyModel
from tintype.engines.tiny.optimizer import AdamW


@dataclass(slots=True)
class TrainingProgress:
    """How far a training is."""

    step: int = 0
    """Steps done."""
    epochs_closed: int = 0
    """Epochs validated and saved."""
    not_numbers: int = 0
    """Steps in a row whose loss or gradient was not finite."""
    metrics: dict[str, float] = field(default_factory=dict)
    """Of the last step."""


def save(
    path: Path, identity: str, model: TinyModel, optimizer: AdamW, progress: TrainingProgress
) -> None:
    """Write everything that the next step depends on."""
    meta = {"identity": identity, "updates": optimizer.updates, "progress": asdict(progress)}
    arrays = {
        "weights": model.weights.values,
        "first": optimizer.first,
        "second": optimizer.second,
    }
    files.save(path, meta, arrays)


def load(path: Path, identity: str, model: TinyModel, optimizer: AdamW) -> TrainingProgress | None:
    """Take up a state into `model` and `optimizer`; none if it belongs to another training.

    Raises:
        EngineError: if it is damaged.
    """
    size = model.weights.values.size

    def lengths(path: Path, meta: Mapping[str, Any]) -> dict[str, int]:
        mine = meta.get("identity") == identity
        return dict.fromkeys(("weights", "first", "second"), size) if mine else {}

    meta, arrays = files.load(path, lengths)
    if not arrays:
        return None
    progress = TrainingProgress(**meta["progress"])
    optimizer.updates = int(meta["updates"])
    model.weights.values[:] = arrays["weights"]
    optimizer.first[:], optimizer.second[:] = arrays["first"], arrays["second"]
    return progress
