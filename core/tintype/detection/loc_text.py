"""Boxes in `<loc>` tokens, read tolerantly and written strictly.

This is PaliGemma's convention, as used for fine-tuning chat models to detect: four tokens
`<locNNNN>` in the order y_min, x_min, y_max, x_max, each the fraction of the upright image times
1024, rounded and kept within 0…1023, then the label; boxes are separated by ` ; `. The prompt is
`detect a ; b ; c`. Sources: PaliGemma's model card, and the object-detection walkthrough for
gpt-4o at blog.roboflow.com (October 2024).

Models do not write as neatly as they were taught. `parse_boxes` takes whatever can be taken and
names the rest as a `Flaw`; it never raises.
"""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tintype.detection.box import Box

BINS = 1024
"""How many steps a side of the image is divided into."""

LOC_TOKEN = re.compile(r"<loc(\d+)>")
_AS_TAUGHT = re.compile(r"<loc(\d{4})>" * 4 + r" ([^\W\d_]+(?: [^\W\d_]+)*)(?: ; |\Z)")
_RUN = re.compile(r"<loc\d+>(?:[ \t,]*(?:\r?\n[ \t]*)?<loc\d+>)*")
_BROKEN_RUN = re.compile(r"[\r\n]")
_LABEL = re.compile(r"(?:[ \t]*\r?\n)?[^;\n]*?(?=<loc\d+>|\|[ \t]*<loc\d+>|[;\n]|\Z)")
_SEGMENT = re.compile(r"<seg\d+>")
_SEPARATOR = re.compile(r"[\s;.,|*]*")
_TRAILING: Sequence[tuple[re.Pattern[str], str]] = (
    (
        re.compile(r"\s*(<(?:/?s|/?bos|eos|pad|unk|eot|end_of_turn)>|<\|[^|<>]{1,40}\|>)$", re.I),
        "an end mark",
    ),
    (re.compile(r"\s*(<(?:l(?:o(?:c\d*)?)?)?)$", re.I), "an incomplete token"),
    (
        re.compile(
            r"[\s,:–—-]*[(\[{]?\s*(?:\b(?:with\s+)?(?:confidence|conf|score|prob(?:ability)?|p))?"
            r"\s*[:=@~]?\s*(?<![\w.])((?:0?\.\d+|1\.0+|\d{1,3}(?:\.\d+)?\s?%))\s*[)\]}]?$",
            re.I,
        ),
        "a confidence",
    ),
    (re.compile(r"\s*([.,:!|/]+)$"), "punctuation"),
)
"""What models put after a label, and how it is called."""
_TAIL = 80
"""How far from its end a label is looked at: a runaway answer may be one of 100,000 characters."""
_LAYERS = 8
_LEADING = re.compile(r"(?:(?:label|class)\s*[:=]|[:=→]|[–—-](?=\s))+\s*", re.I)
"""What models put before a label."""
_EMPHASIS = re.compile(r"(\*{2,})(.*?)\**|(\*)(.+)\*|(.+?)(\*{2,})")
"""Markdown's marks around a label, or what is left of them where it began before the box."""
_QUOTES = ('""', "''", "“”", "‘’", "``", "„“", "«»")
_LIKE_LOC = re.compile(r"<\s*/?\s*loc[^>\s]{0,12}>?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something in the text that is not as the convention has it."""

    message: str
    """A short sentence, such as `the corners are reversed`."""
    start: int
    """Where in the text it begins, in characters."""
    end: int
    stray: bool = False
    """Whether it is text that belongs to no box."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """Boxes read out of a text."""

    boxes: tuple[Box, ...] = ()
    """As usable as possible: corners in order, within the image. A label may be empty."""
    flaws: tuple[Flaw, ...] = ()
    spans: tuple[tuple[int, int], ...] = ()
    """Where each box stands in the text, label included; as many as there are boxes."""


def format_boxes(boxes: Iterable[Box]) -> str:
    """Write boxes as text; `parse_boxes` reads them back to within half a bin."""
    return " ; ".join(
        "".join(_token(side) for side in (box.y_min, box.x_min, box.y_max, box.x_max))
        + f" {clean_label(box.label)}".rstrip()
        for box in boxes
    )


def clean_label(label: str) -> str:
    """Make a label safe to stand in an answer: on one line, without `;`, without tokens."""
    without = _LIKE_LOC.sub(" ", _SEGMENT.sub(" ", label))
    return " ".join(without.replace(";", ",").split())


def detect_prompt(labels: Iterable[str]) -> str:
    """Ask for the labels, in the order given: `detect a ; b ; c`."""
    return "detect " + " ; ".join(clean_label(label) for label in labels)


def prompt_labels(prompt: str) -> tuple[str, ...]:
    """The labels a detection prompt asks for; none if it is no such prompt."""
    head, _, rest = prompt.strip().partition(" ")
    if head.lower() != "detect":
        return ()
    return tuple(label for part in rest.split(";") if (label := part.strip()))


def parse_boxes(text: str) -> Parsed:
    """Read every box the text holds, and say what is wrong with the rest; never raises.

    A text without any `<loc…>` token is no detection: no boxes, and no flaws either.
    """
    return _as_taught(text) or _tolerantly(text)


def _as_taught(text: str) -> Parsed | None:
    """What almost every text is: read in a fraction of the time; none if anything is unusual."""
    boxes: list[Box] = []
    spans: list[tuple[int, int]] = []
    at = 0
    while found := _AS_TAUGHT.match(text, at):
        y_min, x_min, y_max, x_max = (int(side) / BINS for side in found.group(1, 2, 3, 4))
        if not (y_min < y_max < 1 and x_min < x_max < 1):
            return None
        boxes.append(Box(found[5], y_min, x_min, y_max, x_max))
        spans.append((at, found.end(5)))
        at = found.end()
    whole = boxes and at == len(text)
    return Parsed(tuple(boxes), tuple(_repeated(boxes, spans)), tuple(spans)) if whole else None


def _tolerantly(text: str) -> Parsed:
    boxes: list[Box] = []
    flaws: list[Flaw] = []
    spans: list[tuple[int, int]] = []
    at = 0
    for run in _RUN.finditer(text):
        if run.start() < at:
            continue
        flaws.extend(_between(text, at, run.start()))
        label = _LABEL.match(text, run.end())
        at = label.end() if label else run.end()
        for box, span, wrong in _read_run(text, run, text[run.end() : at], at):
            flaws.extend(wrong)
            if box is not None:
                boxes.append(box)
                spans.append(span)
    flaws.extend(_repeated(boxes, spans))
    flaws.extend(_between(text, at, len(text)) if at else _malformed(text))
    return Parsed(tuple(boxes), tuple(flaws), tuple(spans))


def _token(side: float) -> str:
    inside = 0.0 if math.isnan(side) else min(max(side, 0.0), 1.0)
    return f"<loc{min(round(inside * BINS), BINS - 1):04d}>"


_Read = tuple[Box | None, tuple[int, int], list[Flaw]]


def _read_run(text: str, run: re.Match[str], label: str, end: int) -> Iterable[_Read]:
    """The boxes of a run of tokens; only the last of several in a row can have the label."""
    tokens = list(LOC_TOKEN.finditer(text, run.start(), run.end()))
    for first in range(0, len(tokens), 4):
        four = tokens[first : first + 4]
        last = first + 4 >= len(tokens)
        own = label if last else ""
        span = (four[0].start(), end if last else four[-1].end())
        trimmed = span[0], span[0] + len(text[slice(*span)].rstrip())
        if len(four) < 4:
            yield None, trimmed, [Flaw(f"{len(four)} of 4 coordinates", *trimmed)]
            continue
        box, wrong = _read_box(four, own, trimmed)
        if _BROKEN_RUN.search(text, four[0].end(), four[-1].start()) or _opens_line(own):
            wrong.append(Flaw("coordinates over several lines", *trimmed))
        yield box, trimmed, wrong


def _read_box(
    four: Sequence[re.Match[str]], label: str, span: tuple[int, int]
) -> tuple[Box, list[Flaw]]:
    flaws = []
    sides = []
    for token in four:
        digits = token.group(1)
        # Python refuses to turn more than 4,300 digits into a number.
        number = int(digits) if len(digits) <= 9 else BINS**2
        if number >= BINS:
            flaws.append(Flaw(f"<loc{digits[:12]}> is beyond 1023", *token.span()))
        elif len(digits) != 4:
            flaws.append(Flaw(f"<loc{digits[:12]}> does not have four digits", *token.span()))
        sides.append(min(number, BINS - 1) / BINS)
    y_min, x_min, y_max, x_max = sides
    if y_min > y_max or x_min > x_max:
        flaws.append(Flaw("the corners are reversed", *span))
        y_min, y_max = sorted((y_min, y_max))
        x_min, x_max = sorted((x_min, x_max))
    if y_min == y_max or x_min == x_max:
        flaws.append(Flaw("the box is empty", *span))
    name, around = _bare_label(label)
    flaws += [Flaw(f"{what}: {shown!r}", *span) for what, shown in around]
    if not name:
        flaws.append(Flaw("the box has no label", *span))
    return Box(name, y_min, x_min, y_max, x_max), flaws


def _repeated(boxes: Sequence[Box], spans: Sequence[tuple[int, int]]) -> Iterable[Flaw]:
    """Boxes that occur more than once, each said once."""
    if len(set(boxes)) == len(boxes):
        return
    seen: dict[Box, int] = {}
    for box in boxes:
        seen[box] = seen.get(box, 0) + 1
    for box, count in seen.items():
        if count > 1:
            again = boxes.index(box, boxes.index(box) + 1)
            yield Flaw(f"the same box {count} times", *spans[again])


def _opens_line(label: str) -> bool:
    """Whether a label stands on the line after its coordinates."""
    return bool(label.strip()) and _BROKEN_RUN.search(label.rstrip()) is not None


def _bare_label(label: str) -> tuple[str, list[tuple[str, str]]]:
    """A label without what models put after and around it; and what that was."""
    name = " ".join(_SEGMENT.sub(" ", label).split()).rstrip(",").strip()
    around: list[tuple[str, str]] = []
    for _ in range(_LAYERS):
        before = name
        for pattern, what in _TRAILING:
            if found := pattern.search(name, max(0, len(name) - _TAIL)):
                around.append((f"{what} after the label", found[1]))
                name = name[: found.start()].rstrip()
        if found := _LEADING.match(name):
            around.append(("punctuation before the label", found[0].strip()))
            name = name[found.end() :]
        if found := _EMPHASIS.fullmatch(name):
            around.append(("emphasis around the label", found[1] or found[3] or found[6]))
            name = (found[2] or found[4] or found[5] or "").strip()
        if len(name) > 1 and f"{name[0]}{name[-1]}" in _QUOTES:
            around.append(("quotes around the label", f"{name[0]}{name[-1]}"))
            name = name[1:-1].strip()
        if name == before:
            break
    return name, around


def _between(text: str, start: int, end: int) -> list[Flaw]:
    """What stands between two boxes beyond a separator."""
    gap = _SEPARATOR.match(text, start, end)
    begin = gap.end() if gap else start
    words = text[begin:end].strip()
    if not words:
        return []
    shown = words if len(words) <= 30 else words[:29] + "…"
    return [Flaw(f"text outside any box: {shown!r}", begin, begin + len(words), stray=True)]


def _malformed(text: str) -> list[Flaw]:
    """Tokens that look like `<loc…>` but cannot be read, in a text that holds none that can."""
    return [
        Flaw(f"{found.group()!r} is not a <locNNNN>", *found.span())
        for found in _LIKE_LOC.finditer(text)
    ]
