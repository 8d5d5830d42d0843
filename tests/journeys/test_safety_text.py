"""Text from datasets, file names, models and providers is shown, never obeyed, wherever it stands.

What is judged is what would be written to the terminal, escape sequences included.
"""

import base64
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tintype_tui.__main__ import run_command

HALF = "\ud800"
"""Half a character: JSON can say it, UTF-8 cannot."""

Obeys = Callable[[str], str]


def _png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def evil_dataset(tmp_path: Path, evil: str) -> Path:
    """Everything in it that can be text is evil; even rows lack their image."""
    folder = tmp_path / "ev\x1b]0;il\x07[bold]\u202e"
    folder.mkdir()
    image = "data:image/png;base64," + base64.b64encode(_png()).decode()

    def row(number: int) -> dict[str, Any]:
        text = f"{evil}{HALF} {number}"
        call = {"id": text, "type": "function", "function": {"name": text, "arguments": text}}
        return {
            "messages": [
                {"role": "system", "content": text + "\n2\n3\n4\n5\n6"},
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": text},
                        {
                            "type": "image_url",
                            "image_url": {"url": image if number % 2 else f"{evil}.png"},
                        },
                    ],
                },
                {
                    "role": f"assistant{text if number == 3 else ''}",
                    "content": f"{text}<loc0102><loc0205><loc0512><loc0614> {text}",
                    **({"tool_calls": [call]} if number == 4 else {}),
                },
            ],
            text: number,
        }

    for name in ("train", "valid", "test"):
        lines = [json.dumps(row(number)) for number in range(12)]
        lines.append("not json \x1b]0;x\x07")
        (folder / f"{name}\x1b[2J.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return folder / "train\x1b[2J.jsonl"


@pytest.fixture
def evil_provider(
    home: Path, hostile_apart: Any, evil: str, monkeypatch: pytest.MonkeyPatch
) -> Any:
    """The provider in use; everything it says is evil."""
    monkeypatch.setenv("EVIL_KEY", "sk-evil-0123456789")
    (home / "config").mkdir(parents=True)
    (home / "config" / "config.toml").write_text(
        'default_profile = "evil"\n[profiles.evil]\nkey_env = "EVIL_KEY"\n'
        f'base_url = "{hostile_apart.url}"\n'
    )
    text, answer = f"{evil}{HALF}", hostile_apart.answer
    refused = answer({"error": {"message": text, "code": text, "type": text}}, 403)
    listed = [_job(number, evil) for number in (4, 3, 2, 1)]
    checkpoints = [
        {
            "id": text,
            "created_at": 1_760_000_100,
            "fine_tuned_model_checkpoint": f"ft:{text}:ckpt-step-{step}",
            "step_number": step,
            "metrics": {"full_valid_loss": 0.1 * step, text: 1},
        }
        for step in range(3)
    ]
    for path, body in (
        ("/fine_tuning/jobs", {"data": listed, "has_more": False}),
        *((re.escape(f"/fine_tuning/jobs/{job['id']}"), job) for job in listed),
        ("(?s)/fine_tuning/jobs/.*/events", {"data": _events(text), "has_more": False}),
        ("(?s)/fine_tuning/jobs/.*/checkpoints", {"data": checkpoints, "has_more": False}),
        ("/models", {"data": [{"id": f"{evil}{n}", "shutdown_date": text} for n in range(4)]}),
        ("/files", {"data": [{"id": text, "filename": text, "purpose": text, "status": text}]}),
    ):
        hostile_apart.on("GET", path, answer(body))
    results = f"step,train_loss\n1,{evil}\n".replace("\r", "").replace("\0", "").encode()
    hostile_apart.on("GET", "(?s)/files/.*/content", answer(results))
    hostile_apart.on("POST", "(?s).*", refused)
    hostile_apart.on("DELETE", "(?s).*", refused)
    hostile_apart.on("POST", "/chat/completions", answer(_streamed(text), headers=STREAM), refused)
    return hostile_apart


STREAM = {"Content-Type": "text/event-stream"}


def _job(number: int, evil: str) -> dict[str, Any]:
    text = f"{evil}{HALF}"
    return {
        "id": f"ftjob-{number}{text if number == 3 else evil}",
        "created_at": 1_760_000_000 + number,
        "model": evil,
        "status": {1: "running", 2: "failed", 3: f"running{text}", 4: "succeeded"}[number],
        "fine_tuned_model": f"ft:gpt-4o:{evil}:x:{number}",
        "suffix": text,
        "training_file": text,
        "validation_file": text,
        "result_files": [text],
        "hyperparameters": {"n_epochs": 3, "batch_size": text, "learning_rate_multiplier": 2},
        "error": {"code": text, "message": text, "param": text} if number == 2 else None,
        "metadata": {text: text},
    }


def _events(text: str) -> list[dict[str, Any]]:
    return [
        {
            "id": f"{text}{step}",
            "created_at": 1_760_000_100 + step,
            "level": ["info", "warn", "error", text][step % 4],
            "type": ["message", "metrics", text][step % 3],
            "message": f"{text}{step}",
            "data": {"step": step, "train_loss": 1 / (step + 1), text: 0.5, "total_steps": 30},
        }
        for step in reversed(range(30))
    ]


def _streamed(text: str) -> bytes:
    pieces = [
        {"delta": {"content": f"Answer {text}"}},
        {"delta": {"content": f"<loc0102><loc0205><loc0512><loc0614> {text} ; <loc9999><loc1>"}},
        {"delta": {}, "finish_reason": text},
    ]
    lines = [f"data: {json.dumps({'model': text, 'choices': [piece]})}\n\n" for piece in pieces]
    return "".join([*lines, "data: [DONE]\n\n"]).encode()


async def _walk(person: Any, obeys: Obeys, keys: str) -> None:
    """Press keys; after each, nothing evil may be in what is drawn."""
    for key in keys.split():
        await person.press(key)
        await person.pilot.pause(0.02)
        found = obeys(person.drawn)
        assert not found, f"after {key}: {found}\n{person.screen}"


async def test_nothing_in_a_dataset_is_obeyed(sit: Any, evil_dataset: Path, obeys: Obeys) -> None:
    async with sit(evil_dataset) as person:
        await person.sees("13 rows", "errors")
        await _walk(person, obeys, "j j j j space p j j end v j j j enter escape escape f escape")
        await _walk(person, obeys, "x c l l plus escape m escape W escape w escape s s s s s")
        await _walk(person, obeys, "slash a b c enter")
        await person.sees("12 rows with")
        await _walk(person, obeys, "n n v escape escape u")
        await _walk(person, obeys, "slash escape escape M escape o tab escape")
        await person.press("e")
        await person.sees("tokens billed", "see 2 p")
        await _walk(person, obeys, "d escape V plus D l escape")
        await person.press("5")
        await person.sees("row 1", "is not a file name")
        await _walk(person, obeys, "n n S escape H escape i escape o enter escape Y")
        await _walk(person, obeys, "exclamation_mark escape question_mark escape 1")
        await person.sees("Recent datasets")
        await _walk(person, obeys, "o down escape")


async def test_nothing_that_a_provider_says_is_obeyed(
    sit: Any, evil_dataset: Path, evil_provider: Any, obeys: Obeys
) -> None:
    async with sit(evil_dataset) as person:
        await person.sees("13 rows")
        await person.press("4")
        await person.sees("checkpoint 2", "succeeded", "failed")
        await _walk(person, obeys, "w w w right_square_bracket right_square_bracket")
        await person.sees("billed", "trend")
        await _walk(person, obeys, "right_square_bracket j j f escape O j O c n c y")
        await _walk(person, obeys, "right_square_bracket W w escape enter escape")
        await _walk(person, obeys, "right_square_bracket enter S z a i escape")
        await _walk(person, obeys, "y slash escape end c escape home")
        await person.sees("checkpoint 2")
        await person.press("t")
        await person.sees("is not a file name")
        await _walk(person, obeys, "m")
        await person.sees("Ask which model?")
        await _walk(person, obeys, "down enter n a")
        await person.sees("The cost of this question is unknown")
        await person.type("unknown")
        await _walk(person, obeys, "enter")
        await person.sees("Answer", "<loc0512>")
        await _walk(person, obeys, "a Y y plus escape minus H")
        await person.sees("Answers so far")
        await _walk(person, obeys, "down enter exclamation_mark escape 4 e")
        await person.sees("cost unknown")
        await person.quoted()
        await _walk(person, obeys, "l")
        for refused in ("reject this file", "reject the validation file"):
            await person.sees(refused, "Launch anyway")
            await _walk(person, obeys, "y")
        await person.sees("Launch at Provider evil")
        await person.type("unknown")
        await _walk(person, obeys, "enter")
        await person.sees("does not let this key")
        await _walk(person, obeys, "escape 1")
        await person.sees("Jobs", "succeeded")
        assert not obeys(person.drawn)


def _commands(folder: Path, dataset: Path, evil: str) -> list[tuple[Any, ...]]:
    job, odd = f"ftjob-4{evil}", folder / "no\x1b[2J"
    table, voc = folder / "t\x1b[2J.csv", folder / "voc\x1b]0;x\x07"
    return [
        ("check", dataset),
        ("check", dataset, "--json"),
        ("check", odd),
        ("check", dataset, "--provider", evil),
        ("check", dataset, "--profile", evil),
        ("check", dataset, "--nosuch\x1b[2J"),
        ("estimate", dataset, "--model", evil),
        ("estimate", dataset, "--model", evil, "--json"),
        ("train", dataset, "--dry-run"),
        ("jobs",),
        ("jobs", "--json"),
        ("jobs", "show", job),
        ("jobs", "results", job),
        ("jobs", "cancel", job),
        ("watch", job),
        ("watch", job, "--json"),
        ("models",),
        ("models", "--json"),
        ("models", "delete", evil, "--yes"),
        ("files",),
        ("files", "--json"),
        ("files", "get", "file-1", odd / "x\x9b31m"),
        ("files", "delete", evil, "--yes"),
        ("ask", evil, evil),
        ("ask", evil, "--row", f"{dataset}:2"),
        ("ask", evil, "--row", f"{dataset}:1"),
        ("ask", evil, "--row", evil),
        ("ask", evil, evil, "--dry-run"),
        ("ask", "m", "x", "-i", odd),
        ("import", "csv", table, folder / "one\x1b[2J"),
        ("import", "csv", table, folder / "two", "--json"),
        ("import", "csv", table, folder / "three", "--image", evil),
        ("import", "voc", voc, folder / "four"),
        ("import", "voc", voc, folder / "five", "--json"),
        ("import", "voc", odd, folder / "six"),
        ("embed", dataset, folder / "mended\x1b[2J.jsonl"),
        ("embed", dataset, dataset),
        ("sample", dataset),
        ("config",),
        ("config", "key", evil),
        ("serve", "--folder", dataset),
        ("serve", "--port", "\x9b31m"),
        ("nosuch\x9b31m",),
    ]


@pytest.fixture
def evil_tables(tmp_path: Path, evil: str) -> None:
    """A table and a Pascal VOC folder with evil names and labels."""
    (tmp_path / "a.png").write_bytes(_png())
    label = evil.replace("\r", "").replace("\0", "")
    rows = f"image,question,answer\na.png,{label},x\nno\x1b[2J.png,q,a\n"
    (tmp_path / "t\x1b[2J.csv").write_text(rows, encoding="utf-8")
    voc = tmp_path / "voc\x1b]0;x\x07"
    (voc / "Annotations").mkdir(parents=True)
    (voc / "JPEGImages").mkdir()
    (voc / "JPEGImages" / "a\x9b.png").write_bytes(_png())
    box = "<xmin>{}</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax>"
    things = "".join(
        f"<object><name>l\u202e\x9b31m [bold]</name><bndbox>{box.format(at)}</bndbox></object>"
        for at in (1, 9)  # the second is empty
    )
    size = "<size><width>40</width><height>30</height><depth>3</depth></size>"
    (voc / "Annotations" / "a\x1b[2J.xml").write_text(
        f"<annotation><filename>a\x9b.png</filename>{size}{things}</annotation>", encoding="utf-8"
    )
    (voc / "Annotations" / "b\x1b[2J.xml").write_text("<annotation>\x1b")


def test_no_command_prints_what_a_terminal_would_obey(
    evil_provider: Any,
    evil_dataset: Path,
    evil_tables: None,
    evil: str,
    obeys: Obeys,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for command in _commands(tmp_path, evil_dataset, evil):
        capsys.readouterr()
        code = run_command([str(word) for word in command])
        said = capsys.readouterr()
        assert code in (0, 1, 2), command
        assert not obeys(said.out), command
        assert not obeys(said.err), command
        if "--json" in command and said.out:
            lines = said.out.splitlines() if command[0] == "watch" else [said.out]
            assert [json.loads(line) for line in lines]
