"""The widget in an app without a terminal."""

import asyncio
from typing import Any

import pytest
from tests.handled import until
from textual.pilot import Pilot

from tintype.detection import Box
from tintype_tui.terminal import Capabilities
from tintype_tui.terminal.output import Line, Output
from tintype_tui.terminal.output.cells import MARK, PLACEHOLDER
from tintype_tui.widgets.image import FIT, ImageView, View, draw, widget
from tintype_tui.widgets.image.blocks import SHAPES
from tintype_tui.widgets.image.canvas import ImageCanvas

CAT = Box("cat", 0.1, 0.1, 0.5, 0.5)


async def settled(pilot: Pilot[None]) -> None:
    """Until nothing is wanted and nothing is being drawn."""
    for _ in range(3):
        await pilot.pause()
        await pilot.app.workers.wait_for_complete()
    await pilot.pause()


def lines(image: ImageView) -> list[str]:
    return [strip.text for strip in strips(image)]


def strips(image: ImageView) -> Any:
    canvas = image.query_one(ImageCanvas)
    return canvas.render_lines(canvas.size.region)


async def test_an_image_is_drawn_in_the_middle_in_its_proportions(app: Any, halves: bytes) -> None:
    async with app.run_test(size=(60, 15)) as pilot:
        app.image.data = halves
        await settled(pilot)
        # 4:3 in cells of 10×20: 40 columns to 15 rows.
        drawing = app.image.drawing
        assert (drawing.frame.columns, drawing.frame.rows, drawing.size) == (40, 15, (160, 120))
        strip = strips(app.image)[7]
        colours = [
            segment.style.bgcolor.triplet for segment in strip if segment.style and segment.text
        ]
        assert colours[0] == colours[-1] == app.screen.background_colors[1].rich_color.triplet
        assert [tuple(colour) for colour in colours[1:-1]] == [(200, 0, 0), (0, 0, 200)]


async def test_changes_made_together_are_asked_for_once(app: Any, halves: bytes) -> None:
    async with app.run_test(size=(60, 15)) as pilot:
        app.image.data = halves
        app.image.truth = (CAT,)
        await settled(pilot)
        (wanted,) = app.only.asked
        assert (wanted.data, wanted.truth) == (halves, (CAT,))
        app.image.truth = (CAT,)
        await settled(pilot)
        assert len(app.only.asked) == 1


async def test_a_drawing_that_comes_too_late_is_not_shown(
    app: Any, halves: bytes, grey: bytes
) -> None:
    async with app.run_test(size=(60, 15)) as pilot:
        app.only.by_hand = True
        app.image.data = halves
        await pilot.pause()
        app.image.data = grey
        await pilot.pause()
        (image, first), (_, second) = app.only.pending
        image.show(await draw(second), second)
        image.show(await draw(first), first)
        assert image.drawing.size == (90, 90)


async def test_while_a_view_is_drawn_the_latest_is_kept_for_the_next(
    app: Any, halves: bytes
) -> None:
    async with app.run_test(size=(60, 15)) as pilot:
        app.image.data = halves
        await settled(pilot)
        app.only.by_hand = True
        app.image.focus()
        await pilot.press("plus", "plus", "right", "right")
        image, wanted = app.only.pending.pop()
        assert not app.only.pending
        image.show(await draw(wanted), wanted)
        await pilot.pause()
        image, wanted = app.only.pending.pop()
        assert wanted.view.zoom == 1.5**2
        image.show(await draw(wanted), wanted)
        await pilot.pause()
        assert not app.only.pending
        # Kept inside the image: the right edge is seen, not what is beyond it.
        assert image.view.x == pytest.approx(1 - (60 / (40 * 1.5**2)) / 2)


async def test_what_was_drawn_for_a_widget_that_is_gone_is_passed_over(
    app: Any, halves: bytes
) -> None:
    async with app.run_test(size=(60, 15)) as pilot:
        app.only.by_hand = True
        app.image.data = halves
        await pilot.pause()
        image, wanted = app.only.pending.pop()
        drawing = await draw(wanted)
        await image.remove()
        image.show(drawing, wanted)
        assert image.drawing is None


async def test_another_image_is_seen_whole(app: Any, halves: bytes, grey: bytes) -> None:
    async with app.run_test(size=(60, 15)) as pilot:
        app.image.data = halves
        await settled(pilot)
        app.image.view = View(3.0)
        await settled(pilot)
        assert app.image.drawing.frame.view.zoom == 3.0
        app.image.data = grey
        await settled(pilot)
        assert app.image.drawing.frame.view == FIT


async def test_keys_zoom_pan_and_go_back(app: Any, halves: bytes) -> None:
    async with app.run_test(size=(60, 15)) as pilot:
        app.image.data = halves
        await settled(pilot)
        app.image.focus()
        await pilot.press("equals_sign")
        await settled(pilot)
        # Half a cell for each of 160 pixels: 80 columns, of which 60 are seen.
        left, _, right, _ = app.image.drawing.frame.region
        assert right - left == pytest.approx(60 / 80)
        await pilot.press("h", "k", "k")
        await settled(pilot)
        assert app.image.drawing.frame.region[:2] == (0.0, 0.0)
        await pilot.press("z")
        await settled(pilot)
        assert app.image.drawing.frame.view == FIT
        await pilot.press("z")
        await settled(pilot)
        frame = app.image.drawing.frame
        assert (frame.columns, frame.rows) == (60, 15)
        assert frame.region == pytest.approx((0, 1 / 6, 1, 5 / 6))


async def test_arrows_are_the_screens_while_the_whole_image_is_seen(
    app: Any, halves: bytes
) -> None:
    async with app.run_test(size=(60, 15)) as pilot:
        app.image.data = halves
        await settled(pilot)
        assert not app.image.check_action("pan", (1, 0))
        app.image.action_zoom(1)
        await settled(pilot)
        assert app.image.check_action("pan", (1, 0))


async def test_the_drawing_is_made_better_when_the_terminal_has_answered(
    app: Any, halves: bytes
) -> None:
    async with app.run_test(size=(60, 15)) as pilot:
        app.image.data = halves
        await settled(pilot)
        assert app.image.drawing.protocol == "halfblock"
        app.capabilities = Capabilities(protocol="kitty", cell=(10, 20), answered=True)
        await settled(pilot)
        assert lines(app.image)[0].count(PLACEHOLDER) == 40


FAR = Line(0.08, 1e6, True)


async def test_over_a_line_images_that_are_passed_are_not_drawn(
    app: Any, halves: bytes, grey: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = 10.0
    monkeypatch.setattr(widget, "monotonic", lambda: now_s)
    monkeypatch.setattr(widget, "REST_S", 1000.0)
    async with app.run_test(size=(60, 15)) as pilot:
        app.line = FAR
        app.image.data = halves
        await settled(pilot)
        assert len(app.only.asked) == 1  # at once
        for number in range(3):
            now_s += 0.03
            app.image.data = grey + bytes(number)
            await settled(pilot)
        assert len(app.only.asked) == 1
        monkeypatch.setattr(widget, "REST_S", 0.05)
        app.image.data = grey
        await until(pilot, lambda: len(app.only.asked) == 2)
        assert app.only.asked[-1].data == grey


async def test_an_image_waits_for_keys_that_a_busy_app_has_not_done_yet(
    app: Any, halves: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = 10.0
    monkeypatch.setattr(widget, "monotonic", lambda: now_s)
    monkeypatch.setattr(widget, "REST_S", 0.02)
    async with app.run_test(size=(60, 15)) as pilot:
        app._driver.output = Output(asyncio.get_running_loop())
        app.image.sparing = True
        app.image.data = halves
        app._driver.output.pace.key(now_s)  # the next one is pressed, and waits
        await asyncio.sleep(0.1)
        await settled(pilot)
        assert not app.only.asked
        now_s += 1
        await until(pilot, lambda: len(app.only.asked) == 1)


async def test_a_line_that_becomes_slow_is_not_sent_the_same_image_again(
    app: Any, halves: bytes, grey: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(widget, "REST_S", 0.01)
    async with app.run_test(size=(60, 15)) as pilot:
        app.image.data = halves
        await settled(pilot)
        app.image.sparing = True
        await settled(pilot)
        assert [one.sparing for one in app.only.asked] == [False]
        app.image.data = grey
        await until(pilot, lambda: len(app.only.asked) == 2)
        await settled(pilot)
        app.image.sparing = False  # now there is room for all of it
        await settled(pilot)
        assert [one.sparing for one in app.only.asked] == [False, True, False]


@pytest.mark.parametrize(
    ("line", "few"),
    [
        (Line(), False),
        (Line(0.0005, 1e6, True), False),
        (Line(0.08, 1e6, True), True),
        (Line(0.08, 1e7, True), False),
        (Line(0.08, None, True), True),
    ],
)
async def test_block_characters_have_as_many_bytes_as_the_line_carries(
    app: Any, halves: bytes, line: Line, few: bool
) -> None:
    async with app.run_test(size=(60, 15)) as pilot:
        app.line = line
        app.image.data = halves
        await settled(pilot)
        assert [one.few_bytes for one in app.only.asked] == [few]


@pytest.mark.parametrize("protocol", ["kitty", "sixel"])
async def test_under_a_dialog_an_image_is_characters(
    app: Any, halves: bytes, protocol: Any
) -> None:
    async with app.run_test(size=(60, 15)) as pilot:
        app.capabilities = Capabilities(protocol=protocol, cell=(10, 20), answered=True)
        app.image.data = halves
        await settled(pilot)
        whole = "".join(lines(app.image))
        assert PLACEHOLDER in whole or MARK in whole
        app.ask_something()
        await settled(pilot)
        assert set("".join(lines(app.image))) <= {*SHAPES, " "}
        app.pop_screen()
        await settled(pilot)
        assert "".join(lines(app.image)) == whole


async def test_sixels_are_under_cells_of_their_own_and_give_way_to_a_toast(
    app: Any, halves: bytes
) -> None:
    async with app.run_test(size=(80, 15), notifications=True) as pilot:
        app.capabilities = Capabilities(protocol="sixel", cell=(10, 20), answered=True)
        app.image.data = halves
        await settled(pilot)
        drawn = strips(app.image)
        assert [strip.text.count(MARK) for strip in drawn] == [40] * 15
        assert {strip.cell_length for strip in drawn} == {80}
        app.notify("Something else", timeout=60)
        await settled(pilot)
        assert MARK not in "".join(lines(app.image))
        app.clear_notifications()
        await settled(pilot)
        assert lines(app.image)[-1].count(MARK) == 40


async def test_sixels_that_come_for_a_hidden_image_wait_until_it_is_seen(
    app: Any, halves: bytes, grey: bytes
) -> None:
    async with app.run_test(size=(60, 15)) as pilot:
        app.capabilities = Capabilities(protocol="sixel", cell=(10, 20), answered=True)
        app.image.data = halves
        await settled(pilot)
        app.image.display = False
        await settled(pilot)
        app.image.data = grey
        await settled(pilot)
        app.image.display = True
        await settled(pilot)
        assert app.image.drawing.size == (90, 90)
        assert lines(app.image)[0].count(MARK) == 30


async def test_xterm_gets_no_sixel_image_larger_than_it_shows(app: Any, halves: bytes) -> None:
    async with app.run_test(size=(200, 80)) as pilot:
        app.capabilities = Capabilities(protocol="sixel", cell=(10, 20), largest=(1000, 1000))
        app.image.data = halves
        await settled(pilot)
        frame = app.image.drawing.frame
        assert (frame.columns * 10, frame.rows * 20) == (1000, 760)


async def test_what_is_not_an_image_is_said(app: Any) -> None:
    async with app.run_test(size=(60, 15)) as pilot:
        app.image.data = b"\x89PNG\r\n\x1a\n" + bytes(20)
        await settled(pilot)
        assert "The image cannot be" in " ".join(lines(app.image))


async def test_a_note_stands_where_there_is_no_image_and_obeys_nothing(app: Any) -> None:
    async with app.run_test(size=(60, 15)) as pilot:
        app.image.note = "No such file: [b]a\x1b[31m"
        await settled(pilot)
        text = [line.strip() for line in lines(app.image) if line.strip()]
        assert text == ["No such file: [b]a^[[31m"]


async def test_without_images_there_are_words(app: Any, halves: bytes) -> None:
    async with app.run_test(size=(60, 15)) as pilot:
        app.capabilities = Capabilities(protocol="none")
        app.image.data = halves
        app.image.truth = (CAT,)
        await settled(pilot)
        text = " ".join(line.strip() for line in lines(app.image)).strip()
        assert text == "Image 160×120, 1 box: cat at the top left."


async def test_a_window_of_any_size_is_survived(app: Any, halves: bytes) -> None:
    async with app.run_test(size=(60, 15)) as pilot:
        app.image.data = halves
        for width, height in ((1, 1), (3, 40), (200, 2), (60, 15)):
            await pilot.resize_terminal(width, height)
        await settled(pilot)
        assert app.image.drawing.frame.columns == 40
