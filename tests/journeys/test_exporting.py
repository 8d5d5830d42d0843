"""A dataset written in another format from the app: what would be lost is said first."""

import asyncio
import json
from pathlib import Path
from typing import Any

from textual.widgets import Input, Select


async def test_what_would_be_lost_is_said_before_anything_is_written(
    sit: Any, dataset: Path
) -> None:
    before = sorted(dataset.parent.iterdir())
    async with sit(dataset, size=(80, 24)) as person:
        await person.sees("12 rows", "1 warning")
        await person.press("O")
        await person.sees("Write train.jsonl in another format", "12 rows would be written")
        assert "(JSONL) as the embedded provider takes them" in person.screen
        await person.sees("room enough", "Nothing is lost")
        person.app.screen.query_one("#to", Select).value = "coco"
        await person.sees("train-coco", "would be lost")
        assert sorted(dataset.parent.iterdir()) == before
        person.app.screen.query_one("#to", Select).value = "llava"
        await person.sees("train-llava", "34 rows would be written", "the other splits too")
        person.app.screen.query_one("#target", Input).focus()
        await person.press("enter")
        await person.sees("34 rows are written")
        assert dataset.with_name("train-llava").is_dir()
        await person.press("escape")
        await person.sees_no("in another format")
        await person.press("j", "B")  # the dataset is open as before
        await person.sees("a Draw")


async def test_enter_while_it_is_written_changes_nothing(sit: Any, dataset: Path) -> None:
    async with sit(dataset, size=(80, 24)) as person:
        await person.sees("12 rows", "1 warning")
        await person.press("O")
        await person.sees("12 rows would be written")
        export, pressed = person.app.screen, []

        def press_again(_: Any) -> None:
            export._submitted()
            pressed.append(True)

        for name in ("total", "progress"):
            person.app.watch(export.bar, name, press_again, init=False)
        await person.press("enter")
        await person.until(lambda: person.app.screen is not export, "the copy")
        assert pressed


async def test_rows_as_the_provider_takes_them_are_opened_and_replaced_only_when_asked(
    sit: Any, dataset: Path
) -> None:
    there = dataset.with_name("mine.jsonl")
    await asyncio.to_thread(there.write_text, "{}\n")
    async with sit(dataset, size=(80, 24)) as person:
        await person.sees("12 rows", "1 warning")
        await person.press("O")
        await person.sees("12 rows would be written")
        person.app.screen.query_one("#target", Input).value = str(there)
        await person.press("enter")
        await person.sees("mine.jsonl exists already. Enter again replaces it.")
        assert await asyncio.to_thread(there.read_text) == "{}\n"
        await person.press("enter")
        await person.until(lambda: person.app.loop_state.dataset == there, "the copy")
    rows = (await asyncio.to_thread(there.read_text)).splitlines()
    assert len(rows) == 12
    assert json.loads(rows[0])["messages"][0]["role"] == "system"
