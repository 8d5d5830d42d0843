"""What a reader of one format hands back."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Header:
    """What an image's structure says, before any pixel is decoded."""

    format: str
    """Pillow's name in lower case."""
    mode: str = ""
    """The mode Pillow would open it in; empty if unknown."""
    width: int = 0
    height: int = 0
    frames: int = 1
    exif: bytes = b""
    """The EXIF block as a TIFF file, or empty."""
    scans: int = 1
    """Passes over the image (progressive JPEG): each costs time in proportion to its area."""
    flaw: str = ""
    """`truncated`, `damaged`, `not an image`, `unknown format`, or empty."""
    detail: str = ""
    """A sentence about the flaw."""


TRUNCATED = "The bytes end before the image does."


def truncated(header: Header) -> Header:
    """The same header, of an image whose end is missing."""
    return _flawed(header, "truncated", TRUNCATED)


def damaged(header: Header, detail: str) -> Header:
    """The same header, of an image that breaks its format's rules."""
    return _flawed(header, "damaged", detail)


def _flawed(header: Header, flaw: str, detail: str) -> Header:
    from dataclasses import replace

    return replace(header, flaw=flaw, detail=detail)
