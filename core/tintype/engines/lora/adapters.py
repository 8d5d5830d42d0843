"""LoRA: a small product beside each projection of the language layers, and its files.

The files are laid out as PEFT lays them out (`adapter_config.json`, `adapter_model.safetensors`),
so that PEFT, vLLM and others read them.
"""

import json
import math
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn.functional import linear

from tintype.engines.lora.loading import OpenModel, text_of
from tintype.engines.lora.plan import LoraShape
from tintype.errors import EngineError

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
_PREFIX = "base_model.model."


class LoraLinear(nn.Module):
    """A frozen projection with `scale · B(A(x))` added to it."""

    def __init__(self, base: Any, rank: int, scale: float) -> None:
        super().__init__()
        self.base = base
        self.scale = scale
        make = {"device": base.weight.device, "dtype": base.weight.dtype}
        self.a = nn.Parameter(torch.zeros(rank, base.in_features, **make))
        self.b = nn.Parameter(torch.zeros(base.out_features, rank, **make))

    def forward(self, x: Tensor) -> Tensor:
        """Shapes: (…, in) → (…, out)."""
        known = self.base(x)
        small = (linear(x, self.a) * self.scale).flatten(0, -2)
        return torch.addmm(known.flatten(0, -2), small, self.b.t()).view_as(known)


class Adapters:
    """The LoRA layers of one model, in the order of its modules."""

    def __init__(self, layers: Mapping[str, LoraLinear], shape: LoraShape) -> None:
        self.layers = layers
        self.shape = shape

    @property
    def rank(self) -> int:
        """Columns of every A."""
        return self.shape.rank

    @property
    def parameters(self) -> list[Tensor]:
        """A and B of every layer."""
        return [part for layer in self.layers.values() for part in (layer.a, layer.b)]

    def draw(self, seed: int) -> None:
        """Begin: A at random, the same on every machine; B is zero, so that nothing changes yet."""
        generator = torch.Generator().manual_seed(seed)
        for layer in self.layers.values():
            bound = 1 / math.sqrt(layer.a.shape[1])
            drawn = torch.empty(layer.a.shape).uniform_(-bound, bound, generator=generator)
            layer.a.data.copy_(drawn)
            layer.b.data.zero_()

    def take(self, tensors: Sequence[Tensor]) -> None:
        """Overwrite all parameters, in place; the given rank may be smaller."""
        own = self.parameters
        wide = [_widened(given, part) for given, part in zip(tensors, own, strict=True)]
        with torch.no_grad():
            torch._foreach_copy_([part.data for part in own], wide)

    def grow(self, rank: int) -> None:
        """Make room for adapters of a larger rank; nothing is in place afterwards."""
        for layer in self.layers.values():
            for name, at in (("a", 0), ("b", 1)):
                size = list(getattr(layer, name).shape)
                size[at] = rank
                setattr(layer, name, nn.Parameter(getattr(layer, name).new_zeros(size)))
        self.shape = replace(self.shape, rank=rank)


def attach(opened: OpenModel, shape: LoraShape) -> Adapters:
    """Put LoRA layers beside projections of the language layers; they change nothing yet."""
    text = text_of(opened.model)
    names = {id(module): name for name, module in opened.model.named_modules()}
    layers = {}
    for parent in list(text.modules()):
        for name in shape.modules:
            child = getattr(parent, name, None)
            if isinstance(child, nn.Linear):
                layer = LoraLinear(child, shape.rank, shape.alpha / shape.rank)
                setattr(parent, name, layer)
                layers[names[id(child)]] = layer
    if not layers:
        raise EngineError(f"The open model {opened.base.model} has none of the usual projections.")
    return Adapters(layers, shape)


def save(folder: Path, opened: OpenModel, adapters: Adapters) -> None:
    """Write an adapter; what a training that was killed has left there is replaced."""
    new = folder.with_name(folder.name + ".new")
    for leftover in (new, folder):
        shutil.rmtree(leftover, ignore_errors=True)
    new.mkdir(parents=True)
    tensors = {}
    for name, layer in adapters.layers.items():
        tensors[f"{_PREFIX}{name}.lora_A.weight"] = layer.a.detach().cpu().contiguous()
        tensors[f"{_PREFIX}{name}.lora_B.weight"] = layer.b.detach().cpu().contiguous()
    save_file(tensors, new / WEIGHTS, metadata={"format": "pt"})
    (new / CONFIG).write_text(json.dumps(_config(opened, adapters), indent=1))
    for path in new.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
    new.rename(folder)


def _config(opened: OpenModel, adapters: Adapters) -> dict[str, Any]:
    part = next(iter(adapters.layers)).partition(".layers.")[0].rpartition(".")[2]
    return {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": opened.base.path,
        "r": adapters.rank,
        "lora_alpha": adapters.shape.alpha,
        "lora_dropout": 0.0,
        "bias": "none",
        "fan_in_fan_out": False,
        "inference_mode": True,
        "target_modules": rf".*{part}.*\.({'|'.join(adapters.shape.modules)})",
    }


def read(folder: Path, adapters: Adapters) -> list[Tensor]:
    """An adapter's parameters as `Adapters.take` wants them, in its own rank.

    The strength (alpha / rank) is multiplied into B. What it does not target is zero.

    Raises:
        EngineError: if it is damaged, or of another base.
    """
    try:
        config = json.loads((folder / CONFIG).read_text())
        strength, targets = config["lora_alpha"] / config["r"], config["target_modules"]
        tensors = load_file(folder / WEIGHTS)
        found = []
        for name, layer in adapters.layers.items():
            if not re.fullmatch(targets, name):
                found += [torch.zeros_like(layer.a[:1]), torch.zeros_like(layer.b[:, :1])]
                continue
            found.append(tensors[f"{_PREFIX}{name}.lora_A.weight"].to(layer.a))
            b = tensors[f"{_PREFIX}{name}.lora_B.weight"].to(layer.b)
            found.append(b * (strength / layer.scale))
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise EngineError(
            f"The checkpoint {folder.name} is damaged, or of another base model: {error}"
        ) from error
    return found


def _widened(tensor: Tensor, like: Tensor) -> Tensor:
    """Zeros beside what a smaller rank leaves free."""
    if tensor.shape == like.shape:
        return tensor
    whole = torch.zeros_like(like)
    whole[: tensor.shape[0], : tensor.shape[1]] = tensor
    return whole
