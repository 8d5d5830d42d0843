"""Adapters as files that others read: a merged model gives what base and adapter give."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tintype.engines.base import Resolved, TrainingOrder
from tintype.engines.lora.bases import Base
from tintype.errors import EngineError

torch = pytest.importorskip("torch", reason="needs the extra tintype[lora]: make test-lora")

from tests.lora.test_engine import tuned
from transformers import AutoModelForImageTextToText, AutoProcessor

from tintype.engines.lora import adapters, loading
from tintype.engines.lora.merging import merge
from tintype.engines.lora.plan import LoraShape

IDS = torch.arange(20)[None]


@pytest.mark.parametrize("family", ["qwen25", "qwen3", "llava"])
def test_a_merged_model_is_read_by_transformers_with_the_same_result(
    base: Callable[[str], Base], order: Callable[..., TrainingOrder], tmp_path: Path, family: str
) -> None:
    shape = {"lora_rank": 4, "lora_alpha": 16, "lora_target_modules": ["q_proj", "down_proj"]}
    path = tuned(base(family), order(resolved=Resolved(2, 4, 300.0, shape)))
    merge(path, tmp_path / "merged")
    opened = loading.load(base(family))
    more = {"mm_token_type_ids": torch.zeros_like(IDS)} if opened.three_axes else {}
    with torch.no_grad():
        bare = opened.model(input_ids=IDS, **more).logits
        layers = adapters.attach(opened, LoraShape(4, 4))
        layers.take(adapters.read(path, layers))
        beside = opened.model(input_ids=IDS, **more).logits
        theirs = AutoModelForImageTextToText.from_pretrained(tmp_path / "merged")
        merged = theirs.eval()(input_ids=IDS, **more).logits
    assert torch.allclose(merged, beside, atol=1e-4)
    assert not torch.allclose(merged, bare, atol=1e-2)
    assert AutoProcessor.from_pretrained(tmp_path / "merged").chat_template
    assert loading.load(base(family), as_stored=True).dtype == theirs.dtype


def test_an_adapter_whose_base_has_gone_is_said(tmp_path: Path) -> None:
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    with pytest.raises(EngineError, match="is damaged"):
        merge(adapter, tmp_path / "merged")
    (adapter / adapters.CONFIG).write_text('{"r": 4, "base_model_name_or_path": "/nowhere/x"}')
    with pytest.raises(EngineError, match="neither a folder nor"):
        merge(adapter, tmp_path / "merged")
