"""Restoring an archive elsewhere; and a kill at any moment of keeping costs nothing but time."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests import deadline_provider as known

from tintype import evaluation, keeping, moving
from tintype.api import Api
from tintype.budget import Confirmation, Limits
from tintype.errors import ArchiveError
from tintype.evaluation import EvaluatedModel, EvaluationPlan
from tintype.jobs import kept_job
from tintype.keeping import Restored, Wanted
from tintype.pricing import Prices
from tintype.store import Store, open_store

if TYPE_CHECKING:
    from tests.conftest import FakeClock


@pytest.fixture
async def api(ending: known.DeadlineProvider, fake_clock: FakeClock) -> AsyncIterator[Api]:
    async with ending.hostile.connect(clock=fake_clock.clock) as api:
        yield api


async def keep(api: Api, store: Store, target: Path, **wanted: Any) -> keeping.KeepProgress:
    steps = keeping.keep_into(
        api,
        store,
        target,
        Wanted(**{"jobs": ("ftjob-cards",), **wanted}),
        prices=Prices(),
        allow_private=True,
    )
    return [step async for step in steps][-1]


async def restored(archive: Path, store: Store, home: Path, profile: str = "") -> Restored:
    steps = keeping.restore(
        archive, store, files=home / "files", evaluations=home / "runs", profile=profile
    )
    found = [step async for step in steps][-1].restored
    assert found is not None
    return found


async def evaluated(api: Api, store: Store, runs: Path, rows: Path) -> Path:
    """Ask the tuned model about the rows."""
    model = EvaluatedModel(known.CARDS, "hostile")
    plan = EvaluationPlan(rows, (model,), ("exact",), rows=(1, 2))
    folder = evaluation.new_folder(runs)
    running = evaluation.run(
        plan,
        folder,
        apis={"hostile": api},
        store=store,
        limits=Limits(Decimal(1)),
        confirmation=Confirmation(yes=True),
    )
    async with aclosing(running):
        assert [step.phase async for step in running][-1] == "done"
    return folder


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """Four rows whose images are files."""
    lines = []
    for number in range(4):
        (tmp_path / f"{number}.png").write_bytes(known.image_of(number))
        lines.append(json.dumps(known.row(number, f"{number}.png")))
    (tmp_path / "test.jsonl").write_text("\n".join(lines) + "\n")
    return tmp_path / "test.jsonl"


@pytest.mark.parametrize("name", ["archive", "archive.tar.gz"])
async def test_a_job_with_its_evaluation_is_restored_elsewhere_and_the_second_time_nothing_is_done(
    name: str, api: Api, store: Store, rows: Path, tmp_path: Path
) -> None:
    await evaluated(api, store, tmp_path / "here", rows)
    await keep(api, store, tmp_path / name, evaluations=tmp_path / "here")
    for name_of in ("test.jsonl", "0.png", "1.png", "2.png", "3.png"):
        (tmp_path / name_of).unlink()
    shutil.rmtree(tmp_path / "here")

    async with open_store(tmp_path / "other.sqlite") as other:
        found = await restored(tmp_path / name, other, tmp_path / "there")
        job = other.jobs.find("hostile", "ftjob-cards")
        events = await other.jobs.events("hostile", "ftjob-cards")
        again = await restored(tmp_path / name, other, tmp_path / "there")
        assert job is not None
        assert job.job == store.jobs.find("hostile", "ftjob-cards").job  # type: ignore[union-attr]
        assert events == await store.jobs.events("hostile", "ftjob-cards")
        assert other.jobs.results("hostile", "ftjob-cards") == known.CSV
        assert len(other.jobs.checkpoints("hostile", "ftjob-cards")) == 1
    assert found.jobs == ["ftjob-cards"]
    assert (again.jobs, again.evaluations, again.files) == ([], [], [])
    [run] = evaluation.runs_in(tmp_path / "there/runs")
    result = evaluation.open(run.folder)
    assert evaluation.figures(result)[0].headline.headline == 0.5, "card 1 is right, card 2 is not"
    async with evaluation_rows(run.plan.dataset) as dataset:
        assert await dataset.image(1, 0) == known.image_of(1)


def evaluation_rows(path: Path) -> Any:
    from tintype.dataset import open_dataset

    return open_dataset(path)


async def test_images_behind_urls_are_in_the_restored_rows(
    api: Api, store: Store, ending: known.DeadlineProvider, tmp_path: Path
) -> None:
    last = await keep(api, store, tmp_path / "archive")
    assert last.manifest is not None
    [missed] = last.manifest.not_kept
    assert "403" in missed.why, "its URL has expired"
    ending.today = known.SHUTDOWN
    async with open_store(tmp_path / "other.sqlite") as other:
        found = await restored(tmp_path / "archive", other, tmp_path / "there", "elsewhere")
    names = {path.name: path for path in found.files}
    assert names["cards.jsonl"].read_bytes() == ending.contents["file-cards-train"]
    lines = names["cards-with-images.jsonl"].read_text().splitlines()
    urls = [json.loads(line)["messages"][0]["content"][1]["image_url"]["url"] for line in lines]
    assert [url[:5] for url in urls] == ["data:"] * 3 + ["http:"] + ["data:"] * 6
    assert found.profile == "elsewhere"


async def test_the_files_of_a_job_launched_elsewhere_are_known_as_its_data(
    api: Api, store: Store, ending: known.DeadlineProvider, tmp_path: Path
) -> None:
    await keep(api, store, tmp_path / "archive")
    await restored(tmp_path / "archive", store, tmp_path / "there")
    training, validation = moving.data_of(kept_job(store, "ftjob-cards", None, ""))
    assert training.name == "cards-with-images.jsonl"
    assert validation is not None
    assert validation.read_bytes() == ending.contents["file-cards-valid"]


async def test_what_is_newer_here_is_left_alone(api: Api, store: Store, tmp_path: Path) -> None:
    await keep(api, store, tmp_path / "archive")
    kept = store.jobs.find("hostile", "ftjob-cards")
    assert kept is not None
    later = kept.seen_at + timedelta(days=1)
    store.jobs.remember("hostile", kept.job, seen_at=later)
    found = await restored(tmp_path / "archive", store, tmp_path / "there")
    assert found.jobs == []
    assert found.already == ["jobs/ftjob-cards/job.json"]
    assert store.jobs.find("hostile", "ftjob-cards").seen_at == later  # type: ignore[union-attr]


async def test_an_archive_that_was_changed_is_not_restored(
    api: Api, store: Store, tmp_path: Path
) -> None:
    await keep(api, store, tmp_path / "archive")
    (tmp_path / "archive/jobs/ftjob-cards/job.json").write_text("{}")
    async with open_store(tmp_path / "other.sqlite") as other:
        with pytest.raises(ArchiveError, match=r"job\.json has 2 bytes"):
            await restored(tmp_path / "archive", other, tmp_path / "there")
        assert other.jobs.newest() == ()
    assert not (tmp_path / "there").exists()


async def test_no_code_that_an_archive_names_is_run(
    api: Api, store: Store, rows: Path, tmp_path: Path
) -> None:
    run = await evaluated(api, store, tmp_path / "here", rows)
    path = run / "manifest.json"
    path.write_text(path.read_text().replace('"exact"', '"/tmp/mine.py:score"'))
    await keep(api, store, tmp_path / "archive", evaluations=tmp_path / "here")
    async with open_store(tmp_path / "other.sqlite") as other:
        found = await restored(tmp_path / "archive", other, tmp_path / "there")
    assert "not run from an archive" in found.notes[0]
    [made] = evaluation.runs_in(tmp_path / "there/runs")
    assert made.plan.scorers == ("exact",)


async def test_two_at_once_are_not_in_each_others_way(
    api: Api, store: Store, tmp_path: Path
) -> None:
    target, home = tmp_path / "archive.zip", tmp_path / "there"
    await keep(api, store, target)
    wanted = Wanted(jobs=("ftjob-cards",))
    first = keeping.keep_into(api, store, target, wanted, prices=Prices())
    async with aclosing(first):
        await anext(first)
        with pytest.raises(ArchiveError, match=r"Another process keeps into .*archive\.zip"):
            await keep(api, store, target)
    other = keeping.restore(target, store, files=home / "files", evaluations=home / "runs")
    async with aclosing(other):
        async for step in other:
            if step.words == "unpacking":
                break
        with pytest.raises(ArchiveError, match="Another process restores"):
            await restored(target, store, home)
    assert ".archive.zip.lock" not in os.listdir(tmp_path)


async def test_what_a_killed_restoring_has_left_is_removed(
    api: Api, store: Store, tmp_path: Path
) -> None:
    await keep(api, store, tmp_path / "archive.zip")
    (tmp_path / "there/files/.unpacked/files").mkdir(parents=True)
    await restored(tmp_path / "archive.zip", store, tmp_path / "there")
    assert not (tmp_path / "there/files/.unpacked").exists()


@pytest.mark.parametrize(("name", "kills"), [("archive", 14), ("archive.zip", 6)])
def test_a_kill_at_any_write_loses_only_the_part_under_way(
    name: str, kills: int, ending_apart: known.DeadlineProvider, tmp_path: Path
) -> None:
    """The process is killed at its 1st, 2nd, … 5th fsync or move in turn, and begun again."""
    target = tmp_path / name
    asked = ending_apart.hostile.requests

    async def once(target: Path, store: Path = tmp_path / "store.sqlite") -> None:
        profile_api = ending_apart.hostile.connect(key="sk-hostile-0123456789")
        async with profile_api as api, open_store(store) as opened:
            await keep(api, opened, target, jobs=("ftjob-cards", "ftjob-old"))

    asyncio.run(once(tmp_path / "first", tmp_path / "first.sqlite"))  # imports what is imported
    asked.clear()
    for number in range(kills):
        assert _killed_at(1 + number % 5, lambda: asyncio.run(once(target)))
    asyncio.run(once(target))
    whole = [step.verification for step in keeping.verify(target)][-1]
    assert whole is not None
    assert whole.faults == ()
    paths = [part.path for part in whole.manifest.parts]
    assert paths == [part.path for part in keeping.manifest_of(tmp_path / "first").parts]
    assert {one.what for one in whole.manifest.not_kept} == {
        "file file-old-train",
        "an image of files/file-cards-train/cards.jsonl",
        f"model {known.OLD}",
        f"model {known.OLD}:ckpt-step-2",
    }
    fetched = [one.path for one in asked if one.path.endswith("/content")]
    # A file may be met by the kills at the 5th, 1st and 2nd write before one lets it pass.
    assert all(fetched.count(path) <= 4 for path in fetched if "old" not in path)
    assert not list(tmp_path.rglob("*.tmp"))


def _killed_at(number: int, work: Callable[[], None]) -> bool:
    """Do some work in a process that is killed at its so-manieth write; whether it was."""
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", DeprecationWarning
        )  # forks while the provider's thread runs
        child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
        return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    signal.alarm(60)  # a child that hangs fails the test, and does not hold it up for ever
    try:
        left = [number]

        def dying(real: Callable[..., Any]) -> Callable[..., Any]:
            def call(*args: Any, **kwargs: Any) -> Any:
                left[0] -= 1
                if not left[0]:
                    os.kill(os.getpid(), signal.SIGKILL)
                return real(*args, **kwargs)

            return call

        for name in ("fsync", "replace", "rename"):
            setattr(os, name, dying(getattr(os, name)))
        work()
        os._exit(0)
    except BaseException:
        os._exit(1)
