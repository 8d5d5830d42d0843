"""Which JSON files of a source hold COCO's annotations, by their first and last bytes."""

from collections.abc import Sequence

from tintype.dataset.formats.json_files import (
    HEAD_BYTES,
    head_text,
    keys_of,
)
from tintype.dataset.formats.report import ImportLog
from tintype.dataset.formats.sources import Files, SourceFile
from tintype.errors import DatasetError

PREDICTIONS = (
    "{name} holds a model's boxes with scores (COCO results): there are neither images nor names "
    "of classes in it."
)


def annotation_files(files: Files) -> list[SourceFile]:
    """The files to be read: those with boxes, or with captions where there are no boxes."""
    found = [(file, _kind(file)) for file in files.named(".json", deep=2)[:200]]
    boxes = [file for file, kind in found if kind == "boxes"]
    instances = [file for file in boxes if file.base.startswith("instances")]
    return instances or boxes or [file for file, kind in found if kind]


def note_others(files: Files, found: Sequence[SourceFile], log: ImportLog) -> None:
    """Note the annotation files that are not read beside those that were found."""
    for file in files.named(".json", deep=2)[:200]:
        if file not in found and _kind(file):
            words = "annotation files of the same images are not read beside the others."
            log.note("other-annotations", words, file.name)


def _kind(file: SourceFile) -> str:
    """`boxes`, `captions`, or nothing, by the beginning and the end of a file."""
    text = head_text(file)
    if not text.startswith("{"):
        return ""
    keys = keys_of(text)
    if file.size_bytes > HEAD_BYTES and not {"images", "annotations", "categories"} <= keys:
        keys |= keys_of(_tail(file))
    if "images" not in keys or not {"file_name", "annotations", "categories"} & keys:
        return ""
    if "questions" in keys or not ({"annotations", "categories"} & keys):
        return ""
    return "captions" if "caption" in keys and "bbox" not in keys else "boxes"


def _tail(file: SourceFile) -> str:
    if file.files.archive:
        return ""  # it would have to be decompressed whole
    try:
        with file.open() as stream:
            stream.seek(-HEAD_BYTES, 2)
            return stream.read(HEAD_BYTES).decode("utf-8", "replace")
    except (OSError, DatasetError):
        return ""


def results_file(files: Files) -> SourceFile | None:
    """A list of a model's boxes, if there is one."""
    for file in files.named(".json", deep=1)[:20]:
        text = head_text(file, 4096)
        if text.startswith("[") and {"image_id", "category_id", "score"} <= keys_of(text):
            return file
    return None


def nothing_found(files: Files) -> DatasetError:
    """Why nothing can be read: there are a model's boxes, or nothing of COCO."""
    file = results_file(files)
    if file is not None:
        return DatasetError(
            PREDICTIONS.format(name=file.name), advice="Open the annotation file instead."
        )
    return DatasetError(f"{files.root} holds no COCO annotations.", path=files.root)
