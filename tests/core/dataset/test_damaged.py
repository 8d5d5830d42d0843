"""Damaged sources are refused or read in part, with a sentence, and leave nothing behind."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.core.dataset.zoo import ZOO, imported

FILES = (
    "coco-masks-1/annotations.json", "yolo-names-1/data.yaml", "yolo-mixed-1/labels/train/x0.txt",
    "voc-plain-1/VOC2007/Annotations/000001.xml", "cvat-xml-1/annotations.xml",
    "csv-via-1/via_region_data.csv", "csv-kaggle-1/train.csv", "class-folders-1/train/red/0.jpg",
    "vqa-v2-1/v2_mscoco_train2014_annotations.json", "llava-plain-1/llava_instruct.json",
    "swift-grounding-1/grounding.jsonl", "parquet-objects-1/data/train-00000-of-00001.parquet",
    "hf-save-to-disk-1/train/data-00000-of-00001.arrow", "webdataset-1/train-000000.tar",
    "zip-names-1/ds.zip", "imagefolder-objects-1/train/metadata.jsonl",
)  # fmt: skip
DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut off": lambda data: data[: len(data) // 2],
    "empty": lambda data: b"",
    "with zeros in it": lambda data: data[: len(data) // 3] + bytes(40) + data[len(data) // 3 :],
    "with other bytes": lambda data: bytes(
        byte ^ 255 if at % 61 == 7 else byte for at, byte in enumerate(data)
    ),
    "with other types": lambda data: data.replace(b'"', b"'").replace(b"[", b"{"),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("file", FILES)
async def test_a_damaged_source_says_so_and_leaves_nothing(
    tmp_path: Path, file: str, damage: str
) -> None:
    name, _, inner = file.partition("/")
    source = tmp_path / "set"
    shutil.copytree(ZOO / name / "data", source)
    path = source / inner
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    made = await imported(path if path.suffix == ".zip" else source, tmp_path / "out")
    assert made.error or made.report is not None
    if made.report is None:
        assert made.error.endswith((".", "?"))
        assert os.listdir(tmp_path) == ["set"]
    assert not [name for _, _, names in os.walk(tmp_path) for name in names if "tmp" in name]
