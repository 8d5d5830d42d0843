# ruff: noqa: ASYNC240 - a test may wait for its disk
"""Rows edited in the app: in place, in an editor, many at once, undone and done again."""

import base64
import io
import json
from pathlib import Path
from typing import Any

from PIL import Image

from tintype.detection import Box
from tintype_tui.widgets.row_view import RowView


async def test_a_row_is_edited_in_place_and_undone_in_another_session(
    sit: Any, dataset: Path
) -> None:
    before = dataset.read_bytes()
    async with sit(dataset, (80, 24)) as person:
        await person.sees("12 rows", "1 warning")
        await person.press("i")
        await person.sees("Line 1 of train.jsonl", "### user", "[image 1]", "^s saves")
        await person.press("exclamation_mark", "escape")
        await person.sees("is not saved")
        await person.press("ctrl+s")
        await person.sees("answer 0!", "1 edited")
        await person.until(
            lambda: person.app.assessment and person.app.assessment.complete, "checked again"
        )
        assert person.app.assessment.file.edits
    async with sit(dataset, (80, 24)) as person:
        await person.sees("answer 0!", "1 edited")
        await person.press("z")
        await person.sees_no("answer 0!")
        await person.sees_no("edited")
        await person.press("z")
        await person.until(lambda: "no edit to undo" in person.said, "that")
        await person.press("Z")
        await person.sees("answer 0!")
    assert dataset.read_bytes() == before


async def test_many_rows_change_at_once_after_a_look(sit: Any, dataset: Path) -> None:
    async with sit(dataset) as person:
        await person.sees("12 rows", "1 warning")
        await person.press("H")
        await person.sees("Change all rows", "Rename a class")
        await person.type("rename")
        await person.press("enter")
        await person.sees("Which class?")
        await person.type("square")
        await person.press("enter")
        await person.sees("Rename square to")
        await person.type("tile")
        await person.press("enter")
        await person.sees("Rename square to tile?", "2: “", "Change 6 rows")
        await person.press("y")
        await person.sees("6 edited", "What is number 1? tile")
        await person.press("H", "enter")
        await person.sees("~nearly so")
        await person.type("/answer (.)/")
        await person.press("enter")
        await person.sees("Replace “/answer (.)/” with")
        await person.type("reply")
        await person.press("enter")
        await person.sees("1: “Answer in a word.” → “replyn a word.”")
        await person.press("escape")
        await person.sees("6 edited", "answer 0")


async def test_a_text_that_is_no_row_is_not_saved(sit: Any, dataset: Path) -> None:
    async with sit(dataset, (80, 24)) as person:
        await person.sees("12 rows")
        await person.press("i")
        await person.sees("### user")
        person.app.screen.area.move_cursor((0, 0))
        await person.press("x", "ctrl+s")
        await person.sees("stands before")
        await person.press("escape", "escape")
        await person.sees_no("### user")
        assert "edited" not in person.screen


async def test_a_dataset_is_split_and_what_is_trained_on_is_opened(sit: Any, dataset: Path) -> None:
    async with sit(dataset, (80, 24)) as person:
        await person.sees("12 rows", "1 warning")
        await person.press("Y")
        await person.sees("Split or sample", "Folds")
        await person.press("enter")
        await person.sees("Validation and test, in percent")
        await person.press("enter")
        await person.sees("Write the splits into")
        await person.press("enter")
        await person.sees("train-split/train.jsonl", "10 rows")
    folder = dataset.parent / "train-split"
    assert sorted(path.name for path in folder.iterdir()) == [
        "test.jsonl",
        "train.jsonl",
        "valid.jsonl",
    ]


async def test_boxes_are_drawn_moved_and_deleted_by_keyboard(sit: Any, dataset: Path) -> None:
    before = dataset.read_bytes()
    async with sit(dataset, (80, 24)) as person:
        await person.sees("12 rows", "1 warning")
        await person.press("j")
        await person.sees("· 1 box")
        await person.press("f")
        await person.sees("line 2", "Draw boxes")
        await person.press("B")
        await person.sees("line 2 · box 1 of 1 · square, 19 × 14 px at 10, 4", "a Draw")
        drawing = person.app.screen
        await person.until(lambda: drawing.image.drawing is not None, "the image")
        await person.press("space", "l", "L", "J", "J")
        await person.sees("square, 20 × 16 px at 11, 4 · changed")
        await person.press("a", "c")
        await person.sees("Which class?", "another class")
        await person.type("another")
        await person.press("enter")
        await person.sees_no("another class")
        await person.press(*["backspace"] * 6)
        await person.type("disc")
        await person.press("enter")
        await person.sees("box 2 of 2 · disc")
        await person.press("n")
        await person.until(lambda: "has words in it and no boxes" in person.said, "why not")
        await person.sees("line 3", "Draw boxes")
        row = (person.app.screen_stack[0]).query_one(RowView)
        await person.press("k")
        await person.until(lambda: len(row.boxes) == 2, "the boxes")
        assert row.boxes[0] == Box("square", 102 / 1024, 226 / 1024, 569 / 1024, 657 / 1024)
        await person.press("escape")
        await person.sees("1 edited", "disc")
        await person.press("z")
        await person.sees_no("1 edited")
    assert dataset.read_bytes() == before


async def test_a_box_is_drawn_and_dragged_with_the_mouse(sit: Any, dataset: Path) -> None:
    async with sit(dataset, (80, 24)) as person:
        await person.sees("12 rows", "1 warning")
        await person.press("j", "B")
        await person.sees("box 1 of 1", "drag")
        drawing = person.app.screen
        await person.until(lambda: drawing.image.drawing is not None, "the image")

        async def drag(start: tuple[int, int], end: tuple[int, int]) -> None:
            await person.pilot.mouse_down(offset=start)
            await person.pilot.hover(offset=((start[0] + end[0]) // 2, start[1]))
            await person.pilot.hover(offset=end)
            await person.pilot.mouse_up(offset=end)

        await drag((50, 16), (40, 14))
        await person.sees("box 2 of 2 · square")
        new = drawing.sketch.chosen
        await drag((45, 15), (46, 15))
        await person.until(lambda: drawing.sketch.chosen.x_min > new.x_min, "it moved")
        assert drawing.sketch.chosen.y_min == new.y_min
        await person.press("d")
        await person.sees("box 1 of 1")
        await person.press("z")
        await person.sees("box 2 of 2")
        await person.press("z", "z", "enter")
        await person.sees_no("box 2 of 2")
        await person.until(lambda: person.app.assessment, "it is still checked")
        assert "edited" not in person.screen


async def test_a_check_that_ends_after_an_edit_is_not_taken_for_one_of_the_edited_rows(
    sit: Any, dataset: Path
) -> None:
    async with sit(dataset, (80, 24)) as person:
        await person.sees("12 rows", "1 warning")
        app, late = person.app, [person.app.assessment]

        def end_late(now: Any) -> None:
            if now is None and late:
                app.assessment = late.pop()

        app.watch(app, "assessment", end_late, init=False)
        await person.press("i", "exclamation_mark", "ctrl+s")
        await person.sees("1 edited")
        await person.until(lambda: app.assessment and app.assessment.file.edits, "it is checked")
        await person.sees("1 edited", "1 warning")
        assert not late


async def test_a_row_and_then_all_rows_are_fixed_after_a_look(sit: Any, dataset: Path) -> None:
    grey = io.BytesIO()
    Image.new("L", (48, 36), 90).save(grey, "PNG")
    rows = [json.loads(line) for line in dataset.read_text().splitlines()]
    url = "data:image/png;base64," + base64.b64encode(grey.getvalue()).decode()
    for row in rows[:2]:
        row["messages"][1]["content"][1]["image_url"]["url"] = url
    dataset.write_text("\n".join(map(json.dumps, rows)) + "\n")
    async with sit(dataset, (100, 30)) as person:
        await person.sees("12 rows", "1 warning", "F fixes it")
        await person.press("F")
        await person.sees("Line 1, laid over the file", "All rows, in a copy")
        await person.type("modes")
        await person.sees("other modes to RGB · 2 problems")
        await person.press("enter")
        await person.sees("Other modes to RGB?", "1 of 1 row change", "Image tokens", "Fix the row")
        await person.press("y")
        await person.sees("1 edited", "jpeg")
        await person.press("z")
        await person.sees_no("1 edited")
        await person.until(lambda: person.app.assessment is not None, "a check")
        await person.sees("2 skip")
        await person.press("F")
        await person.sees("All rows, in a copy")
        await person.type("modes")
        await person.sees("2 problems")
        await person.press("down", "enter")
        await person.sees("2 of 12 rows change", "Write a copy")
        await person.press("y")
        await person.sees("Write a fixed copy into")
        await person.press("enter")
        await person.sees("shapes/train-rgb.jsonl · 12 rows")
    lines = dataset.with_name("train-rgb.jsonl").read_text().splitlines()
    assert lines[2:] == dataset.read_text().splitlines()[2:]
    assert "jpeg" in lines[1]


def test_fixes_are_measured_and_done_by_command(tintype: Any, dataset: Path) -> None:
    found = tintype("fix", dataset, "-p", "openai", "--json").json
    assert found["low"]["rows"] == 12
    assert found["low"]["image_tokens_after"] <= found["low"]["image_tokens_before"]
    target = dataset.with_name("low.jsonl")
    assert tintype("fix", dataset, target, "--with", "low", "-p", "openai").code == 0
    assert target.read_text().count('"low"') == 12
    done = tintype("fix", dataset, "--with", "rgb", "-p", "openai")
    assert (done.code, "Nothing would change" in done.said) == (1, True)


async def test_an_edit_is_undone_while_the_image_has_the_focus(sit: Any, dataset: Path) -> None:
    async with sit(dataset, (100, 30)) as person:
        await person.sees("12 rows", "1 warning")
        person.app.screen.query_one(RowView).image.focus()
        await person.press("i")
        await person.sees("^s saves")
        await person.press("exclamation_mark", "ctrl+s")
        await person.sees("answer 0!", "1 edited")
        assert "Ctrl+Z undoes it" in person.said
        await person.press("ctrl+z")
        await person.sees_no("answer 0!")
        await person.sees_no("edited")
