"""Scores of text answers, 0 to 1: each a small function with its rule in words.

Where several truths are right, the best score over them counts.
"""

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from tintype.evaluation.normalising import STEPS, normalise, without_markup

ANLS_THRESHOLD = 0.5
"""From this normalised distance on, ANLS gives nothing (Biten et al., arXiv:1905.13648)."""
_THINKING = re.compile(r"<think>.*?</think>", re.DOTALL | re.IGNORECASE)
_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)*")
_ANSWER = re.compile(r"^\s*answer:\s*(.*)$", re.IGNORECASE)
_STOPS = r".,;:!?\-—\n"
_FIRST = re.compile(rf"\s*(yes|no)(?=$|\s*[{_STOPS}])")
_STANDING = re.compile(
    rf"(?:^|[{_STOPS}]|\banswer is\b|\banswer:)\s*(yes|no)\s*(?=$|[{_STOPS}])", re.MULTILINE
)
_SQUAD_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_YEARS = (1000, 2999)
_NUMBER = re.compile(r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+)?(?:[eE][-+]?\d+)?")


def exact(prediction: str, truths: Sequence[str]) -> float:
    """1 if the code points are those of a truth: nothing is stripped or folded."""
    return float(prediction in truths)


def normalised(
    prediction: str, truths: Sequence[str], steps: Collection[str] = tuple(STEPS)
) -> float:
    """1 if prediction and a truth are equal once the named steps have been applied to both."""
    found = normalise(prediction, steps)
    return float(any(found == normalise(truth, steps) for truth in truths))


def contains(
    prediction: str, truths: Sequence[str], steps: Collection[str] = tuple(STEPS)
) -> float:
    """1 if the tokens of a truth occur in a row among the prediction's; `3` is not in `3.14`."""
    found = _TOKEN.findall(normalise(prediction, steps))
    return float(any(_within(_TOKEN.findall(normalise(one, steps)), found) for one in truths))


def _within(wanted: Sequence[str], found: Sequence[str]) -> bool:
    size = len(wanted)
    return bool(wanted) and any(
        found[at : at + size] == wanted for at in range(len(found) - size + 1)
    )


def without_thinking(text: str) -> str | None:
    """The text without `<think>…</think>`; none if nothing else is left."""
    rest = _THINKING.sub("", text)
    at = rest.lower().find("<think>")
    rest = (rest if at < 0 else rest[:at]).strip()
    return rest or None


def yes_or_no(prediction: str) -> Literal["yes", "no"] | None:
    """What a closed question was answered; none if that is not clear: a bucket of its own.

    A first word yes or no, followed by the end or a mark, decides. Otherwise every yes and no that
    stands between marks, or after "answer is" or "answer:", must agree.
    """
    text = without_thinking(prediction)
    if text is None:
        return None
    lines = unicodedata.normalize("NFKC", text).splitlines()
    text = "\n".join(without_markup(line) for line in lines).casefold()
    if first := _FIRST.match(text):
        return "yes" if first[1] == "yes" else "no"
    found = set(_STANDING.findall(text))
    if len(found) != 1:
        return None
    return "yes" if found == {"yes"} else "no"


@dataclass(frozen=True, slots=True)
class FinalAnswer:
    """What a model settled on."""

    answer: str | None
    """None if there is nothing beside its thinking."""
    truncated: bool
    """Whether a length limit cut it."""


def final_answer(raw: str, finish_reason: str = "stop") -> FinalAnswer:
    """The last line that begins with `Answer:`, else the whole text; thinking is taken off."""
    truncated = finish_reason == "length"
    text = without_thinking(raw)
    if text is None:
        return FinalAnswer(None, truncated)
    said = [found[1].strip() for line in text.splitlines() if (found := _ANSWER.match(line))]
    return FinalAnswer(said[-1] if said else text, truncated)


def token_f1(prediction: str, truths: Sequence[str]) -> float:
    """F1 over the tokens, as in SQuAD (Rajpurkar et al., 2016): case, punctuation, articles off."""
    return max((_f1(_squad(prediction), _squad(truth)) for truth in truths), default=0.0)


def _squad(text: str) -> list[str]:
    bare = text.lower().translate(str.maketrans("", "", string.punctuation))
    return _SQUAD_ARTICLES.sub(" ", bare).split()


def _f1(found: list[str], wanted: list[str]) -> float:
    if not found or not wanted:
        return float(found == wanted)
    same = sum((Counter(found) & Counter(wanted)).values())
    return 2 * same / (len(found) + len(wanted))


def edit_distance(prediction: str, truth: str) -> int:
    """Levenshtein's distance over NFC code points: insertions, deletions and replacements."""
    found, wanted = (unicodedata.normalize("NFC", text) for text in (prediction, truth))
    if not found or not wanted:
        return len(found) + len(wanted)
    # One column at a time, its differences as bits of an integer (Hyyrö, 2003).
    places: dict[str, int] = {}
    for at, char in enumerate(wanted):
        places[char] = places.get(char, 0) | 1 << at
    mask, last = (1 << len(wanted)) - 1, 1 << len(wanted) - 1
    up, down, distance = mask, 0, len(wanted)
    for char in found:
        same = places.get(char, 0)
        diagonal = (((same & up) + up) ^ up) | same
        right, left = down | ~(diagonal | up) & mask, up & diagonal
        distance += bool(right & last) - bool(left & last)
        right, left = (right << 1 | 1) & mask, left << 1 & mask
        up, down = left | ~(same | down | right) & mask, right & (same | down)
    return distance


def edit_similarity(prediction: str, truth: str) -> float:
    """1 − distance / length of the longer text; two empty texts are alike."""
    longer = max(len(unicodedata.normalize("NFC", text)) for text in (prediction, truth))
    return 1 - edit_distance(prediction, truth) / longer if longer else 1.0


def anls(prediction: str, truths: Sequence[str]) -> float:
    """Average normalised Levenshtein similarity, of one answer (DocVQA, arXiv:2007.00398)."""
    return max((_anls(prediction, truth) for truth in truths), default=0.0)


def _anls(prediction: str, truth: str) -> float:
    found, wanted = (" ".join(text.lower().split()) for text in (prediction, truth))
    longer = max(len(found), len(wanted))
    distance = edit_distance(found, wanted) / longer if longer else 0.0
    return 1 - distance if distance < ANLS_THRESHOLD else 0.0


def number_relaxed(prediction: str, truth: str, tolerance: float = 0.05) -> float:
    """1 if a number lies within `tolerance` × truth, as in ChartQA (arXiv:2203.10244).

    Years (whole numbers from 1000 to 2999, written bare) must be equal, and so must a truth of 0.
    Percent signs and currencies are units, not factors. What is no number is compared as text.
    """
    found, wanted = _number(prediction), _number(truth)
    if found is None or wanted is None:
        return normalised(prediction, [truth])
    bare = all(re.fullmatch(r"\d{4}", text.strip()) for text in (prediction, truth))
    if bare and all(_YEARS[0] <= value <= _YEARS[1] for value in (found, wanted)):
        return float(found == wanted)
    return float(abs(found - wanted) <= tolerance * abs(wanted))


def _number(text: str) -> float | None:
    bare = text.strip().strip("$€£¥%").strip()
    if not _NUMBER.fullmatch(bare) or not any(char.isdigit() for char in bare):
        return None
    return float(bare.replace(",", ""))
