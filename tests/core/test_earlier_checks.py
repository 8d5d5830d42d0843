"""What was found in a dataset, kept until something changes."""

import base64
import hashlib
import json
import os
import pickle
import zlib
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from tintype import assessment, earlier_checks, plugins
from tintype.assessment import Assessment, assess
from tintype.dataset import open_dataset
from tintype.dataset.edits import Edits
from tintype.overlay import cache_folder, laying_over
from tintype.rules import Keys, rules_of

PIXEL = base64.b64encode(bytes(70)).decode()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where checks are kept; files of any size are worth it here."""
    monkeypatch.setattr(assessment, "LEAST_BYTES", 1)
    token = cache_folder.set(lambda: tmp_path)
    yield tmp_path / "checks"
    cache_folder.reset(token)


def write(path: Path, *questions: str, image: str = f"data:image/png;base64,{PIXEL}") -> Path:
    """A file that was written a while ago: one row of a broken image, others of text."""
    part = {"type": "image_url", "image_url": {"url": image}}
    asked: list[Any] = [[part], *questions]
    rows = ([("user", content), ("assistant", "It is.")] for content in asked)
    lines = [
        json.dumps({"messages": [{"role": role, "content": content} for role, content in row]})
        for row in rows
    ]
    path.write_text("\n".join(lines) + "\n")
    os.utime(path, (1e9, 1e9))
    return path


async def checked(path: Path, provider: str = "openai", **options: Any) -> Assessment:
    async with open_dataset(path) as dataset:
        steps = assess(dataset, rules_of(provider), workers=0, **options)
        *_, found = [step async for step in steps]
    return found


def same(one: Assessment, other: Assessment) -> bool:
    """Whether two say the same, whenever they were made."""
    plain = [field.name for field in fields(one) if field.name not in ("figures", "earlier")]
    figures = [field.name for field in fields(one.figures)]
    return all(getattr(one, name) == getattr(other, name) for name in plain) and all(
        getattr(one.figures, name) == getattr(other.figures, name) for name in figures
    )


async def test_a_second_look_finds_what_the_first_found(tmp_path: Path) -> None:
    path = write(tmp_path / "train.jsonl", "Is it?", "Is it?", "Or not?")
    first, second = await checked(path), await checked(path)
    assert (first.earlier, second.earlier) == (False, True)
    assert same(first, second)
    assert first.problems
    assert second.for_model("gpt-4o-2024-08-06") is not None


async def test_it_is_found_however_the_file_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await checked(write(tmp_path / "train.jsonl", "Is it?"))
    monkeypatch.chdir(tmp_path)
    found = await checked(Path("train.jsonl"))
    assert found.earlier
    assert found.file.path == Path("train.jsonl")
    assert found.file.holds


def longer(path: Path) -> None:
    write(path, "Is it?", "And this?")


def touched(path: Path) -> None:
    os.utime(path, (1e9, 1e9 + 1))


def replaced(path: Path) -> None:
    other = write(path.with_name("other"), "Is it?")
    other.rename(path)


@pytest.mark.parametrize("change", [longer, touched, replaced])
async def test_a_file_that_changed_is_read_again(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    path = write(tmp_path / "train.jsonl", "Is it?")
    await checked(path)
    change(path)
    assert not (await checked(path)).earlier
    assert (await checked(path)).earlier


@pytest.mark.parametrize(
    "options",
    [
        {"provider": "together"},
        {"model": "gpt-4.1-2025-04-14"},
        {"deep": False},
        {"training": Keys()},
    ],
)
async def test_other_questions_are_not_answered_by_it(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    path = write(tmp_path / "train.jsonl", "Is it?")
    await checked(path)
    assert not (await checked(path, **options)).earlier


async def test_other_limits_of_the_same_provider_are_other_rules(tmp_path: Path) -> None:
    path = write(tmp_path / "train.jsonl", "Is it?")
    await checked(path)
    async with open_dataset(path) as dataset:
        rules = replace(rules_of("openai"), min_examples=1)
        *_, found = [step async for step in assess(dataset, rules, workers=0)]
    assert not found.earlier


async def test_edits_make_it_another_file(tmp_path: Path) -> None:
    path = write(tmp_path / "train.jsonl", "Is it?")
    await checked(path)

    async def over(_: Any) -> Edits:
        return Edits(version="1")

    token = laying_over.set(over)
    try:
        assert not (await checked(path)).earlier
    finally:
        laying_over.reset(token)
    assert (await checked(path)).earlier


async def test_other_code_finds_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "train.jsonl", "Is it?")
    await checked(path)
    monkeypatch.setattr(earlier_checks, "_code", lambda: "newer")
    assert not (await checked(path)).earlier


@pytest.mark.parametrize("image", ["images/a.png", "https://localhost:1/a.png"])
async def test_what_depends_on_other_files_is_not_kept(tmp_path: Path, image: str) -> None:
    path = write(tmp_path / "train.jsonl", "Is it?", image=image)
    await checked(path, fetch=False)
    assert not (await checked(path, fetch=False)).earlier


async def test_with_rules_from_outside_nothing_is_kept_or_found(tmp_path: Path) -> None:
    path = write(tmp_path / "train.jsonl", "Is it?")
    await checked(path)

    def strange(_: Any) -> Iterator[str]:
        yield "Strange."

    plugins.register("rules", strange)
    try:
        assert not (await checked(path)).earlier
    finally:
        plugins.unregister("rules", strange)
    assert (await checked(path)).earlier


async def test_of_a_file_written_in_this_moment_nothing_is_kept(
    tmp_path: Path, folder: Path
) -> None:
    path = write(tmp_path / "train.jsonl", "Is it?")
    os.utime(path)
    assert not (await checked(path)).earlier
    assert not entries(folder)


def entries(folder: Path, pattern: str = "*") -> list[Path]:
    return sorted(folder.glob(pattern))


def spoil_file(path: Path, spoil: Callable[[bytes], bytes]) -> None:
    """Write something else into a file that only its user may read."""
    assert path.stat().st_mode & 0o77 == 0
    path.write_bytes(spoil(path.read_bytes()))


class Hostile:
    """Made by whoever reads it carelessly."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("made by an entry",)


def sealed(value: object) -> bytes:
    """An entry whose checksum is right."""
    data = zlib.compress(pickle.dumps(value))
    return hashlib.blake2b(data, digest_size=32).digest() + data


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: b"",
        lambda data: data[:-9],
        lambda data: data[:99] + bytes([data[99] ^ 1]) + data[100:],
        lambda data: sealed(Hostile()),
        lambda data: sealed({"another": "value"}),
        lambda data: sealed(os.getcwd),
    ],
)
async def test_a_damaged_entry_is_as_if_absent(
    tmp_path: Path,
    folder: Path,
    spoil: Callable[[bytes], bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = write(tmp_path / "train.jsonl", "Is it?")
    first = await checked(path)
    (entry,) = entries(folder)
    spoil_file(entry, spoil)
    monkeypatch.chdir(tmp_path)
    again = await checked(path)
    assert not again.earlier
    assert same(first, again)
    assert not entries(tmp_path, "made by*")
    assert (await checked(path)).earlier
