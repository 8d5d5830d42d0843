"""What a chart shows, as a person reads it."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from textual.app import App, ComposeResult

from tintype.metrics import Series, Timeline, fold
from tintype.resources import Checkpoint
from tintype_tui.widgets.chart import ACCURACIES, Chart, Pin, Trace, palette, pins, traces

BRAILLE = {chr(code) for code in range(0x2801, 0x2900)}
INK = BRAILLE | set("▔─▁╭╮╰╯")
"""What curves are drawn with."""
SIZES = [(80, 24), (140, 42), (60, 12), (30, 8), (23, 5), (10, 4), (5, 2), (1, 1)]


def curve(*values: float, name: str = "training loss", slot: int = 0, every: int = 1) -> Trace:
    points = [(number * every, value) for number, value in enumerate(values, 1)]
    return Trace(Series(name.replace(" ", "_"), points), name, slot)


def falling(count: int, slot: int = 0, name: str = "training loss") -> Trace:
    noisy = (2 * math.exp(-3 * n / count) + 0.2 * math.sin(n * 12.9898) ** 2 for n in range(count))
    return curve(*noisy, name=name, slot=slot)


async def look(
    chart: Chart,
    size: tuple[int, int] = (80, 24),
    keys: Sequence[str] = (),
    prepare: Callable[[Chart], object] = lambda chart: None,
    theme: str = "textual-dark",
) -> list[str]:
    """The lines of the screen on which a chart is alone, after some keys."""

    class Alone(App[None]):
        def compose(self) -> ComposeResult:
            yield chart

    app = Alone()
    async with app.run_test(size=size) as pilot:
        app.theme = theme
        chart.zone = UTC
        prepare(chart)
        chart.focus()
        await pilot.press(*keys)
        await pilot.pause()
        strips = app.screen._compositor.render_strips(app.size)
        return [strip.text for strip in strips]


def dots(lines: Sequence[str]) -> int:
    return sum(character in INK for line in lines if "└" not in line for character in line)


async def test_a_chart_has_a_title_a_legend_with_the_last_values_and_round_ticks() -> None:
    chart = Chart((curve(2.0, 1.5, 1.0, 0.5), curve(3, 2, 1, 1, name="validation loss", slot=1)))
    lines = await look(chart, prepare=lambda chart: setattr(chart, "heading", "Loss"))
    assert lines[0].startswith("Loss")
    assert "training loss 0.5000" in lines[1]
    assert "validation loss 1.0000" in lines[1]
    labels = [line[:7].strip() for line in lines[2:-2]]
    assert [label for label in labels if label] == ["3.5", "3.0", "2.5", "2.0", "1.5", "1.0", "0.5"]
    assert lines[-1].split()[:3] == ["step", "1", "2"]
    assert dots(lines) > 50


async def test_y_labels_are_aligned_to_the_right_at_their_axis() -> None:
    lines = await look(Chart((falling(100),)))
    ticks = [line for line in lines if "┤" in line]
    assert len(ticks) >= 4
    assert all(line.index("┤") == 7 and line[6].isdigit() for line in ticks)


@pytest.mark.parametrize("size", SIZES)
async def test_any_size_shows_something_and_fits(size: tuple[int, int]) -> None:
    chart = Chart((falling(1_600), falling(160, 1, "validation loss")), heading="Loss")
    lines = await look(chart, size)
    assert len(lines) == size[1]
    assert "".join(lines).strip()
    if size[0] >= 10:
        assert dots(lines) > 0


async def test_a_tiny_chart_still_says_the_value() -> None:
    lines = await look(Chart((curve(2.0, 0.5),)), (10, 4))
    assert "0.5000" in lines[0]
    assert dots(lines[1:]) > 0


async def test_without_data_a_chart_says_so_and_what_to_do() -> None:
    chart = Chart(heading="Loss")
    lines = await look(
        chart, prepare=lambda chart: setattr(chart, "empty_text", "Nothing yet.\nPress g.")
    )
    assert lines[0].startswith("Loss")
    assert [line.strip() for line in lines[11:13]] == ["Nothing yet.", "Press g."]
    assert "Nothing" not in "".join(await look(Chart((curve(1.0),))))


async def test_a_series_without_points_is_named_beside_one_that_has_some() -> None:
    chart = Chart((curve(1.0, 2.0), Trace(Series("valid_loss"), "validation loss", 1)))
    assert "validation loss no values" in (await look(chart))[1]


async def test_a_single_point_is_a_mark_between_labels_that_bracket_it() -> None:
    lines = await look(Chart((curve(2.3),)))
    (line,) = [line for line in lines[2:] if "●" in line]
    assert line[:8].strip()[-1] in "┤│"
    labels = [float(line[:7]) for line in lines[2:-2] if line[:7].strip()]
    assert min(labels) < 2.3 < max(labels)


async def test_points_far_apart_are_marked_and_joined() -> None:
    lines = await look(Chart((curve(3.0, 1.0, 2.0, every=100),)))
    image = lines[2:-2]
    assert sum(line.count("●") for line in image) == 3
    assert dots(image) > 30


async def test_a_hole_in_the_data_stays_a_hole() -> None:
    points = [(n, 1.0) for n in range(1, 100) if not 40 < n < 60]
    lines = await look(Chart((Trace(Series("train_loss", points), "training loss"),)))
    (row,) = [line[8:] for line in lines[2:-2] if dots([line])]
    drawn = [column for column, character in enumerate(row) if character in INK]
    widest = max(after - before for before, after in pairwise(drawn))
    assert 10 < widest < 20


async def test_a_nan_interrupts_the_line_and_is_marked_below_it() -> None:
    values = [1.0] * 10 + [math.nan] * 5 + [1.0] * 10
    lines = await look(Chart((curve(*values),)))
    assert "✕" in lines[-2]
    (row,) = [line[8:] for line in lines[2:-2] if dots([line])]
    at = lines[-2].index("✕") - 8
    assert row[at + 2] not in INK
    assert row[2] in INK
    assert row[-2] in INK


async def test_infinities_point_to_where_they_are() -> None:
    lines = await look(Chart((curve(1.0, math.inf, 2.0, -math.inf, 1.5),)))
    assert "▲" in lines[-2]
    assert "▼" in lines[-2]


async def test_a_lonely_point_between_nans_is_a_mark_and_no_mere_dot() -> None:
    values = [1.0] * 60 + [math.nan, 2.0, math.nan] + [1.0] * 60
    lines = await look(Chart((curve(*values),)), keys=["s"] * 3)
    assert any("●" in line for line in lines[2:8])


async def test_one_spike_among_ten_thousand_points_is_seen_and_the_thinning_is_said() -> None:
    values = [1.0] * 10_000
    values[5_003] = 9.0
    lines = await look(Chart((curve(*values),)), keys=["s"] * 3)
    assert " of 10,000 points, extremes kept" in lines[0]
    assert dots([lines[3]]) == 1
    column = next(number for number, character in enumerate(lines[3]) if character in BRAILLE)
    assert column == pytest.approx(8 + 72 / 2, abs=1)


async def test_all_points_drawn_needs_no_remark() -> None:
    assert "points" not in "".join(await look(Chart((falling(40),))))


async def test_a_logarithmic_axis_is_labelled_one_two_five() -> None:
    values = [10 * math.exp(-n / 20) for n in range(100)]
    lines = await look(Chart((curve(*values),)), keys=["L"])
    labels = [line[:7].strip() for line in lines[2:-2] if line[:7].strip()]
    assert labels == ["10", "5", "2", "1", "0.5", "0.2", "0.1"]
    assert "log" in lines[0]


async def test_a_zero_on_a_logarithmic_axis_is_marked_below_it() -> None:
    lines = await look(Chart((curve(1.0, 0.1, 0.0, 0.1, 1.0),)), keys=["L"])
    assert "▼" in lines[-2]


async def test_outliers_can_be_cut_off_the_range() -> None:
    values = [1.0 + n % 7 / 10 for n in range(200)]
    values[100] = 100.0
    whole = await look(Chart((curve(*values),)))
    cut = await look(Chart((curve(*values),)), keys=["o", "o"])
    assert any(line.startswith("    100") for line in whole)
    assert not any(line.startswith("    100") for line in cut)
    assert "outliers cut, o: all" in cut[0]
    assert sum(line.count("▲") for line in cut) == 1


async def test_the_first_steps_do_not_take_most_of_the_height_and_it_is_said() -> None:
    values = [1.7 + 7 * math.exp(-n / 8) + n % 7 / 20 for n in range(400)]
    cut, whole, out = [
        await look(Chart((curve(*values),)), keys=["o"] * times) for times in (0, 1, 3)
    ]
    assert "cut at" in cut[0]
    assert "o: all" in cut[0]
    assert "▲" in cut[2]
    assert "cut" not in whole[0]
    assert "▲" not in "".join(whole)
    assert out == cut

    def used(lines: list[str]) -> int:
        """Rows that the later half of the curve takes."""
        return sum(dots([line[44:]]) > 0 for line in lines[2:-2])

    assert used(cut) >= 3 * used(whole)
    # So for what rises at the start; and a stretch that is zoomed into is shown whole.
    rising = [0.9 - 0.9 * math.exp(-n / 8) for n in range(400)]
    assert "▼" in (await look(Chart((curve(*rising),))))[-3]
    zoomed = await look(Chart((curve(*values),)), keys=["home", "plus"])
    assert "cut" not in zoomed[0]


@pytest.mark.parametrize("height", [12, 24, 31, 42, 60])
async def test_gridlines_lie_equally_many_rows_apart(height: int) -> None:
    values = [0.37 + 2.9 / n for n in range(1, 200)]
    for factor in (1.0, 0.01, 333.0):
        lines = await look(Chart((curve(*(factor * value for value in values)),)), (80, height))
        rows = [number for number, line in enumerate(lines) if "┤" in line]
        assert len(rows) >= 3
        assert len({after - before for before, after in pairwise(rows)}) == 1


async def test_marks_at_the_end_stand_at_the_values_in_their_order() -> None:
    flat = [curve(*[value] * 50, slot=slot) for slot, value in enumerate([1.0, 1.02, 5.0, 0.99])]
    lines = await look(Chart(tuple(flat)))
    ends = [line[-1] for line in lines[2:-2]]
    assert [mark for mark in ends if mark != " "] == ["◆", "■", "●", "✚"]
    rows = [row for row, mark in enumerate(ends) if mark in "■●✚"]
    assert rows[2] - rows[0] == 2


async def test_a_smoothed_curve_is_a_connected_line() -> None:
    lines = await look(Chart((falling(300),)))
    columns = zip(*(line[8:] for line in lines[2:-2]), strict=True)
    assert all(INK - BRAILLE & set(column) or set("│") & set(column) for column in columns)


async def test_headings_of_a_table_stay_distinct() -> None:
    names = ["full validation token accuracy", "full validation mean IoU", "full validation loss"]
    chart = Chart(tuple(curve(1.0, 2.0, name=name, slot=n) for n, name in enumerate(names)))
    lines = await look(chart, (46, 24), keys=["T"])
    (head,) = [line for line in lines if line.split()[:1] == ["step"]]
    cells = [head[9 + 12 * n : 21 + 12 * n].strip() for n in range(3)]
    assert len(set(cells)) == 3


async def test_several_curves_are_told_apart_without_colour() -> None:
    chart = Chart((falling(300), curve(*[1.5] * 300, name="validation loss", slot=1)))
    lines = await look(chart)
    assert "●── training loss" in lines[1]
    assert "■── validation loss" in lines[1]
    image = [line[8:] for line in lines[2:-2]]
    assert any("●" in line[:-2] for line in image)
    assert any("■" in line[:-2] for line in image)
    assert {line[-1] for line in image} >= {"●", "■"}


async def test_ascii_marks_leave_nothing_outside_ascii() -> None:
    metrics = fold({"step": n, "train_loss": math.inf if n == 9 else 2 / n} for n in range(1, 200))
    chart = Chart(traces(metrics), heading="Loss")

    def prepare(chart: Chart) -> None:
        chart.pins = (Pin(50, "epoch 1"),)
        chart.marks = "ascii"

    for keys in ([], ["left", "v", "left"], ["T"]):
        for width in (80, 24):
            chart = Chart(chart.traces)
            lines = await look(chart, (width, 24), keys=keys, prepare=prepare)
            assert "\n".join(lines).isascii()


async def test_blocks_are_drawn_with_quadrants() -> None:
    lines = await look(Chart((falling(100),)), keys=["m", "m"])
    assert set("".join(line[8:] for line in lines[2:-2])) & set("▀▄█▌▐▞▚")
    assert dots(lines) == 0


async def test_epochs_and_checkpoints_stand_upright_with_their_names() -> None:
    reports = [{"step": n, "total_steps": 300, "train_loss": 1.0} for n in range(1, 301)]
    metrics = replace(fold(reports), n_epochs=3)
    saved = Checkpoint("ckpt", "job", "model", 150, datetime(2025, 1, 1, tzinfo=UTC))
    chart = Chart(traces(metrics))
    lines = await look(
        chart, (140, 30), prepare=lambda chart: setattr(chart, "pins", pins(metrics, [saved]))
    )
    assert "╎epoch 1" in lines[2]
    assert "╎checkpoint 150" in lines[2]
    column = lines[2].index("╎epoch 1")
    assert sum(line[column] == "╎" for line in lines[3:-2]) > 10


async def test_many_epochs_are_told_by_their_numbers() -> None:
    metrics = fold({"step": n, "total_steps": 300, "train_loss": 1.0} for n in range(1, 301))
    chart = Chart(traces(metrics))

    def prepare(chart: Chart) -> None:
        chart.pins = tuple(Pin(6 * n, f"epoch {n}") for n in range(1, 51))

    lines = await look(chart, (80, 30), prepare=prepare)
    names = next(line for line in lines if "╎" in line).split("╎")[1:]
    assert len(names) > 5
    assert all(name.strip().isdecimal() for name in names), names


async def test_numbers_and_sentences_take_the_place_of_the_image() -> None:
    chart = Chart(
        (curve(0.5, 0.4, 0.45, 0.5, name="valid_loss", every=100), falling(400)), heading="Loss"
    )
    lines = await look(chart, keys=["T"])
    assert lines[1].startswith("Valid loss rose") or "rose 2 evaluations running" in lines[1]
    head = next(number for number, line in enumerate(lines) if line.strip().startswith("step"))
    assert lines[head].split() == ["step", "valid_loss", "training", "loss"]
    assert lines[-1].split()[:2] == [">", "400"]
    assert lines[-1].split()[2] == "0.5000"
    assert dots(lines) == 0
    assert "│" not in "".join(lines)


async def test_names_from_a_provider_are_shown_and_not_obeyed() -> None:
    name = "loss\x1b[31m\u202e[bold]red[/]\n"
    lines = await look(Chart((curve(1.0, 2.0, name=name),)))
    assert "loss^[[31m<U+202E>[bold]red[/] ⏎" in lines[1]


async def test_wide_letters_do_not_push_the_image_aside() -> None:
    chart = Chart((curve(1.0, 2.0, name="損失関数"), curve(2.0, 1.0, name="正解率", slot=1)))
    lines = await look(chart, (40, 16), prepare=lambda chart: setattr(chart, "heading", "訓練"))
    assert lines[0].startswith("訓練")
    assert "損失関数" in lines[1]
    assert all(line[7] in "│┤" for line in lines[-12:-2])


async def test_a_long_legend_is_cut_and_says_how_many_are_missing() -> None:
    chart = Chart(tuple(curve(1.0, 2.0, name=f"run {n} loss", slot=n) for n in range(12)))
    lines = await look(chart, (60, 12))
    assert "run 0 1.0" not in lines[1]
    assert lines[1].rstrip().split()[-1].startswith("+")


async def test_the_axis_may_be_epoch_elapsed_time_or_the_time_of_day() -> None:
    reports = [
        {"step": n, "total_steps": 300, "train_loss": 1.0, "time": 1_735_722_000 + 10 * n}
        for n in range(301)
    ]
    metrics = replace(fold(reports), n_epochs=3)
    bottom = [(await look(Chart(traces(metrics)), keys=["x"] * n))[-1].split() for n in range(5)]
    assert bottom[0][:2] == ["step", "0"]
    assert bottom[1][0] == "epoch"
    assert bottom[1][-1] == "3.0"
    assert bottom[2][:3] == ["elapsed", "0", "5m"]
    assert bottom[3][:3] == ["time", "09:00", "09:05"]
    assert bottom[4] == bottom[0]


async def test_curves_of_two_trainings_share_the_axes_both_have() -> None:
    timed = traces(
        fold([{"step": 1, "loss": 1.0, "time": 1e9}, {"step": 2, "loss": 1.0}]), ["loss"]
    )
    untimed = curve(1.0, 2.0, slot=1)
    assert Chart((*timed, untimed)).axes == ("step",)
    assert Chart(timed).axes == ("step", "relative", "wall")


async def test_new_points_appear_at_once_and_old_axis_choices_survive_them() -> None:
    chart = Chart((curve(2.0, 1.0),))

    class Alone(App[None]):
        def compose(self) -> ComposeResult:
            yield chart

    app = Alone()
    async with app.run_test(size=(80, 24)) as pilot:
        longer = chart.traces[0].series.extended([3], [0.25])
        chart.traces = (replace(chart.traces[0], series=longer),)
        await pilot.pause()
        strips = app.screen._compositor.render_strips(app.size)
        assert "training loss 0.2500" in strips[1].text


async def test_a_curve_keeps_the_colour_of_its_slot_when_others_come_and_go() -> None:
    chart = Chart()
    found = []

    class Alone(App[None]):
        def compose(self) -> ComposeResult:
            yield chart

    app = Alone()
    async with app.run_test(size=(80, 24)) as pilot:
        for many in ((curve(1.0, 2.0, slot=2),), (curve(1.0, 2.0, slot=2), curve(2.0, 1.0))):
            chart.traces = many
            await pilot.pause()
            strips = app.screen._compositor.render_strips(app.size)
            marks = [segment for strip in strips for segment in strip if "◆" in segment.text]
            found += [segment.style.color for segment in marks if segment.style]
    assert len(found) >= 4
    assert {color.name for color in found if color} == {palette.DARK[2].lower()}


async def test_hundreds_of_curves_are_drawn_too() -> None:
    many = tuple(curve(float(n), n + 1.0, name=f"run {n}", slot=n) for n in range(300))
    assert dots(await look(Chart(many))) > 100


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light", "ansi-dark", "ansi-light"])
async def test_every_theme_can_be_drawn_in(theme: str) -> None:
    assert dots(await look(Chart((falling(300), falling(300, 1))), theme=theme)) > 100


async def test_no_colour_leaves_the_chart_readable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    lines = await look(Chart((falling(300), falling(300, 1, "validation loss"))))
    assert "■── validation loss" in lines[1]


async def test_known_metrics_have_their_own_look_whichever_are_there() -> None:
    metrics = fold([{"step": 1, "valid_loss": 1.0, "full_valid_mean_token_accuracy": 0.5}])
    (loss,) = traces(metrics)
    assert (loss.name, loss.slot, loss.smoothable) == ("validation loss", 1, True)
    (accuracy,) = traces(metrics, ACCURACIES, run="run 7")
    assert (accuracy.name, accuracy.slot) == ("run 7 full validation token accuracy", 2)
    assert not accuracy.smoothable
    assert accuracy.timeline == Timeline()


@pytest.mark.parametrize(
    "values",
    [
        [math.nan],
        [math.inf, -math.inf],
        [0.0] * 5,
        [1e308, -1e308],
        [5e-324, 0.0],
        [1e300, 1e-300, -1e300],
        [1e-12, 1.0000001e-12],
        [-5.0, -5.0],
    ],
)
@pytest.mark.parametrize("keys", [[], ["L"], ["L", "o", "m"], ["T"], ["left", "plus", "n"]])
async def test_no_value_is_too_odd_to_show(values: list[float], keys: list[str]) -> None:
    lines = await look(Chart((curve(*values),)), keys=keys)
    assert any("training loss" in line.lower() for line in lines)
