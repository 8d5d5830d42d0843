"""What in a row may say who somebody is, or open a door: found by its shape, so it may be wrong."""

import re
from collections.abc import Iterable

from tintype.images.facts import ImageFacts

_EMAIL = re.compile(r"[A-Za-z0-9][\w.+-]{0,63}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,4}")
_PHONE = re.compile(
    r"(?<![\w.+/-])(?:(?:\+[1-9]|\(0?[1-9]|0[1-9])[\d ()/-]{6,20}\d"
    r"|[2-9]\d\d-\d{3}-\d{4})(?![\w/-])"
)
_CARD = re.compile(r"(?<![\w.-])(?:\d[ -]?){12,18}\d(?![\w.-])")
_KEY = re.compile(
    r"\b(?:sk-[\w-]{20,}|gh[pousr]_\w{30,}|github_pat_\w{30,}|hf_[A-Za-z0-9]{30,}|AKIA[A-Z0-9]{16}"
    r"|AIza[\w-]{35}|xox[abprs]-[\w-]{10,}|eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,})"
    r"|-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----"
)


def private_in(texts: Iterable[str], images: Iterable[ImageFacts]) -> list[str]:
    """What of this the texts seem to hold: `email`, `phone`, `card`, `key`; `place` is GPS tags."""
    said = "\n".join(texts)
    found = {
        "email": "@" in said and _EMAIL.search(said),
        "phone": any(8 <= len(_digits(one[0])) <= 15 for one in _PHONE.finditer(said)),
        "card": any(_is_card(_digits(one[0])) for one in _CARD.finditer(said)),
        "key": _KEY.search(said),
        "place": any(image.has_location for image in images),
    }
    return [name for name, holds in found.items() if holds]


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def _is_card(digits: str) -> bool:
    """Whether the last digit checks (Luhn, ISO/IEC 7812-1) and not all are the same."""
    doubled = (int(digit) * (1 + at % 2) for at, digit in enumerate(reversed(digits)))
    return len(set(digits)) > 1 and sum(n - 9 * (n > 9) for n in doubled) % 10 == 0
