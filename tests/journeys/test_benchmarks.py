"""The README's figures: each is printed by a benchmark that is there and runs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks.terminal import Answering, Display

ROOT = Path(__file__).parents[2]
PARTS = {"checked_app", "figures", "link", "paced", "slow_provider", "terminal"}
"""What benchmarks are made of."""
FOLDERS = {path.parent.name for path in (ROOT / "benchmarks").glob("*/__main__.py")}
"""Those that take more than this machine has."""
NAMES = {path.stem for path in (ROOT / "benchmarks").glob("[a-z]*.py")} - PARTS


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
        assert first in NAMES | FOLDERS, words


@pytest.mark.parametrize("name", sorted(NAMES - {"learning", "kills"}))
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


def test_the_terminal_of_the_benchmark_answers_and_shows_however_its_input_is_cut() -> None:
    written = (
        b"a\x1b[3b\x1b[c\x1b[38;2;1;2;3mred\x1bPq#0;1\x1b\\x\x1b[>q\x1b_Gi=3,a=q;AA\x1b\\\x1b[<u"
    )
    for cut in range(len(written)):
        answering, display = Answering("kitty"), Display(20, 2)
        said = b""
        for piece in (written[:cut], written[cut:]):
            said += answering.replies(piece)
            display.write(piece)
        assert said == b"\x1b[?62;52c\x1bP>|kitty(0.41.1)\x1b\\\x1b_Gi=3;OK\x1b\\"
        assert display.display[0].rstrip() == "aaaaredx"
        assert display.images == 2
