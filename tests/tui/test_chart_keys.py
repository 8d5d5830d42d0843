"""Moving about a chart by keyboard and mouse, as a person sees it."""

import math
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import UTC

import pytest
from textual import events
from textual.app import App, ComposeResult
from textual.containers import Horizontal
from textual.pilot import Pilot

from tintype.metrics import Series, fold
from tintype_tui.widgets.chart import Chart, Trace, traces

Shown = Callable[[], list[str]]
Opened = AbstractAsyncContextManager[tuple[Pilot[None], Shown]]


def steps(last: int, first: int = 0) -> tuple[Trace, ...]:
    """One curve whose value is its step."""
    points = [(step, float(step)) for step in range(first, last + 1)]
    return (Trace(Series("train_loss", points), "training loss", smoothable=False),)


@asynccontextmanager
async def opened(
    *charts: Chart, size: tuple[int, int] = (88, 24)
) -> AsyncIterator[tuple[Pilot[None], Shown]]:
    """Charts side by side, the first one focused; and what is on the screen."""

    class Alone(App[None]):
        CSS = "Chart { width: 1fr; }"

        def compose(self) -> ComposeResult:
            with Horizontal():
                yield from charts

    app = Alone()
    async with app.run_test(size=size) as pilot:
        charts[0].zone = UTC
        charts[0].focus()
        await pilot.pause()

        def shown() -> list[str]:
            return [strip.text for strip in app.screen._compositor.render_strips(app.size)]

        yield pilot, shown


def labels(lines: list[str]) -> list[int]:
    """The numbers under the x-axis."""
    return [int(word.replace(",", "")) for word in lines[-1].split()[1:]]


async def test_the_cursor_reads_the_value_of_the_point_under_it() -> None:
    async with opened(Chart(steps(40))) as (pilot, shown):
        await pilot.press("left")
        assert "step 40" in shown()[0]
        await pilot.press("left", "left")
        assert "step 38" in shown()[0]
        assert "training loss 38.00" in shown()[1]
        assert sum("│" in line[10:] for line in shown()) > 10
        assert 38 in labels(shown())
        await pilot.press("escape")
        assert "step" not in shown()[0]
        assert "training loss 40.00" in shown()[1]


async def test_among_dense_points_the_cursor_moves_by_a_cell_and_stands_on_a_point() -> None:
    async with opened(Chart(steps(8_000))) as (pilot, shown):
        await pilot.press("right")
        assert "step 0" in shown()[0]
        await pilot.press("right")
        assert "step 100" in shown()[0]
        await pilot.press("ctrl+right")
        assert "step 1,100" in shown()[0]


async def test_the_cursor_stops_at_either_end() -> None:
    async with opened(Chart(steps(20))) as (pilot, shown):
        await pilot.press("home", "left", "left")
        assert "step 0" in shown()[0]
        await pilot.press("end", "right")
        assert "step 20" in shown()[0]


async def test_a_curve_without_a_point_there_tells_its_nearest_and_where_that_is() -> None:
    rare = Trace(Series("valid_loss", [(0, 9.0), (100, 5.0)]), "validation loss", 1)
    async with opened(Chart((*steps(100), rare)), size=(120, 24)) as (pilot, shown):
        await pilot.press("left", *["ctrl+left"] * 3)
        assert "step 70" in shown()[0]
        assert "validation loss 5.0000 at 100" in shown()[1]


async def test_a_second_cursor_tells_the_differences() -> None:
    async with opened(Chart(steps(40))) as (pilot, shown):
        await pilot.press("left", "v", "ctrl+left")
        assert "step 30 · Δ-10" in shown()[0]
        assert "training loss 30.00 Δ-10.00" in shown()[1]
        assert {30, 40} <= set(labels(shown()))
        await pilot.press("v")
        assert "Δ" not in "".join(shown())


async def test_zooming_keeps_the_cursor_in_place_and_z_shows_everything_again() -> None:
    async with opened(Chart(steps(800))) as (pilot, shown):
        await pilot.press("home", *["ctrl+right"] * 4)
        assert "step 400" in shown()[0]
        column = shown()[5].index("│", 10)
        whole = labels(shown())
        await pilot.press("plus", "plus")
        near = labels(shown())
        assert shown()[5].index("│", 10) == column
        assert 250 <= near[0] < near[-1] <= 550
        await pilot.press("minus")
        assert labels(shown())[0] < near[0]
        await pilot.press("z")
        assert labels(shown()) == whole


async def test_zooming_in_ends_at_two_steps_and_out_at_everything() -> None:
    async with opened(Chart(steps(800))) as (pilot, shown):
        whole = labels(shown())
        await pilot.press(*["plus"] * 20)
        assert len(labels(shown())) >= 2
        assert labels(shown())[-1] - labels(shown())[0] <= 2
        await pilot.press(*["minus"] * 20)
        assert labels(shown()) == whole


@pytest.mark.parametrize(("later", "earlier"), [("shift+right", "shift+left"), ("l", "h")])
async def test_panning_moves_by_a_quarter_and_not_beyond_the_data(later: str, earlier: str) -> None:
    async with opened(Chart(steps(800))) as (pilot, shown):
        await pilot.press("plus", earlier)
        assert labels(shown())[0] < 200
        await pilot.press(*[earlier] * 9)
        assert labels(shown())[0] == 0
        await pilot.press(*[later] * 9)
        assert labels(shown())[-1] == 800


async def test_at_the_end_a_zoomed_chart_follows_new_points_and_elsewhere_it_stays() -> None:
    chart = Chart(steps(800))
    async with opened(chart) as (pilot, shown):
        await pilot.press("plus", "plus", "end")
        assert "following" in shown()[0]
        chart.traces = steps(900)
        await pilot.pause()
        assert labels(shown())[-1] == 900
        await pilot.press("shift+left")
        before = labels(shown())
        assert "following" not in shown()[0]
        chart.traces = steps(1_000)
        await pilot.pause()
        assert labels(shown()) == before


async def test_a_chart_that_shows_everything_shows_what_comes_too() -> None:
    chart = Chart(steps(100))
    async with opened(chart) as (pilot, shown):
        chart.traces = steps(900)
        await pilot.pause()
        assert labels(shown())[-1] >= 800


async def test_changing_the_axis_keeps_the_cursor_and_the_stretch_at_their_steps() -> None:
    reports = [{"step": n, "total_steps": 800, "train_loss": float(n)} for n in range(801)]
    chart = Chart(traces(replace(fold(reports), n_epochs=4)))
    async with opened(chart) as (pilot, shown):
        await pilot.press("left", *["ctrl+left"] * 4, "plus", "x")
        assert "epoch 2.00 · step 400" in shown()[0]
        assert shown()[-1].split()[0] == "epoch"
        assert 0.9 < float(shown()[-1].split()[1]) < 1.3


async def test_smoothing_goes_up_and_down_and_is_named() -> None:
    noisy = tuple(replace(trace, smoothable=True) for trace in steps(400))
    async with opened(Chart(noisy)) as (pilot, shown):
        assert "smoothed 0.8" in shown()[0]
        await pilot.press("S", "S")
        assert "smoothed 0.95" in shown()[0]
        assert "≈381.00" in shown()[1]
        await pilot.press(*["s"] * 9)
        assert "smoothed" not in shown()[0]
        assert "≈" not in shown()[1]


async def test_the_next_spike_and_the_next_nan_are_a_key_away() -> None:
    values = [1.0 + n % 5 / 100 for n in range(200)]
    values[120], values[160] = 8.0, math.nan
    trace = Trace(Series("train_loss", enumerate(values)), "training loss")
    async with opened(Chart((trace,))) as (pilot, shown):
        await pilot.press("n")
        assert "step 120" in shown()[0]
        assert "training loss 8.0000" in shown()[1]
        await pilot.press("n")
        assert "step 160" in shown()[0]
        assert "training loss NaN" in shown()[1]
        await pilot.press("n", "N")
        assert "step 120" in shown()[0]


async def test_one_curve_can_be_shown_alone_in_its_own_look() -> None:
    other = Trace(Series("valid_loss", [(0, 1.0), (9, 2.0)]), "validation loss", 1)
    async with opened(Chart((*steps(9), other))) as (pilot, shown):
        await pilot.press("i", "i")
        assert "■── validation loss" in shown()[1]
        assert "training loss" not in shown()[1]
        assert "1 hidden" in shown()[0]
        await pilot.press("i")
        assert "training loss" in shown()[1]


async def test_in_a_table_the_arrows_choose_the_row() -> None:
    async with opened(Chart(steps(800))) as (pilot, shown):
        await pilot.press("T")
        assert shown()[-1].split()[:3] == [">", "800", "800.00"]
        await pilot.press("up", "up", "pageup")
        (row,) = [line for line in shown() if line.strip().startswith(">")]
        assert row.split()[1:] == ["778", "778.00"]
        await pilot.press("down")
        assert any(line.strip().startswith("> 779") for line in shown())


async def test_up_and_down_are_left_to_others_while_the_curves_are_shown() -> None:
    chart = Chart(steps(10))
    async with opened(chart):
        assert chart.check_action("row", (1,)) is False
        assert chart.check_action("second", ()) is False


async def test_every_key_has_a_name_a_tooltip_and_no_digit() -> None:
    for binding in Chart.BINDINGS:
        assert not isinstance(binding, tuple)
        assert (binding.id or "").startswith("chart.")
        assert binding.tooltip
        assert binding.description
        taken = {*"0123456789?q:/", "question_mark", "colon", "slash"}
        assert not taken & set(binding.key.split(","))


async def test_every_key_is_harmless_without_data() -> None:
    chart = Chart()
    async with opened(chart) as (pilot, shown):
        for binding in Chart.BINDINGS:
            assert not isinstance(binding, tuple)
            await pilot.press(binding.key.split(",")[0])
        assert "No metrics yet." in "".join(shown())


async def test_every_key_is_harmless_on_a_single_point_at_any_size() -> None:
    for size in ((88, 24), (2, 1)):
        async with opened(Chart(steps(1, 1)), size=size) as (pilot, _):
            for binding in Chart.BINDINGS:
                assert not isinstance(binding, tuple)
                await pilot.press(binding.key.split(",")[0])


async def test_the_pointer_reads_a_click_holds_and_dragging_pans() -> None:
    chart = Chart(steps(800))
    async with opened(chart) as (pilot, shown):
        await pilot.hover(chart, offset=(48, 10))
        assert "step 400" in shown()[0] or "step 40" in shown()[0]
        await pilot.click(chart, offset=(28, 10))
        assert chart.cursor == pytest.approx(205, abs=10)
        await pilot.press("plus")
        before = labels(shown())
        await pilot.mouse_down(chart, offset=(28, 10))
        chart.post_message(
            events.MouseMove(chart, 48, 10, 20, 0, 1, shift=False, meta=False, ctrl=False)
        )
        await pilot.mouse_up(chart, offset=(48, 10))
        assert labels(shown())[0] < before[0]
        assert chart.cursor == pytest.approx(205, abs=10)


async def test_the_wheel_zooms_a_focused_chart_under_the_pointer() -> None:
    chart = Chart(steps(800))
    async with opened(chart) as (pilot, shown):
        for kind in (events.MouseScrollUp, events.MouseScrollUp):
            chart.post_message(kind(chart, 28, 10, 0, 0, 0, shift=False, meta=False, ctrl=False))
        await pilot.pause()
        low, high = chart.window or (0, 800)
        assert high - low == pytest.approx(800 * 0.64)
        assert 180 < low + (high - low) * 0.25 < 230
        assert labels(shown())[0] > 0
