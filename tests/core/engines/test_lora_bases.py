"""Open models that are added: read without PyTorch, listed at once, refused with a sentence."""

import json
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tintype.engines import engines
from tintype.engines.base import Resolved, TrainingOrder
from tintype.engines.lora import bases, engine, plan
from tintype.errors import EngineError, HyperparameterError
from tintype.resources import Hyperparameters

CONFIG = {
    "model_type": "qwen2_5_vl",
    "text_config": {"hidden_size": 2048, "num_hidden_layers": 36, "intermediate_size": 11008},
}


def model(folder: Path, **config: Any) -> Path:
    """A folder as Hugging Face lays it out, with weights of 6 and 8 numbers."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(CONFIG | config))
    for name in ("tokenizer_config.json", "preprocessor_config.json"):
        (folder / name).write_text("{}")
    tensor = {"dtype": "BF16", "shape": [2, 3], "data_offsets": [0, 12]}
    header = {"a": tensor, "b": tensor | {"shape": [8]}, "__metadata__": {"format": "pt"}}
    data = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(data)) + data + bytes(28))
    (folder / "README.md").write_text("---\nlicense: apache-2.0\ntags: [x]\n---\n")
    return folder


def test_a_model_is_read_from_its_folder(tmp_path: Path) -> None:
    base = bases.read_base(model(tmp_path / "Some VL 3B"))
    assert (base.model, base.family, base.licence) == ("Some-VL-3B", "qwen2_5_vl", "apache-2.0")
    assert (base.parameters, base.layers, base.inner) == (14, 36, 11008)


def test_a_model_in_hugging_faces_cache_is_called_by_its_name_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    model(tmp_path / "models--Qwen--Qwen2.5-VL-3B-Instruct" / "snapshots" / "66285546d2b821cf")
    assert bases.read_base("Qwen/Qwen2.5-VL-3B-Instruct").model == "Qwen2.5-VL-3B-Instruct"


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda folder: (folder / "config.json").unlink(), "has no config.json"),
        (lambda folder: (folder / "config.json").write_text("{"), "cannot be read"),
        (lambda folder: (folder / "config.json").write_text("[]"), "not a JSON object"),
        (
            lambda folder: (folder / "config.json").write_text('{"model_type": "bert"}'),
            "'bert' is not one",
        ),
        (lambda folder: (folder / "model.safetensors").unlink(), "no weights as safetensors"),
        (
            lambda folder: (folder / "model.safetensors").write_bytes(b"torn"),
            "no whole safetensors",
        ),
        (lambda folder: (folder / "tokenizer_config.json").unlink(), "lacks tokenizer_config"),
    ],
)
def test_what_is_no_model_is_refused_with_a_sentence(
    tmp_path: Path, spoil: Any, words: str
) -> None:
    folder = model(tmp_path / "some")
    spoil(folder)
    with pytest.raises(EngineError, match=words):
        bases.read_base(folder)


def test_a_model_that_is_nowhere_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="neither a folder nor") as refused:
        bases.read_base("nobody/nothing")
    assert "hf download nobody/nothing" in str(refused.value)


def test_models_come_and_go_while_engines_are_in_use(tmp_path: Path) -> None:
    file = tmp_path / "server" / bases.BASES
    known = engines(file.parent)
    assert list(known) == ["tintype-tiny"]
    bases.remember(file, bases.read_base(model(tmp_path / "one")))
    first = known["one"]
    bases.remember(file, bases.read_base(model(tmp_path / "two")))
    assert sorted(known) == ["one", "tintype-tiny", "two"]
    assert known["one"] is first
    bases.forget(file, "one")
    assert sorted(known) == ["tintype-tiny", "two"]
    with pytest.raises(EngineError, match="No open model 'one'"):
        bases.forget(file, "one")


def test_a_damaged_list_of_models_is_said(tmp_path: Path) -> None:
    (tmp_path / bases.BASES).write_text('{"bases": [{"model": "x"}]}')
    with pytest.raises(EngineError, match="is damaged"):
        engines(tmp_path)


def test_without_the_extra_the_message_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "NEEDED", ("no_such_module",))
    open_model = engine.Lora(bases.read_base(model(tmp_path / "some")))
    order = TrainingOrder(tmp_path / "x", None, tmp_path, Resolved(1, 1, 1.0), seed=1)
    with pytest.raises(EngineError) as refused:
        open_model.train(order, lambda report: None, lambda: "")
    assert "tintype[lora]" in str(refused.value)
    with pytest.raises(EngineError, match="PyTorch and transformers"):
        open_model.open(None)


@pytest.mark.parametrize(
    ("examples", "asked", "chosen"),
    [
        (1000, Hyperparameters(), Resolved(3, 16, 1.0)),
        (100, Hyperparameters(), Resolved(10, 12, 1.0)),
        (8, Hyperparameters(), Resolved(10, 1, 1.0)),
        (1, Hyperparameters(2, 3, 0.5), Resolved(2, 3, 0.5)),
    ],
)
def test_what_is_left_auto_is_chosen_by_the_number_of_rows(
    examples: int, asked: Hyperparameters, chosen: Resolved
) -> None:
    found = plan.resolve(examples, asked)
    assert replace(found, extra={}) == chosen
    assert found.extra == {
        "lora_rank": 16,
        "lora_alpha": 32,
        "lora_target_modules": list(plan.PROJECTIONS),
    }


def test_the_shape_of_adapters_is_chosen_by_extras() -> None:
    extra = {"lora_rank": 4, "lora_alpha": "auto", "lora_target_modules": ["v_proj", "q_proj"]}
    found = plan.resolve(8, Hyperparameters(extra=extra)).extra
    wanted = {"lora_rank": 4, "lora_alpha": 8, "lora_target_modules": ["q_proj", "v_proj"]}
    assert found == wanted
    assert found.keys() == plan.EXTRAS.keys()


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("lora_rank", 0, "from 1 to 512, not 0"),
        ("lora_rank", True, "not True"),
        ("lora_rank", 8.5, "a whole number"),
        ("lora_alpha", -1, "above 0"),
        ("lora_alpha", float("nan"), "above 0"),
        ("lora_target_modules", [], "some of q_proj"),
        ("lora_target_modules", "q_proj", "a list of"),
        ("lora_target_modules", ["fc1"], "not ['fc1']"),
        ("lora_dropout", 0.1, "is not known. There are lora_rank"),
    ],
)
def test_a_shape_that_cannot_be_is_refused_by_name(name: str, value: Any, words: str) -> None:
    with pytest.raises(HyperparameterError) as refused:
        plan.resolve(8, Hyperparameters(extra={name: value}))
    assert refused.value.name == name
    assert words in str(refused.value)


def test_the_learning_rate_rises_and_falls() -> None:
    rates = [plan.learning_rate(step, 100, 1.0) for step in range(1, 101)]
    assert rates[4] == max(rates) == plan.LEARNING_RATE
    assert rates[0] == pytest.approx(plan.LEARNING_RATE / 5)
    assert rates[-1] == pytest.approx(plan.LEARNING_RATE / 10)


def test_packs_fit_the_memory_that_is_left(tmp_path: Path) -> None:
    base = bases.read_base(model(tmp_path / "some"))
    roomy, tight = plan.fit(base, 120 << 30, 600), plan.fit(base, 8 << 30, 600)
    assert roomy == plan.Fit(plan.MOST_TOKENS, checkpointing=False)
    assert tight.checkpointing
    assert tight.tokens > 600
    assert plan.fit(base, 0, 3000) == plan.Fit(3000, checkpointing=True)
    tried = [roomy]
    while smaller := tried[-1].smaller():
        tried.append(smaller)
    assert [one.checkpointing for one in tried] == sorted(one.checkpointing for one in tried)
    assert tried[-1] == plan.Fit(plan.LEAST_TOKENS, checkpointing=True)
