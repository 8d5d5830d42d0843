"""What fixes there are, what each does, measured before it is done."""

import base64
import io
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tintype.assessment import Assessment, assess
from tintype.dataset import open_dataset
from tintype.dataset.edits import stored
from tintype.dataset.treatment import Treatment
from tintype.estimation.fixes import (
    Effect,
    Fix,
    combined,
    fixable,
    fixed_value,
    fixes,
    measure,
    side_for,
)
from tintype.rules import fixing, rules_of

OPENAI = rules_of("openai")


def url(size: tuple[int, int], mode: str = "RGB") -> str:
    out = io.BytesIO()
    Image.effect_noise(size, 60).convert(mode).save(out, "PNG")
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()


def row(*images: str) -> str:
    parts: list[dict[str, Any]] = [{"type": "text", "text": "What is it?"}]
    parts += [{"type": "image_url", "image_url": {"url": each}} for each in images]
    answer = {"role": "assistant", "content": "Noise."}
    return json.dumps({"messages": [{"role": "user", "content": parts}, answer]})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "train.jsonl"
    path.write_text("\n".join([row(url((1300, 900))), row(url((64, 64), "L")), row()]) + "\n")
    return path


async def assessed(path: Path) -> Assessment:
    async with open_dataset(path) as dataset:
        return [one async for one in assess(dataset, OPENAI, model="gpt-4o-2024-08-06")][-1]


def named(every: tuple[Fix, ...], name: str) -> Fix:
    return next(fix for fix in every if fix.name == name)


async def effect(path: Path, found: Assessment, fix: Fix) -> Effect:
    async with open_dataset(path) as dataset:
        async for _ in dataset.index():
            pass
        return [one async for one in measure(dataset, fix.treatment, found.counts.rule)][-1]


async def test_shrinking_to_the_least_side_saves_bytes_and_no_token(path: Path) -> None:
    found = await assessed(path)
    assert found.statistics is not None
    side = side_for(found.statistics, found.counts.rule)
    assert side is not None
    assert 768 < side < 1300
    every = fixes(fixing(OPENAI), OPENAI.max_images, side)
    done = await effect(path, found, named(every, "side"))
    assert (done.rows, done.tried, done.changed, done.notes) == (3, 3, 1, ())
    assert done.tokens_after == done.tokens_before > 0
    assert done.bytes_after < done.bytes_before
    low = await effect(path, found, named(every, "low"))
    assert low.tokens_after < low.tokens_before
    assert low.changed == 2


async def test_a_fix_changes_only_what_it_is_for(path: Path) -> None:
    found = await assessed(path)
    every = fixes(fixing(OPENAI), 1, None)
    assert "side" not in {fix.name for fix in every}
    assert (await effect(path, found, named(every, "rgb"))).changed == 1
    assert (await effect(path, found, named(every, "upright"))).changed == 0
    assert (await effect(path, found, named(every, "embed"))).changed == 0


async def test_a_fixed_row_keeps_marks_for_images_that_stay(tmp_path: Path) -> None:
    path = tmp_path / "two.jsonl"
    path.write_text(row(url((32, 32)), url((32, 32), "L")) + "\n")
    async with open_dataset(path) as dataset:
        (line,) = await dataset.lines(0, 1, 10**9)
        made = fixed_value(line, dataset, Treatment(rgb=True), line)
    first, second = (part["image_url"]["url"] for part in made["messages"][0]["content"][1:])
    assert first == "data:image/png;base64,#0"
    assert second.startswith("data:image/jpeg;base64,/9j/")
    assert len(stored(made)) < 5000


def test_effects_of_a_sample_stand_for_all_rows() -> None:
    assert Effect(1000, tried=100, changed=7).all_rows(7) == 70
    assert Effect(10, tried=10).all_rows(7) == 7


def test_fixes_are_combined_and_every_rule_that_they_name_exists() -> None:
    every = fixes(fixing(OPENAI), 10, 768)
    both = combined([named(every, "side"), named(every, "low")])
    assert (both.max_side, both.detail) == (768, "low")
    source = "".join(file.read_text() for file in Path(rules_file()).parent.glob("*.py"))
    assert all(f'"{rule}"' in source for rule in fixable())


def rules_file() -> str:
    from tintype import rules

    return str(rules.__file__)
