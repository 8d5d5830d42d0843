"""Tuned open models as files: what is written, and what is refused with a sentence."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tintype.api import Api, connect
from tintype.engines.lora import bases, engine
from tintype.errors import ApiError, EngineError, FileError
from tintype.library.exporting import export_model
from tintype.resources import Weights
from tintype.server.run import Running
from tintype.settings import EMBEDDED, Secret

FILES = {"adapter_config.json": b'{"r": 4}', "adapter_model.safetensors": b"x" * 100}
OPEN, OTHER = "ft:open:tintype::1", "ft:scripted:tintype::1"


@pytest.fixture
async def api(lasting_provider: Running, tmp_path: Path) -> AsyncIterator[Api]:
    """A provider that has a tuned open model, and one of another kind."""
    file = lasting_provider.folder / bases.BASES
    bases.remember(file, bases.Base("open", "/nowhere", "qwen3_vl", 1, 1, "", 1, 1, 1, 1))
    url = lasting_provider.url
    async with connect(EMBEDDED, Secret(lasting_provider.token), url) as api:
        for model, files in ((OPEN, FILES), (OTHER, {"weights.json": b"{}"})):
            sizes = {name: len(data) for name, data in files.items()}
            folder = model is OPEN
            told = Weights(model, model.split(":")[1], "ftjob-1", 1, folder, sizes)
            for name, data in files.items():
                (tmp_path / name).write_bytes(data)
                await api.add_weights(told, name, tmp_path / name)
        yield api
        for model in (OPEN, OTHER):
            await api.delete_model(model)
    bases.forget(file, "open")


async def test_an_adapter_is_written_as_it_is(api: Api, tmp_path: Path) -> None:
    assert await export_model(api, OPEN, tmp_path / "new" / "adapter") == tmp_path / "new/adapter"
    written = {path.name: path.read_bytes() for path in (tmp_path / "new/adapter").iterdir()}
    assert written == FILES


async def test_what_cannot_be_exported_is_refused_with_what_to_do(
    api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "NEEDED", ("no_such_module",))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("LLAMA_CPP", raising=False)
    with pytest.raises(EngineError, match="tintype keep"):
        await export_model(api, OTHER, tmp_path / "new")
    with pytest.raises(FileError, match="is not empty"):
        await export_model(api, OPEN, tmp_path)
    with pytest.raises(EngineError, match="set LLAMA_CPP"):
        await export_model(api, OPEN, tmp_path / "new", "gguf")
    with pytest.raises(EngineError, match=r"tintype\[lora\]"):
        await export_model(api, OPEN, tmp_path / "new", "merged")
    with pytest.raises(ApiError):
        await export_model(api, "ft:open:tintype::2", tmp_path / "new")
    assert not (tmp_path / "new").exists()
