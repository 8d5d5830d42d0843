"""Several charts that move together, and several trainings in one chart."""

import pytest
from tests.handled import until
from textual.app import App, ComposeResult

from tintype.metrics import Metrics, Series
from tintype_tui.widgets.chart import (
    Chart,
    ChartGrid,
    Panel,
    Run,
    Trace,
    curves,
    free_slot,
    groups,
    read_shape,
    told_apart,
)


class Grid(App[None]):
    def compose(self) -> ComposeResult:
        yield ChartGrid()


def series(name: str, last: int) -> Series:
    return Series(name, [(step, 1 / step) for step in range(1, last + 1)])


def panels(count: int, last: int = 100) -> list[Panel]:
    return [Panel(f"m{n}", (Trace(series(f"m{n}", last), f"m{n}"),)) for n in range(count)]


def shown(app: App[None]) -> list[Chart]:
    return [chart for chart in app.query(Chart) if chart.display]


async def test_as_many_charts_are_shown_as_can_be_read() -> None:
    app = Grid()
    async with app.run_test(size=(80, 19)) as pilot:
        grid = app.query_one(ChartGrid)
        grid.panels = panels(9)
        await pilot.pause()
        assert [chart.heading for chart in shown(app)] == ["m0", "m1", "m2", "m3 (w: 5 more)"]
        grid.first = 7
        assert [chart.heading for chart in shown(app)] == ["m7", "m8", "m0", "m1 (w: 5 more)"]
        await pilot.resize_terminal(200, 60)
        await until(pilot, lambda: len(shown(app)) == 9)
        assert [chart.heading for chart in shown(app)] == [f"m{n}" for n in range(9)]
        assert all(chart.size.height >= 9 for chart in shown(app))
        await pilot.resize_terminal(30, 8)
        await until(pilot, lambda: len(shown(app)) == 1)
        grid.panels = []
        assert len(shown(app)) == 1


async def test_rows_and_columns_are_as_one_wants_them_as_far_as_there_is_room() -> None:
    app = Grid()
    async with app.run_test(size=(120, 40)) as pilot:
        grid = app.query_one(ChartGrid)
        grid.panels = panels(9)
        grid.shape = (2, 2)
        await until(pilot, lambda: len(shown(app)) == 4)
        grid.shape = (1, 3)
        await until(pilot, lambda: len(shown(app)) == 3)
        await until(pilot, lambda: len({chart.region.y for chart in shown(app)}) == 1)
        grid.shape = (3, 1)
        await until(pilot, lambda: len({chart.region.x for chart in shown(app)}) == 1)
        grid.shape = (9, 9)
        await until(pilot, lambda: len(shown(app)) == 9)
        await until(pilot, lambda: all(chart.size.width >= 19 for chart in shown(app)))
        grid.shape = None
        await until(pilot, lambda: len({chart.region.x for chart in shown(app)}) == 3)


def test_rows_and_columns_are_read() -> None:
    assert read_shape("2x3") == read_shape(" 2 × 3 ") == (2, 3)
    assert read_shape("") is None
    for wrong in ("3", "0x2", "2x10", "axb", "1x2x3"):
        with pytest.raises(ValueError):  # noqa: PT011 – one kind of error for all
            read_shape(wrong)


async def test_charts_share_place_and_stretch_and_reach_as_far_as_each_other() -> None:
    app = Grid()
    async with app.run_test(size=(120, 40)) as pilot:
        grid = app.query_one(ChartGrid)
        short = Panel("short", (Trace(series("short", 20), "short"),))
        grid.panels = [*panels(1), short]
        await pilot.pause()
        first, second = shown(app)
        assert first.extent == second.extent == (1, 100)
        first.focus()
        await pilot.press("plus", "right", "x", "S")
        assert first.window is not None
        assert second.window == first.window
        assert second.cursor == first.cursor
        assert second.smoothing == first.smoothing
        # What is looked at last leads.
        second.focus()
        await pilot.pause()
        assert grid.leader is second
        await pilot.press("z")
        assert first.window is None


async def test_charts_that_follow_go_on_to_the_newest_point_together() -> None:
    app = Grid()
    async with app.run_test(size=(120, 40)) as pilot:
        grid = app.query_one(ChartGrid)
        grid.panels = panels(2)
        await pilot.pause()
        first, second = shown(app)
        first.focus()
        await pilot.press("plus", "end")
        assert first.window is not None
        assert first.window[1] == 100
        for last in (120, 150):
            grid.panels = panels(2, last)
            await pilot.pause()
            assert first.window is not None
            assert first.window[1] == last
            assert second.window == first.window


def run(id: str, name: str, slot: int = 0, *metrics: str) -> Run:
    return Run(id, name, Metrics({metric: series(metric, 5) for metric in metrics}), slot)


def test_one_run_has_its_losses_together_and_several_one_metric_a_chart() -> None:
    one = run("a", "a", 0, "train_loss", "valid_loss", "learning_rate")
    other = run("b", "b", 3, "train_loss")
    assert list(groups([one])) == ["loss", "learning rate"]
    assert [trace.name for trace in curves([one], groups([one])["loss"])] == [
        "training loss",
        "validation loss",
    ]
    both = groups([one, other])
    assert list(both) == ["training loss", "validation loss", "learning rate"]
    drawn = curves([one, other], both["training loss"])
    assert [(trace.name, trace.slot) for trace in drawn] == [("a", 0), ("b", 3)]
    assert len(curves([one, other], both["validation loss"])) == 1


def test_runs_of_one_name_are_told_apart_and_looks_are_used_again() -> None:
    runs = told_apart([run("job-1111", "cards"), run("job-2222", "cards"), run("job-3", "x")])
    assert [one.name for one in runs] == ["cards 1111", "cards 2222", "x"]
    assert free_slot([]) == 0
    assert free_slot([0, 2]) == 1
    assert free_slot([0, 1, 2]) == 3
