# ruff: noqa: ASYNC240 - a test may wait for its disk
"""The client's side of the loop against the real server: they meet only on the wire."""

import asyncio
import base64
import io
import json
import os
import random
import signal
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tintype import jobs, prompting
from tintype.api import Api, ChatRequest, connect
from tintype.api.retrying import ONE_MORE_S, trying_for
from tintype.budget import NOTHING_CONFIRMED, Limits
from tintype.connection import connected, found
from tintype.errors import ApiError, AuthenticationError, NotFoundError
from tintype.jobs import Pace, UploadLimits
from tintype.jobs.creating import create
from tintype.resources import Hyperparameters, Job, JobRequest
from tintype.server.run import Running, stop
from tintype.settings import EMBEDDED, Secret, load
from tintype.store import Store

PACE = Pace(0.05, 0.2, 1)


@asynccontextmanager
async def embedded(provider: Running) -> AsyncIterator[Api]:
    async with connect(EMBEDDED, Secret(provider.token), provider.url) as api:
        yield api


def put(api: Api, store: Store, request: ChatRequest) -> AsyncGenerator[prompting.Reply, None]:
    free = Limits(Decimal(0), Decimal(0), Decimal(0))
    return prompting.ask(api, store, request, limits=free, confirmation=NOTHING_CONFIRMED)


def image(number: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (16, 12), (number * 7 % 256, number * 31 % 256, 99)).save(out, "PNG")
    return out.getvalue()


def row(number: int, system: str = "") -> dict[str, Any]:
    url = "data:image/png;base64," + base64.b64encode(image(number)).decode()
    parts = [
        {"type": "text", "text": f"Question {number}?"},
        {"type": "image_url", "image_url": {"url": url}},
    ]
    messages: list[dict[str, Any]] = [
        {"role": "user", "content": parts},
        {"role": "assistant", "content": f"Answer {number}."},
    ]
    if system:
        messages.insert(0, {"role": "system", "content": system})
    return {"messages": messages}


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return written(tmp_path / "train.jsonl")


def written(path: Path, rows: int = 20, **script: Any) -> Path:
    lines = [row(0, json.dumps(script) if script else ""), *map(row, range(1, rows))]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


async def launched(api: Api, store: Store, path: Path, **more: Any) -> Job:
    file = None
    async for progress in jobs.upload(api, store, path):
        file = progress.file
    assert file is not None
    return await create(api, store, JobRequest("scripted", file.id, **more))


async def test_once_around_upload_create_follow_results_and_ask(
    provider: Running, store: Store, dataset: Path
) -> None:
    async with embedded(provider) as api:
        chosen = Hyperparameters(n_epochs=2, batch_size=4)
        job = await launched(api, store, dataset, suffix="demo", hyperparameters=chosen)
        found = [p async for p in jobs.follow(api, store, job.id, pace=PACE)]
        last = found[-1]
        assert last.job.status == "succeeded", last.job.failure
        events = [event for progress in found for event in progress.events]
        assert len({event.id for event in events}) == len(events)
        assert [step for step, _ in last.metrics.series["train_loss"]] == list(range(1, 11))
        assert last.metrics.total_steps == 10
        assert [one.step for one in last.checkpoints] == [5, 10]
        assert last.job.trained_tokens
        found_results = await jobs.results(api, store, last.job)
        assert len(found_results.metrics.series["train_loss"]) == 10

        assert last.job.fine_tuned_model is not None
        messages = await prompting.question("Question 3?", [image(3)])
        question = ChatRequest(last.job.fine_tuned_model, messages)
        replies = [reply async for reply in put(api, store, question)]
        assert replies[-1].text == "Answer 3."
        assert replies[-1].finish_reason == "stop"
        assert replies[-1].usage is not None
        assert replies[-1].cost_usd in (None, 0)
        whole = ChatRequest(last.job.fine_tuned_model, messages, stream=False)
        assert [r async for r in put(api, store, whole)][-1].text == "Answer 3."

        names = {model.id for model in await api.models()}
        assert {"scripted", last.job.fine_tuned_model} <= names
        assert (await api.model(last.job.fine_tuned_model)).id == last.job.fine_tuned_model
        await api.delete_model(last.job.fine_tuned_model)
        with pytest.raises(NotFoundError, match="has no model"):
            await api.model(last.job.fine_tuned_model)
    kept = store.jobs.find("tintype", job.id)
    assert kept is not None
    assert kept.settled


async def test_the_order_of_events_is_the_order_they_were_said_in(
    provider: Running, store: Store, dataset: Path
) -> None:
    async with embedded(provider) as api:
        job = await launched(api, store, dataset, hyperparameters=Hyperparameters(n_epochs=5))
        async for _ in jobs.follow(api, store, job.id, pace=PACE):
            pass
        kept = await store.jobs.events("tintype", job.id)
        page = await api.job_events(job.id, limit=1_000)
        assert [event.id for event in kept] == [event.id for event in page.items[::-1]]
        assert kept[0].message.startswith("Created fine-tuning job")
        assert "completed" in kept[-1].message


async def test_a_file_in_parts_arrives_whole_and_trains(
    provider: Running, store: Store, dataset: Path
) -> None:
    limits = UploadLimits(whole=100, total=None, part=1_500)
    async with embedded(provider) as api:
        async for progress in jobs.upload(api, store, dataset, limits=limits):
            last = progress
        assert last.file is not None
        assert await api.file_content(last.file.id) == dataset.read_bytes()
        assert (await api.file(last.file.id)).size_bytes == dataset.stat().st_size
        again = [p async for p in jobs.upload(api, store, dataset)]
        assert again[-1].reused
        assert [file.id for file in (await api.files(purpose="fine-tune")).items] == [last.file.id]
        await api.delete_file(last.file.id)
        with pytest.raises(NotFoundError):
            await api.file(last.file.id)


async def test_a_job_is_paused_resumed_and_cancelled(
    provider: Running, store: Store, tmp_path: Path
) -> None:
    path = written(tmp_path / "slow.jsonl", wait_at=3)
    async with embedded(provider) as api:
        job = await launched(api, store, path)

        async def until(*statuses: str) -> None:
            async for progress in jobs.follow(api, store, job.id, pace=PACE):
                if progress.job.status in statuses and progress.metrics.last_step >= 2:
                    return
            raise AssertionError(f"ended without being {statuses}")

        await until("running")
        assert (await jobs.pause(api, store, job.id)).status == "paused"
        await until("paused")
        assert (await jobs.resume(api, store, job.id)).status in ("queued", "running")
        await until("running")
        assert (await jobs.cancel(api, store, job.id)).status == "cancelled"
        assert (await jobs.cancel(api, store, job.id)).status == "cancelled"
        found = [p async for p in jobs.follow(api, store, job.id, pace=PACE)]
        assert found[-1].job.status == "cancelled"


async def test_a_job_that_fails_says_why(provider: Running, store: Store, tmp_path: Path) -> None:
    path = written(tmp_path / "few.jsonl", rows=3)
    async with embedded(provider) as api:
        job = await launched(api, store, path)
        found = [p async for p in jobs.follow(api, store, job.id, pace=PACE)]
    failure = found[-1].job.failure
    assert failure is not None
    assert "at least 10 examples" in failure.message


async def test_jobs_are_listed_with_their_metadata(
    provider: Running, store: Store, dataset: Path
) -> None:
    async with embedded(provider) as api:
        made = [await launched(api, store, dataset) for _ in range(3)]
        token = made[1].metadata[jobs.TOKEN]
        page = await api.jobs(metadata={jobs.TOKEN: token})
        assert [job.id for job in page.items] == [made[1].id]
        batches = [batch async for batch in jobs.listed(api, store)]
        assert [job.id for batch in batches for job in batch] == [job.id for job in made[::-1]]
        first = await api.jobs(limit=2)
        assert first.after == made[1].id
        assert [job.id for job in (await api.jobs(limit=2, after=first.after)).items] == [
            made[0].id
        ]


async def test_refusals_of_the_server_are_sentences(provider: Running, store: Store) -> None:
    async with connect(EMBEDDED, Secret("wrong"), provider.url) as api:
        with pytest.raises(AuthenticationError):
            await api.models()
    async with embedded(provider) as api:
        with pytest.raises(NotFoundError, match="ftjob-none"):
            await api.job("ftjob-none")
        with pytest.raises(ApiError, match=r"Could not create the job.*file-none"):
            await api.create_job(JobRequest("scripted", "file-none"))
        with pytest.raises(ApiError, match=r"Could not create the job.*no-such-base"):
            await api.create_job(JobRequest("no-such-base", "file-none"))
        with pytest.raises(NotFoundError, match="no model nothing"):
            await anext(api.chat(ChatRequest("nothing", [{"role": "user", "content": "x"}])))


async def test_an_answer_that_breaks_on_the_server_is_told_with_what_came(
    provider: Running, store: Store
) -> None:
    async with embedded(provider) as api:
        request = ChatRequest("scripted", [{"role": "user", "content": "break"}])
        with trying_for(ONE_MORE_S), pytest.raises(ApiError, match="broke"):
            async for _ in put(api, store, request):
                pass


async def test_many_questions_at_once_are_answered_each_by_its_own(
    provider: Running, store: Store
) -> None:
    async def asked(number: int) -> str:
        words = f"w{number}"
        message = {"role": "user", "content": f"repeat {number}: {words}"}
        request = ChatRequest("scripted", [message])
        return [reply async for reply in put(api, store, request)][-1].text

    numbers = random.Random(1).sample(range(1, 30), 8)
    async with embedded(provider) as api:
        texts = await asyncio.gather(*map(asked, numbers))
    assert texts == [" ".join([f"w{n}"] * n) for n in numbers]


async def test_a_server_that_was_killed_is_started_again_for_whatever_is_asked_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An upload, for one, goes on: what nobody took is sent once more, and done once."""
    monkeypatch.setenv("TINTYPE_HOME", str(tmp_path))
    settings, said = load(), list[str]()
    async with connected(settings, EMBEDDED, said.append) as api:
        for _ in range(2):
            server = found(settings)
            assert server is not None
            os.kill(server.pid, signal.SIGKILL)
            while found(settings) is not None:  # noqa: ASYNC110 - another process ends
                await asyncio.sleep(0.01)
            path = tmp_path / "train.jsonl"
            path.write_text("{}\n")
            with trying_for(ONE_MORE_S):
                await api.upload_file(path, "fine-tune")
        assert len((await api.files()).items) == 2
        assert said == ["The embedded server has been restarted."] * 2
    running = found(settings)
    assert running is not None
    await stop(running)
