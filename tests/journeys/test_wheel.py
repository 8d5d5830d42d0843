"""The wheel as it is built: installed into a fresh environment, without the sources, and run."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
Run = Callable[..., subprocess.CompletedProcess[str]]


def done(*command: str | Path, **options: object) -> subprocess.CompletedProcess[str]:
    ended = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        timeout=240,
        **options,  # type: ignore[call-overload]
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the sources."""
    folder = tmp_path_factory.mktemp("dist")
    done(sys.executable, "-m", "build", "-q", "--wheel", "--no-isolation", "-o", folder, ROOT)
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Run something in a fresh environment that has the wheel.

    What it depends on is taken from the environment of the tests: nothing is downloaded.
    """
    home = tmp_path_factory.mktemp("fresh")
    done(sys.executable, "-m", "venv", "--without-pip", home / "venv")
    python = home / "venv" / "bin" / "python"
    done(
        *(sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps"),
        *("--no-index", "--disable-pip-version-check", wheel),
    )
    where = done(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))")
    ours = done(sys.executable, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))")
    (Path(where.stdout.strip()) / "dependencies.pth").write_text(ours.stdout)
    others = ("PYTHON", "TINTYPE")  # what tests set for their own apps and servers
    environ = {name: value for name, value in os.environ.items() if not name.startswith(others)}
    environ["TINTYPE_HOME"] = str(home / "home")

    def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
        return done(python.parent / command[0], *command[1:], cwd=home, env=environ)

    return run


def test_the_wheel_holds_every_file_of_both_packages(wheel: Path) -> None:
    listed = done("git", "-C", ROOT, "ls-files", "core", "tui").stdout.splitlines()
    if not listed:
        pytest.skip("the sources are no repository")
    wanted = {name.partition("/")[2] for name in listed if (ROOT / name).exists()}
    assert wanted <= set(zipfile.ZipFile(wheel).namelist())


def test_the_installed_command_and_library_check_and_estimate(
    installed: Run, tmp_path: Path
) -> None:
    rows = tmp_path / "train.jsonl"
    turns = '{"role":"user","content":"Which?"},{"role":"assistant","content":"This."}'
    rows.write_text(f'{{"messages":[{turns}]}}\n' * 12)
    code = (
        "import sys, tintype, tintype.blocking as t\n"
        "assert 'venv' in tintype.__file__, tintype.__file__\n"
        "print(len(t.open(sys.argv[1])), t.check(sys.argv[1]).model)"
    )

    assert '"status"' in installed("tintype", "check", rows, "-p", "openai", "--json").stdout
    assert '"cost_usd"' in installed("tintype", "estimate", rows, "--json").stdout
    assert installed("python", "-c", code, rows).stdout == "12 tintype-tiny\n"
