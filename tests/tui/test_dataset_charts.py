"""Charts of a dataset: what is drawn, and what is picked in it."""

from typing import Any

import pytest
from textual.app import App, ComposeResult

from tintype.selection import Condition
from tintype.selection.charts import Bar, Bars, Chart, Plane
from tintype_tui.text import shade
from tintype_tui.widgets.bar_list import bar_lines
from tintype_tui.widgets.chart_box import ChartBox
from tintype_tui.widgets.facet_list import chart_lines
from tintype_tui.widgets.plane_chart import braille
from tintype_tui.words.dataset_charts import bar_tables, plane_svg, plane_text

PLACES = Plane("Places", "boxes", "place", {(10, 10): 9, (90, 90): 1}, (0, 99), (0, 99))
SIZES = Plane("Sizes", "images", "size", {(10, 10): 1, (90, 90): 4}, (10, 90), (10, 90), True, True)


def bars(*counts: tuple[int, ...], series: tuple[str, ...] = ("",), **options: Any) -> Bars:
    made = (
        Bar(f"n{at}", each, Condition("images", ":", str(at))) for at, each in enumerate(counts)
    )
    return Bars("Bars", "rows", tuple(made), series, **options)


@pytest.mark.parametrize(
    ("times", "most", "drawn"), [(0, 9, " "), (1, 900, "░"), (3, 9, "▒"), (9, 9, "█"), (1, 1, "█")]
)
def test_a_cell_with_something_in_it_is_never_blank(times: int, most: int, drawn: str) -> None:
    assert shade(times, most) == drawn


def test_dots_stand_where_pairs_are_the_second_number_growing_upwards() -> None:
    lines = braille(SIZES.grid(4, 8))
    assert lines == ["⠀⠈", "⡀⠀"]


def test_bars_of_several_series_are_shares_below_each_other() -> None:
    lines = bar_lines(bars((5, 1), (5, 0), series=("train", "test"), totals=(10, 1)))
    assert [(one.label, one.series, one.percent) for one in lines] == [
        ("n0", "train", 50), ("", "test", 100), ("n1", "train", 50), ("", "test", 0),
    ]  # fmt: skip
    assert [one.share for one in lines] == [0.5, 1, 0.5, 0]


def test_charts_are_listed_with_their_shapes() -> None:
    _, places, counted = chart_lines({"places": PLACES, "bars": bars((1,), (8,))}, "charts")
    assert (places.chart, places.note.split()) == ("places", ["█", "▁"])
    assert counted.note == "▁█"


def test_charts_are_tables_drawings_and_text_in_a_report() -> None:
    (table,) = bar_tables([PLACES, bars((1, 2), (8, 0), series=("train", "test"), totals=(9, 2))])
    assert table.columns == ("", "rows of test", "rows of train")
    assert table.rows == (("n0", 2, 1), ("n1", 0, 8))
    drawn = plane_svg(PLACES)
    assert drawn.count("<rect") == 2
    assert "9 boxes: place:8..11,10..14" in drawn
    assert "4 images: size:" in plane_svg(SIZES)
    assert plane_text(PLACES).splitlines()[1].strip() == "██"


class Shown(App[None]):
    """A chart alone."""

    def __init__(self, chart: Chart) -> None:
        super().__init__()
        self.chart = chart
        self.picked: list[str] = []

    def compose(self) -> ComposeResult:
        yield ChartBox()

    def on_mount(self) -> None:
        box = self.query_one(ChartBox)
        box.chart = self.chart
        box.drawn.focus()

    def on_chart_box_picked(self, event: ChartBox.Picked) -> None:
        self.picked.append(str(event.condition))


def text(app: Any) -> str:
    strips = app.screen._compositor.render_strips(app.size)
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


@pytest.mark.parametrize("size", [(80, 24), (160, 50), (30, 8)])
@pytest.mark.parametrize(
    ("chart", "keys", "picked", "words"),
    [
        (PLACES, (), "place:", "9 boxes"),
        (SIZES, (), "size:", "4 images"),
        (bars((1,), (8,)), ("down",), "images:1", "n0"),
    ],
)
async def test_what_is_under_the_cursor_is_said_and_picked(
    chart: Chart, keys: tuple[str, ...], picked: str, words: str, size: tuple[int, int]
) -> None:
    app = Shown(chart)
    async with app.run_test(size=size) as pilot:
        await pilot.press(*keys, "enter")
        await pilot.pause()
        assert words in text(app)
        assert [one.startswith(picked) for one in app.picked] == [True]


async def test_a_cell_is_picked_by_a_second_click_and_an_empty_one_never() -> None:
    app = Shown(PLACES)
    async with app.run_test(size=(80, 24)) as pilot:
        plane = app.query_one(ChartBox).plane
        await pilot.press("left", "up", "enter")
        assert not app.picked
        x, y = plane.cell
        at = (plane._margin + (x + 1) * plane._cell_width + 1, 1 + y + 1)
        await pilot.click(plane, offset=at)
        assert (plane.cell, app.picked) == ((x + 1, y + 1), [])
        await pilot.click(plane, offset=at, times=2)
        assert app.picked == ["place:8..11,10..14"]
