# ruff: noqa: ASYNC240 - a test may wait for its disk
"""The whole loop with OpenAI's own clients, unchanged: Python's and JavaScript's."""

import asyncio
import base64
import io
import json
import os
import shutil
from pathlib import Path
from typing import Any

import openai
import pytest
from PIL import Image

from tintype.server.run import Running

FLOW = Path(__file__).with_name("flow.mjs")
HEADER = "step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy"


@pytest.fixture
def training(tmp_path: Path) -> Path:
    """Twelve rows, each with an image."""
    lines = []
    for number in range(12):
        out = io.BytesIO()
        Image.new("RGB", (16, 12), (number * 20, 99, 10)).save(out, "PNG")
        url = "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()
        content = [
            {"type": "text", "text": f"Which number is {number}?"},
            {"type": "image_url", "image_url": {"url": url, "detail": "low"}},
        ]
        messages = [
            {"role": "system", "content": "Answer in words."},
            {"role": "user", "content": content},
            {"role": "assistant", "content": f"It is number {number}."},
        ]
        lines.append(json.dumps({"messages": messages}) + "\n")
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(lines))
    return path


async def test_pythons_client_goes_round_the_loop(provider: Running, training: Path) -> None:
    async with openai.AsyncOpenAI(
        base_url=provider.url, api_key=provider.token, max_retries=0
    ) as client:
        file = await client.files.create(file=training, purpose="fine-tune")
        assert (await client.files.wait_for_processing(file.id)).status == "processed"
        job = await client.fine_tuning.jobs.create(
            model="scripted", training_file=file.id, validation_file=file.id, suffix="from python"
        )
        async with asyncio.timeout(60):
            while job.status != "succeeded":
                assert job.status not in ("failed", "cancelled"), job.error
                await asyncio.sleep(0.02)
                job = await client.fine_tuning.jobs.retrieve(job.id)
        model = job.fine_tuned_model
        assert model is not None
        events = [event async for event in client.fine_tuning.jobs.list_events(job.id, limit=4)]
        assert events[0].message == "The job has successfully completed"
        results = base64.b64decode(await (await client.files.content(job.result_files[0])).aread())
        assert results.decode().startswith(HEADER)
        question: Any = json.loads(training.read_text().splitlines()[3])["messages"][:-1]
        answer = await client.chat.completions.create(model=model, messages=question)
        assert answer.choices[0].message.content == "It is number 3."
        async with client.chat.completions.stream(model=model, messages=question) as stream:
            pieces = [event.delta async for event in stream if event.type == "content.delta"]
            final = await stream.get_final_completion()
        assert "".join(pieces) == final.choices[0].message.content == "It is number 3."
        assert (await client.models.delete(model)).deleted
        assert (await client.files.delete(file.id)).deleted


async def test_javascripts_client_goes_round_the_loop(provider: Running, training: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    found = await asyncio.create_subprocess_exec(
        node, "-e", "require('openai')", cwd=FLOW.parent, stderr=asyncio.subprocess.DEVNULL
    )
    if await found.wait():
        pytest.skip("node does not find the package openai: npm install openai, or set NODE_PATH")
    process = await asyncio.create_subprocess_exec(
        node,
        os.fspath(FLOW),
        provider.url,
        provider.token,
        os.fspath(training),
        "scripted",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, errors = await asyncio.wait_for(process.communicate(), 120)
    assert process.returncode == 0, errors.decode()
    saw = json.loads(out)
    size = training.stat().st_size
    assert (saw["bytes"], saw["content"], len(saw["listed"])) == (size, size, 1)
    assert (saw["upload"], saw["first"], saw["status"]) == (
        "completed",
        "validating_files",
        "succeeded",
    )
    assert saw["model"].startswith("ft:scripted:personal:from-node:")
    assert saw["events"][0].startswith("Created fine-tuning job")
    assert saw["events"][-1] == "The job has successfully completed"
    assert saw["checkpoints"] == [6, 3]
    assert saw["results"] == HEADER
    assert saw["answer"] == saw["streamed"] == "It is number 3."
    assert saw["usage"] == 4
    assert saw["refused"] == ["NotFoundError", 404, "model_not_found", "req_"]
    assert (saw["models"], saw["deleted"]) == (2, True)
