"""An adapter added to its base: a whole model in a folder, as transformers and others read it."""

import json
import shutil
from pathlib import Path

import torch
from torch import nn

from tintype.engines.lora import adapters, loading
from tintype.engines.lora.adapters import Adapters
from tintype.engines.lora.bases import read_base
from tintype.engines.lora.loading import OpenModel
from tintype.engines.lora.plan import LoraShape
from tintype.errors import EngineError

_WEIGHTS = (".safetensors", ".index.json", ".bin", ".pt", ".pth", ".gguf")


def merge(adapter: Path, folder: Path) -> None:
    """Write the base of an adapter with the adapter in it, in the base's own data type.

    Raises:
        EngineError: if the adapter is damaged, or its base is gone.
    """
    try:
        config = json.loads((adapter / adapters.CONFIG).read_text())
        shape = LoraShape(config["r"], config["r"])
        path = config["base_model_name_or_path"]
    except (OSError, ValueError, KeyError) as error:
        raise EngineError(f"The adapter in {adapter} is damaged: {error}.") from error
    opened = loading.load(read_base(path), as_stored=True)
    layers = adapters.attach(opened, shape)
    layers.take(adapters.read(adapter, layers))
    _fold(opened, layers)
    folder.mkdir(parents=True, exist_ok=True)
    for file in Path(opened.base.path).iterdir():
        if file.is_file() and not file.name.endswith(_WEIGHTS):
            shutil.copyfile(file, folder / file.name)
    opened.model.save_pretrained(folder)


@torch.no_grad()
def _fold(opened: OpenModel, layers: Adapters) -> None:
    """Add every product to its projection, and put the bare projection back."""
    for name, layer in layers.layers.items():
        weight: nn.Parameter = layer.base.weight
        product = layer.b.float() @ layer.a.float() * layer.scale
        weight.copy_((weight.float() + product).to(weight.dtype))
        parent, _, own = name.rpartition(".")
        setattr(opened.model.get_submodule(parent), own, layer.base)
