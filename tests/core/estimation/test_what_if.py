"""What if: the figures are those of the file that would be written."""

import base64
import io
import json
from array import array
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest
from PIL import Image

from tintype.assessment import Assessment, assess
from tintype.dataset import open_dataset
from tintype.dataset.embed import export
from tintype.detection import CONVENTIONS
from tintype.estimation import Plan, estimate
from tintype.estimation.trying import boxes_in, rewrite, weigh
from tintype.estimation.what_if import RowTable, WhatIf, counts_if, least_side, read_table, shrunk
from tintype.pricing import Prices
from tintype.rules import rules_of
from tintype.tokens import sight

SIZES = [(1600, 1200), (640, 480), (2400, 900), (300, 200), (1024, 1024), (769, 513)]
BOXES = (CONVENTIONS["paligemma"], CONVENTIONS["qwen2.5-vl"])


def picture(width: int, height: int) -> str:
    out = io.BytesIO()
    Image.linear_gradient("L").resize((width, height)).convert("RGB").save(out, "JPEG", quality=95)
    return "data:image/jpeg;base64," + base64.b64encode(out.getvalue()).decode()


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eighteen rows with images of six sizes, boxes in two of three answers, one of text."""
    path = tmp_path_factory.mktemp("if") / "train.jsonl"
    rows = []
    for number in range(18):
        width, height = SIZES[number % 6]
        box = f"<loc0100><loc0{number:03}><loc0500><loc0614> cat"
        parts = [
            {"type": "text", "text": f"detect cat {number}"},
            {"type": "image_url", "image_url": {"url": picture(width, height)}},
        ]
        answer = f"{box} ; {box}" if number % 3 else f"I see {box}, I think"
        rows.append([{"role": "user", "content": parts}, {"role": "assistant", "content": answer}])
    rows.append([{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}])
    path.write_text("".join(json.dumps({"messages": row}) + "\n" for row in rows))
    return path


async def assessed(path: Path) -> Assessment:
    async with open_dataset(path) as dataset:
        return [one async for one in assess(dataset, rules_of("openai"))][-1]


async def tabled(path: Path) -> tuple[Assessment, RowTable]:
    found = await assessed(path)
    figures = found.figures
    pairs = zip(figures.tokens, figures.image_tokens, strict=True)
    text = array("I", (total - images for total, images in pairs))
    async with open_dataset(path) as dataset:
        steps = read_table(dataset, found.counts.rule, text, frozenset(), {})
        table = [step async for step in steps][-1].table
    assert table is not None
    return found, table


async def test_nothing_changed_is_what_was_estimated(dataset: Path) -> None:
    found, table = await tabled(dataset)
    assert counts_if(table, found.counts, WhatIf()) == found.counts


@pytest.mark.parametrize(
    "change",
    [
        WhatIf(detail="low"),
        WhatIf(detail="high", rows=7),
        WhatIf(max_side=512),
        WhatIf(max_side=1000, quality=50),
        WhatIf(boxes=BOXES),
        WhatIf(max_side=768, boxes=BOXES, detail="high", rows=11, without=frozenset({0, 3})),
    ],
)
async def test_the_figures_are_those_of_the_copy_that_makes_them_true(
    dataset: Path, tmp_path: Path, change: WhatIf
) -> None:
    found, table = await tabled(dataset)
    copy, kept = tmp_path / "copy.jsonl", frozenset(table.kept(change))
    async with open_dataset(dataset) as source:
        more: Mapping[int, int] = {}
        if change.boxes:
            assert await boxes_in(source) == change.boxes[0]
            more = [one async for one in rewrite(source, table, change.boxes)][-1].more
        weight = await weigh(source, table, change)
        drop = {source.line_of(row) for row in range(table.rows) if row not in kept}
        assert [step async for step in export(source, copy, change.treatment, drop=drop)]
    expected, made = counts_if(table, found.counts, change, more), (await assessed(copy)).counts
    assert expected.text == made.text
    assert expected.bills[0] == made.bills[0]
    assert (expected.rows, expected.images, expected.doubtful) == (
        made.rows,
        made.images,
        made.doubtful,
    )
    if not change.boxes:  # the longer answers are not weighed
        assert weight.size_bytes == pytest.approx(made.file_bytes, rel=0.1)


async def test_rows_drawn_are_the_same_each_time_and_the_cost_moves(dataset: Path) -> None:
    found, table = await tabled(dataset)
    change = WhatIf(rows=5)
    assert table.kept(change) == table.kept(change)
    assert len(table.kept(change)) == 5
    plan = Plan("gpt-4o-2024-08-06", "openai", epochs=2)
    whole, part = (
        estimate(counts, plan, Prices())
        for counts in (found.counts, counts_if(table, found.counts, change))
    )
    assert whole.cost_usd is not None
    assert part.cost_usd is not None
    assert Decimal(0) < part.cost_usd.likely < whole.cost_usd.likely


async def test_the_least_side_keeps_every_token_and_what_the_model_sees(dataset: Path) -> None:
    found, table = await tabled(dataset)
    side = least_side(table)
    assert side is not None
    assert side < table.longest_side
    assert counts_if(table, found.counts, WhatIf(max_side=side)).bills == found.counts.bills
    for width, height in SIZES:
        whole = sight(table.rule, width, height)
        less = sight(table.rule, *shrunk(width, height, side))
        assert abs(whole.width - less.width) + abs(whole.height - less.height) <= 3


async def test_boxes_whose_convention_is_in_doubt_are_not_written_in_another(
    tmp_path: Path,
) -> None:
    path = tmp_path / "unclear.jsonl"
    answers = ['[{"bbox_2d": [1, 2, 3, 4]}]'] * 8  # pixels, thousandths …: nothing tells
    rows = [
        [{"role": "user", "content": "cat"}, {"role": "assistant", "content": answer}]
        for answer in answers
    ]
    path.write_text("".join(json.dumps({"messages": row}) + "\n" for row in rows))
    async with open_dataset(path) as source:
        assert await boxes_in(source) is None
