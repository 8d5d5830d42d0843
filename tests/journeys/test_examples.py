"""The examples run as they are, from the shell and where an event loop runs already."""

import asyncio
import json
import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import tintype.blocking
from tintype import plugins

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def tuned(home: Path, dataset: Path) -> Iterator[None]:
    """A model that was tuned last."""
    with tintype.blocking.connect() as provider:
        job = tintype.blocking.train(dataset, provider, model="scripted")
        tintype.blocking.wait(job, provider)
    yield
    tintype.blocking.close()


def run(example: str, *arguments: str | Path) -> str:
    command = [sys.executable, str(EXAMPLES / example), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_an_example_has_five_to_eleven_lines() -> None:
    for path in EXAMPLES.glob("*.py"):
        lines = [line for line in path.read_text().splitlines()[1:] if line.strip()]
        assert 5 <= len(lines) <= 11, path.name


def test_problems_are_listed(home: Path, dataset: Path) -> None:
    assert "0 more problems are not listed" in run("list_problems.py", dataset, "openai")


def test_costs_are_plotted(home: Path, dataset: Path) -> None:
    assert run("plot_costs.py", dataset).count("█") > 2


def test_a_curve_is_saved(home: Path, dataset: Path, tmp_path: Path) -> None:
    text = tmp_path / "text.jsonl"  # without images the real engine trains in no time
    rows = [json.loads(line) for line in dataset.read_text().splitlines()]
    for row in rows:
        del row["messages"][1]["content"][1]
    text.write_text("\n".join(map(json.dumps, rows)))
    run("save_curve.py", text, tmp_path / "curve.csv")
    assert (tmp_path / "curve.csv").read_text().startswith("step,train_loss")


def test_boxes_are_scored(tuned: None, dataset: Path) -> None:
    assert run("score_boxes.py", dataset.with_name("test.jsonl")).startswith(
        "mean IoU of 10 images"
    )


def test_models_are_evaluated(home: Path, dataset: Path) -> None:
    said = run("evaluate_models.py", dataset.with_name("test.jsonl"), "scripted")
    assert said.startswith("scripted 0.0 % (")
    assert said.count("line ") == 5


def test_a_rule_is_added(home: Path, dataset: Path) -> None:
    assert "short_answers" in run("add_rule.py", dataset, "openai")


async def test_an_example_runs_in_a_notebook(
    home: Path,
    dataset: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["add_rule.py", str(dataset), "openai"])
    assert asyncio.get_running_loop().is_running()
    made = runpy.run_path(str(EXAMPLES / "add_rule.py"))

    assert "short_answers" in capsys.readouterr().out
    plugins.unregister("rules", made["short_answers"])
    tintype.blocking.close()


def test_the_snippet_of_the_readme_runs(home: Path, dataset: Path) -> None:
    readme = (EXAMPLES.parent / "README.md").read_text()
    snippet = readme.partition("## As a library")[2].partition("```python\n")[2].partition("```")[0]
    done = subprocess.run(
        [sys.executable, "-c", snippet], cwd=dataset.parent, capture_output=True, text=True
    )
    assert done.stderr == ""
    assert "Cost(low=" in done.stdout
