"""Open models that a person has added, read from their folders without PyTorch.

A model is a folder as Hugging Face lays it out: `config.json`, weights as safetensors, a tokenizer
and a chat template. It is not copied: what is kept is a line in `bases.json` that says where it is.
"""

import json
import math
import os
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tintype.errors import EngineError

BASES = "bases.json"
"""In the server's folder."""
EXTRA = "pip install 'tintype[lora]'"

PACKED = ("qwen2_5_vl", "qwen3_vl", "llava")
"""Families whose attention is causal throughout, so that rows can be laid end to end."""
PADDED = ("gemma3", "paligemma")
"""Families that look at an image, or a whole question, in both directions."""
FAMILIES = (*PACKED, *PADDED)
_HEADER_BYTES = 100 << 20
_LICENCE = re.compile(r"^license(?:_name)?:\s*(\S+)\s*$", re.MULTILINE)
_SNAPSHOT = re.compile(r"models--(?:[^/]+--)?([^/]+)$")


@dataclass(frozen=True, slots=True)
class Base:
    """An open model on disk."""

    model: str
    """The name to ask and train by."""
    path: str
    """Its folder."""
    family: str
    """One of FAMILIES."""
    parameters: int
    """Of the whole model, vision tower included."""
    size_bytes: int
    """Of its weights on disk."""
    licence: str
    """As its README says; empty if it does not say."""
    hidden: int
    layers: int
    inner: int
    """Width, depth and inner width of the language model."""
    created: int
    """Unix seconds: when it was added."""

    @property
    def parameters_words(self) -> str:
        """How many there are, in words."""
        if self.parameters < 5e7:
            return f"{self.parameters / 1e6:.1f} million parameters"
        return f"{self.parameters / 1e9:.2f} billion parameters"

    @property
    def training_bytes(self) -> int:
        """Memory that training takes at least: weights in bf16, adapters, 2,048 tokens."""
        return 2 * self.parameters + adapter_bytes(self) + 2048 * saved_bytes(self) + (1 << 30)

    @property
    def answering_bytes(self) -> int:
        """Memory that answering takes: weights in bf16 and a conversation."""
        return 2 * self.parameters + (1 << 30)


def adapter_bytes(base: Base, rank: int = 16) -> int:
    """Adapters of all seven projections: weights, masters, gradients and two moments."""
    return base.layers * rank * (12 * base.hidden + 3 * base.inner) * (2 + 2 + 4 * 4)


def saved_bytes(base: Base, *, all_layers: bool = False) -> int:
    """Memory for each token of a step: every layer's input, and what one (or each) layer keeps."""
    inside = 2 * (4 * base.inner + 7 * base.hidden)
    kept = base.layers * inside if all_layers else inside + 2 * base.layers * base.hidden
    return kept * 5 // 4


def read_base(named: str | Path, name: str = "") -> Base:
    """Read what a model is from its folder, or from Hugging Face's cache if it is named as there.

    Raises:
        EngineError: if there is none, it lacks something, or its family is not known.
    """
    folder = _found(named)
    config = _json(folder / "config.json")
    family = config.get("model_type", "")
    if family not in FAMILIES:
        raise EngineError(
            f"The family {family or 'of this model'!r} is not one that Tintype can tune.",
            advice=f"Those are {', '.join(FAMILIES)}.",
        )
    weights = sorted(folder.glob("*.safetensors"))
    if not weights:
        raise EngineError(
            f"The folder {folder} holds no weights as safetensors.",
            advice="Download the whole model, with its *.safetensors files.",
        )
    for needed in ("tokenizer_config.json", "preprocessor_config.json"):
        if not (folder / needed).is_file() and not (folder / "processor_config.json").is_file():
            raise EngineError(
                f"The folder {folder} lacks {needed}.", advice="Download the whole model."
            )
    text = config.get("text_config") or config
    hidden = int(text.get("hidden_size", 2048))
    return Base(
        model=name or _name(folder),
        path=os.fspath(folder),
        family=family,
        parameters=sum(map(_parameters, weights)),
        size_bytes=sum(path.stat().st_size for path in weights),
        licence=_licence(folder),
        hidden=hidden,
        layers=int(text.get("num_hidden_layers", 24)),
        inner=int(text.get("intermediate_size", 4 * hidden)),
        created=int(time.time()),
    )


def _found(named: str | Path) -> Path:
    folder = Path(named).expanduser()
    if (folder / "config.json").is_file():
        return folder.resolve()
    if folder.is_dir():
        snapshots = sorted(folder.glob("snapshots/*/config.json"), key=os.path.getmtime)
        if snapshots:
            return snapshots[-1].parent
        raise EngineError(
            f"The folder {folder} has no config.json.",
            advice="Name the folder of a model as Hugging Face lays it out.",
        )
    home = Path(os.environ.get("HF_HOME") or "~/.cache/huggingface").expanduser()
    hub = Path(os.environ.get("HF_HUB_CACHE") or home / "hub")
    cached = hub / f"models--{str(named).replace('/', '--')}"
    if cached.is_dir():
        return _found(cached)
    raise EngineError(
        f"There is no model {str(named)!r}, neither a folder nor in Hugging Face's cache ({hub}).",
        advice=f"Download it first: `hf download {named}`.",
    )


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EngineError(f"{path} cannot be read: {error}.") from error
    if not isinstance(found, dict):
        raise EngineError(f"{path} is not a JSON object.")
    return found


def _name(folder: Path) -> str:
    cached = _SNAPSHOT.search(os.fspath(folder.parent.parent))
    name = cached[1] if cached and folder.parent.name == "snapshots" else folder.name
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "open-model"


def _parameters(path: Path) -> int:
    """How many numbers a safetensors file holds, from its header."""
    try:
        with path.open("rb") as file:
            size = int.from_bytes(file.read(8), "little")
            if size > _HEADER_BYTES:
                raise ValueError(size)
            header = json.loads(file.read(size))
        shapes = [entry["shape"] for name, entry in header.items() if name != "__metadata__"]
        return sum(math.prod(shape) for shape in shapes)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise EngineError(
            f"{path} is no whole safetensors file.", advice="Download the model again."
        ) from error


def _licence(folder: Path) -> str:
    try:
        text = (folder / "README.md").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    found = _LICENCE.search(text[:20_000])
    return found[1].strip("\"'") if found else ""


def added(file: Path) -> Iterator[Base]:
    """The models that have been added; none if the file is absent.

    Raises:
        EngineError: if it is damaged.
    """
    if not file.is_file():
        return
    try:
        for fields in _json(file).get("bases", ()):
            yield Base(**fields)
    except TypeError as error:
        raise EngineError(
            f"{file} is damaged: {error}.", advice="Remove it, and add the models again."
        ) from error


def remember(file: Path, base: Base) -> None:
    """Add a model; one of the same name is replaced."""
    _write(file, {one.model: one for one in added(file)} | {base.model: base})


def forget(file: Path, model: str) -> None:
    """Forget a model; its files stay where they are.

    Raises:
        EngineError: if none of this name has been added.
    """
    known = {one.model: one for one in added(file)}
    if known.pop(model, None) is None:
        raise EngineError(
            f"No open model {model!r} has been added.",
            advice=f"Added are: {', '.join(sorted(known)) or 'none'}.",
        )
    _write(file, known)


def _write(file: Path, bases: Mapping[str, Base]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = file.with_name(f"{file.name}.new")
    new.write_text(json.dumps({"bases": [asdict(base) for base in bases.values()]}, indent=1))
    new.replace(file)
