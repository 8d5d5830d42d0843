"""Label Studio: a JSON list of tasks, whose results are in per cent of the image.

Annotations that were cancelled and predictions of models are not used. Source:
labelstud.io/guide/export and /guide/task_format.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, unquote, urlparse

from tintype.dataset.formats.coco import note_unlisted
from tintype.dataset.formats.contract import (
    Boxes,
    Captions,
    Content,
    Detection,
    FilesFormat,
    ImportOptions,
    Item,
    Label,
    Region,
)
from tintype.dataset.formats.json_files import (
    first_value,
    head_text,
    listed,
    number,
    numbers,
    read_json,
    same_id,
)
from tintype.dataset.formats.report import ImportLog
from tintype.dataset.formats.shapes import NOT_USED, OUTLINES, Named, bounds, region, rotated
from tintype.dataset.formats.sources import Files, SourceFile

_RESULTS = ("annotations", "completions")
_LABEL_KEYS = ("rectanglelabels", "polygonlabels", "ellipselabels", "labels", "brushlabels")


class LabelStudio(FilesFormat):
    """Label Studio's JSON and JSON-MIN."""

    name = "labelstudio"
    title = "Label Studio"
    about = "Tasks in a JSON list; boxes are in per cent of the image."

    def recognise(self, files: Files) -> Detection | None:
        """A JSON list of tasks with `data` and `annotations`."""
        found = _files(files)
        return Detection(f"a Label Studio export ({found[0].name})") if found else None

    def items(self, files: Files, options: ImportOptions, log: ImportLog) -> Iterator[Item]:
        """Yield the image of every task that was annotated."""
        named = Named(files, options, log)
        for file in _files(files):
            for task in listed({"tasks": read_json(file)}, "tasks"):
                name = _image(task)
                content = _content(task, f"task {same_id(task.get('id', '?'))}", log)
                found = named.files.ending(name)
                named.used.update(image.name for image in found[:1])
                item = named.item(name, content, file) if content is not None else None
                if item is not None:
                    yield item
        note_unlisted(files, named.used, log)


FORMAT = LabelStudio()


def _files(files: Files) -> list[SourceFile]:
    return [file for file in files.named(".json", deep=2)[:100] if _is_ours(file)]


def _is_ours(file: SourceFile) -> bool:
    text = head_text(file)
    if not text.startswith("["):
        return False
    if '"rectanglelabels"' in text or '"original_width"' in text:
        return True
    first = first_value(text)
    return (
        isinstance(first, dict)
        and isinstance(first.get("data"), dict)
        and any(isinstance(first.get(key), list) for key in _RESULTS)
    )


def _image(task: Mapping[str, Any]) -> str:
    """The image of a task: the path on the server, without what stands around it."""
    data = task.get("data")
    values = data if isinstance(data, dict) else task
    texts = [text for text in values.values() if isinstance(text, str)]
    text = next(
        (values[key] for key in ("image", "img", "ocr") if isinstance(values.get(key), str)), ""
    )
    text = text or next((text for text in texts if "." in text.rpartition("/")[2]), "")
    local = parse_qs(urlparse(text).query).get("d") if "?d=" in text else None
    return local[0] if local else unquote(text)


def _content(task: Mapping[str, Any], place: str, log: ImportLog) -> Content | None:
    if task.get("predictions"):
        words = "tasks have a model's predictions: not used."
        log.note("predictions", words, place)
    results = next((listed(task, key) for key in _RESULTS if key in task), None)
    if results is None:
        short = next((value for value in task.values() if _is_short(value)), None)
        return None if short is None else _of_results([{"value": one} for one in short], place, log)
    kept = [result for result in results if not result.get("was_cancelled")]
    for _ in range(len(results) - len(kept)):
        log.note("cancelled", "annotations were cancelled: not used.", place)
    if not kept:
        log.note("unlabelled", "tasks have no annotation: not labelled; left out.", place)
        return None
    if len(kept) > 1:
        words = "tasks were annotated several times: the first annotation is taken."
        log.note("several-annotations", words, place)
    return _of_results(listed(kept[0], "result"), place, log)


def _is_short(value: Any) -> bool:
    return (
        isinstance(value, list) and bool(value) and isinstance(value[0], dict) and "x" in value[0]
    )


def _of_results(results: list[Any], place: str, log: ImportLog) -> Content:
    regions: list[Region] = []
    lost = False
    for result in results:
        value = result.get("value")
        if not isinstance(value, dict):
            continue
        if isinstance(value.get("choices"), list) and value["choices"]:
            return Label(str(value["choices"][0]))
        if isinstance(value.get("text"), list) and value["text"]:
            return Captions(tuple(map(str, value["text"])))
        sides = _sides(value, place, log)
        names = next((value[key] for key in _LABEL_KEYS if value.get(key)), [""])
        if sides is None:
            lost = True
        else:
            regions.append(region(names[0] if isinstance(names, list) else names, sides))
    return Boxes(tuple(regions), fractions=True, lost=lost)


def _sides(value: Mapping[str, Any], place: str, log: ImportLog) -> list[float] | None:
    """x_min, y_min, x_max, y_max as fractions."""
    points = value.get("points")
    if isinstance(points, list):
        pairs = [numbers(point, 2) for point in points]
        kept = [(pair[0], pair[1]) for pair in pairs if pair]
        if len(kept) > 2:
            log.note("outlines-to-boxes", OUTLINES, place)
            return [side / 100 for side in bounds(kept)]
    x, y, width, height, radius_x, radius_y = (
        number(value.get(key)) for key in ("x", "y", "width", "height", "radiusX", "radiusY")
    )
    if x is not None and y is not None and radius_x is not None and radius_y is not None:
        log.note("outlines-to-boxes", OUTLINES, place)
        return [side / 100 for side in (x - radius_x, y - radius_y, x + radius_x, y + radius_y)]
    if x is None or y is None or width is None or height is None:
        log.note("shapes-not-used", NOT_USED, place)
        return None
    turn = number(value.get("rotation")) or 0.0
    if not turn:
        return [side / 100 for side in (x, y, x + width, y + height)]
    log.note(
        "rotation-not-used", "turned boxes become their upright bounds, which are larger.", place
    )
    wide, high = (number(value.get(key)) or 1.0 for key in ("original_width", "original_height"))
    left, top, right, bottom = rotated(x * wide, y * high, width * wide, height * high, turn)
    return [left / wide / 100, top / high / 100, right / wide / 100, bottom / high / 100]
