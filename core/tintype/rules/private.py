"""What in a row may say who somebody is, or open a door: found by its shape, so it may be wrong.

A model repeats what it has learnt to whoever asks. Of e-mail addresses, phone numbers and keys the
check gives notice, once a row and never with the text itself; it blocks nothing. Names that
RFC 2606 keeps for examples and phone numbers that are kept for films are nobody's.
"""

import re
from collections.abc import Iterable, Iterator

from tintype.images.facts import ImageFacts
from tintype.rules.case import Case
from tintype.rules.problem import Problem
from tintype.tokens import content_texts

_EMAIL = re.compile(
    r"(?<![\w.+/:-])(?!git@)[A-Za-z0-9][\w.+-]{0,63}@(?!(?:[\w-]+\.)*example\.)"
    r"(?:[A-Za-z0-9][A-Za-z0-9-]{0,62}\.){1,4}"
    r"(?!(?:test|example|invalid|local|localhost|png|jpe?g|gif|webp|svg|css|js|py)\b)"
    r"[A-Za-z]{2,24}(?![\w-])"
)
# Each begins with a character that few texts hold, so that the search passes over most at once.
_PLUS = re.compile(r"\+(?<![\w.+/-]\+)[1-9][\d ()/-]{6,20}\d(?![\w/-])")
_AREA = re.compile(
    r"\((?<![\w.+/-]\()(?:0[1-9]\d{1,4}\)[\d -]{5,14}\d|[2-9]\d\d\) ?\d{3}-\d{4})(?![\w/-])"
)
_ZERO = re.compile(r" 0[1-9]\d{1,4}[ /-][\d -]{5,14}\d(?![\w/-])")
_DASHED = re.compile(r"-(?<=[2-9]\d\d-)(?<![\w.+/-]\d{3}-)(?!555-01)\d{3}-\d{4}(?![\w/-])")
_CLOUD_KEY = re.compile(r"A(?<!\wA)(?:KIA[A-Z0-9]{16}|Iza[\w-]{35})(?!\w)")
_DASH_KEY = re.compile(
    r"-(?:(?<=\bsk-)[\w-]{20}|(?<=\bxox[abprs]-)[\w-]{10}"
    r"|----BEGIN [A-Z ]{0,20}PRIVATE KEY-----)"
)
_LINE_KEY = re.compile(
    r"_(?:(?<=\bgh[pousr]_)\w{30}|(?<=\bgithub_)pat_\w{30}|(?<=\bhf_)[A-Za-z0-9]{30})"
)
_TOKEN = re.compile(r"\.(?<=\w{8}\.)eyJ[\w-]{10,}\.[\w-]{10}")
_CARD = re.compile(r"(?<![\w.-])(?:\d[ -]?){12,18}\d(?![\w.-])")
_SHORTEST = 8
"""Characters of a text that may hold any."""
_NAMES = {"email": "an e-mail address", "phone": "a phone number", "key": "a key or token"}


def private_in(texts: Iterable[str], images: Iterable[ImageFacts]) -> list[str]:
    """What of this the texts seem to hold: `email`, `phone`, `card`, `key`; `place` is GPS tags."""
    said = "\n".join(texts)
    found = {
        "email": "@" in said and _EMAIL.search(said),
        "phone": _has_phone(said),
        "card": any(_is_card(_digits(one[0])) for one in _CARD.finditer(said)),
        "key": _has_key(said),
        "place": any(image.has_location for image in images),
    }
    return [name for name, holds in found.items() if holds]


def gives_notice(text: str) -> bool:
    """Whether the check gives notice of a text. In one function, for it is asked of every text."""
    if len(text) < _SHORTEST:
        return False
    return (
        ("-" in text and (_DASHED.search(text) or _DASH_KEY.search(text)) is not None)
        or ("@" in text and _EMAIL.search(text) is not None)
        or ("+" in text and _dials(_PLUS, text))
        or ("(" in text and _dials(_AREA, text))
        or ("0" in text and _dials(_ZERO, text))
        or ("_" in text and _LINE_KEY.search(text) is not None)
        or ("A" in text and _CLOUD_KEY.search(text) is not None)
        or ("." in text and _TOKEN.search(text) is not None)
    )


def is_nobodys(case: Case) -> Iterator[Problem]:
    """Notice of what a model would learn and may repeat: one warning a row."""
    texts = [text for _, message in case.messages for text in content_texts(message)]
    if not any(map(gives_notice, texts)):
        return
    found = [words for name, words in _NAMES.items() if name in private_in(texts, ())]
    if not found:
        return
    yield case.problem(
        "private",
        "warning",
        f"The row seems to hold {' and '.join(found)}: a tuned model may repeat it.",
        fix="List such rows with the query private:*; replace in them with H, or with "
        "`tintype edit FILE --replace '/[^ ]+@[^ ]+/' ADDRESS`.",
    )


def _has_phone(text: str) -> bool:
    if _DASHED.search(text):
        return True
    return any(_dials(pattern, text) for pattern in (_PLUS, _AREA, _ZERO))


def _dials(pattern: re.Pattern[str], text: str) -> bool:
    """Whether what fits has as many digits as numbers have (E.164 has 15 at most)."""
    return any(8 <= len(_digits(found[0])) <= 15 for found in pattern.finditer(text))


def _has_key(text: str) -> bool:
    return any(one.search(text) for one in (_DASH_KEY, _LINE_KEY, _CLOUD_KEY, _TOKEN))


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def _is_card(digits: str) -> bool:
    """Whether the last digit checks (Luhn, ISO/IEC 7812-1) and not all are the same."""
    doubled = (int(digit) * (1 + at % 2) for at, digit in enumerate(reversed(digits)))
    return len(set(digits)) > 1 and sum(n - 9 * (n > 9) for n in doubled) % 10 == 0


RULES = (is_nobodys,)
