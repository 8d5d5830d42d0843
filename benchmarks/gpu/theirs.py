"""The same by transformers' Trainer and `generate` with PEFT, and by TRL."""

import io
import itertools
import statistics
import time
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.gpu.figures import SMOKE
from benchmarks.gpu.section import TOKENS, Section, inputs


def detached(section: Section, made: Any) -> None:
    """The base without our layers."""
    for name, layer in made.adapters.layers.items():
        parent, _, leaf = name.rpartition(".")
        setattr(section.opened.model.get_submodule(parent), leaf, layer.base)
    section.opened.model.requires_grad_(False)
    section.opened.model.gradient_checkpointing_disable()


def collated(opened: Any, batch: Sequence[tuple[Any, Any]]) -> Mapping[str, Any]:
    """What a Trainer's collator does: images and texts to tensors, all but answers masked."""
    made = inputs(opened, [said for said, _ in batch], [image for _, image in batch])
    labels = made["input_ids"].clone()
    begin = opened.tokenizer.convert_tokens_to_ids("<|im_start|>")
    for row in labels:
        last = int((row == begin).nonzero()[-1])
        row[: last + 3] = -100
        row[row == opened.tokenizer.pad_token_id] = -100
    made["labels"] = labels
    return dict(made)


def trainer(section: Section, batch: int, steps: int = 7) -> float:
    """Rows a second of transformers' Trainer with PEFT, data made by workers."""
    import peft
    import transformers

    from tintype.engines.lora import attention

    opened = section.opened
    attention.use(opened.model, attention.PLAIN)
    marks: list[float] = []
    losses: list[float] = []

    class Mark(transformers.TrainerCallback):
        def on_step_end(self, *args: Any, **kwargs: Any) -> None:
            section.wait()
            marks.append(time.perf_counter())
            if section.left < 4:
                args[2].should_training_stop = True

        def on_log(self, *args: Any, logs: Any = None, **kwargs: Any) -> None:
            losses.extend([logs["loss"]] if "loss" in (logs or {}) else [])

    model = peft.get_peft_model(opened.model, _lora())
    try:
        arguments = transformers.TrainingArguments(
            output_dir=str(section.folder / "trainer"),
            per_device_train_batch_size=batch,
            max_steps=steps,
            learning_rate=1e-4,
            bf16=section.cuda,
            logging_steps=1,
            report_to=[],
            save_strategy="no",
            remove_unused_columns=False,
            dataloader_num_workers=0 if SMOKE else 8,
            disable_tqdm=True,
            use_cpu=not section.cuda,
            seed=0,
        )
        run = transformers.Trainer(
            model=model,
            args=arguments,
            train_dataset=section.messages(),
            data_collator=lambda rows: collated(opened, rows),
            callbacks=[Mark()],
        )
        run.remove_callback(transformers.PrinterCallback)
        run.train()
    finally:
        model.unload()
        opened.model.requires_grad_(False)
    between = [later - earlier for earlier, later in itertools.pairwise(marks[1:])]
    pace = batch / statistics.median(between)
    section.say(
        f"Trainer, batch {batch}",
        rows_s=pace,
        memory_gb=section.memory_gb(),
        losses=losses[:3],
        steps=len(marks),
    )
    return float(pace)


def with_trl(section: Section, batch: int = 4, steps: int = 6) -> None:
    """Rows a second of TRL's SFTTrainer."""
    import datasets
    import transformers
    import trl
    from PIL import Image

    rows = [
        {"messages": said, "images": [Image.open(io.BytesIO(data))]}
        for said, data in section.messages()
    ]
    made = datasets.Dataset.from_list(rows)
    marks: list[float] = []

    class Mark(transformers.TrainerCallback):
        def on_step_end(self, *args: Any, **kwargs: Any) -> None:
            section.wait()
            marks.append(time.perf_counter())
            if section.left < 4:
                args[2].should_training_stop = True

    run = trl.SFTTrainer(
        model=section.opened.model,
        args=trl.SFTConfig(
            output_dir=str(section.folder / "trl"),
            per_device_train_batch_size=batch,
            max_steps=steps,
            max_length=None,
            bf16=section.cuda,
            gradient_checkpointing=False,
            logging_steps=1,
            report_to=[],
            save_strategy="no",
            dataloader_num_workers=0 if SMOKE else 8,
            disable_tqdm=True,
            use_cpu=not section.cuda,
        ),
        train_dataset=made,
        processing_class=section.opened.processor,
        peft_config=_lora(),
        callbacks=[Mark()],
    )
    run.train()
    between = [later - earlier for earlier, later in itertools.pairwise(marks[1:])]
    section.say(
        f"TRL {trl.__version__}, batch {batch}",
        rows_s=batch / statistics.median(between),
        memory_gb=section.memory_gb(),
        steps=len(marks),
    )


def generating(section: Section) -> None:
    """The same by transformers' `generate`, with PEFT's adapter: tokens a second."""
    import peft
    import transformers

    from tintype.engines.lora import attention

    torch, opened = section.torch, section.opened
    attention.use(opened.model, attention.PLAIN)
    model = peft.get_peft_model(opened.model, _lora()).eval()
    marks: list[float] = []

    class Mark(transformers.StoppingCriteria):
        def __call__(self, ids: Any, *args: Any, **kwargs: Any) -> Any:
            section.wait()
            marks.append(time.perf_counter())
            done = section.left < 4
            return torch.full((ids.shape[0],), done, dtype=torch.bool, device=ids.device)

    said, data = section.messages()[0]
    given = inputs(opened, [said[:1]], [data]).to(opened.device)
    try:
        with torch.no_grad():
            model.generate(
                **given,
                max_new_tokens=TOKENS // 2,
                min_new_tokens=TOKENS // 2,
                do_sample=False,
                stopping_criteria=transformers.StoppingCriteriaList([Mark()]),
            )
    finally:
        model.unload()
        opened.model.requires_grad_(False)
    pace = (len(marks) - 3) / (marks[-1] - marks[2])
    section.say("generate", tokens_s=pace, memory_gb=section.memory_gb())


def _lora() -> Any:
    import peft

    from tintype.engines.lora import plan
    from tintype.engines.lora.plan import PROJECTIONS

    return peft.LoraConfig(
        r=plan.RANK,
        lora_alpha=plan.ALPHA,
        target_modules=rf".*language_model.*\.({'|'.join(PROJECTIONS)})",
        task_type="CAUSAL_LM",
    )
