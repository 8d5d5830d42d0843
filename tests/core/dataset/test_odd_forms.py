"""Forms that strangers brought: a few files each, and the conversation or boxes they become."""

import base64
import bz2
import gzip
import io
import json
import lzma
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.core.dataset.test_format_variants import BOX, KEPT, coco, drawn, written
from tests.core.dataset.zoo import imported

from tintype.dataset.formats import detected
from tintype.dataset.formats.previewing import preview
from tintype.dataset.formats.streams import BoundedStream
from tintype.detection import parse_boxes
from tintype.errors import DatasetError

SAID = ["What?", "a dog"]
LABEL = ["Which of these does the image show: a dog?", "a dog"]
CAPTION = ["Describe the image.", "a dog"]


def chat(turns: Any, **more: Any) -> str:
    return json.dumps([{"image": "a.jpg", "conversations": turns, **more}])


def packed(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, drawn())
    return out.getvalue()


DATA = base64.b64encode(drawn()).decode()
ROW = {
    "messages": [{"role": "user", "content": "What?"}, {"role": "assistant", "content": "a dog"}]
}
LINE = json.dumps(ROW).encode() + b"\n"
IMAGE = {"a.jpg": drawn()}

TALKS: Mapping[str, tuple[Mapping[str, str | bytes], list[str]]] = {
    "ShareGPT with text": (
        {"t.json": chat([{"from": "human", "text": "What?"}, {"from": "gpt", "text": "a dog"}])},
        SAID,
    ),
    "turns by who speaks": ({"t.json": chat([{"human": "What?"}, {"gpt": "a dog"}])}, SAID),
    "pairs of turns": ({"t.json": chat([{"user": "What?", "assistant": "a dog"}])}, SAID),
    "The Cauldron as JSON": (
        {"t.json": json.dumps([{"images": ["a.jpg"], "texts": [
            {"user": "What?", "assistant": "a dog", "source": "x"}]}])},
        SAID,
    ),
    "human and gpt in columns": (
        {"t.json": json.dumps([{"image": "a.jpg", "human": "What?", "gpt": "a dog"}])}, SAID),
    "MiniCPM's numbered images": (
        {"t.json": json.dumps([{"image": {"<image_00>": "a.jpg"}, "conversations": [
            {"role": "user", "content": "<image_00>\nWhat?"},
            {"role": "assistant", "content": "a dog"}]}])},
        SAID,
    ),
    "Anthropic's parts": (
        {"t.jsonl": json.dumps({"messages": [
            {"role": "user", "content": [
                {"type": "image", "source": {"type": "base64", "media_type": "image/jpeg",
                                             "data": DATA}}, {"type": "text", "text": "What?"}]},
            {"role": "assistant", "content": "a dog"}]})},
        SAID,
    ),
    "Gemini's contents": (
        {"t.jsonl": json.dumps({"contents": [
            {"role": "user", "parts": [{"inlineData": {"mimeType": "image/jpeg", "data": DATA}},
                                       {"text": "What?"}]},
            {"role": "model", "parts": [{"text": "a dog"}]}]})},
        SAID,
    ),
    "the Responses API's input and output": (
        {"t.jsonl": json.dumps({
            "input": [{"role": "user", "content": [
                {"type": "input_image", "image_url": f"data:image/jpeg;base64,{DATA}"},
                {"type": "input_text", "text": "What?"}]}],
            "output": [{"type": "reasoning", "summary": []},
                       {"type": "message", "role": "assistant", "id": "m",
                        "content": [{"type": "output_text", "text": "a dog"}]}]})},
        SAID,
    ),
    "a request of a batch": (
        {"t.jsonl": json.dumps({"custom_id": "1", "url": "/v1/responses", "body": {
            "model": "m", "output": "a dog", "input": [{"role": "user", "content": [
                {"type": "input_text", "text": "What?"},
                {"type": "input_image", "image_url": f"data:image/jpeg;base64,{DATA}"}]}]}})},
        SAID,
    ),
    "TRL's prompt and completion": (
        {"t.jsonl": json.dumps({
            "images": ["a.jpg"],
            "prompt": [{"role": "user", "content": [{"type": "image"},
                                                    {"type": "text", "text": "What?"}]}],
            "completion": [{"role": "assistant", "content": [
                {"type": "text", "text": "a dog"}]}]})},
        SAID,
    ),
    "questions with a list of answers": (
        {"t.json": json.dumps([{"image": "a.jpg", "question": "What?",
                                "answer": ["a cat", "a dog", "a dog"]}])},
        SAID,
    ),
    "a conversation written in a column": (
        {"metadata.csv": "file_name,conversations\na.jpg," + json.dumps(json.dumps([
            {"from": "human", "value": "What?"}, {"from": "gpt", "value": "a dog"}])).replace(
                '\\"', '""') + "\n"},
        SAID,
    ),
    "a table of classes": ({"t.csv": "id,label\na,a dog\n"}, LABEL),
    "captions in a list": ({"t.json": '[{"image": "a.jpg", "caption": "a dog"}]'}, CAPTION),
    "captions by image": ({"t.json": '{"a.jpg": "a dog"}'}, CAPTION),
    "captions by image, as lists": ({"t.json": '{"a.jpg": ["a dog", "one dog"]}'}, CAPTION),
    "captions by image on lines": ({"t.jsonl": '{"a.jpg": "a dog"}\n'}, CAPTION),
    "captions by image, several on lines": (
        {"t.jsonl": '{"a.jpg": "a dog"}\n{"gone.jpg": "a cat"}\n'}, CAPTION),
    "questions by image": (
        {"t.json": '{"a.jpg": [{"question": "What?", "answer": "a dog"}]}'}, SAID),
    "captions on lines": (
        {"t.jsonlines": '{"image_file": "a.jpg", "description": "a dog"}'}, CAPTION),
    "Flickr8k's captions": (
        {"captions.txt": "image,caption\na.jpg,a dog\na.jpg,one dog\n"}, CAPTION),
    "Flickr8k's numbered captions": ({"f.token": "a.jpg#0\ta dog\na.jpg#1\tone dog\n"}, CAPTION),
    "a text beside each image": ({"a.txt": "a dog\n"}, CAPTION),
    "an object beside each image": ({"a.json": '{"caption": "a dog"}'}, CAPTION),
    "chat rows in gzip": ({"t.jsonl.gz": gzip.compress(LINE)}, SAID),
    "chat rows in gzip, filled up with zeros": (
        {"t.jsonl.gz": gzip.compress(LINE) + bytes(70_000)}, SAID),
    "chat rows in bzip2": ({"t.jsonl.bz2": bz2.compress(LINE)}, SAID),
    "chat rows in xz": ({"t.jsonl.xz": lzma.compress(LINE)}, SAID),
    "captions in gzip": ({"t.json.gz": gzip.compress(b'[{"image": "a.jpg", "caption": "a dog"}]')},
                         CAPTION),
    "a table in gzip": ({"t.csv.gz": gzip.compress(b"image,question,answer\na.jpg,What?,a dog\n")},
                        SAID),
}  # fmt: skip


@pytest.mark.parametrize("case", TALKS)
async def test_conversations_become_what_they_must(case: str, tmp_path: Path) -> None:
    files, said = TALKS[case]
    made = await imported(written(tmp_path, {**IMAGE, **files}), tmp_path / "out")
    assert made.error == ""
    (messages,) = made.rows["train"]
    texts = []
    for message in messages:
        parts = message["content"]
        parts = [{"type": "text", "text": parts}] if isinstance(parts, str) else parts
        texts += [part["text"] for part in parts if part["type"] == "text"]
    assert texts == said
    images = [part for part in messages[0]["content"] if isinstance(part, dict)]
    assert "chat rows" in case or [part["type"] for part in images].count("image_url") == 1


def boxes(**columns: Any) -> str:
    return json.dumps([{"image": "a.jpg", **columns}])


BOXES: Mapping[str, Mapping[str, str | bytes]] = {
    "coco with boxes as objects": {**IMAGE} | {"x.json": coco(
        {**BOX, "bbox": {"x": 10, "y": 8, "width": 40, "height": 16}})},
    "coco with corners as objects": {**IMAGE} | {"x.json": coco(
        {**BOX, "bbox": {"xmin": 10, "ymin": 8, "xmax": 50, "ymax": 24}})},
    "coco with boxes as texts": {**IMAGE} | {"x.json": coco({**BOX, "bbox": "[10, 8, 40, 16]"})},
    "coco beside a zip of its images": {"x.json": coco(BOX), "images.zip": packed("images/a.jpg")},
    "coco in an archive's place, named by another folder": {
        "annotations/x.json": coco(BOX), "train.zip": packed("train2017/a.jpg")},
    "coco beside a damaged zip, too": {
        "x.json": coco(BOX), "broken.zip": b"PK\x03\x04", "images.zip": packed("images/a.jpg")},
    "coco with names in other capitals": {"Images/A.JPG": drawn(), "x.json": coco(BOX)},
    "yolo by names": {"images/a.jpg": drawn(), "labels/a.txt": "Dog 0.3 0.2 0.4 0.2",
                      "data.yaml": "train: images\nnames: [cat, dog]\n"},
    "yolo by names that no file knows": {"images/a.jpg": drawn(),
                                         "labels/a.txt": "dog 0.3 0.2 0.4 0.2"},
    "yolo with decimal commas": {"images/a.jpg": drawn(), "labels/a.txt": "0 0,3 0,2 0,4 0,2",
                                 "classes.txt": "dog"},
    "yolo in capitals": {"Images/a.jpg": drawn(), "Labels/a.txt": "0 0.3 0.2 0.4 0.2",
                         "classes.txt": "dog"},
    "a table with decimal commas": {**IMAGE} | {
        "t.csv": "filename;class;xmin;ymin;xmax;ymax\na.jpg;dog;10,0;8,0;50,0;24,00\n"},
    "a table of fractions with decimal commas": {**IMAGE} | {
        "t.csv": 'filename,class,xmin,ymin,xmax,ymax\na.jpg,dog,"0,1","0,1","0,5","0,300"\n'},
    "a table of centres": {**IMAGE} | {
        "t.csv": "filename,class,x_center,y_center,width,height\na.jpg,dog,30,16,40,16\n"},
    "a table of centres in fractions": {**IMAGE} | {
        "t.csv": "image,label,cx,cy,w,h\na.jpg,dog,.3,.2,.4,.2\n"},
    "objects with boxes that are objects": {**IMAGE} | {"x.json": boxes(annotations=[
        {"bbox": {"x": 10, "y": 8, "width": 40, "height": 16}, "label": "dog"}])},
    "objects that are boxes": {**IMAGE} | {"x.json": boxes(objects=[
        {"xmin": 10, "ymin": 8, "xmax": 50, "ymax": 24, "name": "dog"}])},
    "lists of boxes and labels": {**IMAGE} | {
        "x.json": json.dumps({"a.jpg": {"boxes": [[10, 8, 40, 16]], "labels": ["dog"]}})},
    "boxes by image": {**IMAGE} | {
        "x.json": json.dumps({"a.jpg": [{"bbox": [10, 8, 40, 16], "label": "dog"}]})},
}  # fmt: skip


async def test_numbers_of_classes_in_a_table_are_named(tmp_path: Path) -> None:
    table = {"t.csv": "filename,class_id,xmin,ymin,xmax,ymax\na.jpg,1,10,8,50,24\n"}
    source = written(tmp_path, {**IMAGE, **table})
    named = await imported(source, tmp_path / "named", names=("cat", "dog"))
    assert named.report
    assert (named.report.labels, named.report.notices) == ({"dog": 1}, ())
    alone = await imported(source, tmp_path / "alone")
    assert alone.report
    assert [each.code for each in alone.report.notices] == ["no-names"]


@pytest.mark.parametrize(
    ("digits", "label"),
    [("9" * 5000, "9" * 5000), ("0" * 5000 + "1", "dog")],
    ids=["beyond all names", "a name's"],
)
async def test_a_class_of_thousands_of_digits_is_a_label(
    digits: str, label: str, tmp_path: Path
) -> None:
    table = {"t.csv": f"image,label\na.jpg,{digits}\n"}
    made = await imported(written(tmp_path, {**IMAGE, **table}), tmp_path, names=("cat", "dog"))
    assert made.rows["train"][0][-1]["content"] == label


async def test_what_only_looks_like_a_number_numbers_no_class(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"images/a.jpg": drawn(), "labels/a.txt": "0 .3 .2 .4 .2"}
    files["data.yaml"] = "train: images\nnames: {0: dog, ²: cat}\n"
    made = await imported(written(tmp_path, files), tmp_path / "out")
    assert made.error == ""
    assert made.report
    assert made.report.labels == {"dog": 1}


@pytest.mark.parametrize("case", BOXES)
async def test_boxes_become_what_they_must(case: str, tmp_path: Path) -> None:
    made = await imported(written(tmp_path, BOXES[case]), tmp_path / "out")
    assert made.error == ""
    (messages,) = made.rows["train"]
    (box,) = parse_boxes(messages[-1]["content"]).boxes
    sides = (box.x_min * 100, box.y_min * 80, box.x_max * 100, box.y_max * 80)
    assert (box.label, *map(round, sides)) == KEPT


async def test_the_cauldron_and_columns_within_columns_are_read_from_parquet(
    tmp_path: Path,
) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    image = {"bytes": drawn(), "path": "a.jpg"}
    turns = [{"user": "What?", "assistant": "a dog", "source": "x"}]
    sides = {"x": 10.0, "y": 8.0, "width": 40.0, "height": 16.0}
    tables: list[tuple[dict[str, Any], str]] = [
        ({"images": [[image]], "texts": [turns]}, "a dog"),
        ({"image": [image], "qa": [{"question": "What?", "answer": "a dog"}]}, "a dog"),
        ({"image": [image], "objects": [[{"bbox": sides, "label": "dog"}]]},
         "<loc0102><loc0102><loc0307><loc0512> dog"),
    ]  # fmt: skip
    for number, (columns, answer) in enumerate(tables):
        path = tmp_path / f"{number}.parquet"
        parquet.write_table(pyarrow.table(columns), path)
        made = await imported(path, tmp_path / f"out-{number}")
        assert made.rows["train"][0][-1]["content"] == answer


def test_a_compressed_file_is_named_before_it_is_imported(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl.gz"
    path.write_bytes(gzip.compress(LINE * 3))
    assert detected(path)[0].detection.what == "a compressed file of chat rows"
    assert preview(path, "", None).rows == 3
    path.write_bytes(gzip.compress(LINE * 3000)[:-20])
    with pytest.raises(DatasetError, match=r"train\.jsonl\.gz is damaged: it ends too"):
        preview(path, "chat", None)


def test_what_grows_beyond_all_measure_ends() -> None:
    stream = BoundedStream(io.BytesIO(bytes(1000)), 0)
    stream._most = 100
    with pytest.raises(OSError, match="beyond all measure"):
        stream.read(500)


@pytest.mark.parametrize(
    "files",
    [
        {"images/a.jpg": drawn(), "labels/a.txt": "0 0.3 0.2 0.4 0.2"},  # YOLO
        {"a.jpg": drawn(), "a.txt": "0 0.3 0.2 0.4 0.2"},  # YOLO in one folder
        {"a.jpg": drawn(), "a.txt": "Car 0.00 0 1.85 10 8 50 24 1.67 1.87 3.69 -16 2.39 58 1.57"},
        {"a.jpg": drawn(), "list.txt": "a.jpg\nb.jpg\n"},
        {"a.jpg": drawn(), "list.txt": "a.jpg 0\nb.jpg 1\n"},
    ],
)
def test_numbers_beside_images_are_no_captions(
    files: Mapping[str, str | bytes], tmp_path: Path
) -> None:
    found = [each.format.name for each in detected(written(tmp_path, files))]
    assert not {"pairs", "captions", "imagejson"} & set(found)


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({"t.json": json.dumps({"b.jpg": None, "a.jpg": "a dog"})}, "t.json:1: The row has nei"),
        ({"t.json": json.dumps({"b.jpg": "", "a.jpg": "a dog"})}, "t.json:1: The row has neither"),
        ({"t.json": json.dumps({"b.jpg": [None], "a.jpg": [None, "a dog"]})},
         "t.json:1: The row has neither"),
        ({"t.jsonl": '{"image": "a.jpg", "caption": "a dog"}\n\n{"image": "b.jpg", "caption": "a'},
         "t.jsonl:3: Not JSON"),
        ({"t.json": boxes(boxes=[[10, 8, 40, 16], [1, 2, 3, 4]], labels=["dog"])},
         "There are 2 boxes and 1 categories"),
        ({"t.json": boxes(boxes=[[10, 8, 40, 16]])}, "There are 1 boxes and 0 categories"),
        ({"t.json": boxes(boxes=[[10, 8, 40, 16]], labels=[None])}, "A box has no category"),
    ],
)  # fmt: skip
async def test_what_nobody_wrote_of_an_image_is_said_and_not_made_up(
    files: Mapping[str, str], problem: str, tmp_path: Path
) -> None:
    everything: dict[str, str | bytes] = {**IMAGE, "b.jpg": drawn(), **files}
    made = await imported(written(tmp_path, everything), tmp_path / "out")
    assert made.error == ""
    assert made.report is not None
    said = [f"{one.file}:{one.line}: {one.message}" for one in made.report.problems]
    assert problem in "\n".join(said)
    answers = [messages[-1]["content"] for messages in made.rows.get("train", [])]
    assert answers == ([] if "boxes" in files.get("t.json", "") else ["a dog"])


async def test_a_caption_may_hold_a_line_separator(tmp_path: Path) -> None:
    line = json.dumps({"image": "a.jpg", "caption": "a\u2028dog"}, ensure_ascii=False)
    made = await imported(written(tmp_path, {**IMAGE, "t.jsonl": line}), tmp_path / "out")
    assert made.rows["train"][0][-1]["content"] == "a\u2028dog"


async def test_sides_that_have_names_are_not_taken_for_corners(tmp_path: Path) -> None:
    beyond = {"x": 30, "y": 20, "width": 80, "height": 60, "label": "dog"}
    files: dict[str, str | bytes] = {**IMAGE, "t.json": boxes(objects=[beyond])}
    made = await imported(written(tmp_path, files), tmp_path / "out")
    (box,) = parse_boxes(made.rows["train"][0][-1]["content"]).boxes
    assert (round(box.x_max, 2), round(box.y_max, 2)) == (1, 1)
