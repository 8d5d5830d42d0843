"""Text made comparable: named steps, each switchable, always applied in the same order.

A step says what it forgives, so that a score can say what was forgiven. The same steps are applied
to the prediction and to every truth.
"""

import functools
import re
import unicodedata
from collections.abc import Callable, Collection, Mapping

_GONE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff"))
_FENCE = re.compile(r"```[^\n`]*\n(.*?)\n?```", re.DOTALL)
_COMMAND = re.compile(r"\\(?:boxed|fbox|text|textbf|mathbf|mathrm)\{([^{}]*)\}")
_EMPHASIS = re.compile(r"(\*\*|__|\*|`+)(?=\S)(.+?)(?<=\S)\1", re.DOTALL)
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_TRAILING = ".,;:!?。！？…"
_QUOTES = {'"': '"', "'": "'", "“": "”", "‘": "’", "«": "»", "„": "“", "「": "」"}
_NESTED = 3
_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen twenty "
)
NUMBER_WORDS = tuple(_WORDS.split())
_DIGITS = {word: str(number) for number, word in enumerate(NUMBER_WORDS)}
_ARTICLES = frozenset(("a", "an", "the"))


def _nfkc(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _space(text: str) -> str:
    return " ".join(text.translate(_GONE).split())


def without_markup(text: str) -> str:
    """Take off one code fence or `$…$` round the whole, LaTeX boxes, emphasis and backticks."""
    if not any(mark in text for mark in "`$\\*_"):
        return text  # as nearly always
    stripped = text.strip()
    if fenced := _FENCE.fullmatch(stripped):
        text = stripped = fenced[1].strip()
    if len(stripped) > 2 and stripped.startswith("$") and stripped.endswith("$"):
        inner = stripped.strip("$")
        if "$" not in inner:
            text = inner
    for _ in range(_NESTED):
        text = _COMMAND.sub(r"\1", text)
    for _ in range(_NESTED):
        text = _EMPHASIS.sub(r"\2", text)
    return text


def _quotes(text: str) -> str:
    if len(text) >= 2 and _QUOTES.get(text[0]) == text[-1]:
        return text[1:-1]
    return text


def _thousands(text: str) -> str:
    return _THOUSANDS.sub("", text)


def _punct(text: str) -> str:
    return text.rstrip(_TRAILING + " ") if text.rstrip(_TRAILING + " ") else text


def _number_words(text: str) -> str:
    return " ".join(_DIGITS.get(token.casefold(), token) for token in text.split(" "))


def _articles(text: str) -> str:
    kept = [token for token in text.split(" ") if token.casefold() not in _ARTICLES]
    return " ".join(kept) if kept else text


STEPS: Mapping[str, Callable[[str], str]] = {
    "nfkc": _nfkc,
    "space": _space,
    "markup": without_markup,
    "quotes": _quotes,
    "case": str.casefold,
    "thousands": _thousands,
    "punct": _punct,
    "number_words": _number_words,
    "articles": _articles,
}
"""Every step by its name, in the order in which they are applied."""


def normalise(text: str, steps: Collection[str] = tuple(STEPS)) -> str:
    """Apply the named steps, in the order of `STEPS` whatever the order they are named in.

    Raises:
        KeyError: if there is no such step.
    """
    if unknown := set(steps) - STEPS.keys():
        raise KeyError(f"There is no step {sorted(unknown)[0]!r}; there are {', '.join(STEPS)}.")
    return _applied(text, tuple(steps))


@functools.lru_cache(maxsize=16_384)  # truths and short answers come again and again
def _applied(text: str, steps: tuple[str, ...]) -> str:
    for name, step in STEPS.items():
        if name in steps:
            text = step(text)
    return text
