"""A path typed into the picker."""

from pathlib import Path
from typing import Any

import pytest
from textual import events

from tintype_tui.screens.open_path import OpenPath

NAMED = {"/": "slash", "~": "tilde", ".": "full_stop", "-": "minus", "_": "underscore"}


async def typed(person: Any, text: str) -> None:
    await person.press(*(NAMED.get(letter, letter) for letter in text))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the app is started."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


async def opened(person: Any) -> Any:
    await person.press("o")
    await person.sees("Open a dataset")
    return person.app.screen.query_one("#path")


async def test_the_only_one_that_fits_is_opened_by_enter(
    sit: Any, dataset: Path, here: Path
) -> None:
    async with sit() as person:
        await opened(person)
        await typed(person, f"{dataset.parent}/trai")
        await person.press("enter")
        await person.sees("12 rows")


async def test_of_several_that_fit_none_is_opened(sit: Any, dataset: Path, here: Path) -> None:
    async with sit() as person:
        await opened(person)
        await typed(person, f"{dataset.parent}/t")
        await person.press("enter")
        await person.sees("There is no file or folder", "train.jsonl", "test.jsonl")


async def test_an_absolute_path_leaves_nothing_of_the_proposed_folder(
    sit: Any, dataset: Path, here: Path
) -> None:
    async with sit() as person:
        field = await opened(person)
        assert field.value == f"{here}/"
        await typed(person, "/")
        await person.until(lambda: field.value == "/", "the folder gone")
        await typed(person, f"{dataset}"[1:])
        await person.until(lambda: field.value == str(dataset), "the path as it was typed")
        await person.press("enter")
        await person.sees("12 rows")


async def test_a_burst_of_keys_loses_none(sit: Any, dataset: Path, here: Path) -> None:
    async with sit() as person:
        field = await opened(person)
        for letter in f"{dataset}":
            person.app.post_message(events.Key(NAMED.get(letter, letter), letter))
        await person.until(lambda: field.value == str(dataset), "all of the path")


async def test_a_pasted_path_and_a_home_folder_replace_the_proposed_folder(
    sit: Any, dataset: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(dataset.parent))
    async with sit() as person:
        field = await opened(person)
        await typed(person, "~/")
        await person.sees("train.jsonl", "valid.jsonl")
        assert field.value == "~/"
        field.value = f"{dataset.parent}//train.jsonl"
        await person.press("enter")
        await person.sees("12 rows")


async def test_a_home_that_nobody_has_is_said(sit: Any, here: Path) -> None:
    async with sit() as person:
        await opened(person)
        await typed(person, "~nobody_at_all")
        await person.sees("There is no user")
        await person.press("enter", "enter")
        await person.sees("There is no user")
        assert isinstance(person.app.screen, OpenPath)
