"""Laid end to end, or padded, with features from disk: as the model's own forward pass."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tintype.engines.lora.bases import Base

torch = pytest.importorskip("torch", reason="needs the extra tintype[lora]: make test-lora")

from tintype.engines.lora import adapters, attention, forward, loading, packing
from tintype.engines.lora.captured import CapturedPass, Sizes
from tintype.engines.lora.features import Features
from tintype.engines.lora.plan import LoraShape
from tintype.engines.lora.rows import IGNORED, Said, Shown, encode

SIZES = ((64, 64), (120, 64), (56, 112), (64, 90))


def conversations() -> list[list[Said]]:
    colours = ("red", "blue", "yellow", "black")
    return [
        [
            Said(
                "user",
                (
                    Shown(colour, Image.new("RGB", SIZES[at], colour)),
                    "What colour is it?" + " yes" * at,
                ),
            ),
            Said("assistant", (f"The colour is {colour}.",), learnt=True),
        ]
        for at, colour in enumerate(colours)
    ]


def own_loss(opened: Any, row: Any) -> Any:
    """The loss of a row alone, computed by the model as transformers has it."""
    attention.use(opened.model, attention.PLAIN)
    pixels = {name: torch.cat([one[name] for one in row.pixels]) for name in row.pixels[0]}
    ids = row.ids[None]
    more: dict[str, Any] = {}
    if opened.three_axes:
        more["mm_token_type_ids"] = (ids == opened.image_token).int()
    elif not opened.packs:
        more["token_type_ids"] = packing.types_of(opened, row)[None]
    with torch.no_grad():
        logits = opened.model(
            input_ids=ids, attention_mask=torch.ones_like(ids), use_cache=False, **pixels, **more
        ).logits[0]
    learnt = row.labels[1:] != IGNORED
    return torch.nn.functional.cross_entropy(
        logits[:-1][learnt], row.labels[1:][learnt], reduction="sum"
    )


@pytest.mark.parametrize("family", ["qwen25", "qwen3", "llava", "paligemma", "gemma3"])
def test_rows_together_give_the_loss_of_each_alone(
    base: Callable[[str], Base], family: str, tmp_path: Path
) -> None:
    opened = loading.load(base(family))
    rows = [one for said in conversations() for one in encode(opened, said)]
    features = Features(tmp_path, opened, lambda key: Image.new("RGB", (1, 1)))
    features.add({row.images[0]: row.pixels[0] for row in rows})
    known = {key: features.get(key) for row in rows for key in row.images}
    attention.use(opened.text, attention.PACKED if opened.packs else attention.PLAIN)
    with torch.no_grad():
        made, _ = forward.loss(opened, packing.together(opened, rows, known))
    alone = sum(own_loss(opened, row) for row in rows)
    assert float(made) == pytest.approx(float(alone), rel=1e-5)


@pytest.mark.parametrize("family", ["qwen25", "qwen3", "llava", "paligemma", "gemma3"])
def test_features_from_disk_are_those_of_the_tower_and_are_made_once(
    base: Callable[[str], Base], family: str, tmp_path: Path
) -> None:
    opened = loading.load(base(family))
    (row,) = encode(opened, conversations()[1])
    shown = conversations()[1][0].images[0]
    kept = Features(tmp_path, opened, lambda key: shown.image)
    kept.add({"blue": row.pixels[0]})
    kept.close_up()
    again = Features(tmp_path, opened, lambda key: shown.image)
    none = Features(tmp_path / "..", opened, lambda key: shown.image, limit_bytes=0)
    none.add({"blue": row.pixels[0]})
    assert torch.equal(again.get("blue"), kept.get("blue"))
    assert torch.allclose(none.get("blue"), again.get("blue"), atol=1e-6)
    assert (kept.computed, again.computed, none.computed) == (1, 0, 1)


def test_packs_hold_every_row_once_and_no_more_tokens_than_they_may() -> None:
    lengths = [300, 100, 700, 250, 50, 900]
    packs = packing.laid_out(lengths, 1000, packs=True)
    assert sorted(at for pack in packs for at in pack) == list(range(6))
    assert all(sum(lengths[at] for at in pack) <= 1000 for pack in packs)
    padded = packing.laid_out(lengths, 1000, packs=False)
    assert all(max(lengths[at] for at in pack) * len(pack) <= 1000 for pack in padded)
    assert len(packs) == 3
    assert packing.laid_out([2000, 10], 1000, packs=False) == [[0], [1]]
    even = packing.laid_out([500] * 16, 7000, packs=True)
    assert [len(pack) for pack in even] == [8, 8]


@pytest.mark.parametrize("family", ["qwen25", "qwen3", "llava"])
def test_a_pack_that_is_filled_up_gives_the_same_gradients(
    base: Callable[[str], Base], family: str, tmp_path: Path
) -> None:
    opened = loading.load(base(family))
    layers = adapters.attach(opened, LoraShape(4, 8))
    rows = [one for said in conversations() for one in encode(opened, said)]
    features = Features(tmp_path, opened, lambda key: Image.new("RGB", (1, 1)))
    features.add({row.images[0]: row.pixels[0] for row in rows})
    known = {key: features.get(key) for row in rows for key in row.images}
    attention.use(opened.text, attention.PACKED)
    sizes = Sizes(tokens=700, rows=6, learnt=90, images=300, longest=200)
    levels = features.get("red").shape[0]
    filled = CapturedPass(opened, layers.parameters, sizes, levels)
    for some in (rows[:3], rows):
        layers.draw(3)
        found = []
        pack = packing.together(opened, some, known)
        for run in (lambda pack: forward.loss(opened, pack), filled.run):
            for parameter in layers.parameters:
                parameter.grad = None
                parameter.data.add_(0.01)
            lost, hits = run(pack)
            if lost.requires_grad:
                lost.backward()
            found.append((float(lost), int(hits), [one.grad for one in layers.parameters]))
            for parameter in layers.parameters:
                parameter.data.sub_(0.01)
        (lost, hits, grads), (other, others, other_grads) = found
        assert lost == pytest.approx(other, rel=1e-5)
        assert hits == others
        for one, same in zip(grads, other_grads, strict=True):
            assert torch.allclose(one, same, atol=1e-4, rtol=1e-3)
    assert not filled.fits(packing.together(opened, rows[:1], known))
