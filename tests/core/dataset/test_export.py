"""A copy of a dataset that carries its images."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tintype.dataset import open_dataset, read_rows
from tintype.dataset.copied_rows import ExportNote, TreatedImages, rows_of_copy
from tintype.dataset.embed import Exported, export
from tintype.dataset.file_set import FileSet
from tintype.dataset.files import image_bytes
from tintype.dataset.treatment import Treatment, treat
from tintype.detection.convention import CONVENTIONS, LOC
from tintype.errors import DatasetError
from tintype.images import probe


async def exported(
    source: Path,
    target: Path,
    treatment: Treatment | None = None,
    *,
    allow_private: bool = False,
    **options: Any,
) -> tuple[Exported, list[ExportNote]]:
    async with open_dataset(source, allow_private=allow_private) as dataset:
        reports = [report async for report in export(dataset, target, treatment, **options)]
    return reports[-1], [note for report in reports for note in report.notes]


def images(path: Path) -> list[bytes]:
    return [image_bytes(url, path.parent) for _, urls in read_rows(path) for url in urls]


async def test_images_in_files_are_embedded_as_they_are(build: Any) -> None:
    jpeg = build.image(format="JPEG")
    build.file("a.jpg", jpeg)
    path = build.jsonl(build.chat("a.jpg", build.data_url(build.image())), build.chat())
    before = path.read_bytes()
    report, notes = await exported(path, build.folder / "out" / "copy.jsonl")
    assert (report.rows, report.images, notes) == (2, 1, [])
    (target,) = report.files
    assert images(target) == [jpeg, build.image()]
    assert path.read_bytes() == before
    assert report.bytes_written == target.stat().st_size


async def test_rows_that_need_nothing_are_copied_byte_for_byte(build: Any) -> None:
    line = '{"b":  1,"messages":[ {"role":"user","content":"caf\\u00e9"} ],"b": 2}'
    path = build.file("data.jsonl", f"\ufeff{line}\r\n\r\n{line}")
    await exported(path, build.folder / "copy.jsonl")
    assert (build.folder / "copy.jsonl").read_text() == f"{line}\n{line}\n"


@pytest.mark.parametrize(
    "treatment",
    [
        Treatment(),
        Treatment(chat=True, detail="low", most_images=1),
        Treatment(boxes=(LOC, CONVENTIONS["florence-2"])),
    ],
)
async def test_a_row_of_text_becomes_what_it_becomes_the_long_way(
    build: Any, treatment: Treatment
) -> None:
    answers = ("a cat", "<loc0001><loc0002><loc0003><loc0004> cat", "see <image>", "[1, 2, 3, 4]")
    rows = [build.chat(answer=answer) for answer in answers]
    rows.append({"messages": [{"role": "human", "content": "Hi"}]})
    path = build.jsonl(*rows)
    async with open_dataset(path) as dataset:
        for line in await dataset.lines(0, len(rows), 1_000_000):
            assert line.usual is not None
            treated = TreatedImages(path.parent, treatment, FileSet(), path.parent)
            notes: list[ExportNote] = []
            long_notes: list[ExportNote] = []
            written = rows_of_copy(line, treated, {}, notes)
            the_long_way = line._replace(usual=None)
            assert written == rows_of_copy(the_long_way, treated, {}, long_notes)
            assert notes == long_notes


async def test_chosen_lines_are_dropped_and_damaged_ones_left_out(build: Any) -> None:
    path = build.jsonl(build.chat(), "no json", build.chat(answer="keep"), build.chat())
    report, notes = await exported(path, build.folder / "copy.jsonl", drop={1, 4})
    assert (report.rows, report.dropped) == (1, 3)
    assert notes == [ExportNote(2, "", "Left out: Not JSON: expecting value at column 1.")]
    assert '"keep"' in (build.folder / "copy.jsonl").read_text()


async def test_images_that_cannot_be_had_stay_as_they_stand(build: Any) -> None:
    path = build.jsonl(build.chat("none.png", "https://example.org/a.png"))
    report, notes = await exported(path, build.folder / "copy.jsonl")
    assert report.images == 0
    assert [(note.line, note.place) for note in notes] == [(1, "messages[0].content[1]")]
    assert (build.folder / "copy.jsonl").read_bytes() == path.read_bytes()


async def test_images_on_the_network_are_embedded_if_wanted(build: Any, hostile: Any) -> None:
    hostile.on("GET", "/a.png", hostile.answer(build.image()))
    path = build.jsonl(build.chat(f"{hostile.url}/a.png", f"{hostile.url}/none.png"))
    target = build.folder / "copy.jsonl"
    report, notes = await exported(path, target, Treatment(fetch=True), allow_private=True)
    assert report.images == 1
    assert [note.place for note in notes] == ["messages[0].content[2]"]
    row, urls = next(read_rows(target))
    assert urls[0] == build.data_url(build.image())
    assert [image.origin for image in row.images] == ["data", "url"]


async def test_images_that_occur_again_are_treated_alike(build: Any) -> None:
    url = build.data_url(build.image(mode="L"))
    path = build.jsonl(build.chat(url, url), build.chat(url))
    report, _ = await exported(path, build.folder / "copy.jsonl", Treatment(rgb=True))
    assert report.images == 3
    assert len(set(images(build.folder / "copy.jsonl"))) == 1


async def test_large_copies_are_cut_into_files(build: Any) -> None:
    path = build.jsonl(*(build.chat(answer=str(n)) for n in range(10)))
    size = path.stat().st_size // 3
    target = build.folder / "copy.jsonl"
    report, _ = await exported(path, target, shard_bytes=size)
    names = [file.name for file in report.files]
    assert names[:3] == ["copy.jsonl", "copy-2.jsonl", "copy-3.jsonl"]
    assert all(file.stat().st_size <= size for file in report.files)
    assert b"".join(file.read_bytes() for file in report.files) == path.read_bytes()


async def test_nothing_is_overwritten_unasked(build: Any) -> None:
    path = build.jsonl(build.chat())
    for target, words in (
        (path, "is the dataset itself"),
        (build.file("b", "x"), "exists already"),
    ):
        with pytest.raises(DatasetError, match=words):
            await exported(path, target)
    with pytest.raises(DatasetError, match="is the dataset itself"):
        await exported(path, path, replace=True)
    await exported(path, build.folder / "b", replace=True)
    assert (build.folder / "b").read_bytes() == path.read_bytes()


async def test_an_export_that_is_left_leaves_nothing_behind(build: Any) -> None:
    path = build.jsonl(*(build.chat() for _ in range(100)))
    (build.folder / "out").mkdir()
    async with open_dataset(path) as dataset:
        reports = export(dataset, build.folder / "out" / "copy.jsonl")
        async for _ in reports:
            break
        await reports.aclose()
    assert list((build.folder / "out").iterdir()) == []


async def test_files_that_cannot_be_written_are_named(build: Any) -> None:
    build.file("blocked", "a file, no folder")
    path = build.jsonl(build.chat())
    with pytest.raises(DatasetError, match="cannot be written"):
        await exported(path, build.folder / "blocked" / "copy.jsonl")


def test_an_image_that_needs_nothing_keeps_its_bytes(build: Any) -> None:
    data = build.image(format="JPEG", quality=40)
    treatment = Treatment(max_side=100, max_bytes=10_000, rgb=True, upright=True, still=True)
    assert treat(data, treatment) is data


@pytest.mark.parametrize(
    ("made", "treatment", "expected"),
    [
        ({"size": (300, 100)}, Treatment(max_side=150), {"width": 150, "height": 50}),
        ({"size": (300, 100)}, Treatment(max_side=30), {"width": 30, "height": 10}),
        ({"mode": "CMYK", "format": "JPEG"}, Treatment(rgb=True), {"mode": "RGB"}),
        ({"mode": "P"}, Treatment(rgb=True), {"mode": "RGB"}),
        ({"size": (30, 10), "format": "JPEG", "orientation": 6}, Treatment(upright=True),
         {"width": 10, "height": 30, "orientation": 1}),
        ({"format": "BMP"}, Treatment(formats=("jpeg", "png")), {"format": "jpeg"}),
    ],
)  # fmt: skip
def test_images_are_fixed(
    build: Any, made: dict[str, Any], treatment: Treatment, expected: dict[str, Any]
) -> None:
    facts = probe(treat(build.image(**made), treatment))
    assert facts.flaw == ""
    assert {name: getattr(facts, name) for name in expected} == expected


def test_images_are_made_as_small_as_wanted() -> None:
    out = io.BytesIO()
    Image.effect_noise((400, 300), 120).save(out, "PNG")
    small = treat(out.getvalue(), Treatment(max_bytes=8_000))
    assert len(small) <= 8_000
    with pytest.raises(DatasetError, match="cannot be brought below 200 bytes"):
        treat(out.getvalue(), Treatment(max_bytes=200))


def test_what_is_no_image_cannot_be_treated() -> None:
    with pytest.raises(DatasetError, match="unusable"):
        treat(b"nonsense", Treatment())


async def test_text_and_order_survive_the_copy(build: Any) -> None:
    build.file("a.png", build.image())
    row = build.chat("a.png", answer="naïve \ud800 \u2028 <loc0001>") | {"tools": [], "id": 10**30}
    path = build.jsonl(row)
    await exported(path, build.folder / "copy.jsonl")
    copied = json.loads((build.folder / "copy.jsonl").read_text())
    url = copied["messages"][0]["content"][1]["image_url"].pop("url")
    assert url == build.data_url(build.image())
    row["messages"][0]["content"][1]["image_url"].pop("url")
    assert copied == row


async def test_rows_of_many_images_are_split_between_their_questions(build: Any) -> None:
    url = build.data_url(build.image())
    question = build.chat(url, url, question="a")["messages"]
    value = build.chat(url, system="S")
    value["messages"] += [*question, *question]
    path = build.jsonl(value, build.chat(*[url] * 5), build.chat(url))
    report, notes = await exported(path, build.folder / "copy.jsonl", Treatment(most_images=3))
    rows = [row.value["messages"] for row, _ in read_rows(build.folder / "copy.jsonl")]
    assert [[turn["role"][0] for turn in row] for row in rows] == [
        list("suaua"),
        list("sua"),
        list("ua"),
        list("ua"),
    ]
    assert report.rows == 4
    assert [note.message for note in notes] == [
        "Its 5 images are split over 2 rows.",
        "One question has 5 images: at most 3 can be kept.",
    ]
