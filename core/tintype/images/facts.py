"""What can be said of an image from its bytes alone."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """An image as its bytes tell it, whatever its name or declared type."""

    size_bytes: int
    digest: str = ""
    """SHA-256 of the bytes, hexadecimal: equal for equal images."""
    format: str = ""
    """Pillow's name in lower case: `jpeg`, `png`, `webp`, `gif`, `bmp` …; empty if unknown."""
    mode: str = ""
    """Pillow's mode: `RGB`, `RGBA`, `L`, `P`, `CMYK`, `I;16` …; empty if unknown."""
    width: int = 0
    """Pixels, before any orientation tag is applied."""
    height: int = 0
    frames: int = 1
    """More than one: animated."""
    orientation: int = 1
    """The EXIF orientation tag, 1…8; 1 is upright."""
    flaw: str = ""
    """Empty, or why the image cannot be used: a short phrase such as `truncated`,
    `not an image`, `not valid base64`, `no such file`, `inaccessible URL`."""
    detail: str = ""
    """A sentence about the flaw, for a person."""
    has_location: bool = False
    """Whether EXIF holds GPS tags."""
