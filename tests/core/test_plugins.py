"""Plug-ins: found by entry point, environment variable and decorator; blamed by file and line."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tintype import plugins
from tintype.dataset import open_dataset
from tintype.errors import PluginError
from tintype.plugins import KINDS, Kind
from tintype.rules import Case, check, rules_of

LOUD = """\
def no_shouting(case):
    for at, message in case.messages:
        if str(message["content"]).isupper():
            yield case.problem("no_shouting", "error", "Do not shout.", place=f"messages[{at}]")
"""


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    row = '{"messages":[{"role":"user","content":"Q"},{"role":"assistant","content":"%s"}]}\n'
    path.write_text(row % "quiet" + row % "LOUD")
    return path


async def found(path: Path, rule: str) -> list[tuple[int, str, str, str]]:
    async with open_dataset(path) as dataset:
        return [
            (problem.line, problem.severity, problem.place, problem.message)
            async for batch in check(dataset, rules_of("openai"))
            for problem in batch.problems
            if problem.rule == rule
        ]


async def test_a_rule_named_in_the_environment_judges_every_row(
    tmp_path: Path, rows: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.py").write_text(LOUD)
    monkeypatch.setenv("TINTYPE_RULES", f"{tmp_path / 'mine.py'}:no_shouting")

    loud = (2, "error", "messages[1]", "Do not shout.")
    assert (1, "error", "messages[0]", "Do not shout.") in await found(rows, "no_shouting")
    assert loud in await found(rows, "no_shouting")


async def test_a_decorated_rule_may_yield_plain_sentences(rows: Path) -> None:
    @plugins.rule
    def is_quiet(case: Case) -> Iterator[str]:
        if "LOUD" in str(case.row.value):
            yield "This is loud."

    try:
        assert await found(rows, "is_quiet") == [(2, "warning", "", "This is loud.")]
    finally:
        plugins.unregister("rules", is_quiet)
    assert await found(rows, "is_quiet") == []


def test_a_file_without_an_attribute_offers_what_it_registers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "many.py"
    file.write_text("from tintype.plugins import scorer\n@scorer\ndef one(): ...\nscorer(print)\n")
    monkeypatch.setenv("TINTYPE_SCORERS", str(file))

    names = [plugin.name for plugin in plugins.plugins("scorers")]
    assert names == ["one", "print"]
    for plugin in plugins.plugins("scorers"):
        plugins.unregister("scorers", plugin.value)


def test_an_installed_package_offers_an_entry_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "offering-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: offering\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[tintype.scorers]\nexact = offering:exact\n")
    (tmp_path / "offering.py").write_text("def exact(a, b): return a == b\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("TINTYPE_SCORERS", " ")  # another key of the cache
    importlib.invalidate_caches()

    (plugin,) = plugins.plugins("scorers")
    assert plugin.name == "offering:exact"
    assert plugin.value("a", "a")
    assert plugin.file == str(tmp_path / "offering.py")
    plugins._found.cache_clear()
    del sys.modules["offering"]


async def test_what_a_rule_raises_names_its_file_its_line_and_the_row(
    tmp_path: Path, rows: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "broken.py"
    file.write_text("import json\n\n\ndef broken(case):\n    return json.loads('{')\n")
    monkeypatch.setenv("TINTYPE_RULES", f"{file}:broken")

    with pytest.raises(PluginError) as failed:
        await found(rows, "broken")
    assert str(failed.value).startswith(
        f"The rule {file}:broken failed on line 1 of the dataset ({file}, line 5): JSONDecodeError"
    )
    assert (failed.value.path, failed.value.line) == (file, 5)


async def test_a_rule_that_gives_something_else_is_named(rows: Path) -> None:
    def numbers(case: Case) -> Any:
        return [1]

    plugins.rule(numbers)
    try:
        with pytest.raises(PluginError, match="The rule numbers gave int, which is neither"):
            await found(rows, "numbers")
    finally:
        plugins.unregister("rules", numbers)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("source", "name", "message"),
    [
        ("x = 1", ":y", "has no attribute 'y'"),
        ("x = 1", "", "it registers no"),
        ("import nowhere_at_all", ":x", r"line 1\): ModuleNotFoundError: No module named"),
        ("x = (", ":x", r"line 1\): SyntaxError"),
        ("\nraise RuntimeError", ":x", r"line 2\): RuntimeError\."),
    ],
)
def test_what_cannot_be_loaded_is_a_sentence_with_file_and_line(
    kind: Kind,
    source: str,
    name: str,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = tmp_path / "bad.py"
    file.write_text(source)
    monkeypatch.setenv(plugins.variable(kind), f"{file}{name}")

    with pytest.raises(PluginError, match=rf"The {kind[:-1]} '.*' cannot be loaded.*{message}"):
        plugins.plugins(kind)


def test_a_file_that_is_not_there_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINTYPE_FORMATS", "/nowhere/format.py:mine")

    with pytest.raises(PluginError, match=r"cannot be loaded.*No such file"):
        plugins.plugins("formats")


def test_registering_a_name_again_replaces_it_as_in_a_notebook() -> None:
    def one() -> None: ...

    first = plugins.scorer(one)

    def one() -> None: ...  # type: ignore[no-redef]

    plugins.scorer(one)
    assert [plugin.value for plugin in plugins.plugins("scorers")] == [one]
    assert first is not one
    plugins.unregister("scorers", one)
    assert plugins.plugins("scorers") == ()
