"""The registry of formats: what a path holds, who reads it, and what a plug-in must keep to."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tintype import plugins
from tintype.dataset import open_dataset
from tintype.dataset.formats import (
    Boxes,
    Detection,
    FormatOption,
    ImportLog,
    ImportOptions,
    ImportReport,
    Item,
    Question,
    Region,
    check_format,
    detected,
    export_dataset,
    format_named,
    formats,
    import_dataset,
)
from tintype.errors import DatasetError, PluginError

XML = (
    "<annotation><filename>a.png</filename><size><width>8</width><height>6</height></size>"
    "<object><name>cat</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>5</xmax><ymax>5</ymax>"
    "</bndbox></object></annotation>"
)
COCO = {"images": [{"id": 1, "file_name": "a.png"}], "annotations": [], "categories": []}
LLAVA = [{"image": "a.png", "conversations": [
    {"from": "human", "value": "<image>\nWhat?"}, {"from": "gpt", "value": "A box"}]}]  # fmt: skip


async def imported(source: Path, target: Path, format: str = "", **options: Any) -> ImportReport:
    steps = import_dataset(source, target, format, ImportOptions(**options))
    reports = [step.report async for step in steps]
    assert reports[-1] is not None
    return reports[-1]


@pytest.fixture
def zoo(build: Any) -> Path:
    """A folder for each format."""
    build.file("voc/Annotations/a.xml", XML)
    build.file("voc/JPEGImages/a.png", build.image())
    build.file("csv/a.png", build.image())
    build.file("csv/train.csv", "image,question,answer\na.png,Q,A\n")
    build.file("llava/a.png", build.image())
    build.file("llava/train.json", json.dumps(LLAVA, indent=1))
    build.file("llava/lines.jsonl", json.dumps(LLAVA[0]) + "\n")
    build.file("coco/annotations/instances_train.json", json.dumps(COCO))
    build.file("coco/train/a.png", build.image())
    build.file("yolo/data.yaml", "train: images/train\nnames: [cat]\n")
    build.file("yolo/images/train/a.png", build.image())
    build.file("flat-yolo/a.png", build.image())
    build.file("flat-yolo/a.txt", "0 0.5 0.5 0.1 0.1\n")
    build.file("parquet/data/train-00000-of-00001.parquet", b"PAR1 and so on")
    build.file("arrow/data.arrow", b"ARROW1 and so on")
    build.file("classes/cat/1.png", build.image())
    build.file("classes/dog/2.png", build.image())
    build.file("other/notes.json", '{"a": 1}')
    folder: Path = build.folder
    return folder


@pytest.mark.parametrize(
    ("path", "format", "what"),
    [
        ("voc", "voc", "a Pascal VOC folder of 1 annotation"),
        ("csv", "csv", "a folder of a table"),
        ("csv/train.csv", "csv", "a table"),
        ("llava/train.json", "rows", "a JSON list of LLaVA's or ShareGPT's conversations"),
        ("llava/lines.jsonl", "rows", "a file of LLaVA's or ShareGPT's conversations"),
        ("coco", "coco", "a COCO dataset"),
        ("coco/annotations/instances_train.json", "coco", "COCO annotations"),
        ("yolo", "yolo", "a YOLO dataset (data.yaml)"),
        ("yolo/data.yaml", "yolo", "a YOLO dataset (data.yaml)"),
        ("flat-yolo", "yolo", "a YOLO dataset"),
        ("parquet", "parquet", "a folder of Parquet ("),
        ("parquet/data/train-00000-of-00001.parquet", "parquet", "a Parquet file"),
        ("arrow/data.arrow", "arrow", "an Arrow file"),
        ("classes", "imagefolder", "a folder of 2 classes of images"),
        ("other/notes.json", "json", "a JSON object"),
    ],
)
async def test_a_path_is_recognised_and_opening_it_says_what_takes_it(
    zoo: Path, path: str, format: str, what: str
) -> None:
    found = detected(zoo / path)[0]
    assert found.format.name == format
    assert found.detection.what.startswith(what)
    if path.endswith(".jsonl"):
        return  # rows of JSON open, and check names their dialect
    with pytest.raises(DatasetError) as caught:
        async with open_dataset(zoo / path):
            pass
    assert what in str(caught.value)
    named = f"tintype import {format}" if format != "json" else "does not read"
    assert named in str(caught.value)


async def test_a_folder_that_is_no_dataset_is_said_to_be_what_it_is(build: Any) -> None:
    build.file("photos/a.png", build.image())
    with pytest.raises(DatasetError, match="holds 1 image and nothing that says what is on them"):
        async with open_dataset(build.folder / "photos"):
            pass


def test_what_is_nothing_known_is_recognised_by_nobody(zoo: Path, build: Any) -> None:
    build.jsonl(build.chat("a.png"), name="chat.jsonl")
    (zoo / "empty").mkdir()
    for path in ("empty", "none", "chat.jsonl", "voc/JPEGImages/a.png"):
        assert detected(zoo / path) == (), path


@pytest.mark.parametrize(
    ("source", "rows"),
    [
        ("voc", 1),
        ("csv", 1),
        ("csv/train.csv", 1),
        ("llava/train.json", 1),
        ("llava/lines.jsonl", 1),
    ],
)
async def test_a_path_alone_is_imported(zoo: Path, source: str, rows: int) -> None:
    report = await imported(zoo / source, zoo / "out")
    assert (report.rows, report.lost) == (rows, 0)
    async with open_dataset(next(iter(report.files.values()))) as dataset:
        row = await dataset.row(0)
    assert [image.origin for image in row.images] == ["data"]


async def test_what_cannot_be_imported_says_why(zoo: Path) -> None:
    with pytest.raises(DatasetError, match="is damaged, or of a kind that cannot be read"):
        await imported(zoo / "parquet", zoo / "out")
    with pytest.raises(DatasetError, match=r"does not know \(1 × \.json\)\. Looked for: .*COCO"):
        await imported(zoo / "other", zoo / "out")
    with pytest.raises(DatasetError, match="There is no file"):
        await imported(zoo / "none", zoo / "out")
    with pytest.raises(DatasetError, match="There is no format 'klingon'"):
        await imported(zoo / "voc", zoo / "out", "klingon")


async def test_rows_of_other_trainers_keep_their_images_in_place(build: Any) -> None:
    build.file("img/a.png", build.image())
    build.file("img/b.png", build.image("blue"))
    rows = [
        {"messages": [{"role": "user", "content": "<image>Which is it? <image>"},
                      {"role": "assistant", "content": "the first"}],
         "images": ["img/a.png", "img/b.png"], "id": 7},
        {"messages": [{"role": "user", "content": "<image>"}], "images": []},
        {"prefix": "detect cat", "suffix": "A", "image": "img/gone.png"},
    ]  # fmt: skip
    path = build.jsonl(*rows, "no json", name="train.jsonl")
    report = await imported(path, build.folder / "out", system="Look.")
    assert (report.rows, report.images, report.lost) == (1, 2, 3)
    (line,) = report.files["train"].read_text().splitlines()[:1]
    system, user, assistant = json.loads(line)["messages"]
    assert (system["content"], assistant["content"]) == ("Look.", "the first")
    red, blue = (build.data_url(build.image(colour)) for colour in ("red", "blue"))
    assert [part.get("text") or part["image_url"]["url"] for part in user["content"]] == [
        red, "Which is it? ", blue,
    ]  # fmt: skip


class Pairs:
    """A format from outside: two words a line, an image and its label."""

    name = "pairs"
    title = "Pairs"
    about = "Images and labels, two words a line."
    options = (FormatOption("shout", "Labels in capitals.", default=False),)

    def detect(self, path: Path) -> Detection | None:
        return Detection("a list of pairs") if path.suffix == ".pairs" else None

    def read(self, source: Path, options: ImportOptions, log: ImportLog) -> Iterator[Item]:
        for at, line in enumerate(source.read_text().splitlines(), 1):
            name, _, label = line.partition(" ")
            if label == "?":
                raise ValueError("a question mark")
            said = label.upper() if options.more.get("shout") else label
            yield Item(Question("What?", said), (source.parent / name,), source.name, at)


@pytest.fixture
def pairs() -> Iterator[type]:
    plugins.format(Pairs)
    yield Pairs
    plugins.unregister("formats", Pairs)


async def test_a_format_from_outside_is_one_of_them(build: Any, pairs: type) -> None:
    build.file("a.png", build.image())
    path = build.file("x.pairs", "a.png cat\n")
    assert "pairs" in [format.name for format in formats()]
    report = await imported(path, build.folder / "out", more={"shout": True})
    assert '"CAT"' in report.files["train"].read_text()


async def test_what_a_format_from_outside_raises_names_its_file_and_line(
    build: Any, pairs: type
) -> None:
    path = build.file("x.pairs", "a.png ?\n")
    with pytest.raises(PluginError, match=r"test_formats\.py, line \d+\): ValueError: a question"):
        await imported(path, build.folder / "out")
    assert not (build.folder / "out").exists()


def test_a_format_that_keeps_the_contract_has_nothing_broken(build: Any, zoo: Path) -> None:
    build.file("a.png", build.image())
    assert check_format(Pairs, build.file("x.pairs", "a.png cat\n")) == ()
    for name, example in (("voc", "voc"), ("csv", "csv/train.csv"), ("rows", "llava/train.json")):
        assert check_format(format_named(name), zoo / example) == ()


def test_what_breaks_the_contract_is_said_in_sentences(build: Any) -> None:
    class Empty:
        name = "Two Words"

    broken = check_format(Empty)
    assert [words.split(":")[0] for words in broken] == [
        "`title` is missing", "`about` is missing", "`name` is 'Two Words'",
        "`options` must be a list of FormatOption; an empty one will do.",
        "`detect` is missing", "`read` is missing",
    ]  # fmt: skip

    class Greedy(Pairs):
        def detect(self, path: Path) -> Detection | None:
            if path.is_dir():
                return Detection("everything")
            raise OSError("a disk on fire")

    said = " ".join(check_format(Greedy))
    assert "`detect` recognises an empty folder." in said
    assert "OSError: a disk on fire" in said

    class Careless(Pairs):
        def read(self, source: Path, options: ImportOptions, log: ImportLog) -> Iterator[Item]:
            yield Item(Boxes((Region("cat", 0, 0, 1, 1),)))
            yield "a row"  # type: ignore[misc]

    said = " ".join(check_format(Careless, build.file("x.pairs", "a.png cat\n")))
    assert "`file` does not say where it stands" in said
    assert "boxes need one image, and there are 0" in said
    assert "Item 2 is str, not an Item" in said


async def test_looking_at_paths_does_not_block(zoo: Path) -> None:
    found = await asyncio.to_thread(detected, zoo / "voc")
    assert found[0].format.title == "Pascal VOC"


async def test_images_are_found_by_the_end_of_their_names(build: Any) -> None:
    for name, colour in (("img/x/a.png", "red"), ("img/y/a.png", "blue"), ("img/y/b.png", "green")):
        build.file(name, build.image(colour))
    path = build.file(
        "t.csv",
        "image,question,answer\nb.png,Q,1\n/content/data/x/a.png,Q,2\nC:\\y\\A.PNG,Q,3\n"
        "a.png,Q,4\n../../etc/passwd,Q,5\n",
    )
    report = await imported(path, build.folder / "out")
    lines = report.files["train"].read_text().splitlines()
    urls = [json.loads(line)["messages"][0]["content"][1]["image_url"]["url"] for line in lines]
    expected = [build.data_url(build.image(colour)) for colour in ("green", "red", "blue")]
    assert sorted(urls) == sorted(expected)
    assert [problem.line for problem in report.problems] == [5, 6]
    assert "is outside the dataset's folder" in report.problems[1].message
    assert "may be img/x/a.png, img/y/a.png" in report.problems[0].message


async def test_folders_of_rows_and_nested_ones_are_taken_whole(build: Any) -> None:
    build.file("data/images/a.png", build.image())
    for name in ("train", "valid"):
        build.file(f"data/rows/{name}.jsonl", json.dumps(LLAVA[0]) + "\n")
    report = await imported(build.folder / "data", build.folder / "rows")
    assert report.splits == {"train": 1, "valid": 1}
    build.file("devkit/VOC2007/Annotations/a.xml", XML)
    build.file("devkit/VOC2007/JPEGImages/a.png", build.image())
    assert (await imported(build.folder / "devkit", build.folder / "voc")).rows == 1


async def test_a_folder_with_files_of_chat_rows_names_them(build: Any) -> None:
    build.file("set/images/a.png", build.image())
    build.file("set/train.jsonl", json.dumps(build.chat()) + "\n")
    with pytest.raises(DatasetError, match=r"Name one of its files: train\.jsonl"):
        async with open_dataset(build.folder / "set"):
            pass


async def test_a_table_is_written_and_read_again_as_it_was(build: Any) -> None:
    build.file("b.png", build.image("blue"))
    build.file("torn.png", build.image()[:40])
    rows = [
        build.chat(build.data_url(build.image()), question='What; "it"?', answer="A\nbox"),
        build.chat("b.png", question="Q"),
        build.chat("b.png", question="Again?"),
        build.chat("https://e.org/c.png", question="Away?", system="S"),
        build.chat(question="No image"),
        build.chat("gone.png"),
        build.chat("torn.png"),
        "no json",
    ]
    path = build.jsonl(*rows, name="rows.jsonl")
    steps = [step async for step in export_dataset(path, build.folder / "table", "csv")]
    report = steps[-1].report
    assert report is not None
    assert (report.rows, report.lost) == (4, 4)
    assert [(problem.line, problem.done) for problem in report.problems] == [
        (4, "left away"), (5, "left out"), (6, "left out"), (7, "left out"),
        (8, "left out"),
    ]  # fmt: skip
    names = sorted(path.name for path in (build.folder / "table").rglob("*.*"))
    assert len(names) == 3  # the table and two images
    again = await imported(build.folder / "table", build.folder / "again", valid_share=0,
                           test_share=0)  # fmt: skip
    lines = again.files["train"].read_text().splitlines()
    found = [json.loads(line)["messages"] for line in lines]
    assert found[0] == rows[0]["messages"]
    assert [turns[-2]["content"][0]["text"] for turns in found[1:]] == ["Q", "Again?", "Away?"]
    for target, format, words in (
        ("table", "csv", "exists already"),
        ("rows", "rows", "JSON rows .* is not written"),
    ):
        with pytest.raises(DatasetError, match=words):
            await anext(export_dataset(path, build.folder / target, format))
