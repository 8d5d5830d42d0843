"""Items of any format made into `train.jsonl`, `valid.jsonl` and `test.jsonl`.

Each item becomes one row: boxes the prompt `detect a ; b ; c`, which names every label of the
dataset, and PaliGemma's answer (`tintype.detection`); a question and a conversation themselves.
Splits that the source does not give are drawn by the images' content, so that rows that share an
image, under whatever name, stay together.
"""

from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tintype.dataset.formats.contract import Boxes, Chat, ImportOptions, Item
from tintype.dataset.formats.images import ImageKeeper, TakenImage, content_key
from tintype.dataset.formats.placing import BOX_ORDERS, placed
from tintype.dataset.formats.report import ImportLog, ImportProgress, ImportReport
from tintype.dataset.splits import SPLITS, Split, draw_splits
from tintype.dataset.writing import SplitWriter, chat_row, refuse_existing
from tintype.detection import Box, clean_label, detect_prompt, format_boxes
from tintype.errors import DatasetError

NOTHING_THERE = "none"
"""The answer about an image on which nothing is to be found."""


def write_items(
    items: Iterable[Item], target: Path, options: ImportOptions, log: ImportLog
) -> Generator[ImportProgress, None, None]:
    """Write items as splits; the files appear all together, just before the last report.

    Raises:
        DatasetError: if the source cannot be read, the target cannot be written, or exists.
    """
    refuse_existing([target / f"{split}.jsonl" for split in SPLITS], replace=options.replace)
    read: list[Item] = []
    for item in items:
        read.append(item)
        if log.step():
            yield log.progress()
    log.total = log.done + len(read)
    splits = yield from _drawn(read, options, log)
    with SplitWriter(target) as writer:
        making = _Rows(read, ImageKeeper(target, options.keep, writer.beside), options, log)
        for item, split in zip(read, splits, strict=True):
            row = making.row(item)
            if row is not None:
                writer.write(split, row)
            if log.step():
                yield log.progress()
        making.finish()
    yield log.progress(
        ImportReport(
            rows=sum(writer.counts.values()),
            images=len(making.keeper.used),
            splits={split: writer.counts[split] for split in writer.files},
            files=writer.files,
            labels=dict(making.labels.most_common()),
            lost=log.lost,
            negatives=making.negatives,
            problems=tuple(log.problems),
        )
    )


class _Rows:
    """Makes rows of items, one after the other."""

    def __init__(
        self, items: Sequence[Item], keeper: ImageKeeper, options: ImportOptions, log: ImportLog
    ) -> None:
        self.keeper = keeper
        self.labels: Counter[str] = Counter()
        """Boxes of each label."""
        self.negatives = 0
        self._options = options
        self._log = log
        self._prompt = options.prompt or detect_prompt(_label_names(items))

    def row(self, item: Item) -> dict[str, Any] | None:
        """The row; none if the item is left out, which is logged."""
        try:
            taken = [self.keeper.take(source) for source in item.images]
            content = item.content
            if isinstance(content, Boxes):
                return self._detection(item, content, taken)
            urls = [self.keeper.url(image) for image in taken]
        except DatasetError as error:
            self._log.lose(item.file, item.line, _said(error))
            return None
        if isinstance(content, Chat):
            return self._conversation(content, urls)
        return chat_row(content.question, content.answer, *urls, system=self._options.system)

    def finish(self) -> None:
        """Say what happened to many images alike."""
        for reason, count in self.keeper.changed.items():
            images = "1 image" if count == 1 else f"{count:,} images"
            message = f"{images}: {reason}, which providers skip."
            self._log.add("", 0, message, "converted to RGB JPEG")
        if self.negatives and not self._options.keep_empty:
            images = "1 image has" if self.negatives == 1 else f"{self.negatives:,} images have"
            message = f"{images} no boxes (--keep-empty keeps such rows)."
            self._log.add("", 0, message, "left out")

    def _detection(
        self, item: Item, content: Boxes, taken: Sequence[TakenImage]
    ) -> dict[str, Any] | None:
        if not content.regions and not content.lost:
            self.negatives += 1
            if not self._options.keep_empty:
                return None
            return self._asked(NOTHING_THERE, taken)
        boxes, problems = self._place(item, content, taken)
        self._log.problems.extend(problem for problem in problems if problem.done != "left out")
        whole = next((problem for problem in problems if problem.done == "left out"), None)
        if not boxes:
            message = whole.message if whole else "No box is left to learn."
            self._log.lose(item.file, whole.line if whole else item.line, message)
            return None
        ordered = BOX_ORDERS[self._options.order](boxes)
        row = self._asked(format_boxes(ordered), taken)
        self.labels.update(box.label for box in ordered)
        return row

    def _place(
        self, item: Item, content: Boxes, taken: Sequence[TakenImage]
    ) -> tuple[tuple[Box, ...], tuple[Any, ...]]:
        if len(taken) != 1:
            raise DatasetError(f"Boxes need one image, and there are {len(taken)}.")
        if not taken[0].facts.width and not content.fractions and content.size is None:
            raise DatasetError("The size of an image on the web is unknown.")
        return placed(content, taken[0].facts, item.file)

    def _asked(self, answer: str, taken: Sequence[TakenImage]) -> dict[str, Any]:
        urls = [self.keeper.url(image) for image in taken]
        return chat_row(self._prompt, answer, *urls, system=self._options.system)

    def _conversation(self, content: Chat, urls: Sequence[str]) -> dict[str, Any]:
        left = iter(urls)
        messages = [_with_urls(message, left) for message in content.messages]
        system = self._options.system
        if system and not any(message.get("role") == "system" for message in messages):
            messages.insert(0, {"role": "system", "content": system})
        return {"messages": messages, **content.beside}


def _with_urls(message: Mapping[str, Any], urls: Iterator[str]) -> dict[str, Any]:
    content = message.get("content")
    if not isinstance(content, list):
        return dict(message)
    parts = [
        {"type": "image_url", "image_url": {**part["image_url"], "url": next(urls)}}
        if isinstance(part, dict) and part.get("type") == "image_url"
        else part
        for part in content
    ]
    return {**message, "content": parts}


def _label_names(items: Iterable[Item]) -> list[str]:
    found = {
        clean_label(region.label)
        for item in items
        if isinstance(item.content, Boxes)
        for region in item.content.regions
    }
    return sorted(label for label in found if label)


def _drawn(
    items: Sequence[Item], options: ImportOptions, log: ImportLog
) -> Generator[ImportProgress, None, list[Split]]:
    """The split of every item: the source's, or one drawn by the content of its images."""
    groups = _Groups()
    keys: list[str] = []
    for at, item in enumerate(items):
        if item.split is not None:
            keys.append("")
            continue
        shown = [_key(source) for source in item.images] or [f"row {at}"]
        for other in shown[1:]:
            groups.join(shown[0], other)
        keys.append(shown[0])
        if log.due:
            yield log.progress()
    named = [groups.name(key) if key else "" for key in keys]
    drawn = draw_splits(
        (name for name in named if name),
        seed=options.seed,
        valid_share=options.valid_share,
        test_share=options.test_share,
    )
    return [item.split or drawn[name] for item, name in zip(items, named, strict=True)]


def _key(source: Any) -> str:
    try:
        return content_key(source)
    except DatasetError:  # its row will be left out
        return str(source)


class _Groups:
    """Images that occur on one row, or on rows that share another image, belong together."""

    def __init__(self) -> None:
        self._parents: dict[str, str] = {}

    def name(self, key: str) -> str:
        """The name of a key's group."""
        while (parent := self._parents.get(key, key)) != key:
            key = parent
        return key

    def join(self, one: str, other: str) -> None:
        """Make one group of two."""
        first, second = sorted((self.name(one), self.name(other)))
        self._parents[second] = first


def _said(error: DatasetError) -> str:
    return error.message if not error.advice else str(error)
