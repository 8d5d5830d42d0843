"""JSON of questions about images: easy-VQA, VQAv2 and its kin, and lists of questions in an object.

VQAv2 and OK-VQA keep questions and answers in two files that are joined by `question_id`; DocVQA,
TextVQA, ST-VQA and CLEVR have a list in an object, GQA an object of questions, A-OKVQA and VizWiz a
list. Images are named, or found by their id. Sources: visualqa.org/vqa_v1_download,
docvqa.org, textvqa.org, github.com/vzhou842/easy-VQA.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tintype.dataset.formats.columns import IMAGES, ColumnRows, id_names
from tintype.dataset.formats.contract import (
    Detection,
    FilesFormat,
    ImageSource,
    ImportOptions,
    Item,
)
from tintype.dataset.formats.images import ImageFinder, nearest
from tintype.dataset.formats.json_files import (
    head_text,
    keys_of,
    listed,
    read_json,
    same_id,
)
from tintype.dataset.formats.report import ImportLog
from tintype.dataset.formats.sources import Files, SourceFile
from tintype.dataset.splits import Split, split_named
from tintype.errors import DatasetError

_LISTS = ("data", "questions", "annotations", "examples", "samples")
_PAIR = 3
_SEVERAL = re.compile(r'"answer"\s*:\s*\[')
_IDS = ("image_id", "imageid", "id")


class Vqa(FilesFormat):
    """Questions about images in JSON."""

    name = "vqa"
    title = "VQA JSON (easy-VQA, VQAv2, OK-VQA, DocVQA, TextVQA, GQA)"
    about = "Questions and answers in JSON; each becomes a row with its image."

    def recognise(self, files: Files) -> Detection | None:
        """A JSON list of question, answer and image, or objects with questions."""
        found = _files(files)
        if not found:
            return None
        return Detection(f"questions about images ({', '.join(file.name for file in found[:3])})")

    def items(self, files: Files, options: ImportOptions, log: ImportLog) -> Iterator[Item]:
        """Yield every question that has an answer and an image."""
        finder = ImageFinder(files, log, options.images)
        values = [(file, read_json(file)) for file in _files(files)]
        joined = {file.name: _by_question(value) for file, value in values}
        answers = {key: each for by_id in joined.values() for key, each in by_id.items()}
        for file, value in values:
            split = _split(value) or file.split

            def find(
                cell: Any, name: str, file: SourceFile = file, split: Split | None = split
            ) -> Sequence[ImageSource]:
                return [_image(cell, name, finder, files, file, split).image]

            columns = ColumnRows(find, options, log)
            rows = list(_rows(value, answers, log))
            log.total += 2 * len(rows)
            for at, row in enumerate(rows, 1):
                own = split_named(str(row.get("split", row.get("set_name", "")))) or split
                yield from columns.items(row, file.name, at, own)


FORMAT = Vqa()


def _files(files: Files) -> list[SourceFile]:
    found = [files.given] if files.given and files.given.suffix == ".json" else []
    if files.given and not (found and _kind(found[0])):
        return []
    kinds = {file: _kind(file) for file in (found or files.named(".json", deep=2)[:100])}
    if found and kinds[found[0]] in ("questions", "answers"):
        others = [file for file in files.names.values() if file.suffix == ".json"][:100]
        kinds.update({file: _kind(file) for file in others if file.split == found[0].split})
        return [file for file, kind in kinds.items() if kind in ("questions", "answers")]
    return [file for file, kind in kinds.items() if kind]


def _kind(file: SourceFile) -> str:
    """`triples`, `questions`, `answers`, `rows`, or nothing, by the beginning of a file."""
    text = head_text(file, 64 * 1024)
    keys = keys_of(text)
    if text.startswith("["):
        inner = text[1:400].lstrip()
        if inner.startswith('["') or inner.startswith("[\n"):
            return "triples"
        ours = {"image_id", "imageId", "answers", "direct_answers"} & keys or _SEVERAL.search(text)
        asked = "question" in keys and ours
        return "rows" if asked and not {"conversations", "messages"} & keys else ""
    if not text.startswith("{") or {"categories", "bbox", "features", "_data_files"} & keys:
        return ""
    if "questions" in keys and "question_id" in keys:
        return "questions"
    if (
        "question_id" in keys
        and {"answers", "multiple_choice_answer"} & keys
        and "question" not in keys
    ):
        return "answers"
    named = {*IMAGES, "imageId"} & keys
    return "rows" if "question" in keys and named and not {"messages", "prefix"} & keys else ""


def _by_question(value: Any) -> dict[str, Mapping[str, Any]]:
    """The answers of a file by the ids of their questions."""
    return {
        same_id(each["question_id"]): each
        for each in listed(value, "annotations")
        if "question_id" in each and "question" not in each
    }


def _rows(
    value: Any, answers: Mapping[str, Mapping[str, Any]], log: ImportLog
) -> Iterator[Mapping[str, Any]]:
    """Each question with its answers, as a row of columns."""
    if isinstance(value, list):
        for each in _flat(value):
            row = _triple(each)
            if row is not None:
                yield row
        return
    key = next((key for key in _LISTS if listed(value, key)), "")
    entries: Any = listed(value, key) if key else []
    if not key and isinstance(value, dict):
        entries = [each for each in value.values() if isinstance(each, dict)]
    for each in _flat(entries):
        if "question" in each:
            own = answers.get(same_id(each.get("question_id", "")), {})
            yield {**own, **each} if own else each


def _flat(entries: Sequence[Any]) -> Iterator[Any]:
    """Entries, those with several questions (`qas`, as Visual Genome's) taken apart."""
    for each in entries:
        inner = listed(each, "qas")
        if inner:
            yield from ({"image_id": each.get("id"), **each, **one} for one in inner)
        else:
            yield each


def _triple(each: Any) -> Mapping[str, Any] | None:
    """A row of easy-VQA, or one of columns."""
    if isinstance(each, dict):
        return each
    if isinstance(each, list) and len(each) >= _PAIR:
        return {"question": each[0], "answer": each[1], "image_id": each[2]}
    return None


def _split(value: Any) -> Split | None:
    said = (
        value.get("dataset_split") or value.get("data_subtype") if isinstance(value, dict) else ""
    )
    return split_named(str(said or "").rstrip("0123456789"))


def _image(
    cell: Any, name: str, finder: ImageFinder, files: Files, file: SourceFile, split: Split | None
) -> SourceFile:
    """The image of a question: by its name, else by its id."""
    text = same_id(cell)
    if name not in _IDS and "." in text:
        return finder.file(text, file.folder, split)
    before = "COCO_" if text.isdigit() else ""
    for trial in id_names(cell):
        stems = files.stems(trial)
        if before and not stems:
            stems = [image for image in files.images if image.stem.endswith(f"_{trial.zfill(12)}")]
        near = nearest(stems, file.folder, split)
        if len(near) == 1:
            return near[0]
        if near:
            names = ", ".join(image.name for image in near[:3])
            raise DatasetError(f"image {text} may be {names}.")
    return finder.file(text, file.folder, split)
