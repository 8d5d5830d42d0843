"""The two things of EXIF that matter here: which way is up, and whether it tells a place.

Read by hand because Pillow warns about damaged directories through the process-wide `warnings`.
"""

from typing import Literal

_ORIENTATION, _GPS = 0x0112, 0x8825
_LATITUDE, _LONGITUDE = 2, 4
_MOST_ENTRIES = 1_000
_SHORT = 3

Order = Literal["little", "big"]


def read_exif(block: bytes) -> tuple[int, bool]:
    """Orientation (1…8; 1 when absent or odd), and whether latitude or longitude is given."""
    orders: dict[bytes, Order] = {b"II*\x00": "little", b"MM\x00*": "big"}
    order = orders.get(block[:4])
    if order is None:
        return 1, False
    tags = _directory(block, int.from_bytes(block[4:8], order), order)
    orientation = tags.get(_ORIENTATION, 1)
    gps = _directory(block, tags[_GPS], order) if _GPS in tags else {}
    return (
        orientation if 1 <= orientation <= 8 else 1,
        _LATITUDE in gps or _LONGITUDE in gps,
    )


def _directory(block: bytes, at: int, order: Order) -> dict[int, int]:
    """Tags of one directory with their first value or, for long ones, the offset of it."""
    count = int.from_bytes(block[at : at + 2], order)
    tags = {}
    for entry in range(at + 2, at + 2 + 12 * min(count, _MOST_ENTRIES), 12):
        if entry + 12 > len(block):
            break
        tag = int.from_bytes(block[entry : entry + 2], order)
        kind = int.from_bytes(block[entry + 2 : entry + 4], order)
        width = 2 if kind == _SHORT else 4
        tags[tag] = int.from_bytes(block[entry + 8 : entry + 8 + width], order)
    return tags
