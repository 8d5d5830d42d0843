"""An open model as an engine: it keeps the contract, its adapters stay apart, it answers."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from tintype.engines import check_engine
from tintype.engines.base import Resolved, Sampling, Saved, TrainingOrder, Turn
from tintype.engines.lora.bases import Base
from tintype.engines.lora.engine import Lora
from tintype.errors import EngineError

torch = pytest.importorskip("torch", reason="needs the extra tintype[lora]: make test-lora")

from tintype.engines.lora import adapters, attention, loading
from tintype.engines.lora.answering import LoraAnswerer, _loaded, _said, open_model
from tintype.engines.lora.plan import LoraShape
from tintype.engines.lora.rows import encode_question

TURNS = [Turn("user", ("What colour is it?", Image.new("RGB", (64, 64), "red")))]


@pytest.mark.parametrize("family", ["qwen25", "qwen3", "llava", "paligemma", "gemma3"])
def test_an_open_model_keeps_the_contract(base: Callable[[str], Base], family: str) -> None:
    assert check_engine(Lora(base(family))) == ()


def text(model: LoraAnswerer, most: int = 12) -> str:
    return "".join(piece.text for piece in model.answer(TURNS, Sampling(max_tokens=most)))


def tuned(base: Base, order: TrainingOrder) -> Path:
    saved: list[Path] = []
    Lora(base).train(
        order,
        lambda told: saved.append(told.path) if isinstance(told, Saved) else None,
        lambda: "",
    )
    return saved[-1]


@pytest.mark.parametrize("family", ["qwen25", "qwen3", "llava"])
def test_steps_as_a_gpu_captures_them_give_the_same_answer(
    base: Callable[[str], Base], family: str
) -> None:
    shared = _loaded(base(family))
    plain = LoraAnswerer(shared, None)
    captured = LoraAnswerer(replace(shared, graphs=True, in_place=object()), None)
    for _ in range(2):
        assert text(captured) == text(plain)


@pytest.mark.parametrize("family", ["qwen25", "qwen3", "llava", "paligemma", "gemma3"])
def test_an_answer_is_what_transformers_generates(base: Callable[[str], Base], family: str) -> None:
    opened = loading.load(base(family))
    attention.use(opened.model, attention.PLAIN)
    asked = encode_question(opened, [_said(turn) for turn in TURNS])
    more = dict(asked.pixels[0])
    if opened.three_axes:
        more["mm_token_type_ids"] = (asked.ids == opened.image_token).int()[None]
    if not opened.packs:
        more["token_type_ids"] = torch.zeros_like(asked.ids)[None]
    made = opened.model.generate(
        input_ids=asked.ids[None],
        attention_mask=torch.ones_like(asked.ids)[None],
        max_new_tokens=12,
        do_sample=False,
        **more,
    )
    told = opened.tokenizer.decode(made[0, asked.ids.numel() :], skip_special_tokens=True)
    assert text(open_model(base(family), None)).rstrip("\ufffd") == told.rstrip("\ufffd")


def test_adapters_on_one_base_stay_apart(
    base: Callable[[str], Base], order: Callable[..., TrainingOrder]
) -> None:
    one = tuned(base("qwen25"), order("one", resolved=Resolved(4, 4, 300.0)))
    said = [{"role": "user", "content": "?"}, {"role": "assistant", "content": "yes yes yes yes"}]
    unlike = order("other", [{"messages": said}] * 4, Resolved(6, 1, 300.0))
    other = tuned(base("qwen25"), unlike)
    paths = (None, one, other)
    alone = [text(open_model(base("qwen25"), path)) for path in paths]
    assert len(set(alone)) == 3
    models = [open_model(base("qwen25"), path) for path in paths]
    answers = [model.answer(TURNS, Sampling(max_tokens=12)) for model in models]
    written = ["", "", ""]
    going = {0, 1, 2}
    while going:
        for at in sorted(going):
            piece = next(answers[at], None)
            if piece is None:
                going.discard(at)
            else:
                written[at] += piece.text
    assert written == alone


def test_an_adapter_is_read_by_peft_with_the_same_result(
    base: Callable[[str], Base], order: Callable[..., TrainingOrder]
) -> None:
    peft = pytest.importorskip("peft")
    path = tuned(base("qwen25"), order(resolved=Resolved(2, 4, 300.0)))
    ours, theirs = loading.load(base("qwen25")), loading.load(base("qwen25"))
    layers = adapters.attach(ours, LoraShape(16, 16))
    layers.take(adapters.read(path, layers))
    read = peft.PeftModel.from_pretrained(theirs.model, path)
    ids = torch.arange(20)[None]
    types = torch.zeros_like(ids)
    with torch.no_grad():
        one = ours.model(input_ids=ids, mm_token_type_ids=types).logits
        other = read(input_ids=ids, mm_token_type_ids=types).logits
    assert torch.allclose(one, other, atol=1e-4)
    bare = loading.load(base("qwen25")).model(input_ids=ids, mm_token_type_ids=types).logits
    assert not torch.allclose(one, bare, atol=1e-2)


def test_adapters_of_any_shape_take_turns(
    base: Callable[[str], Base], order: Callable[..., TrainingOrder]
) -> None:
    small = {"lora_rank": 2, "lora_alpha": 64, "lora_target_modules": ["q_proj", "v_proj"]}
    one = tuned(base("qwen25"), order("one", resolved=Resolved(2, 4, 300.0, small)))
    config = json.loads((one / adapters.CONFIG).read_text())
    assert (config["r"], config["lora_alpha"]) == (2, 64)
    assert config["target_modules"].endswith("(q_proj|v_proj)")
    large = tuned(base("qwen25"), order("two", resolved=Resolved(2, 4, 300.0, {"lora_rank": 40})))
    model = open_model(base("qwen25"), one)
    alone = text(model)
    assert text(open_model(base("qwen25"), large)) != alone
    assert text(model) == text(open_model(base("qwen25"), one)) == alone
    ours = loading.load(base("qwen25"))
    layers = adapters.attach(ours, LoraShape())
    layers.take(adapters.read(one, layers))
    strong = {name for name, layer in layers.layers.items() if layer.b.abs().sum() > 0}
    assert {name.rpartition(".")[2] for name in strong} == {"q_proj", "v_proj"}


def test_a_damaged_adapter_is_said(
    base: Callable[[str], Base], order: Callable[..., TrainingOrder], tmp_path: Path
) -> None:
    path = tuned(base("qwen25"), order())
    (path / adapters.WEIGHTS).write_bytes(b"torn")
    with pytest.raises(EngineError, match="is damaged, or of another base"):
        Lora(base("qwen25")).open(path)


def test_a_drawn_answer_is_the_same_for_the_same_seed(base: Callable[[str], Base]) -> None:
    model = open_model(base("qwen25"), None)

    def drawn(seed: int) -> str:
        asked = Sampling(max_tokens=12, temperature=1.0, top_p=0.9, seed=seed)
        return "".join(piece.text for piece in model.answer(TURNS, asked))

    assert drawn(1) == drawn(1)
    assert len({drawn(seed) for seed in range(4)}) > 1
