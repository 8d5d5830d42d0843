"""Recipes that are a script: TRL and Unsloth have their data in the same form."""

from collections.abc import Callable, Mapping

_LOADED = '''"""{title}: the job's data and settings; run it in this folder."""

import json
from pathlib import Path

from PIL import Image
{imports}

BASE = {base!r}


def rows(name):
    """Every row, its images opened, in the places that the messages have for them."""
    for line in Path(name).read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        images = iter(Image.open(path).convert("RGB") for path in row["images"])
        for message in row["messages"]:
            for part in message["content"]:
                if part["type"] == "image":
                    part["image"] = next(images)
        yield {{"messages": row["messages"]}}


train = list(rows({train!r}))
valid = list(rows({valid!r})) if {valid!r} else None
'''

TRL = '''

def collate(batch):
    """Texts and images as the model takes them; the loss is over the answers and the prompts."""
    processor = AutoProcessor.from_pretrained(BASE)
    texts = [processor.apply_chat_template(row["messages"], tokenize=False) for row in batch]
    images = [
        [part["image"] for m in row["messages"] for part in m["content"] if part["type"] == "image"]
        for row in batch
    ]
    found = processor(text=texts, images=images, padding=True, return_tensors="pt")
    labels = found["input_ids"].clone()
    labels[labels == processor.tokenizer.pad_token_id] = -100
    found["labels"] = labels
    return found


trainer = SFTTrainer(
    model=AutoModelForImageTextToText.from_pretrained(BASE, torch_dtype="bfloat16"),
    args=SFTConfig(
        output_dir="output",
        num_train_epochs={epochs},
        per_device_train_batch_size=1,
        gradient_accumulation_steps={batch},
        learning_rate={rate},
        bf16=True,
        seed={seed},
        logging_steps=1,
        max_length=None,
        remove_unused_columns=False,
        dataset_kwargs={{"skip_prepare_dataset": True}},
    ),
    data_collator=collate,
    train_dataset=train,
    eval_dataset=valid,
    peft_config=LoraConfig(
        r={rank}, lora_alpha={alpha}, target_modules="all-linear", task_type="CAUSAL_LM"
    ),
)
trainer.train()
trainer.save_model("output")
'''

UNSLOTH = """
model, tokenizer = FastVisionModel.from_pretrained(BASE, load_in_4bit=True)
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
    tokenizer=tokenizer,
    data_collator=UnslothVisionDataCollator(model, tokenizer),
    train_dataset=train,
    eval_dataset=valid,
    args=SFTConfig(
        output_dir="output",
        num_train_epochs={epochs},
        per_device_train_batch_size=1,
        gradient_accumulation_steps={batch},
        learning_rate={rate},
        seed={seed},
        logging_steps=1,
        remove_unused_columns=False,
        dataset_text_field="",
        dataset_kwargs={{"skip_prepare_dataset": True}},
    ),
)
trainer.train()
model.save_pretrained("output")
"""


def script(title: str, imports: str, training: str) -> Callable[..., Mapping[str, str]]:
    """Make what writes `train.py` from values and the data's files."""

    def files(values: Mapping[str, str], data: Mapping[str, str]) -> Mapping[str, str]:
        head = _LOADED.format(
            title=title,
            imports=imports,
            base=values["base"],
            train=data["train"],
            valid=data.get("valid", ""),
        )
        body = training.format(
            epochs=values["epochs"],
            batch=values["batch size"],
            rate=values["learning rate"],
            rank=values["LoRA rank"],
            alpha=values["LoRA alpha"],
            seed=values["seed"],
        )
        return {"train.py": head + body}

    return files
