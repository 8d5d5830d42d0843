"""A job moved: its rows by the target's rules, its settings with reasons, recipes to be read."""

from __future__ import annotations

import ast
import base64
import hashlib
import io
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tintype import moving
from tintype.errors import DatasetError, NotFoundError
from tintype.jobs import kept_job
from tintype.resources import Hyperparameters, Job
from tintype.store import MadeFrom, Source, Store
from tintype.yaml_reading import read_yaml

AT = datetime(2026, 11, 28, tzinfo=UTC)
JOB = Job(
    "ftjob-1",
    "gpt-4o-2024-08-06",
    "succeeded",
    AT,
    "file-t",
    hyperparameters=Hyperparameters(3, 4, 1.8),
    seed=7,
    suffix="cards",
)


@pytest.mark.parametrize(
    ("given", "epochs", "batch"),
    [
        (Hyperparameters(3, 4, 1.8), 3, 4),
        (Hyperparameters(), None, None),
        (Hyperparameters(5, 1024, 2), 5, 256),
    ],
)
def test_what_was_resolved_is_kept_but_for_the_rate_and_each_has_its_reason(
    given: Hyperparameters, epochs: int | None, batch: int | None
) -> None:
    chosen, said = moving.mapped(replace(JOB, hyperparameters=given), same_provider=False)
    assert (chosen.epochs, chosen.batch_size, chosen.learning_rate_multiplier) == (
        epochs,
        batch,
        None,
    )
    assert (chosen.seed, chosen.suffix) == (7, "cards")
    assert all(one.why.endswith(".") for one in said)
    assert [one.after for one in said][2] == "auto"


def encoded(image: Image.Image, format: str) -> str:
    out = io.BytesIO()
    image.save(out, format)
    return f"data:image/{format.lower()};base64,{base64.b64encode(out.getvalue()).decode()}"


def row(*urls: str, answer: str = "yes") -> dict[str, Any]:
    asked = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    asked.insert(0, {"type": "text", "text": "Is it?"})
    return {
        "messages": [
            {"role": "user", "content": asked},
            {"role": "assistant", "content": answer},
        ]
    }


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """Four rows: as it is taken, a file, a format that is not taken, and too many images."""
    plain = encoded(Image.new("RGB", (40, 30), "red"), "PNG")
    Image.new("RGB", (40, 30), "blue").save(tmp_path / "blue.png")
    odd = encoded(Image.new("L", (40, 30), 9), "BMP")
    path = tmp_path / "train.jsonl"
    made = [row(plain), row("blue.png"), row(odd), row(*[plain] * 12)]
    path.write_text("".join(json.dumps(one) + "\n" for one in made))
    return path


def lines(path: Path, most: int | None = None) -> list[bytes]:
    """The lines of a file, which is cut after the most that are wanted."""
    found = path.read_bytes().splitlines(keepends=True)[:most]
    if most is not None:
        path.write_bytes(b"".join(found))
    return found


async def converted(source: Path, target: Path) -> moving.MovedFile:
    steps = [step async for step in moving.convert(source, target, "openai")]
    return steps[-1]


async def test_what_changes_is_listed_row_by_row_and_nothing_else_is_touched(
    rows: Path, tmp_path: Path
) -> None:
    found = await converted(rows, tmp_path / "moved/train.jsonl")
    listed = {one.line: "; ".join(one.words) for one in found.changed}
    assert listed[2] == "image 1 is embedded"
    assert "bmp format" in listed[3]
    assert "split, because 12 images are more than 10" in listed[4]
    assert 1 not in listed
    written = lines(found.path)
    assert written[0] == lines(rows)[0]
    assert b"data:image/png" in written[1]
    assert b"data:image/jpeg" in written[2]


async def test_where_nothing_changes_nothing_is_written(rows: Path, tmp_path: Path) -> None:
    lines(rows, 1)
    found = await converted(rows, tmp_path / "moved/train.jsonl")
    assert (found.path, found.changed) == (rows, ())
    assert not (tmp_path / "moved").exists()


async def test_a_job_is_found_with_its_data_or_it_is_said_how_to_get_it(
    store: Store, rows: Path
) -> None:
    with pytest.raises(NotFoundError, match="keep restore"):
        kept_job(store, "ftjob-1", None, "old")
    store.jobs.remember("old", JOB, seen_at=AT)
    kept = kept_job(store, "last", None, "old")
    later = replace(JOB, id="ftjob-2", created_at=JOB.created_at + timedelta(1))
    store.jobs.remember("local", later, seen_at=AT)  # of another profile: `last` is none of its
    assert kept_job(store, "last", None, "old") == kept
    for profile, in_use in ((None, "without a job"), ("local", "old")):
        assert kept_job(store, "last", profile, in_use).job.id == "ftjob-2"
    other = replace(kept, profile="local", made_from=MadeFrom())
    with pytest.raises(DatasetError, match="training of another tool"):
        moving.data_of(other)
    with pytest.raises(DatasetError, match="not launched here"):
        moving.data_of(kept)
    digest = hashlib.sha256(b"".join(lines(rows))).hexdigest()
    store.jobs.made_from("old", "ftjob-1", MadeFrom(Source(str(rows), digest)))
    assert moving.data_of(kept_job(store, "ftjob-1", None, "old")) == (rows, None)
    assert not moving.has_changed(kept_job(store, "ftjob-1", None, "old"))
    lines(rows, 2)
    assert moving.has_changed(kept_job(store, "ftjob-1", None, "old"))
    whole = rows.with_name("train-with-images.jsonl")
    shutil.copyfile(rows, whole)
    assert moving.data_of(kept_job(store, "ftjob-1", "old", "old"))[0] == whole
    os.remove(whole)
    os.remove(rows)
    with pytest.raises(DatasetError, match="not here any more"):
        moving.data_of(kept_job(store, "ftjob-1", None, "old"))


def _python(folder: Path) -> Iterator[str]:
    text = (folder / "train.py").read_text()
    ast.parse(text)
    yield from ("answers('train.jsonl')", "num_train_epochs=3", "lora_alpha=32", "seed=7")
    assert "{epochs}" not in text


def _shell(folder: Path) -> Iterator[str]:
    subprocess.run(["sh", "-n", folder / "train.sh"], check=True)
    yield from ("--dataset train.jsonl", "--num_train_epochs 3", "--lora_rank 16")


def _yaml(folder: Path) -> Iterator[str]:
    known = json.loads((folder / "dataset_info.json").read_text())
    assert (folder / known["tintype_train"]["file_name"]).is_file()
    found = read_yaml((folder / "train.yaml").read_text())
    assert found["dataset"] == "tintype_train"
    yield from ("num_train_epochs: 3.0", "learning_rate: 1.0e-04")


@pytest.mark.parametrize(
    ("name", "main", "read"),
    [
        ("ms-swift", "train.sh", _shell),
        ("llama-factory", "train.yaml", _yaml),
        ("trl", "train.py", _python),
        ("unsloth", "train.py", _python),
    ],
)
async def test_a_recipe_can_be_read_and_has_its_data(
    name: str, main: str, read: Any, rows: Path, tmp_path: Path
) -> None:
    recipe = moving.recipe_named(name)
    assert recipe is not None
    folder = tmp_path / "recipe"
    lines(rows, 2)
    async for _ in moving.in_form(rows, rows, folder, recipe.format):
        pass
    settings = moving.mapped_to_trainer(JOB)
    moving.write_recipe(recipe, folder, JOB, settings, base="me/it's; rm -rf")
    text = (folder / main).read_text()
    for words in read(folder):
        assert words in text
    readme = (folder / "README.md").read_text()
    assert all(one.why in readme for one in settings)
    data = next(path for path in folder.iterdir() if path.name.startswith("train.json"))
    whole = data.read_text()
    found = json.loads(whole) if data.suffix == ".json" else [*map(json.loads, lines(data))]
    assert len(found) == 2
    assert all((folder / image).is_file() for one in found for image in one["images"])


async def test_a_recipe_leaves_out_and_names_a_row_whose_image_is_gone(
    rows: Path, tmp_path: Path
) -> None:
    with rows.open("wb") as file:
        gone = row("http://127.0.0.1:9/gone.png"), row("http://127.0.0.1:9/1.png", "blue.png")
        for one in (row("blue.png"), *gone, row("blue.png", answer="no")):
            file.write(json.dumps(one).encode() + b"\n")
    steps = [step async for step in moving.in_form(rows, None, tmp_path / "recipe", "trl")]
    report = steps[-1].report
    assert report is not None
    assert (report.rows, report.lost) == (2, 2)
    assert [(one.file, one.line) for one in report.problems] == [
        ("train.jsonl", 2),
        ("train.jsonl", 3),
    ]
    assert "gone.png" in report.problems[0].message
    written = (tmp_path / "recipe/train.jsonl").read_text()
    assert ("http" in written, written.count("\n")) == (False, 2)
