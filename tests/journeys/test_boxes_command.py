"""Boxes of other families: said and converted by `tintype boxes`, drawn and counted in the app."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tintype_tui.widgets.row_view import RowView

QWEN = '[{"bbox_2d": [5, 9, 40, 30], "label": "square"}]'


@pytest.fixture
def boxed(dataset: Path) -> Path:
    """Twelve rows of 48×36 pixels, every answer a box in pixels."""
    rows = [json.loads(line) for line in dataset.read_text().splitlines()]
    for row in rows:
        row["messages"][-1]["content"] = QWEN
    path = dataset.with_name("boxed.jsonl")
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_the_convention_is_said_with_its_evidence(
    tintype: Callable[..., Any], boxed: Path, dataset: Path
) -> None:
    done = tintype("boxes", boxed)
    assert done.code == 0
    assert done.out.startswith("qwen2.5-vl: JSON objects with a `bbox_2d`, pixels, x first")
    assert "certain, by 12 rows." in done.said
    assert "12 of 12 lie within their image" in done.said
    found = tintype("boxes", boxed, "--json").json
    assert (found["convention"], found["boxes"], found["certainty"]) == (
        "qwen2.5-vl",
        12,
        "certain",
    )


def test_a_copy_is_written_in_another_convention(
    tintype: Callable[..., Any], boxed: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.jsonl"
    done = tintype("boxes", boxed, "--to", "paligemma", "-o", out)
    assert (done.code, done.out.strip()) == (0, str(out))
    assert "12 rows written, 12 converted, 0 left as they are." in done.said
    assert tintype("boxes", out, "--json").json["convention"] == "paligemma"
    assert tintype("boxes", boxed, "--to", "paligemma", "-o", out).code == 2
    assert tintype("boxes", boxed, "--to", "paligemma").code == 2
    assert "Use one of paligemma" in tintype("boxes", boxed, "--to", "klingon", "-o", out).said


def test_a_dataset_without_boxes_has_no_convention(
    tintype: Callable[..., Any], dataset: Path, tmp_path: Path
) -> None:
    plain = tmp_path / "plain.jsonl"
    plain.write_text(dataset.read_text().splitlines()[0] + "\n")
    done = tintype("boxes", plain)
    assert (done.code, done.said) == (1, "No row has boxes.")
    out = tmp_path / "out.jsonl"
    assert tintype("boxes", plain, "--to", "gemini", "-o", out).code == 1
    assert not out.exists()


async def test_boxes_are_drawn_and_counted_whatever_their_convention(sit: Any, boxed: Path) -> None:
    async with sit(boxed) as person:
        await person.sees("1 box as qwen2.5-vl", "square")
        (box,) = person.app.screen.query_one(RowView).boxes
        assert (box.label, box.x_min, box.y_min) == ("square", 5 / 48, 9 / 36)
        assert person.app.screen.query_one(RowView).image.truth == (box,)
        await person.press("v")
        await person.until(
            lambda: any("square" in row and "12" in row for row in person.screen.splitlines()),
            "12 squares",
        )


async def test_the_boxes_of_a_set_are_converted_with_rows_before_and_after_in_sight(
    sit: Any, boxed: Path
) -> None:
    async with sit(boxed, (80, 24)) as person:
        await person.sees("12 rows", "qwen2.5-vl · ")
        await person.press("C")
        await person.sees("read as qwen2.5-vl", "written in paligemma")
        await person.sees("<loc0256><loc0107>", "1: [")
        screen = person.app.screen
        await person.until(
            lambda: all(image.drawing for image in screen.query("ImageView")), "six images"
        )
        assert person.screen.count("square") >= 6
        await person.press("right")
        await person.sees("written in florence-2", "square<loc_104>")
        await person.press("left", "down")
        await person.sees("read otherwise", "read as qwen2.5-vl-resized")
        await person.press("up", "enter")
        await person.sees("12 edited", "<loc0256><loc0107>")
        await person.sees_no("qwen2.5-vl · ")
        await person.press("z")
        await person.sees("qwen2.5-vl · ", "bbox_2d")
        await person.sees_no("12 edited")
