"""Checkpoints: what comes back, and what is refused."""

import io
import json
import pickle
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tintype.engines.tiny import files
from tintype.engines.tiny.layout import Shape
from tintype.engines.tiny.model import TinyModel
from tintype.engines.tiny.tokenizer import AnswerTokens, PromptWords
from tintype.errors import EngineError


def model() -> TinyModel:
    tokens = AnswerTokens.learn(["<loc0001><loc0002><loc0003><loc0004> cell", "日本 😀"])
    words = PromptWords(("red", "blau"), ("is",))
    made = TinyModel(Shape(size_px=32, width=8, heads=2, context=9, prompt_words=3), tokens, words)
    made.weights.draw(np.random.default_rng(0))
    made.mean[:], made.spread[:] = 0.25, 2
    return made


@pytest.fixture
def path(tmp_path: Path) -> Path:
    files.save_model(tmp_path / "c.npz", model())
    return tmp_path / "c.npz"


def rewritten(path: Path, **changes: Any) -> Path:
    """The checkpoint with some of its arrays, or of its JSON text, replaced."""
    with np.load(path) as archive:
        arrays = dict(archive)
    meta = json.loads(arrays["meta"].tobytes())
    for name, value in changes.items():
        if name in arrays:
            arrays[name] = value
        else:
            meta[name] = value
    if "meta" not in changes:
        arrays["meta"] = np.frombuffer(json.dumps(meta).encode(), np.uint8)
    np.savez(path, **arrays)
    return path


def test_a_checkpoint_comes_back_as_it_was(path: Path) -> None:
    before, after = model(), files.load_model(path)
    assert np.array_equal(before.weights.values, after.weights.values)
    assert (before.shape, before.tokens, before.words) == (after.shape, after.tokens, after.words)
    assert after.mean.tolist() == [0.25] * 15
    assert after.spread.tolist() == [2] * 15
    assert [file.name for file in path.parent.iterdir()] == ["c.npz"]


def test_a_checkpoint_can_be_read_without_pickle(path: Path) -> None:
    with np.load(path, allow_pickle=False) as archive:
        assert set(archive) == {"meta", "weights", "mean", "spread"}


def test_a_missing_checkpoint_says_so(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"There is no checkpoint none\.npz"):
        files.load_model(tmp_path / "none.npz")


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04", pickle.dumps({"a": 1})])
def test_a_foreign_file_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(EngineError, match=r"The checkpoint c\.npz"):
        files.load_model(path)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EngineError):
        files.load_model(tmp_path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(data=st.data())
def test_a_damaged_file_is_refused_or_harmless(path: Path, data: st.DataObject) -> None:
    files.save_model(path, model())
    whole = bytearray(path.read_bytes())
    if data.draw(st.booleans(), "cut"):
        del whole[data.draw(st.integers(0, len(whole) - 1), "length") :]
    for at in data.draw(st.lists(st.integers(0, max(0, len(whole) - 1)), max_size=4), "where"):
        if whole:
            whole[at] = data.draw(st.integers(0, 255), "byte")
    path.write_bytes(whole)
    with suppress(EngineError):
        assert files.load_model(path).weights.values.size == model().weights.values.size


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "another"},
        {"shape": {}},
        {"shape": "large"},
        {"shape": {**dict.fromkeys(Shape.__dataclass_fields__, 1)}},
        {"pieces": "abc"},
        {"pieces": [1, 2]},
        {"pieces": ["x"] * 5000},
        {"words": None},
        {"boxes": False},
        {"weights": np.zeros(7, np.float32)},
        {"weights": np.zeros((3, 3), np.float32)},
        {"mean": np.zeros(15, np.float64)},
        {"mean": np.full(15, np.nan, np.float32)},
        {"meta": np.zeros(5, np.float32)},
        {"meta": np.frombuffer(b"[1, 2]", np.uint8)},
        {"meta": np.frombuffer(b"[" * 100_000, np.uint8)},
        {"meta": np.frombuffer(b"\xff\xfe", np.uint8)},
    ],
)
def test_a_file_that_lies_about_itself_is_refused(path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(EngineError, match=r"The checkpoint c\.npz"):
        files.load_model(rewritten(path, **changes))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("width", 10**9),
        ("width", 12),
        ("size_px", 10**6),
        ("context", True),
        ("blocks", 0),
        ("heads", 3.0),
    ],
)
def test_absurd_sizes_are_refused_before_anything_is_made(
    path: Path, name: str, value: object
) -> None:
    shape = {"size_px": 32, "width": 8, "heads": 2, "blocks": 1, "context": 9, "prompt_words": 3}
    with pytest.raises(EngineError, match=r"The checkpoint c\.npz"):
        files.load_model(rewritten(path, shape={**shape, name: value}))


def test_an_array_of_objects_is_never_unpickled(path: Path, tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (tmp_path / "exploded",)

    objects = np.empty(1, object)
    objects[0] = Bomb()
    with np.load(path) as archive:
        arrays = {**archive, "weights": objects}
    np.savez(path, **arrays)
    with pytest.raises(EngineError):
        files.load_model(path)
    assert not (tmp_path / "exploded").exists()


def test_a_file_that_unpacks_to_gigabytes_is_refused_unread(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            bomb = data + bytes(50 << 20) if name == "weights.npy" else data
            archive.writestr(name, bomb)
    assert path.stat().st_size < 1 << 20
    with pytest.raises(EngineError, match="bytes of weights"):
        files.load_model(path)


def test_a_header_that_claims_a_giant_is_refused(path: Path) -> None:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f4", "fortran_order": False, "shape": (1 << 40,)}
    )
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, header.getvalue() if name == "weights.npy" else data)
    with pytest.raises(EngineError, match="another shape"):
        files.load_model(path)


def test_a_failed_save_leaves_the_old_checkpoint(path: Path, monkeypatch: Any) -> None:
    before = path.read_bytes()

    def fail(*_: object, **__: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(np, "savez", fail)
    with pytest.raises(OSError, match="no space"):
        files.save_model(path, model())
    assert path.read_bytes() == before
