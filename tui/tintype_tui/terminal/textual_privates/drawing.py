"""How Textual draws, and with which colours: frames as strips of cells, handed to an `Output`."""

import gc
import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from zlib import crc32

from rich.color import ColorSystem
from rich.console import Console, RenderableType
from rich.style import Style
from textual import constants
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.app import App, ReturnType
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from tintype_tui.terminal.output import Output
from tintype_tui.terminal.textual_privates.driver import output_of
from tintype_tui.terminal.textual_privates.ending import ReportingApp

if TYPE_CHECKING:
    from PIL.Image import Image

_WHOLE_FRAMES = "TINTYPE_FULL_REPAINT" in os.environ
"""Whether every frame is sent as Textual makes it: to compare with."""


class PaintedApp(ReportingApp[ReturnType]):
    """An app that is drawn from strips of cells, where the driver has an `Output`."""

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        output = None if _WHOLE_FRAMES else output_of(self)
        if output is None or not isinstance(renderable, CompositorUpdate):
            super()._display(screen, renderable)
        else:
            _paint(self, output, screen, renderable)


def _paint(app: App[Any], output: Output, screen: Screen[Any], update: CompositorUpdate) -> None:
    """What Textual's `App._display` does, with an `Output` in place of its writer."""
    try:
        if app._running and not app._closed and not app._batch_count:
            output.synchronized = app._sync_available
            cursor = app.screen.outer_size.clamp_offset(app.cursor_position)
            output.paint(screen._compositor.size, _pieces(update), _pens(app.console), cursor)
    except Exception as error:
        app._handle_exception(error)
    finally:
        app.post_display_hook()


def draws(app: App[Any]) -> bool:
    """Whether what is refreshed now is drawn: while it starts, Textual holds that back."""
    return app._running and not app._batch_count


def _pieces(update: CompositorUpdate) -> Iterable[tuple[int, int, Strip]]:
    """Row, column and strip of what is drawn; as the updates themselves go about it."""
    if isinstance(update, LayoutUpdate):
        for y, line in enumerate(update.strips, update.region.y):
            x = update.region.x
            for strip in line:
                yield y, x, strip
                x += strip.cell_length
    elif isinstance(update, ChopsUpdate):
        for y, left, right in update.spans:
            for end, (x, part) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
                if part is not None and x <= right and end > left:
                    whole = left <= x < right and end <= right
                    yield y, x, part if whole else part.crop(0, min(end, right) - x)


def _pens(console: Console) -> Callable[[Style | None], str]:
    """What styles look like on the terminal: parameters of SGR, and after an escape the link."""
    system = console._color_system or ColorSystem.TRUECOLOR

    def pen(style: Style | None) -> str:
        if style is None:
            return ""
        ansi = style._ansi
        if ansi is None:
            ansi = Strip.render_ansi(style, system)
        if (link := style._link) is None:
            return ansi
        return f"{ansi}\x1bid={crc32(link.encode()):x};{link}"

    return pen


def draw_in_all_colours(app: App[Any]) -> None:
    """Draw in 24-bit colour from now on, if Rich had found less.

    Rich goes by COLORTERM, which ssh does not hand on, and kitty's images carry their number in
    the colour: rounded to one of 256 it is another image's, or none's.
    """
    settled = constants.COLOR_SYSTEM not in (None, "auto")
    if settled or app.console._color_system in (None, ColorSystem.TRUECOLOR):
        return
    app.console._color_system = ColorSystem.TRUECOLOR
    # Every style and line drawn so far keeps the codes it was first drawn with, and both are
    # shared by caches in Rich, Textual and widgets; there is no list of them but this one.
    frozen = gc.get_freeze_count()
    gc.unfreeze()  # what is frozen is not listed
    for thing in gc.get_objects():
        if type(thing) is Style:
            thing._ansi = None
        elif type(thing) is Strip:
            thing._render_cache = None
    if frozen:
        gc.freeze()
    if app.screen_stack:
        app.screen.refresh()


def forget_lines(widget: Widget) -> None:
    """Forget the lines of a widget that were rendered: in `render_lines`, too late to refresh."""
    widget._styles_cache.clear()


def sixels(image: "Image") -> str:
    """A paletted image as a sixel sequence, by textual-image's encoder."""
    from textual_image._sixel import image_to_sixels

    return str(image_to_sixels(image))
