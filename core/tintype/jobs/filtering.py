"""Choosing jobs by what one remembers of them: `state:failed model:tiny cards`.

Every word must fit. A word alone may stand anywhere in a job's state, name, models, data or id; one
with a key only there. Whatever the case.
"""

from collections.abc import Callable, Mapping
from pathlib import PurePath

from tintype.store import KeptJob

_KEYS: Mapping[str, Callable[[KeptJob], str]] = {
    "state": lambda kept: kept.job.status,
    "model": lambda kept: f"{kept.job.model} {kept.job.fine_tuned_model or ''}",
    "suffix": lambda kept: kept.job.suffix or "",
    "data": lambda kept: data_of(kept),
    "id": lambda kept: kept.job.id,
    "meta": lambda kept: " ".join(f"{key}={value}" for key, value in kept.job.metadata.items()),
    "made": lambda kept: f"{kept.job.created_at.astimezone():%Y-%m-%d}",
}

KEYS = tuple(_KEYS)
"""What may stand before a colon."""


def data_of(kept: KeptJob) -> str:
    """The dataset a job was made from, by folder and name; empty if that is not known here."""
    source = kept.made_from.training
    if source is None:
        return ""
    path = PurePath(source.path)
    return f"{path.parent.name}/{path.stem}" if path.parent.name else path.stem


def fits(kept: KeptJob, wanted: str) -> bool:
    """Whether a job fits what is wanted; everything fits nothing wanted."""
    return all(_fits(kept, word) for word in wanted.casefold().split())


def _fits(kept: KeptJob, word: str) -> bool:
    key, colon, rest = word.partition(":")
    if colon and key in _KEYS:
        return rest in _KEYS[key](kept).casefold()
    return any(word in read(kept).casefold() for read in _KEYS.values())
