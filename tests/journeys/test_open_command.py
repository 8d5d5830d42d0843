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
