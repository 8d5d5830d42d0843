"""What an answer's text gives away: that it runs in circles, or that it is no answer."""

import re
from dataclasses import dataclass

_TAIL = 4_000
_UNITS = 8
_CHARS = 240
_SHORT_UNIT = 8
_SHORT_CHARS = 600


@dataclass(frozen=True, slots=True)
class Runaway:
    """An answer that ends in the same words over and over."""

    unit: str
    """What is repeated."""
    count: int
    """How often, at the end of the text that was looked at."""


def runaway(text: str) -> Runaway | None:
    """Find out whether a text has begun to repeat itself without end.

    It has if its end consists of one unit at least 8 times and for at least 240 characters; for
    units below 8 characters, 600, because rulers, dots and rows of zeros are nothing unusual. The
    last 4,000 characters are looked at, hence units up to 500. Tuned detection models were seen to
    repeat one box to the token limit.
    """
    tail = text[-_TAIL:][::-1]
    if len(tail) < _CHARS:
        return None
    # The failure function of Knuth, Morris and Pratt on the reversed text: its prefix of length
    # n has the period n - border[n], and so has the end of the text.
    border = [0, 0]
    width = 0
    found: Runaway | None = None
    for at in range(1, len(tail)):
        while width and tail[at] != tail[width]:
            width = border[width]
        width += tail[at] == tail[width]
        border.append(width)
        length, period = at + 1, at + 1 - width
        if length >= _UNITS * period and length >= _needed(period):
            found = Runaway(tail[:period][::-1], length // period)
    return found


def _needed(period: int) -> int:
    return _SHORT_CHARS if period < _SHORT_UNIT else _CHARS


_BLIND = re.compile(
    r"(?:can(?:no|')?t|cannot|unable to|not able to|don't have the ability to|couldn't)\s+"
    r"(?:\w+\s+){0,3}?(?:see|view|access|open|display|analy[sz]e|process|look at)\s+"
    r"(?:\w+\s+){0,3}?(?:image|picture|photo|attachment)s?"
    r"|(?:no|any) (?:image|picture|photo|attachment) (?:was |has been |is )?"
    r"(?:provided|attached|uploaded|shared|included)"
    r"|(?:don't|do not|didn't) (?:see|have) (?:an|any|the) (?:image|picture|photo)",
    re.IGNORECASE,
)
_REFUSING = re.compile(
    r"^\W*(?:i'?m|i am)?\s*(?:really |very |so )?sorry\b.{0,40}?"
    r"\b(?:can(?:no|'?)t|unable|not able)\b"
    r"|^\W*i\s+(?:can(?:no|')?t|won't|am (?:unable|not able) to)\s+"
    r"(?:\w+\s+){0,2}?(?:help|assist|comply|provide|identify|answer|do that)",
    re.IGNORECASE,
)


def hint(text: str, refusal: str = "") -> str:
    """Say in a sentence why a text may be no answer; empty if nothing seems wrong."""
    start = text[:400].replace("’", "'")
    if _BLIND.search(start):
        return "The model says that it cannot see an image."
    if refusal or _REFUSING.search(start):
        return "The model declines to answer."
    return ""


_THOUGHT = re.compile(r"\s*<(think|thinking|thought|reasoning)>(.*?)(?:</\1>\s*|\Z)", re.S | re.I)
_OPENED_ELSEWHERE = re.compile(r"\s*(.*?)</(?:think|thinking|thought|reasoning)>\s*", re.S | re.I)


def set_apart(text: str) -> tuple[str, str]:
    """Part an answer from what the model thought before it.

    Returns:
        The thoughts, empty if there are none, and the answer. Thoughts that have not ended yet are
        all there is. Some templates open the tag in the prompt, so that only its end is seen.
    """
    if found := _THOUGHT.match(text) or _OPENED_ELSEWHERE.match(text):
        return found.group(found.lastindex or 0).strip(), text[found.end() :]
    return "", text
