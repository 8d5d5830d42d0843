"""Drawings that may be asked for again."""

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

    from tintype_tui.widgets.image.drawing import Drawing, Wanted

KEPT_BYTES = 32_000_000
"""Of drawings that may be asked for again."""


class RecentDrawings:
    """Drawings made lately, the oldest given up first; and one whole image."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._drawings: OrderedDict[tuple[str, Wanted], Drawing] = OrderedDict()
        self._held_bytes = 0
        self._source: tuple[str, Image] | None = None

    def find(self, key: "tuple[str, Wanted]") -> "Drawing | None":
        """A drawing that is still kept, the last to be given up now."""
        with self._lock:
            if found := self._drawings.get(key):
                self._drawings.move_to_end(key)
            return found

    def keep(self, key: "tuple[str, Wanted]", drawing: "Drawing") -> None:
        """Keep a drawing, and give up old ones for it."""
        with self._lock:
            if key not in self._drawings:
                self._held_bytes += drawing.held_bytes
            self._drawings[key] = drawing
            while self._held_bytes > KEPT_BYTES and len(self._drawings) > 1:
                _, old = self._drawings.popitem(last=False)
                self._held_bytes -= old.held_bytes

    def source(self, digest: str) -> "Image | None":
        """The decoded image, if it is that one."""
        with self._lock:
            return self._source[1] if self._source and self._source[0] == digest else None

    def keep_source(self, digest: str, image: "Image | None") -> None:
        """Keep a decoded image in place of the one before; none gives up all others."""
        with self._lock:
            if image is not None or not (self._source and self._source[0] == digest):
                self._source = (digest, image) if image is not None else None
