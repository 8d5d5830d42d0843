"""What is done to an image so that a provider takes it.

An image is encoded anew only where it must be, else its bytes stay as they are: every encoding
loses a little.
"""

import math
from collections.abc import Collection
from dataclasses import dataclass

from tintype.errors import DatasetError
from tintype.images.facts import ImageFacts

_LOWEST_QUALITY = 40
_SMALLEST_SIDE = 64


@dataclass(frozen=True, slots=True)
class Treatment:
    """What is done to the images. By itself it only embeds those in files."""

    fetch: bool = False
    """Embed images on the network too."""
    max_side: int | None = None
    """Shrink images with a longer side, in pixels."""
    max_bytes: int | None = None
    """Encode larger images more tightly, and shrink them if that is not enough."""
    quality: int = 90
    """Of JPEG where one is encoded; 1…95."""
    rgb: bool = False
    """Bring every mode but RGB and RGBA (grey, palette, CMYK, 16 bits) to RGB."""
    upright: bool = False
    """Turn the pixels as the orientation tag says."""
    still: bool = False
    """Keep only the first frame of an animation."""
    formats: Collection[str] | None = None
    """Encode images of other formats as JPEG, e.g. all but `jpeg`, `png`, `webp`."""


def needs(facts: ImageFacts, treatment: Treatment) -> tuple[str, ...]:
    """Why an image would be encoded anew; nothing if it may stay as it is."""
    sides = max(facts.width, facts.height)
    reasons = {
        f"{facts.format or 'unknown'} format": treatment.formats is not None
        and facts.format not in treatment.formats,
        f"{facts.mode} mode": treatment.rgb and facts.mode not in ("RGB", "RGBA"),
        "turned": treatment.upright and facts.orientation != 1,
        "animated": treatment.still and facts.frames > 1,
        f"{sides} pixels": treatment.max_side is not None and sides > treatment.max_side,
        f"{facts.size_bytes:,} bytes": treatment.max_bytes is not None
        and facts.size_bytes > treatment.max_bytes,
    }
    return tuple(reason for reason, applies in reasons.items() if applies)


def treat(data: bytes, treatment: Treatment) -> bytes:
    """An image as the treatment wants it; the same bytes if it has nothing to do.

    What is encoded anew is a JPEG, upright and in RGB, without metadata.

    Raises:
        DatasetError: if the image cannot be decoded, or not be made small enough.
    """
    from tintype.images import decode, encode_jpeg, probe

    facts = probe(data, verify=False)
    if facts.flaw:
        raise DatasetError(f"The image is unusable: {facts.detail or facts.flaw}")
    if not needs(facts, treatment):
        return data
    side = treatment.max_side or max(facts.width, facts.height)
    quality = treatment.quality
    while side >= min(_SMALLEST_SIDE, max(facts.width, facts.height)):
        encoded = encode_jpeg(decode(data, box=(side, side)), quality)
        if treatment.max_bytes is None or len(encoded) <= treatment.max_bytes:
            return encoded
        if quality > _LOWEST_QUALITY:
            quality = max(_LOWEST_QUALITY, quality - 15)
        else:
            side = math.floor(side * 0.8)
    raise DatasetError(f"The image cannot be brought below {treatment.max_bytes:,} bytes.")
