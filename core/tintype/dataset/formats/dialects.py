"""Chat rows written for other trainers: LLaVA, ShareGPT, ms-swift, TRL and PaliGemma.

Each split is a file, its images stand beside it in `images/`. `rows` reads them all.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tintype.dataset.example import ImagePart, Message, TextPart
from tintype.dataset.file_set import FileSet
from tintype.dataset.foreign_images import PLACEHOLDER
from tintype.dataset.formats.contract import Detection, FormatOption, WrittenRow
from tintype.dataset.formats.images import ImageKeeper
from tintype.dataset.formats.report import ImportLog
from tintype.dataset.splits import Split
from tintype.errors import DatasetError

Made = Callable[[WrittenRow, list[str]], dict[str, Any]]
_LEFT = "rows have weights, names, tools or levels of detail, which {title} does not hold."


@dataclass(frozen=True, slots=True)
class Dialect:
    """A format of one JSON file, or of one JSON value a line, for each split."""

    name: str
    title: str
    about: str
    make: Made
    """Makes the row, given where its images are."""
    listed: bool = False
    """Whether a file is one JSON list."""
    options: tuple[FormatOption, ...] = ()

    def detect(self, path: Path) -> Detection | None:
        """Leave it to `rows`, which reads every dialect."""
        return None

    def write(
        self, rows: Iterator[WrittenRow], target: Path, files: FileSet, log: ImportLog
    ) -> Iterator[None]:
        """Write `train.json` or `train.jsonl`, and so on."""
        keeper = ImageKeeper(target, "link", files, verify=False)
        written: dict[Split, Any] = {}
        for row in rows:
            try:
                made = self._row(row, keeper, log)
            except DatasetError as error:
                log.lose(row.file, row.line, error.message)
                yield
                continue
            first = row.split not in written
            if first:
                name = f"{row.split}.{'json' if self.listed else 'jsonl'}"
                written[row.split] = files.open(target / name)
            text = json.dumps(made, ensure_ascii=False)
            lead = ("[\n" if first else ",\n") if self.listed else ""
            end = "" if self.listed else "\n"
            written[row.split].write(f"{lead}{text}{end}".encode("utf-8", "surrogatepass"))
            yield
        for file in written.values() if self.listed else ():
            file.write(b"\n]\n")

    def _row(self, row: WrittenRow, keeper: ImageKeeper, log: ImportLog) -> dict[str, Any]:
        messages = row.example.messages
        if not messages or any(message.role == "rejected" for message in messages):
            raise DatasetError("The row is no conversation.")
        if any(message.tool_calls or message.role in ("tool", "function") for message in messages):
            raise DatasetError(f"The row calls tools, which {self.title} does not hold.")
        if any(PLACEHOLDER.search(message.text) for message in messages):
            raise DatasetError("A text says `<image>`, which stands for an image there.")
        places = [keeper.url(keeper.take(image)) for image in row.images]
        if row.example.tools or any(map(_has_more, messages)):
            log.note("details-left-out", _LEFT.format(title=self.title), f"{row.file}:{row.line}")
        return self.make(row, places)


def _has_more(message: Message) -> bool:
    details = any(image.detail != "auto" for image in message.images)
    return message.weight is not None or message.name is not None or details


def _marked(message: Message) -> str:
    """A message as one text, with `<image>` on a line of its own where an image is."""
    return "\n".join(
        part.text if isinstance(part, TextPart) else "<image>" for part in message.parts
    )


def _in_order(row: WrittenRow, places: list[str]) -> list[str]:
    """Where the images are, in the order of the conversation."""
    return [places[image.ordinal] for image in row.example.images]


def _llava(row: WrittenRow, places: list[str]) -> dict[str, Any]:
    images = _in_order(row, places)
    shown = {"image": images[0] if len(images) == 1 else images} if images else {}
    return {"id": f"{row.split}-{row.line}", **shown, **_turns(row)}


def _sharegpt(row: WrittenRow, places: list[str]) -> dict[str, Any]:
    images = _in_order(row, places)
    return {**_turns(row), **({"images": images} if images else {})}


def _turns(row: WrittenRow) -> dict[str, Any]:
    names: Mapping[str, str] = {"user": "human", "assistant": "gpt", "developer": "system"}
    turns = [
        {"from": names.get(message.role, message.role), "value": _marked(message)}
        for message in row.example.messages
    ]
    return {"conversations": turns}


def _swift(row: WrittenRow, places: list[str]) -> dict[str, Any]:
    turns = [{"role": each.role, "content": _marked(each)} for each in row.example.messages]
    images = _in_order(row, places)
    return {"messages": turns, **({"images": images} if images else {})}


def _trl(row: WrittenRow, places: list[str]) -> dict[str, Any]:
    turns = [
        {"role": message.role, "content": [_trl_part(part) for part in message.parts]}
        for message in row.example.messages
    ]
    return {"messages": turns, "images": _in_order(row, places)}


def _trl_part(part: TextPart | ImagePart) -> dict[str, Any]:
    return {"type": "text", "text": part.text} if isinstance(part, TextPart) else {"type": "image"}


def _paligemma(row: WrittenRow, places: list[str]) -> dict[str, Any]:
    messages = row.example.messages
    if [message.role for message in messages] != ["user", "assistant"] or len(places) != 1:
        raise DatasetError("PaliGemma holds one image, one question and one answer, no more.")
    return {"image": places[0], "prefix": messages[0].text, "suffix": messages[1].text}


FORMATS = (
    Dialect("llava", "LLaVA", "A JSON list of conversations with an image each.", _llava, True),
    Dialect(
        "sharegpt",
        "ShareGPT",
        "Conversations with `images` beside them.",
        _sharegpt,
        True,
    ),
    Dialect("swift", "ms-swift", "Lines of `messages` with `<image>`, and `images`.", _swift),
    Dialect("trl", "TRL", "Lines of `messages` with image parts, and `images`.", _trl),
    Dialect("paligemma", "PaliGemma", "Lines of `image`, `prefix` and `suffix`.", _paligemma),
)
