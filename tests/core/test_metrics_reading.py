"""Smoothing, cutting to columns, and what is said about a curve."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype.metrics import (
    Column,
    Series,
    better,
    describe,
    figure,
    gap,
    label,
    nearest,
    smooth,
    spikes,
    summary,
    suspicions,
)

number = st.floats(-1e6, 1e6)
any_value = st.one_of(number, st.sampled_from([math.nan, math.inf, -math.inf, 1e308, 5e-324]))
points = st.dictionaries(st.integers(0, 2_000), any_value, max_size=120)


def series(*values: float, name: str = "train_loss", every: int = 1) -> Series:
    return Series(name, ((step * every, value) for step, value in enumerate(values, 1)))


def thin(whole: Series, x0: float, x1: float, columns: int) -> list[Column]:
    width = (x1 - x0) / columns
    edges = [x0 + width * number for number in range(columns)]
    return whole.cut([*edges, math.nextafter(x1, math.inf)])


def test_smoothing_starts_at_the_first_value_without_bias() -> None:
    assert smooth(series(5.0, 5.0, 5.0), 0.99).series.values() == pytest.approx([5.0, 5.0, 5.0])


def test_smoothing_agrees_with_the_published_recurrence() -> None:
    smoothed = smooth(series(1.0, 2.0, 4.0), 0.5).series
    assert smoothed.values() == pytest.approx([1.0, 5 / 3, 3.0])


def test_smoothing_leaves_a_hole_where_there_is_no_number_and_goes_on_behind_it() -> None:
    smoothed = smooth(series(2.0, math.nan, 2.0, math.inf, 2.0), 0.9).series.values()
    assert smoothed[0::2] == pytest.approx([2.0, 2.0, 2.0])
    assert all(math.isnan(value) for value in smoothed[1::2])


@given(points, st.floats(0, 0.999), st.integers(0, 120))
def test_smoothing_in_pieces_is_smoothing_at_once(
    given_points: dict[int, float], weight: float, cut: int
) -> None:
    ordered = sorted(given_points.items())
    first = Series("loss", ordered[:cut])
    whole = first.merged(dict(ordered[cut:]))
    before = smooth(first, weight)
    assert smooth(whole, weight, before).series == smooth(Series("loss", ordered), weight).series


@given(points, st.integers(1, 90))
def test_thinning_keeps_every_extreme_and_every_point_in_one_column(
    given_points: dict[int, float], columns: int
) -> None:
    whole = Series("loss", given_points.items())
    cut = thin(whole, whole.first, whole.last, columns)
    assert sum(column.stop - column.start for column in cut) == len(whole)
    assert [column.at for column in cut] == sorted({column.at for column in cut})
    assert all(0 <= column.at < columns for column in cut)
    numbers = [value for value in whole.values() if abs(value) <= 1e300]
    if numbers:
        assert min(column.low for column in cut if column.low == column.low) == min(numbers)
        assert max(column.high for column in cut if column.high == column.high) == max(numbers)
    assert sum(column.odd for column in cut) == len(whole) - len(numbers)


@given(points, st.integers(1, 90), st.integers(0, 120), st.integers(0, 40))
def test_columns_made_from_those_before_are_those_made_anew(
    given_points: dict[int, float], columns: int, known: int, moved: int
) -> None:
    ordered = sorted(given_points.items())
    first = Series("loss", ordered[:known])
    whole = first.merged(dict(ordered[known:]))
    before = thin(first, first.first, first.last, columns)
    edges = [whole.first + moved + at * (whole.last - whole.first) / columns for at in range(99)]
    assert _said(whole.cut(edges, before)) == _said(whole.cut(edges))


def _said(cut: list[Column]) -> list[str]:
    """Columns as text, in which NaN is NaN."""
    return [str(column) for column in cut]


def test_thinning_a_part_takes_the_points_within_both_ends() -> None:
    cut = thin(series(*range(1, 101)), 10, 20, 4)
    assert cut[0].first == 10
    assert cut[-1].last == 20


def test_a_column_without_a_number_says_so() -> None:
    (column,) = thin(series(math.nan, math.nan), 0, 5, 1)
    assert column.odd == 2
    assert math.isnan(column.low)


def test_a_hole_in_the_rhythm_is_a_gap_and_the_rhythm_itself_is_none() -> None:
    assert gap(Series("loss", ((n, 1.0) for n in [*range(50), *range(100, 150)]))) < 50
    assert gap(series(*range(20), every=100)) > 100
    assert gap(series(1.0, 2.0, every=500)) == math.inf


def test_the_nearest_point_is_found_on_either_side() -> None:
    line = series(1.0, 2.0, 3.0, every=10)
    assert nearest(line, 14) == (10, 1.0)
    assert nearest(line, 16) == (20, 2.0)
    assert nearest(line, -5) == (10, 1.0)
    assert nearest(line, 99) == (30, 3.0)
    assert nearest(Series("loss"), 1) is None


def test_a_summary_passes_over_what_is_no_number() -> None:
    found = summary(series(3.0, math.nan, 1.0, math.inf))
    assert (found.low, found.low_step, found.high, found.high_step) == (1.0, 3, 3.0, 1)
    assert (found.count, found.odd, found.last_step, found.last) == (4, 2, 4, math.inf)


def test_names_are_said_in_words() -> None:
    assert label("train_loss") == "training loss"
    assert label("full_valid_mean_token_accuracy") == "full validation token accuracy"
    assert label("full_valid_mean_iou") == "full validation mean IoU"
    assert label("my_own") == "my own"
    assert (better("valid_loss"), better("mean_iou"), better("learning_rate")) == (
        "low",
        "high",
        "",
    )


@given(any_value)
def test_a_figure_is_short(value: float) -> None:
    assert len(figure(value)) <= 10


def test_figures_keep_four_digits() -> None:
    shown = [figure(v) for v in (0.22144, 0.001234, 12.346, 123456.7, 3e-5, -2e7, math.nan)]
    assert shown == ["0.2214", "0.001234", "12.35", "123457", "3.00e-5", "-2.00e7", "NaN"]


def test_a_rising_validation_loss_is_said_in_a_sentence() -> None:
    line = series(0.5, 0.41, 0.45, 0.52, 0.61, name="valid_loss", every=94)
    assert describe(line) == (
        "Validation loss rose 3 evaluations running, from 0.4100 at step 188 to 0.6100 at step 470."
    )


def test_a_noisy_fall_is_said_smoothed_and_with_its_best() -> None:
    line = series(*(2 / n + 0.001 * (n % 7) for n in range(1, 1_001)))
    said = describe(line)
    assert said.startswith("Training loss fell from 2.0010 to 0.00")
    assert "(smoothed) over 999 steps; lowest 0.00" in said


DIVERGED = [60.5, *(4 - n / 30 for n in range(60)), *(2 * 1.07**n for n in range(50))]


def test_a_run_that_diverged_is_said_by_its_best_and_what_followed() -> None:
    said = describe(series(*DIVERGED))
    assert said.startswith("Training loss fell from 60.50 to 2.0000 at step 62 and has risen to 4")
    assert describe(series(60.5, 3.0, 1.0, 20.0, 49.8)) == (
        "Training loss fell from 60.50 to 1.0000 at step 3 and has risen to 49.80 since."
    )
    accuracy = [*(0.5 + n / 200 for n in range(50)), *(0.7 - n / 80 for n in range(40))]
    said = describe(series(*accuracy, name="train_mean_token_accuracy"))
    assert said.startswith("Training token accuracy rose from 0.5000 to 0.7450 at step 50 and has ")


def test_noise_about_one_level_has_not_turned() -> None:
    noisy = [0.2 + 0.1 * math.sin(12.9898 * n * n) for n in range(400)]
    for count in (30, 60, 400):
        assert "since" not in describe(series(*noisy[:count]))


def test_a_loss_worse_than_guessing_has_diverged_wherever_it_began() -> None:
    (found,) = suspicions(series(*(60.5 - n / 10 for n in range(100))))
    assert found.kind == "exploding"
    assert "worse than guessing" in found.sentence
    assert [one.kind for one in suspicions(series(*DIVERGED))] == ["exploding"]
    assert suspicions(series(*(12.0 - n / 10 for n in range(100)))) == ()


def test_series_with_little_to_say_still_get_a_sentence() -> None:
    assert describe(Series("valid_loss")) == "Validation loss has no values yet."
    assert describe(series(math.nan)) == "Training loss has no number."
    assert describe(series(0.5)) == "Training loss is 0.5000 at step 1."
    assert "stays around 0.5000" in describe(series(0.5, 0.5, 0.5))


def test_a_spike_is_found_once_at_its_worst() -> None:
    values = [1.0 + 0.01 * (n % 5) for n in range(200)]
    values[120:123] = [3.0, 9.0, 4.0]
    (spike,) = spikes(series(*values))
    assert (spike.step, spike.value) == (122, 9.0)
    assert spike.expected == pytest.approx(1.02, abs=0.05)


def test_a_drop_of_accuracy_is_a_spike_and_a_drop_of_loss_is_none() -> None:
    values = [0.8 + 0.01 * (n % 5) for n in range(100)]
    values[60] = 0.1
    assert [one.step for one in spikes(series(*values, name="train_accuracy"))] == [61]
    assert spikes(series(*values, name="train_loss")) == []


def test_smooth_progress_has_no_spikes() -> None:
    assert spikes(series(*(math.exp(-n / 100) for n in range(1_000)))) == []


@pytest.mark.parametrize(
    ("values", "kind", "step"),
    [
        ([2.0, 1.0, 0.0, 0.0, 0.0], "zero", 3),
        ([1.0] * 5 + [0.3333] * 30, "flat", 6),
        ([2.0 - n / 20 for n in range(30)] + [0.5 + n / 2 for n in range(30)], "exploding", None),
        ([2.0, math.nan, math.nan], "not a number", 2),
    ],
)
def test_a_suspicious_loss_is_named(values: list[float], kind: str, step: int | None) -> None:
    (found,) = suspicions(series(*values))
    assert found.kind == kind
    assert step is None or found.step == step
    assert found.sentence.startswith("Training loss ")


def test_a_healthy_loss_and_a_constant_learning_rate_raise_no_suspicion() -> None:
    healthy = [2 * math.exp(-n / 50) + 0.1 + 0.02 * math.sin(n) for n in range(300)]
    assert suspicions(series(*healthy)) == ()
    assert suspicions(series(*[1e-4] * 100, name="learning_rate")) == ()


@given(points, st.sampled_from(["train_loss", "valid_loss", "full_valid_mean_iou"]))
def test_any_series_can_be_read(given_points: dict[int, float], name: str) -> None:
    line = Series(name, given_points.items())
    assert describe(line).endswith(".")
    summary(line)
    spikes(line)
    suspicions(line)
    gap(line)
