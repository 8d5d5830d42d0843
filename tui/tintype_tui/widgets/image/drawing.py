"""Making drawings: an image decoded, cut, scaled, marked and encoded for the terminal at hand.

All of it happens in a thread. A screen awaits `draw` and hands the result to the widget, which
only shows it. What was drawn lately is kept, so that paging back costs nothing.
"""

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from math import isfinite
from typing import TYPE_CHECKING

from textual.strip import Strip

from tintype.detection import Box
from tintype.errors import DatasetError
from tintype_tui.terminal import Protocol
from tintype_tui.widgets.image.describing import describe
from tintype_tui.widgets.image.framing import FIT, Frame, Room, View, frame
from tintype_tui.widgets.image.recent import RecentDrawings

if TYPE_CHECKING:
    from PIL.Image import Image

PIXELS = ("kitty", "iterm", "sixel")
"""Protocols that show an image's own pixels."""
SLOW_SIXELS = 20_000
"""Bytes of sixels from which on block characters are shown on a slow line: a photograph takes a
tenth as many in them, and sixels of as few bytes show less."""
_JPEG = b"\xff\xd8"
SOURCE_BYTES = 64_000_000
"""Of the one decoded image that is kept while one looks at parts of it."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An image, and how it is to be drawn."""

    data: bytes = field(repr=False)
    """Encoded: JPEG, PNG, WebP …"""
    room: Room
    view: View = FIT
    protocol: Protocol = "halfblock"
    truth: tuple[Box, ...] = ()
    """Drawn solid."""
    predicted: tuple[Box, ...] = ()
    """Drawn dashed."""
    sparing: bool = False
    """For a slow line: fewer pixels and colours."""
    few_bytes: bool = False
    """For a line on which 50 KB of block characters take a while: in 10."""
    few_colours: bool = False
    """For sixteen colours; such a terminal's font may lack all block characters but the halves."""
    checkered: bool = False
    """Whether transparent parts show a checkerboard; else white, as providers see them."""
    dark: bool = True
    """Whether the background is dark; letters need to know."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """An image ready to be shown, or why there is none."""

    size: tuple[int, int]
    """The upright image's width and height in its own pixels."""
    frame: Frame
    protocol: Protocol
    description: str
    """In words, for those who cannot see it."""
    flaw: str = ""
    """A sentence, if the image cannot be decoded."""
    strips: tuple[Strip, ...] = field(default=(), repr=False)
    """In characters, one for each row. Also there for kitty and sixel, for when these cannot be
    used: under a dialog, half scrolled away."""
    payload: str = field(default="", repr=False)
    """For kitty: PNG in base64. For sixel: the whole escape sequence."""

    @property
    def sent_bytes(self) -> int:
        """What goes to the terminal to show it, about."""
        each = {"kitty": 9, "sixel": 1, "halfblock": 42}.get(self.protocol, 1)
        return len(self.payload) + each * self.frame.columns * self.frame.rows

    @property
    def held_bytes(self) -> int:
        """What it takes in memory, about: a cell is a segment with its text and escape codes."""
        return len(self.payload) + 400 * self.frame.columns * self.frame.rows


async def draw(wanted: Wanted) -> Drawing:
    """Draw an image in a thread. Cancelled, it stops at its next step."""
    abandoned = threading.Event()
    try:
        return await asyncio.to_thread(_draw, wanted, abandoned)
    finally:
        abandoned.set()


_recent = RecentDrawings()


class _AbandonedError(Exception):
    """Nobody waits for the drawing any more."""


def _draw(wanted: Wanted, abandoned: threading.Event) -> Drawing:
    from tintype.images import probe

    facts = probe(wanted.data, verify=False)
    truth, predicted = _placed(wanted.truth), _placed(wanted.predicted)
    wanted = replace(wanted, truth=truth, predicted=predicted)
    # The bytes are named by their digest, or the cache would keep them.
    key = (facts.digest, replace(wanted, data=b""))
    if found := _recent.find(key):
        return found
    width, height = (facts.width, facts.height)[:: 1 if facts.orientation < 5 else -1]
    size = max(1, width), max(1, height)
    seen = frame(size, wanted.room, wanted.view)
    words = describe(size, truth, predicted)
    drawing = Drawing(size, seen, wanted.protocol, words)
    if wanted.protocol != "none":
        try:
            image = _pixels(wanted, facts.digest, drawing)
        except DatasetError as error:
            drawing = replace(drawing, flaw=str(error))
        else:
            # Terminals differ about files that are to be turned.
            own = wanted.data if facts.orientation < 2 and wanted.data[:2] == _JPEG else b""
            drawing = _rendered(wanted, image, drawing, own, abandoned)
    _recent.keep(key, drawing)
    return drawing


def _placed(boxes: Sequence[Box]) -> tuple[Box, ...]:
    """The boxes that are somewhere: models also write numbers that are none, or far too large."""
    found = []
    for box in boxes:
        places = (box.y_min, box.x_min, box.y_max, box.x_max)
        if all(map(isfinite, places)):
            found.append(Box(box.label, *(min(max(-1.0, place), 2.0) for place in places)))
    return tuple(found)


def _pixels(wanted: Wanted, digest: str, drawing: Drawing) -> "Image":
    """What is seen of the image, at the size at which it is drawn."""
    from PIL.Image import Resampling

    from tintype.images import decode

    target = _target(wanted, drawing)
    named = f"{digest} checkered" if wanted.checkered else digest
    if drawing.frame.view.zoom > 1:
        if (source := _recent.source(named)) is None:
            most = SOURCE_BYTES / 3
            shrink = min(1.0, (most / (drawing.size[0] * drawing.size[1])) ** 0.5)
            box = (int(drawing.size[0] * shrink), int(drawing.size[1] * shrink))
            source = decode(wanted.data, box=box, checkered=wanted.checkered)
            _recent.keep_source(named, source)
    else:
        source = decode(wanted.data, box=target, checkered=wanted.checkered)
        _recent.keep_source(named, None)
    left, top, right, bottom = drawing.frame.region
    part = (left * source.width, top * source.height, right * source.width, bottom * source.height)
    enlarged = target[0] / max(1e-6, part[2] - part[0])
    # Far enlarged, pixels are what one wants to see.
    method = Resampling.NEAREST if enlarged >= 4 else Resampling.BICUBIC
    method = Resampling.LANCZOS if enlarged < 1 else method
    return source.resize(target, method, box=part, reducing_gap=2.0)


def _target(wanted: Wanted, drawing: Drawing) -> tuple[int, int]:
    """Pixels to draw."""
    from tintype_tui.widgets.image.blocks import HIGH, WIDE

    columns, rows = drawing.frame.columns, drawing.frame.rows
    if wanted.protocol not in PIXELS:
        return columns * WIDE, rows * HIGH
    wide, high = columns * wanted.room.cell[0], rows * wanted.room.cell[1]
    if wanted.protocol == "sixel":
        return wide, high
    # The others enlarge by themselves, but outlines and names must not be enlarged with the image.
    left, _, right, _ = drawing.frame.region
    own = drawing.size[0] * (right - left) / wide
    least = 1.0 if wanted.truth or wanted.predicted else 0.0
    scale = min(0.5 if wanted.sparing else 1.0, max(own, least, 1 / min(wide, high)))
    return max(1, round(wide * scale)), max(1, round(high * scale))


def _rendered(
    wanted: Wanted, image: "Image", drawing: Drawing, own: bytes, abandoned: threading.Event
) -> Drawing:
    from tintype.detection.colours import colours
    from tintype_tui.widgets.image.blocks import HALF, block_strips, dithered, letter_strips
    from tintype_tui.widgets.image.marks import mark_boxes
    from tintype_tui.widgets.image.sparing import sparing_strips

    _go_on(abandoned)
    seen, letters = drawing.frame, wanted.protocol == "ascii"
    boxes = (*wanted.truth, *wanted.predicted)
    palette = colours(box.label for box in boxes)
    marks = mark_boxes(seen, wanted.truth, wanted.predicted, palette, letters=letters)
    if letters:
        strips = letter_strips(image, seen.columns, seen.rows, marks, dark=wanted.dark)
    elif wanted.few_colours:
        mixed = dithered(image, seen.columns, seen.rows)
        strips = block_strips(mixed, seen.columns, seen.rows, marks, HALF)
    elif wanted.sparing or wanted.few_bytes:
        strips = sparing_strips(image, seen.columns, seen.rows, marks)
    else:
        strips = block_strips(image, seen.columns, seen.rows, marks)
    drawing = replace(drawing, strips=strips)
    if wanted.protocol not in PIXELS:
        return drawing
    _go_on(abandoned)
    if boxes:
        image = _with_boxes(wanted, image, drawing)
    payload = _encoded(wanted, image, drawing, own)
    if not payload:
        return replace(drawing, protocol="halfblock")
    return replace(drawing, payload=payload)


def _encoded(wanted: Wanted, image: "Image", drawing: Drawing, own: bytes) -> str:
    """What gives the terminal an image of pixels; empty where characters show more of it."""
    from tintype_tui.widgets.image import iterm, kitty, sixel
    from tintype_tui.widgets.image.kept import kept

    seen, sparing = drawing.frame, wanted.sparing
    if wanted.protocol == "kitty":
        if not sparing:
            return kitty.encode(image, sparing=False)  # as fast as reading its many bytes
        return kept(image, "kitty", partial(kitty.encode, image, sparing=True))
    if wanted.protocol == "sixel":
        most = SLOW_SIXELS if sparing else None
        encode = partial(sixel.encode, image, sparing=sparing, most=most)
        return kept(image, f"sixel {most}", encode)
    whole = seen.region == (0.0, 0.0, 1.0, 1.0) and not (wanted.truth or wanted.predicted)
    return iterm.encode(image, seen.columns, seen.rows, own if whole else b"", sparing=sparing)


def _with_boxes(wanted: Wanted, image: "Image", drawing: Drawing) -> "Image":
    from tintype.detection.drawing import BoxStyle, draw_boxes

    # Names in letters about as large as the terminal's own.
    rows = drawing.frame.rows
    letter = 0.72 * image.height / rows
    look = BoxStyle(thickness=0.8, text=letter / (min(image.size) / 26))
    return draw_boxes(
        image,
        _inside(wanted.truth, drawing.frame),
        _inside(wanted.predicted, drawing.frame),
        look=look,
    )


def _inside(boxes: Sequence[Box], seen: Frame) -> list[Box]:
    """The boxes that are seen, in fractions of what is seen."""
    left, top, right, bottom = seen.region
    wide, high = right - left, bottom - top
    moved = (
        Box(
            box.label,
            (box.y_min - top) / high,
            (box.x_min - left) / wide,
            (box.y_max - top) / high,
            (box.x_max - left) / wide,
        )
        for box in boxes
    )
    return [
        box for box in moved if _overlaps(box.x_min, box.x_max) and _overlaps(box.y_min, box.y_max)
    ]


def _overlaps(one: float, other: float) -> bool:
    return min(one, other) < 1 and max(one, other) > 0


def _go_on(abandoned: threading.Event) -> None:
    if abandoned.is_set():
        raise _AbandonedError
