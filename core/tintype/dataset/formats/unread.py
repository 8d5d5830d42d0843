"""Formats that are recognised by name, but not read yet."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tintype.dataset.formats.contract import Detection, FormatOption

Recogniser = Callable[[Path], Detection | None]


@dataclass(frozen=True, slots=True)
class Unread:
    """A format that is recognised and not read."""

    name: str
    title: str
    about: str
    recognise: Recogniser
    options: tuple[FormatOption, ...] = ()

    def detect(self, path: Path) -> Detection | None:
        """See `Format.detect`."""
        return self.recognise(path)


def _other_json(path: Path) -> Detection | None:
    if path.suffix.lower() != ".json" or not path.is_file() or path.stat().st_size > 50_000_000:
        return None
    try:
        value = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return None
    kind = "list" if isinstance(value, list) else "object" if isinstance(value, dict) else "value"
    return Detection(f"a JSON {kind}", "possible")


_LATER = "export its rows as a table or as chat rows"
FORMATS = (
    Unread("json", "JSON", f"{_LATER}.", _other_json),
)  # fmt: skip
