"""Faults between commands and a real server: nothing hangs or is doubled, exit codes are right."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import SCRIPTED, running_server
from tests.faults import LASTING, PASSING, RATE_LIMIT, Fault, FaultProxy, Seen, proxied_apart

from tintype.api import SYSTEM
from tintype.plugins import variable
from tintype.server.run import Options, Running
from tintype_tui.__main__ import run_command

from .conftest import Done

SOMEBODY = """
title = "Somebody"
dialect = "compatible"

[rules]
like = "openai"
model = "scripted"
vision_models = []
text_models = []
as_of = 2026-11-20
source = "a test"
confidence = "certain"
"""

Tintype = Callable[..., Done]


SWIFTLY = 20


@pytest.fixture
def swift() -> Iterator[None]:
    """Waits between requests pass twenty times as fast, for commands and app alike."""
    usual = {name: getattr(SYSTEM, name) for name in ("monotonic", "sleep")}
    object.__setattr__(SYSTEM, "monotonic", lambda: usual["monotonic"]() * SWIFTLY)
    object.__setattr__(SYSTEM, "sleep", lambda seconds: usual["sleep"](seconds / SWIFTLY))
    yield
    for name, value in usual.items():
        object.__setattr__(SYSTEM, name, value)


def configured(home: Path, url: str, *, timeout_s: float = 10) -> None:
    """The provider in use is the one at an address, as one of somebody else's."""
    config = home / "config"
    config.mkdir(parents=True, exist_ok=True)
    (config / "somebody.toml").write_text(SOMEBODY)
    (config / "config.toml").write_text(
        'default_profile = "faulty"\n[profiles.faulty]\nkey_env = "FAULTY_KEY"\n'
        f'base_url = "{url}"\ntimeout_s = {timeout_s}\nprovider = "somebody.toml"\n'
    )


def written(path: Path, first: str = "Answer in a word.") -> Path:
    """Twelve rows of text: whether a model of somebody else's sees images is not known."""
    rows = [
        {
            "messages": [
                {"role": "system", "content": "Answer in a word." if number else first},
                {"role": "user", "content": f"What is number {number}?"},
                {"role": "assistant", "content": f"answer {number}"},
            ]
        }
        for number in range(12)
    ]
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n")
    return path


@pytest.fixture(scope="module")
def experienced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server with one job, which has succeeded; for tests that leave it like that."""
    folder = tmp_path_factory.mktemp("experienced")
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        patch.syspath_prepend(SCRIPTED)
        patch.setenv("PYTHONPATH", os.fspath(SCRIPTED), prepend=os.pathsep)
        patch.setenv(variable("engines"), "scripted:ScriptedEngine")
        running = stack.enter_context(running_server(Options(folder / "provider")))
        with patch.context() as here:
            here.setenv("TINTYPE_HOME", str(folder / "home"))
            here.setenv("FAULTY_KEY", running.token)
            configured(folder / "home", running.url)
            assert run_command(order(written(folder / "train.jsonl"))) == 0
        yield running


@pytest.fixture
def proxy(
    request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch, swift: None
) -> Iterator[FaultProxy]:
    """The provider in use is the embedded server, through a proxy; with a job if one is wanted."""
    wanted = "experienced" if "job" in request.fixturenames else "provider"
    running = request.getfixturevalue(wanted)
    monkeypatch.setenv("FAULTY_KEY", running.token)
    with proxied_apart(running.url) as proxy:
        configured(home, proxy.url)
        yield proxy


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """Rows to train on."""
    return written(tmp_path / "train.jsonl")


def order(dataset: Path, *more: str) -> list[str]:
    """The words of a command that trains, and waits."""
    return [
        "train", str(dataset), "--model", "scripted", "--epochs", "1", "--confirm", "unknown",
        "--wait", "--json", *more,
    ]  # fmt: skip


def train(tintype: Tintype, dataset: Path) -> Done:
    return tintype(*order(dataset))


ODD_PAGES: tuple[Callable[[Any], Any], ...] = (
    lambda page: {**page, "has_more": True},
    lambda page: {**page, "data": page["data"][::-1]},
    lambda page: {**page, "data": page["data"] * 2},
)
SOME = [fault for fault in PASSING if fault.name in ("429", "502 of a gateway", "reset after")]
"""Refused, or done and lost: what a repeated request could double."""


def every_third(seen: Seen) -> bool:
    return seen.number % 3 == 0


def first_only(seen: Seen) -> bool:
    return seen.number == 1


@pytest.fixture
def job(proxy: FaultProxy, tintype: Tintype) -> dict[str, Any]:
    """A job that has succeeded."""
    found: dict[str, Any] = tintype("jobs", "--json").json[0]
    return found


def forget(home: Path) -> None:
    """Nothing is known here any more but the key."""
    for path in (home / "state").glob("tintype.sqlite*"):
        path.unlink()


def looked_at(tintype: Tintype, job: dict[str, Any], home: Path) -> list[Done]:
    """What every command that only looks says, when nothing is known here but the key."""
    forget(home)
    model = job["fine_tuned_model"]
    return [
        tintype("jobs", "--json"),
        tintype("watch", job["id"], "--json"),
        tintype("jobs", "show", job["id"], "--json"),
        tintype("jobs", "results", job["id"]),
        tintype("files", "--json"),
        tintype("models", "--json"),
        tintype("status", "--json"),
        tintype("ask", model, "What is number 3?", "--confirm", "unknown", "--json"),
    ]


def test_whatever_passes_is_waited_for_by_every_command(
    proxy: FaultProxy, tintype: Tintype, job: dict[str, Any], home: Path
) -> None:
    right = [_plain(done) for done in looked_at(tintype, job, home)]
    plain = [fault for fault in PASSING if not fault.name.startswith("429 and")]
    for fault in (*plain, Fault("byte by byte", "after", dribble=True)):
        proxy.inject(fault, every_third)
        done = looked_at(tintype, job, home)
        assert [one.code for one in done] == [0] * len(done), (fault.name, done)
        assert [_plain(one) for one in done] == right, fault.name
        proxy.inject(fault, first_only)
        fetched = home / fault.name
        assert tintype("files", "get", job["training_file"], fetched).code == 0
        assert fetched.read_bytes() == written(home / "same").read_bytes()


def _plain(done: Done) -> str:
    """What was printed, without what differs from one answer to the next."""
    with suppress(ValueError, KeyError, TypeError):
        answers = done.json["answers"]
        return json.dumps([(one["text"], one["finish_reason"]) for one in answers])
    return done.out


@pytest.mark.parametrize("fault", SOME, ids=lambda fault: fault.name)
def test_a_training_under_faults_is_made_once_and_ends(
    proxy: FaultProxy, tintype: Tintype, dataset: Path, fault: Fault
) -> None:
    proxy.inject(fault, every_third)
    done = train(tintype, dataset)
    assert done.code == 0, done.said
    assert done.json["status"] == "succeeded"
    assert len(proxy.seen) < 90
    proxy.inject(None)
    assert len(tintype("jobs", "--json").json) == 1
    files = tintype("files", "--json").json
    assert len([one for one in files if one["purpose"] == "fine-tune"]) == 1
    ledger = tintype("spent", "--json").json["entries"]
    assert [(one["subject"], one["state"]) for one in ledger] == [(done.json["id"], "settled")]


@pytest.mark.parametrize("fault", SOME, ids=lambda fault: fault.name)
@pytest.mark.parametrize("path", ["/files", "/fine_tuning/jobs"])
def test_what_is_made_is_made_once_though_its_first_answer_suffers(
    proxy: FaultProxy, tintype: Tintype, dataset: Path, fault: Fault, path: str
) -> None:
    first = iter([True])
    proxy.inject(
        fault, lambda seen: (seen.method, seen.path) == ("POST", path) and next(first, False)
    )
    done = train(tintype, dataset)
    assert done.code == 0, done.said
    proxy.inject(None)
    assert len(tintype("jobs", "--json").json) == 1
    files = tintype("files", "--json").json
    assert len([one for one in files if one["purpose"] == "fine-tune"]) == 1


@pytest.mark.parametrize("fault", LASTING, ids=lambda fault: fault.name)
def test_what_does_not_pass_is_a_sentence_at_once(
    proxy: FaultProxy, tintype: Tintype, job: dict[str, Any], home: Path, fault: Fault
) -> None:
    proxy.inject(fault)
    configured(home, proxy.url, timeout_s=0.3)
    done = looked_at(tintype, job, home)
    if fault.announce:
        done.pop()  # of a streamed answer only the end mark is missing then
    assert [one.code for one in done] == [2] * len(done), done
    assert all(one.out == "" and one.said.startswith("tintype: ") for one in done)
    assert len(proxy.seen) <= len(done) + 1


@pytest.mark.parametrize(
    "fault", [one for one in PASSING if one.name.startswith("429 and")], ids=lambda one: one.name
)
def test_each_spelling_of_retry_after_is_waited_for(
    proxy: FaultProxy, tintype: Tintype, fault: Fault
) -> None:
    proxy.inject(fault, first_only)
    assert tintype("models", "--json").code == 0
    assert len(proxy.seen) == 2


def test_a_wait_is_said_with_its_budget_and_an_absurd_one_is_named(
    proxy: FaultProxy, tintype: Tintype
) -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=3), usegmt=True)
    proxy.inject(replace(RATE_LIMIT, headers={"Retry-After": later}), first_only)
    done = tintype("models", "--json")
    assert done.code == 0
    assert "The rate limit of" in done.said
    assert "Trying again in" in done.said
    assert "for 2 min at most" in done.said
    proxy.inject(RATE_LIMIT, first_only)
    assert tintype("doctor").code == 0
    proxy.inject(replace(RATE_LIMIT, headers={"Retry-After": "86400"}))
    done = tintype("models", "--json")
    assert (done.code, len(proxy.seen)) == (2, 1)
    assert "Try again in 24 h" in done.said


def test_watching_ends_when_no_answer_can_be_used_for_as_long_as_it_says(
    proxy: FaultProxy, tintype: Tintype, job: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tintype_tui.commands.watch.PATIENCE_S", 0.2)
    proxy.inject(Fault("another job", "after", rewrite=lambda value: {"id": "other"}))
    done = tintype("watch", job["id"])
    assert (done.code, len(proxy.seen) > 1) == (2, True)
    assert "cannot be parsed" in done.said
    assert "Watching ends if this lasts for" in done.said
    assert f"The job goes on; `tintype watch {job['id']}`" in done.said


def test_a_list_without_an_end_is_cut_where_it_is_said(
    proxy: FaultProxy, tintype: Tintype, job: dict[str, Any]
) -> None:
    number = count()
    first: dict[str, Any] = {}

    def endless(page: dict[str, Any]) -> dict[str, Any]:
        first.update(page if page.get("data") else {})
        more = [{**first["data"][0], "id": f"other-{next(number)}"} for _ in range(100)]
        return {**first, "data": more, "has_more": True}

    proxy.inject(Fault("endless", "after", rewrite=endless, status=0), lists)
    for command in ("jobs", "files"):
        done = tintype(command, "--limit", 150, "--json")
        assert done.code == 0
        assert len(done.json) == 150
        assert "Only the newest 150 are listed; --limit lists more." in done.said
    assert len(proxy.seen) == 4


def test_a_list_that_has_lost_its_jobs_is_not_said_to_be_without_any(
    proxy: FaultProxy, tintype: Tintype, job: dict[str, Any]
) -> None:
    proxy.inject(Fault("empty", "after", rewrite=lambda page: {**page, "data": []}), lists)
    for command in (("jobs",), ("jobs", "--once"), ("status",)):
        done = tintype(*command)
        assert done.code == 0
        assert "lists no job. `tintype jobs --all` lists those kept here." in done.out + done.err


def test_a_list_that_breaks_off_is_printed_so_far_and_is_no_success(
    proxy: FaultProxy, tintype: Tintype, job: dict[str, Any]
) -> None:
    first: dict[str, Any] = {}

    def again(page: dict[str, Any]) -> dict[str, Any]:
        first.update(page if page.get("data") else {})
        return {**first, "has_more": True}

    proxy.inject(Fault("again", "after", rewrite=again), lists)
    done = tintype("jobs", "--json")
    assert (done.code, [one["id"] for one in done.json]) == (2, [job["id"]])
    assert "Only 1 could be listed. The provider's list does not end." in done.said


def test_what_a_list_has_twice_is_listed_once(
    proxy: FaultProxy, tintype: Tintype, job: dict[str, Any]
) -> None:
    commands = ("jobs", "files", "models")
    right = [tintype(command, "--json").json for command in commands]
    proxy.inject(Fault("doubled", "after", rewrite=ODD_PAGES[2]), lists)
    assert [tintype(command, "--json").json for command in commands] == right


def test_last_is_the_newest_job_wherever_a_job_is_named(
    proxy: FaultProxy, tintype: Tintype, job: dict[str, Any]
) -> None:
    assert tintype("jobs", "show", "last", "--json").json["id"] == job["id"]
    assert "train_loss" in tintype("jobs", "results", "last").out
    assert tintype("watch", "last").code == 0
    assert job["id"] in tintype("jobs", "cancel", "last").said  # it has ended


def test_a_launch_that_waits_says_so_where_there_is_no_terminal(
    proxy: FaultProxy, tintype: Tintype, dataset: Path
) -> None:
    first = iter([True] * 3)
    proxy.inject(PASSING[0], lambda seen: seen.path == "/files" and next(first, False))
    done = train(tintype, dataset)
    assert done.code == 0
    assert "The rate limit of Provider faulty is exceeded." in done.said
    assert "Trying again in" in done.said


@pytest.mark.parametrize("rewrite", ODD_PAGES, ids=["endless", "shuffled", "doubled"])
def test_pages_that_are_odd_are_read_to_an_end(
    proxy: FaultProxy, tintype: Tintype, job: dict[str, Any], home: Path, rewrite: Any
) -> None:
    right = tintype("watch", job["id"], "--json").out.splitlines()
    forget(home)
    proxy.inject(
        Fault("pages", "after", rewrite=rewrite), lambda seen: seen.path.endswith("/events")
    )
    done = tintype("watch", job["id"], "--json")
    assert done.code == 0, done.said
    assert sorted(done.out.splitlines()) == sorted(right)
    proxy.inject(
        Fault("pages", "after", rewrite=rewrite), lambda seen: seen.path == "/fine_tuning/jobs"
    )
    assert tintype("jobs", "--json").code in (0, 2)
    assert len(proxy.seen) < 10


def test_a_job_that_vanishes_and_a_key_that_is_withdrawn_end_the_watch(
    proxy: FaultProxy, tintype: Tintype, job: dict[str, Any], home: Path
) -> None:
    forget(home)
    gone = Fault("404", status=404, body=b'{"error": {"message": "No such job"}}')
    proxy.inject(gone, lambda seen: seen.path.startswith("/fine_tuning/jobs/"))
    done = tintype("watch", job["id"])
    assert done.code == 2
    assert job["id"] in done.said
    withdrawn = Fault("401", status=401, body=b'{"error": {"message": "revoked"}}')
    proxy.inject(withdrawn, lambda seen: seen.number > 1)
    done = tintype("watch", job["id"])
    assert done.code == 2
    assert "did not accept the key" in done.said


def test_an_answer_that_is_cut_after_its_first_text_keeps_it_and_is_asked_once(
    proxy: FaultProxy, tintype: Tintype, job: dict[str, Any]
) -> None:
    proxy.inject(
        Fault("cut", "after", cut_after=700), lambda seen: seen.path == "/chat/completions"
    )
    model = job["fine_tuned_model"]
    done = tintype("ask", model, "repeat 40: word", "--confirm", "unknown", "--json")
    assert done.code == 1
    (answer,) = done.json["answers"]
    assert answer["text"].startswith("word")
    assert "was lost" in answer["trouble"]
    assert len(proxy.sent("POST", "/chat/completions")) == 1


def launched_and_waiting(tintype: Tintype, dataset: Path) -> dict[str, Any]:
    """A job that has begun, and goes on only when it is let."""
    rows = written(dataset, json.dumps({"wait_at": 1}))
    done = tintype("train", rows, "--model", "scripted", "--confirm", "unknown", "--json")
    found: dict[str, Any] = done.json
    return found


def test_cancelling_survives_a_lost_answer(
    proxy: FaultProxy, tintype: Tintype, dataset: Path
) -> None:
    launched = launched_and_waiting(tintype, dataset)
    path = f"/fine_tuning/jobs/{launched['id']}/cancel"
    for fault in PASSING:
        first_try = iter([True])
        proxy.inject(fault, lambda seen, n=first_try: seen.path == path and next(n, False))  # type: ignore[misc]
        done = tintype("jobs", "cancel", launched["id"], "--json")
        assert done.code == 0, (fault.name, done.said)
        assert done.json["status"] == "cancelled"


def test_what_is_deleted_is_deleted_once_though_its_answer_is_lost(
    proxy: FaultProxy, tintype: Tintype, dataset: Path
) -> None:
    done = train(tintype, dataset).json
    for kind, name in (("models", done["fine_tuned_model"]), ("files", done["training_file"])):
        first = iter([True])
        proxy.inject(SOME[2], lambda seen, n=first: seen.method == "DELETE" and next(n, False))  # type: ignore[misc]
        deleted = tintype(kind, "delete", name, "--yes")
        assert (deleted.code, name in deleted.said) == (0, True)
        assert name not in tintype(kind, "--json").out
        proxy.inject(None)
        assert tintype(kind, "delete", name, "--yes").code == 2  # it is not there


def test_pausing_and_resuming_survive_a_lost_answer(
    proxy: FaultProxy, tintype: Tintype, dataset: Path
) -> None:
    job = launched_and_waiting(tintype, dataset)["id"]
    for verb, states in (("pause", ("paused",)), ("resume", ("queued", "running"))):
        first = iter([True])
        path = f"/fine_tuning/jobs/{job}/{verb}"
        proxy.inject(SOME[2], lambda seen, n=first, p=path: seen.path == p and next(n, False))  # type: ignore[misc]
        done = tintype("jobs", verb, job, "--json")
        assert (done.code, done.json["status"] in states) == (0, True), done
    assert tintype("record").code == tintype("record", "--stop").code == 0
    stopped = tintype("record", "--status").out
    assert "Not finished: 1 job; `tintype record` follows them." in stopped
    assert tintype("jobs", "cancel", job).code == 0


def test_an_evaluation_under_faults_has_every_answer_once(
    proxy: FaultProxy, tintype: Tintype, job: dict[str, Any], dataset: Path
) -> None:
    def evaluated() -> Done:
        model = job["fine_tuned_model"]
        return tintype(
            "evaluate", dataset, "-m", model, "--confirm", "unknown", "--fresh", "--json"
        )

    for fault in (None, *SOME):
        proxy.inject(fault, every_third)
        done = evaluated()
        assert (done.code, done.json["complete"], done.json["rows"]) == (0, True, 12), done.said
        assert done.json["sentence"].startswith("tuned 100.0 %")
    old = done.json["id"]
    first = iter([True] * 2)
    busy = replace(RATE_LIMIT, headers={"Retry-After": "20"})
    proxy.inject(busy, lambda seen: seen.path == "/chat/completions" and next(first, False))
    done = evaluated()
    assert (done.code, done.json["complete"]) == (0, True)
    assert "The provider wants a pause" in done.said
    for fault in LASTING[:5]:
        proxy.inject(fault)
        done = evaluated()
        if fault.name in ("an absurd wait", "401"):  # no question would fare better
            assert (done.code, done.out) == (2, "")
            assert WORDS[fault.name][-1] in done.said
        else:
            assert (done.code, done.json["complete"]) == (1, False), fault.name
            assert done.json["sentence"].startswith("tuned no score.")
            assert "Could not ask the model: " in done.json["words"]
    proxy.inject(LASTING[1])  # a candidate that says nothing is no success either, and says why
    done = tintype("replacement", old, "-m", "scripted", "--confirm", "unknown")
    assert (done.code, "agrees with tuned on no score" in done.out) == (1, True)
    assert "12 without an answer" in done.said
    assert "a web page instead of JSON" in done.said
    proxy.inject(LASTING[1], lambda seen: b"response_format" in seen.body)  # of the judge alone
    judged = ("--judge", "scripted", "-m", job["fine_tuned_model"], "--confirm", "unknown")
    done = tintype("evaluate", dataset, *judged, "--json")
    assert (done.code, done.json["complete"], done.json["failed"]) == (1, True, 12), done.said


def test_a_profile_whose_key_is_not_set_is_refused_before_anything_is_typed(
    proxy: FaultProxy, tintype: Tintype, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FAULTY_KEY")
    done = train(tintype, dataset)
    assert done.code == 2
    assert "FAULTY_KEY is not set" in done.said
    assert proxy.seen == []


# -------------------------------------------------------------------- the panes of the app

NOT_THERE = Fault("404", status=404, body=b'{"error": {"message": "No such thing"}}')
SHOWN = (*LASTING, NOT_THERE)
"""What a pane says, and what it says of it, if more than that it failed."""
WORDS = {
    "an absurd wait": ("rate limit", "in 24 h"),
    "HTML for JSON": ("web page instead of JSON",),
    "401": ("did not accept the key from FAULTY_KEY",),
    "stalled": ("did not answer in time",),
}


def toasts(person: Any, words: str) -> int:
    return sum(words in one.message for one in person.app._notifications)


def ids(person: Any) -> list[str]:
    """The jobs in the list; those of the same second come in any order."""
    return sorted(one.id for one in person.app.screen.list_of_jobs.jobs)


@pytest.fixture
def two_jobs(proxy: FaultProxy, tintype: Tintype, dataset: Path) -> list[str]:
    """A job that runs and one that has succeeded."""
    ended = train(tintype, dataset).json
    return sorted([launched_and_waiting(tintype, dataset)["id"], ended["id"]])


async def test_no_pane_takes_what_is_unknown_for_empty_and_none_hangs(
    sit: Any, proxy: FaultProxy, dataset: Path, two_jobs: list[str], home: Path
) -> None:
    configured(home, proxy.url, timeout_s=1.5)
    kept = {path.name: path.read_bytes() for path in (home / "state").glob("tintype.sqlite*")}
    forget(home)
    proxy.inject(SHOWN[0])
    async with sit(size=(140, 40)) as person:
        await person.press("4")
        for fault in SHOWN:  # nothing is known here
            proxy.inject(fault)
            await person.press("r")
            await person.says("#jobs-note", "Cannot list the jobs.", *WORDS.get(fault.name, ()))
            assert "No jobs yet" not in person.screen, fault.name
    forget(home)
    for name, content in kept.items():
        (home / "state" / name).write_bytes(content)
    async with sit(dataset, size=(140, 40)) as person:
        said = person.app.session.said
        await person.sees("12 rows")
        for fault in SHOWN:
            words = WORDS.get(fault.name, ())
            proxy.inject(fault)
            await person.press("1")
            await person.says("#jobs-trouble", "Not up to date:", *words)
            assert "Start here" not in person.screen
            assert "No jobs" not in person.screen
            await person.press("4", "r")
            await person.says("#jobs-note", "Not up to date.", *words)
            assert ids(person) == two_jobs
            await person.press("5", "m")
            if fault is not NOT_THERE:
                before = len(said)
                await person.until(
                    lambda before=before: any(
                        "Cannot list the models" in one.words for one in list(said)[before - 1 :]
                    ),
                    fault.name,
                )
            await person.press("escape")
        await person.press("7", "right_square_bracket")
        await person.sees("Nothing of this kind is known, and not all lists could be read")
        await person.press("3")
        await person.sees("tokens billed", "unknown")
        await person.press("m")
        await person.sees("Train which base model?")
        await person.press("end")
        await person.type("-my-base")
        await person.press("enter")
        await person.sees("tokens billed", "my-base")
        await person.press("c")
        await person.sees("Compare providers", "Enter works with this provider")
        proxy.inject(None)
        await person.press("escape", "4")
        await person.until(lambda: person.app.screen.listing.state == "listed", "no listing left")

        proxy.inject(next(one for one in PASSING if one.name == "500"))
        await person.press("r")
        await person.until(lambda: toasts(person, "has a fault or is overloaded") > 0, "a toast")
        await person.until(lambda: len(proxy.seen) > 4, "tries")
        assert toasts(person, "has a fault or is overloaded") == 1
        for rewrite in ODD_PAGES:
            proxy.inject(Fault("pages", "after", rewrite=rewrite), lists)
            before = person.app.screen.listing
            await person.press("r")  # a key cuts the wait short
            await person.until(
                lambda before=before: (
                    person.app.screen.listing is not before
                    and bool(proxy.sent("GET", "/fine_tuning/jobs"))
                ),
                "another listing",
            )
            assert ids(person) == two_jobs
        if person.app.screen.known.job.ended:  # made in the same second, they come in any order
            await person.press("down")
        proxy.inject(NOT_THERE, lambda seen: seen.path.startswith("/fine_tuning/jobs/"))
        await person.press("r")
        await person.sees("no longer has this job")
        assert ids(person) == two_jobs
        proxy.inject(None)
        await person.press("r")
        await person.until(lambda: person.app.screen.listing.state == "listed", "all is well")


def lists(seen: Seen) -> bool:
    return seen.path.endswith("s")


async def test_a_launch_in_the_app_is_made_once_whatever_happens_to_its_answers(
    sit: Any, proxy: FaultProxy, dataset: Path, tintype: Tintype
) -> None:
    refused, _, lost = SOME
    faults = {"/files": [refused, LASTING[5]], "/fine_tuning/jobs": [refused, lost]}
    proxy.inject(LASTING[1], lambda seen: seen.method == "POST")
    async with sit(dataset) as person:
        await person.sees("12 rows")
        await person.press("e")
        await person.quoted()
        await person.press("l")
        await person.sees("Type unknown and press Enter to launch")
        await person.type("unknown")
        await person.press("enter")
        await person.sees("answered with a web page")

        def post(seen: Seen) -> bool:
            left = faults.get(seen.path, []) if seen.method == "POST" else []
            if left:
                proxy.fault = left.pop(0)
                return True
            return False

        proxy.inject(Fault("in turn"), post)
        await person.press("enter")
        await person.until(lambda: type(person.app.screen).__name__ == "JobsPane", "the job")
        proxy.inject(None)
        await person.until(lambda: len(person.app.screen.list_of_jobs.jobs) == 1, "one job")
    assert not any(faults.values())


async def test_the_playground_says_what_befell_an_answer_and_keeps_what_came(
    sit: Any, proxy: FaultProxy, job: dict[str, Any], dataset: Path
) -> None:
    chat = "/chat/completions"
    async with sit(dataset) as person:

        def troubles() -> str:
            answers = person.app.screen.query_one("AskingPart").answers.values()
            replies = [one.reply.trouble for one in answers if one.reply is not None]
            return " ".join([*replies, *(one.trouble for one in answers)])

        await person.sees("12 rows")
        await person.press("5")
        await person.sees("row 1")
        proxy.inject(LASTING[1])
        await person.press("m")
        said = person.app.session.said
        await person.until(lambda: any("a web page" in one.words for one in said), "why")
        proxy.inject(NOT_THERE)  # no list of models: the tuned one is known, others are typed
        await person.press("m")
        await person.sees("Tuned", "another model: type its name")
        await person.type("another")
        await person.press("enter")
        await person.sees("the provider lists none: type its name")
        await person.type("my-own-model")
        await person.press("enter")
        await person.until(
            lambda: "my-own-model" in person.app.screen.lineup.lineup.models, "its column"
        )
        await person.press("x")
        await person.press("M")
        await person.press("enter")
        await person.until(
            lambda: person.app.screen.lineup.lineup.model == job["fine_tuned_model"], "tuned"
        )
        proxy.inject(Fault("byte by byte", "after", dribble=True))
        await person.press("a")
        await person.sees("Type unknown")
        await person.type("unknown")
        await person.press("enter")
        await person.sees("answer 0", "✓ as expected")
        for fault, words in (
            (LASTING[0], "Try again in 24 h"),
            (LASTING[1], "answered with a web page"),
            (LASTING[2], "cannot be parsed"),
            (LASTING[4], "did not accept the key"),
        ):
            proxy.inject(fault, lambda seen: seen.path == chat)
            await person.press("a")
            await person.until(lambda words=words: troubles().count(words) >= 2, words)
        proxy.inject(Fault("stalled", "after", stall_after=10), lambda seen: seen.path == chat)
        await person.press("a")
        await person.until(lambda: len(proxy.sent("POST", chat)) >= 2, "both questions")
        await person.press("escape")
        await person.until(lambda: "Stopped before the first words" in troubles(), "its end")
        proxy.inject(None)
        await person.press("a")
        await person.sees("answer 0", "✓ as expected")


async def test_an_evaluation_in_the_app_says_what_befell_it_and_is_gone_on_with(
    sit: Any, proxy: FaultProxy, job: dict[str, Any], dataset: Path
) -> None:
    async with sit(dataset) as person:
        await person.sees("12 rows")
        await person.press("V")
        await person.sees("add a model")
        proxy.inject(LASTING[1])
        await person.press("M")
        await person.until(lambda: toasts(person, "web page instead of JSON") == 1, "why")
        proxy.inject(NOT_THERE)
        await person.press("M")
        await person.sees("a model by its name")
        await person.press("escape")
        await person.sees("24 questions to 2 models, cost unknown")
        proxy.inject(LASTING[4])
        await person.press("l")
        await person.sees("Type unknown")
        await person.type("unknown")
        await person.press("enter")
        await person.sees("did not accept the key from FAULTY_KEY", "space goes on with it")
        await person.sees("tuned no score, scripted no score")
        proxy.inject(SOME[2], every_third)
        await person.press("space")
        await person.sees("Type unknown")
        await person.type("unknown")
        await person.press("enter")
        await person.sees("tuned 100.0 %", "scripted 0.0 %")
