"""A path typed into the picker."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from textual import events
from textual.widgets import Input, OptionList

from tintype_tui.screens.importing import Import
from tintype_tui.screens.open_path import OpenPath

NAMED = {
    "/": "slash",
    "~": "tilde",
    ".": "full_stop",
    "-": "minus",
    "_": "underscore",
    ";": "semicolon",
    " ": "space",
}


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


async def test_keys_in_one_burst_with_what_is_typed_are_about_what_is_listed_then(
    sit: Any, dataset: Path, here: Path
) -> None:
    async with sit() as person:
        field = await opened(person)
        await typed(person, f"{dataset.parent}/")
        await person.sees("test.jsonl", "valid.jsonl")
        for key in ("v", "tab"):
            person.app.post_message(events.Key(key, "v" if key == "v" else None))
        await person.until(lambda: field.value == f"{dataset.with_name('valid.jsonl')}", "valid")
        await person.press("backspace")
        for key in ("l", "down", "enter"):
            person.app.post_message(events.Key(key, "l" if key == "l" else None))
        await person.sees("shapes/valid.jsonl", "12 rows")


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


# ---------------------------------------------------------------- what a path is found to be

LLAVA = {
    "image": "a.png",
    "conversations": [
        {"from": "human", "value": "<image>\nWhat is it?"},
        {"from": "gpt", "value": "A pear."},
    ],
}
VOC = "<annotation><filename>a.png</filename></annotation>"
COCO = {"images": [], "annotations": [{"image_id": 1}], "categories": []}


async def chosen(person: Any, path: Path) -> None:
    field = await opened(person)
    field.value = str(path)
    await person.press("enter")


@pytest.mark.parametrize("name", ["list.json", "rows.jsonl", "rows.ndjson", "t.CSV"])
async def test_a_file_of_another_format_is_imported_whatever_its_name(
    sit: Any, here: Path, name: str
) -> None:
    texts = {
        "list.json": json.dumps([LLAVA]),
        "t.CSV": "image,question,answer\na.png,Q,A\n",
    }
    path = here / name
    path.write_text(texts.get(name, json.dumps(LLAVA) + "\n"))
    async with sit() as person:
        await chosen(person, path)
        await person.sees("Import a dataset: a ")
        assert isinstance(person.app.screen, Import)


@pytest.fixture
def named_json(dataset: Path, here: Path) -> Path:
    """Chat rows in a file that is called .json."""
    return dataset.rename(here / "chat.json")


async def test_chat_rows_are_opened_also_if_they_are_named_json(sit: Any, named_json: Path) -> None:
    async with sit() as person:
        await chosen(person, named_json)
        await person.sees("12 rows")


async def test_what_is_recognised_and_not_read_is_named_and_the_picker_stays(
    sit: Any, here: Path
) -> None:
    path = here / "notes.json"
    path.write_text(json.dumps({"notes": 1}))
    async with sit() as person:
        await chosen(person, path)
        await person.sees("notes.json is a JSON object", "export its rows")
        assert isinstance(person.app.screen, OpenPath)


@pytest.fixture
def voc(here: Path) -> Path:
    """A folder in Pascal VOC's layout."""
    (here / "blood" / "Annotations").mkdir(parents=True)
    (here / "blood" / "Annotations" / "a.xml").write_text(VOC)
    return here / "blood"


async def test_a_folder_that_is_a_dataset_beyond_doubt_is_imported(sit: Any, voc: Path) -> None:
    async with sit() as person:
        await chosen(person, voc)
        await person.sees("Import a dataset: a Pascal VOC folder of 1 annotation")


async def test_a_folder_that_may_be_a_dataset_is_looked_into_and_imported_at_the_next_enter(
    sit: Any, here: Path
) -> None:
    (here / "mixed").mkdir()
    (here / "mixed" / "list.json").write_text(json.dumps([LLAVA]))
    async with sit() as person:
        await chosen(person, here / "mixed")
        await person.sees("mixed/list.json", "This is a folder with a JSON list")
        await person.press("enter")
        await person.sees("Import a dataset: a ")


async def test_an_archive_says_what_is_in_it(sit: Any, here: Path) -> None:
    with zipfile.ZipFile(here / "set.zip", "w") as archive:
        archive.writestr("set/labels.json", json.dumps([LLAVA]))
        image = io.BytesIO()
        Image.new("RGB", (8, 6), "red").save(image, "PNG")
        archive.writestr("set/a.png", image.getvalue())
    async with sit() as person:
        await chosen(person, here / "set.zip")
        await person.sees("Import a dataset: a folder with a JSON list", "in a ZIP archive")
        await person.sees("1 row: train 1", "Nothing is lost.")


async def test_several_files_are_opened_together_as_splits(sit: Any, here: Path) -> None:
    for name in ("train", "val", "other"):
        row = {**LLAVA, "id": name}
        (here / f"{name}.json").write_text(json.dumps([row]))
    Image.new("RGB", (8, 8), "red").save(here / "a.png")
    async with sit(None, (80, 24)) as person:
        field = await opened(person)
        await typed(person, f"{here}/train.json; v")
        await person.sees("val.json")
        await person.press("tab")
        assert field.value == f"{here}/train.json; {here}/val.json"
        await person.press("enter")
        await person.sees("Import a dataset: a ", "2 rows: train 1, valid 1, as the source says")
        assert person.app.screen.query_one("#more", Input).value == "val.json"
        await person.press("enter")
        await person.sees("2 of 2 rows are written: train 1, valid 1")


async def test_a_further_file_is_looked_for_in_folders_and_a_recent_one_is_chosen_alone(
    sit: Any, dataset: Path
) -> None:
    chosen: list[Path | None] = []
    (dataset.parent / "more").mkdir()
    (dataset.parent / "more" / "within.json").write_text("[]")
    async with sit(None) as person:
        dialog = OpenPath("Open a dataset", recent=[dataset])
        person.app.push_screen(dialog, chosen.append)
        await person.sees("Open a dataset", "train.jsonl")
        field, found = dialog.query_one("#path", Input), dialog.query_one(OptionList)
        field.value = f"{dataset.with_name('test.jsonl')}; more/"
        await person.sees("within.json")
        field.value = ""
        await person.until(lambda: found.option_count == 1, "the recent one")
        await person.press("down", "enter")
        await person.until(lambda: chosen == [dataset], "it alone")
