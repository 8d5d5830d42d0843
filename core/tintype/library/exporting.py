"""Tuned open models as files that others read: PEFT, transformers, vLLM, llama.cpp."""

import asyncio
import os
import shutil
import subprocess
import sys
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tintype import paths
from tintype.errors import EngineError, FileError

if TYPE_CHECKING:
    from tintype.api import Api

Form = Literal["adapter", "merged", "gguf"]
FORMS: tuple[Form, ...] = ("adapter", "merged", "gguf")
CONVERTER = "convert_hf_to_gguf.py"
"""Of llama.cpp, looked for on the PATH and in the folder that `LLAMA_CPP` names."""
BLOCK = 1 << 20


async def export_model(api: "Api", model: str, folder: Path, form: Form = "adapter") -> Path:
    """Write a tuned open model of the embedded provider to a folder; returns what was made.

    Args:
        api: The embedded provider.
        model: The tuned model, or a checkpoint.
        folder: A new or an empty folder.
        form: `adapter` as PEFT lays it out; `merged`, the whole model as safetensors, in the data
            type of its base; or `gguf`, by llama.cpp's converter.

    Raises:
        ApiError: if there is no such model, or the provider gives no weights.
        EngineError: if it is no open model, or something that this needs is not installed.
        FileError: if the folder is not empty or cannot be written.
    """
    converter = _converter() if form == "gguf" else None
    found = await api.weights(model)
    if "adapter_config.json" not in found.files:
        raise EngineError(
            f"{model} is no open model, so that there is nothing that other programs read.",
            advice="`tintype keep` keeps its weights.",
        )
    if paths.exists(folder) and any(await asyncio.to_thread(os.listdir, folder)):
        raise FileError(f"The folder {folder} is not empty.", advice="Name a new one.", path=folder)
    with paths.scratch_folder() as scratch:
        adapter = folder if form == "adapter" else scratch / "adapter"
        await asyncio.to_thread(adapter.mkdir, parents=True, exist_ok=True)
        for name, size in found.files.items():
            pieces = api.download_weights(model, name, max_bytes=size + BLOCK)
            with (adapter / name).open("wb") as file:
                async with aclosing(pieces):
                    async for piece in pieces:
                        await asyncio.to_thread(file.write, piece)
        if form == "adapter":
            return folder
        merged = folder if form == "merged" else scratch / "merged"
        await asyncio.to_thread(_merge, adapter, merged)
        if converter is None:
            return folder
        await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
        return await asyncio.to_thread(_convert, converter, merged, folder / "model.gguf")


def _merge(adapter: Path, folder: Path) -> None:
    from tintype.engines.lora.engine import require_extra

    require_extra()
    from tintype.engines.lora.merging import merge

    merge(adapter, folder)


def _converter() -> list[str]:
    """How llama.cpp's converter is run."""
    named = Path(os.environ.get("LLAMA_CPP", "")) / CONVERTER
    if os.environ.get("LLAMA_CPP") and named.is_file():
        return [sys.executable, os.fspath(named)]
    if installed := shutil.which(CONVERTER):
        return [installed]
    raise EngineError(
        f"GGUF is written by llama.cpp's {CONVERTER}, which is not installed.",
        advice="Put it on the PATH, or set LLAMA_CPP to the folder of llama.cpp.",
    )


def _convert(converter: list[str], merged: Path, target: Path) -> Path:
    done = subprocess.run(
        [*converter, os.fspath(merged), "--outfile", os.fspath(target)],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode or not target.is_file():
        said = (done.stderr or done.stdout).strip().splitlines()
        raise EngineError(
            f"llama.cpp's {CONVERTER} failed: {said[-1] if said else 'it said nothing'}.",
            advice="It may not know this family yet; `--as merged` gives it whole.",
        )
    return target
