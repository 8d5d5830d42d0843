"""WebDataset: tar files in which members of one name belong together.

`000.jpg`, `000.json` and `000.txt` are one sample: an image, columns, and a caption. What the JSON
says goes before the text. Source: github.com/webdataset/webdataset.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tintype.dataset.formats.columns import QUESTIONS, ColumnRows
from tintype.dataset.formats.contract import (
    Detection,
    FilesFormat,
    ImageSource,
    ImportOptions,
    Item,
)
from tintype.dataset.formats.report import ImportLog
from tintype.dataset.formats.sources import IMAGE_SUFFIXES, Files, SourceFile
from tintype.dataset.splits import Split, split_of
from tintype.errors import DatasetError

_MAX_FIELD_BYTES = 20_000_000
_TEXTS = ("txt", "text", "caption")
_MOST_LOOKED_AT = 200

_Sample = dict[str, SourceFile]
"""The members of a sample by what follows the first dot of their names."""


class WebDataset(FilesFormat):
    """WebDataset."""

    name = "webdataset"
    title = "WebDataset (tar)"
    about = "Tar files whose members of one name are one sample."

    def recognise(self, files: Files) -> Detection | None:
        """Tar files of samples, or one of them."""
        if files.archive:
            return Detection("a WebDataset shard", "likely") if _is_shard(files) else None
        shards = [] if files.given else _shards(files)
        inner = _opened(shards[0]) if shards else None
        if inner is None or not _is_shard(inner):
            return None
        return Detection(f"a WebDataset of {len(shards)} shards ({shards[0].name} …)")

    def items(self, files: Files, options: ImportOptions, log: ImportLog) -> Iterator[Item]:
        """Yield every sample with an image.

        Raises:
            DatasetError: if a shard is damaged.
        """
        if files.archive:
            yield from _items(files, files.root.name, split_of(files.root), options, log)
            return
        for shard in _shards(files):
            if shard.path is not None:
                yield from _items(Files.of(shard.path), shard.name, shard.split, options, log)


FORMAT = WebDataset()


def _shards(files: Files) -> list[SourceFile]:
    return [] if files.archive else files.named(".tar", deep=1)


def _opened(shard: SourceFile) -> Files | None:
    try:
        return Files.of(shard.path, partial=True) if shard.path is not None else None
    except DatasetError:
        return None


def _is_shard(files: Files) -> bool:
    """Whether most of the first samples have an image and something beside it."""
    samples = list(_samples(files).values())[:_MOST_LOOKED_AT]
    whole = [
        sample
        for sample in samples
        if any(f".{key}" in IMAGE_SUFFIXES for key in sample)
        and any(key in ("json", "cls", *_TEXTS) for key in sample)
    ]
    return bool(samples) and len(whole) * 2 > len(samples)


def _samples(files: Files) -> dict[str, _Sample]:
    found: dict[str, _Sample] = {}
    for file in files.names.values():
        stem, _, key = file.base.partition(".")
        name = f"{file.folder}/{stem}" if file.folder else stem
        found.setdefault(name, {})[key.lower()] = file
    return found


def _items(
    files: Files, shard: str, split: Split | None, options: ImportOptions, log: ImportLog
) -> Iterator[Item]:
    samples = _samples(files)
    log.total += 2 * len(samples)
    files.say(log)
    for name, sample in samples.items():
        image = next((file for key, file in sample.items() if f".{key}" in IMAGE_SUFFIXES), None)
        if image is None:
            log.note("no-image", "samples have no image: left out.", f"{shard}/{name}")
            log.lost += 1
            continue

        def find(cell: Any, name: str, image: SourceFile = image) -> Sequence[ImageSource]:
            return [image]

        try:
            row = _row(sample, f"{shard}/{name}", log)
        except DatasetError as error:
            log.lose(f"{shard}/{name}", 0, error.message)
            continue
        columns = ColumnRows(find, options, log)
        yield from columns.items({**row, "image": image.name}, f"{shard}/{name}", 0, split)


def _row(sample: Mapping[str, SourceFile], place: str, log: ImportLog) -> dict[str, Any]:
    """The columns of a sample; what is not used is noted."""
    row: dict[str, Any] = {}
    if "json" in sample:
        try:
            value = json.loads(sample["json"].read(_MAX_FIELD_BYTES))
        except (ValueError, RecursionError) as error:
            raise DatasetError(f"The sample's JSON cannot be read: {error}.") from error
        row = value if isinstance(value, dict) else {}
    text = next((sample[key] for key in _TEXTS if key in sample), None)
    if text is not None and any(key.lower() in QUESTIONS for key in row):
        log.note("captions-not-used", "samples have a text beside their question: not used.", place)
    elif text is not None:
        row["txt"] = text.read(_MAX_FIELD_BYTES).decode("utf-8-sig", "replace")
    if "cls" in sample:
        said = sample["cls"].read(1000).decode("utf-8", "replace").strip()
        row.setdefault("label", int(said) if said.isdecimal() else said)
    for key in sample:
        if f".{key}" not in IMAGE_SUFFIXES and key not in ("json", "cls", *_TEXTS):
            log.note("fields-not-used", f"fields of samples are not used ({key}).", place)
    return row
