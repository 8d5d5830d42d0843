"""An image as text to be written to a terminal outside the app, where it stays."""

from rich.color import ColorSystem
from textual.strip import Strip

from tintype.detection import Box
from tintype_tui.terminal import TRUECOLOR, Capabilities, Protocol
from tintype_tui.terminal.tmux import wrap
from tintype_tui.widgets.image import iterm, kitty
from tintype_tui.widgets.image.drawing import Wanted, draw
from tintype_tui.widgets.image.framing import Room

_NUMBER = 0x7417
"""The first image's number in kitty; the app's are larger."""


async def printed(
    data: bytes,
    capabilities: Capabilities,
    protocol: Protocol,
    *,
    columns: int,
    rows: int,
    truth: tuple[Box, ...] = (),
    number: int = 0,
) -> str:
    """Draw an image in at most so many cells; whole lines, or a sentence why there is none.

    In kitty an image with the `number` of another, from 0, replaces it.
    """
    drawn: Protocol = "none" if protocol == "iterm" else protocol
    room = Room(columns, rows, capabilities.cell)
    few = capabilities.colours <= 16
    drawing = await draw(Wanted(data, room, protocol=drawn, truth=truth, few_colours=few))
    if drawing.flaw:
        return f"{drawing.flaw}\n"
    through = wrap if capabilities.tmux else str
    if protocol == "iterm":
        frame = drawing.frame
        return through(iterm.sequence(data, frame.columns, frame.rows)) + "\n"
    if protocol == "sixel":
        return drawing.payload + "\n"
    if protocol == "kitty":
        size = drawing.frame.columns, drawing.frame.rows
        sent = kitty.transmission(_NUMBER + number, drawing.payload, *size)
        cells = kitty.placeholder_strips(_NUMBER + number, *size)
        return "".join(map(through, sent)) + _lines(cells, TRUECOLOR)
    return _lines(drawing.strips, capabilities.colours)


def _lines(strips: tuple[Strip, ...], colours: int) -> str:
    system = {
        2: None,
        8: ColorSystem.STANDARD,
        16: ColorSystem.STANDARD,
        256: ColorSystem.EIGHT_BIT,
    }
    colour_system = system.get(colours, ColorSystem.TRUECOLOR)
    return "".join(
        "".join(
            segment.style.render(segment.text, color_system=colour_system)
            if segment.style
            else segment.text
            for segment in strip
        )
        + "\n"
        for strip in strips
    )
