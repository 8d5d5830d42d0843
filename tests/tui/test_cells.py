"""Where the cells of a grid are; no terminal needed."""

from textual.geometry import Size

from tintype_tui.widgets.cells import WIDTHS, Cells


def cells(total: int, *, width: int = 44, height: int = 20, step: int = 1) -> Cells:
    return Cells(total, Size(width, height), step, (10, 20))


def test_columns_fill_the_width_and_an_image_leaves_a_line_for_words() -> None:
    for step, least in enumerate(WIDTHS[:5]):
        grid = cells(100, step=step)
        assert grid.columns == max(1, 44 // (least + 1))
        assert grid.room.columns + 1 <= 44 // grid.columns
        assert grid.height == grid.room.rows + 1 <= 20


def test_what_is_in_view_is_whole_lines_of_cells_and_never_more_than_there_are() -> None:
    grid = cells(7)
    assert grid.columns == 2
    assert grid.in_view(0) == range(6)
    assert grid.in_view(grid.height) == range(2, 7)
    assert cells(0).in_view(0) == range(0)


def test_down_stays_where_there_is_no_line_and_goes_to_an_incomplete_one_only_from_above_it() -> (
    None
):
    grid = cells(5)
    assert grid.below(0, 1) == 2
    assert grid.below(3, 1) == 5  # the last line is shorter: the grid keeps within the total
    assert grid.below(4, 1) == 4
    assert grid.below(1, -1) == 1


def test_a_click_finds_the_cell_it_is_in() -> None:
    grid = cells(5)
    assert grid.at(0, 0) == 0
    assert grid.at(grid.room.columns + 1, grid.height) == 3
    assert grid.at(grid.room.columns + 1, 2 * grid.height) is None
    assert grid.at(43, 0) == 1
