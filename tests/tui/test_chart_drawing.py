"""The pure parts of the chart: dots, axes, colours, images of any data, files."""

import math
from datetime import UTC
from itertools import combinations, pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual.color import Color
from textual.theme import BUILTIN_THEMES

from tintype.metrics import AXES, Metrics, Series, fold
from tintype_tui import theme
from tintype_tui.widgets.chart import Pin, Trace, painting, palette, readout, to_svg, traces
from tintype_tui.widgets.chart.axes import Scale, evenly, fit, x_ticks, y_ticks
from tintype_tui.widgets.chart.navigation import within, zoomed
from tintype_tui.widgets.chart.plot import Plotter
from tintype_tui.widgets.chart.raster import DOTS, MARKS, Layer, Marks, compose
from tintype_tui.widgets.chart.readout import Cursors, table
from tintype_tui.widgets.chart.view import CLIPS, Clip, View

# -- dots ----------------------------------------------------------------------------------------


def pixels(layer: Layer, marks: Marks) -> set[tuple[int, int]]:
    """The dots of a layer, found one by one in its cells."""
    dots, ink = DOTS[marks], layer.ink()
    return {
        (column * dots.across + x, row * dots.down + y)
        for column in range(len(layer.cells))
        for row in range(layer.rows)
        for x in range(dots.across)
        for y in range(dots.down)
        if ink[column * layer.rows + row] & dots.bits[x][y]
    }


@given(
    st.sampled_from(MARKS),
    st.lists(st.tuples(st.integers(-3, 30), st.integers(-9, 40), st.integers(-9, 40)), max_size=9),
)
def test_runs_of_dots_are_what_setting_each_dot_would_give(
    marks: Marks, runs: list[tuple[int, int, int]]
) -> None:
    layer = Layer(DOTS[marks], 10, 6)
    for x, top, bottom in runs:
        layer.run(x, top, bottom)
    assert pixels(layer, marks) == {
        (x, y)
        for x, top, bottom in runs
        for y in range(max(min(top, bottom), 0), min(max(top, bottom), layer.height - 1) + 1)
        if 0 <= x < layer.width
    }


@given(st.integers(0, 38), st.integers(0, 39), st.integers(1, 39), st.integers(0, 39))
def test_a_line_reaches_both_ends_without_a_hole(x0: int, y0: int, width: int, y1: int) -> None:
    layer = Layer(DOTS["braille"], 20, 10)
    x1 = min(x0 + width, 39)
    layer.line(x0, y0, x1, y1, (True,))
    drawn = pixels(layer, "braille")
    assert (x0, y0) in drawn
    assert (x1, y1) in drawn
    for x in range(x0, x1):
        here = {y for at, y in drawn if at == x}
        there = {y for at, y in drawn if at == x + 1}
        assert min(abs(a - b) for a in here for b in there) <= 1


def test_a_line_from_far_outside_crosses_the_image_where_it_should() -> None:
    layer = Layer(DOTS["braille"], 20, 10)
    layer.line(-1e6, 20 - 1e6 * 0.1, 1e6, 20 + 1e6 * 0.1, (True,))
    assert (0, 20) in pixels(layer, "braille")
    assert (39, 24) in pixels(layer, "braille")


def test_a_clear_curve_displaces_what_lies_under_it_and_equals_add_up() -> None:
    band, line, other = (Layer(DOTS["braille"], 2, 1) for _ in range(3))
    for x in range(4):
        band.run(x, 0, 3)
    line.run(0, 1, 1)
    other.run(1, 2, 2)
    image = compose([(8, band)], [(9, line), (11, other)], 2, 1)
    assert image.patterns[0] == bytes([0x02 | 0x20, 0xFF])
    assert image.owners[0] == bytes([11, 8])


def test_an_empty_cell_is_a_space_that_no_reader_speaks() -> None:
    assert all(dots.glyphs[0] == " " and len(dots.glyphs) == 256 for dots in DOTS.values())


# -- axes ----------------------------------------------------------------------------------------

ranges = st.tuples(st.floats(-1e12, 1e12), st.floats(1e-9, 1e12)).map(
    lambda pair: (pair[0], pair[0] + pair[1])
)


@given(ranges, st.integers(1, 30))
def test_ticks_lie_within_the_axis_and_are_as_few_as_asked(
    limits: tuple[float, float], count: int
) -> None:
    scale = fit(*limits, log=False)
    found = y_ticks(scale, count, 7)
    assert len(found) <= count
    air = (scale.high - scale.low) * 1e-6
    for value, text in found:
        assert scale.low - air <= value <= scale.high + air
        assert len(text) <= 7


@given(st.floats(1e-300, 1e300), st.floats(1e-300, 1e300), st.integers(2, 20))
def test_logarithmic_ticks_are_one_two_five_times_a_power_of_ten(
    one: float, other: float, count: int
) -> None:
    scale = fit(min(one, other), max(one, other), log=True)
    found = [value for value, _ in y_ticks(scale, count, 7)]
    assert found == sorted(found)
    assert len(found) <= count
    if max(one, other) > 100 * min(one, other):
        assert all(f"{value:.0e}"[0] in "125" for value in found)
        assert found


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 1, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (0.1, 0.35, ["0.10", "0.15", "0.20", "0.25", "0.30", "0.35"]),
        (0, 5, ["0", "1", "2", "3", "4", "5"]),
        (0, 50_000, ["0", "10k", "20k", "30k", "40k", "50k"]),
        (-2e6, 2e6, ["-2M", "-1M", "0", "1M", "2M"]),
        (0, 5e-6, ["0", "1e-6", "2e-6", "3e-6", "4e-6", "5e-6"]),
    ],
)
def test_labels_have_the_decimals_their_step_needs(
    low: float, high: float, expected: list[str]
) -> None:
    assert [text for _, text in y_ticks(Scale(low, high), 6, 7)] == expected


@pytest.mark.parametrize(
    ("axis", "low", "high", "expected"),
    [
        ("step", 0, 3, ["0", "1", "2", "3"]),
        ("step", 0, 1_600, ["0", "500", "1,000", "1,500"]),
        ("epoch", 0, 4, ["0", "1", "2", "3", "4"]),
        ("relative", 0, 100, ["0", "30s", "1m", "1m30s"]),
        ("relative", 0, 9_000, ["0", "30m", "1h", "1h30m", "2h", "2h30m"]),
        ("relative", 0, 400_000, ["0", "1d", "2d", "3d", "4d"]),
        ("wall", 1_735_722_000, 1_735_722_180, ["09:00", "09:01", "09:02", "09:03"]),
        ("wall", 1_735_722_000, 1_736_327_000, ["02 Jan", "04 Jan", "06 Jan", "08 Jan"]),
    ],
)
def test_the_x_axis_is_labelled_in_units_of_its_kind(
    axis: str, low: float, high: float, expected: list[str]
) -> None:
    (kind,) = [one for one in AXES if one == axis]
    assert [text for _, text in x_ticks(kind, low, high, 42, UTC)] == expected


@given(st.sampled_from(AXES), ranges, st.integers(1, 200))
def test_labels_of_the_x_axis_never_run_into_one_another(
    axis: str, limits: tuple[float, float], width: int
) -> None:
    (kind,) = [one for one in AXES if one == axis]
    low, high = limits
    found = x_ticks(kind, low, high, width, UTC)
    columns = [(place - low) / (high - low) * width for place, _ in found]
    for (left, right), (_, text) in zip(pairwise(columns), found, strict=False):
        assert right - left >= len(text)


@given(ranges, st.booleans())
def test_a_range_holds_all_values_and_leads_back(limits: tuple[float, float], log: bool) -> None:
    low, high = (abs(limit) + 1e-9 for limit in limits) if log else limits
    scale = fit(min(low, high), max(low, high), log)
    for value in (low, high):
        assert -1e-9 <= scale.share(value) <= 1 + 1e-9
        assert scale.value(scale.share(value)) == pytest.approx(value, rel=1e-6, abs=1e-3)


@given(ranges, st.integers(5, 60), st.integers(2, 14))
def test_an_even_range_holds_the_wanted_one_and_its_ticks_are_whole_rows_apart(
    limits: tuple[float, float], rows: int, count: int
) -> None:
    wanted = fit(*limits, log=False)
    even, ticks = evenly(wanted, rows, count, 7)
    air = (wanted.high - wanted.low) * 1e-6
    assert even.low <= wanted.low + air
    assert even.high >= wanted.high - air
    assert even.high - even.low < 2.6 * (wanted.high - wanted.low)
    assert ticks
    places = [rows * (1 - even.share(value)) for value, _ in ticks]
    assert all(abs(place % 1 - 0.5) < 1e-3 for place in places)


def test_a_curve_near_zero_stands_on_zero() -> None:
    assert fit(0.05, 2.0, log=False).low == 0.0
    assert fit(5.0, 6.0, log=False).low > 4.5
    assert fit(-1.0, 2.0, log=False).low < -1.0


# -- moving --------------------------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.floats(0.1, 10), st.floats(0, 1), st.floats(-2, 2)), max_size=20),
    st.floats(1, 1e6),
)
def test_however_one_zooms_and_pans_the_window_stays_within_the_data(
    moves: list[tuple[float, float, float]], width: float
) -> None:
    extent, window = (5.0, 5.0 + width), None
    for factor, share, pan in moves:
        low, high = window or extent
        window = zoomed((low, high), extent, factor, low + share * (high - low), width / 1_000)
        if window:
            low, high = window
            window = within((low + pan * (high - low), high + pan * (high - low)), extent)
            assert extent[0] - 1e-6 <= window[0] < window[1] <= extent[1] + width * 1e-9 + 1e-6


# -- colours -------------------------------------------------------------------------------------

# Machado, Oliveira and Fernandes (2009), severity 1.0, on linear RGB.
BLINDNESS = {
    "none": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}


def linear(color: str) -> list[float]:
    return [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in Color.parse(color).normalized
    ]


def luminance(color: str) -> float:
    red, green, blue = linear(color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def lab(color: str, sight: str) -> tuple[float, float, float]:
    seen = [
        min(1.0, max(0.0, sum(a * b for a, b in zip(row, linear(color), strict=True))))
        for row in BLINDNESS[sight]
    ]
    red, green, blue = seen
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089
    x, y, z = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in (x, y, z))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


@pytest.mark.parametrize("dark", [True, False])
def test_every_colour_stands_out_on_every_theme(dark: bool) -> None:
    themes = [*BUILTIN_THEMES.values(), theme.DARK, theme.LIGHT]
    for one in themes:
        if one.ansi or one.dark != dark:
            continue
        shades = one.to_color_system().generate()
        for color in palette.DARK if dark else palette.LIGHT:
            for part in ("background", "surface"):
                assert contrast(color, shades[part]) >= 3, (one.name, part, color)


@pytest.mark.parametrize("sight", BLINDNESS)
@pytest.mark.parametrize("colors", [palette.DARK, palette.LIGHT])
def test_any_two_colours_are_distinct_to_every_eye(colors: tuple[str, ...], sight: str) -> None:
    for one, other in combinations(colors, 2):
        assert math.dist(lab(one, sight), lab(other, sight)) >= 10, (one, other)


def test_looks_differ_in_mark_and_dash_too() -> None:
    for signs in (palette.UNICODE, palette.ASCII):
        assert len(set(signs.marks)) == len(signs.marks) == len(palette.DARK)
        assert len(set(signs.lines)) == len(signs.lines)
    assert len(set(palette.DASHES)) == len(palette.DASHES) == len(palette.DARK)
    assert len(palette.ANSI_DARK) == len(palette.ANSI_LIGHT) == len(palette.DARK)


# -- images of anything ------------------------------------------------------------------------

any_value = st.one_of(
    st.floats(),
    st.floats(-10, 10),
    st.sampled_from([0.0, math.nan, math.inf, -math.inf, 1e308, -1e308, 5e-324, 1e300]),
)
any_points = st.dictionaries(st.integers(0, 2**53), any_value, max_size=40)


@settings(deadline=None, max_examples=150)
@given(
    st.lists(any_points, min_size=1, max_size=4),
    st.integers(1, 40),
    st.integers(1, 12),
    st.sampled_from(AXES),
    st.booleans(),
    st.sampled_from(CLIPS),
    st.sampled_from([0.0, 0.9, 0.999]),
    st.sampled_from(MARKS),
    st.tuples(st.floats(0, 1), st.floats(1e-6, 1)),
)
def test_any_data_can_be_drawn_at_any_size(
    given_points: list[dict[int, float]],
    columns: int,
    rows: int,
    axis: str,
    log: bool,
    clip: Clip,
    smoothing: float,
    marks: Marks,
    part: tuple[float, float],
) -> None:
    (kind,) = [one for one in AXES if one == axis]
    clock = Series("clock", ((step, 1e9 + step % 977) for step in given_points[0]))
    timeline = Metrics(clock=clock, total_steps=9, n_epochs=3).timeline
    drawn = {
        number: Trace(Series("loss", points.items()), f"loss {number}", number, True, timeline)
        for number, points in enumerate(given_points)
    }
    plotter = Plotter()
    low, high = plotter.extent(list(drawn.values()), kind)
    start = low + (high - low) * part[0] * 0.999
    end = max(start + (high - start) * part[1], math.nextafter(start, math.inf))
    view = View(columns, rows, kind, start, end, log, smoothing, marks, clip, zone=UTC)
    plot = plotter.plot(drawn, view)
    signs = palette.UNICODE
    for row in range(rows):
        text, keys = painting.plot_row(plot, row, drawn, {0: ("│", 2)}, True, signs)
        assert len(text) == len(keys) == columns
    assert len(painting.axis_row(plot, signs)[0]) == columns
    assert len(painting.label_row(plot, 8, columns + 8, [(0, "12")])[0]) == columns + 8
    assert 0 <= plot.drawn <= plot.points <= sum(len(points) for points in given_points)
    looking = Cursors(start, end)
    for width in (1, columns, 100):
        for line in readout.legend(drawn, plotter, view, looking, width, 2, signs):
            assert readout.width_of(line) <= max(width, 1)
        assert len(table(drawn, ["A sentence."], 5, width, rows, signs)) <= rows


@settings(deadline=None, max_examples=50)
@given(st.lists(any_points, max_size=3), st.sampled_from(AXES), st.booleans(), st.text(max_size=20))
def test_any_data_makes_a_well_formed_file(
    given_points: list[dict[int, float]], axis: str, log: bool, name: str
) -> None:
    (kind,) = [one for one in AXES if one == axis]
    drawn = [Trace(Series("x", points.items()), name, n) for n, points in enumerate(given_points)]
    text = to_svg(drawn, heading=name, axis=kind, log=log, pins=[Pin(3, name)], zone=UTC)
    for node in ElementTree.fromstring(text.encode()).iter():
        assert "nan" not in node.get("d", "") + node.get("transform", "") + node.get("y", "")


def test_a_file_keeps_the_spike_and_stays_small() -> None:
    metrics = fold(
        {"step": n, "train_loss": 9.0 if n == 60_007 else 1 + n % 7 / 10} for n in range(100_000)
    )
    text = to_svg(traces(metrics), heading="Loss & <more>", width=640, height=300)
    assert len(text) < 100_000
    assert "Loss &amp; &lt;more&gt;" in text
    assert "training loss 1.4000" in text
    root = ElementTree.fromstring(text)
    (measured, *_) = [
        node.get("d", "") for node in root.iter() if node.get("clip-path") == "url(#plot)"
    ]
    heights = [float(word) for word in measured.replace("M", "").replace("L", "").split()[1::2]]
    assert min(heights) < 20
    assert sum(height < 100 for height in heights) <= 3
