"""An image with its boxes, written to a file."""

import os
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tintype.dataset.annotating import write_annotated
from tintype.detection import Box
from tintype.errors import DatasetError

BOX = Box("cat", 0.25, 0.25, 0.75, 0.75)


def coloured(path: Path) -> set[tuple[int, ...]]:
    with Image.open(path) as image:
        pixels = image.convert("RGB").get_flattened_data()
        return set(pixels)  # type: ignore[arg-type]


async def test_the_boxes_are_drawn_on_the_image(build: Any, tmp_path: Path) -> None:
    data = build.image("red", (640, 480))
    plain = await write_annotated(tmp_path / "plain.png", data)
    boxed = await write_annotated(tmp_path / "boxed.png", data, [BOX])
    assert coloured(plain) == {(255, 0, 0)}
    assert len(coloured(boxed)) > 1
    with Image.open(boxed) as image:
        assert (image.format, image.size) == ("PNG", (640, 480))


async def test_a_small_image_grows_so_that_names_can_be_read(build: Any, tmp_path: Path) -> None:
    data = build.image("red", (64, 48))
    plain = await write_annotated(tmp_path / "plain.png", data)
    boxed = await write_annotated(tmp_path / "boxed.png", data, [BOX])
    with Image.open(plain) as small, Image.open(boxed) as large:
        assert (small.size, large.size) == ((64, 48), (640, 480))


async def test_the_file_is_a_png_whatever_was_typed(build: Any, tmp_path: Path) -> None:
    assert await write_annotated(tmp_path / "row", build.image()) == tmp_path / "row.png"
    assert await write_annotated(tmp_path / "a.jpg", build.image()) == tmp_path / "a.jpg.png"


async def test_nothing_is_overwritten_unasked(build: Any, tmp_path: Path) -> None:
    path = await write_annotated(tmp_path / "row.png", build.image())
    with pytest.raises(DatasetError, match="exists already"):
        await write_annotated(path, build.image("blue"))
    await write_annotated(path, build.image("blue"), replace=True)
    assert coloured(path) == {(0, 0, 255)}


@pytest.mark.parametrize("name", ["", "folder.png", "file/row.png"])
async def test_a_place_that_is_none_is_said(build: Any, tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "file").touch()
    target = tmp_path / name if name else Path("/")
    with pytest.raises(DatasetError):
        await write_annotated(target, build.image())


async def test_what_is_no_image_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="cannot be shown"):
        await write_annotated(tmp_path / "row.png", b"no image")
    assert os.listdir(tmp_path) == []
