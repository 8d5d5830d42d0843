"""The whole story by commands: trained, asked, kept, gone, restored."""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import running_server

from tintype.server import run
from tintype.server.run import Options


def test_a_model_outlives_its_provider(
    tintype: Callable[..., Any],
    home: Path,
    dataset: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    test, valid = dataset.with_name("test.jsonl"), dataset.with_name("valid.jsonl")
    done = tintype("train", dataset, "--validation", valid, "--model", "scripted", "--wait")
    assert done.code == 0, done.err
    model = tintype("jobs", "--json").json[0]["fine_tuned_model"]

    cost = tintype("keep", "golden", "last", "--samples", "2", "--dry-run", "--json").json
    assert (cost["questions"], cost["most_usd"]) == (44, 0)
    assert tintype("evaluations", "--json").json["evaluations"] == [], "nothing was asked"
    done = tintype("keep", "golden", "last", "--samples", "2", "--json")
    assert done.code == 0, done.err
    assert [(Path(run["dataset"]).name, run["answers"]) for run in done.json["runs"]] == [
        ("test.jsonl", 20),
        ("valid.jsonl", 24),
    ]
    done = tintype("keep", "last", "-o", tmp_path / "kept.zip", "--json")
    assert (done.code, done.json["not_kept"]) == (0, []), done.err
    assert model in done.json["models"]
    cleaning = tintype("clean", "archives")
    assert "archives/kept.zip" in cleaning.out
    assert "remove them yourself" in cleaning.said
    asked = tmp_path / "asked.jsonl"
    shutil.copy(dataset, asked)
    question = ("ask", model, "--row", f"{asked}:2", "--json")
    [answer] = tintype(*question).json["answers"]
    assert answer["text"] == answer["expected"], "it has learnt this row"

    stopped = run.find(home / "data" / "server")
    assert stopped is not None
    asyncio.run(run.stop(stopped, training=True))
    shutil.rmtree(home)
    for path in (dataset, test, valid):
        path.unlink()
    done = tintype("keep", "verify", tmp_path / "kept.zip")
    assert (done.code, done.out) == (0, ""), done.err
    done = tintype("keep", "restore", tmp_path / "kept.zip", "--json")
    assert (len(done.json["jobs"]), len(done.json["evaluations"])) == (1, 2)
    assert model in done.json["models"], "its weights are at the new server"
    assert tintype("ask", "last", *question[2:]).json["answers"][0]["text"] == answer["text"]
    assert "`tintype jobs --all` lists those kept here" in tintype("jobs").said
    shown = tintype("evaluations", "show", "last")
    assert shown.code == 0, shown.err
    assert "unusable" in shown.out
    again = tintype("keep", "restore", tmp_path / "kept.zip", "--json").json
    assert [again[what] for what in ("jobs", "models", "evaluations", "files")] == [[], [], [], []]

    with running_server(Options(tmp_path / "second")) as second:
        (home / "config").mkdir(exist_ok=True)
        (home / "config/config.toml").write_text(
            f'[profiles.second]\nprovider = "tintype"\nbase_url = "{second.url}"\n'
            'key_env = "SECOND_KEY"\n'
        )
        monkeypatch.setenv("SECOND_KEY", second.token)
        said = tintype("move", "last", "--to", "second", "--model", "scripted", "--dry-run").said
        assert "learning rate multiplier" in said
        assert "no row changes" in said
        done = tintype(
            "move", "last", "--to", "second", "--model", "scripted", "--wait", "--yes", "--json"
        )
        assert done.code == 0, done.err
        assert done.json["job"]["status"] == "succeeded"
        new = f"{done.json['job']['fine_tuned_model']}@second"
        runs = tintype("evaluations", "--json").json["evaluations"]
        [old] = [one["id"] for one in runs if one["rows"] == 10]
        page = tmp_path / "report.html"
        done = tintype("replacement", old, "-m", new, "-o", page, "--yes", "--json")
        assert done.code == 0, done.err
        assert done.json["rows"] == 10
        assert "agrees with" in done.json["sentence"]
        assert model in page.read_text()
        runs = tintype("evaluations", "--json").json
        done = tintype("replacement", old, "-m", "scripted@second", "-o", page, "--yes")
        assert (done.code, "exists already" in done.err) == (2, True)
        assert tintype("evaluations", "--json").json == runs, "nothing was asked"
    done = tintype("move", "last", "--recipe", "trl", "-o", tmp_path / "recipe", "-p", "tintype")
    assert done.code == 0, done.err
    assert "num_train_epochs" in (tmp_path / "recipe/train.py").read_text()


def test_nothing_is_kept_unnamed_and_mistakes_are_said(
    tintype: Callable[..., Any], tmp_path: Path
) -> None:
    done = tintype("keep")
    assert done.code == 0 or "Usage" in done.err + done.out
    done = tintype("keep", "-o", tmp_path / "x")
    assert done.code == 2
    assert "Name a job or a tuned model, or --all" in done.said
    done = tintype("keep", "verify", tmp_path / "nothing")
    assert done.code == 2
    assert "There is no" in done.said
    (tmp_path / "other").mkdir()
    done = tintype("keep", "verify", tmp_path / "other")
    assert (done.code, "no finished archive" in done.said) == (2, True)
