"""iTerm2's protocol: image files as they are, scaled by the terminal.

It takes JPEG, a tenth of what PNG or sixels of a photograph are. Images stand in their cells until
these are written over, as sixels do.
"""

import base64
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

QUALITY, SPARING_QUALITY = 85, 50
"""Of JPEG. Sharper than 85 is not seen, and 50 on half the pixels is a tenth of the bytes."""


def encode(image: "Image", columns: int, rows: int, own: bytes = b"", *, sparing: bool) -> str:
    """The image in one escape sequence, as `own`, the file's bytes, where these are fewer."""
    out = io.BytesIO()
    image.save(out, "JPEG", quality=SPARING_QUALITY if sparing else QUALITY)
    made = out.getvalue()
    data = own if own and len(own) <= len(made) else made
    return sequence(data, columns, rows, "preserveAspectRatio=0;")


def sequence(data: bytes, columns: int, rows: int, more: str = "") -> str:
    """A file shown at the cursor (iterm2.com/documentation-images.html)."""
    how = f"size={len(data)};width={columns};height={rows};{more}".rstrip(";")
    return f"\x1b]1337;File=inline=1;{how}:{base64.b64encode(data).decode('ascii')}\x07"
