"""`tintype evaluate` and `tintype evaluations`, from rows to a page that opens anywhere."""

import asyncio
import csv
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from tintype.resources import Job
from tintype.store import open_store

SAID = "I have not been trained."
EVIL = '<script>alert(1)</script>=HYPERLINK("x")|*b*\x1b[2J'


class Page(HTMLParser):
    """The tags of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.sources: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.sources += [value or "" for name, value in attrs if name in ("src", "href")]


def test_from_rows_to_exports(tintype: Callable[..., Any], dataset: Path, tmp_path: Path) -> None:
    test = dataset.with_name("test.jsonl")
    rows = [json.loads(line) for line in test.read_text().splitlines()]
    for at, row in enumerate(rows):
        row["messages"][-1]["content"] = SAID if at % 2 else EVIL
        row["messages"][1]["content"][0]["text"] = (
            f"{'What is the title' if at % 2 else 'Who wrote'} {EVIL}{at}?"
        )
    test.write_text("".join(json.dumps(row) + "\n" for row in rows))
    exports = {kind: tmp_path / f"out.{kind}" for kind in ("html", "md", "csv", "jsonl", "xml")}
    written = [word for path in exports.values() for word in ("-o", path)]

    code, out, err = tintype("evaluate", test, "-m", "scripted", "--vqa-report", *written)

    assert code == 0, err
    assert out.startswith("scripted 50.0 % (")
    page = exports["html"].read_text()
    parsed = Page(page)
    assert {"svg", "img", "table"} <= set(parsed.tags)
    assert "script" not in parsed.tags
    assert all(source.startswith("data:image/jpeg;base64,") for source in parsed.sources)
    assert "Accuracy by question type" in page
    assert re.search(r"Closed and open questions", page)
    assert "\\<script\\>" not in page
    table = list(csv.DictReader(exports["csv"].read_text().splitlines()))
    assert len(table) == 10
    assert table[1]["exact"] == "1.0"
    assert not any(cell.startswith("=") for row in table for cell in row.values())
    lines = [json.loads(line) for line in exports["jsonl"].read_text().splitlines()]
    assert [line["scores"]["exact"] for line in lines] == [0.0, 1.0] * 5
    [suite] = ElementTree.parse(exports["xml"]).getroot()
    assert (suite.get("tests"), suite.get("failures")) == ("10", "5")
    assert "\\<script\\>" in exports["md"].read_text()

    code, out, err = tintype("evaluate", test, "-m", "scripted", "-s", "exact", "--json")
    report = json.loads(out)
    assert (code, report["reused"], report["models"]["exact"][0]["answered"]) == (0, 10, 10)

    code, _, err = tintype(
        "evaluate", test, "-m", "scripted", "-s", "exact", "--resume", "--fail-under", "80"
    )
    assert (code, err.count("Below 80 %")) == (1, 1)

    code, out, _ = tintype("evaluations", "--json")
    assert len(json.loads(out)["evaluations"]) == 2  # the third took up the second
    code, out, _ = tintype("evaluations", "show", "last", "-s", "contains")
    assert code == 0
    assert "By question type" in out
    newest, oldest = (
        run["id"] for run in json.loads(tintype("evaluations", "--json")[1])["evaluations"]
    )
    code, out, err = tintype("evaluations", "compare", newest, oldest)
    assert (code, out) == (2, "")
    assert "cannot be compared: they differ in scorers" in err
    code, out, _ = tintype("evaluations", "compare", newest, newest)
    assert "0 better, 0 worse" in out
    picked = tmp_path / "failed.jsonl"
    code, _, err = tintype("evaluations", "rows", newest, "-o", picked)
    assert (code, err.count("5 rows")) == (0, 1)
    assert picked.read_text().splitlines() == test.read_text().splitlines()[::2]
    code, out, _ = tintype("evaluations", "rows", newest)
    assert (code, out.count("line ")) == (0, 5)
    code, out, _ = tintype("evaluations", "show", newest, "--question-type", "Last=9")
    assert (code, "Last" in out) == (0, True)
    code, _, _ = tintype("evaluations", "export", newest, tmp_path / "again.csv")
    assert (code, (tmp_path / "again.csv").exists()) == (0, True)


async def remember(home: Path, **models: str | None) -> None:
    at = datetime(2026, 11, 20, tzinfo=UTC)
    async with open_store(home / "state" / "tintype.sqlite") as store:
        for suffix, model in models.items():
            job = Job(f"ftjob-{suffix}", "tiny", "succeeded", at, "file-1", suffix=suffix)
            store.jobs.remember("tintype", replace(job, fine_tuned_model=model), seen_at=at)


def test_jobs_are_compared_by_what_their_models_score(
    tintype: Callable[..., Any], dataset: Path, home: Path
) -> None:
    test = dataset.with_name("test.jsonl")
    assert tintype("evaluate", test, "-m", "scripted", "-s", "exact")[0] == 0
    asyncio.run(remember(home, one="scripted", two=None))
    code, out, err = tintype("jobs", "compare", "ftjob-one", "ftjob-two")
    assert (code, err) == (0, "")
    [score] = [line for line in out.splitlines() if line.startswith("score")]
    assert re.fullmatch(r"score +\S+ % \(\d+–\d+\), n 10 +not evaluated", score)
    found = json.loads(tintype("jobs", "compare", "ftjob-one", "--json")[1])
    assert (found["jobs"][0]["score"]["n"], found["jobs"][0]["cost_usd"]) == (10, None)
    listed = json.loads(tintype("jobs", "--all", "--sort", "score", "--json")[1])
    assert [one["id"] for one in listed] == ["ftjob-one", "ftjob-two"]
    assert listed[0]["scored"]["scorer"] == "exact"
    assert listed[1]["score"] is None
    code, _, err = tintype("jobs", "compare", "ftjob-none")
    assert (code, "not known here" in err) == (2, True)


def test_what_cannot_run_says_why(tintype: Callable[..., Any], dataset: Path) -> None:
    for words, why in (
        (("-s", "nonsense"), "There is no scorer 'nonsense'"),
        (("-s", "judge"), "needs a model that grades"),
        (("-m", "last"), "No model has been tuned yet"),
        (("--budget", "much"), "Invalid value for '--budget'"),
        (("-o", "x.pdf"), "x.pdf says no format"),
        (("--question-type", "A=(["), "is no regular expression"),
    ):
        model = () if "-m" in words else ("-m", "scripted")
        code, out, err = tintype("evaluate", dataset, *model, *words)
        assert (code, out) == (2, "")
        assert why in err
    assert tintype("evaluations", "show")[0] == 2
