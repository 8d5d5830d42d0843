"""Which rows are shown, in which order; which are marked, and the way back."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype.dataset.arrangement import (
    ORDERS,
    Arrangement,
    RowValues,
    arranged,
    next_order,
    written_rows,
)
from tintype.dataset.marks import Marks, difference, read_ranges, selections

VALUES = RowValues(
    tokens=[5, 9, 5, 1],
    bytes=[10, 20, 30, 40],
    answer_chars=[3, 2, 1, 0],
    severities={2: "warning", 3: "error", 1: "skip"},
)


def shown(wanted: Arrangement) -> list[int]:
    made = arranged(wanted, VALUES)
    return [made.row_at(position) for position in range(made.shown)]


def test_rows_are_shown_in_each_order_the_files_own_where_they_are_alike() -> None:
    expected = {
        "": [0, 1, 2, 3],
        "tokens": [1, 0, 2, 3],
        "bytes": [3, 2, 1, 0],
        "answer": [0, 1, 2, 3],
        "problems": [3, 1, 2, 0],
    }
    for order, rows in expected.items():
        assert shown(Arrangement(4, order=order)) == rows


def test_a_filter_is_sorted_too_and_knows_where_its_rows_stand() -> None:
    made = arranged(Arrangement(4, chosen=[1, 3], order="bytes"), VALUES)
    assert list(made.indices or ()) == [3, 1]
    assert (made.position_of(1), made.position_of(0), made.shown) == (1, None, 2)


def test_all_rows_as_in_the_file_need_no_list_of_indices() -> None:
    made = arranged(Arrangement(10_000_000), VALUES)
    assert made.indices is None
    assert (made.position_of(9_999_999), made.position_of(10_000_000)) == (9_999_999, None)


def test_rows_not_counted_yet_are_sorted_last() -> None:
    made = arranged(Arrangement(4, order="tokens"), RowValues(tokens=[1, 2]))
    assert list(made.indices or ()) == [1, 0, 2, 3]


def test_the_next_hit_goes_round_the_end_and_says_so() -> None:
    made = arranged(Arrangement(6), VALUES)
    hits = {1, 4}
    assert made.next_of(hits, 0, 1) == (1, False)
    assert made.next_of(hits, 1, 1) == (4, False)
    assert made.next_of(hits, 4, 1) == (1, True)
    assert made.next_of(hits, 1, -1) == (4, True)
    assert made.next_of({1}, 1, 1) == (1, True)
    assert made.next_of(set(), 1, 1) is None
    assert Arrangement().next_of(hits, 0, 1) is None


def test_the_orders_follow_each_other_and_begin_again() -> None:
    order = ORDERS[0]
    for expected in (*ORDERS[1:], ORDERS[0]):
        order = next_order(order)
        assert order == expected


def test_a_copy_lacks_marked_rows_and_broken_lines_each_counted_once() -> None:
    assert written_rows(41, {0, 1}, {1, 2, 3}) == 37


def test_marks_are_toggled_explained_and_taken_back() -> None:
    marks = Marks().toggled(3).toggled(5).explained(3, "  too \n dark ")
    assert dict(marks.reasons) == {5: "", 3: "too dark"}
    assert (len(marks), 3 in marks, sorted(marks.rows)) == (2, True, [3, 5])
    assert marks.latest_reason == "too dark"
    assert marks.by_reason() == {"too dark": (3,), "": (5,)}
    assert dict(marks.undo().reasons) == {3: "", 5: ""}
    assert dict(marks.undo().undo().undo().undo().reasons) == {}
    assert dict(marks.undo().undo().redo().reasons) == {3: "", 5: ""}
    assert marks.redo() is marks
    assert not marks.undo().toggled(9).undone


def test_a_filter_is_marked_as_a_whole_or_unmarked_when_all_of_it_was() -> None:
    marks = Marks().explained(2, "dark").toggled_all([1, 2, 3])
    assert dict(marks.reasons) == {2: "dark", 1: "", 3: ""}
    assert dict(marks.toggled_all([1, 2]).reasons) == {3: ""}
    assert dict(marks.undo().reasons) == {2: "dark"}


ACTIONS = st.lists(
    st.tuples(st.sampled_from(["toggle", "all", "why", "undo", "redo"]), st.integers(0, 5))
)


@given(ACTIONS)
def test_undo_goes_all_the_way_back_and_redo_all_the_way_forth(
    actions: list[tuple[str, int]],
) -> None:
    marks = kept = Marks()
    stored: dict[int, str] = {}
    for action, row in actions:
        marks = {
            "toggle": lambda: marks.toggled(row),  # noqa: B023
            "all": lambda: marks.toggled_all(range(row)),  # noqa: B023
            "why": lambda: marks.explained(row, "why"),  # noqa: B023
            "undo": marks.undo,
            "redo": marks.redo,
        }[action]()
        for index, why in difference(kept, marks).items():
            stored.pop(index, None)
            if why is not None:
                stored[index] = why
        kept = marks
    assert stored == dict(marks.reasons)
    before = marks
    for _ in before.done:
        marks = marks.undo()
    assert not marks.reasons
    for _ in before.done:
        marks = marks.redo()
    assert dict(marks.reasons) == dict(before.reasons)


@pytest.mark.parametrize(
    ("text", "ranges", "why"),
    [
        ("10-20, 35, 100-", [(10, 20), (35, 35), (100, None)], ""),
        ("10-20 out of focus", [(10, 20)], "out of focus"),
        ("3,4 , 9-12 x", [(3, 3), (4, 4), (9, 12)], "x"),
        ("abc", [], "abc"),
        ("", [], ""),
    ],
)
def test_ranges_of_lines_are_read(text: str, ranges: list[Any], why: str) -> None:
    assert read_ranges(text) == (ranges, why)


def test_a_copy_may_be_made_without_or_of_what_is_marked_or_shown() -> None:
    marks = Marks().toggled(1).tagged([2, 3], "dark").tagged([4], "keep")
    found = {one.words: set(one.left_out) for one in selections(marks, 6, [0, 5])}
    assert found["without the 4 rows marked"] == {1, 2, 3, 4}
    assert found["only the 2 rows marked “dark”"] == {0, 1, 4, 5}
    assert found["only the 2 rows shown"] == {1, 2, 3, 4}
    assert len(found) == 8
    assert len(selections(Marks().toggled(1), 6)) == 2


@pytest.mark.parametrize(
    ("values", "order", "turned"),
    [
        ([3, None, 9, 3], [2, 0, 3, 1], [0, 3, 2, 1]),
        (["b", "A", None, "a"], [1, 3, 0, 2], [0, 1, 3, 2]),
        ([(2, 1), (2, 3)], [1, 0, 2, 3], [0, 1, 2, 3]),
        ([], [0, 1, 2, 3], [0, 1, 2, 3]),
    ],
)
def test_rows_are_sorted_by_any_field_and_the_other_way_round(
    values: list[Any], order: list[int], turned: list[int]
) -> None:
    known = RowValues(fields={"x": values})
    once = Arrangement(4).sorted_by("x")
    assert list(arranged(once, known).indices or ()) == order
    assert list(arranged(once.sorted_by("x"), known).indices or ()) == turned
    assert once.sorted_by("x").sorted_by("x").backwards is False
