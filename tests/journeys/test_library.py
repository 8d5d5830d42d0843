"""The public API: about twenty names, awaited, watched, and the same without `await`."""

import asyncio
import inspect
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import tintype
import tintype.blocking
from tintype import inventory
from tintype.errors import DatasetError, FileError, QuoteError, SettingsError, TintypeError
from tintype.library import Rows
from tintype.settings import Settings

NAMES = [
    *(
        "open",
        "Rows",
        "check",
        "estimate",
        "compare",
        "fix",
        "import_dataset",
        "convert",
        "split",
        "edit",
        "boxes",
        "mean_iou",
    ),
    *("connect", "Connection", "train", "follow", "wait", "explain", "ask", "stream", "evaluate"),
    "take_inventory",
    *("rule", "scorer", "format", "engine", "TintypeError", "errors"),
]


@pytest.fixture
def blocking() -> Iterator[Any]:
    """The blocking layer, closed afterwards."""
    yield tintype.blocking
    tintype.blocking.close()


def test_these_names_are_public_and_no_others() -> None:
    assert tintype.__all__ == NAMES
    assert tintype.blocking.__all__ == [*NAMES, "run", "steps", "close"]
    assert set(NAMES) <= set(dir(tintype))
    for name in NAMES:
        assert inspect.getdoc(getattr(tintype, name)), name
        assert inspect.getdoc(getattr(tintype.blocking, name)), name
    with pytest.raises(AttributeError):
        tintype.nothing  # noqa: B018


def test_importing_tintype_imports_nothing_else() -> None:
    code = "import sys, tintype; print([m for m in sys.modules if m.startswith('tintype.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


async def test_a_dataset_is_a_sequence_of_examples(home: Path, dataset: Path) -> None:
    async with tintype.open(str(dataset)) as rows:
        assert len(rows) == 12
        assert rows[0].answer == "answer 0"
        assert rows[-1].index == 11
        assert [row.index for row in rows[2:4]] == [2, 3]
        assert [row.index for row in rows] == [row.index async for row in rows] == list(range(12))
        assert rows.question(0)[-1]["content"][1]["image_url"]["url"].startswith("data:")
        assert (await rows.image(0)).startswith(b"\x89PNG")
        with pytest.raises(IndexError, match="has 12 rows; there is no row 12"):
            rows[12]
    with pytest.raises(DatasetError, match="has been closed"):
        rows[0]
    rows.close()


async def test_an_opened_dataset_may_be_awaited_and_closed_by_hand(dataset: Path) -> None:
    rows = await tintype.open(dataset)
    assert len(rows) == 12
    await rows.aclose()
    await rows.aclose()


@pytest.mark.parametrize("path", ["~q9/a.jsonl", "a\0b", ""])
async def test_paths_that_are_none_are_a_sentence(home: Path, path: str) -> None:
    with pytest.raises(FileError):
        await tintype.open(path)
    with pytest.raises(FileError):
        await tintype.check(path, "openai")


async def test_work_is_awaited_for_its_result_or_watched(home: Path, dataset: Path) -> None:
    work = tintype.check(dataset, "openai")
    steps = [step async for step in work]
    checked = await work

    assert steps[-1].complete
    assert checked.summary is not None
    assert checked.problems == steps[-1].problems
    assert checked.omitted == 0
    assert not steps[0].complete


async def test_an_estimate_takes_names_of_providers_and_what_a_check_found(
    home: Path, dataset: Path
) -> None:
    checked = await tintype.check(dataset, "openai")
    quote = await tintype.estimate(checked, "openai", epochs=2)
    again = await tintype.estimate(str(dataset), "openai", epochs=2)

    assert quote.estimate == again.estimate
    assert quote.estimate.epochs == 2
    with pytest.raises(QuoteError, match=r"was checked for OpenAI .* not for Azure"):
        await tintype.estimate(checked, "azure")
    with pytest.raises(SettingsError, match="'nobody'"):
        await tintype.estimate(dataset, "nobody")
    with pytest.raises(SettingsError, match="does not train 'gpt-4o'"):
        await tintype.estimate(dataset, "tintype", model="gpt-4o")


async def test_a_validation_file_is_checked_beside_its_training_file(
    home: Path, dataset: Path
) -> None:
    training = await tintype.check(dataset, "openai")
    found = await tintype.check(dataset, "openai", training=training)

    assert {problem.rule for problem in found.problems} >= {"leak"}


async def test_comparing_names_every_provider(home: Path, dataset: Path) -> None:
    offers = await tintype.compare(dataset)

    assert {offer.estimate.plan.provider for offer in offers} >= {"openai", "tintype"}


async def test_a_fixed_copy_is_written_and_found_good(home: Path, dataset: Path) -> None:
    target = dataset.with_name("fixed.jsonl")
    done = await tintype.fix(dataset, target, "openai")

    assert done.files == (target,)
    assert done.rows == 12
    with pytest.raises(DatasetError, match="exists already"):
        await tintype.fix(dataset, target, "openai")


async def test_a_table_is_imported(home: Path, dataset: Path, tmp_path: Path) -> None:
    async with tintype.open(dataset) as rows:
        (tmp_path / "one.png").write_bytes(await rows.image(0))
    (tmp_path / "table.csv").write_text("image,question,answer\none.png,What?,a cat\n")
    report = await tintype.import_dataset(tmp_path / "table.csv", tmp_path / "rows")

    assert report.rows == 1
    (written,) = report.files.values()
    async with tintype.open(written) as rows:
        assert rows[0].answer == "a cat"


async def test_a_dataset_is_converted_split_and_edited(
    home: Path, dataset: Path, tmp_path: Path
) -> None:
    before = sorted(dataset.parent.iterdir())
    dry = await tintype.convert(dataset, tmp_path / "new.jsonl", dry_run=True)
    assert (dry.rows, dry.files, dry.complete) == (12, (), True)
    assert sorted(dataset.parent.iterdir()) == before
    done = await tintype.convert(dataset, tmp_path / "new.jsonl")
    assert done.files == (tmp_path / "new.jsonl",)
    assert done.size_bytes == dry.size_bytes == (tmp_path / "new.jsonl").stat().st_size
    other = await tintype.convert(dataset, tmp_path / "llava", "llava", alone=True)
    assert (other.rows, other.lost, other.files) == (12, 0, (tmp_path / "llava",))
    with pytest.raises(DatasetError, match="address"):
        await tintype.convert(dataset, tmp_path / "x.jsonl", images="files")
    parts = await tintype.split(dataset, tmp_path / "parts", valid=0.25, test=0)
    assert {path.name: rows for path, rows in parts.rows.items()} == {
        "train.jsonl": 9,
        "valid.jsonl": 3,
    }
    with pytest.raises(DatasetError, match="Nothing can be split"):
        await tintype.split(dataset, tmp_path / "parts", valid=1)

    def change(row: dict[str, Any]) -> dict[str, Any] | None:
        answer = row["messages"][-1]
        if answer["content"] == "answer 0":
            return None
        answer["content"] = answer["content"].replace("answer", "reply")
        return row

    edited = await tintype.edit(dataset, tmp_path / "edited.jsonl", change)
    assert (edited.rows, edited.changed, edited.dropped) == (11, 5, 1)
    async with tintype.open(tmp_path / "edited.jsonl") as rows:
        assert rows[1].answer == "reply 2"
        assert (await rows.image(0)).startswith(b"\x89PNG")


def test_boxes_of_an_answer() -> None:
    (box,) = tintype.boxes("<loc0102><loc0205><loc0512><loc0614> square")

    assert box.label == "square"
    assert tintype.mean_iou([box], [box]) == 1
    assert tintype.boxes("a cat") == ()


async def test_the_loop_from_training_to_an_answer(home: Path, dataset: Path) -> None:
    async with tintype.connect() as provider:
        quote = await tintype.estimate(dataset, provider, model="scripted")
        job = await tintype.train(quote, provider, suffix="loop")
        statuses = [progress.job.status async for progress in tintype.follow(job, provider)]
        progress = await tintype.wait(job.id, provider)
        trouble = await tintype.explain(job, provider)
        reply = await tintype.ask("last", "What is this?", provider=provider)
        streamed = [
            one.text async for one in tintype.stream("last", "What is this?", provider=provider)
        ]

    assert statuses[-1] == progress.job.status == "succeeded"
    assert progress.metrics.series
    assert not trouble
    assert reply.done
    assert streamed[-1] == reply.text
    async with tintype.connect() as provider:
        kept = provider.store.answers
        assert len(kept.newest(10)) == 2  # what a script asks is found in the app too
    found = await tintype.take_inventory()
    tuned = inventory.chosen(found, "kind:model profile:tintype")
    assert [item.ref.id for item in tuned] == [progress.job.fine_tuned_model]
    again = await tintype.take_inventory("tintype", offline=True)
    assert {item.ref for item in again.items} == {item.ref for item in found.items}
    with pytest.raises(SettingsError):
        await tintype.take_inventory("nobody")


async def test_what_a_provider_would_refuse_is_not_launched(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text("{}\n")

    with pytest.raises(DatasetError, match=r"would reject bad\.jsonl: line 1: ") as refused:
        await tintype.train(path)
    assert refused.value.line == 1


def test_the_same_without_await(home: Path, dataset: Path, blocking: Any) -> None:
    with blocking.open(dataset) as rows, blocking.connect() as provider:
        assert isinstance(rows, Rows)
        assert isinstance(provider.settings, Settings)
        job = blocking.train(rows.path, provider, model="scripted")
        statuses = [progress.job.status for progress in blocking.follow(job, provider)]
        assert statuses[-1] == blocking.wait(job, provider).job.status == "succeeded"
        reply = blocking.ask("last", rows.question(0), provider=provider)
        growing = [one.text for one in blocking.stream("last", rows.question(0), provider=provider)]
        assert growing[-1] == reply.text
        assert blocking.run(rows.image(0)).startswith(b"\x89PNG")
    provider.close()


def test_progress_is_iterated_with_a_plain_for(home: Path, dataset: Path, blocking: Any) -> None:
    shares = [step.share for step in blocking.steps(tintype.check(dataset, "openai"))]

    assert shares[-1] == 1
    assert shares == sorted(shares)


def test_leaving_a_loop_stops_the_work(home: Path, dataset: Path, blocking: Any) -> None:
    for _ in blocking.steps(tintype.check(dataset, "openai")):
        break

    assert not [name for name in os.listdir(dataset.parent) if name.endswith(".tmp")]
    blocking.close()
    assert "tintype" not in {thread.name for thread in threading.enumerate()}


def test_errors_come_through_as_they_are(home: Path, blocking: Any) -> None:
    with pytest.raises(DatasetError, match="There is no file"):
        blocking.check("nowhere.jsonl", "openai")
    with pytest.raises(DatasetError, match="There is no file"):
        list(blocking.steps(tintype.check("nowhere.jsonl", "openai")))


async def test_it_works_where_a_loop_runs_already_as_in_jupyter(
    home: Path, dataset: Path, blocking: Any
) -> None:
    assert asyncio.get_running_loop().is_running()
    assert blocking.check(dataset, "openai").complete


def test_its_own_loop_is_not_waited_for_in_itself(home: Path, blocking: Any) -> None:
    async def inside() -> None:
        blocking.check("a.jsonl", "openai")

    with pytest.raises(TintypeError, match="from its own event loop"):
        blocking.run(inside())


INTERRUPTED = """
import asyncio, os, signal, sys, threading
import tintype.blocking as tintype

async def forever():
    try:
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.sleep(60)
    finally:
        print("cleaned up", flush=True)

for _ in range(50):  # the signal comes while it is begun, or later
    try:
        tintype.run(forever())
    except KeyboardInterrupt:
        print("interrupted", flush=True)
print(tintype.run(asyncio.sleep(0, "goes on")), flush=True)
"""

LEFT_OPEN = """
import sys
import tintype.blocking as tintype

rows = tintype.open(sys.argv[1])
provider = tintype.connect()
steps = tintype.steps(__import__("tintype").check(sys.argv[1], "openai"))
next(steps)
print(len(rows), flush=True)
"""


def test_ctrl_c_cancels_what_is_under_way_and_nothing_else(home: Path) -> None:
    done = run_script(INTERRUPTED)

    assert done.stdout.splitlines() == [*["cleaned up", "interrupted"] * 50, "goes on"]
    assert done.stderr == ""


def test_what_is_left_open_is_closed_at_exit_in_silence(home: Path, dataset: Path) -> None:
    done = run_script(LEFT_OPEN, str(dataset))

    assert (done.returncode, done.stdout, done.stderr) == (0, "12\n", "")


def run_script(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *arguments],
        capture_output=True,
        text=True,
        timeout=240,
    )


def test_after_a_fork_the_child_has_a_loop_of_its_own(home: Path, blocking: Any) -> None:
    async def here() -> int:
        return os.getpid()

    assert blocking.run(here()) == os.getpid()
    code = (
        "import os, tintype.blocking as t\n"
        "async def here(): return os.getpid()\n"
        "t.run(here())\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    os._exit(0 if t.run(here()) == os.getpid() else 1)\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=240)
    assert done.stdout.strip() == "0"
