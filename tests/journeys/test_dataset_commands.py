"""Datasets divided, edited and converted from the command line."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tintype.dataset import open_dataset
from tintype.settings import load
from tintype.store import open_store

from .conftest import Done

Tintype = Callable[..., Done]


def rows_of(path: Path) -> int:
    return len(path.read_text().splitlines())


def test_a_dataset_is_split_and_sampled(tintype: Tintype, dataset: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    dry = tintype("split", dataset, out, "--valid", "25%", "--test", "0", "--dry-run", "--json")
    assert dry.json["rows"] == {str(out / "train.jsonl"): 9, str(out / "valid.jsonl"): 3}
    assert not out.exists()
    done = tintype("split", dataset, out, "--valid", "0.25", "--test", "0")
    assert (done.code, len(done.out.splitlines())) == (0, 2)
    assert rows_of(out / "train.jsonl") == 9
    again = tintype("split", dataset, out)
    assert (again.code, "exists already" in again.err) == (2, True)
    few = tintype("subset", dataset, out / "few.jsonl", "-n", "5", "--stratify")
    assert (few.code, rows_of(out / "few.jsonl")) == (0, 5)
    assert tintype("subset", dataset, out / "none.jsonl").code == 2
    assert tintype("split", dataset, out, "--valid", "60%", "--test", "40%").code == 2


def answers_of(tintype: Tintype, path: Path) -> list[str]:
    """As every command sees them."""
    out = path.parent / "seen.jsonl"
    assert tintype("embed", path, out, "--replace").code == 0
    from tintype.dataset import example, read_rows

    return [example(row).answer for row, _ in read_rows(out)]


def test_edits_lie_over_the_file_for_every_command(tintype: Tintype, dataset: Path) -> None:
    before = dataset.read_bytes()
    dry = tintype("edit", dataset, "--replace", "/answer (\\d)/", "reply \\1", "--dry-run")
    assert (dry.code, "0: “answer 0” → “reply 0”" in dry.out) == (0, False)
    assert "1: “answer 0” → “reply 0”" in dry.out
    assert "6 rows would change" in dry.err
    done = tintype("edit", dataset, "--relabel", "square", "tile")
    assert "6 rows changed: relabel square as tile" in done.err
    assert tintype("edit", dataset, "--system", "").code == 0
    assert answers_of(tintype, dataset)[1].endswith(" tile")
    assert "system" not in tintype("show", f"{dataset}:1").out
    listed = tintype("edit", dataset, "--json").json
    assert listed["done"] == ["relabel square as tile", "remove the system prompt"]
    assert listed["edited"] == list(range(1, 13))
    assert "Undone: remove the system prompt" in tintype("edit", dataset, "--undo").err
    assert "system: Answer in a word." in tintype("show", f"{dataset}:1").out
    assert tintype("edit", dataset, "--redo").code == 0
    assert tintype("edit", dataset, "--undo", "--redo").code == 2
    assert dataset.read_bytes() == before
    train = tintype("train", dataset, "--yes")
    assert (train.code, "edited rows" in train.err) == (2, True)


def test_a_row_is_edited_in_an_editor_of_ones_own(
    tintype: Tintype, dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\nsed -i 's/answer 2/two cats/' \"$1\"\n")
    editor.chmod(0o755)
    monkeypatch.setenv("VISUAL", str(editor))
    done = tintype("edit", dataset, "--row", "3", "--json").json
    assert done["rows"] == [{"line": 3, "before": "answer 2", "after": "two cats"}]
    assert answers_of(tintype, dataset)[2] == "two cats"
    assert "No row changes" in tintype("edit", dataset, "--row", "3").err
    monkeypatch.setenv("VISUAL", "false")
    assert tintype("edit", dataset, "--row", "3").code == 2
    assert "has no row at or after line 99" in tintype("edit", dataset, "--row", "99").err


def test_images_that_leak_or_are_repeated_are_found_and_left_out(
    tintype: Tintype, dataset: Path, tmp_path: Path
) -> None:
    lines = dataset.read_text().splitlines()
    doubled = dataset.with_name("doubled.jsonl")
    doubled.write_text("\n".join([*lines, lines[3]]) + "\n")
    test = dataset.with_name("leaky.jsonl")
    test.write_text(lines[0] + "\n")
    out = tmp_path / "out.jsonl"
    done = tintype("dedupe", doubled, test, "-o", out)
    assert done.code == 1
    assert done.out.splitlines() == [
        "leak  doubled.jsonl:1 leaky.jsonl:1",
        "same  doubled.jsonl:4 doubled.jsonl:13",
        str(out),
    ]
    assert "2 rows repeated or leaking" in done.said
    assert out.read_text().splitlines() == lines[1:]
    found = tintype("dedupe", doubled, test, "--json").json
    assert (found["leaking"], found["repeated"], found["dropped"]) == ([1], [13], [1, 13])


def test_a_dataset_is_converted_there_and_back(
    tintype: Tintype, dataset: Path, tmp_path: Path
) -> None:
    dry = tintype("convert", dataset, tmp_path / "coco", "--to", "coco", "--dry-run", "--json")
    assert (dry.json["rows"], dry.json["lost"], dry.code) == (17, 17, 1)  # answers are no boxes
    assert not (tmp_path / "coco").exists()
    done = tintype("convert", dataset, tmp_path / "coco", "--to", "coco")
    assert "17 rows written, 17 lost" in done.err
    assert "which COCO does not hold" in done.err
    yolo = tintype("convert", tmp_path / "coco", tmp_path / "yolo", "--to", "yolo", "--json")
    assert (yolo.json["rows"], yolo.json["lost"]) == (17, 0)
    trl = tintype("convert", dataset, tmp_path / "trl", "--to", "trl", "--alone")
    assert (trl.code, rows_of(tmp_path / "trl" / "train.jsonl")) == (0, 12)
    for_openai = tmp_path / "openai.jsonl"
    done = tintype("convert", tmp_path / "trl" / "train.jsonl", for_openai, "--to", "jsonl")
    assert (done.code, rows_of(for_openai)) == (0, 12)
    assert "no format 'x'" in tintype("convert", dataset, tmp_path / "x", "--to", "x").err


def test_rows_are_listed_and_copied_by_what_they_are(
    tintype: Tintype, dataset: Path, tmp_path: Path
) -> None:
    done = tintype("query", dataset, "label:square", "-question:1", "--limit", "2")
    assert (done.code, len(done.out.splitlines())) == (0, 2)
    assert done.out.startswith(f"{dataset}:4  What is number 3? → ")
    assert "4 of 12 rows." in done.said
    out = tmp_path / "few.jsonl"
    assert tintype("query", dataset, "objects=0 width:48", "-o", out).code == 0
    assert rows_of(out) == 6
    assert tintype("query", dataset, "label:cat").code == 1
    wrong = tintype("query", dataset, "lable:cat")
    assert (wrong.code, "Is it label?" in wrong.err) == (2, True)
    found = tintype("query", dataset, "answer=answer*", "--json").json
    assert (found["rows"], found["found"]) == (12, 0)


def test_a_query_is_saved_used_and_deleted(tintype: Tintype, dataset: Path) -> None:
    said = tintype("query", "--save", "few", dataset, "label:square", "line<7").said
    assert "Saved as @few: label:square line<7 3 of 12 rows." in said
    assert tintype("query", dataset, "@few", "-question:3", "--json").json["found"] == 2
    assert tintype("query", "--saved").out == "@few  label:square line<7\n"
    assert "Saved are: @few." in tintype("query", dataset, "@many").said
    assert tintype("query", "--forget", "few").code == 0
    assert tintype("query", "--forget", "few").code == 2
    assert (tintype("query", "--saved").out, tintype("query").code) == ("", 2)


def test_a_query_for_a_split_looks_at_its_file(tintype: Tintype, dataset: Path) -> None:
    found = tintype("query", dataset, "split:valid|test", "label:square", "--json").json
    assert (found["rows"], found["found"]) == (22, 11)
    assert {Path(one["file"]).name for one in found["listed"]} == {"valid.jsonl", "test.jsonl"}


async def test_marked_rows_are_found_by_command(tintype: Tintype, dataset: Path) -> None:
    async with open_store(load().folders.store_file) as store, open_dataset(dataset) as opened:
        version = await opened.fingerprint()
        marked = {3: "blurred", 5: ""}
        store.marks.change(dataset, version, marked=marked, at=datetime.now(UTC))
    for typed, lines in (("marked:*", [3, 5]), ("marked:blur*", [3]), ("-marked:* line<4", [1, 2])):
        done = await asyncio.to_thread(tintype, "query", dataset, typed, "--json")
        assert [one["line"] for one in done.json["listed"]] == lines


async def test_a_search_takes_conditions(sit: Any, dataset: Path) -> None:
    async with sit(dataset) as person:
        await person.sees("12 rows")
        await person.press("slash")
        await person.sees("Search the rows", "images>1")
        await person.type("label:square -question:3")
        await person.press("enter")
        await person.sees("5 rows with label:square -question:3", "What is number 1?")
        await person.press("slash")
        await person.sees("Search the rows")
        await person.type("lable:square")
        await person.press("enter")
        await person.sees("Character 1: there is no field 'lable'. Is it label?")
        await person.press("escape")
        await person.sees("5 rows with")


async def test_a_query_is_completed_saved_and_deleted(sit: Any, dataset: Path) -> None:
    async with sit(dataset, (80, 24)) as person:
        await person.sees("12 rows", "1 warning")
        await person.press("slash")
        await person.sees("Search the rows", "text:", "question:")
        dialog = person.app.screen

        async def offered(*texts: str) -> None:
            """Wait until just this can come next, and take the last of it."""
            await person.until(
                lambda: [one.shown for one in dialog.list.found] == [*texts], " and ".join(texts)
            )
            await person.sees(*texts)
            await person.press(*["down"] * (len(texts) - 1), "tab")

        await person.type("ob")
        await offered("objects:")
        await offered("objects:0", "objects:1")
        assert dialog.field.value == "objects:1 "
        await person.type("la")
        await offered("label:")
        await offered("label=square")
        await person.press("ctrl+s")
        await person.sees("Save the query as", "objects:1 label=square")
        await person.type("squares")
        await person.press("enter")
        await person.sees("Saved: @squares")
        await person.press("ctrl+u")
        await person.type("@sq")
        await offered("@squares")
        await person.press("enter")
        await person.sees("6 rows with objects:1 label=square")
        await person.press("slash")
        await person.sees("Search the rows")
        await person.type("@")
        await person.sees("@squares")
        await person.press("ctrl+g")
        await person.sees("@squares is deleted.")


def test_what_a_dataset_is_made_of_is_said_in_every_form(
    tintype: Tintype, dataset: Path, tmp_path: Path
) -> None:
    text = tintype("stats", dataset).out
    assert "Boxes by label\n  square  6" in text
    assert "warning: few_examples" in text
    assert tintype("stats", dataset, "--json").json["rows"] == 12
    assert "table,what,count" in tintype("stats", dataset, "--csv").out
    assert "## Boxes by label" in tintype("stats", dataset, "--md").out
    lines = tintype("stats", dataset, "--jsonl").out.splitlines()
    assert '{"table": "Whole", "what": "rows", "count": 12}' in lines
    page = tmp_path / "report.html"
    assert tintype("stats", dataset, "-o", page).code == 0
    assert page.read_text().count('<img src="data:image/jpeg') == 12
    for words in ("<h2>Where boxes have their middle</h2><svg", "6 boxes: place:36..39,25..29"):
        assert words in page.read_text()
    assert "<h2>Classes, share of each split</h2>" in page.read_text()
    notes = tmp_path / "report.md"
    assert tintype("stats", dataset, "-o", notes).code == 0
    assert "## Where boxes have their middle\n\n```\n" in notes.read_text()
    assert tintype("stats", dataset, "-o", page).code == 2
    assert tintype("stats", dataset, "-o", tmp_path / "report.pdf").code == 2


def test_two_versions_are_compared(tintype: Tintype, dataset: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.jsonl"
    lines = dataset.read_text().splitlines()
    other.write_text("\n".join([*lines[1:], lines[0].replace("answer 0", "reply")]) + "\n")
    done = tintype("diff", dataset, other)
    assert (done.code, "another answer  1  12" in done.out) == (1, True)
    assert tintype("diff", dataset, other, "--csv").out == (
        "what,before,after\nanother answer,1,12\n"
    )
    same = tintype("diff", dataset, dataset, "--json")
    assert (same.code, same.json["same"]) == (0, 12)


def test_what_cannot_be_read_is_not_taken_for_empty(
    tintype: Tintype, dataset: Path, tmp_path: Path
) -> None:
    damaged, empty, folder = tmp_path / "x.jsonl", tmp_path / "y.jsonl", tmp_path / "z"
    damaged.write_text("no JSON\n" * 3)
    empty.touch()
    folder.mkdir()
    for command in ("boxes", "dedupe"):
        done = tintype(command, damaged)
        assert (done.code, "3 lines that are no JSON could not be" in done.said) == (1, True)
    assert "is empty" in tintype("open", empty).said
    assert "is empty" in tintype("open", folder).said
    for form in ("voc", "jsonl"):
        done = tintype("convert", damaged, tmp_path / f"out-{form}", "--to", form)
        assert (done.code, done.out) == (1, "")
    assert not (tmp_path / "out-voc").exists()


def test_edits_of_the_validation_file_are_noticed_at_launch(
    tintype: Callable[..., Done], dataset: Path
) -> None:
    valid = dataset.with_name("valid.jsonl")
    assert tintype("edit", valid, "--replace", "answer", "reply").code == 0
    done = tintype("train", dataset, "--validation", valid, "--model", "scripted", "--yes")
    assert done.code == 2
    assert "valid.jsonl has edited rows" in done.said


@pytest.mark.parametrize("to", ["jsonl", "coco", "llava", "csv"])
def test_a_dry_run_says_what_would_be_and_writes_nothing_even_for_a_while(
    tintype: Any, dataset: Path, to: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Path] = []
    real = Path.open

    def noted(self: Path, *args: Any, **options: Any) -> Any:
        opened.append(self)
        return real(self, *args, **options)

    monkeypatch.setattr(Path, "open", noted)
    target = dataset.parent / ("new.jsonl" if to == "jsonl" else "new")
    before = sorted(dataset.parent.iterdir())
    done = tintype("convert", dataset, target, "--to", to, "--dry-run")
    assert "would be written" in done.said
    assert sorted(dataset.parent.iterdir()) == before
    assert not [path for path in opened if path.name.endswith(".tmp")]


def test_images_become_files_below_an_address(tintype: Any, dataset: Path) -> None:
    target = dataset.parent / "hosted" / "train.jsonl"
    done = tintype(
        "convert", dataset, target, "--to", "jsonl", "--urls", "https://example.org/a/", "-p",
        "openai",
    )  # fmt: skip
    assert done.code == 0
    row = json.loads(target.read_text().splitlines()[0])
    url = row["messages"][1]["content"][1]["image_url"]["url"]
    assert url.startswith("https://example.org/a/")
    assert (target.parent / "images" / url.rpartition("/")[2]).read_bytes()[:4] == b"\x89PNG"


def test_several_sources_are_joined_or_splits_by_their_names(tintype: Any, tmp_path: Path) -> None:
    for name, question in (("one", "a"), ("two", "b"), ("my-val", "c")):
        row = [{"from": "human", "value": question}, {"from": "gpt", "value": "yes"}]
        (tmp_path / f"{name}.json").write_text(json.dumps([{"id": "1", "conversations": row}]))
    sources = [tmp_path / f"{name}.json" for name in ("one", "two", "my-val")]
    done = tintype("import", *sources, tmp_path / "out")
    assert done.code == 0
    train = (tmp_path / "out" / "train.jsonl").read_text().splitlines()
    valid = (tmp_path / "out" / "valid.jsonl").read_text().splitlines()
    assert [json.loads(row)["messages"][0]["content"] for row in train] == ["a", "b"]
    assert [json.loads(row)["messages"][0]["content"] for row in valid] == ["c"]
    alone = tintype("import", sources[2], tmp_path / "alone")
    assert alone.code == 0


NEEDS_ROWS = {
    "stats": (), "dedupe": (), "boxes": (), "fix": (), "edit": ("--replace", "a", "b"),
    "query": ("images>0",), "convert": ("{out}", "--to", "yolo"), "split": ("{out}",),
    "subset": ("{out}", "-n", "2"), "embed": ("{out}",), "estimate": (), "check": (), "open": (),
}  # fmt: skip


@pytest.mark.parametrize("content", ["", "\n \n"])
def test_a_file_without_rows_is_said_to_have_none_by_every_command(
    tintype: Tintype, tmp_path: Path, content: str
) -> None:
    nothing = tmp_path / "nothing.jsonl"
    nothing.write_text(content)
    for command, more in NEEDS_ROWS.items():
        done = tintype(command, nothing, *(each.format(out=tmp_path / "out") for each in more))
        assert done.code in (1, 2), (command, done)
        known = ("no row", "has no examples", "is empty")
        assert any(words in done.said + done.out for words in known), (command, done)
        assert not (tmp_path / "out").exists()


def test_a_line_that_is_no_json_cannot_be_shown(tintype: Tintype, tmp_path: Path) -> None:
    damaged = tmp_path / "x.jsonl"
    damaged.write_text("no JSON\n")
    done = tintype("show", f"{damaged}:1")
    assert (done.code, "cannot be shown. Not JSON" in done.said) == (2, True)
