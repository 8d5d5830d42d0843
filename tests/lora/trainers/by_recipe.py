"""What a recipe's commands run in tests: the trainer's own program, told to do without a GPU.

Arguments: the trainer, and what the recipe gave its program. The operators of torchvision that its
import asks for are declared, for its library is made for another PyTorch; torchaudio, which
LLaMA-Factory imports, is empty. Neither is used for images.
"""

import ast
import importlib
import inspect
import os
import runpy
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

WITHOUT_GPU = ["--use_cpu", "true", "--torch_dtype", "float32", "--report_to", "none"]


def llama_factory(given: Sequence[str]) -> None:
    audio = ModuleType("torchaudio")
    audio.__spec__ = ModuleSpec("torchaudio", None)
    sys.modules["torchaudio"] = audio
    sys.argv = ["llamafactory-cli", given[1], "use_cpu=true", "bf16=false"]
    importlib.import_module("llamafactory.train.tuner").run_exp()


def ms_swift(given: Sequence[str]) -> None:
    importlib.import_module("swift.pipelines").sft_main([*given[1:], *WITHOUT_GPU])


def trl(given: Sequence[str]) -> None:
    runpy.run_path(given[0], run_name="__main__")


def unsloth(given: Sequence[str]) -> None:
    """It asks for a GPU: the data go through its collator, calls are held against signatures."""
    text = Path(given[0]).read_text(encoding="utf-8")
    found: dict[str, Any] = {}
    exec(text.split("model, processor =", maxsplit=1)[0], found)
    vision = importlib.import_module("unsloth.models.vision").FastBaseModel
    signatures = {
        "FastVisionModel.from_pretrained": vision.from_pretrained,
        "FastVisionModel.get_peft_model": vision.get_peft_model,
        "SFTConfig": found["SFTConfig"].__init__,
        "SFTTrainer": found["SFTTrainer"].__init__,
    }
    for call in (one for one in ast.walk(ast.parse(text)) if isinstance(one, ast.Call)):
        known = signatures.get(ast.unparse(call.func))
        if known is not None:
            unknown = {str(one.arg) for one in call.keywords} - {
                *inspect.signature(known).parameters
            }
            assert not unknown, f"{ast.unparse(call.func)} does not know {unknown}"
    transformers = importlib.import_module("transformers")
    model = transformers.AutoModelForImageTextToText.from_pretrained(found["BASE"])
    processor = transformers.AutoProcessor.from_pretrained(found["BASE"])
    collate = found["UnslothVisionDataCollator"](model, processor, resize="max")
    for row in found["train"]:
        labels = collate([row])["labels"]
        learnt = processor.tokenizer.decode(labels[labels != -100]).strip()
        sys.stdout.write(f"LEARNT {learnt}\n")


if __name__ == "__main__":
    operators = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        operators.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    os.environ["DISABLE_VERSION_CHECK"] = "1"
    programs = {
        "ms-swift": ms_swift,
        "llama-factory": llama_factory,
        "trl": trl,
        "unsloth": unsloth,
    }
    programs[sys.argv[1]](sys.argv[2:])
