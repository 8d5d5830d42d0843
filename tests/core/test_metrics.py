"""Series, folding, other axes and tables."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype.errors import ApiError
from tintype.metrics import Metrics, Series, canonical, fold, from_csv, to_csv
from tintype.resources import Event

START = datetime(2025, 3, 1, 12, 0, tzinfo=UTC)

any_value = st.floats(allow_nan=True, allow_infinity=True)
points = st.dictionaries(st.integers(0, 10_000), any_value, max_size=40)


def event(step: int, **metrics: float) -> Event:
    words = ", ".join(f"{name}={value:.2f}" for name, value in metrics.items())
    return Event(
        id=f"ftevent-{step}",
        created_at=START + timedelta(seconds=step),
        message=f"Step {step}/300: {words}",
        type="metrics",
        data={"step": step, "total_steps": 300, **metrics},
    )


@given(points)
def test_a_series_holds_its_points_in_order_of_step(given_points: dict[int, float]) -> None:
    series = Series("train_loss", reversed(given_points.items()))
    assert series.steps() == sorted(given_points)
    assert len(series) == len(given_points)


@given(points, points)
def test_growing_a_series_leaves_every_earlier_version_as_it_was(
    old: dict[int, float], new: dict[int, float]
) -> None:
    before = Series("train_loss", old.items())
    steps, values = before.steps(), [str(value) for value in before.values()]
    one = before.merged(new)
    other = before.merged({20_000: 1.0})
    assert before.steps() == steps
    assert [str(value) for value in before.values()] == values
    assert one == Series("train_loss", (old | new).items())
    assert other == Series("train_loss", (old | {20_000: 1.0}).items())


def test_a_longer_series_is_known_to_continue_the_shorter_one() -> None:
    short = Series("train_loss", [(1, 2.0), (2, 1.5)])
    longer = short.merged({3: 1.2})
    assert longer.continues(short)
    assert not short.continues(longer)
    assert not short.merged({1: 9.0}).continues(short)


def test_points_that_are_known_change_nothing() -> None:
    series = Series("train_loss", [(1, 2.0), (2, math.nan)])
    assert series.merged({1: 2.0, 2: math.nan}) is series


def test_what_cannot_be_drawn_is_known_by_its_number() -> None:
    series = Series("loss", [(1, 1.0), (2, math.nan), (3, math.inf), (4, -1e305), (5, 2.0)])
    assert series.odd() == [1, 2, 3]
    assert series.odd(2, 3) == [2]


@given(st.randoms(use_true_random=False), st.lists(st.integers(1, 60), min_size=1, max_size=60))
def test_events_fold_alike_in_any_order_with_doubles_and_in_any_pieces(
    random: Random, steps: list[int]
) -> None:
    events = [event(step, train_loss=1 / step, valid_loss=2 / step) for step in steps]
    in_order = sorted(events, key=lambda one: one.created_at)
    random.shuffle(events)
    folded = Metrics()
    for start in range(0, len(events), 7):
        folded = fold(events[start : start + 7], folded)
    assert folded == fold(in_order)
    assert folded.series["train_loss"].steps() == sorted(set(steps))


def test_folding_what_is_known_returns_the_very_same_value() -> None:
    metrics = fold([event(1, train_loss=2.0), event(2, train_loss=1.0)])
    assert fold([event(1, train_loss=2.0)], metrics) is metrics
    assert fold([], metrics) is metrics


def test_the_later_report_of_a_step_counts_whichever_comes_first() -> None:
    early, late = event(5, train_loss=2.0), event(5, train_loss=1.0)
    late = replace(late, created_at=late.created_at + timedelta(hours=1))
    for order in ([early, late], [late, early]):
        assert fold(order).series["train_loss"][0] == (5, 1.0)


def test_full_values_come_from_the_data_and_not_from_the_rounded_message() -> None:
    folded = fold([event(7, train_loss=0.14993, valid_loss=0.26569)])
    assert folded.series["train_loss"][0] == (7, 0.14993)
    assert folded.total_steps == 300


@pytest.mark.parametrize(
    ("message", "expected", "total"),
    [
        (
            "Step 300/300: training loss=0.15, validation loss=0.27, full validation loss=0.40",
            {"train_loss": 0.15, "valid_loss": 0.27, "full_valid_loss": 0.40},
            300,
        ),
        ("Step 120: training loss=1.0537992715835571", {"train_loss": 1.0537992715835571}, None),
        (
            "Step 10/20 , train mean reward=0.42, full validation mean parse error=0.00",
            {"train_mean_reward": 0.42, "full_valid_mean_parse_error": 0.0},
            20,
        ),
        ("Step 3/9: training loss=nan, validation loss=1e-05", {"valid_loss": 1e-05}, 9),
    ],
)
def test_messages_without_data_are_read(
    message: str, expected: dict[str, float], total: int | None
) -> None:
    folded = fold([{"message": message, "data": {}, "created_at": 1_700_000_000}])
    assert folded.total_steps == total
    for name, value in expected.items():
        assert folded.series[name].values() == [value]


def test_a_message_reports_a_loss_that_is_no_number() -> None:
    folded = fold([{"message": "Step 3/9: training loss=nan", "data": None}])
    assert math.isnan(folded.series["train_loss"][0][1])


@pytest.mark.parametrize(
    ("message", "step", "value"),
    [
        ("Step 1,200/3,000: training loss=0.22", 1_200, 0.22),
        ("Step 1\u202f200/3\u202f000: training loss=0.22", 1_200, 0.22),
        ("Step 12, training loss=0.22", 12, 0.22),
        ("Step 3/9: training loss=0,22, validation loss=0,31", 3, 0.22),
        ("Step 3/9: training loss=0,220; validation loss=0,31.", 3, 0.22),
        ("Step 3/9: training loss=1,234.5", 3, 1_234.5),
        ("Step 3/9: training loss=62 %", 3, 0.62),
        ("Step 3/9: training loss=62%", 3, 0.62),
        # What could be one thing or another is nothing.
        ("Step 1.200/3.000: training loss=0.22", None, None),
        ("Step 1,20: training loss=0.22", None, None),
        ("Step 3/9: training loss=1,234", 3, None),
        ("Step 3/9: training loss=1 234,5", 3, None),
        ("Step 3/9: training loss=0.22.33", 3, None),
        ("Step 3/9: validation loss=-1", 3, None),
    ],
)
def test_a_number_in_a_message_is_read_whole_or_not_at_all(
    message: str, step: int | None, value: float | None
) -> None:
    series = fold([{"message": message}]).series.get("train_loss", Series("train_loss"))
    assert list(series) == ([] if step is None or value is None else [(step, value)])


@pytest.mark.parametrize(
    "spelled",
    [
        "valid_mean_token_accuracy",
        "validation_mean_token_accuracy",
        "valid_accuracy",
        "val/accuracy",
        "Validation Mean Token Accuracy",
        '"Valid-Token-Accuracy"',
        "validationTokenAccuracy",
    ],
)
def test_a_metric_is_one_series_however_it_is_spelt(spelled: str) -> None:
    assert canonical(spelled) == "valid_mean_token_accuracy"
    assert set(fold([{"step": 1, spelled: 0.5}]).series) == {"valid_mean_token_accuracy"}
    assert set(from_csv(f"Step;{spelled}\n1;0,5\n").series) == {"valid_mean_token_accuracy"}
    assert from_csv(f"Step;{spelled}\n1;0,5\n").series[canonical(spelled)][0] == (1, 0.5)


def test_names_that_are_no_spelling_of_another_stay_apart() -> None:
    names = ["full_valid_loss", "valid_loss", "train_loss", "full_valid_mean_iou", "eval_loss"]
    assert [canonical(name) for name in names] == names
    assert canonical("full validation loss") == "full_valid_loss"
    assert canonical("mean IoU") == "mean_iou"


@pytest.mark.parametrize("raw", ["1.5", 1.5, "1,5", "soon", -1, True, None, math.nan])
def test_what_is_no_whole_number_is_no_step(raw: object) -> None:
    assert fold([{"step": raw, "train_loss": 1.0}]) == Metrics()


def test_minus_one_is_a_gap_in_what_is_never_negative() -> None:
    placeholder = {"valid_loss": -1, "valid_mean_token_accuracy": -1.0, "train_mean_reward": -1}
    folded = fold([{"step": 1, "train_loss": 0.5, **placeholder}])
    assert set(folded.series) == {"train_loss", "train_mean_reward"}


AZURE = "step,train_loss,train_mean_token_accuracy,valid_loss,validation_mean_token_accuracy"


@pytest.mark.parametrize(
    "head",
    [
        AZURE,
        AZURE.upper(),
        ",".join(f'"{name}"' for name in AZURE.split(",")),
        AZURE.replace(",", ", "),
        AZURE.replace("_", " "),
        "\n" + AZURE,
    ],
)
@pytest.mark.parametrize(("mark", "first"), [(",", ""), (";", ""), ("\t", ""), (";", "sep=;\r\n")])
def test_a_results_file_is_read_however_it_is_written(head: str, mark: str, first: str) -> None:
    text = f"{head}\n1,0.5,0.25,-1,-1\n2,0.25,0.5,0.75,0.125\n".replace(",", mark)
    series = from_csv(first + text.replace("\n", "\r\n")).series
    assert {name: list(one) for name, one in series.items()} == {
        "train_loss": [(1, 0.5), (2, 0.25)],
        "train_mean_token_accuracy": [(1, 0.25), (2, 0.5)],
        "valid_loss": [(2, 0.75)],
        "valid_mean_token_accuracy": [(2, 0.125)],
    }


def test_a_decimal_comma_between_semicolons_is_read_as_one() -> None:
    text = "step;train_loss\n1;1,234\n1,200;0,5\n"
    assert list(from_csv(text).series["train_loss"]) == [(1, 1.234), (1_200, 0.5)]


@pytest.mark.parametrize(
    "report",
    [
        {"message": "Fine-tuning job started", "data": {}},
        {"message": "Step 4/9: nothing to see", "data": None},
        {"message": None, "data": ["step", 3]},
        {"step": "soon", "train_loss": 1.0},
        {"step": -4, "train_loss": 1.0},
        {"step": 10**400, "train_loss": 1.0},
        {"step": 3, "train_loss": True, "note": "good", "nested": {"a": 1}},
        {"step": 3, "train_loss": None},
        {},
    ],
)
def test_reports_without_a_metric_are_passed_over(report: dict[str, object]) -> None:
    assert fold([report]) == Metrics()


def test_values_json_cannot_hold_are_read_from_their_spelling() -> None:
    folded = fold([{"step": 1, "a": "NaN", "b": "-Infinity", "c": 10**400}])
    assert math.isnan(folded.series["a"][0][1])
    assert folded.series["b"][0][1] == -math.inf
    assert folded.series["c"][0][1] == math.inf


def test_metrics_of_an_unknown_kind_become_series_of_their_own() -> None:
    folded = fold([{"step": 1, "metrics": {"full_valid_mean_iou": 0.7, "learning_rate": 1e-3}}])
    assert set(folded.series) == {"full_valid_mean_iou", "learning_rate"}


def test_a_step_lies_at_its_epoch_and_its_time() -> None:
    metrics = replace(fold([event(step, train_loss=1.0) for step in (100, 200, 300)]), n_epochs=3)
    timeline = metrics.timeline
    assert timeline.axes() == ("step", "epoch", "relative", "wall")
    assert timeline.ruler("epoch").place(150) == pytest.approx(1.5)
    assert timeline.ruler("relative").place(150) == pytest.approx(50)
    assert timeline.ruler("wall").place(100) == (START + timedelta(seconds=100)).timestamp()
    assert metrics.epoch_ends == (100, 200, 300)


def test_reported_epochs_stand_in_for_an_unknown_number_of_epochs() -> None:
    metrics = fold({"step": n, "epoch": 1 + (n - 1) // 4, "loss": 1.0} for n in range(1, 11))
    assert metrics.steps_per_epoch == 4
    assert metrics.epoch_ends == (4, 8)


def test_without_times_or_epochs_only_the_step_is_an_axis() -> None:
    assert fold([{"step": 1, "loss": 1.0}]).timeline.axes() == ("step",)


def test_steps_within_one_second_are_spread_over_it_and_no_further() -> None:
    stamps = {1: 10, 2: 10, 3: 10, 4: 10, 5: 3_610}
    metrics = fold({"step": n, "loss": 1.0, "time": at} for n, at in stamps.items())
    ruler = metrics.timeline.ruler("wall")
    assert [ruler.place(step) for step in stamps] == [10, 10.25, 10.5, 10.75, 3_610]


@given(
    st.dictionaries(st.integers(0, 500), st.integers(1, 4_000_000_000), min_size=1, max_size=30),
    st.integers(0, 500),
)
def test_a_ruler_rises_and_its_inverse_leads_back(stamps: dict[int, int], step: int) -> None:
    metrics = fold({"step": n, "loss": 1.0, "time": at} for n, at in stamps.items())
    ruler = metrics.timeline.ruler("relative")
    places = [ruler.place(n) for n in sorted(stamps)]
    assert places == sorted(places)
    assert places[0] == 0
    if min(stamps) <= step <= max(stamps):
        assert ruler.step(ruler.place(step)) == pytest.approx(step, abs=0.01)


def test_a_results_file_joins_the_series_of_the_events() -> None:
    text = (
        "step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy\n"
        "1,3.63265,0.5,,\n2,2.45992,0.80952,2.5,0.75\n"
    )
    metrics = from_csv("\ufeff" + text)
    assert list(metrics.series["train_mean_token_accuracy"]) == [(1, 0.5), (2, 0.80952)]
    assert list(metrics.series["valid_loss"]) == [(2, 2.5)]


@pytest.mark.parametrize("text", ["", "<html>busy</html>", "a,b\n1,2\n", "c3RlcCx0cmFpbl9sb3Nz"])
def test_what_is_no_results_file_is_named(text: str) -> None:
    with pytest.raises(ApiError, match="no column `step`"):
        from_csv(text)


not_placeholders = st.dictionaries(
    st.integers(0, 10_000), any_value.filter(lambda value: value != -1), max_size=40
)


@given(
    st.dictionaries(
        st.sampled_from(["train_loss", "valid_loss", "iou", "my_own"]), not_placeholders
    )
)
def test_a_table_holds_every_digit_and_reads_back_the_same(
    columns: dict[str, dict[int, float]],
) -> None:
    metrics = Metrics(
        series={name: Series(name, given.items()) for name, given in columns.items() if given}
    )
    assert from_csv(to_csv(metrics)).series == metrics.series


def test_a_table_leaves_blank_what_was_not_reported() -> None:
    metrics = fold([{"step": 1, "valid_loss": 0.5}, {"step": 2, "train_loss": math.nan}])
    assert to_csv(metrics) == "step,train_loss,valid_loss\n1,,0.5\n2,nan,\n"
