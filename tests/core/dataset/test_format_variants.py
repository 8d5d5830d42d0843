"""Odd forms of formats beyond the zoo: each a few files, and what they must become."""

import base64
import io
import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tests.core.dataset.zoo import imported

from tintype.detection import parse_boxes


def drawn(size: tuple[int, int] = (100, 80), orientation: int = 1) -> bytes:
    """A JPEG, turned by its EXIF orientation."""
    out = io.BytesIO()
    exif = Image.Exif()
    exif[274] = orientation
    Image.new("RGB", size, "red").save(out, "JPEG", exif=exif)
    return out.getvalue()


def coco(*annotations: Mapping[str, Any], images: int = 1, **more: Any) -> str:
    """A COCO file about images of 100 by 80."""
    names = ("a.jpg", "b.jpg")
    return json.dumps({
        "images": [{"id": at, "file_name": name, "width": 100, "height": 80}
                   for at, name in enumerate(names[:images])],
        "annotations": annotations,
        "categories": [{"id": 0, "name": "cat"}, {"id": 7, "name": "dog"}],
        **more,
    })  # fmt: skip


BOX = {"id": 1, "image_id": 0, "category_id": 7, "bbox": [10, 8, 40, 16]}
KEPT = ("dog", 10, 8, 50, 24)

IGNORED = f"DontCare -1 -1 -10 1 1 9 9 {'-1 ' * 7}"


def bitmap(width: int, height: int) -> str:
    """A shape of Supervisely's that covers so many pixels."""
    out = io.BytesIO()
    Image.new("1", (width, height), 1).save(out, "PNG")
    return base64.b64encode(zlib.compress(out.getvalue())).decode()


CASES: Mapping[str, tuple[Mapping[str, str | bytes], list[tuple[Any, ...]]]] = {
    "coco beside key points and captions of the same images": (
        {
            "train2017/a.jpg": drawn(),
            "annotations/instances_train2017.json": coco(BOX),
            "annotations/person_keypoints_train2017.json": coco({**BOX, "keypoints": [1, 1, 2]}),
        },
        [KEPT],
    ),
    "coco with an outline in place of a box": (
        {"a.jpg": drawn(), "x.json": coco({**BOX, "bbox": None, "segmentation": [
            [10, 8, 50, 8, 50, 24]]})},
        [KEPT],
    ),
    "coco with a run-length mask in place of a box": (
        {"a.jpg": drawn(), "x.json": coco({"id": 1, "image_id": 0, "category_id": 7,
         "segmentation": {"size": [80, 100], "counts": [808, *[16, 64] * 39, 16, 4056]}})},
        [KEPT],
    ),
    "coco of an image stored turned, beside one whose size says so": (
        {"a.jpg": drawn(orientation=3), "b.jpg": drawn(orientation=6),
         "x.json": coco(BOX, {**BOX, "id": 2, "image_id": 1}, images=2)},
        [("dog", 50, 56, 90, 72), ("dog", 56, 10, 72, 50)],
    ),
    "yolo in pixels by corners": (
        {"images/a.jpg": drawn(), "labels/a.txt": "0 10 8 50 24\n0 60 50 98 78",
         "classes.txt": "dog"},
        [KEPT, ("dog", 60, 50, 98, 78)],
    ),
    "yolo with names in a block, gaps and a comment": (
        {
            "set/data.yaml": "path: /x/y # old\ntrain: images\nnames:\n  0: 'cat'\n  7: dog\n",
            "set/images/a.jpg": drawn(),
            "set/labels/a.txt": "7 0.3 0.2 0.4 0.2",
        },
        [KEPT],
    ),
    "yolo with comments in a label file": (
        {"images/a.jpg": drawn(), "labels/a.txt": "# drawn by hand\n0 0.3 0.2 0.4 0.2 # sure",
         "classes.txt": "dog"},
        [KEPT],
    ),
    "a table of fractions with semicolons": (
        {"img/a.jpg": drawn(),
         "t.csv": "filename;class;xmin;ymin;xmax;ymax\na.jpg;dog;.1;.1;.5;.3"},
        [KEPT],
    ),
    "a table of x, y, width and height": (
        {"a.jpg": drawn(), "t.csv": "image,label,x,y,w,h\na.jpg,dog,10,8,40,16\n"},
        [KEPT],
    ),
    "label studio's short form": (
        {"a.jpg": drawn(), "p.json": json.dumps([{"id": 1, "image": "/data/local-files/?d=s/a.jpg",
         "label": [{"x": 10, "y": 10, "width": 40, "height": 20, "rectanglelabels": ["dog"],
                    "original_width": 100, "original_height": 80}]}])},
        [KEPT],
    ),
    "via's project with check boxes": (
        {"a.jpg": drawn(), "via.json": json.dumps({"_via_img_metadata": {"a.jpg1": {
            "filename": "a.jpg", "regions": [{"region_attributes": {"kind": {"dog": True}},
            "shape_attributes": {"name": "rect", "x": 10, "y": 8, "width": 40, "height": 16}}]}}})},
        [KEPT],
    ),
    "labelme with a circle, and the path of another machine": (
        {"a.jpg": drawn(), "a.json": json.dumps({"version": "5", "imagePath": "..\\x\\a.jpg",
         "shapes": [{"label": "dog", "shape_type": "circle", "points": [[50, 40], [60, 40]]}]})},
        [("dog", 40, 30, 60, 50)],
    ),
    "kitti, with what is no object": (
        {"training/image_2/a.jpg": drawn(), "training/image_2/b.jpg": drawn(),
         "training/image_3/a.jpg": drawn(), "testing/image_2/a.jpg": drawn(),
         "training/label_2/a.txt": f"dog 0.00 0 1.55 10 8 50 24 {'1 ' * 7}\n{IGNORED}",
         "training/label_2/b.txt": IGNORED},
        [KEPT],
    ),
    "dota with a turned box": (
        {"images/a.jpg": drawn(), "labelTxt/a.txt": "imagesource:x\ngsd:0.1\n"
         "10.0 8.0 50.0 8.0 50.0 24.0 10.0 24.0 dog 0\n70 40 80 50 70 60 60 50 cat 1"},
        [("cat", 60, 40, 80, 60), KEPT],
    ),
    "visdrone": (
        {"VisDrone-DET-train/images/a.jpg": drawn(),
         "VisDrone-DET-train/annotations/a.txt": "10,8,40,16,1,4,0,0\n0,0,9,9,0,0,0,0"},
        [("car", *KEPT[1:])],
    ),
    "wider face": (
        {"WIDER_train/images/0--P/a.jpg": drawn(), "split/wider_face_train_bbx_gt.txt":
         "0--P/a.jpg\n2\n10 8 40 16 0 0 0 0 0 0 \n60 8 9 9 0 0 0 1 0 0 \n" + "1 " * 1000},
        [("face", *KEPT[1:])],
    ),
    "wider face with points, as RetinaFace has it": (
        {"train/images/a.jpg": drawn(), "train/label.txt":
         f"# a.jpg\n10 8 40 16 {'1.0 ' * 16}\n"},
        [("face", *KEPT[1:])],
    ),
    "supervisely with a rectangle and a bitmap": (
        {"meta.json": "{}", "ds/img/a.jpg": drawn(), "ds/img/b.jpg": drawn(),
         "ds/ann/a.jpg.json": json.dumps({"size": {"width": 100, "height": 80}, "objects": [
             {"classTitle": "dog", "geometryType": "rectangle",
              "points": {"exterior": [[50, 24], [10, 8]], "interior": []}},
             {"classTitle": "cat", "geometryType": "bitmap",
              "bitmap": {"origin": [60, 40], "data": bitmap(20, 10)}}]})},
        [("cat", 60, 40, 80, 50), KEPT],
    ),
    "imagefolder with corners": (
        {"train/a.jpg": drawn(), "train/metadata.jsonl": json.dumps({"file_name": "a.jpg",
         "objects": {"bbox": [[60, 50, 98, 78]], "category": ["dog"]}})},
        [("dog", 60, 50, 98, 78)],
    ),
}  # fmt: skip


def written(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = folder / "set" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder / "set"


@pytest.mark.parametrize("case", CASES)
async def test_boxes_become_what_they_must(case: str, tmp_path: Path) -> None:
    files, boxes = CASES[case]
    made = await imported(written(tmp_path, files), tmp_path / "out")
    assert made.error == ""
    found: list[tuple[Any, ...]] = []
    for messages in made.rows["train"]:
        width, height = (80, 100) if "turned" in case and found else (100, 80)
        for box in parse_boxes(messages[-1]["content"]).boxes:
            sides = (box.x_min * width, box.y_min * height, box.x_max * width, box.y_max * height)
            found.append((box.label, *map(round, sides)))
    assert sorted(found) == sorted(boxes)


VQA: Mapping[str, tuple[Mapping[str, str | bytes], str]] = {
    "GQA": ({"images/12.jpg": drawn(), "q.json": json.dumps(
        {"7": {"imageId": "12", "question": "What?", "answer": "a dog"}})}, "train"),
    "VizWiz": ({"val/V.jpg": drawn(), "val.json": json.dumps([{"image": "V.jpg",
        "question": "What?", "answers": [{"answer": "x"}, {"answer": "a dog"},
                                         {"answer": "a dog"}]}])}, "valid"),
    "Visual Genome": ({"VG/3.jpg": drawn(), "q.json": json.dumps(
        [{"id": 3, "qas": [{"image_id": 3, "question": "What?", "answer": "a dog"}]}])}, "train"),
    "CLEVR": ({"images/val/C.jpg": drawn(), "q/val_questions.json": json.dumps({"questions": [
        {"image_filename": "C.jpg", "split": "val", "question": "What?", "answer": "a dog"}]})},
        "valid"),
    "A-OKVQA": ({"val2017/000000000042.jpg": drawn(), "aokvqa_val.json": json.dumps([
        {"image_id": 42, "question": "What?", "split": "val", "direct_answers": ["a dog"] * 3}])},
        "valid"),
    "ST-VQA": ({"coco/a.jpg": drawn(), "train_task_3.json": json.dumps({"data": [
        {"file_path": "coco/a.jpg", "question": "What?", "answers": ["a dog"]}]})},
        "train"),
}  # fmt: skip


@pytest.mark.parametrize("case", VQA)
async def test_questions_become_what_they_must(case: str, tmp_path: Path) -> None:
    files, split = VQA[case]
    made = await imported(written(tmp_path, files), tmp_path / "out")
    assert made.error == ""
    (messages,) = made.rows[split]
    assert (messages[0]["content"][0]["text"], messages[1]["content"]) == ("What?", "a dog")


async def test_images_that_nobody_labelled_are_no_negatives(tmp_path: Path) -> None:
    files, _ = CASES["kitti, with what is no object"]
    made = await imported(written(tmp_path, files), tmp_path / "out", keep_empty=True)
    assert made.report is not None
    assert (made.report.rows, made.report.negatives, made.report.unlabelled) == (1, 0, 2)
    notices = {notice.code: notice.count for notice in made.report.notices}
    assert (notices["regions-left-out"], notices["depth-not-used"]) == (2, 1)


async def test_a_class_may_be_named_as_a_split(tmp_path: Path) -> None:
    files = {"red/1.jpg": drawn(), "test/1.jpg": drawn((90, 80)), "images/2.jpg": drawn((80, 80))}
    made = await imported(written(tmp_path, files), tmp_path / "out")
    assert made.report is not None
    assert made.report.labels == {"red": 1, "test": 1}
    assert made.report.unlabelled == 1


async def test_a_circle_far_larger_than_its_image_is_cut_to_it(tmp_path: Path) -> None:
    circle = {"label": "dog", "shape_type": "circle", "points": [[50, 40], [1e200, 40]]}
    text = json.dumps({"version": "5", "shapes": [circle]})
    files: dict[str, str | bytes] = {"a.jpg": drawn(), "a.json": text}
    made = await imported(written(tmp_path, files), tmp_path / "out", "labelme")
    (box,) = parse_boxes(made.rows["train"][0][-1]["content"]).boxes
    assert (box.x_min, box.y_min, round(box.x_max, 2), round(box.y_max, 2)) == (0, 0, 1, 1)


@pytest.mark.parametrize("damaged", ["{}", "[]", '{"objects": null}', '{"objects": ["dog"]}'])
async def test_what_is_no_list_of_objects_makes_no_negative(damaged: str, tmp_path: Path) -> None:
    files, _ = CASES["supervisely with a rectangle and a bitmap"]
    source = written(tmp_path, {**files, "ds/ann/b.jpg.json": damaged})
    made = await imported(source, tmp_path / "out", keep_empty=True)
    assert made.report is not None
    assert (made.report.rows, made.report.negatives, made.report.lost) == (1, 0, 1)
    assert [one.file for one in made.report.problems] == ["ds/ann/b.jpg.json"]


async def test_names_in_a_file_that_is_no_yaml_are_said_to_be_unknown(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"images/a.jpg": drawn(), "labels/a.txt": "0 .5 .5 .2 .2"}
    files["data.yaml"] = "train: images\nnames: [dog\n"
    made = await imported(written(tmp_path, files), tmp_path / "out")
    assert made.report is not None
    assert made.report.labels == {"class_0": 1}
    notices = {notice.code: notice.places for notice in made.report.notices}
    assert notices["not-yaml"] == ("data.yaml",)


async def test_images_with_the_id_of_another_are_left_out_and_said(tmp_path: Path) -> None:
    value = json.loads(coco(BOX, images=2))
    value["images"][1]["id"] = 0
    files: dict[str, str | bytes] = {"x.json": json.dumps(value)}
    files |= {"a.jpg": drawn(), "b.jpg": drawn((90, 80))}
    made = await imported(written(tmp_path, files), tmp_path / "out")
    assert made.report is not None
    assert {notice.code: notice.count for notice in made.report.notices}["image-ids"] == 1
    assert made.report.lost == 1


@pytest.mark.parametrize(("name", "said"), [("new/a.jpg", True), ("a.jpg", False)])
async def test_an_image_taken_from_another_folder_than_its_row_says_is_named(
    tmp_path: Path, name: str, *, said: bool
) -> None:
    row = {"image": name, "question": "What?", "answer": "a dog"}
    files: dict[str, str | bytes] = {"q.json": json.dumps([row]), "old/a.jpg": drawn()}
    made = await imported(written(tmp_path, files), tmp_path / "out")
    assert made.report is not None
    assert made.report.rows == 1
    notices = {notice.code: notice for notice in made.report.notices}
    assert ("found-by-name" in notices) is said
    if said:
        assert notices["found-by-name"].places == ("new/a.jpg → old/a.jpg",)
        assert "other folders" in notices["found-by-name"].words
