"""A dataset looked at in blocks, by whatever number of processes: always with the same result."""

import base64
import io
import json
import random
import re
import struct
import subprocess
import sys
import zlib
from contextlib import aclosing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tintype.assessment import Assessment, assess
from tintype.dataset import open_dataset
from tintype.dataset import survey as surveying
from tintype.dataset.files import PlainFile
from tintype.dataset.index import LineIndex
from tintype.dataset.statistics import StatisticsTally
from tintype.dataset.survey import survey
from tintype.detection import labels_in, name_convention
from tintype.estimation import Counts, count
from tintype.rules import DatasetJudge, facts, reading, rules_of, worker
from tintype.rules.alike import Columns, Run
from tintype.rules.examining import Examiner, Setup
from tintype.rules.pattern import conspicuous, may_hold_pasted
from tintype.rules.template import PLAIN_TEXT
from tintype.rules.worker import Worker
from tintype.tokens import model_tokens

TEXTS = (
    "What is it?",
    "Größe 😀",
    "a cat [1, 2, 3, 4]",
    '{"bbox_2d": [1, 2, 3, 4]}',
    "cat: [0.1, 0.2, 0.3, 0.4], [0.2, 0.3, 0.4, 0.5]",
    '{"x1": 1, "y1": 2, "x2": 3, "y2": 4, "label": "cat"}',
    "<ref>cat</ref><box>(1,2),(3,4)</box>",
    "<loc0001><loc0002><loc0100><loc0200> cat",
    "<loc0100><loc0002><loc0010><loc0200> cat",
    "< LOC12 >",
    "<|im_start|>",
    "Look: <image>",
    "Look: <image_1>",
    "detect cat ; dog",
    "a < b and <b>bold</b>",
    "data:image/png;base64," + "A" * 80,
    "see iVBORw0KGgo" + "A" * 80,
    "",
    "  \n ",
    "x" * 300,
    "Write to ann.lee@kunde.de, or call.",
    "Call +49 30 1234567 or 212-664-7665",
    "Use sk-proj-" + "a1B2" * 8,
    "half \ud800",
)
ROLES = ("user", "assistant", "system", "tool", "human", "")


def image(rng: random.Random) -> str:
    """A data URL of an image of some kind; the kinds that are skipped among them."""
    kind = rng.choice(("JPEG", "JPEG", "PNG", "WEBP", "GIF", "BMP"))
    mode = rng.choice(("RGB", "RGB", "RGB", "L")) if kind != "GIF" else "P"
    out = io.BytesIO()
    exif = Image.Exif()
    if rng.random() < 0.1:
        exif[0x0112] = 6
    size = (rng.randrange(1, 40), rng.choice((20, 30, 900)))
    Image.new(mode, size, rng.randrange(200)).save(out, kind, exif=exif.tobytes())
    data = out.getvalue()
    data = data[: rng.randrange(20, len(data))] if rng.random() < 0.1 else data
    declared = rng.choice((kind.lower(), kind.lower(), "png"))
    return f"data:image/{declared};base64,{base64.b64encode(data).decode()}"


def message(rng: random.Random, role: str, images: list[str]) -> dict[str, Any]:
    content: Any = rng.choice(TEXTS[:3] if rng.random() < 0.7 else TEXTS)
    if role == "user" and rng.random() < 0.7:
        parts: list[Any] = [{"type": "text", "text": content}]
        for _ in range(rng.randrange(3)):
            url = {"url": rng.choice(images), "detail": rng.choice(("low", "high", "auto"))}
            if rng.random() < 0.3:
                del url["detail"]
            parts.insert(rng.randrange(2), {"type": "image_url", "image_url": url})
        content = parts
    made = {"role": role, "content": content}
    if rng.random() < 0.1:
        made["weight"] = rng.choice((0, 1, 0.5, True, None, "1"))
    if rng.random() < 0.05:
        made["name"] = "Ann"
    return made


def line(rng: random.Random, images: list[str]) -> bytes:
    roles = ["user", "assistant"] if rng.random() < 0.7 else rng.choices(ROLES, k=3)
    if rng.random() < 0.3:
        roles.insert(0, "system")
    row: dict[str, Any] = {"messages": [message(rng, role, images) for role in roles]}
    if rng.random() < 0.05:
        row["tools"] = []
    written = json.dumps(row, ensure_ascii=rng.random() < 0.5).encode("utf-8", "replace")
    return written if rng.random() < 0.97 else written[:-3]


def make(path: Path, rows: int, seed: int = 1) -> Path:
    """A file in which nearly everything occurs, and much of it twice."""
    rng = random.Random(seed)
    images = [image(rng) for _ in range(30)]
    known: list[bytes] = []
    with path.open("wb") as file:
        for _ in range(rows):
            repeated = known and rng.random() < 0.1
            known.append(rng.choice(known) if repeated else line(rng, images))
            file.write(known[-1] + b"\n" * rng.choice((1, 1, 1, 2)))
    return path


async def one_by_one(path: Path, provider: str) -> tuple[Any, ...]:
    """What the rules, the counts and the statistics say of row after row."""
    profile = rules_of(provider)
    rule = model_tokens(profile.model, profile.provider)
    tally, counts = StatisticsTally(), Counts(rule)
    async with open_dataset(path) as dataset:
        judge = DatasetJudge(profile, rule, file=await facts(dataset))
        problems: list[Any] = []
        async for batch in survey(dataset, fetch=False):
            judged = [judge.add(surveyed) for surveyed in batch]
            tally.add(batch)
            problems += judge.show(problem for row in judged for problem in row.problems)
            for row in judged:
                counts += count(row.surveyed, rule, tokens=row.tokens, skipped=row.skipped)
        last, summary = judge.finish(await facts(dataset))
    return (*problems, *last), summary, tally.statistics(), counts


async def assessed(path: Path, provider: str, **options: Any) -> Assessment:
    async with open_dataset(path) as dataset:
        *_, found = [
            step async for step in assess(dataset, rules_of(provider), fetch=False, **options)
        ]
    return found


@pytest.mark.parametrize("provider", ["openai", "tintype", "together"])
@pytest.mark.parametrize("seed", [1, 2])
async def test_blocks_say_what_row_after_row_says(
    tmp_path: Path, provider: str, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MOST_ROWS", 150)
    path = make(tmp_path / "train.jsonl", 600, seed)
    problems, summary, statistics, counts = await one_by_one(path, provider)
    found = await assessed(path, provider, workers=0)
    assert found.problems == problems
    assert found.summary == summary
    assert found.statistics == statistics
    assert found.counts == counts
    assert len(found.figures.tokens) == summary.examples


async def test_the_number_of_processes_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MOST_ROWS", 100)
    path = make(tmp_path / "train.jsonl", 700)
    alone = await assessed(path, "openai", workers=0)
    found = await assessed(path, "openai", workers=2)
    assert (found.problems, found.summary) == (alone.problems, alone.summary)
    assert (found.statistics, found.counts) == (alone.statistics, alone.counts)
    assert found.figures.tokens == alone.figures.tokens
    assert found.figures.image_tokens == alone.figures.image_tokens
    assert found.figures.answer_chars == alone.figures.answer_chars
    assert found.figures.statuses == alone.figures.statuses
    assert found.figures.problems == alone.figures.problems


SAID = (
    *TEXTS,
    "Yes.",
    "It costs 1,234.50 in\nall — “so” they say.",
    'He said "no".\t\\',
    " a  word ",
    "b'twas",
    "Data: none",
    "/9j/ is how a JPEG begins, and this one is more than sixty characters long.",
    "\ue000",
    "%b %s",
    "naïve\u00a0fox",
)
WAYS: tuple[dict[str, Any], ...] = (
    {},
    {},
    {"separators": (",", ":")},
    {"ensure_ascii": False},
    {"sort_keys": True},
)


def make_texts(path: Path, rows: int) -> Path:
    """A file of rows without images, as several programs write them."""
    rng = random.Random(5)
    with path.open("wb") as file:
        for _ in range(rows):
            roles = rng.choice(
                (["user", "assistant"], ["system", "user", "assistant", "assistant"])
            )
            said: list[dict[str, Any]] = [
                {"role": role, "content": rng.choice(SAID)} for role in roles
            ]
            if rng.random() < 0.2:
                said[0]["content"] = [{"type": "text", "text": said[0]["content"]}]
            if rng.random() < 0.2:
                said[-1]["weight"] = 0
            written = json.dumps({"messages": said}, **rng.choice(WAYS))
            line = written.encode("utf-8", "replace") + rng.choice((b"", b"", b" ", b"\r"))
            if rng.random() < 0.02:
                line = line.replace(b"a", b"\xff", 1)
            file.write(line + b"\n")
    return path


async def test_rows_written_alike_are_judged_as_row_after_row_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MOST_ROWS", 100)
    path = make_texts(tmp_path / "train.jsonl", 1500)
    problems, summary, statistics, counts = await one_by_one(path, "openai")
    found = await assessed(path, "openai", workers=0)
    assert (found.problems, found.summary) == (problems, summary)
    assert (found.statistics, found.counts) == (statistics, counts)


def lines_read(tmp_path: Path, written: list[str]) -> list[int]:
    """How many rows are read together, block by block of two rows, of a file."""
    path = tmp_path / "train.jsonl"
    path.write_text("\n".join(written) + "\n")
    profile = rules_of("openai")
    rule = model_tokens(profile.model, profile.provider)
    examiner = Examiner(Setup(profile, rule, tmp_path, False, False, False))
    sizes: list[int] = []
    with PlainFile(path) as file:
        index = LineIndex(file)
        index.scan(1)
        for start in range(0, index.count, 2):
            run = Run(start, *index.places(start, min(index.count, start + 2)))
            lines = examiner.read(run, index.stretch(start, start + len(run.lines)))
            examiner.examine(run, lines)
            sizes += [len(line.rows) if isinstance(line, Columns) else 0 for line in lines]
    return sizes


def said(question: str, answer: str) -> str:
    """A row of two messages."""
    messages = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return json.dumps({"messages": messages})


def test_rows_written_alike_are_read_together_once_two_have_been_judged(tmp_path: Path) -> None:
    rows = [said(f"What is {number}?\n\u00e9", "It is 4.") for number in range(6)]
    assert lines_read(tmp_path, rows) == [0, 0, 2, 2]
    for place in ("<image>", "<image_1>", "<Image_012>"):
        odd = [*rows[:4], said(f"Look: {place}", "A cat."), rows[5]]
        assert lines_read(tmp_path, odd) == [0, 0, 2, 0, 1]


BOX_PIECES = (
    *('"', "[", "{", "}", "]", "bbox", '"bbox": [', '"x_min": ', '"x1": ', '"y1": 3, "x2": 4'),
    *('"y2": 5}', '"x": 1, "y": 2, ', '"width": 3, "height": 4}', '"label": "cat"', "(1,2),(3,4)"),
    *("1", "2.5", ", ", ".", " ", "-", ":", "[1, 2, 3, 4]"),
)


@pytest.mark.parametrize("text", TEXTS)
def test_what_is_conspicuous_in_a_plain_text_is_not_passed_over(text: str) -> None:
    if re.fullmatch(PLAIN_TEXT, text) and not may_hold_pasted(text.encode(errors="replace")):
        assert conspicuous(text, plain=True) == conspicuous(text)


@given(st.lists(st.sampled_from(BOX_PIECES), max_size=14).map("".join))
def test_a_text_in_which_a_box_is_found_is_looked_at_more_closely(text: str) -> None:
    if name_convention(text) or labels_in(text):
        assert conspicuous(text)


async def test_small_files_are_decoded_and_large_ones_say_that_they_were_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = struct.pack(">IIBBBBB", 50, 50, 8, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n"  # whole, and with right checksums, but most pixels are missing
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(100))), (b"IEND", b""))
    for name, body in chunks:
        data += struct.pack(">I", len(body)) + name + body
        data += struct.pack(">I", zlib.crc32(name + body))
    url = f"data:image/png;base64,{base64.b64encode(data).decode()}"
    part = {"type": "image_url", "image_url": {"url": url}}
    asked = [{"role": "user", "content": [part]}, {"role": "assistant", "content": "Noise."}]
    path = tmp_path / "train.jsonl"
    path.write_text((json.dumps({"messages": asked}) + "\n") * 12)

    def verdict(found: Assessment) -> tuple[bool, int]:
        assert found.summary is not None
        return found.summary.decoded, found.summary.skipped

    assert verdict(await assessed(path, "openai")) == (True, 12)
    assert verdict(await assessed(path, "openai", deep=False)) == (False, 0)
    monkeypatch.setattr(surveying, "MAX_DECODED_BYTES", 99)
    assert verdict(await assessed(path, "openai")) == (False, 0)
    assert verdict(await assessed(path, "openai", deep=True)) == (True, 12)


async def test_no_process_is_left_when_a_check_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[subprocess.Popen[bytes]] = []

    def popen(*args: Any, **options: Any) -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen(*args, **options))
        return started[-1]

    monkeypatch.setattr(worker, "subprocess", SimpleNamespace(Popen=popen, PIPE=-1, DEVNULL=-3))
    path = make(tmp_path / "train.jsonl", 300)
    async with open_dataset(path) as dataset:
        steps = assess(dataset, rules_of("openai"), fetch=False, workers=2)
        async with aclosing(steps):
            async for step in steps:
                if step.bytes_done:
                    break
    assert len(started) == 2
    assert not [child for child in started if child.poll() is None]


async def test_a_process_that_is_killed_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MOST_ROWS", 50)
    path = make(tmp_path / "train.jsonl", 300)
    alone = await assessed(path, "openai", workers=0)
    monkeypatch.setattr(Worker, "_send", lambda self, value: self.kill())
    found = await assessed(path, "openai", workers=2)
    assert (found.problems, found.summary) == (alone.problems, alone.summary)


def test_a_process_ends_with_whoever_started_it() -> None:
    command = [sys.executable, "-P", "-m", "tintype.rules.worker"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait() == 0
