"""Every step of the loop as a command: data on standard output, words on standard error."""

import fcntl
import io
import json
import os
import pty
import resource
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import Done

Tintype = Callable[..., Done]


def test_check_says_ok_for_a_usable_dataset(tintype: Tintype, dataset: Path) -> None:
    done = tintype("check", dataset, "--json")
    assert done.code == 0
    assert done.json["status"] == "warning"  # twelve examples are few
    assert done.json["examples"] == 12
    assert done.json["images"] == 12
    assert [problem["rule"] for problem in done.json["problems"]] == ["few_examples"]


def test_a_second_command_says_that_nothing_has_changed(tintype: Tintype, tmp_path: Path) -> None:
    said = [{"role": "user", "content": "Is it? " * 400}, {"role": "assistant", "content": "No."}]
    path = tmp_path / "train.jsonl"
    path.write_text((json.dumps({"messages": said}) + "\n") * 400)
    os.utime(path, (1e9, 1e9))
    first, second = tintype("check", path), tintype("check", path)
    assert "Nothing has changed" not in first.err
    unchanged = "Nothing has changed since an earlier check, whose result this is."
    assert second.said == f"{first.said} {unchanged}"
    assert (second.code, second.out) == (first.code, first.out)
    assert tintype("estimate", path).code == 0


def test_check_exits_with_1_and_names_each_error(tintype: Tintype, tmp_path: Path) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"messages": []}\nnot json\n')
    done = tintype("check", bad, "--json")
    assert done.code == 1
    assert done.json["status"] == "error"
    problem = next(found for found in done.json["problems"] if found["line"] == 2)
    assert problem["severity"] == "error"
    assert set(problem) >= {"line", "severity", "rule", "message", "fix"}


def test_check_exits_with_2_when_there_is_nothing_to_check(
    tintype: Tintype, tmp_path: Path
) -> None:
    done = tintype("check", tmp_path / "missing.jsonl")
    assert done.code == 2
    assert done.out == ""
    assert "missing.jsonl" in done.err
    assert "Traceback" not in done.err


def test_check_shows_escape_sequences_in_data_and_does_not_obey_them(
    tintype: Tintype, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"messages": [{"role": "\\u001b[2J\\u202e", "content": "x"}]}\n')
    done = tintype("check", bad)
    assert done.code == 1
    assert "\x1b" not in done.out + done.err
    assert "\u202e" not in done.out + done.err


def test_estimate_tells_tokens_epochs_and_cost(tintype: Tintype, dataset: Path) -> None:
    done = tintype("estimate", dataset, "--profile", "openai", "--json")
    found = done.json
    assert done.code == 0
    assert found["tokens_per_epoch"] == found["text_tokens"] + found["image_tokens"]
    assert found["epochs"] == 8  # 100 // 12, by OpenAI's rule
    assert found["billed_tokens"] == found["tokens_per_epoch"] * 8
    assert found["cost_usd"] == pytest.approx(found["billed_tokens"] * 25 / 1e6)


def test_estimate_of_an_unknown_price_is_null_and_not_zero(tintype: Tintype, dataset: Path) -> None:
    done = tintype("estimate", dataset, "--profile", "openai", "--model", "gpt-99", "--json")
    assert done.code == 0
    assert done.json["cost_usd"] is None


@pytest.mark.parametrize("content", ["", "no JSON\n" * 12])
def test_estimate_of_what_cannot_be_trained_on_is_null_and_not_free(
    tintype: Tintype, tmp_path: Path, content: str
) -> None:
    nothing = tmp_path / "nothing.jsonl"
    nothing.write_text(content)
    for profile in ("openai", "tintype"):
        assert tintype("estimate", nothing, "-p", profile, "--json").json["cost_usd"] is None
        done = tintype("estimate", nothing, "-p", profile)
        assert "cost unknown" in done.out
        assert "free" not in done.out
        assert "Costs nothing" not in done.err
        assert "No row of the file can be counted" in done.err


def test_estimate_of_a_file_that_would_be_rejected_says_so(tintype: Tintype, dataset: Path) -> None:
    assert "would reject" not in tintype("estimate", dataset).err
    with dataset.open("a") as rows:
        rows.write("{}\n")
    assert "The provider would reject this file" in tintype("estimate", dataset).err


@pytest.mark.parametrize("line", ["0", "000", "9" * 30])
def test_a_line_that_no_file_has_is_no_row(tintype: Tintype, dataset: Path, line: str) -> None:
    for command in (("ask", "last", "--row"), ("show",)):
        done = tintype(*command, f"{dataset}:{line}")
        assert (done.code, "is not a row" in done.err) == (2, True)


def test_estimate_refuses_what_the_embedded_server_cannot_train(
    tintype: Tintype, dataset: Path
) -> None:
    done = tintype("estimate", dataset, "--model", "gpt-4o-2024-08-06")
    assert done.code == 2
    assert "does not train" in done.err


def test_the_loop_by_commands(tintype: Tintype, dataset: Path) -> None:
    folder = dataset.parent
    launched = tintype(
        "train", dataset, "--validation", folder / "valid.jsonl", "--model", "scripted",
        "--suffix", "shapes", "--epochs", "2", "--wait", "--yes", "--json",
    )  # fmt: skip
    assert launched.code == 0, launched.err
    job = launched.json
    assert job["status"] == "succeeded"
    assert job["hyperparameters"]["n_epochs"] == 2

    listed = tintype("jobs", "--json")
    assert [one["id"] for one in listed.json] == [job["id"]]

    watched = tintype("watch", job["id"], "--json")
    assert watched.code == 0
    events = [json.loads(line) for line in watched.out.splitlines()]
    steps = [event["data"]["step"] for event in events if event["type"] == "metrics"]
    assert steps == list(range(1, len(steps) + 1))

    models = tintype("models", "--tuned", "--json")
    assert job["fine_tuned_model"] in [model["id"] for model in models.json]

    asked = tintype("ask", "last", "--row", f"{dataset}:3", "--json")
    assert asked.code == 0, asked.err
    (answer,) = asked.json["answers"]
    assert answer["model"] == job["fine_tuned_model"]
    assert answer["text"] == "answer 2"
    assert answer["as_expected"]

    both = tintype("ask", "last", "--also", "base", "--row", f"{dataset}:2", "--json")
    tuned, base = both.json["answers"]
    assert base["model"] == "scripted"
    assert tuned["boxes"][0]["label"] == "square"
    assert (tuned["mean_iou"], tuned["compared"][0]["fate"]) == (1.0, "found")
    assert (base["mean_iou"], base["compared"][0]["fate"]) == (0.0, "missed")

    other = tintype("ask", "last", "What is number 4?", "--row", f"{dataset}:3", "--json")
    (answer,) = other.json["answers"]
    assert answer["text"] == "answer 4"
    assert "as_expected" not in answer

    results = tintype("jobs", "results", job["id"])
    assert results.out.startswith("step,train_loss,")
    reported = [event["data"]["train_loss"] for event in events if event["type"] == "metrics"]
    printed = [float(line.split(",")[1]) for line in results.out.splitlines()[1:]]
    assert printed == reported  # every digit
    measured = [event["metrics"]["train_loss"] for event in events if event["metrics"]]
    assert measured == reported
    assert "step 1: training loss" in tintype("watch", job["id"]).out


@pytest.mark.parametrize(
    "words", [["models"], ["jobs"], ["files"], ["status"], ["spent"], ["ask", "scripted", "What?"]]
)
def test_what_only_asks_the_server_loads_little_but_the_client(
    home: Path, words: list[str]
) -> None:
    heavy = ["textual", "tiktoken", "numpy", "PIL", "starlette", "openai", "tintype.inventory"]
    heavy += [f"tintype.{room}" for room in ("rules", "estimation", "dataset", "offers")]
    code = (
        "import sys; from tintype_tui.__main__ import run_command; "
        f"code = run_command({words!r}); "
        f"print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr); "
        "sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1] == "[]"


def test_a_dry_run_sends_nothing(tintype: Tintype, dataset: Path) -> None:
    done = tintype("train", dataset, "--model", "scripted", "--epochs", 3, "--dry-run", "--json")
    assert done.code == 0
    assert done.json["estimate"]["epochs"] == 3
    assert done.json["request"]["training_file"] == "train.jsonl"
    assert tintype("jobs", "--json").json == []
    assert tintype("files", "--json").json == []


def test_a_budget_is_never_passed_not_even_with_yes(
    tintype: Tintype, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-nobody")
    done = tintype("train", dataset, "--profile", "openai", "--yes", "--budget", "0.01")
    assert done.code == 2
    assert "budget" in done.err
    dry = tintype("train", dataset, "--profile", "openai", "--dry-run", "--budget", "0.01")
    assert (dry.code, dry.out) == (2, "")
    assert "budget" in dry.err


def test_the_steps_of_a_training_foretell_how_long_the_next_one_takes(
    tintype: Tintype, dataset: Path
) -> None:
    unknown = tintype("estimate", dataset, "--model", "scripted", "--json").json["forecast"]
    assert unknown["seconds"] is None
    assert unknown["range_seconds"] is None
    assert "unknown until the first training of scripted" in unknown["reason"]
    assert "time unknown" in tintype("estimate", dataset, "--model", "scripted").out
    trained = tintype("train", dataset, "--model", "scripted", "--wait", "--json")
    found = tintype("estimate", dataset, "--model", "scripted", "--json").json["forecast"]
    assert found["steps"] == 9  # three epochs of twelve rows in batches of five
    assert found["seconds"] is not None
    assert trained.json["id"] in found["reason"]


def test_asking_prints_the_request_without_the_key(
    tintype: Tintype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    done = tintype("ask", "gpt-4o-mini", "hello", "--profile", "openai", "--dry-run")
    assert done.code == 0
    assert "$OPENAI_API_KEY" in done.out
    assert "secret" not in done.out + done.err


def test_samples_and_imports_write_splits(tintype: Tintype, tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    from PIL import Image

    Image.new("RGB", (8, 8), "red").save(tmp_path / "a.png")
    table.write_text("image,question,answer\n" + "a.png,What colour?,red\n" * 20)
    done = tintype("import", "csv", table, tmp_path / "rows", "--json")
    assert done.code == 0, done.err
    assert done.json["rows"] == 20
    assert (tmp_path / "rows" / "train.jsonl").exists()


def test_importing_says_by_its_exit_code_whether_rows_were_lost(
    tintype: Tintype, tmp_path: Path
) -> None:
    from PIL import Image

    Image.new("RGB", (8, 8), "red").save(tmp_path / "a.png")
    table = tmp_path / "table.csv"
    table.write_text("image,question,answer\na.png,Q,A\ngone.png,Q,A\n")
    some = tintype("import", "csv", table, tmp_path / "rows")
    assert some.code == 1
    assert "1 of 2 rows are written" in some.err
    # Without the name of a format, it is found out what the source is.
    table.write_text("image,question,answer\na.png,Q,A\n")
    every = tintype("import", table, tmp_path / "rows", "--replace", "--link", "--json")
    assert (every.code, every.json["rows"], every.json["lost"]) == (0, 1, 0)
    table.write_text("image,question,answer\ngone.png,Q,A\n")
    assert tintype("import", table, tmp_path / "none").code == 1
    assert tintype("import", tmp_path / "a.png", tmp_path / "none").code == 2
    assert "voc" in tintype("import", "--help").out
    assert "--keep-empty" in tintype("import", "voc", "--help").out


def test_checking_what_is_no_file_of_chat_rows_says_what_it_is(
    tintype: Tintype, tmp_path: Path
) -> None:
    from PIL import Image

    table = tmp_path / "table.csv"
    table.write_text("image,question,answer\na.png,Q,A\n")
    done = tintype("check", table)
    assert done.code == 2
    assert "is a table, not a file of chat rows" in done.err
    assert f"tintype import csv {table}" in done.err
    (tmp_path / "list.json").write_text('[{"image": "a.png", "prefix": "p", "suffix": "s"}]')
    listed = tintype("check", tmp_path / "list.json")
    assert listed.code == 2
    assert "a JSON list of PaliGemma's prefixes and suffixes" in listed.err
    (tmp_path / "set" / "labels").mkdir(parents=True)
    (tmp_path / "set" / "images").mkdir()
    Image.new("L", (8, 8)).save(tmp_path / "set" / "images" / "a.png")
    label = tmp_path / "set" / "labels" / "a.txt"
    label.write_text("0 0.5 0.5 0.2 0.2")
    part = tintype("check", label)
    assert part.code == 2
    assert "a.txt is one file of a YOLO dataset" in part.err
    assert f"tintype import yolo {tmp_path / 'set'} DIR" in part.err


def test_embedding_makes_a_local_dataset_acceptable(tintype: Tintype, tmp_path: Path) -> None:
    from PIL import Image

    Image.new("P", (8, 8)).save(tmp_path / "a.gif")
    row = {
        "messages": [
            {
                "role": "user",
                "content": [{"type": "image_url", "image_url": {"url": "a.gif"}}],
            },
            {"role": "assistant", "content": "black"},
        ]
    }
    (tmp_path / "rows.jsonl").write_text((json.dumps(row) + "\n") * 10)
    assert tintype("check", tmp_path / "rows.jsonl").code == 1
    fixed = tmp_path / "fixed.jsonl"
    assert tintype("embed", tmp_path / "rows.jsonl", fixed).code == 0
    assert tintype("check", fixed).code == 0


def test_embedding_says_by_its_exit_code_whether_everything_was_done(
    tintype: Tintype, tmp_path: Path
) -> None:
    from PIL import Image

    Image.new("RGB", (8, 8), "red").save(tmp_path / "a.jpg")
    answer = {"role": "assistant", "content": "red"}
    chat = [{"role": "user", "content": "<image>Which colour?"}, answer]
    row = json.dumps({"messages": chat, "images": ["a.jpg"]}) + "\n"
    other, copy = tmp_path / "other.jsonl", tmp_path / "copy.jsonl"
    other.write_text(row * 10)
    assert tintype("check", other).code == 1
    assert tintype("embed", other, copy).code == 0
    assert tintype("check", copy, "-p", "openai").code == 0
    other.write_text(row + row.replace("a.jpg", "gone.jpg"))
    partly = tintype("embed", other, copy, "--replace", "--json")
    assert (partly.code, partly.json["undone"], partly.json["rows"]) == (1, 1, 2)
    other.write_bytes(row.encode("utf-16"))
    nothing = tintype("embed", other, tmp_path / "none.jsonl")
    assert nothing.code == 1
    assert "Nothing was written" in nothing.err
    assert not (tmp_path / "none.jsonl").exists()


def test_config_says_where_each_value_comes_from(
    tintype: Tintype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINTYPE_READ_ONLY", "true")
    shown = tintype("config", "--json").json["settings"]
    assert shown["read_only"] == {"value": True, "from": "environment (TINTYPE_READ_ONLY)"}
    assert shown["low_bandwidth"]["from"] == "default"


def test_read_only_refuses_to_train(
    tintype: Tintype, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINTYPE_READ_ONLY", "true")
    done = tintype("train", dataset, "--model", "scripted", "--yes")
    assert done.code == 2
    assert "read-only" in done.err.lower() or "read only" in done.err.lower()


def test_the_doctor_finds_nothing_wrong_here(tintype: Tintype) -> None:
    done = tintype("doctor", "--json")
    assert done.code == 0, done.out
    assert {finding["what"] for finding in done.json} >= {"terminal", "images", "store"}


def test_every_command_explains_itself(tintype: Tintype) -> None:
    from tintype_tui.commands import MODULES

    for name in MODULES:
        done = tintype(name, "--help")
        assert done.code == 0
        assert "Usage:" in done.out


def test_the_installed_command_tells_its_version_and_needs_a_terminal_for_the_app() -> None:
    command = [sys.executable, "-m", "tintype_tui"]
    version = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True)
    assert version.stdout.startswith("tintype ")
    app = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert app.returncode == 2
    assert "needs a terminal" in app.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["check", "LONG"],
        ["estimate", "LONG"],
        ["train", "LONG", "--yes"],
        ["embed", "DATASET", "LONG"],
        ["embed", "LONG", "copy.jsonl"],
        ["sample", "LONG", "--only", "cards"],
        ["ask", "last", "--row", "LONG:3"],
    ],
)
def test_a_name_that_is_too_long_is_a_sentence(
    tintype: Tintype, dataset: Path, tmp_path: Path, words: list[str]
) -> None:
    named = {"LONG": str(tmp_path / ("x" * 300)), "DATASET": str(dataset)}
    done = tintype(
        *(
            word.replace("LONG", named["LONG"]) if "LONG" in word else named.get(word, word)
            for word in words
        )
    )
    assert done.code == 2
    assert "too long" in done.err


def test_standard_output_that_takes_nothing_is_a_sentence(home: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "tintype_tui", "config"], stdout=full, stderr=subprocess.PIPE
        )
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr
    assert b"disk is full" in done.stderr


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_what_was_spent_since_any_day_can_be_asked(tintype: Tintype, day: str) -> None:
    assert tintype("spent", "--since", day).code == 0


def test_a_fetched_file_is_written_whole_or_not_at_all(
    tintype: Tintype, home: Path, hostile_apart: Any, tmp_path: Path
) -> None:
    hostile_apart.on("GET", "/files/file-1/content", hostile_apart.answer(b"x" * (4 << 20)))
    (home / "config").mkdir(parents=True)
    (home / "config" / "config.toml").write_text(
        f'default_profile = "here"\n[profiles.here]\nbase_url = "{hostile_apart.url}"\n'
    )
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2 << 20, hard))
    try:
        done = tintype("files", "get", "file-1", tmp_path / "rows.jsonl")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert done.code == 2
    assert "rows.jsonl" in done.err
    assert not [path for path in tmp_path.iterdir() if "rows" in path.name or path.suffix == ".tmp"]
    assert tintype("files", "get", "file-1", tmp_path / "rows.jsonl").code == 0


def test_a_closed_pipe_is_no_traceback(dataset: Path, home: Path) -> None:
    command = [sys.executable, "-m", "tintype_tui", "config"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ.copy()
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert b"Traceback" not in process.stderr.read()
    process.stderr.close()
    process.wait()


def _in_terminal(command: list[str]) -> tuple["subprocess.Popen[bytes]", int]:
    """Start a command in a terminal of its own, which hangs up when its descriptor is closed."""
    master, slave = pty.openpty()

    def take() -> None:
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

    process = subprocess.Popen(
        command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True, preexec_fn=take
    )
    os.close(slave)
    return process, master


def _obey_sigint() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize(
    ("words", "ends"),
    [
        (("models",), "interrupted"),
        (("models",), "unread"),
        (("record", "--foreground"), "interrupted"),
    ],
)
def test_a_command_that_waits_is_cut_short_and_ends_with_130_or_141(
    home: Path, hostile_apart: Any, words: tuple[str, ...], ends: str
) -> None:
    wait = {"Retry-After": "100"}
    hostile_apart.on("GET", ".*", hostile_apart.answer({}, 429, wait))
    (home / "config").mkdir(parents=True)
    (home / "config" / "config.toml").write_text(
        f'default_profile = "slow"\n[profiles.slow]\nbase_url = "{hostile_apart.url}"\n'
    )
    command = [sys.executable, "-m", "tintype_tui", *words]
    # A suite that runs in the background of a shell has SIGINT ignored, and so had its children.
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ.copy(),
        preexec_fn=_obey_sigint,
    ) as process:
        while not hostile_apart.requests:
            assert process.poll() is None
            time.sleep(0.05)
        assert process.stdout is not None
        assert process.stderr is not None
        if ends == "interrupted":
            process.send_signal(signal.SIGINT)
        else:
            process.stdout.close()
        said = process.stderr.read()
    assert process.returncode == {"interrupted": 130, "unread": 128 + signal.SIGPIPE}[ends]
    assert b"Traceback" not in said


def test_whoever_follows_a_job_ends_when_its_reader_has_gone_and_the_job_goes_on(
    tintype: Tintype, dataset: Path
) -> None:
    first, *others = dataset.read_text().splitlines()
    row = json.loads(first)
    row["messages"][0]["content"] = json.dumps({"wait_at": 2})
    dataset.write_text("\n".join([json.dumps(row), *others]))
    job = tintype("train", dataset, "--model", "scripted").out.strip()
    command = [sys.executable, "-m", "tintype_tui", "watch", job]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ.copy()
    ) as watch:
        assert watch.stdout is not None
        assert watch.stderr is not None
        while b"step 1:" not in watch.stdout.readline():
            assert watch.poll() is None
        watch.stdout.close()  # the line is cut; nothing more is printed, for the job waits
        said = watch.stderr.read()
    assert (watch.returncode, said) == (128 + signal.SIGPIPE, b"")
    watch, terminal = _in_terminal(command)
    while b"step 1:" not in os.read(terminal, 4096):
        assert watch.poll() is None
    os.close(terminal)
    assert watch.wait(20) == 128 + signal.SIGHUP
    assert tintype("jobs", "show", job, "--json").json["status"] == "running"
    assert tintype("jobs", "cancel", job).code == 0


def test_a_screen_of_plain_text_tells_how_jobs_stand_and_a_watch_has_a_pace(
    tintype: Tintype, dataset: Path
) -> None:
    assert "There is no job yet." in tintype("status").out
    trained = tintype("train", dataset, "--model", "scripted", "--suffix", "shapes", "--wait")
    assert trained.code == 0, trained.err
    for words in (("status",), ("jobs", "--once")):
        (line,) = [line for line in tintype(*words).out.splitlines() if "ftjob-" in line]
        assert line.startswith("succeeded  shapes")
        assert len(line) <= 79
    assert "spent this month" in tintype("status").out
    sums = tintype("spent", "--json").json
    del sums["entries"]  # the rest is the same, what is not known included
    assert tintype("status", "--json").json["spent"] == sums
    every = tintype("watch").out.splitlines()
    steps = [line for line in every if "step " in line and "loss" in line]
    thin = tintype("watch", "--every", "4").out.splitlines()
    assert [line for line in thin if line in steps] == [steps[0], steps[4], steps[-1]]
    assert [line for line in every if line not in steps] == [x for x in thin if x not in steps]
    assert tintype("watch", "--every", "1h").out.count("loss") == 2
    assert tintype("watch", "--every", "often").code == 2


@pytest.mark.parametrize(
    "words",
    [
        *(["check", ""], ["estimate", ""], ["train", ""], ["embed", "", "x"], ["sample", ""]),
        *(["watch", ""], ["jobs", "show", ""], ["jobs", "cancel", " "], ["jobs", "results", ""]),
        *(["files", "get", "", "x"], ["files", "delete", ""], ["models", "delete", ""]),
        *(["import", "", "x"], ["import", "csv", "", "x"], ["ask", "", "What?"]),
        *(["show", ""], ["evaluate", ""], ["evaluations", "show", ""]),
        *(["embed", "x", ""], ["serve", "--folder", ""], ["check", "x", "--validation", ""]),
    ],
    ids=" ".join,
)
def test_an_empty_name_is_a_mistake_and_not_this_folder(tintype: Tintype, words: list[str]) -> None:
    done = tintype(*words)
    assert (done.code, done.out) == (2, "")
    assert "it is empty." in done.err


def test_config_says_in_plain_words_what_is_not_set(tintype: Tintype) -> None:
    done = tintype("config")
    lines = {line.split()[0]: line for line in done.out.splitlines() if line}
    assert "not set" in lines["day_limit_usd"]
    assert "false" in lines["read_only"]
    assert "not set" in lines["keymap"]
    assert "None" not in done.out


def test_the_usage_of_import_has_the_words_in_their_order(tintype: Tintype, dataset: Path) -> None:
    assert "Usage: tintype import [FORMAT] SOURCE… TARGET [OPTIONS]" in tintype("import", "-h").out
    assert "Usage: tintype import [OPTIONS] SOURCE... TARGET" in tintype("import", dataset).err
    done = tintype("import", dataset, dataset.parent / "out")
    assert done.code == 2
    assert "used as it is" in done.err
    assert f"tintype check {dataset}" in done.err


@pytest.mark.parametrize("text", ["[{}, {}]", "\ufeff{}\n{}\n{}\n"], ids=["list", "UTF-16"])
def test_a_file_without_lines_is_one_sentence_to_embed(
    tintype: Tintype, tmp_path: Path, text: str
) -> None:
    path = tmp_path / "odd.jsonl"
    path.write_text(text, "utf-8" if text[0] == "[" else "utf-16-le")
    done = tintype("embed", path, tmp_path / "out.jsonl")
    assert done.code == 1
    assert done.err.count("\n") == 1
    assert sorted(tmp_path.glob("*out*")) == []


def _ignore_sigint() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@pytest.mark.parametrize(
    ("number", "code", "begun"),
    [(signal.SIGTERM, 143, _obey_sigint), (signal.SIGHUP, 129, _ignore_sigint)],
    ids=["by itself", "in the background"],
)
def test_a_command_that_is_ended_leaves_nothing_half_written(
    home: Path,
    dataset: Path,
    tmp_path: Path,
    number: signal.Signals,
    code: int,
    begun: Callable[[], None],
) -> None:
    source, target = tmp_path / "many.jsonl", tmp_path / "out"
    source.write_text(dataset.read_text() * 2_000)
    target.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "tintype_tui", "embed", source, target / "copy.jsonl"],
        stderr=subprocess.PIPE,
        preexec_fn=begun,
    )
    while not list(target.iterdir()):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(number)
    assert process.communicate(timeout=30)[1].strip() == b"tintype: ended."
    assert (process.returncode, list(target.iterdir())) == (code, [])


def test_a_validation_file_that_would_be_rejected_is_not_sent(
    tintype: Tintype, dataset: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_text("no row\n")
    done = tintype("train", dataset, "--model", "scripted", "--validation", bad)
    assert (done.code, done.out) == (1, "")
    assert "would reject the validation file. bad.jsonl:1: " in done.err
    assert tintype("files", "--json").json == []


def test_what_was_done_and_how_much_is_said_as_people_write_it(
    tintype: Tintype, dataset: Path, tmp_path: Path
) -> None:
    from PIL import Image

    Image.new("L", (8, 6)).save(tmp_path / "a.png")
    table = tmp_path / "t.csv"
    table.write_text("image,question,answer\na.png,Q,A\n")
    assert "Converted to RGB JPEG." in tintype("import", table, tmp_path / "out").err
    done = tintype("train", dataset, "--model", "scripted", "--epochs", "1", "--dry-run")
    assert "tokens in 1 epoch of 12 rows." in done.err


@pytest.mark.parametrize("words", [["files", "delete", "file-1"], ["models", "delete", "m"]])
def test_a_question_that_nobody_can_answer_is_a_mistake(
    tintype: Tintype, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    done = tintype(*words)
    assert (done.code, "add --yes" in done.err) == (2, True)
