"""Pascal VOC made into chat rows."""

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype.dataset.formats import (
    ImportLog,
    ImportOptions,
    ImportProblem,
    ImportReport,
    import_dataset,
)
from tintype.dataset.formats.placing import placed
from tintype.dataset.formats.voc import boxes_of
from tintype.dataset.formats.voc_xml import Annotation, VocObject, read_annotation
from tintype.detection import Box, parse_boxes
from tintype.errors import DatasetError
from tintype.images import ImageFacts


def xml(
    *boxes: tuple[Any, ...], name: str = "a.png", size: tuple[int, int] | None = (100, 50)
) -> str:
    """An annotation; a box is its label, then xmin, ymin, xmax, ymax."""
    objects = "\n".join(
        f"<object><name>{label}</name><bndbox><xmin>{x0}</xmin><ymin>{y0}</ymin>"
        f"<xmax>{x1}</xmax><ymax>{y1}</ymax></bndbox></object>"
        for label, x0, y0, x1, y1 in boxes
    )
    said = f"<size><width>{size[0]}</width><height>{size[1]}</height></size>" if size else ""
    return f"<annotation>\n<filename>{name}</filename>{said}\n{objects}\n</annotation>"


async def imported(
    build: Any, options: ImportOptions | None = None
) -> tuple[ImportReport, dict[str, list[Any]]]:
    """The report and the rows of each split."""
    target = build.folder / "out"
    steps = import_dataset(build.folder / "voc", target, "voc", options)
    reports = [progress async for progress in steps]
    report = reports[-1].report
    assert report is not None
    assert [problem for progress in reports for problem in progress.problems] == list(
        report.problems
    )
    rows: dict[str, list[Any]] = {
        split: [json.loads(line) for line in path.read_text().splitlines()]
        for split, path in report.files.items()
    }
    return report, rows


def classic(build: Any, **annotations: str) -> None:
    """The original layout, an image of 100 by 50 for each annotation."""
    for name, text in annotations.items():
        build.file(f"voc/Annotations/{name}.xml", text)
        build.file(f"voc/JPEGImages/{name}.png", build.image(size=(100, 50)))


def answer(row: Any) -> str:
    return str(row["messages"][-1]["content"])


async def test_boxes_become_answers_and_labels_the_prompt(build: Any) -> None:
    classic(
        build,
        a=xml(("dog", 50, 0, 100, 25), ("cat", 0, 0, 25, 50)),
        b=xml(("cow", 10, 10, 20, 20), name="b.png"),
    )
    build.file("voc/ImageSets/Main/train.txt", "a\n")
    build.file("voc/ImageSets/Main/val.txt", "b  1\n")
    build.file("voc/ImageSets/Main/trainval.txt", "a\nb\n")
    report, rows = await imported(build, ImportOptions(system="Look."))
    assert (report.rows, report.images, report.problems) == (2, 1, ())
    assert (report.splits, report.labels) == (
        {"train": 1, "valid": 1},
        {"dog": 1, "cat": 1, "cow": 1},
    )
    system, user, _ = rows["train"][0]["messages"]
    assert system == {"role": "system", "content": "Look."}
    assert user["content"][0] == {"type": "text", "text": "detect cat ; cow ; dog"}
    assert user["content"][1]["image_url"]["url"] == build.data_url(build.image(size=(100, 50)))
    assert answer(rows["train"][0]) == (
        "<loc0000><loc0000><loc1023><loc0256> cat ; <loc0000><loc0512><loc0512><loc1023> dog"
    )
    assert answer(rows["valid"][0]) == "<loc0205><loc0102><loc0410><loc0205> cow"


async def test_bad_boxes_are_reported_with_what_became_of_them(build: Any) -> None:
    classic(
        build,
        a=xml(
            ("empty", 10, 10, 10, 10),
            ("turned", 30, 40, 10, 20),
            ("beyond", -5, 0, 105, 25),
            ("outside", 200, 0, 300, 25),
            ("words", "x", 0, 10, 10),
            ("nan", "nan", 0, 10, 10),
            ("", 0, 0, 10, 10),
        ),
    )
    report, rows = await imported(build)
    found = sorted(
        (problem.line, problem.message.split(":")[0], problem.done) for problem in report.problems
    )
    assert found == [
        (3, "empty", "dropped"),
        (4, "turned", "swapped"),
        (5, "beyond", "clamped"),
        (6, "outside", "dropped"),
        (7, "words", "dropped"),
        (8, "nan", "dropped"),
        (9, "an object without a name", "dropped"),
    ]
    boxes = parse_boxes(answer(rows["train"][0])).boxes
    assert {box.label for box in boxes} == {"turned", "beyond"}
    assert report.problems[2] == ImportProblem(
        "Annotations/a.xml", 3, "empty: the box is empty (x 10…10, y 10…10).", "dropped"
    )


async def test_what_cannot_be_used_is_left_out_and_reported(build: Any) -> None:
    classic(
        build,
        good=xml(("cat", 0, 0, 10, 10)),
        none=xml(),
        odd=xml(("cat", 0, 0, 10, 10), size=(30, 90)),
        torn="<annotation><object>",
        other="<html/>",
    )
    build.file("voc/Annotations/lost.xml", xml(("cat", 0, 0, 10, 10), name="lost.png"))
    build.file("voc/Annotations/broken.xml", xml(("cat", 0, 0, 10, 10), name="broken.png"))
    build.file("voc/JPEGImages/broken.png", build.image(size=(100, 50))[:40])
    report, rows = await imported(build)
    assert [len(split) for split in rows.values()] == [1]
    assert (report.lost, report.negatives) == (5, 1)
    assert {problem.file: (problem.message, problem.done) for problem in report.problems} == {
        "": ("1 image has no boxes (--keep-empty keeps such rows).", "left out"),
        "Annotations/odd.xml": ("It says 30×90, but the image has 100×50.", "left out"),
        "Annotations/torn.xml": ("The XML is damaged: no element found.", "left out"),
        "Annotations/other.xml": ("The XML is a <html>, not an <annotation>.", "left out"),
        "Annotations/lost.xml": ("There is no image lost.png.", "left out"),
        "Annotations/broken.xml": (
            "The image is unusable: The bytes end before the image does.",
            "left out",
        ),
    }


async def test_lists_that_do_not_fit_are_reported(build: Any) -> None:
    classic(build, a=xml(("cat", 0, 0, 10, 10)), b=xml(("cat", 0, 0, 10, 10)), c=xml())
    build.file("voc/ImageSets/Main/train.txt", "a\nb\ngone\n")
    build.file("voc/ImageSets/Main/test.txt", "b\n")
    report, rows = await imported(build)
    assert {split: len(found) for split, found in rows.items()} == {"train": 1, "test": 1}
    assert [(problem.file, problem.line, problem.done) for problem in report.problems] == [
        ("ImageSets/Main/train.txt", 2, "kept in test"),
        ("ImageSets/Main/train.txt", 3, "left out"),
        ("Annotations/c.xml", 0, "left out"),
    ]


async def test_without_lists_splits_are_drawn_by_the_seed(build: Any) -> None:
    for n in range(20):
        build.file(f"voc/Annotations/p{n}.xml", xml(("cat", 0, 0, 10, 10), size=(100, 50 + n)))
        build.file(f"voc/JPEGImages/p{n}.png", build.image(size=(100, 50 + n)))
    drawn = ImportOptions(valid_share=0.1, test_share=0.1)
    first, _ = await imported(build, drawn)
    assert first.splits == {"train": 16, "valid": 2, "test": 2}
    texts = {split: path.read_bytes() for split, path in first.files.items()}
    with pytest.raises(DatasetError, match="exists already"):
        await imported(build, drawn)
    again, _ = await imported(build, replace(drawn, replace=True))
    assert {split: path.read_bytes() for split, path in again.files.items()} == texts


@pytest.mark.parametrize("folders", [("train", "valid"), ("",)])
async def test_images_may_lie_beside_their_annotations(
    build: Any, folders: tuple[str, ...]
) -> None:
    for number, folder in enumerate(folders):
        build.file(f"voc/{folder}/p{number}.xml", xml(("cat", 0, 0, 10, 10), name="wrong.jpg"))
        build.file(f"voc/{folder}/p{number}.PNG", build.image(size=(100, 50)))
    report, rows = await imported(build)
    assert report.problems == ()
    assert set(rows) == ({"train", "valid"} if folders[0] else {"train"})


async def test_images_can_be_linked_instead_of_embedded(build: Any) -> None:
    classic(build, a=xml(("cat", 0, 0, 10, 10)))
    report, rows = await imported(build, ImportOptions(keep="link"))
    assert rows["train"][0]["messages"][0]["content"][1]["image_url"]["url"] == "images/a.png"
    copied = build.folder / "out" / "images" / "a.png"
    assert copied.read_bytes() == build.image(size=(100, 50))
    inside = import_dataset(
        build.folder / "voc", build.folder / "voc", "voc", ImportOptions(keep="link")
    )
    async for _ in inside:
        pass
    assert '"JPEGImages/a.png"' in (build.folder / "voc" / "train.jsonl").read_text()
    assert report.images == 1


async def test_boxes_can_be_ordered_by_label(build: Any) -> None:
    classic(build, a=xml(("dog", 0, 0, 10, 10), ("cat", 50, 30, 60, 40)))
    for order, labels in (("label", ["cat", "dog"]), ("reading", ["dog", "cat"])):
        _, rows = await imported(build, ImportOptions(order=order, replace=True))
        boxes = parse_boxes(answer(rows["train"][0])).boxes
        assert [box.label for box in boxes] == labels


async def test_a_folder_without_annotations_is_named(build: Any, tmp_path: Path) -> None:
    (tmp_path / "voc").mkdir()
    with pytest.raises(DatasetError, match="holds no Pascal VOC annotations"):
        await imported(build)


async def test_nothing_is_left_behind_when_an_import_is_left(
    build: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tintype.dataset.formats.report.REPORT_S", 0.0)
    classic(build, **{f"p{n}": xml(("cat", 0, 0, 10, 10)) for n in range(30)})
    reports = import_dataset(build.folder / "voc", build.folder / "out")
    async for progress in reports:
        if progress.done == 55:
            assert [one for one in build.folder.iterdir() if one.name.startswith(".")]
            break
    await reports.aclose()
    assert not (build.folder / "out").exists()


def convert(
    annotation: Annotation, facts: ImageFacts, file: str
) -> tuple[tuple[Box, ...], list[ImportProblem]]:
    log = ImportLog()
    boxes, problems = placed(boxes_of(annotation, log, file), facts, file)
    return boxes, [*log.problems, *problems]


def facts(width: int = 100, height: int = 50, orientation: int = 1) -> ImageFacts:
    return ImageFacts(10, "", "jpeg", "RGB", width, height, orientation=orientation)


def test_an_image_that_was_resized_keeps_its_boxes() -> None:
    annotation = Annotation("a", 200, 100, (VocObject("cat", 1, ("0", "0", "50", "100")),))
    (box,), (problem,) = convert(annotation, facts(), "a.xml")
    assert (box.y_max, box.x_max) == (0.5, 0.5)
    assert problem.done == "boxes scaled to the image"


def test_an_image_on_its_side_is_measured_upright() -> None:
    annotation = Annotation("a", 50, 100, (VocObject("cat", 1, ("0", "0", "50", "50")),))
    (box,), problems = convert(annotation, facts(orientation=6), "a.xml")
    assert ((box.y_max, box.x_max), problems) == ((0.5, 1.0), [])


def test_a_size_that_is_not_said_is_taken_from_the_image() -> None:
    annotation = Annotation("a", 0, 0, (VocObject("cat", 1, ("0", "0", "50", "50")),))
    (box,), (problem,) = convert(annotation, facts(), "a.xml")
    assert (box.y_max, box.x_max, problem.done) == (1.0, 0.5, "100×50 taken, its real size")


@given(st.lists(st.floats() | st.integers(), min_size=4, max_size=4))
def test_any_numbers_give_a_box_within_the_image_or_a_problem(sides: list[float]) -> None:
    y_min, x_min, y_max, x_max = map(str, sides)
    item = VocObject("cat", 1, (y_min, x_min, y_max, x_max))
    boxes, problems = convert(Annotation("a", 100, 50, (item,)), facts(), "a.xml")
    assert boxes or problems
    for box in boxes:
        assert 0 <= box.y_min < box.y_max <= 1
        assert 0 <= box.x_min < box.x_max <= 1


def test_parts_of_an_object_do_not_hide_its_own_box() -> None:
    text = (
        "<annotation><object><part><name>head</name><bndbox><xmin>9</xmin></bndbox></part>"
        "<name> a\n cat </name><bndbox><ymin>1</ymin><xmin>2</xmin><ymax>3</ymax><xmax>4</xmax>"
        "</bndbox></object></annotation>"
    )
    (found,) = read_annotation(text.encode()).objects
    assert (found.label, found.sides) == ("a cat", ("1", "2", "3", "4"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b'<!DOCTYPE a [<!ENTITY x "y">]><annotation>&x;</annotation>', "document type"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><annotation/>', "document type"),
        (b"<annotation>&undefined;</annotation>", "damaged"),
        (b"<a>" * 50, "an <annotation>"),
        (b"<annotation>" + b"<a>" * 50, "nested too deeply"),
        (b"", "damaged"),
        (b"\x00\xff", "damaged"),
        (b'<?xml version="1.0" encoding="klingon"?><annotation/>', "decoded|damaged"),
    ],
)
def test_dangerous_and_damaged_xml_is_refused(text: bytes, words: str) -> None:
    with pytest.raises(DatasetError, match=words):
        read_annotation(text)


@given(st.binary() | st.text(st.sampled_from("<annotation/>object bndbox&;")).map(str.encode))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    with suppress(DatasetError):
        read_annotation(data)


async def test_images_with_nothing_on_them_can_be_kept(build: Any) -> None:
    classic(build, a=xml(("cat", 0, 0, 10, 10)), b=xml(), c=xml(("cat", 5, 5, 5, 5)))
    options = ImportOptions(keep_empty=True, valid_share=0, test_share=0)
    report, rows = await imported(build, options)
    assert [answer(row) for row in rows["train"]][1] == "none"
    # c has a box that is none: that is no negative, and nothing is known of it.
    assert (report.rows, report.negatives, report.lost) == (2, 1, 1)


async def test_images_of_rows_left_out_are_not_copied(build: Any) -> None:
    classic(build, a=xml(("cat", 0, 0, 10, 10)), b=xml(), c=xml(("cat", 5, 5, 5, 5)))
    await imported(build, ImportOptions(keep="link"))
    assert [path.name for path in (build.folder / "out" / "images").iterdir()] == ["a.png"]


async def test_folders_may_be_named_in_any_case_of_letters(build: Any) -> None:
    build.file("voc/annotations/a.XML", xml(("cat", 0, 0, 10, 10)))
    build.file("voc/jpegimages/A.PNG", build.image(size=(100, 50)))
    build.file("voc/imagesets/MAIN/Train.TXT", "a\n")
    report, rows = await imported(build)
    assert (report.rows, list(rows), report.problems) == (1, ["train"], ())


async def test_equal_images_under_other_names_never_part(build: Any) -> None:
    for number in range(30):
        size = (100, 50 + number % 10)
        build.file(f"voc/Annotations/p{number}.xml", xml(("cat", 0, 0, 10, 10), size=size))
        build.file(f"voc/JPEGImages/p{number}.png", build.image(size=size))
    _, rows = await imported(build, ImportOptions(valid_share=0.1, test_share=0.1))
    assert len(rows) == 3
    urls = [
        {row["messages"][0]["content"][1]["image_url"]["url"] for row in found}
        for found in rows.values()
    ]
    assert sum(map(len, urls)) == len(set.union(*urls)) == 10


async def test_grey_images_are_brought_to_rgb_and_counted(build: Any) -> None:
    build.file("voc/Annotations/a.xml", xml(("cat", 0, 0, 10, 10)))
    build.file("voc/JPEGImages/a.png", build.image(size=(100, 50), mode="L"))
    report, rows = await imported(build)
    assert "data:image/jpeg" in str(rows)
    assert [(problem.message, problem.done) for problem in report.problems] == [
        ("1 image: L mode, which providers skip.", "converted to RGB JPEG")
    ]
