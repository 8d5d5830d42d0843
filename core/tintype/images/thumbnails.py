"""Images made small, for pages with many of them.

What is shown on a few cells need not be kept as a photograph of megabytes: a page of forty would
hold hundreds of them.
"""

from tintype.images.decoding import decode, encode_jpeg

SMALL_BYTES = 48_000
"""An image of no more bytes is kept as it is: nothing would be won."""
_QUALITY = 88


def thumbnail(data: bytes, box: tuple[int, int]) -> bytes:
    """The image encoded so that it fits a box of pixels; what is small already stays as it is.

    Decodes pixels, so this belongs in a thread.

    Raises:
        DatasetError: if it is no image, damaged, cut short, or too large to decode.
    """
    if len(data) <= SMALL_BYTES:
        return data
    return encode_jpeg(decode(data, box=box), _QUALITY)
