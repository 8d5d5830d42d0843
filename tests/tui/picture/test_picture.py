"""The widget in an app without a terminal."""

from typing import Any

import pytest
from textual.pilot import Pilot

from tintype.detection import Box
from tintype_tui.terminal import Capabilities
from tintype_tui.widgets.picture import FIT, Picture, View, draw
from tintype_tui.widgets.picture.blocks import SHAPES
from tintype_tui.widgets.picture.kitty import PLACEHOLDER

CAT = Box("cat", 0.1, 0.1, 0.5, 0.5)


async def settled(pilot: Pilot[None]) -> None:
    """Until nothing is wanted and nothing is being drawn."""
    for _ in range(3):
        await pilot.pause()
        await pilot.app.workers.wait_for_complete()
    await pilot.pause()


def lines(picture: Picture) -> list[str]:
    return [strip.text for strip in picture.render_lines(picture.size.region)]


async def test_a_picture_is_drawn_in_the_middle_in_its_proportions(app: Any, halves: bytes) -> None:
    async with app.run_test(size=(60, 15)) as pilot:
        app.picture.image = halves
        await settled(pilot)
        # 4:3 in cells of 10×20: 40 columns to 15 rows.
        drawing = app.picture.drawing
        assert (drawing.frame.columns, drawing.frame.rows, drawing.size) == (40, 15, (160, 120))
        strip = app.picture.render_lines(app.picture.size.region)[7]
        colours = [
            segment.style.bgcolor.triplet for segment in strip if segment.style and segment.text
        ]
        assert colours[0] == colours[-1] == app.screen.background_colors[1].rich_color.triplet
        assert [tuple(colour) for colour in colours[1:-1]] == [(200, 0, 0), (0, 0, 200)]


async def test_changes_made_together_are_asked_for_once(app: Any, halves: bytes) -> None:
    async with app.run_test(size=(60, 15)) as pilot:
        app.picture.image = halves
        app.picture.truth = (CAT,)
        app.picture.labels = ("cat", "dog")
        await settled(pilot)
        (wanted,) = app.only.asked
        assert (wanted.data, wanted.truth, wanted.labels) == (halves, (CAT,), ("cat", "dog"))
        app.picture.truth = (CAT,)
        await settled(pilot)
        assert len(app.only.asked) == 1


async def test_a_drawing_that_comes_too_late_is_not_shown(
    app: Any, halves: bytes, grey: bytes
) -> None:
    async with app.run_test(size=(60, 15)) as pilot:
        app.only.by_hand = True
        app.picture.image = halves
        await pilot.pause()
        app.picture.image = grey
        await pilot.pause()
        (picture, first), (_, second) = app.only.pending
        picture.show(await draw(second), second)
        picture.show(await draw(first), first)
        assert picture.drawing.size == (90, 90)


async def test_while_a_view_is_drawn_the_latest_is_kept_for_the_next(
    app: Any, halves: bytes
) -> None:
    async with app.run_test(size=(60, 15)) as pilot:
        app.picture.image = halves
        await settled(pilot)
        app.only.by_hand = True
        app.picture.focus()
        await pilot.press("plus", "plus", "right", "right")
        picture, wanted = app.only.pending.pop()
        assert not app.only.pending
        picture.show(await draw(wanted), wanted)
        await pilot.pause()
        picture, wanted = app.only.pending.pop()
        assert wanted.view.zoom == 1.5**2
        picture.show(await draw(wanted), wanted)
        await pilot.pause()
        assert not app.only.pending
        # Kept inside the picture: the right edge is seen, not what is beyond it.
        assert picture.view.x == pytest.approx(1 - (60 / (40 * 1.5**2)) / 2)


async def test_another_picture_is_seen_whole(app: Any, halves: bytes, grey: bytes) -> None:
    async with app.run_test(size=(60, 15)) as pilot:
        app.picture.image = halves
        await settled(pilot)
        app.picture.view = View(3.0)
        await settled(pilot)
        assert app.picture.drawing.frame.view.zoom == 3.0
        app.picture.image = grey
        await settled(pilot)
        assert app.picture.drawing.frame.view == FIT


async def test_keys_zoom_pan_and_go_back(app: Any, halves: bytes) -> None:
    async with app.run_test(size=(60, 15)) as pilot:
        app.picture.image = halves
        await settled(pilot)
        app.picture.focus()
        await pilot.press("equals_sign")
        await settled(pilot)
        # Half a cell for each of 160 pixels: 80 columns, of which 60 are seen.
        left, _, right, _ = app.picture.drawing.frame.region
        assert right - left == pytest.approx(60 / 80)
        await pilot.press("h", "k", "k")
        await settled(pilot)
        assert app.picture.drawing.frame.region[:2] == (0.0, 0.0)
        await pilot.press("z")
        await settled(pilot)
        assert app.picture.drawing.frame.view == FIT
        await pilot.press("z")
        await settled(pilot)
        frame = app.picture.drawing.frame
        assert (frame.columns, frame.rows) == (60, 15)
        assert frame.region == pytest.approx((0, 1 / 6, 1, 5 / 6))


async def test_arrows_are_the_screens_while_the_whole_picture_is_seen(
    app: Any, halves: bytes
) -> None:
    async with app.run_test(size=(60, 15)) as pilot:
        app.picture.image = halves
        await settled(pilot)
        assert not app.picture.check_action("pan", (1, 0))
        app.picture.action_zoom(1)
        await settled(pilot)
        assert app.picture.check_action("pan", (1, 0))


async def test_the_drawing_is_made_better_when_the_terminal_has_answered(
    app: Any, halves: bytes
) -> None:
    async with app.run_test(size=(60, 15)) as pilot:
        app.picture.image = halves
        await settled(pilot)
        assert app.picture.drawing.protocol == "halfblock"
        app.capabilities = Capabilities(protocol="kitty", cell=(10, 20), answered=True)
        await settled(pilot)
        assert lines(app.picture)[0].count(PLACEHOLDER) == 40


@pytest.mark.parametrize("protocol", ["kitty", "sixel"])
async def test_under_a_dialog_a_picture_is_characters(
    app: Any, halves: bytes, protocol: Any
) -> None:
    async with app.run_test(size=(60, 15)) as pilot:
        app.capabilities = Capabilities(protocol=protocol, cell=(10, 20), answered=True)
        app.picture.image = halves
        await settled(pilot)
        whole = "".join(lines(app.picture))
        assert PLACEHOLDER in whole or "\x1bP" in whole
        app.ask_something()
        await settled(pilot)
        assert set("".join(lines(app.picture))) <= {*SHAPES, " "}
        app.pop_screen()
        await settled(pilot)
        assert "".join(lines(app.picture)) == whole or protocol == "kitty"


async def test_sixels_are_painted_after_their_last_line_and_give_way_to_a_toast(
    app: Any, halves: bytes
) -> None:
    async with app.run_test(size=(80, 15), notifications=True) as pilot:
        app.capabilities = Capabilities(protocol="sixel", cell=(10, 20), answered=True)
        app.picture.image = halves
        await settled(pilot)
        drawn = app.picture.render_lines(app.picture.size.region)
        assert [("\x1bP" in strip.text) for strip in drawn] == [False] * 14 + [True]
        assert {strip.cell_length for strip in drawn} == {80}
        # The cursor goes to the drawing's first cell (the 21st), and back.
        assert "\x1b7\x1b[1;21H\x1bP" in drawn[-1].text
        assert drawn[-1].text.endswith("\x1b\\\x1b8")
        app.notify("Something else", timeout=60)
        await settled(pilot)
        assert "\x1bP" not in "".join(lines(app.picture))
        app.clear_notifications()
        await settled(pilot)
        assert "\x1bP" in lines(app.picture)[-1]


async def test_xterm_gets_no_sixel_picture_larger_than_it_shows(app: Any, halves: bytes) -> None:
    async with app.run_test(size=(200, 80)) as pilot:
        app.capabilities = Capabilities(protocol="sixel", cell=(10, 20), largest=(1000, 1000))
        app.picture.image = halves
        await settled(pilot)
        frame = app.picture.drawing.frame
        assert (frame.columns * 10, frame.rows * 20) == (1000, 760)


async def test_what_is_not_a_picture_is_said(app: Any) -> None:
    async with app.run_test(size=(60, 15)) as pilot:
        app.picture.image = b"\x89PNG\r\n\x1a\n" + bytes(20)
        await settled(pilot)
        assert "The picture cannot be" in " ".join(lines(app.picture))


async def test_a_note_stands_where_there_is_no_picture_and_obeys_nothing(app: Any) -> None:
    async with app.run_test(size=(60, 15)) as pilot:
        app.picture.note = "No such file: [b]a\x1b[31m"
        await settled(pilot)
        text = [line.strip() for line in lines(app.picture) if line.strip()]
        assert text == ["No such file: [b]a^[[31m"]


async def test_without_pictures_there_are_words(app: Any, halves: bytes) -> None:
    async with app.run_test(size=(60, 15)) as pilot:
        app.capabilities = Capabilities(protocol="none")
        app.picture.image = halves
        app.picture.truth = (CAT,)
        await settled(pilot)
        text = " ".join(line.strip() for line in lines(app.picture)).strip()
        assert text == "Picture 160×120, 1 box: cat at the top left."


async def test_a_window_of_any_size_is_survived(app: Any, halves: bytes) -> None:
    async with app.run_test(size=(60, 15)) as pilot:
        app.picture.image = halves
        for width, height in ((1, 1), (3, 40), (200, 2), (60, 15)):
            await pilot.resize_terminal(width, height)
        await settled(pilot)
        assert app.picture.drawing.frame.columns == 40
