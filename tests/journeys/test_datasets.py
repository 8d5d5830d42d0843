"""A dataset looked at, searched, sorted, marked and written, in the app."""

import json
from pathlib import Path
from typing import Any

from tintype_tui.widgets.contact_sheet import ContactSheet


async def test_the_contact_sheet_shows_rows_and_leads_to_one(sit: Any, dataset: Path) -> None:
    async with sit(dataset, (80, 24)) as person:
        await person.sees("12 rows", "1 warning")
        await person.press("c")
        sheet = person.app.screen.query_one(ContactSheet)
        await person.sees("1: answer 0", "2: square", "10: square", "+ - size")
        await person.until(lambda: len(sheet._thumbs) == 12, "twelve thumbnails")
        columns = sheet.columns
        await person.press("plus")
        assert sheet.columns < columns
        await person.until(lambda: 0 in sheet._thumbs, "a larger thumbnail")
        assert sheet._thumbs[0].drawing.frame.columns > 10
        await person.press("minus", "right", "down", "enter")
        await person.sees(f"number {1 + columns}?")
        assert not person.app.screen.on_sheet
        await person.press("c")
        assert sheet.cursor == 1 + columns
        await person.press("escape")
        await person.sees("assistant")


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


async def test_a_row_without_a_picture_says_so_on_the_sheet(sit: Any, tmp_path: Path) -> None:
    rows = [
        {"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}]},
        {"messages": [{"role": "user", "content": [_image("gone.png")]}]},
    ]
    path = tmp_path / "odd.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    async with sit(path, (80, 24)) as person:
        await person.sees("2 rows")
        await person.press("c")
        await person.sees("no picture", "There is no")


def _image(url: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url}}
