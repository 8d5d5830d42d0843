"""Archives are read where they are, and what is hostile in them does no harm."""

import gzip
import io
import json
import os
import random
import shutil
import tarfile
import zipfile
from pathlib import Path

import pytest
from tests.core.dataset.zoo import ZOO, expected, faults, imported

from tintype.dataset.formats.images import ImageFinder
from tintype.dataset.formats.report import ImportLog
from tintype.dataset.formats.source_names import normal
from tintype.dataset.formats.sources import Files
from tintype.dataset.formats.streams import GzipStream
from tintype.errors import DatasetError

SET = "yolo-roboflow-1"


def packed(folder: Path, target: Path) -> Path:
    """A folder as an archive of the kind that its name says."""
    if target.suffix == ".zip":
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(folder.rglob("*"), reverse=True):
                archive.write(path, f"set/{path.relative_to(folder)}")
        return target
    kind = {".tar": "w", ".gz": "w:gz", ".bz2": "w:bz2", ".xz": "w:xz"}[target.suffix]
    with tarfile.open(target, kind) as tar:  # type: ignore[call-overload]
        for path in sorted(folder.rglob("*"), reverse=True):
            tar.add(path, f"./set/{path.relative_to(folder)}", recursive=False)
    return target


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz", "a.tar.bz2", "a.tar.xz"])
@pytest.mark.parametrize("fixture", [SET, "voc-plain-1", "coco-folders-1"])
async def test_an_archive_becomes_what_its_folder_becomes(
    tmp_path: Path, name: str, fixture: str
) -> None:
    path = packed(ZOO / fixture / "data", tmp_path / name)
    made = await imported(path, tmp_path / "out", keep_empty=True)
    assert not faults(expected(fixture), made)
    assert sorted(os.listdir(tmp_path)) == sorted([name, "out"])


def test_a_tar_lists_neither_links_nor_devices_nor_what_leads_out(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        for name in ("in/a.txt", "../b.txt", "/etc/c.txt", "in/../../d.txt"):
            info = tarfile.TarInfo(name)
            info.size = 2
            tar.addfile(info, io.BytesIO(b"ok"))
        for name, kind in (("in/link", tarfile.SYMTYPE), ("in/fifo", tarfile.FIFOTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            tar.addfile(info)
    files = Files.of(tmp_path / "a.tar")
    log = ImportLog()
    files.say(log)
    assert list(files.names) == ["in/a.txt"]
    assert {notice.code: notice.count for notice in log.notices} == {"outside": 3, "links": 2}


def test_a_member_is_never_read_beyond_the_limit(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros.bin", bytes(3_000_000))
    file = Files.of(tmp_path / "a.zip").names["zeros.bin"]
    with pytest.raises(DatasetError, match="more than 1,000,000 bytes"):
        file.read(1_000_000)
    assert file.head(10) == bytes(10)


def test_a_gzip_that_grows_beyond_all_measure_is_not_decompressed(tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(gzip.compress(bytes(20_000_000)))
    stream = GzipStream(tmp_path / "a.gz", largest=1_000_000)
    stream.seek(19_000_000)
    with pytest.raises(OSError, match="grows beyond all measure"):
        stream.read(1)


@pytest.mark.parametrize("members", [1, 3])
def test_a_gzip_is_read_at_any_place(tmp_path: Path, members: int) -> None:
    chance = random.Random(members)
    data = bytes(chance.getrandbits(4) for _ in range(300_000))
    third = len(data) // members + 1
    pieces = [gzip.compress(data[at : at + third]) for at in range(0, len(data), third)]
    (tmp_path / "a.gz").write_bytes(b"".join(pieces))
    with io.BufferedReader(GzipStream(tmp_path / "a.gz", every=50_000)) as stream:
        for _ in range(40):
            place, size = chance.randrange(len(data)), chance.randrange(5000)
            stream.seek(place)
            assert stream.read(size) == data[place : place + size]


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz", "a.tar.xz"])
async def test_an_archive_that_is_cut_off_is_refused(tmp_path: Path, name: str) -> None:
    path = packed(ZOO / SET / "data", tmp_path / name)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    made = await imported(path, tmp_path / "out")
    assert "damaged" in made.error
    assert not (tmp_path / "out").exists()


def test_links_that_lead_out_of_a_folder_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "a.png").write_bytes(b"x")
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / "b.png").write_bytes(b"x")
    (folder / "inside.png").symlink_to(folder / "b.png")
    (folder / "out.png").symlink_to(tmp_path / "secret" / "a.png")
    (folder / "outside").symlink_to(tmp_path / "secret")
    (folder / "again").symlink_to(folder)
    files = Files.of(folder)
    assert list(files.names) == ["b.png", "inside.png"]
    assert sorted(files.outside) == ["out.png", "outside"]
    assert Files.of(folder / "b.png").get("out.png") is None


@pytest.mark.parametrize(
    ("name", "inside"),
    [
        ("a/b.png", "a/b.png"), ("./a//b.png", "a/b.png"), ("a/../b.png", "b.png"),
        ("a\\b.png", "a/b.png"), ("../b.png", ""), ("a/../../b.png", ""), ("/etc/passwd", ""),
        ("C:\\a.png", ""), ("~/a.png", ""), ("a\0b", ""), ("", ""),
    ],
)  # fmt: skip
def test_a_name_stays_within_its_source(name: str, inside: str) -> None:
    assert normal(name) == inside


async def test_rows_that_name_places_outside_read_nothing_there(tmp_path: Path) -> None:
    shutil.copy(ZOO / "qa-csv-1/data/images/q0.png", tmp_path / "secret.png")
    (tmp_path / "set").mkdir()
    names = ("../secret.png", str(tmp_path / "secret.png"), "file:///etc/passwd")
    rows = [{"image": name, "question": "Q", "answer": "A"} for name in names]
    (tmp_path / "set" / "rows.json").write_text(json.dumps(rows))
    made = await imported(tmp_path / "set", tmp_path / "out")
    assert made.report is not None
    assert (made.report.rows, made.report.lost) == (0, 3)
    assert {notice.code: notice.count for notice in made.report.notices} == {"outside": 3}


def test_images_are_found_by_their_split_and_the_folder_they_are_named_in(tmp_path: Path) -> None:
    for name in ("train/images/a.png", "valid/images/a.png", "train/Été.png"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ZOO / "qa-csv-1/data/images/q0.png", path)
    finder = ImageFinder(Files.of(tmp_path), ImportLog())
    assert finder.file("a.png", "", "valid").name == "valid/images/a.png"
    assert finder.file("a.png", "train").name == "train/images/a.png"
    assert finder.file("E\u0301te\u0301.PNG").name == "train/Été.png"
    with pytest.raises(DatasetError, match=r"may be train/images/a\.png, valid/images/a\.png"):
        finder.file("a.png")
