"""What a training costs: why, what if, and what would pay."""

import asyncio
import base64
import io
import json
import math
from pathlib import Path
from typing import Any

import pytest
from PIL import Image


@pytest.fixture
def paid(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The provider in use counts and bills as OpenAI does; nobody is asked."""
    monkeypatch.setenv("PAID_KEY", "sk-paid-0123456789")
    (home / "config").mkdir(parents=True)
    (home / "config" / "config.toml").write_text(
        'default_profile = "paid"\n[profiles.paid]\nkey_env = "PAID_KEY"\nprovider = "openai"\n'
    )


def quoted_of(person: Any) -> Path | None:
    """The file that the quote shown is of; none without a quote."""
    made = getattr(person.app.screen, "quote", None)
    return made.training if made is not None else None


def quoted_images(person: Any) -> float:
    """Tokens of images in the quote shown; without a quote more than any."""
    made = getattr(person.app.screen, "quote", None)
    return made.estimate.image_tokens.likely if made is not None else math.inf


async def test_every_count_says_why_with_the_numbers_of_its_row(
    sit: Any, dataset: Path, paid: None
) -> None:
    async with sit(dataset, size=(80, 24)) as person:
        await person.sees("12 rows", "1 warning")
        await person.press("down", "dollar_sign")
        await person.sees(
            "Why so many tokens: line 2", "48 × 36 pixels", "85 + 170 × 1 = 255 tokens"
        )
        await person.press("escape", "e")
        await person.sees("tokens billed")
        await person.press("dollar_sign")
        await person.sees("Why so many tokens: line 2")
        await person.press("right")
        await person.sees("Why so many tokens: line 3")
        await person.press("escape", "d", "dollar_sign")
        await person.sees("Why so many tokens", "255 tokens")
        await person.press("escape")
        await person.sees("The most expensive rows")


def test_the_command_explains_a_line(tintype: Any, dataset: Path) -> None:
    done = tintype("estimate", dataset, "-p", "openai", "--why", 2)
    assert done.code == 0
    assert "85 + 170 × 1 = 255 tokens" in done.out
    found = tintype("estimate", dataset, "-p", "openai", "--why", 2, "--json").json
    assert found["images"][0]["tokens"]["likely"] == 255


async def test_what_is_tried_moves_the_sum_and_is_true_of_the_copy_that_is_asked_for(
    sit: Any, dataset: Path, paid: None
) -> None:
    before = await asyncio.to_thread(dataset.read_bytes)
    async with sit(dataset, size=(80, 24)) as person:
        await person.sees("12 rows", "1 warning")
        await person.press("e")
        await person.quoted()
        whole = person.app.screen.estimate
        await person.press("w")
        await person.sees("What if", "now", "then", "as it is: paligemma")
        await person.press("enter")
        await person.sees("Nothing is different yet")
        await person.press("down", "down", "down", "right", "right", "down", "left")
        await person.sees("‹ 50 %: 6 ›", "6 rows of 12, drawn by chance", "−5")
        await person.press("up", "up", "up", "up", "right")
        await person.sees("‹ low ›", "510")
        assert sorted(one.name for one in dataset.parent.iterdir()) == [
            "test.jsonl",
            "train.jsonl",
            "valid.jsonl",
        ]
        await person.press("enter")
        await person.sees("Write a copy like this into", "With detail low, 6 rows")
        await person.press("enter")
        copy = dataset.with_name("train-low-6-rows.jsonl")
        await person.until(lambda: quoted_of(person) == copy, "a quote of the copy")
        made = person.app.screen.estimate
        assert (made.rows, made.image_tokens.likely) == (6, 6 * 85)
        assert made.epochs == whole.epochs - 1
        assert made.plan.detail == "as is"
    assert await asyncio.to_thread(dataset.read_bytes) == before


async def test_of_a_dataset_that_has_changed_there_is_nothing_to_turn_or_to_reset(
    sit: Any, dataset: Path, paid: None
) -> None:
    async with sit(dataset, size=(80, 24)) as person:
        await person.sees("12 rows", "1 warning")
        await person.press("e")
        await person.quoted()
        await person.heard()  # that Estimate wants it read: the quote was of what was known
        with dataset.open("a") as rows:
            rows.write("\n")
        await person.press("w")
        await person.sees("has changed since it was counted")
        await person.press("0", "right", "escape")
        await person.sees("tokens billed")


def test_the_page_to_be_signed_off_says_what_is_known_and_what_is_not(
    tintype: Any, dataset: Path, home: Path
) -> None:
    done = tintype("estimate", dataset, "-p", "openai", "--md")
    assert done.code == 0
    assert done.out.startswith("# Training gpt-4o-2024-08-06 at OpenAI: $0.")
    for words in ("| epochs | 8, by default", "time unknown until a first upload", "pays after"):
        assert words in done.out
    assert not (home / "data").exists()


@pytest.fixture
def with_a_large_image(dataset: Path) -> Path:
    """Row 8 has an image of 1600 × 1200."""
    out = io.BytesIO()
    Image.new("RGB", (1600, 1200), (9, 9, 9)).save(out, "JPEG")
    rows = dataset.read_text().splitlines()
    row = json.loads(rows[7])
    url = "data:image/jpeg;base64," + base64.b64encode(out.getvalue()).decode()
    row["messages"][1]["content"][1]["image_url"]["url"] = url
    dataset.write_text("\n".join([*rows[:7], json.dumps(row), *rows[8:]]) + "\n")
    return dataset


async def test_dearest_rows_are_shrunk_and_left_out_right_there(
    sit: Any, with_a_large_image: Path, paid: None
) -> None:
    before = await asyncio.to_thread(with_a_large_image.read_bytes)
    async with sit(with_a_large_image, size=(80, 24)) as person:
        await person.sees("12 rows", "1 warning")
        await person.press("e")
        await person.quoted()
        whole = person.app.screen.estimate
        await person.press("d")
        await person.sees("The most expensive rows", "line      8")
        await person.press("x")
        await person.sees("left out", "without 1 row marked")
        await person.press("x")
        await person.sees_no("without 1 row")
        await person.press("s")
        await person.sees("Longest side of the images of line 8", "pixels:")
        await person.press("enter")
        await person.sees("shrunk: ")
        await person.press("escape")
        before_that = whole.image_tokens.likely
        await person.until(lambda: quoted_images(person) < before_that, "fewer tokens")
        less = person.app.screen.estimate
        await person.press("2")
        await person.sees("1 edited")
        await person.press("3")
        await person.quoted()
        await person.press("l")
        await person.sees("Rows are edited: train on a copy?", "train-edited.jsonl")
        await person.press("y")
        await person.sees("Launch at", '"train-edited.jsonl"')
        assert person.app.screen._order.estimate.image_tokens == less.image_tokens
    assert await asyncio.to_thread(with_a_large_image.read_bytes) == before


async def test_a_row_unmarked_among_the_dearest_stays_unmarked(
    sit: Any, with_a_large_image: Path
) -> None:
    async with sit(with_a_large_image, size=(80, 24)) as person:
        await person.sees("12 rows", "1 warning")
        await person.press("x", *"jjjjjj", "x")
        await person.sees("2 marked")
        await person.press("e")
        await person.quoted()
        await person.press("d")
        await person.sees("line      8", "left out", "without 2 rows marked")
        await person.press("down", "down", "x")
        await person.sees("without 1 row marked")
        await person.press("escape", "2")
        await person.sees("· 1 marked", "12 rows")


async def test_no_row_of_another_file_is_shrunk_among_the_dearest(
    sit: Any, with_a_large_image: Path
) -> None:
    async with sit(with_a_large_image, size=(80, 24)) as person:
        await person.sees("12 rows", "1 warning")
        await person.press("e")
        await person.quoted()
        await person.press("d")
        await person.sees("line      8", "free")
        text = await asyncio.to_thread(with_a_large_image.read_text)
        await asyncio.to_thread(with_a_large_image.write_text, "\n" + text)
        for key in ("s", "x"):
            await person.press(key)
            await person.sees("train.jsonl has changed since it was counted. Go back")
        assert "left out" not in person.screen


def test_ones_own_limits_go_before_the_providers(tintype: Any, dataset: Path, home: Path) -> None:
    (home / "config").mkdir(parents=True)
    (home / "config" / "config.toml").write_text('limits = "limits.toml"\n')
    table = home / "config" / "limits.toml"
    table.write_text('[[limits]]\nprovider = "openai"\nmin_examples = 13\n')
    done = tintype("check", dataset, "-p", "openai", "--json")
    assert done.json["status"] == "error"
    assert "13" in " ".join(problem["message"] for problem in done.json["problems"])
    assert tintype("check", dataset, "-p", "tintype", "--json").json["status"] != "error"
    table.write_text('[[limits]]\nprovider = "openai"\nmost_images = 13\n')
    wrong = tintype("check", dataset, "-p", "openai")
    assert wrong.code == 2
    assert "limits.toml" in wrong.said
    assert "most_images" in wrong.said


def test_the_command_tries_changes_and_writes_only_what_is_asked_for(
    tintype: Any, dataset: Path
) -> None:
    before = sorted(dataset.parent.iterdir())
    asked = ("estimate", dataset, "-p", "openai", "--rows", 6, "--answers", "qwen2.5-vl")
    done = tintype(*asked, "--detail", "low")
    assert done.code == 0
    assert "image tokens      3,060               510                 −83 %" in done.out
    assert "Answers that change: 6." in done.out
    assert sorted(dataset.parent.iterdir()) == before
    copy = dataset.with_name("copy.jsonl")
    found = tintype(*asked, "--detail", "low", "-o", copy, "--json").json
    made = tintype("estimate", copy, "-p", "openai", "--json").json
    for name in ("examples", "text_tokens", "image_tokens", "tokens_per_epoch", "cost_usd"):
        assert found["then"][name] == made[name]
    assert found["now"]["examples"] == 12
    wrong = tintype("estimate", dataset, "-p", "openai", "--answers", "nobodys")
    assert (wrong.code, "No convention is called" in wrong.said) == (2, True)
