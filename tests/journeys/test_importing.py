"""Bringing in another format: what it is, what was lost, and again over what is there."""

import gzip
import json
from pathlib import Path
from typing import Any

from PIL import Image
from textual.widgets import Checkbox, Input, ProgressBar

from tintype_tui.screens.importing import Import


def table(folder: Path, *lines: str) -> Path:
    """A table of questions about one image."""
    folder.mkdir(parents=True)
    Image.new("RGB", (8, 6), "red").save(folder / "a.png")
    path = folder / "t.csv"
    path.write_text("\n".join(("image,question,answer", *lines)) + "\n")
    return path


async def test_a_source_is_named_imported_and_may_be_replaced(sit: Any, tmp_path: Path) -> None:
    path = table(tmp_path / "set", "a.png,Q,A", "gone.png,Q,A")
    async with sit() as person:
        person.app.push_screen(Import(path))
        await person.sees("Import a dataset: a table")
        await person.sees("▐ ▌ replace existing files", "▐X▌ embed the images")
        await person.press("enter")
        await person.sees("1 of 2 rows are written: train 1, with 1 image.")
        await person.sees("t.csv:3")
        await person.press("escape")
        person.app.push_screen(Import(path))
        await person.sees("Import a dataset: a table")
        await person.press("enter")
        await person.sees("exists already")
        person.app.screen.query_one("#replace", Checkbox).value = True
        await person.press("enter")
        await person.sees("1 of 2 rows are written")


async def test_enter_while_it_is_imported_changes_nothing(sit: Any, tmp_path: Path) -> None:
    path = table(tmp_path / "set", *["a.png,Q,A"] * 40)
    async with sit() as person:
        person.app.push_screen(Import(path))
        await person.sees("Import a dataset: a table")
        bar, pressed = person.app.screen.query_one(ProgressBar), []

        def press_again(_: Any) -> None:
            person.app.screen.target.post_message(Input.Submitted(person.app.screen.target, ""))
            pressed.append(True)

        person.app.watch(bar, "total", press_again, init=False)
        await person.press("enter")
        await person.sees("40 of 40 rows are written")
        assert pressed


async def test_what_the_source_asks_nothing_of_can_be_asked(sit: Any, tmp_path: Path) -> None:
    path = table(tmp_path / "set")
    path.write_text("image,caption\na.png,A red box\n")
    async with sit() as person:
        person.app.push_screen(Import(path))
        await person.sees("Import a dataset: a table")
        await person.press("enter")
        await person.sees("There is no column named question")
        await person.press("tab")
        await person.press(*"What?")
        await person.press("enter")
        await person.sees("1 of 1 rows are written")


async def test_further_files_of_a_dataset_are_its_splits(sit: Any, tmp_path: Path) -> None:
    path = table(tmp_path / "set", "a.png,Q,A")
    for name in ("val.csv", "more.csv"):
        path.with_name(name).write_text("image,question,answer\na.png,R,B\n")
    async with sit() as person:
        person.app.push_screen(Import(path))
        await person.sees("Import a dataset: a table", "further files of it")
        person.app.screen.query_one("#draw", Checkbox).value = False
        person.app.screen.query_one("#more", Input).value = "val.csv; gone.csv"
        await person.press("enter")
        await person.sees("gone.csv")
        person.app.screen.query_one("#more", Input).value = "v*.csv; more.csv"
        await person.press("enter")
        await person.sees("3 of 3 rows are written: train 2, valid 1")


async def test_the_other_splits_beside_a_file_come_with_it(sit: Any, tmp_path: Path) -> None:
    path = table(tmp_path / "set", "a.png,Q,A").rename(tmp_path / "set" / "train.csv")
    for name, text in (("val.csv", "image,question,answer\na.png,R,B\n"), ("test.csv", "1,2\n")):
        path.with_name(name).write_text(text)
    async with sit() as person:
        person.app.push_screen(Import(path))
        await person.sees("2 rows: train 1, valid 1, as the source says")
        assert person.app.screen.query_one("#more", Input).value == "val.csv"


async def test_a_compressed_file_is_imported_beside_it(sit: Any, tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl.gz"
    turns = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}]
    path.write_bytes(gzip.compress(json.dumps({"messages": turns}).encode() + b"\n"))
    async with sit(None, (80, 24)) as person:
        await person.press("o")
        await person.sees("Open a dataset")
        await person.press("ctrl+u")
        await person.type(str(path))
        await person.press("enter")
        await person.sees("a compressed file of chat rows", "train-chat")
        await person.press("enter")
        await person.sees("1 of 1 rows are written: train 1")
        await person.press("enter")
        await person.sees("train-chat/train.jsonl · 1 row")


async def test_splits_of_the_source_are_kept_and_said(sit: Any, tmp_path: Path) -> None:
    path = table(tmp_path / "set")
    path.write_text("image,question,answer,split\na.png,Q,A,train\na.png,R,B,val\n")
    async with sit() as person:
        person.app.push_screen(Import(path))
        await person.sees("2 rows: train 1, valid 1, as the source says", "the source's own splits")
        assert person.app.screen.query_one("#draw", Checkbox).disabled
