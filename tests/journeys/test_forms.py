"""Every command that speaks of datasets prints its findings in four forms, and can be tried dry."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from tintype_tui.commands import MODULES
from tintype_tui.commands.main import tintype as group

from .conftest import Done

Tintype = Callable[..., Done]
FORMS = ("json", "jsonl", "csv", "md")
EVERY = {
    "sample": ["{out}", "--only", "books", "--dry-run"],
    "open": ["{dataset}", "{yolo}"],
    "query": ["{dataset}", "label:square"],
    "edit": ["{dataset}", "--replace", "answer", "reply", "--dry-run"],
    "embed": ["{dataset}", "{out}.jsonl", "--dry-run"],
    "fix": ["{dataset}"],
    "boxes": ["{dataset}"],
    "dedupe": ["{dataset}", "{again}"],
    "stats": ["{dataset}"],
    "diff": ["{dataset}", "{again}"],
    "convert": ["{dataset}", "{out}", "--to", "yolo", "--dry-run"],
    "split": ["{dataset}", "{out}", "--dry-run"],
    "subset": ["{dataset}", "{out}.jsonl", "-n", "3", "--dry-run"],
    "show": ["{dataset}:2"],
    "check": ["{again}", "--validation", "{again}"],
    "estimate": ["{dataset}", "--longest-side", "16"],
    "import": ["{yolo}", "{out}", "--dry-run"],
}
WRITES = {
    "sample": ["{out}"],
    "edit": ["{dataset}", "--relabel", "square", "tile"],
    "embed": ["{dataset}", "{out}.jsonl", "--longest-side", "16"],
    "fix": ["{dataset}", "{out}.jsonl", "--with", "low"],
    "boxes": ["{dataset}", "--to", "qwen2.5-vl", "-o", "{out}.jsonl"],
    "dedupe": ["{again}", "-o", "{out}.jsonl"],
    "query": ["{dataset}", "label:square", "-o", "{out}.jsonl"],
    "convert": ["{dataset}", "{out}", "--to", "coco"],
    "split": ["{dataset}", "{out}"],
    "subset": ["{dataset}", "{out}.jsonl", "-n", "3"],
    "import": ["{yolo}", "{out}"],
}


@pytest.fixture
def places(dataset: Path, tmp_path: Path, tintype: Tintype) -> dict[str, Path]:
    """A dataset, its last rows with one twice, the same as a YOLO folder, a place for output."""
    again = tmp_path / "again.jsonl"
    rows = dataset.read_text().splitlines(keepends=True)[4:]
    again.write_text("".join([*rows, rows[0]]))
    assert tintype("convert", dataset, tmp_path / "yolo", "--to", "yolo", "--alone").code == 1
    return {"dataset": dataset, "again": again, "yolo": tmp_path / "yolo", "out": tmp_path / "out"}


def with_option(name: str) -> set[str]:
    context = click.Context(group)
    commands = {each: group.get_command(context, each) for each in MODULES}
    return {
        each for each, command in commands.items()
        if command and any(option.name == name for option in command.params)
    }  # fmt: skip


def test_every_command_with_forms_or_a_dry_run_is_tried_here() -> None:
    assert (with_option("form") | {"import"}) - {"inventory"} == set(EVERY)
    assert (with_option("dry_run") | {"import"}) - {"ask", "move", "train"} == set(WRITES)


def parsed(form: str, text: str) -> Any:
    """What a form says, or a failure."""
    if form == "json":
        return json.loads(text)
    if form == "jsonl":
        return [json.loads(line) for line in text.splitlines()]
    if form == "csv":
        rows = list(csv.reader(io.StringIO(text)))
        assert len({len(row) for row in rows}) == 1
        return rows[1:]
    assert text.startswith("# ")
    return [line for line in text.splitlines() if line.startswith("| ")][1:]


@pytest.mark.parametrize("command", EVERY)
def test_each_form_is_what_it_says_and_holds_something(
    tintype: Tintype, places: dict[str, Path], command: str
) -> None:
    arguments = [each.format(**places) for each in EVERY[command]]
    codes = set()
    for form in FORMS:
        done = tintype(command, *arguments, f"--{form}")
        assert parsed(form, done.out), (form, done)
        codes.add(done.code)
    assert codes in ({0}, {1})


def everything(folder: Path) -> dict[str, bytes]:
    """All files but the app's own records of what it has looked at."""
    return {
        str(path): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "home" not in path.relative_to(folder).parts
    }


@pytest.mark.parametrize("command", WRITES)
def test_a_dry_run_says_what_would_be_and_writes_nothing(
    tintype: Tintype, places: dict[str, Path], tmp_path: Path, command: str
) -> None:
    arguments = [each.format(**places) for each in WRITES[command]]
    before = everything(tmp_path)
    dry = tintype(command, *arguments, "--dry-run")
    assert dry.code in (0, 1), dry
    assert "would" in dry.said
    assert everything(tmp_path) == before
    if command == "sample":
        return  # to draw takes seconds, and is tried elsewhere
    wet = tintype(command, *arguments)
    assert wet.code == dry.code
    assert command == "edit" or everything(tmp_path) != before
