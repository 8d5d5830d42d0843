"""Chat rows written in another format: the splits of a dataset together, with what lies over them.

Each row is given to the format with its images' bytes and, where its answer holds boxes, with the
boxes, whichever convention the dataset writes them in.
"""

from collections.abc import AsyncGenerator, Generator, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from tintype.dataset.box_sets import judge_boxes
from tintype.dataset.conversation import example
from tintype.dataset.file_set import FileSet
from tintype.dataset.files import image_bytes
from tintype.dataset.formats.chat_rows import NOTHING_THERE
from tintype.dataset.formats.contract import WrittenRow
from tintype.dataset.formats.registry import each_item, format_named, plugin_of
from tintype.dataset.formats.report import ImportLog, ImportProgress, ImportReport
from tintype.dataset.handle import Dataset
from tintype.dataset.nowhere import Nowhere
from tintype.dataset.opened import open_dataset
from tintype.dataset.parsing import ParsedLine
from tintype.dataset.places import origin
from tintype.dataset.splits import Split, siblings, split_of
from tintype.dataset.writing import refuse_existing, require_room
from tintype.detection import Box, Convention
from tintype.errors import DatasetError
from tintype.threads import in_thread, stepwise


@dataclass(frozen=True, slots=True)
class _Source:
    split: Split
    dataset: Dataset
    convention: Convention | None
    """How its boxes are written; none if it holds no boxes."""


async def export_dataset(
    source: Path,
    target: Path,
    format: str,
    *,
    alone: bool = False,
    replace: bool = False,
    dry_run: bool = False,
) -> AsyncGenerator[ImportProgress, None]:
    """Write a dataset of chat rows in another format; what that cannot carry is reported.

    The files appear all together, just before the last report, which counts rows and losses.

    Args:
        source: One of the dataset's files.
        target: The folder to write into.
        format: The name of the format.
        alone: Whether only this file is written, and not the other splits beside it.
        replace: Whether what is there may be overwritten.
        dry_run: Whether nothing is written: the reports say what would be lost.

    Raises:
        DatasetError: if the format cannot be written, a source cannot be read, or the target
            cannot be written or exists.
        PluginError: if a format from outside fails, with its file and line.
    """
    chosen = format_named(format)
    if not hasattr(chosen, "write"):
        raise DatasetError(f"{chosen.title} is not written by Tintype.")
    if not dry_run:
        await in_thread(refuse_existing, [target], replace=replace)
    paths = await in_thread(_paths, source, alone)
    async with AsyncExitStack() as stack:
        sources = []
        for split, path in paths.items():
            dataset = await stack.enter_async_context(open_dataset(path))
            async for _ in dataset.index():
                pass
            if not dry_run:
                await in_thread(require_room, target, dataset.size_bytes * 3 // 4)
            verdict = await judge_boxes(dataset)
            sources.append(_Source(split, dataset, verdict.convention if verdict else None))
        async for step in stepwise(_export(sources, target, format, dry_run)):
            yield step


def _paths(source: Path, alone: bool) -> Mapping[Split, Path]:
    return {split_of(source) or "train": source} if alone else siblings(source).named()


def _export(
    sources: list[_Source], target: Path, name: str, dry_run: bool
) -> Generator[ImportProgress, None, None]:
    chosen = format_named(name)
    log = ImportLog(sum(source.dataset.count for source in sources))
    with Nowhere() if dry_run else FileSet() as files:
        writing = chosen.write(_written_rows(sources, log), target, files, log)  # type: ignore[attr-defined]
        for _ in each_item(writing, plugin_of(chosen), f"writing {target.name}"):
            if log.step():
                yield log.progress()
    rows = log.done - log.lost
    report = ImportReport(
        rows=rows, lost=log.lost, problems=tuple(log.problems), notices=log.notices
    )
    yield log.progress(report)


def _written_rows(sources: list[_Source], log: ImportLog) -> Iterator[WrittenRow]:
    for source in sources:
        for index in range(source.dataset.count):
            line = source.dataset.line_at(index)
            try:
                yield _written(line, source)
            except DatasetError as error:
                log.done += 1
                log.lose(source.dataset.path.name, line.row.line, error.message)


def _written(line: ParsedLine, source: _Source) -> WrittenRow:
    if line.row.flaw:
        raise DatasetError(line.row.flaw)
    folder = source.dataset.folder
    images = tuple(url if origin(url) == "url" else image_bytes(url, folder) for url in line.urls())
    shown = example(line.row)
    boxes = _boxes(shown.answer, images, source.convention)
    file = source.dataset.path.name
    return WrittenRow(shown, images, line.row.line, file, source.split, boxes)


def _boxes(
    answer: str, images: tuple[bytes | str, ...], convention: Convention | None
) -> tuple[Box, ...] | None:
    if convention is None:
        return None
    size = upright_size(images[0]) if images and convention.needs_size else None
    found = convention.read(answer, size)
    if found.boxes or (answer.strip() == NOTHING_THERE or answer.strip() == "[]"):
        return found.boxes
    return None


def upright_size(image: bytes | str) -> tuple[int, int] | None:
    """Return width and height of an image as it is shown, in pixels; none if not known."""
    from tintype.images import probe

    if isinstance(image, str):
        return None
    facts = probe(image, verify=False)
    if not facts.width:
        return None
    return (facts.height, facts.width) if facts.orientation >= 5 else (facts.width, facts.height)
