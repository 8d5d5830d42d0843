"""Tiny random checkpoints with the real architectures, made on the spot: no network, no downloads.

As the real ones, their chat templates have no generation markers.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from tintype.engines.lora import loading

WORDS = (
    "What colour is it? How many circles are there? The colour is red. blue green yellow black "
    "It is a square. system user assistant You are a helpful assistant. 1 2 3 yes no left right"
)
CHATML = (
    "{% if messages[0]['role'] != 'system' %}<|im_start|>system\nYou are a helpful assistant."
    "<|im_end|>\n{% endif %}"
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% for part in message['content'] %}{% if part['type'] == 'image' %}IMAGE"
    "{% else %}{{ part['text'] }}{% endif %}{% endfor %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
TEXT: dict[str, Any] = {
    "hidden_size": 96,
    "intermediate_size": 192,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 2048,
    "tie_word_embeddings": True,
}
VISION: dict[str, Any] = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
}


def _tokenizer(
    special: list[str],
    end: str = "<|im_end|>",
    pad: str = "<|endoftext|>",
    more: Mapping[str, str] | None = None,
) -> Any:
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=600, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    made.train_from_iterator([WORDS] * 4, trainer)
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=made,
        eos_token=end,
        pad_token=pad,
        additional_special_tokens=[one for one in special if one not in SPECIAL],
        **({"extra_special_tokens": dict(more)} if more else {}),
    )


def _ids(tokenizer: Any) -> dict[str, Any]:
    return {
        "vocab_size": len(tokenizer),
        "pad_token_id": tokenizer.pad_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "bos_token_id": None,
    }


def _qwen_parts(patch: int) -> tuple[Any, dict[str, Any], Any]:
    names = ["<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"]
    tokenizer = _tokenizer([*SPECIAL, *names])
    known = {
        "vision_start_token_id": names[0],
        "vision_end_token_id": names[1],
        "image_token_id": names[2],
        "video_token_id": names[3],
    }
    ids = {name: tokenizer.convert_tokens_to_ids(token) for name, token in known.items()}
    side = 4 * patch
    images = transformers.Qwen2VLImageProcessorPil(
        size={"shortest_edge": side * side, "longest_edge": 4 * side * side}, patch_size=patch
    )
    return tokenizer, ids, images


def _chat(image: str) -> str:
    return CHATML.replace("IMAGE", image)


Shape = dict[str, Any]
AS_IT_IS: Shape = {}
Build = Callable[[type[Any], Any], Any]
"""Makes a model of a class and a configuration."""


def _small(kind: type[Any], config: Any) -> Any:
    return kind(config)


def qwen25(
    build: Build = _small, text: Shape = AS_IT_IS, vision: Shape = AS_IT_IS
) -> tuple[Any, Any]:
    tokenizer, ids, images = _qwen_parts(14)
    rope = {"rope_type": "default", "mrope_section": [4, 4, 4], "rope_theta": 10000.0}
    config = transformers.Qwen2_5_VLConfig(
        text_config={**TEXT, **_ids(tokenizer), "rope_parameters": rope, **text},
        vision_config={
            "depth": 2,
            "hidden_size": 64,
            "intermediate_size": 128,
            "num_heads": 4,
            "out_hidden_size": 96,
            "patch_size": 14,
            "spatial_merge_size": 2,
            "window_size": 56,
            "fullatt_block_indexes": [1],
            **vision,
        },
        tie_word_embeddings=text.get("tie_word_embeddings", True),
        **ids,
    )
    chat = _chat("<|vision_start|><|image_pad|><|vision_end|>")
    processor = transformers.Qwen2_5_VLProcessor(images, tokenizer, chat_template=chat)
    return build(transformers.Qwen2_5_VLForConditionalGeneration, config), processor


def qwen3(
    build: Build = _small, text: Shape = AS_IT_IS, vision: Shape = AS_IT_IS
) -> tuple[Any, Any]:
    tokenizer, ids, images = _qwen_parts(16)
    rope = {
        "rope_type": "default",
        "mrope_section": [4, 4, 4],
        "mrope_interleaved": True,
        "rope_theta": 10000.0,
    }
    config = transformers.Qwen3VLConfig(
        text_config={
            **TEXT,
            **_ids(tokenizer),
            "head_dim": 24,
            "rope_parameters": rope,
            **text,
        },
        vision_config={
            "depth": 2,
            "hidden_size": 64,
            "intermediate_size": 128,
            "num_heads": 4,
            "out_hidden_size": 96,
            "patch_size": 16,
            "spatial_merge_size": 2,
            "num_position_embeddings": 64,
            "deepstack_visual_indexes": [0],
            **vision,
        },
        tie_word_embeddings=text.get("tie_word_embeddings", True),
        **ids,
    )
    chat = _chat("<|vision_start|><|image_pad|><|vision_end|>")
    processor = transformers.Qwen3VLProcessor(images, tokenizer, chat_template=chat)
    return build(transformers.Qwen3VLForConditionalGeneration, config), processor


def llava() -> tuple[Any, Any]:
    tokenizer = _tokenizer([*SPECIAL, "<image>"])
    config = transformers.LlavaConfig(
        text_config={**TEXT, **_ids(tokenizer), "model_type": "llama"},
        vision_config={
            **VISION,
            "num_hidden_layers": 3,
            "model_type": "clip_vision_model",
            "image_size": 56,
            "patch_size": 14,
            "projection_dim": 64,
        },
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        vision_feature_layer=-2,
        vision_feature_select_strategy="default",
    )
    images = transformers.CLIPImageProcessorPil(
        size={"shortest_edge": 56}, crop_size={"height": 56, "width": 56}
    )
    processor = transformers.LlavaProcessor(
        images,
        tokenizer,
        patch_size=14,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=_chat("<image>"),
    )
    return transformers.LlavaForConditionalGeneration(config), processor


def paligemma() -> tuple[Any, Any]:
    tokenizer = _tokenizer(["<pad>", "<eos>", "<bos>", "<image>"], end="<eos>", pad="<pad>")
    tokenizer.bos_token = "<bos>"
    text = {**TEXT, "model_type": "gemma", "head_dim": 24, **_ids(tokenizer), "bos_token_id": 2}
    config = transformers.PaliGemmaConfig(
        text_config=text,
        vision_config={
            **VISION,
            "model_type": "siglip_vision_model",
            "image_size": 56,
            "patch_size": 14,
            "projection_dim": 96,
        },
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        projection_dim=96,
        hidden_size=96,
    )
    images = transformers.SiglipImageProcessorPil(size={"height": 56, "width": 56})
    images.image_seq_length = 16
    processor = transformers.PaliGemmaProcessor(image_processor=images, tokenizer=tokenizer)
    return transformers.PaliGemmaForConditionalGeneration(config), processor


def gemma3() -> tuple[Any, Any]:
    names = {
        "boi_token": "<start_of_image>",
        "eoi_token": "<end_of_image>",
        "image_token": "<image_soft_token>",
    }
    tokenizer = _tokenizer([*SPECIAL, *names.values()], more=names)
    ids = tokenizer.convert_tokens_to_ids
    config = transformers.Gemma3Config(
        text_config={**TEXT, **_ids(tokenizer), "head_dim": 24, "sliding_window": 64},
        vision_config={
            **VISION,
            "model_type": "siglip_vision_model",
            "image_size": 56,
            "patch_size": 14,
        },
        mm_tokens_per_image=4,
        boi_token_index=ids(names["boi_token"]),
        eoi_token_index=ids(names["eoi_token"]),
        image_token_index=ids(names["image_token"]),
    )
    images = transformers.Gemma3ImageProcessorPil(size={"height": 56, "width": 56})
    processor = transformers.Gemma3Processor(
        images, tokenizer, chat_template=_chat("<start_of_image>"), image_seq_length=4
    )
    return transformers.Gemma3ForConditionalGeneration(config), processor


FAMILIES: dict[str, Callable[[], tuple[Any, Any]]] = {
    "qwen25": qwen25,
    "qwen3": qwen3,
    "llava": llava,
    "paligemma": paligemma,
    "gemma3": gemma3,
}


def write(name: str, folder: Path) -> Path:
    """Write a tiny random checkpoint of a family, as Hugging Face lays it out."""
    loading.settle()
    torch.manual_seed(0)
    model, processor = FAMILIES[name]()
    folder.mkdir(parents=True)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    (folder / "README.md").write_text("---\nlicense: apache-2.0\n---\n# A tiny random model\n")
    return folder
