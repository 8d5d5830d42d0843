"""A job as a recipe for a trainer of one's own: data in its form, a configuration, a README.

What is written is read by the trainer's own program, in the version that its README names:
`make trainers test-lora` installs each and has it read its recipe, and train by it without a GPU.
"""

import json
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tintype import paths
from tintype.moving.mapping import MappedSetting
from tintype.moving.scripts import TRL, TRL_IMPORTS, UNSLOTH, UNSLOTH_IMPORTS, script
from tintype.resources import Job

BASE = "Qwen/Qwen2.5-VL-7B-Instruct"
"""An open model that all four trainers know; another is named in one place of the recipe."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """A trainer, and how to write for it."""

    name: str
    title: str
    version: str
    """That has read what is written here."""
    format: str
    """Of the data, as `tintype convert` names it."""
    install: str
    start: str
    """The command, in the recipe's folder."""
    files: Callable[[Mapping[str, str], Mapping[str, str]], Mapping[str, str]]
    """From values and the data's files by split: every file's content by name."""


def recipe_named(name: str) -> Recipe | None:
    """A recipe by its name."""
    return next((one for one in RECIPES if one.name == name), None)


def write_recipe(
    recipe: Recipe,
    folder: Path,
    job: Job,
    settings: Sequence[MappedSetting],
    *,
    base: str = BASE,
    losses: Sequence[str] = (),
) -> tuple[Path, ...]:
    """Write a recipe beside its data, which is in the folder already.

    Raises:
        FileError: if it cannot be written, or is there.
    """
    data = {
        split: name
        for split in ("train", "valid")
        for name in (f"{split}.jsonl", f"{split}.json")
        if paths.is_file(folder / name)
    }
    values = {one.name: one.after for one in settings} | {"base": base}
    written = dict(recipe.files(values, data))
    written["README.md"] = _readme(recipe, job, settings, base, losses)
    return tuple(paths.write_whole(folder / name, text) for name, text in written.items())


def _readme(
    recipe: Recipe, job: Job, settings: Sequence[MappedSetting], base: str, losses: Sequence[str]
) -> str:
    lines = [
        f"# {job.suffix or job.id} for {recipe.title}",
        "",
        f"Made by Tintype from the job `{job.id}`, which tuned `{job.model}`. Trains `{base}`: a "
        f"model whose weights are yours. {recipe.title} {recipe.version} reads what is here.",
        "",
        "```sh",
        recipe.install,
        recipe.start,
        "```",
        "",
        "| setting | the job's | here | why |",
        "|---|---|---|---|",
        *(f"| {one.name} | {one.before} | {one.after} | {one.why} |" for one in settings),
        "",
        "Another base model may want another chat template, and less or more memory.",
        "",
        "Boxes in answers are written as they are in the data; `tintype boxes` turns them into the "
        "convention that the model was trained with.",
    ]
    if losses:
        lines += ["", "## What was left out", "", *(f"- {one}" for one in losses)]
    return "\n".join(lines) + "\n"


def _swift(values: Mapping[str, str], data: Mapping[str, str]) -> Mapping[str, str]:
    options = {
        "model": values["base"],
        "dataset": data["train"],
        **({"val_dataset": data["valid"]} if "valid" in data else {}),
        "split_dataset_ratio": "0",
        "torch_dtype": "bfloat16",
        "num_train_epochs": values["epochs"],
        "per_device_train_batch_size": "1",
        "gradient_accumulation_steps": values["batch size"],
        "learning_rate": values["learning rate"],
        "lora_rank": values["LoRA rank"],
        "lora_alpha": values["LoRA alpha"],
        "target_modules": "all-linear",
        "freeze_vit": "true",
        "seed": values["seed"],
        "output_dir": "output",
    }
    lines = [f"    --{name} {shlex.quote(value)}" for name, value in options.items()]
    return {"train.sh": "#!/bin/sh\nset -e\nexec swift sft \\\n" + " \\\n".join(lines) + "\n"}


def _llama_factory(values: Mapping[str, str], data: Mapping[str, str]) -> Mapping[str, str]:
    options = {
        "model_name_or_path": json.dumps(values["base"]),
        "stage": "sft",
        "do_train": "true",
        "finetuning_type": "lora",
        "lora_target": "all",
        "lora_rank": values["LoRA rank"],
        "lora_alpha": values["LoRA alpha"],
        "dataset_dir": ".",
        "dataset": "tintype_train",
        **({"eval_dataset": "tintype_valid", "eval_strategy": "epoch"} if "valid" in data else {}),
        "template": "qwen2_vl",
        "cutoff_len": "4096",
        "output_dir": "output",
        "logging_steps": "1",
        "per_device_train_batch_size": "1",
        "gradient_accumulation_steps": values["batch size"],
        "learning_rate": f"{float(values['learning rate']):.1e}",
        "num_train_epochs": f"{float(values['epochs']):.1f}",
        "lr_scheduler_type": "cosine",
        "bf16": "true",
        "seed": values["seed"],
    }
    known = {
        f"tintype_{split}": {
            "file_name": name,
            "formatting": "sharegpt",
            "columns": {"messages": "conversations", "images": "images"},
        }
        for split, name in data.items()
    }
    yaml = "".join(f"{name}: {value}\n" for name, value in options.items())
    return {"train.yaml": yaml, "dataset_info.json": json.dumps(known, indent=2) + "\n"}


RECIPES = (
    Recipe(
        "ms-swift",
        "ms-swift",
        "4.6.0",
        "swift",
        "pip install ms-swift 'qwen_vl_utils>=0.0.6' torchvision",
        "sh train.sh",
        _swift,
    ),
    Recipe(
        "llama-factory",
        "LLaMA-Factory",
        "0.9.5",
        "sharegpt",
        "pip install llamafactory",
        "llamafactory-cli train train.yaml",
        _llama_factory,
    ),
    Recipe(
        "trl",
        "TRL",
        "1.16.0",
        "trl",
        "pip install trl peft pillow torchvision",
        "python train.py",
        script("TRL", TRL_IMPORTS, TRL),
    ),
    Recipe(
        "unsloth",
        "Unsloth",
        "2026.10.9",
        "trl",
        "pip install unsloth",
        "python train.py",
        script("Unsloth", UNSLOTH_IMPORTS, UNSLOTH),
    ),
)
