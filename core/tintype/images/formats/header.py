"""The format by its first bytes, and what the reader of a format hands back."""

from dataclasses import dataclass, replace


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
    located: bool = False
    """Whether XMP tells a latitude or longitude."""
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
    return replace(header, flaw=flaw, detail=detail)


def tells_place(xmp: bytes) -> bool:
    """Whether a block of XMP (or of text that holds some) tells where the image was taken."""
    return b"GPSLatitude" in xmp or b"GPSLongitude" in xmp


_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"BM", "bmp"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"II+\x00", "tiff"),
    (b"MM\x00+", "tiff"),
    (b"\x00\x00\x01\x00", "ico"),
    (b"8BPS", "psd"),
    (b"\x00\x00\x00\x0cjP  ", "jpeg2000"),
    (b"\xff\x4f\xff\x51", "jpeg2000"),
    (b"\x00\x00\x00\x0cJXL ", "jxl"),
    (b"\xff\x0a", "jxl"),
    (b"%PDF", "pdf"),
    (b"%!PS", "eps"),
    (b"\xc5\xd0\xd3\xc6", "eps"),
)
_BRANDS: dict[bytes, str] = {
    b"avif": "avif",
    b"avis": "avif",
    b"heic": "heif",
    b"heix": "heif",
    b"hevc": "heif",
    b"hevx": "heif",
    b"mif1": "heif",
    b"msf1": "heif",
}
_TEXT: tuple[tuple[bytes, str], ...] = (
    (b"<svg", "svg"),
    (b"<!doctype svg", "svg"),
    (b"<!doctype html", "html"),
    (b"<html", "html"),
    (b"<head", "html"),
    (b"{", "json"),
    (b"[", "json"),
)


def sniff(data: bytes) -> str:
    """Name the format in lower case as Pillow does (`jpeg`, `png` …), or say `""`.

    The bytes decide, whatever the name or the declared type says.
    """
    head = data[:512]
    for magic, format in _MAGIC:
        if head.startswith(magic):
            return format
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "")
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith(b"<?xml") and b"<svg" in text:
        return "svg"
    return next((format for start, format in _TEXT if text.startswith(start)), "")
