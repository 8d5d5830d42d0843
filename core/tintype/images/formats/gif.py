"""GIF 87a and 89a: blocks of at most 255 bytes; frames may reach beyond the logical screen."""

from dataclasses import replace

from tintype.images.formats.header import Header, damaged, truncated


def read(data: bytes) -> Header:
    """Read the canvas and count the frames; the trailer must be there."""
    if len(data) < 13:
        return truncated(Header("gif"))
    width, height = (int.from_bytes(data[at : at + 2], "little") for at in (6, 8))
    header = Header("gif", "P", width, height, frames=0)
    at = 13 + _table(data[10])
    while at < len(data):
        block = data[at]
        if block == 0x3B:
            return _ended(header)
        if block == 0x21:
            at = _skip(data, at + 2)
        elif block == 0x2C and at + 10 <= len(data):
            header = _frame(header, data, at)
            at = _skip(data, at + 11 + _table(data[at + 9]))
        elif block == 0x2C:
            break
        else:
            return damaged(_ended(header), f"The GIF is damaged at byte {at}.")
    return truncated(replace(header, frames=max(1, header.frames)))


def _ended(header: Header) -> Header:
    if not header.frames or not header.width or not header.height:
        return damaged(replace(header, frames=1), "The GIF holds no image.")
    return header


def _frame(header: Header, data: bytes, at: int) -> Header:
    x, y, width, height = (
        int.from_bytes(data[at + o : at + o + 2], "little") for o in (1, 3, 5, 7)
    )
    return replace(
        header,
        width=max(header.width, x + width),
        height=max(header.height, y + height),
        frames=header.frames + 1,
    )


def _table(flags: int) -> int:
    """Bytes of the colour table that these flags announce."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _skip(data: bytes, at: int) -> int:
    """Where the chain of sub-blocks beginning here ends."""
    while at < len(data) and data[at]:
        at += data[at] + 1
    return at + 1
