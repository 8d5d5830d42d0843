"""The texts of a row, each with who says it and where it can be replaced."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

Where = Literal["everywhere", "questions", "answers", "system"]
"""Which texts of a row are meant, by who says them."""
ROLES = {
    "questions": ("user", "human"),
    "answers": ("assistant", "gpt", "model"),
    "system": ("system", "developer"),
}
_COLUMNS = (
    ("questions", ("prompt", "question", "instruction", "prefix", "input", "query")),
    ("answers", ("completion", "answer", "output", "suffix", "response", "label")),
    ("system", ("system",)),
)


@dataclass(frozen=True, slots=True)
class Text:
    """A text of a row, where it can be replaced."""

    holder: Any
    key: str | int
    role: str
    """As the row spells it; for a pair of columns what it is: `questions`, `answers`."""

    @property
    def text(self) -> str:
        """The text as it stands."""
        found: str = self.holder[self.key]
        return found

    def is_of(self, where: Where) -> bool:
        """Whether it is among the texts that are meant."""
        return where == "everywhere" or self.role == where or self.role in ROLES[where]


def texts(value: Any) -> Iterator[Text]:
    """Every text that somebody says in a row, in its order."""
    if not isinstance(value, dict):
        return
    said = False
    for turns in _conversations(value):
        said = True
        for turn in turns:
            if isinstance(turn, dict):
                yield from _turn(turn)
    for name, item in value.items() if not said else ():
        if isinstance(item, str) and not item.startswith("data:"):
            kind = next((kind for kind, names in _COLUMNS if name in names), "")
            if kind:
                yield Text(value, name, kind)


def _conversations(value: dict[str, Any]) -> Iterator[list[Any]]:
    places = [value, value.get("body"), value.get("input")]
    for place in places:
        for name in ("messages", "conversations", "conversation"):
            if isinstance(place, dict) and isinstance(place.get(name), list):
                yield place[name]
    for name in ("preferred_output", "non_preferred_output"):
        if isinstance(value.get(name), list):
            yield value[name]


def _turn(turn: dict[str, Any]) -> Iterator[Text]:
    role = turn.get("role", turn.get("from"))
    role = role if isinstance(role, str) else ""
    name = "content" if "content" in turn else "value"
    content = turn.get(name)
    if isinstance(content, str):
        yield Text(turn, name, role)
    for at, part in enumerate(content) if isinstance(content, list) else ():
        if isinstance(part, str):
            yield Text(content, at, role)
        elif isinstance(part, dict) and isinstance(part.get("text"), str):
            yield Text(part, "text", role)
