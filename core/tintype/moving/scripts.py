"""Recipes that are a script: TRL and Unsloth have their data in the same form."""

from collections.abc import Callable, Mapping

_LOADED = '''"""{title}: the job's data and settings; run it in this folder."""

import json
from pathlib import Path

{imports}

BASE = {base!r}
BF16 = is_torch_bf16_gpu_available()
TURNS = [
    {{
        "role": Value("string"),
        "content": [{{"type": Value("string"), "text": Value("string")}}],
    }}
]
ROWS = Features(prompt=TURNS, completion=TURNS, images=[Image(mode="RGB")])


def answers(name):
    """Every answer with what comes before it: the loss is over the answers alone."""
    for line in Path(name).read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        for place, message in enumerate(row["messages"]):
            if message["role"] == "assistant":
                before = row["messages"][:place]
                shown = sum(part["type"] == "image" for m in before for part in m["content"])
                yield {{"prompt": before, "completion": [message], "images": row["images"][:shown]}}


train = Dataset.from_list(list(answers({train!r})), ROWS)
valid = Dataset.from_list(list(answers({valid!r})), ROWS) if {valid!r} else None
'''

_SETTINGS = """SFTConfig(
        output_dir="output",
        num_train_epochs={epochs},
        per_device_train_batch_size=1,
        gradient_accumulation_steps={batch},
        learning_rate={rate},
        bf16=BF16,
        seed={seed},
        logging_steps=1,
        report_to="none",
        max_length=None,
        eval_strategy="epoch" if valid else "no",
        remove_unused_columns=False,
    )"""

TRL_IMPORTS = """from datasets import Dataset, Features, Image, Value
from peft import LoraConfig
from transformers import AutoModelForImageTextToText
from transformers.utils import is_torch_bf16_gpu_available
from trl import SFTConfig, SFTTrainer"""

TRL = (
    """

trainer = SFTTrainer(
    model=AutoModelForImageTextToText.from_pretrained(
        BASE, torch_dtype="bfloat16" if BF16 else "float32"
    ),
    args="""
    + _SETTINGS
    + """,
    train_dataset=train,
    eval_dataset=valid,
    peft_config=LoraConfig(
        r={rank}, lora_alpha={alpha}, target_modules="all-linear", task_type="CAUSAL_LM"
    ),
)
trainer.train()
trainer.save_model("output")
"""
)

UNSLOTH_IMPORTS = """from unsloth import FastVisionModel  # before what it patches
from unsloth.trainer import UnslothVisionDataCollator
from datasets import Dataset, Features, Image, Value
from transformers.utils import is_torch_bf16_gpu_available
from trl import SFTConfig, SFTTrainer"""

UNSLOTH = (
    """
model, processor = FastVisionModel.from_pretrained(
    BASE, load_in_4bit=True, max_seq_length=16384
)
model = FastVisionModel.get_peft_model(
    model,
    finetune_vision_layers=False,
    r={rank},
    lora_alpha={alpha},
    random_state={seed},
)
FastVisionModel.for_training(model)
trainer = SFTTrainer(
    model=model,
    processing_class=processor,
    data_collator=UnslothVisionDataCollator(model, processor, resize="max"),
    args="""
    + _SETTINGS
    + """,
    train_dataset=train,
    eval_dataset=valid,
)
trainer.train()
model.save_pretrained("output")
processor.save_pretrained("output")
"""
)


def script(title: str, imports: str, training: str) -> Callable[..., Mapping[str, str]]:
    """Make what writes `train.py` from values and the data's files."""

    def files(values: Mapping[str, str], data: Mapping[str, str]) -> Mapping[str, str]:
        text = (_LOADED + training).format(
            title=title,
            imports=imports,
            base=values["base"],
            train=data["train"],
            valid=data.get("valid", ""),
            epochs=values["epochs"],
            batch=values["batch size"],
            rate=values["learning rate"],
            rank=values["LoRA rank"],
            alpha=values["LoRA alpha"],
            seed=values["seed"],
        )
        return {"train.py": text}

    return files
