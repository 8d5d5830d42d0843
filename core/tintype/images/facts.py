"""What can be said of an image from its bytes alone."""

from dataclasses import dataclass

NOT_FETCHED = "not fetched"
"""The flaw of an image on the network when nothing was to be fetched."""
NOT_REACHED = "not reached"
"""The flaw of an image on the network that this machine could not get; others may."""
NOT_DECODED = "not decoded"
"""The flaw of an image too large for this decoder, whatever others make of it."""
INACCESSIBLE = "inaccessible URL"
"""The flaw of an image that its host refuses, or that no URL leads to."""


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
    `not an image`, `not valid base64`, `no such file`, `inaccessible URL`; or one of the flaws
    above that say something of this machine and nothing of the image (`unknown`)."""
    detail: str = ""
    """A sentence about the flaw, for a person."""
    has_location: bool = False
    """Whether the metadata hold GPS tags."""

    @property
    def upright_size(self) -> tuple[int, int] | None:
        """Width and height as the image is shown, in pixels; none if they are not known."""
        if not (self.width and self.height):
            return None
        turned = self.orientation >= 5
        return (self.height, self.width) if turned else (self.width, self.height)

    @property
    def unknown(self) -> bool:
        """Whether this machine could not look at the image: nothing is known against it."""
        return self.flaw in (NOT_FETCHED, NOT_REACHED)
