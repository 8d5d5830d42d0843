"""Windows bitmap: one header in several lengths, then rows of pixels."""

from tintype.images.formats.header import Header, damaged, truncated

_MODES = {1: "P", 4: "P", 8: "P", 16: "RGB", 24: "RGB", 32: "RGB"}


def read(data: bytes) -> Header:
    """Read size and depth; uncompressed pixels must all be there."""
    header = Header("bmp")
    if len(data) < 26:
        return truncated(header)
    size = int.from_bytes(data[14:18], "little")
    if len(data) < 14 + size:
        return truncated(header)
    if size == 12:
        width, height, bits = (int.from_bytes(data[at : at + 2], "little") for at in (18, 20, 24))
        packed = 0
    elif size >= 40:
        width, height = (
            abs(int.from_bytes(data[at : at + 4], "little", signed=True)) for at in (18, 22)
        )
        bits = int.from_bytes(data[28:30], "little")
        packed = int.from_bytes(data[30:34], "little")
    else:
        return damaged(header, f"A BMP header cannot have {size} bytes.")
    header = Header("bmp", _MODES.get(bits, ""), width, height)
    if not width or not height or not header.mode:
        return damaged(header, "The BMP header describes no image.")
    pixels = int.from_bytes(data[10:14], "little")
    if packed in (0, 3) and len(data) < pixels + height * ((width * bits + 31) // 32 * 4):
        return truncated(header)
    return header
