"""What a provider's safety checks of a tuned model found: events of type `moderation_checks`.

OpenAI evaluates a tuned model in thirteen categories and blocks it if too many answers in one of
them fail (guide "Vision fine-tuning", 2026). What such an event holds is not documented. So its
data are read as they come: anywhere in them, a category with a verdict, or the verdict on all.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

from tintype.resources import Event

TYPE = "moderation_checks"

CATEGORIES: Mapping[str, str] = {
    "advice": "advice that violates the provider's policies",
    "harassment/threatening": "harassment with violence or serious harm",
    "hate": "hate against protected groups",
    "hate/threatening": "hate with violence or serious harm",
    "highly-sensitive": "highly sensitive data",
    "illicit": "instructions for illicit acts",
    "propaganda": "praise or help for violent ideologies",
    "self-harm/instructions": "instructions for self-harm",
    "self-harm/intent": "intent to harm oneself",
    "sensitive": "sensitive data",
    "sexual/minors": "sexual content with minors",
    "sexual": "sexual content",
    "violence": "death, violence or injury",
}
"""What each is about. Source: the same guide."""

Verdict = Literal["passed", "flagged", "unknown"]

_BAD = ("flagged", "blocked", "failed", "fail", "violates", "exceeded", "rejected")
_GOOD = ("passed", "pass", "ok", "allowed", "no_enforcement", "none", "clear")
_DEEPEST, _MOST = 8, 2_000


@dataclass(frozen=True, slots=True)
class Category:
    """One category and what was found."""

    name: str
    verdict: Verdict
    enforcement: str = ""
    """What the provider does about it, in its word."""

    @property
    def about(self) -> str:
        """What the category is about; empty for one that is not known here."""
        return CATEGORIES.get(self.name, "")


@dataclass(frozen=True, slots=True)
class Moderation:
    """A safety check as a whole."""

    blocked: bool | None
    """Whether the model may not be used; none if that is not said."""
    categories: tuple[Category, ...]
    """Those with a verdict; the flagged ones first."""
    sentence: str
    advice: str = ""


def moderation(event: Event) -> Moderation | None:
    """Read a safety check out of an event; none if it is about something else."""
    if event.type != TYPE:
        return None
    found = {one.name: one for one in islice(_categories(event.data, 0), _MOST)}
    listed = sorted(found.values(), key=lambda one: (one.verdict != "flagged", one.name))
    flagged = [one.name for one in listed if one.verdict == "flagged"]
    blocked = _blocked(event, flagged)
    return Moderation(blocked, tuple(listed), *_words(blocked, flagged, len(listed)))


def _words(blocked: bool | None, flagged: list[str], checked: int) -> tuple[str, str]:
    if not blocked and not flagged:
        said = f"The model passed the safety checks in {checked} categories."
        unsaid = "The model's safety was checked; the provider does not say with what result."
        return (said if checked else unsaid if blocked is None else "The model is not blocked."), ""
    names = ", ".join(flagged) or "categories that are not named"
    what = "is blocked" if blocked else "was flagged"
    advice = (
        "Look for training examples about these subjects, take them out, or add examples in which "
        "the assistant declines; then train again."
    )
    return f"The model {what} for {names}.", advice


def _blocked(event: Event, flagged: list[str]) -> bool | None:
    for key in ("blocked", "passed"):
        if isinstance(event.data.get(key), bool):
            return bool(event.data[key]) == (key == "blocked")
    about = event.message.lower()
    if any(word in about for word in ("blocked", "failed", "did not pass")):
        return True
    return False if "passed" in about and not flagged else None


def _categories(value: Any, depth: int) -> Iterator[Category]:
    """Every category that is reported, in either of two shapes.

    `{"category": "hate", "flagged": true}`, or `{"hate": true}` and `{"hate": {…}}`.
    """
    if depth > _DEEPEST:
        return
    if isinstance(value, list | tuple):
        for one in value[:_MOST]:
            yield from _categories(one, depth + 1)
    elif isinstance(value, Mapping):
        name = value.get("category", value.get("name"))
        if isinstance(name, str):
            yield _category(name, value)
            return
        for key, one in islice(value.items(), _MOST):
            if key in CATEGORIES:
                yield _category(key, one if isinstance(one, Mapping) else {"flagged": one})
            else:
                yield from _categories(one, depth + 1)


def _category(name: str, said: Mapping[str, Any]) -> Category:
    enforcement = said.get("enforcement", said.get("action"))
    words = enforcement if isinstance(enforcement, str) else ""
    return Category(name, _verdict(said), words)


def _verdict(said: Mapping[str, Any]) -> Verdict:
    for key in ("flagged", "blocked", "failed", "passed"):
        value = said.get(key)
        if isinstance(value, bool):
            return "passed" if value == (key == "passed") else "flagged"
    for value in said.values():
        word = value.lower() if isinstance(value, str) else ""
        if word in _BAD:
            return "flagged"
        if word in _GOOD:
            return "passed"
    return "unknown"
