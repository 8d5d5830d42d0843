"""Tuned open models answered by vLLM: here by a small server that speaks as much of its API."""

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import openai
import pytest
from tests.conftest import running_server

from tintype.engines.lora import bases
from tintype.server.address import Options, Running

MODEL = "ft:open:tintype::1"
FILES = {"adapter_config.json": b'{"r": 20}', "adapter_model.safetensors": b"x"}


Fault = Callable[[BaseHTTPRequestHandler, str], None]


@dataclass
class Vllm:
    """What vLLM has loaded, and how it was started."""

    most_rank: int = 32
    updating: bool = True
    loaded: dict[str, str] = field(default_factory=dict)
    url: str = ""
    fault: Fault | None = None
    """What goes wrong with every answer."""
    holds: threading.Event | None = None
    """Until when loading takes."""
    loads: threading.Event = field(default_factory=threading.Event)
    stop: Callable[[], None] = lambda: None

    def answer(self, path: str, body: dict[str, Any]) -> tuple[int, str]:
        """As vLLM 0.33 answers."""
        if path == "/v1/chat/completions":
            return self.chat(body)
        name = body["lora_name"]
        if not self.updating:
            return 404, json.dumps({"detail": "Not Found"})
        if path == "/v1/unload_lora_adapter":
            del self.loaded[name]
            return 200, f"Success: LoRA adapter '{name}' removed successfully."
        if name in self.loaded:
            return 400, _error(f"The lora adapter '{name}' has already been loaded.")
        rank = json.loads((Path(body["lora_path"]) / "adapter_config.json").read_text())["r"]
        if rank > self.most_rank:
            return 400, _error(f"LoRA rank {rank} is greater than max_lora_rank {self.most_rank}.")
        self.loads.set()
        if self.holds is not None:
            assert self.holds.wait(60)
        self.loaded[name] = body["lora_path"]
        return 200, f"Success: LoRA adapter '{name}' added successfully."

    def chat(self, body: dict[str, Any]) -> tuple[int, str]:
        """Two words, streamed if that is wanted."""
        if body["model"] not in self.loaded:
            return 404, _error(f"The model `{body['model']}` does not exist.")
        common = {"id": "chatcmpl-1", "created": 1, "model": body["model"]}
        if not body.get("stream"):
            message = {"role": "assistant", "content": "by vLLM"}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            return 200, json.dumps({**common, "object": "chat.completion", "choices": [choice]})
        lines = [
            json.dumps(
                {
                    **common,
                    "object": "chat.completion.chunk",
                    "choices": [{"index": 0, "delta": {"content": word}, "finish_reason": None}],
                }
            )
            for word in ("by ", "vLLM")
        ]
        return 200, "".join(f"data: {line}\n\n" for line in [*lines, "[DONE]"])


def _error(message: str) -> str:
    return json.dumps({"error": {"message": message, "type": "BadRequestError", "code": 400}})


@pytest.fixture
def vllm() -> Iterator[Vllm]:
    """A vLLM server that has nothing loaded."""
    vllm = Vllm()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            status, text = vllm.answer(self.path, body)
            if vllm.fault is not None:
                return vllm.fault(self, text)
            self.send_response(status)
            kind = "text/event-stream" if body.get("stream") else "application/json"
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    vllm.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()

    def stop() -> None:
        server.shutdown()
        thread.join()
        server.server_close()

    vllm.stop = stop
    yield vllm
    if thread.is_alive():
        stop()


@pytest.fixture
def provider(tmp_path: Path, vllm: Vllm, scripted_engine: None) -> Iterator[Running]:
    """A server that hands over to vLLM, and has a tuned open model."""
    with running_server(Options(tmp_path / "server", vllm=vllm.url)) as running:
        base = bases.Base("open", "/nowhere", "qwen3_vl", 1, 1, "", 1, 1, 1, 1)
        bases.remember(running.folder / bases.BASES, base)
        yield running


@pytest.fixture
def tuned(http: Any) -> str:
    """The name of a tuned open model; its adapter has rank 20."""
    return put_back(http, MODEL)


def put_back(http: Any, model: str) -> str:
    files = [{"name": name, "bytes": len(data)} for name, data in FILES.items()]
    told = {"base": "open", "job_id": "ftjob-1", "created": 1, "folder": True, "files": files}
    for name, data in FILES.items():
        path = f"/models/{model}/weights"
        sent = http.post(path, data={"weights": json.dumps(told)}, files={"file": (name, data)})
        assert sent.status_code == 200, sent.text
    return model


def asked(client: openai.OpenAI, model: str) -> str | None:
    said = client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": "Who answers?"}]
    )
    return said.choices[0].message.content


def test_a_tuned_open_model_is_answered_by_vllm(
    client: openai.OpenAI, tuned: str, vllm: Vllm
) -> None:
    assert asked(client, tuned) == "by vLLM"
    assert (Path(vllm.loaded[tuned]) / "adapter_config.json").read_bytes() == b'{"r": 20}'
    streamed = client.chat.completions.create(
        model=tuned, messages=[{"role": "user", "content": "?"}], stream=True
    )
    assert [chunk.choices[0].delta.content for chunk in streamed] == ["by ", "vLLM"]
    assert asked(client, "scripted") == "I have not been trained."
    vllm.loaded.clear()  # it was started again
    assert asked(client, tuned) == "by vLLM"
    assert client.models.delete(tuned).deleted
    assert vllm.loaded == {}


def test_whoever_asks_a_loaded_adapter_does_not_wait_for_another_one(
    client: openai.OpenAI, http: Any, tuned: str, vllm: Vllm
) -> None:
    assert asked(client, tuned) == "by vLLM"
    other = put_back(http, f"{MODEL}2")
    vllm.holds = threading.Event()
    vllm.loads.clear()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(asked, client, other)
        try:
            assert vllm.loads.wait(60)
            assert asked(client.with_options(timeout=20, max_retries=0), tuned) == "by vLLM"
            assert not waiting.done()
        finally:
            vllm.holds.set()
        assert waiting.result() == "by vLLM"


def test_an_adapter_that_vllm_has_already_is_not_in_the_way(
    client: openai.OpenAI, tuned: str, vllm: Vllm
) -> None:
    vllm.loaded[tuned] = "/there"
    assert asked(client, tuned) == "by vLLM"


def test_what_vllm_does_not_take_is_said_with_what_to_do(
    client: openai.OpenAI, tuned: str, vllm: Vllm
) -> None:
    vllm.most_rank = 16
    with pytest.raises(openai.APIStatusError, match="--max-lora-rank 32"):
        asked(client, tuned)
    vllm.updating = False
    with pytest.raises(openai.APIStatusError, match="VLLM_ALLOW_RUNTIME_LORA_UPDATING=True"):
        asked(client, tuned)


def _wants_a_key(handler: BaseHTTPRequestHandler, text: str) -> None:
    said = f"Unauthorized: {handler.headers['authorization']}".encode()
    handler.send_response(401)
    handler.send_header("content-length", str(len(said)))
    handler.end_headers()
    handler.wfile.write(said)


def _never_ends(handler: BaseHTTPRequestHandler, text: str) -> None:
    handler.send_response(500)
    handler.end_headers()
    with suppress(OSError):
        while True:
            handler.wfile.write(b"no end " * 1000)


def _breaks_off(handler: BaseHTTPRequestHandler, text: str) -> None:
    handler.send_response(200)
    handler.send_header("content-type", "text/event-stream")
    handler.send_header("content-length", "100000")
    handler.end_headers()
    handler.wfile.write(text.encode()[: text.index("vLLM")])


def test_a_vllm_server_that_wants_another_key_or_says_without_end_is_said(
    client: openai.OpenAI, tuned: str, vllm: Vllm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VLLM_API_KEY", "vllm-secret-0123456789")
    vllm.fault = _wants_a_key
    with pytest.raises(openai.APIStatusError, match="set VLLM_API_KEY") as refused:
        asked(client, tuned)
    assert "vllm-secret" not in str(refused.value)
    vllm.fault = _never_ends
    with pytest.raises(openai.APIStatusError, match="does not take this adapter: no end"):
        asked(client, tuned)
    vllm.fault = None
    assert asked(client, tuned) == "by vLLM"
    vllm.fault = _wants_a_key  # it was started again, with another key
    with pytest.raises(openai.APIStatusError, match="set VLLM_API_KEY"):
        asked(client, tuned)


def test_an_answer_of_vllm_that_breaks_off_is_said_and_no_bug(
    client: openai.OpenAI, tuned: str, vllm: Vllm, caplog: pytest.LogCaptureFixture
) -> None:
    assert asked(client, tuned) == "by vLLM"
    vllm.fault = _breaks_off
    message: Any = {"role": "user", "content": "Who answers?"}
    answer = client.chat.completions.create(model=tuned, messages=[message], stream=True)
    with pytest.raises(openai.APIError, match="connection to vLLM was lost"):
        for _ in answer:
            pass
    assert not [one for one in caplog.records if one.exc_info]


def test_a_vllm_server_that_is_not_there_is_said(
    client: openai.OpenAI, tuned: str, vllm: Vllm
) -> None:
    vllm.stop()
    with pytest.raises(openai.APIStatusError, match=r"does not answer: .* Start it, or serve"):
        asked(client, tuned)
    assert asked(client, "scripted") == "I have not been trained."
