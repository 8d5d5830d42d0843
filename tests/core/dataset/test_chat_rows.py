"""Items made into chat rows by the prompts that were chosen."""

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tintype import plugins
from tintype.dataset.formats import (
    Boxes,
    Captions,
    Detection,
    ImportLog,
    ImportOptions,
    ImportReport,
    Item,
    Label,
    Question,
    Region,
    import_dataset,
)
from tintype.dataset.splits import Split
from tintype.detection import CONVENTIONS, Box
from tintype.errors import DatasetError


class Listed:
    """A format whose items the test gives."""

    name = "listed"
    title = "Listed"
    about = "Of a test."
    options = ()
    items: Sequence[Item] = ()

    def detect(self, path: Path) -> Detection | None:
        return None

    def read(self, source: Path, options: ImportOptions, log: ImportLog) -> Iterator[Item]:
        yield from self.items


@pytest.fixture
def listed() -> Iterator[Listed]:
    made = plugins.format(Listed())
    yield made
    plugins.unregister("formats", made)


async def imported(build: Any, **options: Any) -> tuple[ImportReport, dict[str, list[Any]]]:
    target = build.folder / "out"
    steps = import_dataset(build.folder, target, "listed", ImportOptions(**options))
    report = [step.report async for step in steps][-1]
    assert report is not None
    rows: dict[str, list[Any]] = {
        split: [json.loads(line)["messages"] for line in path.read_text().splitlines()]
        for split, path in report.files.items()
    }
    return report, rows


def texts(messages: Sequence[Any]) -> list[str]:
    """What is said, images left away."""
    return [
        message["content"] if isinstance(message["content"], str) else message["content"][0]["text"]
        for message in messages
    ]


BOX = Box("a cat", 0.1, 0.2, 0.5, 0.6)


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("paligemma", "<loc0102><loc0205><loc0512><loc0614> a cat"),
        ("florence-2", "a cat<loc_200><loc_100><loc_600><loc_500>"),
        ("qwen-vl", "<ref>a cat</ref><box>(200,100),(600,500)</box>"),
        ("qwen3-vl", '[{"bbox_2d": [200, 100, 600, 500], "label": "a cat"}]'),
        ("qwen2.5-vl", '[{"bbox_2d": [40, 10, 120, 50], "label": "a cat"}]'),
        ("llava", "a cat: [0.2, 0.1, 0.6, 0.5]"),
        ("coco", '[{"bbox": [40, 10, 80, 40], "label": "a cat"}]'),
    ],
)
async def test_boxes_are_written_as_chosen(
    build: Any, listed: Listed, name: str, written: str
) -> None:
    assert CONVENTIONS[name].write([BOX], (200, 100)) == written
    image = build.file("a.png", build.image(size=(200, 100)))
    listed.items = [Item(Boxes((Region("a cat", 40, 10, 120, 50),), (200, 100)), (image,))]
    _, rows = await imported(build, boxes=name)
    assert texts(rows["train"][0]) == ["detect a cat", written]


async def test_a_way_of_writing_boxes_that_there_is_not_is_refused(
    build: Any, listed: Listed
) -> None:
    with pytest.raises(DatasetError, match="no way of writing boxes named 'klingon'"):
        await imported(build, boxes="klingon")


async def test_labels_and_captions_get_a_question(build: Any, listed: Listed) -> None:
    image = build.file("a.png", build.image())
    listed.items = [
        Item(Label("dog"), (image,), split="train"),
        Item(Label("cat"), (image,), split="valid"),
        Item(Captions(("A cat.", "It is a cat.")), (image,), split="test"),
    ]
    report, rows = await imported(build)
    which = "Which of these does the image show: cat, dog?"
    assert texts(rows["train"][0]) == [which, "dog"]
    assert texts(rows["valid"][0]) == [which, "cat"]
    assert texts(rows["test"][0]) == ["Describe the image.", "A cat."]
    assert [(notice.code, notice.count) for notice in report.notices] == [("captions-left-out", 1)]
    assert report.labels == {"dog": 1, "cat": 1}


async def test_the_prompt_names_labels_and_goes_around_questions(
    build: Any, listed: Listed
) -> None:
    image = build.file("a.png", build.image())
    region = Region("cat", 0, 0, 3, 3)
    listed.items = [
        Item(Boxes((region, Region("dog", 1, 1, 3, 3)), (8, 6)), (image,), split="train"),
        Item(Question("What?", "A cat"), (image,), split="valid"),
    ]
    _, rows = await imported(build, prompt="Find {labels}.")
    assert texts(rows["train"][0])[0] == "Find cat ; dog."
    assert texts(rows["valid"][0]) == ["What?", "A cat"]
    _, rows = await imported(build, prompt="{question} Answer in one word.", replace=True)
    assert texts(rows["train"][0])[0] == "detect cat ; dog"
    assert texts(rows["valid"][0])[0] == "What? Answer in one word."


async def test_several_answers_are_exploded_or_counted(build: Any, listed: Listed) -> None:
    image = build.file("a.png", build.image())
    question = Question("What?", "cat", ("cat", "cat", "kitten"))
    listed.items = [Item(question, (image,), "q.json", 7, "train")]
    report, rows = await imported(build)
    assert [texts(row)[1] for row in rows["train"]] == ["cat"]
    notice = report.notices[0]
    assert (notice.code, notice.count, notice.places) == ("answers-left-out", 1, ("q.json:7",))
    report, rows = await imported(build, explode=True, replace=True)
    assert [texts(row)[1] for row in rows["train"]] == ["cat", "kitten"]
    assert (report.rows, report.notices) == (2, ())


async def test_examples_stand_in_front_of_every_row_and_are_no_rows_themselves(
    build: Any, listed: Listed
) -> None:
    images = [build.file(f"{name}.png", build.image(name)) for name in ("red", "blue", "green")]
    splits: tuple[Split, ...] = ("train", "train", "valid")
    listed.items = [
        Item(Question("Which?", image.stem), (image,), split=split)
        for image, split in zip(images, splits, strict=True)
    ]
    report, rows = await imported(build, shots=1, system="Be brief.")
    (row,), (test,) = rows["train"], rows["valid"]
    said = [texts(row)[0], *sorted(texts(row)[2:5:2])]
    assert said == ["Be brief.", "blue", "red"]
    assert texts(test)[1:3] == texts(row)[1:3]
    assert (texts(test)[4], report.rows, report.images) == ("green", 2, 3)


async def test_a_sample_is_drawn_by_image_and_the_same_for_the_same_seed(
    build: Any, listed: Listed
) -> None:
    images = [build.file(f"{at}.png", build.image((at, 0, 0))) for at in range(6)]
    listed.items = [
        Item(Question(f"What {again}?", image.stem), (image,), split="train")
        for again in range(2)
        for image in images
    ]
    report, rows = await imported(build, sample=2, seed=4)
    answers = [texts(row)[1] for row in rows["train"]]
    assert len(answers) == 4
    assert len(set(answers)) == 2
    assert [(notice.code, notice.count) for notice in report.notices] == [("not-sampled", 8)]
    _, again = await imported(build, sample=2, seed=4, replace=True)
    assert [texts(row)[1] for row in again["train"]] == answers


async def test_disk_space_is_asked_for_before_anything_is_written(
    build: Any, listed: Listed, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = build.file("a.png", build.image())
    listed.items = [Item(Question("What?", "cat"), (image,), split="train")]
    full = os.statvfs_result((4096, 4096, 100, 0, 0, 1, 1, 1, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda path: full)
    with pytest.raises(DatasetError, match=r"need about .* bytes, and .*out has 0 free"):
        await imported(build)
    assert "out" not in os.listdir(build.folder)
