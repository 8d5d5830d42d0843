"""Checkpoints and states on disk: no pickle, and nothing believed unchecked.

Both are `.npz` files: a JSON text that says what the model is, and arrays whose every length then
follows from it. A file that is damaged, foreign or hostile is refused with a sentence: sizes are
looked at before anything is unpacked, so that no file can claim much memory, and no file can run
anything.
"""

import io
import json
import os
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from tintype.engines.tiny.engine import MAX_CONTEXT
from tintype.engines.tiny.features import CHANNELS
from tintype.engines.tiny.layout import MAX_PROMPT_WORDS, Shape
from tintype.engines.tiny.model import TinyModel
from tintype.engines.tiny.optimizer import AdamW
from tintype.engines.tiny.tape import Array
from tintype.engines.tiny.tokenizer import MAX_PIECES, MAX_WORDS, AnswerTokens, PromptWords
from tintype.errors import EngineError

FORMAT = "tintype-tiny 1"
MAX_META_BYTES = 4 << 20
_LIMITS = {
    "size_px": range(16, 257, 8),
    "width": range(8, 257, 8),
    "heads": range(1, 17),
    "blocks": range(1, 5),
    "context": range(1, MAX_CONTEXT + 1),
    "prompt_words": range(1, MAX_PROMPT_WORDS + 1),
}
"""What the sizes of a model may be."""


def save_model(path: Path, model: TinyModel) -> None:
    """Write a checkpoint; it is there as a whole or not at all."""
    save(path, _described(model), _arrays(model))


def load_model(path: Path) -> TinyModel:
    """Read a checkpoint.

    Raises:
        EngineError: if it is missing, damaged, foreign or out of bounds.
    """
    meta, arrays = load(path, _lengths)
    model = _model(path, meta)
    model.weights.values[:] = arrays["weights"]
    model.mean, model.spread = arrays["mean"], arrays["spread"]
    if not all(np.isfinite(part).all() for part in arrays.values()):
        raise _damaged(path, "holds weights that are not numbers")
    return model


def _described(model: TinyModel) -> dict[str, Any]:
    return {
        "shape": asdict(model.shape),
        "pieces": model.tokens.known,
        "boxes": model.tokens.boxes,
        "words": model.words.known,
        "ignored": model.words.ignored,
    }


def _arrays(model: TinyModel) -> dict[str, Array]:
    return {"weights": model.weights.values, "mean": model.mean, "spread": model.spread}


def _lengths(path: Path, meta: Mapping[str, Any]) -> dict[str, int]:
    """How long every array must be."""
    size = _model(path, meta).weights.values.size
    return {"weights": size, "mean": CHANNELS, "spread": CHANNELS}


def _model(path: Path, meta: Mapping[str, Any]) -> TinyModel:
    """The model described, all its weights 0."""
    shape = meta.get("shape")
    names = {field.name for field in fields(Shape)}
    if not isinstance(shape, dict) or set(shape) != names:
        raise _damaged(path, "does not state the size of the model")
    for name, value in shape.items():
        if type(value) is not int or value not in _LIMITS[name]:
            raise _damaged(path, f"says {name} is {str(value)[:20]}")
    if shape["width"] % shape["heads"]:
        raise _damaged(path, "has a width that its heads do not divide")
    pieces = _strings(path, meta, "pieces", MAX_PIECES)
    words = _strings(path, meta, "words", MAX_WORDS)
    ignored = _strings(path, meta, "ignored", MAX_META_BYTES)
    boxes = meta.get("boxes") is True
    return TinyModel(Shape(**shape), AnswerTokens(pieces, boxes), PromptWords(words, ignored))


def _strings(path: Path, meta: Mapping[str, Any], name: str, most: int) -> tuple[str, ...]:
    value = meta.get(name)
    if (
        not isinstance(value, list)
        or len(value) > most
        or not all(isinstance(one, str) for one in value)
    ):
        raise _damaged(path, f"has no usable list of {name}")
    return tuple(value)


def save(path: Path, meta: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
    """Write a JSON text and arrays under another name, then rename."""
    text = json.dumps({"format": FORMAT, **meta}).encode()
    half = path.with_name(path.name + ".part")
    try:
        with half.open("wb") as file:
            # np.savez takes names as keyword arguments: none of ours is one of its own.
            np.savez(file, meta=np.frombuffer(text, np.uint8), **dict(arrays))  # type: ignore[arg-type]
            file.flush()
            os.fsync(file.fileno())
        os.replace(half, path)
    except OSError:
        half.unlink(missing_ok=True)  # on a full disk it is what fills it
        raise


def load(path: Path, lengths: Any) -> tuple[dict[str, Any], dict[str, Array]]:
    """Read what `save` wrote; `lengths(path, meta)` says how long every array must be."""
    try:
        with zipfile.ZipFile(path) as archive:
            text = _entry(archive, path, "meta", np.dtype(np.uint8), None).tobytes()
            meta = json.loads(text)
            if not isinstance(meta, dict) or meta.get("format") != FORMAT:
                raise _damaged(path, "is not a checkpoint of tintype-tiny")
            wanted: dict[str, int] = lengths(path, meta)
            return meta, {
                name: _entry(archive, path, name, np.dtype(np.float32), length)
                for name, length in wanted.items()
            }
    except FileNotFoundError as error:
        raise EngineError(f"There is no checkpoint {path.name}.") from error
    except (OSError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError) as error:
        raise _damaged(path, f"cannot be unpacked ({error})") from error
    except (ValueError, KeyError, RecursionError, EOFError) as error:
        raise _damaged(path, f"cannot be parsed ({error})") from error


def _entry(
    archive: zipfile.ZipFile, path: Path, name: str, dtype: np.dtype[Any], length: int | None
) -> Array:
    """One array of an archive, of this type and length (or as long as a JSON text may be)."""
    info = archive.getinfo(f"{name}.npy")
    most = MAX_META_BYTES if length is None else length * dtype.itemsize
    if info.file_size > most + 1024:
        raise _damaged(path, f"has {info.file_size:,} bytes of {name}")
    with archive.open(info) as entry:
        data = io.BytesIO(entry.read(most + 1024))
    version = np.lib.format.read_magic(data)
    if version != (1, 0):
        raise _damaged(path, f"has {name} in an unknown format")
    shape, _, found = np.lib.format.read_array_header_1_0(data)
    if found != dtype or len(shape) != 1 or (length is not None and shape != (length,)):
        raise _damaged(path, f"has {name} of another shape than it says")
    return np.frombuffer(data.read(), dtype, shape[0]).copy()


def _damaged(path: Path, why: str) -> EngineError:
    return EngineError(
        f"The checkpoint {path.name} {why}.", advice="Train again, or take another checkpoint."
    )


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


def save_state(
    path: Path, identity: str, model: TinyModel, optimizer: AdamW, progress: TrainingProgress
) -> None:
    """Write everything that the next step depends on: training goes on exactly where it stopped."""
    meta = {"identity": identity, "updates": optimizer.updates, "progress": asdict(progress)}
    arrays = {
        "weights": model.weights.values,
        "first": optimizer.first,
        "second": optimizer.second,
    }
    save(path, meta, arrays)


def load_state(
    path: Path, identity: str, model: TinyModel, optimizer: AdamW
) -> TrainingProgress | None:
    """Take up a state into `model` and `optimizer`; none if it belongs to another training.

    Raises:
        EngineError: if it is damaged.
    """
    size = model.weights.values.size

    def lengths(path: Path, meta: Mapping[str, Any]) -> dict[str, int]:
        mine = meta.get("identity") == identity
        return dict.fromkeys(("weights", "first", "second"), size) if mine else {}

    meta, arrays = load(path, lengths)
    if not arrays:
        return None
    progress = TrainingProgress(**meta["progress"])
    optimizer.updates = int(meta["updates"])
    model.weights.values[:] = arrays["weights"]
    optimizer.first[:], optimizer.second[:] = arrays["first"], arrays["second"]
    return progress
