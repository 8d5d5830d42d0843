"""Pascal VOC made into chat rows that ask for boxes and answer with them.

Each image becomes a row: the prompt `detect a ; b ; c` names every label of the dataset, the
answer is PaliGemma's (`tintype.detection`). What is wrong with an annotation is reported with its
file and line, and with what became of it; nothing is dropped in silence.
"""

import math
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tintype.dataset.files import read_plain_file
from tintype.dataset.formats.images import ImageKeeper
from tintype.dataset.formats.report import (
    ImportLog,
    ImportProblem,
    ImportProgress,
    ImportReport,
    Keep,
)
from tintype.dataset.formats.voc_layout import Item, find_items
from tintype.dataset.formats.voc_xml import MAX_XML_BYTES, Annotation, VocObject, read_annotation
from tintype.dataset.splits import SPLITS, Split, draw_splits
from tintype.dataset.writing import SplitWriter, chat_row, refuse_existing
from tintype.detection import Box, clean_label, detect_prompt, format_boxes, reading_order
from tintype.errors import DatasetError
from tintype.images.facts import ImageFacts
from tintype.threads import stepwise

BOXES_ORDER: Mapping[str, Callable[[Sequence[Box]], Sequence[Box]]] = {
    "reading": reading_order,
    "label": lambda boxes: sorted(reading_order(boxes), key=lambda box: box.label),
    "file": tuple,
}


@dataclass(frozen=True, slots=True)
class VocOptions:
    """How to import."""

    keep: Keep = "embed"
    system: str = ""
    """The system prompt; none if empty."""
    order: str = "reading"
    """Of the boxes: `reading`, `label`, or `file` as they are annotated."""
    seed: int = 0
    """Where the source has no splits: how they are drawn."""
    valid_share: float = 0.1
    test_share: float = 0.1
    replace: bool = False
    """Whether files that exist may be overwritten."""


def import_voc(
    folder: Path, target: Path, options: VocOptions | None = None
) -> AsyncGenerator[ImportProgress, None]:
    """Write a Pascal VOC dataset as `train.jsonl`, `valid.jsonl` and `test.jsonl` into `target`.

    The last report holds the result; the files appear all together, just before it.

    Raises:
        DatasetError: if the source cannot be read, the target cannot be written, or exists.
    """
    return stepwise(_import(folder, target, options or VocOptions()))


def convert(
    annotation: Annotation, facts: ImageFacts, file: str
) -> tuple[tuple[Box, ...], tuple[ImportProblem, ...]]:
    """The boxes of an annotation, as fractions of its upright image, and what was wrong.

    Edges are taken as continuous, from 0 to the image's width and height. Boxes that reach
    beyond the image are clamped, those with reversed corners turned, empty ones and those without
    numbers or a name dropped.
    """
    size, problems = _size(annotation, facts, file)
    if size is None:
        return (), tuple(problems)
    found = [_box(item, size, file) for item in annotation.objects]
    boxes = tuple(box for box, _ in found if box is not None)
    return boxes, (*problems, *(problem for _, wrong in found for problem in wrong))


def _size(
    annotation: Annotation, facts: ImageFacts, file: str
) -> tuple[tuple[int, int] | None, list[ImportProblem]]:
    """The size that the sides are measured in; none if that cannot be told."""
    real = (facts.width, facts.height)
    if facts.orientation >= 5:
        real = (facts.height, facts.width)
    said = (annotation.width, annotation.height)
    if said == real:
        return real, []
    if not all(said):
        message = "It does not say the image's size."
        return real, [ImportProblem(file, 0, message, f"{real[0]}×{real[1]} taken, its real size")]
    message = f"It says {said[0]}×{said[1]}, but the image has {real[0]}×{real[1]}."
    if abs(said[0] * real[1] / (said[1] * real[0]) - 1) < 0.02:
        return said, [ImportProblem(file, 0, message, "boxes scaled to the image")]
    return None, [ImportProblem(file, 0, message, "left out")]


def _box(
    item: VocObject, size: tuple[int, int], file: str
) -> tuple[Box | None, list[ImportProblem]]:
    problems: list[ImportProblem] = []

    def report(message: str, done: str) -> None:
        name = item.label or "an object without a name"
        problems.append(ImportProblem(file, item.line, f"{name}: {message}", done))

    label = clean_label(item.label)
    sides = _numbers(item.sides)
    if not label or sides is None:
        report("it has no name." if not label else "a side is missing or no number.", "dropped")
        return None, problems
    y_min, x_min, y_max, x_max = sides
    width, height = size
    if y_min > y_max or x_min > x_max:
        report("the corners are reversed.", "swapped")
        y_min, y_max = sorted((y_min, y_max))
        x_min, x_max = sorted((x_min, x_max))
    if y_min == y_max or x_min == x_max:
        report(f"the box is empty ({_corners(item)}).", "dropped")
        return None, problems
    inside = max(y_min, 0.0), max(x_min, 0.0), min(y_max, float(height)), min(x_max, float(width))
    if inside[0] >= inside[2] or inside[1] >= inside[3]:
        report(f"the box lies outside the image ({_corners(item)}).", "dropped")
        return None, problems
    if inside != (y_min, x_min, y_max, x_max):
        report(f"the box reaches beyond the image ({_corners(item)}).", "clamped")
    top, left, bottom, right = inside
    return Box(label, top / height, left / width, bottom / height, right / width), problems


def _numbers(sides: Sequence[str]) -> tuple[float, float, float, float] | None:
    try:
        y_min, x_min, y_max, x_max = (float(side[:40]) for side in sides)
    except ValueError:
        return None
    numbers = (y_min, x_min, y_max, x_max)
    return numbers if all(math.isfinite(number) for number in numbers) else None


def _corners(item: VocObject) -> str:
    y_min, x_min, y_max, x_max = (side[:12] for side in item.sides)
    return f"x {x_min}…{x_max}, y {y_min}…{y_max}"


def _import(
    folder: Path, target: Path, options: VocOptions
) -> Generator[ImportProgress, None, None]:
    refuse_existing([target / f"{split}.jsonl" for split in SPLITS], replace=options.replace)
    items, problems = find_items(folder)
    log = ImportLog(total=2 * len(items))
    log.problems.extend(problems)
    read: list[tuple[Item, Annotation]] = []
    for item in items:
        annotation = _read(item, folder, log)
        if annotation is not None:
            read.append((item, annotation))
        if log.step():
            yield log.progress()
    prompt = detect_prompt(_labels(annotation for _, annotation in read))
    drawn = _draw([item for item, _ in read], options)
    counts: Counter[str] = Counter()
    log.total = len(items) + len(read)
    keeper = ImageKeeper(target, options.keep)
    with SplitWriter(target) as writer:
        for item, annotation in read:
            row = _row(item, annotation, keeper, log, folder, options)
            if row is not None:
                url, boxes = row
                counts.update(box.label for box in boxes)
                chat = chat_row(prompt, format_boxes(boxes), url, system=options.system)
                writer.write(item.split or drawn[item.annotation.stem], chat)
            if log.step():
                yield log.progress()
    yield log.progress(
        ImportReport(
            rows=sum(writer.counts.values()),
            images=len(keeper.digests),
            splits={split: writer.counts[split] for split in writer.files},
            files=writer.files,
            labels=dict(counts.most_common()),
            problems=tuple(log.problems),
        )
    )


def _read(item: Item, folder: Path, log: ImportLog) -> Annotation | None:
    try:
        return read_annotation(read_plain_file(item.annotation, max_bytes=MAX_XML_BYTES))
    except DatasetError as error:
        log.add(_name(item.annotation, folder), error.line or 0, error.message, "left out")
        return None


def _row(
    item: Item,
    annotation: Annotation,
    keeper: ImageKeeper,
    log: ImportLog,
    folder: Path,
    options: VocOptions,
) -> tuple[str, Sequence[Box]] | None:
    """The image's URL and its boxes in order; none if there is nothing to learn from it."""
    file = _name(item.annotation, folder)
    path = item.image(annotation.filename)
    if path is None:
        log.add(
            file,
            0,
            f"There is no image {annotation.filename or item.annotation.stem}.",
            "left out",
        )
        return None
    try:
        url, facts = keeper.take(path)
    except DatasetError as error:
        log.add(_name(path, folder), 0, error.message, "left out")
        return None
    boxes, problems = convert(annotation, facts, file)
    log.problems.extend(problems)
    if boxes:
        return url, BOXES_ORDER[options.order](boxes)
    if not any(problem.done == "left out" for problem in problems):
        log.add(file, 0, "No box is left to be learnt.", "left out")
    return None


def _labels(annotations: Iterable[Annotation]) -> list[str]:
    found = {clean_label(item.label) for annotation in annotations for item in annotation.objects}
    return sorted(label for label in found if label)


def _draw(items: Sequence[Item], options: VocOptions) -> dict[str, Split]:
    """A split for each annotation that the source gives none."""
    return draw_splits(
        (item.annotation.stem for item in items if item.split is None),
        seed=options.seed,
        valid_share=options.valid_share,
        test_share=options.test_share,
    )


def _name(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name
