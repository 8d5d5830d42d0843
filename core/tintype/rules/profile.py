"""What a provider takes, as data: `data/profiles.toml`. Nothing of accounts or addresses."""

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

from tintype.errors import SettingsError

_TABLE = Path(__file__).parent / "data" / "profiles.toml"


@dataclass(frozen=True, slots=True)
class ProviderRules:
    """The rules and limits of one provider. A limit of none is not known and not judged."""

    name: str
    title: str
    provider: str
    """Its name in the price table."""
    model: str
    """The base model that is meant unless another is named."""
    as_of: date
    source: str
    confidence: str
    url_images: bool
    """Whether images may be http(s) URLs that the provider fetches itself."""
    bom: Literal["refused", "allowed"]
    """What becomes of a byte order mark at the beginning."""
    formats: frozenset[str] = frozenset()
    """Pillow's names in lower case; empty: not judged."""
    modes: frozenset[str] = frozenset()
    details: frozenset[str] = frozenset()
    min_examples: int = 1
    few_examples: int = 0
    """Fewer than this seldom help."""
    max_examples: int | None = None
    max_image_examples: int | None = None
    """Examples with images."""
    max_images: int | None = None
    """Per example."""
    max_image_bytes: int | None = None
    max_file_bytes: int | None = None
    """In one request."""
    max_upload_bytes: int | None = None
    """In parts."""
    large_file_bytes: int | None = None
    """Larger files are taken, but have been reported to fail."""
    max_skipped: int | None = None
    """A job with more skipped examples fails."""
    vision_models: tuple[str, ...] = ()
    """Base models that learn from images; empty: not judged."""
    text_models: tuple[str, ...] = ()


def profile(name: str) -> ProviderRules:
    """The rules of a provider.

    Raises:
        SettingsError: if there is none of this name.
    """
    profiles = _profiles()
    if name not in profiles:
        raise SettingsError(
            f"There are no rules named {name!r}.", advice=f"Use one of {', '.join(profiles)}."
        )
    return profiles[name]


def profile_names() -> tuple[str, ...]:
    """Every provider that has rules."""
    return tuple(_profiles())


@functools.cache
def _profiles() -> Mapping[str, ProviderRules]:
    table = tomllib.loads(_TABLE.read_text("utf-8"))
    return {name: _profile(name, table) for name in table}


def _profile(name: str, table: Mapping[str, Any]) -> ProviderRules:
    entry = dict(table[name])
    like = entry.pop("like", None)
    merged = {**table[like], **entry} if like else entry
    for key in ("formats", "modes", "details"):
        merged[key] = frozenset(merged.get(key, ()))
    for key in ("vision_models", "text_models"):
        merged[key] = tuple(merged.get(key, ()))
    return ProviderRules(name=name, **merged)
