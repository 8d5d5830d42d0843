"""What a provider takes as training data: the table `[rules]` of its file."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

OWN_LIMITS = (
    *("min_examples", "few_examples", "max_examples", "max_image_examples", "max_images"),
    *("max_image_bytes", "max_file_bytes", "max_upload_bytes", "large_file_bytes", "max_skipped"),
)
"""Those that a person may set to their own: whole numbers."""


@dataclass(frozen=True, slots=True)
class ProviderRules:
    """The rules and limits of one provider. A limit of none is not known and not judged."""

    provider: str
    """Its name: that of its file."""
    title: str
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
    own_model: bool = True
    """False: `model` stands for what the provider trains, which is not known (`like`)."""
