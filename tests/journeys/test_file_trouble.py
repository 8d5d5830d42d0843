"""Paths that cannot be what they are wanted for: a sentence on the screen, and the app goes on."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from tintype_tui.requests import open_dataset
from tintype_tui.screens.open_path import OpenPath


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("~q", "There is no user q on this machine"),
        ("~qz/a", "There is no user qz on this machine"),
        ("/etc/hosts/a.jsonl", "There is no file or folder /etc/hosts/a.jsonl"),
        (f"/tmp/{'x' * 300}", "the name is too long"),
    ],
)
async def test_opening_a_path_that_leads_nowhere_says_why(
    sit: Any, home: Path, typed: str, words: str
) -> None:
    async with sit(size=(80, 24)) as person:
        await person.sees("Start here")
        await person.press("o")
        await person.until(lambda: isinstance(person.app.screen, OpenPath), "the dialog")
        person.app.screen.query_one("#path").value = typed
        await person.press("enter")
        await person.sees(*words.split())
        assert isinstance(person.app.screen, OpenPath)


async def test_a_folder_that_cannot_be_listed_is_said_while_it_is_typed(
    sit: Any, dataset: Path
) -> None:
    async with sit(size=(80, 24)) as person:
        await person.sees("Start here")
        await person.press("o")
        await person.until(lambda: isinstance(person.app.screen, OpenPath), "the dialog")
        person.app.screen.query_one("#path").value = "/nowhere/at/all/"
        await person.sees("Cannot list /nowhere/at/all:", "there is no such file or folder")
        person.app.screen.query_one("#path").value = f"{dataset.parent}/tr"
        await person.sees_no("Cannot list")
        await person.until(lambda: person.app.screen.query_one("#found").option_count == 1, "one")


async def test_a_copy_into_a_home_that_nobody_has_is_refused_in_the_dialog(
    sit: Any, dataset: Path
) -> None:
    async with sit(dataset, size=(80, 24)) as person:
        await person.sees("12 rows")
        await person.press("M")
        await person.sees("Write a fixed copy")
        person.app.screen.query_one(Input).value = "~qz/x.jsonl"
        await person.press("enter")
        await person.sees("There is no user qz")
        assert not list(Path.cwd().glob("~qz*"))


async def test_another_split_is_looked_for_beside_the_dataset_that_is_open(
    sit: Any, dataset: Path, tmp_path: Path
) -> None:
    other = tmp_path / "another" / "rows.jsonl"
    other.parent.mkdir()
    await asyncio.to_thread(shutil.copy, dataset, other)
    async with sit(dataset) as person:
        await person.sees("12 rows")
        person.app.post_message(open_dataset(other))
        await person.press("right_square_bracket")  # at once: its splits may not be known yet
        await person.sees("rows.jsonl")
        await person.press("right_square_bracket")
        await person.sees("12 rows", "rows.jsonl")
