"""Edits over a dataset: undone, done again, kept through changes of the file and through a kill."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tintype import editing
from tintype.assessment import assess
from tintype.dataset import Dataset, open_dataset
from tintype.dataset.edits import EditedRow
from tintype.dataset.query import compile_query, parse_query, search
from tintype.dataset.rewriting import Change, changes, relabelling, replacing
from tintype.overlay import laying_over
from tintype.rules import rules_of
from tintype.settings.folders import folders
from tintype.store import Store, open_store

URL = "data:image/png;base64," + "iVBORw0KGgo" + "A" * 400


def line(answer: str, **more: Any) -> str:
    content = [
        {"type": "text", "text": "What?"},
        {"type": "image_url", "image_url": {"url": URL}},
    ]
    messages = [
        {"role": "user", "content": content},
        {"role": "assistant", "content": answer},
    ]
    return json.dumps({"messages": messages, **more})


def put(path: Path, *lines: str) -> None:
    path.write_text("".join(f"{one}\n" for one in lines))


def content(path: Path) -> bytes:
    return path.read_bytes()


def write(path: Path, *answers: str) -> Path:
    put(path, *map(line, answers))
    return path


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TINTYPE_HOME", str(tmp_path / "home"))
    return write(tmp_path / "data.jsonl", "cat", "dog", "cat", "bird")


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[tuple[Store, Dataset]]:
    """As the app opens it: with what lies over it."""
    token = laying_over.set(editing.over)
    try:
        async with open_store(folders().store_file) as store, open_dataset(path) as dataset:
            yield store, dataset
    finally:
        laying_over.reset(token)


async def made(dataset: Dataset, change: Change) -> list[EditedRow]:
    return [row.edit async for step in changes(dataset, change) for row in step.found]


async def answers(dataset: Dataset) -> list[str]:
    return [(await dataset.example(index)).answer for index in range(dataset.count)]


async def relabel(path: Path, old: str, new: str) -> None:
    async with opened(path) as (store, dataset):
        rows = await made(dataset, relabelling(old, new))
        await editing.edit(store.edits, dataset, f"relabel {old} as {new}", rows)


async def read(path: Path) -> list[str]:
    async with opened(path) as (_, dataset):
        return await answers(dataset)


async def test_every_reader_sees_the_edited_rows_and_the_file_stays(path: Path) -> None:
    before = content(path)
    await relabel(path, "cat", "lynx")
    async with opened(path) as (_, dataset):
        assert await answers(dataset) == ["lynx", "dog", "lynx", "bird"]
        batches = [batch async for batch in dataset.rows()]
        assert [row.value["messages"][1]["content"] for batch in batches for row in batch] == [
            "lynx",
            "dog",
            "lynx",
            "bird",
        ]
        query = parse_query("lynx")
        found = [index async for step in search(dataset, query) for index in step.matching]
        assert found == [0, 2]
        assert '"lynx"' in await dataset.source(0)
        (edited,) = await dataset.lines(0, 1, 10**6)
        assert edited.url(0) == URL
        assert dataset.stamp.edits
        assert dataset.stamp.holds
    assert content(path) == before
    async with open_dataset(path) as bare:  # a library that was not asked for edits
        assert await answers(bare) == ["cat", "dog", "cat", "bird"]


async def test_a_check_counts_the_edited_rows(path: Path) -> None:
    await relabel(path, "cat", "lynx")
    async with opened(path) as (_, dataset):
        steps = assess(dataset, rules_of("openai"), fetch=False)
        found = [step async for step in steps][-1]
        assert found.statistics is not None
        assert found.statistics.facets["answer"] == {"lynx": 2, "dog": 1, "bird": 1}
        assert found.file == dataset.stamp


async def test_steps_are_undone_and_done_again_in_any_session(path: Path) -> None:
    await relabel(path, "cat", "lynx")
    await relabel(path, "lynx", "cat")
    assert await read(path) == ["cat", "dog", "cat", "bird"]
    async with opened(path) as (store, dataset):
        assert not dataset.edits.rows
        assert await editing.undo(store.edits, dataset) == "relabel lynx as cat"
        assert await answers(dataset) == ["lynx", "dog", "lynx", "bird"]
    async with opened(path) as (store, dataset):
        assert dataset.edits.done == ("relabel cat as lynx",)
        assert dataset.edits.undone == ("relabel lynx as cat",)
        await editing.undo(store.edits, dataset)
        assert await editing.undo(store.edits, dataset) == ""
        await editing.redo(store.edits, dataset)
        assert await answers(dataset) == ["lynx", "dog", "lynx", "bird"]
        rows = await made(dataset, relabelling("dog", "wolf"))
        await editing.edit(store.edits, dataset, "another", rows)
        assert await editing.redo(store.edits, dataset) == ""
    assert await read(path) == ["lynx", "wolf", "lynx", "bird"]


async def test_edits_follow_their_rows_through_another_version_of_the_file(path: Path) -> None:
    await relabel(path, "cat", "lynx")
    await relabel(path, "bird", "crow")
    # A row before them, one of the two cats gone, the bird spelt otherwise but the same.
    bird = json.dumps(json.loads(line("bird")), indent=None, separators=(",", ":"))
    put(path, line("new"), bird, line("dog"), line("cat"))
    async with opened(path) as (_, dataset):
        assert await answers(dataset) == ["new", "crow", "dog", "lynx"]
        assert len(dataset.edits.lost) == 1
        assert json.loads(dataset.edits.lost[0].text or "")["messages"][1]["content"] == "lynx"
    write(path, "cat", "dog", "cat", "bird")  # what was lost is found again
    async with opened(path) as (store, dataset):
        assert await answers(dataset) == ["lynx", "dog", "lynx", "crow"]
        assert dataset.edits.lost == ()
        await editing.undo(store.edits, dataset)
        assert await answers(dataset) == ["lynx", "dog", "lynx", "bird"]


async def test_equal_rows_are_edited_each_for_itself(path: Path) -> None:
    async with opened(path) as (store, dataset):
        pattern = compile_query(parse_query("cat"))
        steps = changes(dataset, replacing(pattern, "puma"), rows=[2])
        rows = [row.edit async for step in steps for row in step.found]
        await editing.edit(store.edits, dataset, "one", rows)
    assert await read(path) == ["cat", "dog", "puma", "bird"]
    os.utime(path, ns=(1, 1))  # touched: looked at again, and all stand where they stood
    assert await read(path) == ["cat", "dog", "puma", "bird"]


KILLED = """
import asyncio, sys
from pathlib import Path
from tests.core.test_editing import relabel
async def go(before):
    for at in range(10_000):
        await relabel(Path(sys.argv[1]), before, f"{sys.argv[3]}{at}")
        before = f"{sys.argv[3]}{at}"
        print(before, flush=True)
asyncio.run(go(sys.argv[2]))
"""


def test_a_kill_leaves_whole_steps(path: Path) -> None:
    label = "cat"
    for attempt, steps in enumerate((1, 4)):
        child = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(path), label, "abc"[attempt]],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        assert child.stdout is not None
        for _ in range(steps):
            label = child.stdout.readline().decode().strip()
        child.kill()  # in the middle of a later step
        child.communicate()
        found = asyncio.run(read(path))
        assert found[0] == found[2]
        assert found[0][0] == "abc"[attempt]
        assert int(found[0][1:]) >= int(label[1:])
        assert found[1::2] == ["dog", "bird"]
        label = found[0]
