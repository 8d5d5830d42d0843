"""The whole loop over HTTP with OpenAI's own client: added, trained, killed, asked, deleted."""

import asyncio
import base64
import io
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from PIL import Image
from tests.conftest import running_server

from tintype.api import connect
from tintype.engines import launch
from tintype.engines.lora.bases import BASES, Base, remember
from tintype.library.exporting import CONVERTER, export_model
from tintype.server.address import Options, Running
from tintype.settings import EMBEDDED, Secret

pytest.importorskip("torch", reason="needs the extra tintype[lora]: make test-lora")

COLOURS = ("red", "blue", "yellow", "black")


def until(holds: Callable[[], Any]) -> Any:
    """What holds in the end; a training process imports PyTorch first."""
    end_s = time.monotonic() + 100
    while not (found := holds()):
        assert time.monotonic() < end_s
        time.sleep(0.05)
    return found


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    with running_server(Options(tmp_path / "server", idle_exit_s=None)) as running:
        yield running


def shown(colour: str, index: int) -> dict[str, Any]:
    out = io.BytesIO()
    Image.new("RGB", (60 + index, 64), colour).save(out, "PNG")
    data = base64.b64encode(out.getvalue()).decode()
    return {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}}


def asked(colour: str, index: int) -> dict[str, Any]:
    text = {"type": "text", "text": "What colour is it?"}
    return {"role": "user", "content": [text, shown(colour, index)]}


def rows(count: int) -> bytes:
    lines = []
    for index in range(count):
        colour = COLOURS[index % len(COLOURS)]
        answer = {"role": "assistant", "content": f"The colour is {colour}."}
        lines.append(json.dumps({"messages": [asked(colour, index), answer]}))
    return ("\n".join(lines) + "\n").encode()


async def exported(
    server: Running, model: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As llama.cpp's converter is run: here one that counts the model's tensors."""
    (folder / CONVERTER).write_text(
        "import sys, safetensors\n"
        "with safetensors.safe_open(sys.argv[1] + '/model.safetensors', 'pt') as file:\n"
        "    open(sys.argv[sys.argv.index('--outfile') + 1], 'w').write(str(len(file.keys())))\n"
    )
    monkeypatch.setenv("LLAMA_CPP", str(folder))
    async with connect(EMBEDDED, Secret(server.token), server.url) as api:
        made = await export_model(api, model, folder / "gguf", "gguf")
    assert made.name == "model.gguf"
    assert int(made.read_text()) > 10


def test_an_open_model_goes_round_the_loop(
    base: Callable[[str], Base],
    server: Running,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    remember(server.folder / BASES, base("qwen25"))
    client: Any = openai.OpenAI(base_url=server.url, api_key=server.token, max_retries=0)
    assert "tiny-qwen25" in [model.id for model in client.models.list()]
    file = client.files.create(file=("rows.jsonl", rows(12)), purpose="fine-tune")
    job = client.fine_tuning.jobs.create(
        model="tiny-qwen25",
        training_file=file.id,
        seed=3,
        method={
            "type": "supervised",
            "supervised": {"hyperparameters": {"n_epochs": 4, "batch_size": 2}},
        },
    )
    folder = server.folder / "jobs" / job.id

    def steps() -> list[int]:
        events = client.fine_tuning.jobs.list_events(job.id, limit=100)
        return sorted(event.data["step"] for event in events if event.type == "metrics")

    until(lambda: len(steps()) > 3)
    launch.kill(folder)
    ended = until(
        lambda: (
            found
            if (found := client.fine_tuning.jobs.retrieve(job.id)).status in ("succeeded", "failed")
            else None
        )
    )
    assert ended.status == "succeeded", ended.error
    assert steps() == list(range(1, 25))
    texts = {}
    for model in ("tiny-qwen25", ended.fine_tuned_model):
        whole = client.chat.completions.create(
            model=model, messages=[asked("red", 0)], max_tokens=8, temperature=0
        )
        streamed = client.chat.completions.create(
            model=model, messages=[asked("red", 0)], max_tokens=8, temperature=0, stream=True
        )
        pieces = [chunk.choices[0].delta.content or "" for chunk in streamed if chunk.choices]
        texts[model] = whole.choices[0].message.content
        assert "".join(pieces) == texts[model]
        assert whole.usage.completion_tokens <= 8
    asyncio.run(exported(server, ended.fine_tuned_model, tmp_path, monkeypatch))
    assert client.models.delete(ended.fine_tuned_model).deleted
