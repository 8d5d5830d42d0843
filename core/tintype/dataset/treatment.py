"""What is done to an image so that a provider takes it.

An image is encoded again only where it must be, else its bytes stay as they are: every encoding
loses a little.
"""

import math
from collections.abc import Collection
from dataclasses import dataclass, replace

from tintype.detection import Convention
from tintype.errors import DatasetError
from tintype.images.facts import ImageFacts

_LOWEST_QUALITY = 40
_SMALLEST_SIDE = 64


@dataclass(frozen=True, slots=True)
class Treatment:
    """What is done to the rows. By itself it only embeds images in files."""

    embed: bool = True
    """Embed images in files."""
    fetch: bool = False
    """Embed images on the network too."""
    url_base: str = ""
    """Instead of embedding images, write them as files into a folder `images` beside the copy, and
    refer to them below this address, at which somebody will serve them."""
    max_side: int | None = None
    """Shrink images with a longer side, in pixels."""
    max_bytes: int | None = None
    """Encode larger images more tightly, and shrink them if that is not enough."""
    quality: int = 90
    """Of JPEG where one is encoded; 1…95."""
    smaller: bool = False
    """Encode images without transparency again, as JPEG of this quality, where that is smaller."""
    detail: str = ""
    """The level of detail that every image asks for; empty: each its own."""
    boxes: tuple[Convention, Convention] | None = None
    """Write boxes that are in the first convention in the second."""
    rgb: bool = False
    """Bring every mode but RGB and RGBA (grey, palette, CMYK, 16 bits) to RGB."""
    upright: bool = False
    """Turn the pixels as the orientation tag says."""
    still: bool = False
    """Keep only the first frame of an animation."""
    formats: Collection[str] | None = None
    """Encode images of other formats as JPEG, e.g. all but `jpeg`, `png`, `webp`."""
    no_place: bool = False
    """Remove the metadata of images that tell where they were taken."""
    most_images: int | None = None
    """Split rows with more images between their questions (`many_images`)."""
    chat: bool = False
    """Write rows of other dialects as chat rows, each image as a part where it belongs, and image
    data as plain data URLs of their true type."""

    @property
    def keeps_images(self) -> bool:
        """Whether the bytes of an image that is a data URL stay as they are, whatever it is."""
        return replace(self, embed=True, fetch=False, quality=90, detail="", boxes=None) == _NOTHING


_NOTHING = Treatment()


def needs(facts: ImageFacts, treatment: Treatment) -> tuple[str, ...]:
    """Why an image would be encoded again; nothing if its pixels may stay as they are."""
    sides = max(facts.width, facts.height)
    reasons = {
        f"{facts.format or 'unknown'} format": treatment.formats is not None
        and facts.format not in treatment.formats,
        f"{facts.mode} mode": treatment.rgb and facts.mode not in ("RGB", "RGBA"),
        "turned": treatment.upright and facts.orientation != 1,
        "animated": treatment.still and facts.frames > 1,
        f"{sides} pixels": treatment.max_side is not None and sides > treatment.max_side,
        "GPS position": treatment.no_place and facts.has_location,
        f"{facts.size_bytes:,} bytes": treatment.max_bytes is not None
        and facts.size_bytes > treatment.max_bytes,
    }
    return tuple(reason for reason, applies in reasons.items() if applies)


def treat(data: bytes, treatment: Treatment) -> bytes:
    """An image as the treatment wants it; the same bytes if it has nothing to do.

    What is encoded again is a JPEG, upright and in RGB, without metadata. Where only metadata are
    to go, the pixels are not touched.

    Raises:
        DatasetError: if the image cannot be decoded, or not be made small enough.
    """
    from tintype.images import MOST_PIXELS, decode, encode_jpeg, probe, without_metadata

    facts = probe(data, verify=False, digest="none")  # which nobody asks for here
    if facts.flaw:
        raise DatasetError(f"The image is unusable: {facts.detail or facts.flaw}")
    turned = facts.orientation != 1  # what says so is metadata too: the pixels must be turned
    if treatment.no_place and facts.has_location and not turned:
        data = without_metadata(data, facts.format)
        facts = replace(facts, size_bytes=len(data), has_location=False)
    if not needs(facts, treatment):
        return _smaller(data, facts, treatment)
    longest = max(facts.width, facts.height)
    side = min(treatment.max_side or longest, longest)
    # A JPEG is decoded at its own size or a half, a quarter, an eighth of it.
    while facts.width * facts.height * min(1.0, 2 * side / longest) ** 2 > MOST_PIXELS:
        side //= 2
    smallest = min(_SMALLEST_SIDE, side)
    while side >= smallest:
        image = decode(data, box=(side, side), most_pixels=MOST_PIXELS)
        for quality in _qualities(treatment):
            encoded = encode_jpeg(image, quality)
            if treatment.max_bytes is None or len(encoded) <= treatment.max_bytes:
                return encoded
        side = math.floor(side * 0.8)
    raise DatasetError(f"The image cannot be brought below {treatment.max_bytes:,} bytes.")


def _smaller(data: bytes, facts: ImageFacts, treatment: Treatment) -> bytes:
    """The image as JPEG of the quality that is wanted, if that is smaller; else the same bytes."""
    from tintype.images import MOST_PIXELS, decode, encode_jpeg

    plain = facts.mode in ("RGB", "L") and facts.frames == 1 and facts.orientation == 1
    if not (treatment.smaller and plain) or facts.width * facts.height > MOST_PIXELS:
        return data
    image = decode(data, box=(facts.width, facts.height), most_pixels=MOST_PIXELS)
    encoded = encode_jpeg(image, treatment.quality)
    return encoded if len(encoded) < len(data) else data


def _qualities(treatment: Treatment) -> tuple[int, ...]:
    """The quality wanted, then lower ones in steps of 15."""
    if treatment.quality <= _LOWEST_QUALITY:
        return (treatment.quality,)
    return (*range(treatment.quality, _LOWEST_QUALITY, -15), _LOWEST_QUALITY)
