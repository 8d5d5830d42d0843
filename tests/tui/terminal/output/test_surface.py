"""The screen after the differences is the screen that was to be shown, as an emulator has it."""

import random
from collections.abc import Iterator
from itertools import product
from typing import Any

import pyte
import pytest

from tintype_tui.terminal.output import PLACEHOLDER, Image, mark
from tintype_tui.terminal.output.cells import split
from tintype_tui.terminal.output.pens import change, look
from tintype_tui.terminal.output.surface import Surface

WIDTH, HEIGHT = 40, 8
TEXTS = (
    "a",
    "   ",
    "Wörter",
    "▀▄",
    "日本語",
    "e\u0301x",
    "🦊",
    "⠋⣿",
    "┃━",
    "          ",
    "ﬁn\x1b[2J",
)
PENS = ("", "1", "2;31", "1;38;2;1;2;3;48;2;9;8;7", "48;5;24", "4;39", "7;38;5;3", "1;3;9;41")
ARRIVED = 0x123456


def identity(pen: Any) -> str:
    return str(pen)


class Terminal:
    """An emulator that erases in colour, as most do."""

    def __init__(self) -> None:
        self.screen = pyte.Screen(WIDTH, HEIGHT)
        self.screen.reset_mode(pyte.modes.DECAWM)
        self._stream = pyte.Stream(self.screen)

    def feed(self, text: str) -> None:
        self._stream.feed(text)

    def cells(self) -> list[list[Any]]:
        return [[self.screen.buffer[y][x] for x in range(WIDTH)] for y in range(HEIGHT)]


def strips(seed: random.Random) -> Iterator[tuple[int, int, list[Any]]]:
    for _ in range(seed.randrange(1, 6)):
        parts = [(seed.choice(TEXTS), seed.choice(PENS), None) for _ in range(seed.randrange(1, 7))]
        yield seed.randrange(HEIGHT), seed.randrange(WIDTH), parts


def same_look(cell: Any) -> tuple[Any, ...]:
    """A blank's colour cannot be seen, unless something is drawn on it."""
    if cell.data != " " or cell.underscore or cell.reverse or cell.strikethrough:
        return tuple(cell)
    return (cell.data, cell.bg)


@pytest.mark.parametrize("erases", [False, True])
@pytest.mark.parametrize("session", range(12))
def test_the_screen_after_the_differences_is_that_of_a_full_repaint(
    session: int, erases: bool
) -> None:
    seed = random.Random(session)
    surface, terminal = Surface(WIDTH, HEIGHT), Terminal()
    surface.erases = erases
    for _ in range(25):
        for y, x, parts in strips(seed):
            surface.put(y, x, parts, identity)
        terminal.feed(surface.changes())
        assert surface.changes() == ""
    whole = Terminal()
    surface.forget()
    whole.feed(surface.changes())
    for y in range(HEIGHT):
        shown = [same_look(cell) for cell in terminal.cells()[y]]
        assert shown == [same_look(cell) for cell in whole.cells()[y]], y


def test_only_what_differs_is_written() -> None:
    surface = Surface(WIDTH, HEIGHT)
    surface.put(2, 3, [("step 41", "1;31", None)], identity)
    surface.changes()
    surface.put(2, 3, [("step 42", "1;31", None)], identity)
    assert surface.changes() == "\x1b[3;10H\x1b[0;1;31m2"
    surface.put(2, 3, [("step 42", "1;31", None)], identity)
    assert surface.changes() == ""


def test_what_lies_outside_and_control_characters_are_never_sent() -> None:
    surface = Surface(WIDTH, HEIGHT)
    surface.changes()
    for y, x in ((-1, 0), (HEIGHT, 0), (0, WIDTH), (1, WIDTH - 2)):
        surface.put(y, x, [("ab\x07\x1b]0;title\x1b\\", "", None)], identity)
    assert surface.changes() == "\x1b[2;39H\x1b[mab"


def test_text_is_split_into_cells() -> None:
    assert split("é日e\u0301") == ("é", "日", "", "e\u0301")
    assert split(PLACEHOLDER + "\u0305\u030d") == (PLACEHOLDER + "\u0305\u030d",)
    assert split(mark(50_000, 3, 250)) == (mark(50_000, 3, 250),)


def test_a_pen_is_changed_to_any_other_in_the_shorter_way() -> None:
    for before, after in product(PENS, PENS):
        screen = pyte.Screen(4, 2)
        stream = pyte.Stream(screen)
        stream.feed(f"{change(None, before)}a{change(before, after)}b\r\n{change(None, after)}c")
        found, wanted = screen.buffer[0][1], screen.buffer[1][0]
        assert found._replace(data="c") == wanted, (before, after)
        assert len(change(before, after)) <= len(change(None, after))


def test_a_link_is_opened_and_closed() -> None:
    link = "4\x1bid=1;https://example.org"
    assert look(link)[3] == "id=1;https://example.org"
    surface = Surface(4, 1)
    surface.changes()
    surface.put(0, 1, [("a", link, None)], identity)
    sent = surface.changes()
    assert sent.index("\x1b]8;id=1;https://example.org\x1b\\a") < sent.index("\x1b]8;;\x1b\\")


# ---------------------------------------------------------------------- images


def kitty_cells(number: int) -> list[Any]:
    pen = f"38;2;{number >> 16};{number >> 8 & 255};{number & 255};48;2;0;0;0"
    return [(PLACEHOLDER + "\u0305\u0305" + PLACEHOLDER + "\u0305\u030d", pen, None)]


def test_an_image_of_kittys_is_sent_once_when_it_is_seen_and_freed_after_its_cells() -> None:
    surface = Surface(WIDTH, HEIGHT)
    surface.images[ARRIVED] = Image("<image>", 2, 1, "<free>")
    surface.images[7] = Image("<never seen>", 2, 1, "<never freed>")
    surface.changes()
    surface.put(1, 1, kitty_cells(ARRIVED), identity)
    first = surface.changes()
    assert first.startswith("<image>")
    surface.put(1, 1, [("  ", "", None)], identity)
    surface.changes()
    surface.put(1, 1, kitty_cells(ARRIVED), identity)
    assert "<image>" not in surface.changes()
    surface.put(1, 1, [("  ", "", None)], identity)
    surface.drop(ARRIVED)
    surface.drop(7)
    assert surface.changes().endswith("<free>")
    assert surface.changes() == ""


def sixel_cells(surface: Surface, number: int, x: int, y: int) -> None:
    for row in range(2):
        marks = "".join(mark(number, row, column) for column in range(3))
        surface.put(y + row, x, [(marks, "48;2;0;0;0", None)], identity)


def test_a_sixel_image_is_painted_again_only_when_one_of_its_cells_was_lost() -> None:
    surface = Surface(WIDTH, HEIGHT)
    surface.images[9] = Image("<sixels>", 3, 2)
    surface.changes()
    sixel_cells(surface, 9, 4, 2)
    assert surface.changes().endswith("\x1b[3;5H\x1b7<sixels>\x1b8")
    surface.put(0, 0, [("elsewhere", "", None)], identity)
    assert "<sixels>" not in surface.changes()
    surface.put(3, 5, [("!", "", None)], identity)
    assert "<sixels>" not in surface.changes()  # a part of it is covered
    sixel_cells(surface, 9, 4, 2)
    assert surface.changes().count("<sixels>") == 1
    surface.forget()
    assert surface.changes().count("<sixels>") == 1
