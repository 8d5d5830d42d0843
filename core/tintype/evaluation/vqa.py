"""VQA accuracy as its authors' script computes it (Antol et al., ICCV 2015), quirks included.

Ten people answered each question. An answer scores min(matches / 3, 1), averaged over the ten ways
to leave one person out. The script normalises text only where the ten do not all agree; so a full
stop too many scores 0 just where a question is easy. `vqa_accuracy_always` does not.
"""

import re
from collections.abc import Sequence

from tintype.evaluation.normalising import NUMBER_WORDS

_PUNCTUATION = ';/[]"{}()=+\\_-><@`,?!'
_COMMA = re.compile(r"\d,\d")
_PERIOD = re.compile(r"\.(?!\d)")
_MOST_PERIODS = 32
"""The script passes a flag where `re.sub` takes a count."""
_NUMBERS = {word: str(number) for number, word in enumerate(NUMBER_WORDS[:11])} | {"none": "0"}
_ARTICLES = frozenset(("a", "an", "the"))
_CONTRACTED = (
    "ain't aren't can't could've couldn't couldn't've didn't doesn't don't hadn't hadn't've "
    "hasn't haven't he'd he'd've he's how'd how'll how's I'd've I'm I've isn't it'd it'd've "
    "it'll let's ma'am mightn't mightn't've might've mustn't must've needn't not've o'clock "
    "oughtn't shan't she'd've should've shouldn't shouldn't've somebody'd somebody'll "
    "somebody's someone'd someone'll someone's something'd something'll that's there'd "
    "there're there's they'd they'll they're they've 'twas wasn't we'd've we've weren't "
    "what'll what're what's what've when's where'd where's where've who'd who'll who's who've "
    "why'll why're why's won't would've wouldn't wouldn't've y'all you'd you'll you're you've "
)
_CONTRACTIONS = {word.replace("'", "").lower(): word for word in _CONTRACTED.split()}


def vqa_accuracy(prediction: str, answers: Sequence[str]) -> float:
    """The script's score of one answer against those of the people asked."""
    found, people = _plain(prediction), [_plain(answer) for answer in answers]
    if len(set(people)) > 1:
        found, people = _words(_unpunctuated(found)), [_unpunctuated(one) for one in people]
    return _left_one_out(found, people)


def vqa_accuracy_always(prediction: str, answers: Sequence[str]) -> float:
    """The same score with the text of all normalised always: recommended."""
    people = [_words(_unpunctuated(_plain(answer))) for answer in answers]
    return _left_one_out(_words(_unpunctuated(_plain(prediction))), people)


def _left_one_out(found: str, people: Sequence[str]) -> float:
    matches = people.count(found)
    scores = [min((matches - (one == found)) / 3, 1.0) for one in people]
    return sum(scores) / len(scores) if scores else 0.0


def _plain(text: str) -> str:
    return text.replace("\n", " ").replace("\t", " ").strip()


def _unpunctuated(text: str) -> str:
    result = text
    for mark in _PUNCTUATION:
        glued = f"{mark} " in text or f" {mark}" in text or _COMMA.search(text)
        result = result.replace(mark, "" if glued else " ")
    return _PERIOD.sub("", result, count=_MOST_PERIODS)


def _words(text: str) -> str:
    words = [_NUMBERS.get(word, word) for word in text.lower().split()]
    return " ".join(_CONTRACTIONS.get(word, word) for word in words if word not in _ARTICLES)
