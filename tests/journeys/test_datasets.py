# ruff: noqa: ASYNC240 - a test may wait for its disk
"""A dataset looked at, searched, sorted, marked and written, in the app."""

import asyncio
import json
import threading
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from textual import events

from tintype.dataset import survey
from tintype.dataset.splits import siblings
from tintype_tui import requests
from tintype_tui.screens.datasets import opened, opened_line
from tintype_tui.screens.datasets.boxes_line import BoxesLine
from tintype_tui.screens.datasets.copy_line import CopyLine
from tintype_tui.screens.datasets.divide_line import DivideLine
from tintype_tui.screens.datasets.edits_line import EditsLine
from tintype_tui.screens.datasets.fixes_line import FixesLine
from tintype_tui.screens.datasets.image_line import ImageLine
from tintype_tui.screens.datasets.views.overview import OverviewView
from tintype_tui.terminal import Capabilities
from tintype_tui.widgets.example_list import ExampleList
from tintype_tui.widgets.thumbnails import Thumbnails

PATIENCE_S = 40.0
"""Until a thread that is held up goes on by itself."""


async def test_the_contact_sheet_shows_rows_and_leads_to_one(sit: Any, dataset: Path) -> None:
    async with sit(dataset, (80, 24)) as person:
        await person.sees("12 rows", "1 warning")
        await person.press("c")
        sheet = person.app.screen.query_one("#sheet", Thumbnails)
        await person.sees("1: answer 0", "2: square", "10: square", "+ - size")
        await person.until(lambda: len(sheet._thumbs) == 12, "twelve thumbnails")
        columns = sheet.cells.columns
        await person.press("plus")
        assert sheet.cells.columns < columns
        await person.until(lambda: 0 in sheet._thumbs, "a larger thumbnail")
        assert sheet._thumbs[0].drawing.frame.columns > 10
        await person.press("minus", "right", "down", "enter")
        await person.sees(f"number {1 + columns}?")
        assert person.app.screen.views.viewed == "RowsView"
        await person.press("c")
        assert sheet.cursor == 1 + columns
        await person.press("escape")
        await person.sees("assistant")


async def test_the_images_of_a_large_file_are_decoded_when_asked_for(
    sit: Any, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(survey, "MAX_DECODED_BYTES", 99)
    async with sit(dataset, (80, 24)) as person:
        await person.sees("1 warning; pixels not decoded")
        await person.press("p", "D")
        await person.sees_no("pixels not decoded")
        await person.sees("1 warning")
        assert person.app.assessment.summary.decoded


async def test_the_contact_sheet_of_a_filter_shows_only_its_rows(sit: Any, dataset: Path) -> None:
    async with sit(dataset, (80, 24)) as person:
        await person.sees("12 rows", "1 warning")
        await person.press("c", "slash")
        await person.sees("Search the rows")
        await person.type("number 7")
        await person.press("enter")
        await person.sees("1 row with", "8: square")
        assert "1: answer" not in person.screen
        await person.press("enter", "escape")
        await person.sees_no("1 row with")


async def test_a_row_without_an_image_says_so_on_the_sheet(sit: Any, tmp_path: Path) -> None:
    rows = [
        {"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}]},
        {"messages": [{"role": "user", "content": [_image("gone.png")]}]},
    ]
    path = tmp_path / "odd.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    async with sit(path, (80, 24)) as person:
        await person.sees("2 rows")
        await person.press("c")
        await person.sees("no image", "There is no")


NAMED = {"/": "slash", " ": "space", "[": "left_square_bracket", "]": "right_square_bracket"}
NAMED |= {"|": "vertical_line"}


def _image(url: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url}}


async def test_a_search_shows_what_was_found_and_goes_from_hit_to_hit(
    sit: Any, dataset: Path
) -> None:
    async with sit(dataset) as person:
        await person.sees("12 rows", "1 warning")
        conversation = person.app.screen.row_part.view.conversation
        await person.press("slash")
        await person.sees("Search the rows")
        await person.press(*(NAMED.get(key, key) for key in "/number 1[01]|square/"))
        await person.press("enter")
        await person.sees("7 rows with")
        found = [line.partition("▕")[0] for line in person.screen.splitlines()]
        assert any("square" in line for line in found)
        assert not any("loc" in line for line in found)  # the label, without its coordinates
        await person.until(lambda: conversation.hits == 1, "one place in the second row")
        await person.press("n", "n", "n", "n", "n")
        await person.until(lambda: conversation.example.line == 11, "the eleventh row")
        await person.press("n")
        await person.until(lambda: conversation.example.line == 12, "the twelfth row")
        await person.until(lambda: conversation.hits == 2, "two places")
        assert conversation.hit == 0
        await person.press("n")
        assert (conversation.hit, conversation.example.line) == (1, 12)
        await person.press("n")
        await person.until(lambda: conversation.example.line == 2, "the first hit again")
        await person.press("N")
        await person.until(lambda: conversation.example.line == 12, "the last hit")
        assert conversation.hit % conversation.hits == 1
        await person.press("escape")
        await person.sees_no("7 rows with")
        listed = person.app.screen.query_one(ExampleList)
        await person.until(lambda: not listed.excerpts, "rows listed as they are")
        await person.press("home", "n")
        await person.until(lambda: conversation.example.line == 2, "a hit among all rows")


async def test_an_expression_that_is_none_is_said(sit: Any, dataset: Path) -> None:
    async with sit(dataset) as person:
        await person.sees("12 rows", "1 warning")
        await person.press("slash")
        await person.sees("Search the rows")
        await person.press("slash", "(", "slash")
        await person.press("enter")
        said = person.app.session.said
        await person.until(lambda: bool(said), "a word about it")
        assert "The expression cannot be searched for" in said[-1].words


async def test_rows_are_sorted_by_tokens_size_answer_and_problems(sit: Any, dataset: Path) -> None:
    lines = dataset.read_text().splitlines()
    lines[4] = lines[4].replace("answer 4", "a much longer answer, of many words, to number 4")
    lines[7] = "no json"
    dataset.write_text("\n".join(lines))
    async with sit(dataset, (80, 24)) as person:
        await person.sees("12 rows", "1 error")
        rows = person.app.screen.rows_view.rows
        await person.sees("tokens, ")

        def first() -> int:
            return int(rows.row_at(0)) + 1

        await person.press("s")
        await person.sees("most tokens")
        tokens = person.app.screen.assessed.figures.tokens
        assert [tokens[rows.row_at(at)] for at in range(12)] == sorted(tokens, reverse=True)
        await person.sees(f" {tokens[rows.row_at(0)]}")
        await person.press("s")
        await person.sees("largest")
        assert rows.row_at(11) == 7
        await person.press("s")
        await person.sees("longest answer")
        await person.until(lambda: first() == 5 or first() % 2 == 0, "the longest answer")
        await person.press("s")
        await person.sees("worst first")
        await person.until(lambda: first() == 8, "the damaged row first")
        await person.sees("✗")
        await person.press("s")
        await person.sees_no("worst first")
        assert rows.order is None


async def test_columns_are_chosen_kept_and_sorted_by(sit: Any, dataset: Path) -> None:
    async with sit(dataset) as person:
        await person.sees("12 rows", "1 warning")
        await person.press("S")
        await person.sees("Columns of the rows", "[ ] objects", "boxes in the answer")
        await person.press("down", "down", "space")
        await person.sees("[x] objects")
        await person.press("enter")
        await person.sees("by objects", "  objects")
        rows = person.app.screen.rows_view.rows
        await person.until(lambda: rows.row_at(0) == 1, "a row with a box first")
        await person.press("S")
        await person.sees("[x] objects   sorted")
        await person.press("down", "down", "enter")
        await person.sees("by objects, turned round")
        await person.until(lambda: rows.row_at(0) == 0, "a row without a box first")
        head = person.app.screen.rows_view.head
        await person.pilot.click(head, offset=(head.width - 2, 0))
        await person.sees_no("turned round")
    async with sit(dataset) as person:
        await person.sees("12 rows", "1 warning", "  objects")
        await person.press("S")
        await person.sees("[x] objects")
        await person.press("down", "down", "space", "escape")
        await person.sees_no("  objects")


async def test_what_is_asked_for_in_one_burst_is_all_done(sit: Any, dataset: Path) -> None:
    async with sit(dataset, (80, 24)) as person:
        await person.sees("12 rows", "1 warning")
        await person.pilot.press("s", "s")
        await person.sees("largest first")
        await person.press("S")
        await person.sees("Columns of the rows")
        await person.press("down", "down", "enter")
        await person.sees("by objects")
        await person.press("S")
        await person.sees("sorted")
        await person.press("down", "space", "enter")
        await person.sees("by turns", "  turns")


async def test_the_rows_most_like_one_are_shown(sit: Any, dataset: Path) -> None:
    async with sit(dataset, (80, 24)) as person:
        await person.sees("12 rows", "1 warning")
        await person.press("down", "down")
        await person.sees("number 2?")
        await person.press("L")
        await person.sees("11 rows most like line 3")
        order = list(person.app.screen.rows_view.rows.order)
        assert (order[0], set(order[1:3]), order[-1]) == (2, {1, 3}, 11)
        await person.press("escape")
        await person.sees("12 rows")


async def test_one_goes_to_a_line_or_a_share_of_the_way(sit: Any, dataset: Path) -> None:
    async with sit(dataset) as person:
        await person.sees("12 rows", "1 warning")
        for typed, seen in (("5", "number 4?"), ("100%", "number 11?"), ("0%", "number 0?")):
            await person.press("number_sign")
            await person.sees("Go to line")
            await person.press(*({"%": "percent_sign"}.get(key, key) for key in typed), "enter")
            await person.until(
                lambda seen=seen: seen in person.app.screen.row_part.view.example.messages[1].text,
                seen,
            )
        await person.press("number_sign")
        await person.sees("Go to line")
        await person.type("nowhere")
        await person.press("enter")
        await person.until(lambda: bool(person.app.session.said), "a word about it")
        assert "Type 120, or 50%" in person.said


async def test_the_overview_says_what_leaks_and_leads_to_its_rows(sit: Any, dataset: Path) -> None:
    lines = dataset.read_text().splitlines()
    shared = json.loads(lines[2])["messages"][1]["content"][1]["image_url"]["url"]
    test = dataset.with_name("test.jsonl")
    row = {"role": "user", "content": [_image(shared)]}, {"role": "assistant", "content": "Else."}
    test.write_text(test.read_text() + json.dumps({"messages": row}) + "\n")
    dataset.write_text("\n".join([*lines, lines[5]]) + "\n")
    async with sit(dataset) as person:
        await person.sees("13 rows")
        await person.until(
            lambda: len(person.app.screen.query_one(OverviewView).others) == 2,
            "the splits compared",
        )
        await person.press("v")
        await person.sees("findings (Enter shows the rows)", "images also in test", "1 image")
        await person.sees("duplicate rows", "Classes, share of each split", "how much")
        await person.press("down", "enter")
        await person.sees("1 row: images also in test", "number 2?")
        await person.press("escape", "v", "down", "enter")
        await person.sees("2 rows: duplicate rows")
        assert list(person.app.screen.rows_view.rows.order) == [5, 12]


async def test_a_chart_and_a_value_narrow_the_rows_by_a_query(sit: Any, dataset: Path) -> None:
    async with sit(dataset, (80, 24)) as person:
        await person.sees("12 rows", "1 warning")
        await person.press("v")
        overview = person.app.screen.query_one(OverviewView)
        await person.until(lambda: len(overview.others) == 2, "the splits compared")
        await person.sees("charts (Enter opens)", "Where boxes have their middle")

        async def go(name: str, value: str) -> None:
            at = [(one.name, one.value) for one in overview.list.lines].index((name, value))
            overview.list.cursor = at
            await person.press("enter")

        await go("charts", "Length of answers, characters")
        await person.sees("Enter shows the rows, Esc goes back", "43")
        await person.press("escape")
        await person.sees("charts (Enter opens)")
        await go("charts", "Where boxes have their middle")
        await person.sees("6 boxes, 36–39 across")
        await person.press("left", "right", "enter")
        await person.sees("6 rows with place:36..39,20..29")
        await person.press("v", "escape")
        await person.sees("charts of 6 rows with place", "values of 6 rows with place")
        await go("bytes", "461")
        await person.sees("1 row with place:36..39,20..29 bytes:461", "number 11?")
        await person.press("slash")
        await person.sees("Search the rows")
        assert person.app.screen.field.value == "place:36..39,20..29 bytes:461"
        await person.press("escape", "escape")
        await person.sees("12 rows")


async def test_rows_are_marked_undone_kept_and_left_out_of_a_copy(
    sit: Any, dataset: Path, tmp_path: Path
) -> None:
    before = dataset.read_bytes()
    async with sit(dataset, (80, 24)) as person:
        await person.sees("12 rows", "1 warning")
        pane = person.app.screen
        await person.press("x", "x", "x")
        await person.sees("3 marked", " x▣")
        assert (sorted(pane.marks), pane.rows_view.rows.cursor) == ([0, 1, 2], 3)
        await person.press("u", "u")
        await person.sees("1 marked")
        await person.press("U")
        await person.sees("2 marked")
        await person.press("m")
        await person.sees("Why is it marked?")
        await person.type("blurred")
        await person.press("enter")
        await person.sees("3 marked")
        await person.press("X")
        assert "rows of a filter" in person.said
        await person.press("slash")
        await person.sees("Search the rows")
        await person.type("number 1")
        await person.press("enter")
        await person.sees("3 rows with")
        await person.press("X")
        await person.sees("5 marked")
        await person.press("v")
        await person.sees("no reason given", "blurred")
    async with sit(dataset, (80, 24)) as person:
        await person.sees("5 marked", "1 warning")
        pane = person.app.screen
        assert pane.marks.reasons == {0: "", 1: "", 3: "blurred", 10: "", 11: ""}
        await person.press("W")
        await person.sees("without the 5 rows marked", "only the 1 row marked “blurred”")
        await person.press("enter")
        await person.sees("7 of 12 rows are written")
        await person.press("enter")
        await person.sees("train-kept.jsonl", "7 rows")
        kept = dataset.with_name("train-kept.jsonl").read_bytes().splitlines()
        lines = before.splitlines()
        assert kept == [line for at, line in enumerate(lines) if at not in (0, 1, 3, 10, 11)]
        assert dataset.read_bytes() == before


async def test_rows_are_culled_by_digits_on_the_image_and_the_kept_are_written(
    sit: Any, dataset: Path
) -> None:
    async with sit(dataset, (80, 24)) as person:
        await person.sees("12 rows", "1 warning")
        pane = person.app.screen
        await person.press("f")
        await person.sees("line 1", "1 keep 2 reject")
        for digit, line in (("1", "line 2"), ("2", "line 3"), ("1", "line 4")):
            await person.press(digit)
            await person.sees(line)
        await person.press("k")
        await person.sees("line 3 · marked keep")
        await person.press("0")
        await person.sees_no("marked keep")
        await person.press("T")
        await person.sees("What do the digits stand for?")
        await person.type("keep, reject, dark")
        await person.press("enter")
        await person.sees("2 reject 3 dark")
        await person.press("3", "escape")
        await person.sees("3 marked")
        assert pane.marks.reasons == {0: "keep", 1: "reject", 2: "dark"}
        await person.press("T")
        await person.sees("Tag which lines")
        await person.type("5-7, 11- keep")
        await person.press("enter")
        await person.sees("8 marked")
    async with sit(dataset, (80, 24)) as person:
        await person.sees("8 marked", "1 warning")
        await person.press("W")
        await person.sees("Write a copy")
        await person.type("only the 6")
        await person.sees_no("reject")
        await person.press("enter")
        await person.sees("6 of 12 rows are written")
        await person.press("enter")
        await person.sees("shapes/train-kept.jsonl · 6 rows")
        await person.press("f")
        await person.sees("3 dark")


async def test_the_image_is_written_with_its_boxes_and_replaces_nothing_unasked(
    sit: Any, dataset: Path, tmp_path: Path
) -> None:
    target = tmp_path / "out.png"
    async with sit(dataset, (80, 24)) as person:
        await person.sees("12 rows", "1 warning")
        await person.press("down")
        await person.sees("number 1?", "1 box")
        for words in ("out.png written", "Enter again replaces it"):
            await person.press("w")
            await person.sees("with 1 box drawn")
            person.app.screen.query_one("#answer").value = str(tmp_path / "out")
            await person.press("enter")
            await person.until(lambda words=words: words in _said(person) + person.screen, words)
        target.write_bytes(b"another")
        for name in ("other.png", "out.png"):
            person.app.screen.query_one("#answer").value = str(tmp_path / name)
            await person.pilot.pause()
        await person.sees_no("Enter again replaces it")
        await person.press("enter")
        await person.sees("Enter again replaces it")
        assert target.read_bytes() == b"another"
        await person.press("enter")
        await person.until(lambda: "out.png replaced." in _said(person), "the file replaced")
        assert target.read_bytes() != b"another"
    with Image.open(target) as written:
        assert written.format == "PNG"
        assert written.size[0] > 48


def _said(person: Any) -> str:
    return " ".join(said.words for said in person.app.session.said)


async def test_a_row_of_several_images_shows_them_as_a_strip(sit: Any, dataset: Path) -> None:
    rows = [json.loads(line) for line in dataset.read_text().splitlines()]
    parts = [row["messages"][1]["content"][1] for row in rows[:4]]
    rows[1]["messages"][1]["content"] += parts
    dataset.write_text("\n".join(map(json.dumps, rows)))
    async with sit(dataset) as person:
        await person.sees("12 rows")
        assert "#1" not in person.screen
        strip = person.app.screen.row_part.view.strip
        await person.press("down")
        await person.sees("[Image #1] of 5", "›#1", " #5", "[Image #3] ▣")
        await person.until(lambda: len(strip._thumbs) == 5, "five thumbnails")
        await person.press("full_stop")
        await person.sees("[Image #2] of 5", "›#2")
        await person.press("comma", "comma")
        await person.sees("[Image #5] of 5", "›#5")
        await person.press("up")
        await person.sees_no("#5")


async def test_a_file_that_changes_is_noticed_and_read_again(sit: Any, dataset: Path) -> None:
    async with sit(dataset) as person:
        await person.sees("12 rows", "1 warning")
        await person.press("down")
        dataset.write_text("\n".join(dataset.read_text().splitlines()[:5]))
        await person.sees("changed: R reads it again")
        await person.press("R")
        await person.sees("5 rows", "number 1?")
        await person.sees_no("changed: R")


async def test_the_list_takes_more_room_or_less(sit: Any, dataset: Path) -> None:
    async with sit(dataset) as person:
        await person.sees("12 rows")
        rows = person.app.screen.rows_view.rows
        width = rows.size.width
        await person.press("greater_than_sign", "greater_than_sign")
        assert rows.size.width > width + 8
        await person.press(*["less_than_sign"] * 20)
        assert 20 < rows.size.width < width
        await person.pilot.resize_terminal(70, 30)
        await person.until(lambda: rows.size.width > 60, "the list above the image")


async def test_what_is_scrolled_past_on_the_sheet_is_not_drawn(sit: Any, dataset: Path) -> None:
    dataset.write_text(dataset.read_text() * 40)
    async with sit(dataset, (80, 24)) as person:
        await person.sees("480 rows")
        sheet = person.app.screen.query_one("#sheet", Thumbnails)
        await person.press("c", *["pagedown"] * 8, "end")
        await person.until(lambda: 479 in sheet._thumbs, "the last row")
        await person.sees("480!", "479!")
        workers = person.app.workers
        await person.until(
            lambda: not any(each.group == "sheet" and each.is_running for each in workers), "rest"
        )
        assert len(sheet._thumbs) < 240


async def test_the_contact_sheet_works_in_letters_without_colour(
    sit: Any, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with sit(dataset, (80, 24)) as person:
        person.app.capabilities = Capabilities(protocol="ascii")
        await person.sees("12 rows", "1 warning")
        await person.press("c")
        sheet = person.app.screen.query_one("#sheet", Thumbnails)
        await person.until(lambda: len(sheet._thumbs) == 12, "twelve thumbnails")
        await person.sees("›1: answer 0")
        assert sheet._thumbs[0].drawing.protocol == "ascii"


# ---------------------------------------------------------------------- what is wrong with a row


def _with_trouble(dataset: Path) -> None:
    """The third row cut off, the fifth with an image pasted into its text, the sixth empty."""
    lines = dataset.read_text().splitlines()
    lines[2] = lines[2][:60]
    pasted = f"Look: ![]({_data_url(lines[4])}) here"
    answer = {"role": "assistant", "content": "a wall of letters"}
    lines[4] = json.dumps({"messages": [{"role": "user", "content": pasted}, answer]})
    lines[5] = '{"messages": []}'
    dataset.write_text("\n".join(lines) + "\n")


def _data_url(line: str) -> str:
    return str(json.loads(line)["messages"][1]["content"][1]["image_url"]["url"])


async def test_a_broken_line_says_why_and_shows_what_stands_there(sit: Any, dataset: Path) -> None:
    _with_trouble(dataset)
    async with sit(dataset, (80, 24)) as person:
        await person.sees("12 rows", "(no JSON)", "(no messages)")
        await person.press("down", "down")
        await person.sees("This line is no JSON", "✗ error:", "cannot be parsed", '{"messages": [')
        assert "0 tokens" not in person.screen
        await person.press("down", "down", "down")
        await person.sees("✗ error:", "no image in this row")


async def test_an_image_pasted_into_a_text_is_a_chip_in_every_view(sit: Any, dataset: Path) -> None:
    _with_trouble(dataset)
    async with sit(dataset) as person:
        await person.sees("12 rows")
        await person.press(*["down"] * 4)
        await person.sees("Look: ![](▣ image/png 0.1 KB inside the text) here", "a wall of letters")
        await person.press("c")
        await person.sees("5! a wall")
        assert "iVBOR" not in person.screen


async def test_the_rows_that_are_said_to_be_written_are_written(sit: Any, dataset: Path) -> None:
    _with_trouble(dataset)
    async with sit(dataset, (80, 24)) as person:
        await person.sees("12 rows", "errors")
        await person.press("x", "down", "x")
        await person.sees("2 marked")
        await person.press("M")
        await person.sees("leave out the 2 marked rows")
        await person.sees("10 of 12 rows are written; 2 marked left out.")
        await person.press("tab", "space")
        await person.sees("11 of 12 rows are written; 1 broken line left out.")
        await person.press("space", "shift+tab", "enter")
        await person.sees("train-fixed.jsonl", "10 rows")
    assert len(dataset.with_name("train-fixed.jsonl").read_text().splitlines()) == 10


async def test_a_key_stops_nothing_that_is_being_written(sit: Any, dataset: Path) -> None:
    async with sit(dataset, (80, 24)) as person:
        await person.sees("12 rows", "1 warning")
        for key, part in zip(
            "MYHFC", (CopyLine, DivideLine, EditsLine, FixesLine, BoxesLine), strict=True
        ):
            pane = person.app.screen
            pane.query_one(part).doing = f"· writing {key}, Esc stops"
            await person.press(key)
            await person.until(
                lambda key=key: person.said == f"Not yet: writing {key}, Esc stops.", "why not"
            )
            assert person.app.screen is pane
            pane.query_one(part).doing = ""


async def test_a_copy_that_is_there_is_replaced_at_the_second_enter(
    sit: Any, dataset: Path
) -> None:
    target = dataset.with_name("train-fixed.jsonl")
    target.write_text("kept until then\n")
    async with sit(dataset, (80, 24)) as person:
        await person.sees("12 rows", "1 warning")
        await person.press("M")
        await person.sees("12 of 12 rows are written")
        await person.press("enter")
        await person.sees("! train-fixed.jsonl exists already. Enter again replaces")
        assert target.read_text() == "kept until then\n"
        await person.press("enter")
        await person.sees("train-fixed.jsonl ·")
        assert "train-fixed.jsonl replaced: 12 rows" in _said(person)
    assert len(target.read_text().splitlines()) == 12


# ---------------------------------------------------------------------- keys in every view


@pytest.mark.parametrize("view", ["v", "p", "c"])
async def test_the_image_alone_leads_back_to_the_view_that_it_was_called_from(
    sit: Any, dataset: Path, view: str
) -> None:
    async with sit(dataset, (80, 24)) as person:
        await person.sees("12 rows", "1 warning")
        await person.press("down", view)
        pane = person.app.screen
        before, focused = pane.views.viewed, pane.focused
        await person.press("f")
        await person.sees("Esc goes back", "Next row")
        await person.until(lambda: "━" in person.screen or view == "p", "the box")
        await person.press("escape")
        assert person.app.screen is pane
        assert (pane.views.viewed, pane.focused) == (before, focused)
        for key, words in (("M", "Write a fixed copy"), ("w", "Write the image")):
            await person.press(key)
            await person.sees(words)
            await person.press("escape")
            assert (pane.views.viewed, pane.focused) == (before, focused)


async def test_the_image_alone_goes_from_row_to_row(sit: Any, dataset: Path) -> None:
    async with sit(dataset, (80, 24)) as person:
        await person.sees("12 rows", "1 warning")
        await person.press("f")
        await person.sees("line 1 ·", "48×36")
        await person.press("down", "down")
        await person.sees("line 3 ·")
        await person.press("up", "escape")
        await person.until(lambda: person.app.screen.rows_view.rows.cursor == 1, "the second row")


async def test_the_next_split_is_asked_for_before_the_splits_are_known(
    sit: Any, dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another dataset's splits are never taken for those of what is open."""
    asked, go_on = threading.Event(), threading.Event()

    def slow(path: Path) -> Any:
        asked.set()
        go_on.wait(PATIENCE_S)
        return siblings(path)

    other = tmp_path / "another" / "rows.jsonl"
    other.parent.mkdir()
    other.write_text(dataset.read_text())
    async with sit(dataset) as person:
        await person.sees("12 rows", "1 warning")
        monkeypatch.setattr(opened, "siblings", slow)
        person.app.post_message(requests.open_dataset(other))
        await person.until(asked.is_set, "the splits being looked for")
        await person.sees("another/rows.jsonl")
        await person.press("right_square_bracket")
        await person.until(lambda: "still being looked for" in _said(person), "a word about it")
        go_on.set()
        await person.sees("12 rows", "1 warning")
        await person.press("right_square_bracket")
        await person.until(lambda: "no other split" in _said(person), "a word about it")


async def test_keys_pressed_before_the_first_row_is_there_are_for_the_rows(
    sit: Any, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, holding = asyncio.Event(), opened.holding

    async def slow(path: Path, row: int) -> Any:
        await go_on.wait()
        async with aclosing(holding(path, row)) as steps:
            async for step in steps:
                yield step

    monkeypatch.setattr(opened_line, "holding", slow)
    async with sit(dataset) as person:
        await person.sees("Opening train.jsonl")
        for key in "jjx":
            person.app.post_message(events.Key(key, key))
        await person.pilot.pause()
        go_on.set()
        await person.sees("12 rows", "1 marked")
        assert set(person.app.screen.marks.reasons) == {2}


# ---------------------------------------------------------------------- saying what is going on


async def test_the_overview_says_that_it_counts(sit: Any, dataset: Path) -> None:
    async with sit(dataset) as person:
        await person.sees("12 rows", "1 warning")
        await person.press("v")
        await person.sees("how much", "median")
        person.app.screen.assessed = None
        await person.sees("Counting the rows")


async def test_a_dataset_that_cannot_be_opened_leaves_its_reason_on_the_screen(
    sit: Any, dataset: Path
) -> None:
    async with sit(dataset.with_name("gone.jsonl"), (80, 24)) as person:
        await person.sees("There is no file", "R tries again")
        dataset.with_name("gone.jsonl").write_text(dataset.read_text())
        await person.press("R")
        await person.sees("gone.jsonl · 12 rows")


async def test_the_width_of_the_list_is_kept_between_sessions(sit: Any, dataset: Path) -> None:
    async with sit(dataset) as person:
        await person.sees("12 rows", "1 warning")
        await person.press("greater_than_sign", "greater_than_sign")
        assert person.app.screen.views.share == 50
        store = await person.app.session.store()
        await person.until(lambda: store.notes.read("datasets.share") == 50, "it written down")
    async with sit(dataset) as person:
        await person.sees("12 rows")
        await person.until(lambda: person.app.screen.views.share == 50, "the width of before")


async def test_a_search_says_what_it_leaves_out(sit: Any, dataset: Path) -> None:
    async with sit(dataset) as person:
        await person.sees("12 rows", "1 warning")

        async def search(words: str) -> None:
            await person.press("slash")
            await person.sees("Search the rows", "what all rows share: “Answer in a word.”")
            person.app.screen.query_one("#answer").value = words
            await person.press("enter")

        await search("a word")
        await person.until(lambda: "only in the text that all rows share" in _said(person), "why")
        await search("!square")
        await person.sees("6 rows without “square”")
        await search("~sqare")
        await person.sees("6 rows nearly with “sqare”")
        await search("!/number (1|2)/")
        await person.sees("8 rows without /number (1|2)/")
        await search("nothing of the kind")
        await person.until(lambda: "neither in a question nor in an answer" in _said(person), "why")


async def test_at_80_columns_a_row_shows_question_and_answer(sit: Any, dataset: Path) -> None:
    async with sit(dataset, (80, 24)) as person:
        await person.sees("What is number 4? answer 4", "What is number 5? square")


async def test_the_image_alone_has_a_strip_a_loupe_and_its_neighbours_ready(
    sit: Any, dataset: Path
) -> None:
    rows = [json.loads(line) for line in dataset.read_text().splitlines()]
    parts = [row["messages"][1]["content"][1] for row in rows[:4]]
    rows[1]["messages"][1]["content"] += parts
    dataset.write_text("\n".join(map(json.dumps, rows)))
    async with sit(dataset) as person:
        await person.sees("12 rows", "1 warning")
        await person.press("f")
        await person.sees("line 1 ·", "Loupe")
        ahead = person.app.screen_stack[0].query_one(ImageLine).ahead_of
        await person.until(lambda: ahead == [1], "the next row drawn")
        await person.press("down")
        await person.sees("line 2 ·", "[Image #1] of 5", "›#1", " #5")
        await person.until(lambda: ahead == [2, 0], "both neighbours drawn")
        await person.press("full_stop")
        await person.sees("[Image #2] of 5", "›#2")
        await person.press("L")
        loupe = person.app.screen.loupe
        await person.until(lambda: loupe.has_focus and loupe.view.zoom > 1, "the loupe")
        x = loupe.view.x
        await person.press("right")
        await person.until(lambda: loupe.view.x > x, "another place")
        await person.press("L", "down")
        await person.sees("line 3 ·")


async def test_two_rows_are_compared_side_by_side(sit: Any, dataset: Path) -> None:
    async with sit(dataset, (100, 30)) as person:
        await person.sees("12 rows", "1 warning")
        await person.press("K")
        await person.sees("line 1 held")
        await person.press("j", "K")
        await person.sees("line 1", "line 2", "answer 0", "<loc0102>", "What is number 1?")
        await person.sees("square━")
        await person.press("b")
        await person.sees_no("square━")
        await person.press("escape", "K")
        await person.sees("line 2 held")
        await person.press("K")
        await person.sees_no("line 2 held")


async def test_another_version_is_compared_and_what_is_new_is_shown(
    sit: Any, dataset: Path
) -> None:
    lines = dataset.read_text().splitlines()
    before = dataset.with_name("before.jsonl")
    before.write_text("\n".join([*lines[:9], lines[9].replace("square", "tile"), "x"]) + "\n")
    async with sit(dataset, (80, 24)) as person:
        await person.sees("12 rows")
        await person.press("d")
        await person.sees("Which version was before this one?")
        await person.type(str(before))
        await person.press("enter")
        await person.sees("before.jsonl → train.jsonl", "2 rows added", "1 row with another answer")
        await person.sees("0 gone")
        await person.press("enter")
        await person.sees("2 rows added since before.jsonl")
        await person.press("d")
        await person.sees("Which version was before this one?")
        await person.type(str(dataset))
        await person.press("enter")
        await person.until(lambda: "No rows differ: 12 rows in both" in person.said, "that")


async def test_the_overview_says_of_how_many_rows_it_speaks(sit: Any, dataset: Path) -> None:
    async with sit(dataset, (100, 60)) as person:
        await person.sees("12 rows")
        await person.press("v")
        await person.sees("values (Enter narrows)")
        view = person.app.screen.query_one(OverviewView)
        view.columns = replace(view.columns, complete=False)  # as of a file of a million
        await person.sees("values, in the first 12 rows (Enter narrows)")
