"""Scores and statistics against outside libraries, on values that nobody chose."""

import contextlib
import io
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from tintype.evaluation import statistics
from tintype.evaluation.average_precision import average_precision
from tintype.evaluation.box_scores import (
    BoxedImage,
    LabelledBox,
    average_precision_without_scores,
    count_boxes,
)
from tintype.evaluation.report_details import curves
from tintype.evaluation.text_scores import edit_distance


@pytest.fixture(scope="module")
def stats() -> Any:
    """scipy.stats, imported when it is asked for: it takes longer than the rest of collecting."""
    from scipy import stats

    return stats


def images(seed: int, count: int, crowd: float) -> list[BoxedImage]:
    random = np.random.default_rng(seed)
    made = []
    for number in range(count):
        truths, found = [], []
        for _ in range(int(random.integers(0, 8))):
            x, y = random.uniform(0, 400, 2)
            size = random.uniform(20, 120, 2)
            label = "abc"[random.integers(3)]
            corners = (x, y, x + size[0], y + size[1])
            truths.append(LabelledBox(label, corners, crowd=bool(random.random() < crowd)))
            for _ in range(int(random.integers(0, 4))):
                moved = np.array(corners) + random.normal(0, min(size) * 0.1, 4)
                other = label if random.random() < 0.9 else "abcd"[random.integers(4)]
                score = round(float(random.random()), 1)
                found.append(LabelledBox(other, tuple(moved), score))
        made.append(BoxedImage(number, truths, found))
    return made


def coco(of: list[BoxedImage]) -> tuple[float, float, list[float]]:
    """mAP at 0.5 and at 0.5 to 0.95, and precision by recall at 0.5, by pycocotools."""
    kinds = {label: at for at, label in enumerate("abcd", start=1)}
    truths: list[dict[str, Any]] = []
    found: list[dict[str, Any]] = []
    for image in of:
        for box in (*image.truths, *image.predictions):
            x1, y1, x2, y2 = box.corners
            wide, high = x2 - x1, y2 - y1
            entry = {
                "image_id": image.id,
                "category_id": kinds[box.label],
                "bbox": [x1, y1, wide, high],
            }
            if box.score is None:
                id = len(truths) + 1
                truths.append({**entry, "id": id, "area": wide * high, "iscrowd": int(box.crowd)})
            else:
                found.append({**entry, "score": box.score})
    with contextlib.redirect_stdout(io.StringIO()):
        data = COCO()
        data.dataset = {
            "info": {},
            "images": [{"id": image.id} for image in of],
            "annotations": truths,
            "categories": [{"id": at, "name": label} for label, at in kinds.items()],
        }
        data.createIndex()
        judge = COCOeval(data, data.loadRes(found), "bbox")
        judge.params.areaRng, judge.params.areaRngLbl = [[0, 1e10]], ["all"]
        judge.params.maxDets = [100]
        judge.evaluate()
        judge.accumulate()
    precision = judge.eval["precision"][:, :, :, 0, 0]
    known = precision[:, :, precision[0, 0] > -1]
    return float(known[0].mean()), float(known.mean()), known[0].mean(axis=1).tolist()


@pytest.mark.parametrize("crowd", [0.0, 0.2])
@pytest.mark.parametrize("seed", range(8))
def test_average_precision_is_pycocotools(seed: int, crowd: float) -> None:
    made = images(seed, 25, crowd)
    found = average_precision(made)
    map50, map50_95, curve = coco(made)
    assert (found.map50, found.map50_95) == pytest.approx((map50, map50_95), abs=1e-12)
    assert found.curve == pytest.approx(curve, abs=1e-12)


def test_the_curve_of_precision_has_a_line_for_each_tenth_of_recall() -> None:
    falling = tuple(1 - at / 200 for at in range(101))
    [section] = curves(("a", "b"), [{"curve": falling}, {}])
    assert section.rows[0] == ("recall 0 %", "100.0 %", "–")
    assert section.rows[-1] == ("recall 100 %", "50.0 %", "–")
    assert curves(("a",), [{}]) == []


@pytest.mark.parametrize("seed", range(5))
def test_without_scores_the_order_of_writing_does_not_matter(seed: int) -> None:
    made = images(seed, 10, 0.0)
    turned = [BoxedImage(one.id, one.truths[::-1], one.predictions[::-1]) for one in made[::-1]]
    assert count_boxes(made) == count_boxes(turned)
    first, second = map(average_precision_without_scores, (made, turned))
    assert first == pytest.approx(second, abs=1e-12)


@given(st.integers(0, 200), st.integers(0, 200))
def test_wilson_is_scipys(stats: Any, right: int, wrong: int) -> None:
    total = right + wrong
    if total:
        found = stats.binomtest(right, total).proportion_ci(0.95, "wilson")
        assert statistics.wilson(right, total) == pytest.approx((found.low, found.high), abs=1e-9)


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_is_the_exact_binomial_test(stats: Any, first: int, second: int) -> None:
    expected = stats.binomtest(first, first + second).pvalue if first + second else 1.0
    assert statistics.mcnemar(first, second) == pytest.approx(expected, abs=1e-9)


@example(tenths=[1, 2, -1, -2])  # whose sum is nought, and not quite in floating point
@given(tenths=st.lists(st.integers(-5, 5), min_size=2, max_size=9))
def test_flipped_signs_are_scipys_permutation_test(stats: Any, tenths: list[int]) -> None:
    found = stats.permutation_test(
        (np.array(tenths),),
        lambda values, axis: values.sum(axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=np.inf,
    )
    assert statistics.sign_flip([one / 10 for one in tenths]) == pytest.approx(
        found.pvalue, abs=1e-9
    )


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holms_adjustment_never_falls(p_values: list[float]) -> None:
    adjusted = statistics.holm(p_values)
    order = np.argsort(p_values, kind="stable")
    assert all(one >= raw for one, raw in zip(adjusted, p_values, strict=True))
    assert np.all(np.diff(np.array(adjusted)[order]) >= 0)
    assert max(adjusted) <= 1


@given(st.text("abcé ", max_size=12), st.text("abcé ", max_size=12))
def test_the_edit_distance_is_that_of_the_table(first: str, second: str) -> None:
    row = list(range(len(second) + 1))
    for at, char in enumerate(first, start=1):
        before, row[0] = row[0], at
        for column, other in enumerate(second, start=1):
            best = min(before + (char != other), row[column] + 1, row[column - 1] + 1)
            before, row[column] = row[column], best
    assert edit_distance(first, second) == row[-1]


def test_an_interval_by_image_is_wider_than_one_by_row() -> None:
    groups = [[1.0] * 10, [0.0] * 10, [1.0] * 10, [0.0] * 5 + [1.0] * 5] * 3
    by_image = statistics.interval(groups)
    by_row = statistics.interval([[score] for group in groups for score in group])
    assert by_image is not None
    assert by_row is not None
    assert by_image.high - by_image.low > by_row.high - by_row.low
    assert by_image.method == "bootstrap by image"


def test_where_all_rows_agree_images_are_counted() -> None:
    found = statistics.interval([[1.0] * 20] * 5)
    assert found is not None
    assert (found.low, found.high) == pytest.approx(statistics.wilson(5, 5))


def test_a_smaller_difference_takes_more_rows() -> None:
    needed = [statistics.rows_needed(0.2, difference) for difference in (0.1, 0.05, 0.02)]
    assert needed == sorted(needed, key=lambda rows: rows or 0)
    assert statistics.rows_needed(0.01, 0.05) is None


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from([0.0, 0.25, 1.0])), min_size=1))
def test_a_growing_mean_is_that_of_all_rows_by_image(scores: list[tuple[int, float]]) -> None:
    growing = statistics.GrowingMean()
    groups: dict[int, list[float]] = {}
    for image, score in scores:
        growing.add(image, score)
        groups.setdefault(image, []).append(score)
    found, whole = growing.interval(), statistics.normal_interval(list(groups.values()))
    assert found.value == pytest.approx(whole.value)
    if found.method != "Wilson":
        assert (found.low, found.high) == pytest.approx((whole.low, whole.high), abs=1e-6)
