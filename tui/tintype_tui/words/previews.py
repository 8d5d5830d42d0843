"""What a dataset of another format is and would become, as lines for app and command line."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tintype_tui.text import count

if TYPE_CHECKING:
    from tintype.dataset.formats import ImportProblem, Notice
    from tintype.dataset.formats.previewing import Preview

MOST_LABELS = 12
MOST_CHARACTERS = 300


def preview_lines(preview: "Preview") -> list[str]:
    """What a source is, its first rows, and what would be lost; with untrusted text in it."""
    lines = [_rows_line(preview)]
    if preview.labels:
        lines.append(_labels_line(preview.labels))
    for row in preview.shown:
        lines += ["", f"{row.split or 'train'} · {row.place}"]
        lines += [f"  {line}" for message in row.messages for line in _message_lines(message)]
    said = notice_lines(preview.notices) + problem_lines(preview.problems)
    if said:
        lines += ["", "What is left out, changed or guessed:", *said]
    else:
        lines += ["", "Nothing is lost."]
    if preview.others:
        listed = "; ".join(f"{name}: {what}" for name, what in preview.others.items())
        lines += ["", f"The same may be read in another way: {listed}. Say which."]
    return lines


def notice_lines(notices: Sequence["Notice"]) -> list[str]:
    """What is true of many places, a line each with its number."""
    made = []
    for notice in notices:
        more = notice.count - len(notice.places)
        places = ", ".join(notice.places) + (f" and {more:,} more" if more > 0 else "")
        made.append(
            f"{notice.count:,} × {notice.words}" + (f" ({places})" if notice.places else "")
        )
    return made


def problem_lines(problems: Sequence["ImportProblem"]) -> list[str]:
    """What is wrong at single places, a line each."""
    made = []
    for problem in problems:
        where = f"{problem.file}:{problem.line}: " if problem.line else f"{problem.file}: "
        said = f"{problem.message} {problem.done[:1].upper()}{problem.done[1:]}."
        made.append(f"{where}{said}" if problem.file else said)
    return made


def _rows_line(preview: "Preview") -> str:
    rows = count(preview.rows, "row") + ("" if preview.complete else " so far")
    splits = ", ".join(f"{name} {number:,}" for name, number in preview.splits.items())
    by = ", as the source says" if preview.splits_given else ""
    parts = [f"{rows}: {splits}{by}" if splits else rows]
    if preview.negatives:
        parts.append(count(preview.negatives, "negative"))
    if preview.unlabelled:
        parts.append(f"{preview.unlabelled:,} not labelled")
    if preview.lost:
        parts.append(f"{preview.lost:,} cannot be read")
    return " · ".join(parts)


def _labels_line(labels: Mapping[str, int]) -> str:
    named = ", ".join(f"{name} {number:,}" for name, number in [*labels.items()][:MOST_LABELS])
    more = len(labels) - MOST_LABELS
    return f"{count(len(labels), 'label')}: {named}" + (f" and {more:,} more" if more > 0 else "")


def _message_lines(message: Mapping[str, Any]) -> list[str]:
    content = message.get("content")
    parts = content if isinstance(content, list) else [content]
    texts = [_part(part) for part in parts if part is not None]
    return [f"{message.get('role')}: {' '.join(text.split())}" for text in texts if text]


def _part(part: Any) -> str:
    if isinstance(part, dict) and part.get("type") == "image_url":
        url = str(part["image_url"].get("url", ""))
        return f"[image {url[:120]}]"
    text = part.get("text", "") if isinstance(part, dict) else part
    text = str(text)
    return text if len(text) <= MOST_CHARACTERS else text[:MOST_CHARACTERS] + "…"
