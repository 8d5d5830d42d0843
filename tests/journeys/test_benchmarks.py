"""The README's figures: each is printed by a benchmark that is there and runs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMES = {path.stem for path in (ROOT / "benchmarks").glob("[a-z]*.py")} - {"figures"}


def test_every_benchmark_that_the_readme_names_is_there() -> None:
    text = " ".join((ROOT / "README.md").read_text().split())
    commands = re.findall(r"`python -m benchmarks([^`]*)`", text)
    named = {
        word.lstrip(".") for words in commands for word in words.split() if word[0] not in "-["
    }
    assert len(commands) > 1
    assert named & NAMES >= {"startup", "chart", "dataset", "server", "learning"}
    for words in commands:
        first = words.split()[0].lstrip(".")
        assert first in NAMES, words


@pytest.mark.parametrize("name", sorted(NAMES - {"learning"}))
def test_a_benchmark_runs_and_prints_its_figures(name: str, home: Path) -> None:
    command = [sys.executable, "-m", "benchmarks", "--quick", name]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    figures = re.findall(r"^.{52} +([\d.,e+-]+) (\S+)?", done.stdout, re.MULTILINE)
    assert len(figures) >= 3, done.stdout


def test_what_was_learnt_is_judged_against_the_commonest_answer() -> None:
    """The whole benchmark trains for minutes; what it makes of the answers does not."""
    code = (
        "from benchmarks.figures import report\n"
        "from benchmarks.learning import judge\n"
        "pairs = [('q', 'yes', 'yes'), ('q', 'no', 'no'), ('q', 'no', 'yes')]\n"
        "report(judge('books', pairs, {'q': 'yes'}))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert [line.split()[-2] for line in done.stdout.splitlines()] == ["66.67", "33.33"]
