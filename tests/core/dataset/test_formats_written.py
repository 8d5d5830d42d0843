"""Datasets written for other tools, and read again: nothing is lost that both can hold."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from tintype.dataset import open_dataset, read_rows
from tintype.dataset.conversation import example
from tintype.dataset.files import image_bytes
from tintype.dataset.formats import (
    ImportOptions,
    ImportReport,
    export_dataset,
    formats,
    import_dataset,
)
from tintype.detection import CONVENTIONS, Box, parse_boxes
from tintype.images import probe

SOME = settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
BOX_FORMATS = ("coco", "yolo", "voc")
DIALECTS = ("llava", "sharegpt", "swift", "trl")

sides = st.lists(st.integers(0, 1023), min_size=2, max_size=2, unique=True).map(sorted)
boxes = st.builds(
    lambda label, ys, xs: Box(label, ys[0] / 1024, xs[0] / 1024, ys[1] / 1024, xs[1] / 1024),
    st.sampled_from(("red car", "dog & <cat>", "Ünïcode", "10")),
    sides,
    sides,
)
annotated = st.lists(st.lists(boxes, max_size=4), min_size=1, max_size=4).filter(any)


async def exported(source: Path, target: Path, format: str, **options: Any) -> ImportReport:
    report = [step async for step in export_dataset(source, target, format, **options)][-1].report
    assert report is not None
    return report


async def imported(source: Path, target: Path, format: str = "", **options: Any) -> ImportReport:
    wanted = ImportOptions(**options)
    steps = [step async for step in import_dataset(source, target, format, wanted)]
    report = steps[-1].report
    assert report is not None
    return report


def seen(path: Path) -> set[tuple[str, frozenset[str]]]:
    """Each image by its bytes, with what is said to be on it."""
    return {
        (
            probe(image_bytes(urls[0], path.parent)).digest,
            frozenset(example(row).answer.split(" ; ")),
        )
        for row, urls in read_rows(path)
    }


@SOME
@given(train=annotated, valid=annotated)
@pytest.mark.parametrize("format", BOX_FORMATS)
async def test_boxes_come_back_as_they_were(
    build: Any, tmp_path_factory: Any, format: str, train: list[Any], valid: list[Any]
) -> None:
    folder = tmp_path_factory.mktemp("boxes")
    for split, rows in (("train", train), ("valid", valid)):
        lines = []
        for at, found in enumerate(rows):
            image = build.data_url(build.image((at * 9, 3, len(split)), (64, 48 + at)))
            answer = CONVENTIONS["paligemma"].write(dict.fromkeys(found)) or "none"
            lines.append(json.dumps(build.chat(image, answer=answer)))
        (folder / f"{split}.jsonl").write_text("\n".join(lines))
    report = await exported(folder / "train.jsonl", folder / "out", format)
    assert (report.rows, report.lost) == (len(train) + len(valid), 0)
    again = await imported(folder / "out", folder / "again", keep_empty=True)
    assert again.lost == 0
    for split in ("train", "valid"):
        assert seen(folder / "again" / f"{split}.jsonl") == seen(folder / f"{split}.jsonl")


spoken = st.text(st.sampled_from("ab é\n"), min_size=1, max_size=9).filter(
    lambda text: text == text.strip("\n") and text
)


@SOME
@given(
    rows=st.lists(
        st.tuples(st.booleans(), st.lists(spoken, max_size=2), st.integers(0, 2), spoken),
        min_size=1,
        max_size=4,
    )
)
@pytest.mark.parametrize("format", DIALECTS)
async def test_conversations_come_back_as_they_were(
    build: Any, tmp_path_factory: Any, format: str, rows: list[Any]
) -> None:
    folder = tmp_path_factory.mktemp("chats")
    made = []
    for at, (system, texts, images, answer) in enumerate(rows):
        urls = [build.data_url(build.image((at, n, 0))) for n in range(images)]
        row = build.chat(*urls, question="q", answer=answer, system="Be brief." * system)
        parts = row["messages"][-2]["content"]
        row["messages"][-2]["content"] = [*parts[1:], *parts[:1]] if urls else "q"
        for text in texts:
            row["messages"] += [
                {"role": "user", "content": text},
                {"role": "assistant", "content": text[::-1].strip("\n") or "x"},
            ]
        made.append(row)
    (folder / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in made))
    report = await exported(folder / "train.jsonl", folder / "out", format)
    assert (report.rows, report.lost) == (len(rows), 0)
    (written,) = (folder / "out").glob("train.*")
    await imported(written, folder / "again", "rows")
    before, after = (
        [
            [
                (message.role, [getattr(part, "text", "image") for part in message.parts])
                for message in example(row).messages
            ]
            for row, _ in read_rows(path)
        ]
        for path in (folder / "train.jsonl", folder / "again" / "train.jsonl")
    )
    assert after == before
    pixels = [
        [image_bytes(url, path.parent) for _, urls in read_rows(path) for url in urls]
        for path in (folder / "train.jsonl", folder / "again" / "train.jsonl")
    ]
    assert pixels[0] == pixels[1]


async def test_parquet_holds_conversations_with_their_images(build: Any) -> None:
    pytest.importorskip("pyarrow")
    red, blue = (build.data_url(build.image(colour)) for colour in ("red", "blue"))
    rows = [build.chat(red), build.chat(red, blue, system="Be brief.", answer="Two.")]
    path = build.jsonl(*rows, name="train.jsonl")
    report = await exported(path, build.folder / "out", "parquet")
    assert (report.rows, report.lost) == (2, 0)
    await imported(build.folder / "out" / "train.parquet", build.folder / "again", "parquet")
    before, after = (
        [
            [(message.role, message.text, len(message.images)) for message in example(row).messages]
            + [image_bytes(url, file.parent) for url in urls]
            for row, urls in read_rows(file)
        ]
        for file in (path, build.folder / "again" / "train.jsonl")
    )
    assert after == before


async def test_paligemma_holds_one_question_about_one_image(build: Any) -> None:
    image = build.data_url(build.image())
    path = build.jsonl(
        build.chat(image, question="caption en", answer="a box"),
        build.chat(image, system="Be brief."),
        build.chat(),
        name="train.jsonl",
    )
    report = await exported(path, build.folder / "out", "paligemma")
    assert (report.rows, report.lost) == (1, 2)
    assert [problem.line for problem in report.problems] == [2, 3]
    (line,) = (build.folder / "out" / "train.jsonl").read_text().splitlines()
    row = json.loads(line)
    assert (row["prefix"], row["suffix"]) == ("caption en", "a box")
    assert (build.folder / "out" / row["image"]).is_file()


async def test_what_a_format_cannot_hold_is_said(build: Any) -> None:
    image = build.data_url(build.image())
    path = build.jsonl(
        build.chat(image, answer="<loc0001><loc0001><loc0009><loc0009> a"),
        build.chat(image, answer="a cat"),
        build.chat(answer="<loc0001><loc0001><loc0009><loc0009> a"),
        "no json",
        name="rows.jsonl",
    )
    report = await exported(path, build.folder / "out", "coco", dry_run=True)
    assert not (build.folder / "out").exists()
    assert [(problem.line, problem.message.split(",")[0]) for problem in report.problems] == [
        (2, "The answer holds no boxes"),
        (3, "Boxes need one image that is not on the web."),
        (4, "Not JSON: expecting value at column 1."),
    ]
    assert (report.rows, report.lost) == (1, 3)
    assert [notice.code for notice in report.notices] == ["prompts-left-out"]
    placeholder = build.jsonl(build.chat(image, question="<image>?"), name="odd.jsonl")
    report = await exported(placeholder, build.folder / "out", "llava")
    assert "stands for an image" in report.problems[0].message


async def test_boxes_in_any_convention_are_written(build: Any) -> None:
    answer = '[{"bbox_2d": [64, 48, 320, 240], "label": "dog"}]'
    rows = [
        build.chat(build.data_url(build.image((at, 0, 0), (640, 480))), answer=answer)
        for at in range(8)
    ]
    rows += [
        build.chat(
            build.data_url(build.image((9, 0, 0), (1400, 1200))),
            answer='[{"bbox_2d": [1, 1, 1390, 1190], "label": "dog"}]',
        )
    ]
    path = build.jsonl(*rows, name="train.jsonl")
    await exported(path, build.folder / "out", "coco")
    found = json.loads((build.folder / "out/annotations/instances_train.json").read_text())
    assert found["annotations"][0]["bbox"] == [64, 48, 256, 192]


async def test_a_turned_image_is_written_upright(build: Any) -> None:
    image = build.image(size=(40, 20), format="JPEG", orientation=6)
    path = build.jsonl(
        build.chat(
            build.data_url(image, "image/jpeg"),
            answer="<loc0000><loc0000><loc0512><loc0512> a",
        ),
        name="train.jsonl",
    )
    await exported(path, build.folder / "out", "voc")
    (file,) = (build.folder / "out" / "JPEGImages").iterdir()
    with Image.open(io.BytesIO(file.read_bytes())) as shown:
        assert shown.size == (20, 40)
    assert "<width>20</width>" in (build.folder / "out/Annotations/train_000001.xml").read_text()


async def test_an_image_goes_out_as_it_is_unless_it_is_cut_short(build: Any) -> None:
    noise = Image.effect_noise((64, 64), 90)
    made = io.BytesIO()
    noise.save(made, "PNG")
    whole = made.getvalue()
    at = whole.index(b"IDAT") + 40
    spoilt = whole[:at] + bytes(20) + whole[at + 20 :]
    assert probe(spoilt).flaw == "damaged"
    rows = [build.chat(build.data_url(data)) for data in (whole, spoilt, whole[:-40])]
    path = build.jsonl(*rows, name="train.jsonl")
    report = await exported(path, build.folder / "out", "sharegpt")
    written = {file.read_bytes() for file in (build.folder / "out/images").iterdir()}
    assert (written, report.rows) == ({whole, spoilt}, 2)
    assert ["cut short" in one.message or "end" in one.message for one in report.problems] == [True]


def test_every_direction_is_known_by_name() -> None:
    written = {format.name for format in formats() if hasattr(format, "write")}
    assert written >= {*BOX_FORMATS, *DIALECTS, "csv", "paligemma"}


async def test_edits_are_written(build: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from tintype import editing
    from tintype.dataset.rewriting import changes, relabelling
    from tintype.overlay import laying_over
    from tintype.settings.folders import folders
    from tintype.store import open_store

    monkeypatch.setenv("TINTYPE_HOME", str(build.folder / "home"))
    token = laying_over.set(editing.over)
    try:
        image = build.data_url(build.image())
        answer = "<loc0001><loc0001><loc0009><loc0009> dog"
        path = build.jsonl(build.chat(image, answer=answer), name="train.jsonl")
        async with open_store(folders().store_file) as store, open_dataset(path) as dataset:
            steps = changes(dataset, relabelling("dog", "wolf"))
            rows = [row.edit async for step in steps for row in step.found]
            await editing.edit(store.edits, dataset, "relabel", rows)
        await exported(path, build.folder / "out", "yolo")
    finally:
        laying_over.reset(token)
    assert '0: "wolf"' in (build.folder / "out" / "data.yaml").read_text()
    assert parse_boxes(answer).boxes[0].label == "dog"
