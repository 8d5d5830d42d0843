"""The rule for answers that are boxes: written as they are to be read, with labels as asked.

A provider takes any answer. A model that learns from reversed corners or from a label that nobody
asked for answers so too, and no score says why.
"""

import re
from collections.abc import Iterator

from tintype.detection import LOC, name_convention, parse_boxes, prompt_labels
from tintype.rules.case import Case
from tintype.rules.messages import where
from tintype.rules.problem import Problem, quoted
from tintype.tokens import content_texts

_NAMED = 3
"""Flaws of an answer that are named; the rest are counted."""
_PROSE = re.compile(
    r"(?:all|any|each|every|the|objects?|things?)\b|.*(?:[,.?!:]|\band\b|\bor\b)", re.I
)
"""A single "label" like these is prose: `Detect every bird.`, `detect cats and dogs`."""


_UNASKED = "is not asked for"


def are_written_well(case: Case) -> Iterator[Problem]:
    """The boxes of each answer that is learned from: one warning an answer, in the parser's words.

    An answer without boxes ("none", a caption) has no flaws. Boxes in another convention are a flaw
    only under a detection prompt (`detect a ; b`): elsewhere they may be what is wanted.
    """
    asked: tuple[str, ...] = ()
    for at, message in case.messages:
        role = message.get("role")
        text = "\n".join(content_texts(message))
        if role in ("system", "user") and text.strip():
            asked = _asked(text)
        learned = role == "assistant" and message.get("weight") != 0
        if learned and (flaws := _flaws(text, asked)):
            said = f"{where(case, at)}: {_named(flaws)}. The model would learn to answer so."
            place = f"messages[{at}].content"
            yield case.problem("boxes", "warning", said, place=place, fix=_fix(asked, flaws))


def _asked(prompt: str) -> tuple[str, ...]:
    """The labels that the first line which is a detection prompt asks for."""
    lines = (line.replace("<image>", " ") for line in prompt.splitlines())
    return next(filter(None, map(prompt_labels, lines)), ())


def _flaws(answer: str, asked: tuple[str, ...]) -> list[str]:
    """What is wrong with an answer's boxes, each said once."""
    convention = name_convention(answer)
    if convention not in ("", LOC.name):
        return [f"boxes in another convention: {convention}"] if asked else []
    found = parse_boxes(answer)
    flaws = [flaw.message for flaw in found.flaws]
    if len(asked) > 1 or (asked and not _PROSE.match(asked[0])):
        known = {label.casefold() for label in asked}
        labels = dict.fromkeys(box.label for box in found.boxes if box.label)
        flaws += [
            f"the label {quoted(label)} {_UNASKED}"
            for label in labels
            if label.casefold() not in known
        ]
    return list(dict.fromkeys(flaws))


def _named(flaws: list[str]) -> str:
    """The first few flaws, and how many there are beyond."""
    more = len(flaws) - _NAMED
    return "; ".join(flaws[:_NAMED]) + (f"; and {more} more" if more > 0 else "")


def _fix(asked: tuple[str, ...], flaws: list[str]) -> str:
    label = asked[0] if asked else "label"
    shape = f"<locNNNN><locNNNN><locNNNN><locNNNN> {label}"
    if all(flaw.endswith(_UNASKED) for flaw in flaws):
        return f"Ask for it in the prompt, or label the box as one that is asked for: `{shape}`."
    return f"Write each box as `{shape}`: top, left, bottom, right in 0…1023, boxes apart by ` ; `."


RULES = (are_written_well,)
