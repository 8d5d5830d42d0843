"""A base in memory: the model, its processor, and what its family is like."""

import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers
from torch import Tensor
from transformers.processing_utils import ProcessorMixin

from tintype.engines.lora import attention
from tintype.engines.lora.bases import PACKED, Base
from tintype.errors import EngineError


@dataclass(frozen=True, slots=True)
class OpenModel:
    """A base in memory, its weights frozen."""

    base: Base
    model: Any
    """As transformers makes it, `…ForConditionalGeneration`."""
    processor: Any
    device: Any
    dtype: Any
    image_token: int
    ends: frozenset[int]
    """Tokens that end an answer."""

    @property
    def inner(self) -> Any:
        """Vision tower and language model, without the last layer."""
        return self.model.model

    @property
    def text(self) -> Any:
        """The language model."""
        return text_of(self.model)

    @property
    def tokenizer(self) -> Any:
        """Its tokenizer."""
        return self.processor.tokenizer

    @property
    def packs(self) -> bool:
        """Whether rows can be laid end to end."""
        return self.base.family in PACKED

    @property
    def three_axes(self) -> bool:
        """Whether positions are of time, height and width."""
        return self.base.family.startswith("qwen")


def text_of(model: Any) -> Any:
    """The language model within a model of transformers."""
    return model.model.language_model


def load(base: Base, *, as_stored: bool = False) -> OpenModel:
    """Load a base onto the GPU, if there is one, in bfloat16; else into memory in float32.

    As it is stored, it is in memory, in the data type of its file.

    Raises:
        EngineError: if its files are damaged, gone, or need what is not installed.
    """
    settle()
    attention.register()
    gpu = torch.cuda.is_available() and not as_stored
    device = torch.device("cuda" if gpu else "cpu")
    dtype: Any = torch.bfloat16 if gpu else torch.float32
    path = Path(base.path)
    if not (path / "config.json").is_file():
        raise EngineError(
            f"The open model {base.model} is no longer at {path}.",
            advice="Put it back, or add it again: tintype models add PATH.",
        )
    try:
        processor = transformers.AutoProcessor.from_pretrained(path, local_files_only=True)
        model = transformers.AutoModelForImageTextToText.from_pretrained(
            path,
            dtype="auto" if as_stored else dtype,
            attn_implementation=attention.PLAIN,
            local_files_only=True,
        )
        return opened(base, model.to(device), processor)
    except torch.cuda.OutOfMemoryError as error:
        raise EngineError(
            f"The open model {base.model} does not fit into the GPU's memory.",
            advice="Free some of it, or use a smaller model.",
        ) from error
    except (OSError, ValueError, KeyError, RuntimeError, ImportError) as error:
        reason = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
        raise EngineError(f"The open model {base.model} cannot be loaded: {reason}") from error


def opened(base: Base, model: Any, processor: Any) -> OpenModel:
    """A model that is in memory, ready to be trained or asked."""
    model.eval().requires_grad_(False)
    if base.family == "qwen3_vl":
        _add_by_index(text_of(model))
    if base.family not in PACKED:
        _take_features(model.model)
    config = model.config
    token = getattr(config, "image_token_id", None)
    weight = next(model.parameters())
    return OpenModel(
        base=base,
        model=model,
        processor=processor,
        device=weight.device,
        dtype=weight.dtype,
        image_token=config.image_token_index if token is None else token,
        ends=_ends(model, processor),
    )


def settle() -> None:
    """Have transformers say less, and load nothing for videos; may be called again."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("PYTORCH_CUDA_ALLOC_CONF", "expandable_segments:True")
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    warnings.filterwarnings("ignore", module="(torch|transformers)")
    _leave_video_out()


def _leave_video_out() -> None:
    """Processors load a part for videos, which needs torchvision; there are no videos here."""
    found = ProcessorMixin.get_attributes.__func__

    def attributes(cls: Any) -> list[str]:
        return [name for name in found(cls) if "video" not in name]

    if found.__name__ != "attributes":
        ProcessorMixin.get_attributes = classmethod(attributes)


def _ends(model: Any, processor: Any) -> frozenset[int]:
    found = model.generation_config.eos_token_id if model.generation_config else None
    listed = found if isinstance(found, list) else [found]
    return frozenset(
        token for token in (*listed, processor.tokenizer.eos_token_id) if token is not None
    )


def _add_by_index(text: Any) -> None:
    """Have Qwen3's levels of vision added at indices: with a mask, the GPU is waited for."""
    by_mask = text._deepstack_process

    def process(hidden: Tensor, where: Tensor, levels: Tensor) -> Tensor:
        if where.dtype == torch.bool:
            return by_mask(hidden, where, levels)
        return hidden.index_add(1, where, levels[None].to(hidden.dtype))

    text._deepstack_process = process


class _Pooled:
    """What the vision tower's callers look at."""

    def __init__(self, features: Tensor) -> None:
        self.pooler_output = features


def _take_features(inner: Any) -> None:
    """Have a model accept an image's features (images, tokens, width) in place of its pixels."""
    by_tower = inner.get_image_features

    def features(pixel_values: Tensor, **kwargs: Any) -> Any:
        if pixel_values.dim() == 3:
            return _Pooled(pixel_values)
        return by_tower(pixel_values, **kwargs)

    inner.get_image_features = features
