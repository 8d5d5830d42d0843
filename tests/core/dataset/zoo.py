"""What a fixture of the zoo must become, compared with what an import makes of it.

Each folder of `zoo/` is a dataset as people have it: `data` is what they hand over, `expected.json`
what it must become. Boxes are filled with the colour of their class, so they are judged by pixels
as well.
"""

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps

from tintype.dataset.files import image_bytes
from tintype.dataset.formats import ImportOptions, ImportReport, import_dataset
from tintype.detection import Box, judge_convention, parse_boxes

ZOO = Path(__file__).parent / "zoo"
NAMES = sorted(path.parent.name for path in ZOO.glob("*/expected.json"))


@dataclass
class Made:
    """What an import made."""

    report: ImportReport | None = None
    error: str = ""
    rows: dict[str, list[Any]] = field(default_factory=dict)
    """The messages of each split."""
    folder: Path = Path()


async def imported(source: Path, target: Path, format: str = "", **options: Any) -> Made:
    """Import a source; what refuses it is kept as `error`."""
    from tintype.errors import DatasetError

    try:
        steps = import_dataset(source, target, format, ImportOptions(**options))
        report = [step.report async for step in steps][-1]
    except DatasetError as error:
        return Made(error=str(error))
    assert report is not None
    rows: dict[str, list[Any]] = {
        split: [json.loads(line)["messages"] for line in path.read_bytes().splitlines()]
        for split, path in report.files.items()
    }
    return Made(report, "", rows, target)


def expected(name: str) -> Mapping[str, Any]:
    """What a fixture must become."""
    found: Mapping[str, Any] = json.loads((ZOO / name / "expected.json").read_text("utf-8"))
    return found


def faults(want: Mapping[str, Any], made: Made) -> list[str]:
    """What is not as it must be, a sentence each."""
    outcome = want["outcome"]
    if outcome.startswith("refuse") and outcome != "refuse-part":
        rows = sum(map(len, made.rows.values()))
        return [f"{rows} rows instead of a refusal"] if rows else []
    if made.report is None:
        return [] if outcome in ("ask", "refuse-part") else [f"refused: {made.error}"]
    found = [] if outcome == "refuse-part" else list(_row_faults(want, made))
    return found + list(_notice_faults(want, made.report))


def _notice_faults(want: Mapping[str, Any], report: ImportReport) -> Iterator[str]:
    counts: dict[str, int] = {}
    for notice in report.notices:
        counts[notice.code] = counts.get(notice.code, 0) + notice.count
    for problem in report.problems:
        if problem.code:
            counts[problem.code] = counts.get(problem.code, 0) + 1
    for notice in want["notices"]:
        if counts.get(notice["code"]) != notice["count"]:
            yield f"{notice['code']} {counts.get(notice['code'], 0)}× instead of {notice['count']}×"


def _row_faults(want: Mapping[str, Any], made: Made) -> Iterator[str]:
    for split in sorted({*made.rows, *(row["split"] for row in want["rows"])}):
        left = [row for row in want["rows"] if row["split"] == split]
        for messages in made.rows.get(split, []):
            fitting = [row for row in left if not list(_differences(row, messages, want, made))]
            if fitting:
                left.remove(fitting[0])
            else:
                near = [list(_differences(row, messages, want, made)) for row in left]
                why = min(near, key=len) if near else ["no row is left that it could be"]
                yield f"{split}: {_shown(messages)} is not expected: {'; '.join(why)}"
        for row in left:
            yield f"{split}: missing {row}"


def _shown(messages: Sequence[Any]) -> str:
    return " | ".join(_flat(message)[1][:80] for message in messages)


def _differences(
    row: Mapping[str, Any], messages: Sequence[Any], want: Mapping[str, Any], made: Made
) -> Iterator[str]:
    answer = _flat(messages[-1])[1]
    if "messages" in row:
        yield from _other_messages(row, messages)
    yield from _other_texts(row, messages, answer)
    images = _urls(messages)
    if "size" in row and len(images) == 1 and not images[0].startswith("http"):
        image = ImageOps.exif_transpose(Image.open(io.BytesIO(image_bytes(images[0], made.folder))))
        if list(image.size) != row["size"]:
            yield f"an image of {image.size} instead of {row['size']}"
        elif "boxes" in row and "answer" not in row:
            yield from _other_boxes(row, answer, image, want)
    elif row.get("image", "").startswith("http") and images != [row["image"]]:
        yield f"images {images}"


def _other_texts(row: Mapping[str, Any], messages: Sequence[Any], answer: str) -> Iterator[str]:
    asked = _flat(messages[-2])[1].replace("<image>", "")
    if row.get("question", "") not in asked:
        yield f"asked {asked!r}"
    answers = {row.get(key) for key in ("answer", "answer_text")} - {None}
    if not answers:
        answers = {row.get(key) for key in ("label", "caption")} - {None} | {
            *row.get("captions", ())
        }
    if answers and answer not in answers:
        yield f"answered {answer!r} instead of {answers}"


def _other_messages(row: Mapping[str, Any], messages: Sequence[Any]) -> Iterator[str]:
    found = [_flat(message) for message in messages]
    wanted = [(role, text) for role, text in row["messages"]]
    if [(role, text.replace("\n", "")) for role, text in found] != [
        (role, text.replace("\n", "")) for role, text in wanted
    ]:
        yield f"said {found} instead of {wanted}"
    if len(_urls(messages)) != len(row["images"]):
        yield f"{len(_urls(messages))} images"


def _other_boxes(
    row: Mapping[str, Any], answer: str, image: Any, want: Mapping[str, Any]
) -> Iterator[str]:
    boxes = parse_boxes(answer).boxes
    verdict = judge_convention([(answer, image.size)]) if not boxes else None
    if verdict is not None:
        boxes = verdict.convention.read(answer, image.size).boxes
    tolerance = max(want.get("tolerance_px", 1.01), 1.01 * max(row["size"]) / 1024 / 2 + 0.05)
    left = list(row["boxes"])
    for box in boxes:
        near = [each for each in left if _fits(box, each, row["size"], tolerance)]
        if not near:
            yield f"{box} is not expected"
        else:
            left.remove(near[0])
            yield from _wrong_colour(near[0], image, want)
    if left:
        yield f"missing {left}"


def _fits(box: Box, wanted: Sequence[Any], size: Sequence[int], tolerance: float) -> bool:
    width, height = size
    found = (box.x_min * width, box.y_min * height, box.x_max * width, box.y_max * height)
    near = all(abs(a - b) <= tolerance for a, b in zip(found, wanted[1:], strict=True))
    return near and box.label == wanted[0]


def _wrong_colour(wanted: Sequence[Any], image: Any, want: Mapping[str, Any]) -> Iterator[str]:
    colour = want.get("palette", {}).get(wanted[0])
    if colour is None or want.get("rotated"):
        return
    middle = (int((wanted[1] + wanted[3]) / 2), int((wanted[2] + wanted[4]) / 2))
    found = image.convert("RGB").getpixel(middle)
    if max(abs(a - b) for a, b in zip(found, colour, strict=True)) > 40:
        yield f"the middle of {wanted} is {found}"


def _flat(message: Mapping[str, Any]) -> tuple[str, str]:
    """The role and the text of a message, `<image>` where an image stands."""
    content = message["content"]
    if isinstance(content, str):
        return message["role"], content
    return message["role"], "".join(
        part["text"] if part["type"] == "text" else "<image>" for part in content
    )


def _urls(messages: Sequence[Any]) -> list[str]:
    return [
        part["image_url"]["url"]
        for message in messages
        if isinstance(message["content"], list)
        for part in message["content"]
        if part["type"] == "image_url"
    ]
