"""Where a Pascal VOC dataset keeps its files.

Three layouts are in use: the original one (`Annotations`, `JPEGImages`, `ImageSets/Main`), folders
for each split with images and annotations side by side, as Roboflow exports them, and one folder
with everything.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PureWindowsPath

from tintype.dataset.files import read_plain_file
from tintype.dataset.formats.report import ImportProblem
from tintype.dataset.splits import Split, split_named
from tintype.errors import DatasetError

_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff"})
_IMAGE_FOLDERS = ("JPEGImages", "images", "Images", ".")
_MAX_LIST_BYTES = 20_000_000


@dataclass(frozen=True, slots=True)
class Item:
    """An annotation and the split it belongs to."""

    annotation: Path
    images: Mapping[str, Path]
    """The images that may be meant, by name and by stem, in lower case."""
    split: Split | None = None
    """None where the source does not say."""

    def image(self, filename: str) -> Path | None:
        """The annotation's image: of the same name, else of the name that it gives."""
        stem = self.annotation.stem.lower()
        named = PureWindowsPath(filename).name.lower()
        return (
            self.images.get(stem)
            or self.images.get(named)
            or self.images.get(named.rsplit(".", 1)[0])
        )


def find_items(folder: Path) -> tuple[tuple[Item, ...], tuple[ImportProblem, ...]]:
    """Every annotation of a dataset, in order of name, and what is wrong with its lists.

    Raises:
        DatasetError: if there are none, or the folder cannot be read.
    """
    try:
        items = _items(folder)
        if not items:
            raise DatasetError(
                f"{folder} holds no Pascal VOC annotations.",
                advice="Name the folder that holds `Annotations` and `JPEGImages`.",
                path=folder,
            )
        lists = folder / "ImageSets" / "Main"
        return _listed(items, lists) if lists.is_dir() else (items, ())
    except OSError as error:
        raise DatasetError(f"{folder} cannot be read: {error.strerror}.", path=folder) from error


def _items(folder: Path) -> tuple[Item, ...]:
    annotations = folder / "Annotations"
    if annotations.is_dir():
        images = _images(folder / name for name in _IMAGE_FOLDERS)
        return tuple(Item(path, images) for path in _xml(annotations))
    items: list[Item] = []
    for inner in sorted(folder.iterdir()):
        split = split_named(inner.name)
        if split is not None and inner.is_dir():
            images = _images([inner, inner / "images"])
            items += [Item(path, images, split) for path in _xml(inner)]
    if items:
        return tuple(items)
    images = _images([folder])
    return tuple(Item(path, images) for path in _xml(folder))


def _xml(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix.lower() == ".xml")


def _images(folders: Iterable[Path]) -> Mapping[str, Path]:
    found: dict[str, Path] = {}
    for folder in folders:
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if path.suffix.lower() in _SUFFIXES:
                found.setdefault(path.name.lower(), path)
                found.setdefault(path.stem.lower(), path)
    return found


def _listed(
    items: tuple[Item, ...], folder: Path
) -> tuple[tuple[Item, ...], tuple[ImportProblem, ...]]:
    """The items with the splits that the lists give them."""
    problems: list[ImportProblem] = []
    splits: dict[str, Split] = {}
    known = {item.annotation.stem for item in items}
    for path, split in _lists(folder):
        file = f"ImageSets/Main/{path.name}"
        for line, name in enumerate(_names(path), 1):
            if name and name not in known:
                problems.append(
                    ImportProblem(file, line, f"There is no annotation {name}.", "left out")
                )
            elif name and splits.setdefault(name, split) != split:
                message = f"{name} is in {splits[name]} already."
                problems.append(ImportProblem(file, line, message, f"kept in {splits[name]}"))
    if not splits:
        return items, tuple(problems)
    for item in items:
        if item.annotation.stem not in splits:
            file = f"Annotations/{item.annotation.name}"
            problems.append(ImportProblem(file, 0, "It is in none of the splits.", "left out"))
    return tuple(
        replace(item, split=splits[item.annotation.stem])
        for item in items
        if item.annotation.stem in splits
    ), tuple(problems)


def _lists(folder: Path) -> list[tuple[Path, Split]]:
    """The lists to be read. `trainval` only repeats what `train` and `val` say, where they are."""
    found: dict[Split, Path] = {}
    for path in sorted(folder.glob("*.txt")):
        split = split_named(path.stem)
        if split is not None:
            found.setdefault(split, path)
    union = folder / "trainval.txt"
    if "train" not in found and union.exists():
        found["train"] = union
    order: tuple[Split, ...] = ("test", "valid", "train")
    return [(found[split], split) for split in order if split in found]


def _names(path: Path) -> list[str]:
    """The first word of every line; a number may follow it."""
    text = read_plain_file(path, max_bytes=_MAX_LIST_BYTES).decode("utf-8-sig", "replace")
    return [line.split()[0] if line.split() else "" for line in text.splitlines()]
