"""What people write down of their images by hand: JSON by image, captions in text files.

JSON with an object for each image (a list, lines, or one object whose keys are names of images) and
captions, labels, questions or boxes in it; `captions.txt` with an image and a caption on each line
(Flickr8k); a text or JSON file beside each image, of the same name.
"""

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from tintype.dataset.formats.columns import ColumnRows
from tintype.dataset.formats.contract import (
    Captions,
    Detection,
    FilesFormat,
    ImageSource,
    ImportOptions,
    Item,
)
from tintype.dataset.formats.images import ImageFinder, image_data
from tintype.dataset.formats.json_files import (
    box_sides,
    first_value,
    head_text,
    numbers,
    read_json,
)
from tintype.dataset.formats.report import ImportLog
from tintype.dataset.formats.rows import json_rows
from tintype.dataset.formats.shapes import Named
from tintype.dataset.formats.sources import IMAGE_SUFFIXES, Files, SourceFile
from tintype.dataset.formats.table_text import table_text
from tintype.errors import DatasetError

_NAMES = ("image", "file_name", "filename", "image_path", "image_file", "img", "path", "file")
_SAYS = ("caption", "captions", "text", "description", "label", "labels", "class", "category")
_BOXES = ("boxes", "bboxes", "bbox")
_OBJECTS = ("annotations", "objects", "regions", "detections", *_BOXES)
_CLASSES = ("labels", "categories", "classes", "names", "label")
_IS_IMAGE = "|".join(sorted(suffix[1:] for suffix in IMAGE_SUFFIXES))
_KEYED = re.compile(rf'\{{\s*"([^"\\]{{1,300}}\.(?:{_IS_IMAGE}))"\s*:\s*', re.I)
_LINE = re.compile(
    rf"(?P<image>[^\t,|]{{1,300}}\.(?:{_IS_IMAGE}))(?:#\d+)?\s*[\t,|]\s*(?P<said>.+)", re.I
)
_PROBED = 60
_HEAD = 64 * 1024


class ImageJson(FilesFormat):
    """JSON that says something of each image."""

    name = "imagejson"
    title = "JSON by image (captions, labels or boxes)"
    about = "JSON with an object for each image: captions, a label, questions, or boxes."

    def recognise(self, files: Files) -> Detection | None:
        """A JSON list or lines of objects that name an image, or an object by names of images."""
        found = _json_files(files)
        return Detection(f"JSON by image ({found[0].name})", "possible") if found else None

    def items(self, files: Files, options: ImportOptions, log: ImportLog) -> Iterator[Item]:
        """Yield every image of which something is said.

        Raises:
            DatasetError: if a file cannot be read, or is no JSON.
        """
        finder = ImageFinder(files, log, options.images)
        for file in _json_files(files):
            before = log.total
            rows = list(_rows(file, log))
            log.total = before + 2 * len(rows)
            reader = ColumnRows(_finding(finder, file), options, log)
            _decide(reader, [row for _, row in rows], finder, file)
            for at, row in rows:
                yield from reader.items(row, file.name, at, file.split)


class CaptionLines(FilesFormat):
    """Captions in one text file, an image and what is said of it on each line."""

    name = "captions"
    title = "captions.txt (Flickr8k)"
    about = "A text file with an image and a caption on each line."

    def recognise(self, files: Files) -> Detection | None:
        """A text file whose lines begin with the name of an image."""
        found = _caption_files(files)
        return Detection(f"captions by line ({found[0].name})", "likely") if found else None

    def items(self, files: Files, options: ImportOptions, log: ImportLog) -> Iterator[Item]:
        """Yield every image with all its captions."""
        named = Named(files, options, log)
        for file in _caption_files(files):
            captions: dict[str, list[str]] = {}
            for number, line in enumerate(table_text(file).splitlines(), 1):
                found = _LINE.fullmatch(line.strip())
                if found:
                    captions.setdefault(found["image"].strip(), []).append(_unquoted(found["said"]))
                elif line.strip() and number > 1:
                    log.lose(file.name, number, "The line is not an image and a caption.")
            for image, said in captions.items():
                if item := named.item(image, Captions(tuple(said)), file):
                    yield item


class TextBeside(FilesFormat):
    """A text beside each image."""

    name = "pairs"
    title = "images with a text file each"
    about = "What the .txt (or .json) file of the same name says becomes the answer."

    def recognise(self, files: Files) -> Detection | None:
        """A folder in which at least half of the images have a text beside them."""
        pairs = [] if files.given else list(itertools.islice(_pairs(files), 200))
        if not pairs or 2 * len(pairs) < min(200, len(files.images)):
            return None
        texts = [file for _, file in pairs[:5] if file.suffix == ".txt"]
        if not all(_is_prose(file) for file in texts):
            return None
        return Detection(f"images with a text each ({pairs[0][1].name} …)", "possible")

    def items(self, files: Files, options: ImportOptions, log: ImportLog) -> Iterator[Item]:
        """Yield every image that has a text."""
        reader = ColumnRows(lambda cell, _: [cell.image], options, log)
        with_text: set[str] = set()
        for image, file in _pairs(files):
            with_text.add(image.name)
            if file.suffix == ".json":
                said = read_json(file)
                row = {**said, "image": image} if isinstance(said, dict) else {"image": image}
                yield from reader.items(row, file.name, 1, image.split)
                continue
            text = table_text(file).strip()
            if text:
                yield Item(Captions((text,)), (image.image,), file.name, 1, image.split)
            else:
                log.lose(file.name, 1, "The text is empty.")
        for image in files.images:
            if image.name not in with_text:
                words = "images have no text beside them: not labelled; left out."
                log.note("unlabelled", words, image.name)


FORMATS = (ImageJson(), CaptionLines(), TextBeside())


def _json_files(files: Files) -> list[SourceFile]:
    found = files.named(".json", ".jsonl", ".ndjson", ".jsonlines", deep=2)[:200]
    return [file for file in found if _is_by_image(file)]


def _is_by_image(file: SourceFile) -> bool:
    text = head_text(file)
    if _KEYED.match(text):
        return True
    row = first_value(text)
    return isinstance(row, dict) and _says_something(row)


def _says_something(row: Mapping[str, Any]) -> bool:
    lower = {str(key).casefold(): value for key, value in row.items()}
    named = any(isinstance(lower.get(name), str) and lower[name] for name in _NAMES)
    boxed = any(_is_boxes(lower.get(name)) for name in _OBJECTS)
    return named and (boxed or any(isinstance(lower.get(name), str | list) for name in _SAYS))


def _is_boxes(value: Any) -> bool:
    first = value[0] if isinstance(value, list) and value else None
    if isinstance(first, dict):
        return any(name in first for name in _BOXES) or box_sides(first) is not None
    return numbers(first) is not None


def _rows(file: SourceFile, log: ImportLog) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """A row of columns for each image, with its line, or which it is."""
    keyed = _KEYED.match(head_text(file)) is not None
    whole = keyed and file.suffix == ".json"
    for at, value in [(0, read_json(file))] if whole else json_rows(file, log):
        if not isinstance(value, dict):
            log.lose(file.name, at, "This is not a JSON object.")
            continue
        rows = _by_image(value) if keyed else [value]
        yield from ((at or number, _row(row)) for number, row in enumerate(rows, 1))


def _by_image(value: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for name, said in value.items():
        yield from ({"image": name, **each} for each in _said(said))


def _said(value: Any) -> list[Mapping[str, Any]]:
    """What an object by images says of one of them."""
    if isinstance(value, dict):
        return [value]
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [{"objects": value}] if _is_boxes(value) else value
    if isinstance(value, list):
        return [{"caption": [str(each) for each in value if each is not None]}]
    text = "" if value is None else str(value).strip()
    return [{"caption" if " " in text else "label": text} if text else {}]


def _row(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """A row whose boxes stand in `objects`, with `bbox` and `category`."""
    lower = {str(key).casefold(): key for key in row}
    key = next(
        (lower[name] for name in _OBJECTS if name in lower and _is_boxes(row[lower[name]])), ""
    )
    if not key:
        return row
    boxes: list[Any] = row[key]
    kept = {name: value for name, value in row.items() if name != key}
    if not isinstance(boxes[0], dict):
        names: Any = next((row[lower[name]] for name in _CLASSES if name in lower), [])
        every = names if isinstance(names, list) else [names] * len(boxes)
        return {**kept, "objects": {"bbox": boxes, "category": every}}
    return {**kept, "objects": [_boxed(box) for box in boxes if isinstance(box, dict)]}


def _boxed(box: Mapping[str, Any]) -> Mapping[str, Any]:
    lower = {str(key).casefold(): key for key in box}
    if any(name in lower for name in _BOXES):
        return box
    return {**box, "bbox": {str(key).casefold(): box[key] for key in box}}


def _finding(finder: ImageFinder, file: SourceFile) -> Any:
    def find(cell: Any, name: str) -> Sequence[ImageSource]:
        if isinstance(cell, list):
            return [image for each in cell for image in find(each, name)]
        return [finder.find(str(cell), file.folder, file.split)]

    return find


def _decide(
    reader: ColumnRows, rows: Sequence[Mapping[str, Any]], finder: ImageFinder, file: SourceFile
) -> None:
    """Find out what the numbers of boxes mean, by the sizes of the first images."""
    from tintype.images import probe

    boxes: list[tuple[Sequence[float], tuple[int, int] | None]] = []
    for row in rows[:_PROBED]:
        four = [box for box in reader.objects.four(row.get("objects")) if box]
        name = next((row[key] for key in row if str(key).casefold() in _NAMES), "")
        size = None
        try:
            if four and isinstance(name, str):
                source = finder.file(name, file.folder, file.split).image
                size = probe(image_data(source), verify=False).upright_size
        except DatasetError:
            pass  # its row will be left out
        boxes += [(box, size) for box in four]
    if boxes:
        reader.objects.decide(boxes)


def _caption_files(files: Files) -> list[SourceFile]:
    found = files.named(".txt", ".token", ".captions", deep=2)[:100]
    return [file for file in found if _has_captions(file)]


def _has_captions(file: SourceFile) -> bool:
    lines = file.head(_HEAD).decode("utf-8-sig", "replace").splitlines()[:6]
    lines = [line.strip() for line in lines if line.strip()]
    if len(lines) > 1 and not _LINE.fullmatch(lines[0]):
        del lines[0]  # a header
    found = [_LINE.fullmatch(line) for line in lines[:4]]
    return bool(found) and all(one and re.search(r"[^\W\d_]{2}", one["said"]) for one in found)


def _unquoted(text: str) -> str:
    text = text.strip()
    quoted = len(text) > 1 and text[0] == text[-1] == '"'
    return text[1:-1].replace('""', '"') if quoted else text


def _pairs(files: Files) -> Iterator[tuple[SourceFile, SourceFile]]:
    """Each image that has a text or a JSON object beside it, with that."""
    for image in files.images:
        stem = str(PurePosixPath(image.name).with_suffix(""))
        for name in (f"{stem}.txt", f"{stem}.caption", f"{stem}.json"):
            if file := files.names.get(name):
                yield image, file
                break


def _is_prose(file: SourceFile) -> bool:
    """Whether a text is words, and no label file of numbers."""
    words = file.head(_HEAD).decode("utf-8-sig", "replace").split()
    said = [word for word in words[:40] if re.search(r"[^\W\d_]", word)]
    return 2 * len(said) > len(words[:40])
