"""A model at its real shape with random weights, and rows to train it on."""

import gc
import io
import json
import os
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from benchmarks.gpu.figures import SMOKE, say

ROWS, BATCH = 96, 16
TOKENS = 16 if SMOKE else 128
"""Of an answer."""

QWEN25: tuple[dict[str, Any], dict[str, Any]] = (
    {
        "hidden_size": 2048,
        "intermediate_size": 11008,
        "num_hidden_layers": 36,
        "num_attention_heads": 16,
        "num_key_value_heads": 2,
        "vocab_size": 151936,
        "max_position_embeddings": 128000,
        "rope_parameters": {
            "rope_type": "default",
            "mrope_section": [16, 24, 24],
            "rope_theta": 1e6,
        },
    },
    {
        "depth": 32,
        "hidden_size": 1280,
        "intermediate_size": 3420,
        "num_heads": 16,
        "out_hidden_size": 2048,
        "window_size": 112,
        "fullatt_block_indexes": [7, 15, 23, 31],
    },
)
QWEN3: tuple[dict[str, Any], dict[str, Any]] = (
    {
        "hidden_size": 4096,
        "intermediate_size": 12288,
        "num_hidden_layers": 36,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "head_dim": 128,
        "vocab_size": 151936,
        "max_position_embeddings": 262144,
        "tie_word_embeddings": False,
        "rope_parameters": {
            "rope_type": "default",
            "mrope_section": [24, 20, 20],
            "mrope_interleaved": True,
            "rope_theta": 5e6,
        },
    },
    {
        "depth": 27,
        "hidden_size": 1152,
        "intermediate_size": 4304,
        "num_heads": 16,
        "out_hidden_size": 4096,
        "num_position_embeddings": 2304,
        "deepstack_visual_indexes": [8, 16, 24],
    },
)


class Section:
    """A model at its real shape, rows, and what is measured with them."""

    def __init__(self, name: str) -> None:
        import torch

        self.name = name
        self.torch = torch
        self.stop = float(os.environ.get("UNTIL", time.time() + 600)) - 4
        self.cuda = torch.cuda.is_available()
        self.folder = Path(tempfile.mkdtemp())
        self.opened = self._built()
        self.rows = self._rows()

    def say(self, measure: str, **figures: Any) -> None:
        """A figure of this section."""
        say(section=self.name, measure=measure, **figures)

    @property
    def left(self) -> float:
        """Seconds left to this section."""
        return self.stop - time.time()

    def guarded(self, measure: str, work: Callable[[], Any], least: float = 8.0) -> Any:
        """Do something; what fails is a line, and the rest goes on."""
        if self.left < (0 if SMOKE else least):
            self.say(measure, skipped=f"{self.left:.0f} s left")
            return None
        try:
            return work()
        except Exception as error:
            import traceback

            memory = "out of memory" in str(error).lower()
            words = "out of memory" if memory else traceback.format_exc()[-1500:]
            self.say(measure, error=words)
            return None
        finally:
            gc.collect()
            if self.cuda:
                self.torch.cuda.empty_cache()
                self.torch.cuda.reset_peak_memory_stats()

    def memory_gb(self) -> float:
        """The most memory that tensors have taken since the last figure."""
        return self.torch.cuda.max_memory_allocated() / (1 << 30) if self.cuda else 0.0

    def wait(self) -> None:
        """Until the GPU has done what was asked of it."""
        if self.cuda:
            self.torch.cuda.synchronize()

    def _built(self) -> Any:
        from tests.lora import checkpoints

        from tintype.engines.lora import attention, loading
        from tintype.engines.lora.bases import Base

        torch, begun = self.torch, time.monotonic()
        loading.settle()
        attention.register()
        torch.manual_seed(0)
        dtype = torch.bfloat16 if self.cuda else torch.float32

        def build(kind: type[Any], config: Any) -> Any:
            torch.set_default_dtype(dtype)
            with torch.device("cuda" if self.cuda else "cpu"):
                model = kind._from_config(config, attn_implementation=attention.PLAIN)
            torch.set_default_dtype(torch.float32)
            for parameter in model.parameters():  # alone: rotary tables stay as they are
                parameter.data = parameter.data.to(dtype)
            return model

        make, shapes = (
            (checkpoints.qwen3, QWEN3) if "qwen3" in self.name else (checkpoints.qwen25, QWEN25)
        )
        text, vision = ({}, {}) if SMOKE else shapes
        model, processor = make(build, text, vision)
        if not SMOKE:
            size = {"shortest_edge": 56 * 56, "longest_edge": 1280 * 28 * 28}
            processor.image_processor.size = size
        config = model.config.get_text_config()
        base = Base(
            model=self.name,
            path=str(self.folder),
            family=model.config.model_type,
            parameters=sum(parameter.numel() for parameter in model.parameters()),
            size_bytes=0,
            licence="",
            hidden=config.hidden_size,
            layers=config.num_hidden_layers,
            inner=config.intermediate_size,
            created=0,
        )
        self.wait()
        seconds = time.monotonic() - begun
        self.say("build", parameters=base.parameters, seconds=seconds, memory_gb=self.memory_gb())
        return loading.opened(base, model, processor)

    def _rows(self) -> Path:
        """A file of rows as the server lays it out, images beside it."""
        import numpy as np
        from PIL import Image

        chance, unit = random.Random(0), 32 if "qwen3" in self.name else 28
        noise = np.random.default_rng(0)
        data = self.folder / "data"
        data.mkdir()
        with open(data / "training.jsonl", "w") as file:
            for _ in range(8 if SMOKE else ROWS):
                sides = (4, 5) if SMOKE else (17, 25)
                width, height = (chance.randint(*sides) * unit for _ in range(2))
                coarse = noise.integers(0, 255, (height // 16, width // 16, 3), dtype=np.uint8)
                image = Image.fromarray(coarse).resize((width, height))
                out = io.BytesIO()
                image.save(out, "JPEG", quality=85)
                name = sha256(out.getvalue()).hexdigest()
                (data / name).write_bytes(out.getvalue())
                asked = {"type": "text", "text": self._words(chance, 20)}
                shown = {"type": "image_url", "image_url": {"url": name}}
                messages = [
                    {"role": "user", "content": [asked, shown]},
                    {"role": "assistant", "content": self._words(chance, 10)},
                ]
                file.write(json.dumps({"messages": messages}) + "\n")
        return data / "training.jsonl"

    @staticmethod
    def _words(chance: random.Random, count: int) -> str:
        known = ("red", "blue", "green", "yellow", "square", "circle", "left", "right", "yes", "no")
        return " ".join(chance.choice(known) for _ in range(count))

    def messages(self) -> list[tuple[list[dict[str, Any]], bytes]]:
        """Every row as transformers' templates want it, with the bytes of its image."""
        found = []
        for line in self.rows.read_text().splitlines():
            asked, answered = json.loads(line)["messages"]
            text, shown = asked["content"]
            data = (self.rows.parent / shown["image_url"]["url"]).read_bytes()
            answer = [{"type": "text", "text": answered["content"]}]
            said = [
                {"role": "user", "content": [{"type": "image"}, text]},
                {"role": "assistant", "content": answer},
            ]
            found.append((said, data))
        return found


def inputs(opened: Any, said: Sequence[Any], images: Sequence[bytes]) -> Any:
    """A batch as transformers' users make it."""
    from PIL import Image

    shown = [[Image.open(io.BytesIO(data)).convert("RGB")] for data in images]
    texts = [opened.processor.apply_chat_template(one, tokenize=False) for one in said]
    return opened.processor(text=texts, images=shown, padding=True, return_tensors="pt")
