"""Faults between commands and a real server: nothing hangs or is doubled, exit codes are right."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from tests.faults import LASTING, PASSING, RATE_LIMIT, Fault, FaultProxy, Seen, proxied_apart

from tintype.server.run import Running
from tintype_tui.__main__ import run_command


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


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


@pytest.fixture
def proxy(provider: Running, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultProxy]:
    """The provider in use is the embedded server, through a proxy, as one of somebody else's."""
    monkeypatch.setenv("FAULTY_KEY", provider.token)
    with proxied_apart(provider.url) as proxy:
        (home / "config").mkdir(parents=True)
        (home / "config" / "somebody.toml").write_text(SOMEBODY)
        (home / "config" / "config.toml").write_text(
            'default_profile = "faulty"\n[profiles.faulty]\nkey_env = "FAULTY_KEY"\n'
            f'base_url = "{proxy.url}"\nprovider = "{home / "config" / "somebody.toml"}"\n'
        )
        yield proxy


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """Twelve rows of text: whether a model of somebody else's sees images is not known."""
    path = tmp_path / "train.jsonl"
    rows = [
        {
            "messages": [
                {"role": "system", "content": "Answer in a word."},
                {"role": "user", "content": f"What is number {number}?"},
                {"role": "assistant", "content": f"answer {number}"},
            ]
        }
        for number in range(12)
    ]
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n")
    return path


@pytest.fixture
def tintype(home: Path, capsys: pytest.CaptureFixture[str]) -> Tintype:
    def run(*arguments: object) -> Done:
        capsys.readouterr()
        code = run_command([str(argument) for argument in arguments])
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return Done(code, said.out, " ".join(said.err.split()))

    return run


def train(tintype: Tintype, dataset: Path, *more: str) -> Done:
    return tintype(
        "train", dataset, "--model", "scripted", "--epochs", 1, "--confirm", "unknown",
        "--wait", "--json", *more,
    )  # fmt: skip


SOME = [fault for fault in PASSING if fault.name in ("429", "502 of a gateway", "reset after")]
"""Refused, or done and lost: what a repeated request could double."""


def every_third(seen: Seen) -> bool:
    return seen.number % 3 == 0


def first_only(seen: Seen) -> bool:
    return seen.number == 1


@pytest.fixture
def job(proxy: FaultProxy, tintype: Tintype, dataset: Path) -> dict[str, Any]:
    """A job that has succeeded."""
    done = train(tintype, dataset)
    assert done.code == 0, done.err
    found: dict[str, Any] = done.json
    return found


def forget(home: Path) -> None:
    """Nothing is known here any more but the key."""
    for path in (home / "state").glob("tintype.sqlite*"):
        path.unlink()


def looked_at(tintype: Tintype, job: dict[str, Any], store: Path) -> list[Done]:
    """What every command that only looks says, when nothing is known here but the key."""
    for path in store.parent.glob("tintype.sqlite*"):
        path.unlink()
    model = job["fine_tuned_model"]
    return [
        tintype("jobs", "--json"),
        tintype("watch", job["id"], "--json"),
        tintype("jobs", "show", job["id"], "--json"),
        tintype("jobs", "results", job["id"]),
        tintype("files", "--json"),
        tintype("models", "--json"),
        tintype("ask", model, "What is number 3?", "--confirm", "unknown", "--json"),
    ]


def test_whatever_passes_is_waited_for_by_every_command(
    proxy: FaultProxy, tintype: Tintype, job: dict[str, Any], home: Path
) -> None:
    store = home / "state" / "tintype.sqlite"
    right = [_plain(done) for done in looked_at(tintype, job, store)]
    plain = [fault for fault in PASSING if not fault.name.startswith("429 and")]
    for fault in (*plain, Fault("byte by byte", "after", dribble=True)):
        proxy.inject(fault, every_third)
        done = looked_at(tintype, job, store)
        assert [one.code for one in done] == [0] * len(done), (fault.name, done)
        assert [_plain(one) for one in done] == right, fault.name


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
    assert done.code == 0, done.err
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
    assert done.code == 0, done.err
    proxy.inject(None)
    assert len(tintype("jobs", "--json").json) == 1
    files = tintype("files", "--json").json
    assert len([one for one in files if one["purpose"] == "fine-tune"]) == 1


@pytest.mark.parametrize("fault", LASTING, ids=lambda fault: fault.name)
def test_what_does_not_pass_is_a_sentence_at_once(
    proxy: FaultProxy, tintype: Tintype, job: dict[str, Any], home: Path, fault: Fault
) -> None:
    proxy.inject(fault)
    done = looked_at(tintype, job, home / "state" / "tintype.sqlite")
    assert [one.code for one in done] == [2] * len(done), done
    assert all(one.out == "" and one.err.startswith("tintype: ") for one in done)
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
    assert "The rate limit of" in done.err
    assert "Trying again in" in done.err
    assert "for 2 min at most" in done.err
    proxy.inject(replace(RATE_LIMIT, headers={"Retry-After": "86400"}))
    done = tintype("models", "--json")
    assert (done.code, len(proxy.seen)) == (2, 1)
    assert "Try again in 24 h" in done.err


@pytest.mark.parametrize(
    "rewrite",
    [
        lambda page: {**page, "has_more": True},
        lambda page: {**page, "data": page["data"][::-1]},
        lambda page: {**page, "data": page["data"] * 2},
    ],
    ids=["endless", "shuffled", "doubled"],
)
def test_pages_that_are_odd_are_read_to_an_end(
    proxy: FaultProxy, tintype: Tintype, job: dict[str, Any], home: Path, rewrite: Any
) -> None:
    store = home / "state" / "tintype.sqlite"
    right = tintype("watch", job["id"], "--json").out.splitlines()
    for path in store.parent.glob("tintype.sqlite*"):
        path.unlink()
    proxy.inject(
        Fault("pages", "after", rewrite=rewrite), lambda seen: seen.path.endswith("/events")
    )
    done = tintype("watch", job["id"], "--json")
    assert done.code == 0, done.err
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
    assert job["id"] in done.err
    withdrawn = Fault("401", status=401, body=b'{"error": {"message": "revoked"}}')
    proxy.inject(withdrawn, lambda seen: seen.number > 1)
    done = tintype("watch", job["id"])
    assert done.code == 2
    assert "did not accept the key" in done.err


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


def test_cancelling_survives_a_lost_answer(
    proxy: FaultProxy, tintype: Tintype, dataset: Path
) -> None:
    rows = dataset.read_text().splitlines()
    first = json.loads(rows[0])
    first["messages"][0]["content"] = json.dumps({"wait_at": 1})
    dataset.write_text("\n".join([json.dumps(first), *rows[1:]]) + "\n")
    launched = tintype(
        "train", dataset, "--model", "scripted", "--confirm", "unknown", "--json"
    ).json
    path = f"/fine_tuning/jobs/{launched['id']}/cancel"
    for fault in PASSING:
        first_try = iter([True])
        proxy.inject(fault, lambda seen, n=first_try: seen.path == path and next(n, False))  # type: ignore[misc]
        done = tintype("jobs", "cancel", launched["id"], "--json")
        assert done.code == 0, (fault.name, done.err)
        assert done.json["status"] == "cancelled"


def test_a_profile_whose_key_is_not_set_is_refused_before_anything_is_typed(
    proxy: FaultProxy, tintype: Tintype, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FAULTY_KEY")
    done = train(tintype, dataset)
    assert done.code == 2
    assert "FAULTY_KEY is not set" in done.err
    assert proxy.seen == []


# -------------------------------------------------------------------- the panes of the app

LONGER = Fault("a body longer than announced", "after", announce=-20)


def toasts(person: Any, words: str) -> int:
    return sum(words in one.message for one in person.app._notifications)


async def notes(person: Any, *words: str) -> None:
    """Wait until the list of jobs says all this, however it is broken into lines."""

    def note() -> str:
        return " ".join(str(person.app.screen.query_one("#jobs-note").content).split())

    await person.until(lambda: all(one in note() for one in words), " and ".join(words))


async def test_jobs_and_home_take_nothing_unknown_for_empty_and_nothing_hangs(
    sit: Any, proxy: FaultProxy, job: dict[str, Any], home: Path
) -> None:
    forget(home)
    proxy.inject(LASTING[0])
    async with sit() as person:
        await person.press("4")
        await notes(
            person, "Cannot list the jobs.", "rate limit", "exceeded", "again in 24 h 00 min"
        )
        for fault in (*LASTING[1:], LONGER, Fault("404", status=404, body=b"{}")):
            proxy.inject(fault)
            await person.press("r")
            await person.until(lambda: bool(proxy.seen), f"a request: {fault.name}")
            await notes(person, "Cannot list the jobs.")
            assert "No jobs yet" not in person.screen, fault.name
        stalled = Fault("stalled", "after", stall_after=10)
        proxy.inject(stalled)
        await person.press("r")
        await person.until(lambda: bool(proxy.seen), "a request that stalls")
        await notes(person, "Cannot list the jobs.")
        await person.press("1")
        await person.press("4")
        assert "No jobs yet" not in person.screen

        proxy.inject(next(one for one in PASSING if one.name == "500"))
        await person.press("r")
        await person.until(lambda: len(proxy.seen) > 2, "tries")
        assert toasts(person, "has a fault or is overloaded") == 1
        proxy.inject(None)
        await person.press("r")  # a key cuts the wait short
        listed = person.app.screen.list_of_jobs
        await person.until(lambda: len(listed.jobs) == 1, "the job")
        for rewrite in (
            lambda page: {**page, "has_more": True},
            lambda page: {**page, "data": page["data"][::-1]},
            lambda page: {**page, "data": page["data"] * 2},
        ):
            proxy.inject(
                Fault("pages", "after", rewrite=rewrite), lambda seen: seen.path.endswith("s")
            )
            before = person.app.screen.listing
            await person.press("r")
            await person.until(
                lambda before=before: (
                    person.app.screen.listing is not before
                    and bool(proxy.sent("GET", "/fine_tuning/jobs"))
                ),
                "another listing",
            )
            assert [one.id for one in listed.jobs] == [job["id"]]
        gone = Fault("404", status=404, body=b'{"error": {"message": "No such job"}}')
        proxy.inject(gone, lambda seen: seen.path.startswith("/fine_tuning/jobs/"))
        await person.press("r")
        await person.until(lambda: bool(proxy.seen), "requests")
        assert [one.id for one in listed.jobs] == [job["id"]]
        proxy.inject(LASTING[-1])
        await person.press("r")
        await notes(person, "Not up to date.", "did not accept the key", "r asks again.")
        assert [one.id for one in listed.jobs] == [job["id"]]
        assert toasts(person, "did not accept the key") == 1
        await person.press("1")
        await person.sees("Jobs", "succeeded")
        assert "Start here" not in person.screen


async def test_a_launch_in_the_app_is_made_once_whatever_happens_to_its_answers(
    sit: Any, proxy: FaultProxy, dataset: Path, tintype: Tintype
) -> None:
    faults = iter([LASTING[1], LONGER, *SOME])
    proxy.inject(LASTING[1], lambda seen: seen.method == "POST")
    async with sit(dataset) as person:
        await person.sees("12 rows")
        await person.press("e")
        await person.sees("tokens billed")
        await person.press("l")
        await person.sees("Type unknown and press Enter to launch")
        await person.type("unknown")
        await person.press("enter")
        await person.sees("answered with a web page")

        def post(seen: Seen) -> bool:
            if seen.method != "POST":
                return False
            proxy.fault = next(faults, None)
            return proxy.fault is not None

        proxy.inject(Fault("in turn"), post)
        next(faults)
        await person.press("enter")
        await person.until(lambda: next(faults, None) is None or not person.screen, "all faults")
        await person.until(lambda: type(person.app.screen).__name__ == "JobsPane", "the job")
        proxy.inject(None)
        await person.until(lambda: len(person.app.screen.list_of_jobs.jobs) == 1, "one job")


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
        await person.press("escape")
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
            await person.until(lambda words=words: words in troubles(), words)
        proxy.inject(Fault("stalled", "after", stall_after=10), lambda seen: seen.path == chat)
        await person.press("a")
        await person.until(lambda: len(proxy.sent("POST", chat)) == 2, "both questions")
        await person.press("escape")
        await person.until(lambda: "Stopped before the first words" in troubles(), "its end")
        proxy.inject(None)
        await person.press("a")
        await person.sees("answer 0", "✓ as expected")
