"""`tintype open`: what a path is, whatever it is."""

import json
from pathlib import Path
from typing import Any

ROWS = [
    {"image": "a.png", "question": "What is it?", "answer": "red"},
    {"image": "gone.png", "question": "And this?", "answer": "blue"},
]


def test_a_path_is_named_shown_and_refused(tintype: Any, dataset: Path, tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (8, 6), "red").save(tmp_path / "a.png")
    (tmp_path / "set.json").write_text(json.dumps(ROWS))
    done = tintype("open", tmp_path / "set.json")
    assert done.code == 0
    assert "set.json: a JSON list of questions and answers" in done.out
    assert "assistant: red" in done.out
    assert f"tintype import rows {tmp_path / 'set.json'} DIR" in done.err
    found = json.loads(tintype("open", tmp_path / "set.json", "--json").out)
    assert (found["format"], found["rows"], found["lost"]) == ("rows", 1, 1)
    assert "a file of chat rows, 12 rows" in tintype("open", dataset).out
    both = tintype("open", tmp_path / "set.json", dataset)
    assert "set.json: a JSON list" in both.out
    assert "a file of chat rows, 12 rows" in both.out
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.md").write_text("# Notes")
    refused = tintype("open", tmp_path / "notes")
    assert refused.code == 2
    assert "Looked for: " in refused.err


def test_chat_rows_that_are_not_one_on_a_line_are_named_and_imported(
    tintype: Any, dataset: Path, tmp_path: Path
) -> None:
    rows = [json.loads(line) for line in dataset.read_text().splitlines()]
    listed, spread, wide = (tmp_path / f"{name}.jsonl" for name in ("listed", "spread", "wide"))
    listed.write_text(json.dumps(rows, indent=1))
    spread.write_text("\n".join(json.dumps(row, indent=2) for row in rows))
    wide.write_bytes(dataset.read_text().encode("utf-16-le"))
    for path, what in ((listed, "a JSON list of messages"), (spread, "each over several lines")):
        done = tintype("open", path)
        assert (done.code, what in done.out) == (0, True), done.out
        assert f"tintype import rows {path} DIR" in done.err
        imported = tintype("import", path, tmp_path / f"{path.stem}-rows")
        assert (imported.code, "12 rows are written" in imported.said) == (0, True), imported.said
    refused = tintype("open", wide)
    assert (refused.code, "encoded as UTF-16" in refused.err) == (2, True)
