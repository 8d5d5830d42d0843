"""A provider that is down, slow, limiting or lying: a sentence, a retry, and never a second job."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tintype.api.retrying import ONE_MORE_S, trying_for
from tintype_tui.__main__ import run_command

PAGE = b"<html><body>Sign in to the wireless network</body></html>"


def faults(answer: Any) -> dict[str, Any]:
    """Every way in which a provider answers badly, and what must be said of it."""
    error = {"error": {"message": "Slow down", "code": "rate_limit_exceeded"}}
    return {
        "reset": (answer(reset=True), ""),
        "page": (answer(PAGE, headers={"Content-Type": "text/html"}), "web page"),
        "redirect": (answer({}, 302, {"Location": "http://evil.example/"}), "evil.example"),
        "nonsense": (answer(b"\xff\xfe{"), ""),
        "fault": (answer({"error": {"message": "Bad day"}}, 503), ""),
        "cut": (answer({"data": []}, cut=True), ""),
        "giant": (answer(b"[" * 65_536, endless=True), ""),
        "limit": (answer(error, 429, {"Retry-After": "7"}), "7 s"),
    }


@pytest.fixture
def bad(home: Path, hostile_apart: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The provider in use is the hostile one."""
    monkeypatch.setenv("BAD_KEY", "sk-bad-0123456789abcdef")
    (home / "config").mkdir(parents=True)
    (home / "config" / "config.toml").write_text(
        'default_profile = "bad"\n[profiles.bad]\nkey_env = "BAD_KEY"\n'
        'provider = "openai"\n'
        f'base_url = "{hostile_apart.url}"\n'
    )
    return hostile_apart


def give(provider: Any, answer: Any) -> None:
    """Answer everything like that."""
    for method in ("GET", "POST", "DELETE"):
        provider.on(method, "(?s).*", answer)


@pytest.mark.parametrize("fault", faults(lambda *_, **__: None))
def test_commands_say_what_is_wrong_and_create_no_second_job(
    bad: Any, dataset: Path, capsys: pytest.CaptureFixture[str], fault: str
) -> None:
    answer, words = faults(bad.answer)[fault]
    give(bad, answer)
    train = ["train", str(dataset), "--model", "gpt-4o-2024-08-06", "--yes"]
    for command in (
        ["models", "--json"],
        ["files", "--json"],
        ["jobs", "show", "ftjob-1", "--json"],
        ["watch", "ftjob-1", "--json"],
        ["ask", "m", "What?", "--json", "--confirm", "unknown"],
        ["doctor", "--json"],
    ):
        with trying_for(ONE_MORE_S):  # the two minutes of a person would be two minutes of a test
            code = run_command(command)
        said = capsys.readouterr()
        assert code == (1 if command[0] == "doctor" else 2), (command, said)
        assert "Traceback" not in said.err, command
        told = said.err
        if said.out:
            told += json.dumps(json.loads(said.out))
        assert words in told, (command, told)
    if fault in ("reset", "limit", "fault", "cut"):
        return  # an upload is tried again after a wait
    assert run_command(train) == 2
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("fault", ["reset", "page"])
def test_a_job_whose_creation_was_not_confirmed_is_found_and_never_sent_twice(
    bad: Any, dataset: Path, capsys: pytest.CaptureFixture[str], fault: str
) -> None:
    file = {"id": "file-1", "filename": "train.jsonl", "purpose": "fine-tune", "bytes": 1}
    made: list[dict[str, Any]] = []

    def create(request: Any) -> Any:
        made.append(request.json | {"id": f"ftjob-{len(made)}", "status": "queued"})
        return faults(bad.answer)[fault][0]

    bad.on("GET", ".*", lambda request: bad.answer({"data": made, "has_more": False}))
    bad.on("GET", "/files/file-1", bad.answer(file | {"status": "processed"}))
    bad.on("POST", "/files", bad.answer(file | {"status": "processed"}))
    bad.on("POST", "/fine_tuning/jobs", create)
    train = ["train", str(dataset), "--model", "gpt-4o-2024-08-06", "--yes", "--json"]
    assert run_command(train) == 0
    assert json.loads(capsys.readouterr().out)["id"] == "ftjob-0"
    assert len(made) == 1


async def test_every_pane_that_talks_says_so_and_stays_alive(
    bad: Any, sit: Callable[..., Any], dataset: Path
) -> None:
    async with sit(dataset) as person:
        await person.sees("12 rows")
        said = person.app.session.said
        for fault, (answer, _) in faults(bad.answer).items():
            give(bad, answer)
            before = len(said)
            await person.press("4", "r")
            await person.until(lambda before=before: len(said) > before, f"a sentence on {fault}")
            await person.press("5", "1", "3", "2")
            await person.sees("What is number 0?")
            assert person.app._exception is None, fault
        assert all("Traceback" not in one.words for one in said)
    assert not bad.sent("POST", "/fine_tuning/jobs")


async def test_a_list_that_failed_is_asked_for_again_and_told_once(
    bad: Any, sit: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tintype_tui.screens.jobs.listing.LIST_S", 0.05)
    give(bad, faults(bad.answer)["page"][0])
    async with sit() as person:
        await person.press("4")
        await person.until(lambda: len(bad.requests) > 3, "it asking again")

        def listed() -> list[Any]:
            return [one for one in person.app.session.said if "list the jobs" in one.words]

        def toasts() -> list[Any]:
            return list(person.app._notifications)

        assert len(listed()) == 1
        for number in range(2, 4):  # whoever asks for it again is told again, in one toast
            await person.press("r")
            await person.until(lambda n=number: len(listed()) >= n, "the sentence again")
        assert len({id(one) for one in toasts()}) == len({one.message for one in toasts()})
        job = {"id": "ftjob-1", "status": "queued", "model": "m", "user_provided_suffix": "late"}
        give(bad, bad.answer({"data": [job], "has_more": False}))
        await person.sees("late")


JOB = {
    "id": "ftjob-1",
    "status": "running",
    "model": "m",
    "created_at": 1_790_000_000,
    "training_file": "file-1",
    "user_provided_suffix": "cards",
}


async def test_the_list_of_jobs_tells_loading_failed_and_empty_apart(
    bad: Any, sit: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tintype_tui.screens.jobs.listing.LIST_S", 0.05)
    bad.on("GET", "(?s).*", faults(bad.answer)["page"][0])
    async with sit() as person:
        await person.press("4")
        await person.says("#jobs-note", "Cannot list the jobs.", "web page")
        await person.sees_no("No jobs yet")
        give(bad, bad.answer({"data": [], "has_more": False}))
        await person.sees("No jobs yet.")
        await person.sees_no("Cannot list the jobs.")


async def test_after_a_refused_key_everything_that_stopped_says_so_lastingly_and_once(
    bad: Any, sit: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tintype_tui.screens.jobs.listing.LIST_S", 0.05)
    bad.on("GET", "(?s).*", bad.answer({"data": [], "has_more": False}))
    bad.on("GET", "/fine_tuning/jobs", bad.answer({"data": [JOB], "has_more": False}))
    bad.on("GET", "/fine_tuning/jobs/ftjob-1", bad.answer(JOB))
    async with sit() as person:
        await person.press("4")
        await person.sees("running", "cards", "heard")
        refused = bad.answer({"error": {"message": "bad key", "code": "invalid_api_key"}}, 401)
        for path in ("(?s).*", "/fine_tuning/jobs", "/fine_tuning/jobs/ftjob-1"):
            bad.on("GET", path, refused)
        await person.sees("Not up to date.", "not asked any more", "r asks again")
        errors = [said for said in person.app.session.said if said.severity == "error"]
        assert len(errors) == 1
        person.app.clear_notifications()
        await person.sees("Not up to date.", "not asked any more")
        for path in ("(?s).*", "/fine_tuning/jobs", "/fine_tuning/jobs/ftjob-1"):
            bad.on("GET", path, bad.answer({**JOB, "data": [JOB], "has_more": False}))
        bad.on("GET", "/fine_tuning/jobs/ftjob-1/events", bad.answer({"data": []}))
        bad.on("GET", "/fine_tuning/jobs/ftjob-1/checkpoints", bad.answer({"data": []}))
        await person.press("r")
        await person.sees_no("Not up to date.")
        await person.sees_no("not asked any more")


def test_another_job_than_was_asked_for_and_rows_of_two_lines_are_seen_through(
    bad: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = {"trained_tokens": 10**300, "seed": -(10**30), "hyperparameters": {"n_epochs": 1e308}}
    job = JOB | odd | {"id": "ftjob-2\nftjob-3", "model": "m\x1b[2J", "bytes": 10**40}
    give(bad, bad.answer(job | {"data": [job], "has_more": False}))
    for command in (["jobs", "show", "ftjob-1"], ["watch", "ftjob-1"]):
        assert run_command(command) == 2
        assert "another job than was asked for" in capsys.readouterr().err
    for command in (["jobs"], ["files"], ["models"]):
        assert run_command(command) == 0
        assert len(capsys.readouterr().out.splitlines()) == 1
    event = {"id": "e", "created_at": 1_790_000_000, "message": "Started\n12:00:00  Job succeeded"}
    bad.on("GET", "/fine_tuning/jobs/ftjob-1", bad.answer(JOB | {"status": "failed"}))
    bad.on("GET", "/fine_tuning/jobs/ftjob-1/checkpoints", bad.answer({"data": []}))
    bad.on("GET", "/fine_tuning/jobs/ftjob-1/events", bad.answer({"data": [event]}))
    assert run_command(["watch", "ftjob-1"]) == 1
    assert len(capsys.readouterr().out.splitlines()) == 1
