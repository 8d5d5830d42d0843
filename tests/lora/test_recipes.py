"""A job's recipe, read by the trainer's own program on a tiny model: three of four train by it."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, STDOUT
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.core.test_moving import encoded
from tests.lora.conftest import COLOURS

from tintype import moving
from tintype.resources import Hyperparameters, Job

pytest.importorskip("torch", reason="needs the extra tintype[lora]: make test-lora")

from PIL import Image
from tests.lora import checkpoints

TRAINERS = Path(sys.prefix) / "trainers"
BY_RECIPE = Path(__file__).parent / "trainers/by_recipe.py"
JOB = Job(
    "ftjob-1",
    "gpt-4o-2024-08-06",
    "succeeded",
    datetime(2026, 11, 28, tzinfo=UTC),
    "file-t",
    hyperparameters=Hyperparameters(1, 2, 1.8),
    seed=7,
)


def turns(*colours: str) -> list[dict[str, Any]]:
    """A question about images, and its answer."""
    shown = [
        {"type": "image_url", "image_url": {"url": encoded(Image.new("RGB", (64, 64), one), "PNG")}}
        for one in colours
    ]
    asked = [{"type": "text", "text": "What colour is it?"}, *shown]
    return [
        {"role": "user", "content": asked},
        {"role": "assistant", "content": f"The colour is {(colours or ('red',))[-1]}."},
    ]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rows with a system message, two images, two answers, and no image at all."""
    system = {"role": "system", "content": "You are a helpful assistant."}
    rows = [[system, *turns("red")], turns("red", "blue"), turns(), turns("blue") + turns("black")]
    path = tmp_path_factory.mktemp("data") / "train.jsonl"
    path.write_text("".join(json.dumps({"messages": one}) + "\n" for one in rows))
    return path


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model by the name that trainers know its kind by, as it comes: with videos, too."""
    folder = tmp_path_factory.mktemp("base") / "Qwen2.5-VL-7B-Instruct"
    checkpoints.write("qwen25", folder)
    sizes = {"size": {"shortest_edge": 3136, "longest_edge": 12544}, "patch_size": 14}
    kind = {"video_processor_type": "Qwen2VLVideoProcessor", **sizes}
    (folder / "video_preprocessor_config.json").write_text(json.dumps(kind))
    return folder


@pytest.mark.parametrize(
    ("name", "done"),
    [
        ("trl", "output/adapter_model.safetensors"),
        ("llama-factory", "output/adapter_model.safetensors"),
        ("ms-swift", "output/*/checkpoint-*/adapter_model.safetensors"),
        ("unsloth", ""),
    ],
)
async def test_a_trainer_takes_its_recipe(
    name: str, done: str, data: Path, model: Path, tmp_path: Path
) -> None:
    installed = TRAINERS / name
    if not installed.is_dir():
        pytest.skip(f"{name} is not installed: make trainers")
    recipe = moving.recipe_named(name)
    assert recipe is not None
    assert next(installed.glob(f"*-{recipe.version}.dist-info")), "the version that is said"
    folder = tmp_path / "recipe"
    async for _ in moving.in_form(data, data, folder, recipe.format):
        pass
    moving.write_recipe(recipe, folder, JOB, moving.mapped_to_trainer(JOB), base=str(model))
    programs = tmp_path / "bin"
    programs.mkdir()
    for program in ("swift", "llamafactory-cli", "python"):
        text = f'#!/bin/sh\nexec "{sys.executable}" "{BY_RECIPE}" {name} "$@"\n'
        (programs / program).write_text(text)
        (programs / program).chmod(0o755)
    environment = os.environ | {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PYTHONPATH": str(installed),
        "HF_HUB_OFFLINE": "1",
        "HF_HOME": str(tmp_path / "cache"),
        "MODELSCOPE_CACHE": str(tmp_path / "cache"),
        "CUDA_VISIBLE_DEVICES": "",
        "UNSLOTH_ALLOW_CPU": "1",
    }
    running = await asyncio.create_subprocess_shell(
        recipe.start, cwd=folder, env=environment, stdout=PIPE, stderr=STDOUT
    )
    said = (await running.communicate())[0].decode()
    assert running.returncode == 0, said[-3000:]
    if done:
        assert list(folder.glob(done)), said[-3000:]
        assert "eval_loss" in said
    else:
        learnt = [line[7:] for line in said.splitlines() if line.startswith("LEARNT")]
        colours = ("red", "blue", "red", *COLOURS[1::2])
        assert learnt == [f"The colour is {one}.<|im_end|>" for one in colours]
