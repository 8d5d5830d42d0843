"""The boxes of a dataset, found out and converted."""

import json
from pathlib import Path
from typing import Any

import pytest

from tintype.dataset import open_dataset
from tintype.dataset.box_sets import Converted, convert_boxes, judge_boxes, rebox
from tintype.detection import CONVENTIONS, LOC, Box, Convention
from tintype.errors import DatasetError

BOXES = (Box("cat", 0.25, 0.5, 0.75, 0.9), Box("dog", 0.1, 0.05, 0.95, 0.4))
SIZES = [(640, 480), (300, 500), (1200, 800)]


def set_of(
    build: Any, convention: Convention, *extra: dict[str, Any], orientation: int = 1
) -> Path:
    rows = []
    for at in range(12):
        size = SIZES[at % 3]
        image = build.image(size=size, format="JPEG", orientation=orientation)
        seen = size[::-1] if orientation >= 5 else size
        url = build.data_url(image, "image/jpeg")
        rows.append(build.chat(url, answer=convention.write(BOXES, seen)))
    return Path(build.jsonl(*rows, *extra))


async def converted(path: Path, target: Path, source: str, to: str) -> tuple[Converted, list[str]]:
    notes: list[str] = []
    last = Converted()
    async with open_dataset(path) as dataset:
        async for last in convert_boxes(dataset, target, CONVENTIONS[source], CONVENTIONS[to]):
            notes += [f"{note.line}: {note.message}" for note in last.notes]
    return last, notes


def answers(path: Path) -> list[str]:
    return [json.loads(line)["messages"][-1]["content"] for line in path.read_text().splitlines()]


@pytest.mark.parametrize("name", ["qwen2.5-vl", "qwen3-vl", "coco", "paligemma", "gemini"])
@pytest.mark.parametrize("orientation", [1, 6])
async def test_a_set_is_judged_by_the_images_as_they_are_shown(
    build: Any, name: str, orientation: int
) -> None:
    path = set_of(build, CONVENTIONS[name], orientation=orientation)
    async with open_dataset(path) as dataset:
        verdict = await judge_boxes(dataset)
    assert verdict is not None
    assert verdict.convention.name == name


@pytest.mark.parametrize("to", CONVENTIONS)
async def test_there_and_back_leaves_the_boxes_where_they_are(build: Any, to: str) -> None:
    path = set_of(build, CONVENTIONS["qwen2.5-vl"])
    there, back = build.folder / "there.jsonl", build.folder / "back.jsonl"
    done, notes = await converted(path, there, "qwen2.5-vl", to)
    assert (done.rows, done.left, notes) == (12, 0, [])
    await converted(there, back, to, "qwen2.5-vl")
    for at, (before, after) in enumerate(zip(answers(path), answers(back), strict=True)):
        for one, other in zip(json.loads(before), json.loads(after), strict=True):
            assert one["label"] == other["label"]
            far = max(SIZES[at % 3]) * 0.002 + 1
            assert all(
                abs(a - b) <= far for a, b in zip(one["bbox_2d"], other["bbox_2d"], strict=True)
            )
    images = [json.loads(line)["messages"][0] for line in path.read_text().splitlines()]
    assert images == [json.loads(line)["messages"][0] for line in back.read_text().splitlines()]


async def test_what_would_be_lost_is_left_and_said(build: Any) -> None:
    pixels, qwen = CONVENTIONS["qwen2.5-vl"], CONVENTIONS["qwen3-vl"]
    box = '[{"bbox_2d": [1, 2, 30, 40], "label": "cat"}]'
    url = build.data_url(build.image(size=(64, 48)))
    path = set_of(
        build,
        pixels,
        build.chat(url, answer=f"There is a cat here: {box}"),
        build.chat("missing.png", answer=box),
        build.chat(url, answer="Nothing."),
    )
    done, notes = await converted(path, build.folder / "out.jsonl", pixels.name, qwen.name)
    assert (done.rows, done.changed, done.left) == (15, 12, 2)
    assert notes == [
        "13: Left as it is: the answer says more than boxes: 'There is a cat here:'.",
        "14: Left as it is: the size of the image is not known.",
    ]
    before, after = path.read_bytes().splitlines(), (build.folder / "out.jsonl").read_bytes()
    assert after.splitlines()[12:] == before[12:]


async def test_the_dataset_itself_is_never_written_over(build: Any) -> None:
    path = set_of(build, CONVENTIONS["qwen3-vl"])
    before = path.read_bytes()
    with pytest.raises(DatasetError, match="the dataset itself"):
        await converted(path, path, "qwen3-vl", "paligemma")
    other = build.file("other.jsonl", "")
    with pytest.raises(DatasetError, match="exists already"):
        await converted(path, other, "qwen3-vl", "paligemma")
    assert path.read_bytes() == before


async def test_a_conversion_over_the_file_leaves_what_it_cannot_say_and_says_so(
    tmp_path: Path,
) -> None:
    path = tmp_path / "train.jsonl"
    answers = ["<loc0102><loc0205><loc0512><loc0614> cat", "none", "<loc0102><loc0205> cat"]
    rows = [{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": each}]}
            for each in answers]  # fmt: skip
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    async with open_dataset(path) as dataset:
        steps = [step async for step in rebox(dataset, LOC, CONVENTIONS["qwen3-vl"])]
    found, notes = (
        [one for step in steps for one in step.found],
        [one for step in steps for one in step.notes],
    )
    assert [(row.index, row.after) for row in found] == [
        (0, '[{"bbox_2d": [200, 100, 600, 500], "label": "cat"}]')
    ]
    assert [note.line for note in notes] == [3]
