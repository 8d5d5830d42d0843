"""Money: what was spent is said, and a month's limit is never passed, however it was agreed to."""

import asyncio
import json
from asyncio import to_thread
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tintype.store import Spending, month_of, open_store
from tintype_tui.__main__ import run_command


@pytest.fixture
def limited(
    home: Path, hostile_apart: Any, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Any]:
    """`limited("5")`: the provider in use bills as OpenAI does; 5 dollars a month at most."""

    def configured(limit: str) -> Any:
        monkeypatch.setenv("PAID_KEY", "sk-paid-0123456789")
        (home / "config").mkdir(parents=True)
        (home / "config" / "config.toml").write_text(
            f'default_profile = "paid"\nmonth_limit_usd = {limit}\n'
            '[profiles.paid]\nkey_env = "PAID_KEY"\nprovider = "openai"\n'
            f'base_url = "{hostile_apart.url}"\n'
        )
        return hostile_apart

    return configured


async def spend(home: Path, *costs: str | None, at: datetime | None = None) -> None:
    """Enter sums into the ledger."""
    async with open_store(home / "state" / "tintype.sqlite") as store:
        for number, cost in enumerate(costs):
            when = at or datetime.now(UTC)
            store.spending.add(
                Spending(
                    at=when,
                    profile="paid",
                    model="gpt-4o-2024-08-06",
                    kind="training",
                    subject=f"{when.timestamp()}-{number}",
                    tokens=100,
                    cost_usd=None if cost is None else Decimal(cost),
                )
            )


def test_a_month_begins_at_midnight_on_the_first() -> None:
    now = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
    assert month_of(now) == datetime(2026, 11, 1, tzinfo=UTC)
    assert month_of(month_of(now)) == month_of(now)


async def test_the_app_launches_nothing_beyond_the_months_limit(
    sit: Any, dataset: Path, home: Path, limited: Any
) -> None:
    provider = limited("1")
    await spend(home, "0.50", None)
    async with sit(dataset) as person:
        await person.sees("12 rows")
        await person.press("e")
        await person.sees("tokens billed", "see 2 p")
        await person.quoted()
        await person.press("l")
        await person.until(lambda: bool(person.app.session.said), "a message")
        assert "This may cost $1.92; $0.50 of the $1.00" in person.said
        assert "Launch at" not in person.screen
        assert not provider.sent("POST", ".*")
        await person.press("1")
        await person.sees("Spent this month:", "1 cost")


def test_yes_does_not_pass_the_months_limit(
    dataset: Path, limited: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    provider = limited("0.0001")
    assert run_command(["train", str(dataset), "--yes"]) == 2
    assert "may be spent this month" in " ".join(capsys.readouterr().err.split())
    assert not provider.sent("POST", ".*")


async def test_before_a_launch_one_is_told_what_the_month_has_cost(
    sit: Any, dataset: Path, home: Path, limited: Any
) -> None:
    limited("100")
    await spend(home, "12.25")
    await spend(home, "80", at=month_of(datetime.now().astimezone()) - timedelta(days=1))
    async with sit(dataset) as person:
        await person.sees("12 rows")
        await person.press("e")
        await person.sees("tokens billed", "see 2 p")
        await person.quoted()
        await person.press("l")
        await person.sees("Launch at", "This month so far: $12.25")


async def test_the_ledger_is_a_table_or_json(
    home: Path, limited: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    limited("100")
    await spend(home, "1.10", "2.20", None)
    async with open_store(home / "state" / "tintype.sqlite") as store:
        store.spending.add(replace(store.spending.entries()[1], state="expected"))
    capsys.readouterr()
    assert await to_thread(run_command, ["spent", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["usd"] == pytest.approx(3.30)
    assert report["not_known"] == 1
    assert (report["settled_usd"], report["expected_usd"], report["in_doubt"]) == (1.1, 2.2, 0)
    assert [entry["state"] for entry in report["entries"]] == ["settled", "expected", "settled"]
    assert [entry["cost_usd"] for entry in report["entries"]] == [1.1, 2.2, None]
    assert await to_thread(run_command, ["spent", "--csv"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "at,profile,model,kind,subject,tokens,cost_usd,state,high_usd"
    assert [line.split(",")[6:8] for line in lines[1:]] == [
        ["1.10", "settled"],
        ["2.20", "expected"],
        ["", "settled"],
    ]
    assert await to_thread(run_command, ["spent"]) == 0
    said = capsys.readouterr()
    assert "$2.20 expected" in said.out
    assert "$3.30 ($2.20 of it expected) and 1 cost not known since" in said.err
    assert await to_thread(run_command, ["spent", "--since", "2100-01-01"]) == 0
    assert "Nothing was spent" in capsys.readouterr().err


def test_what_is_not_settled_can_be_struck_out_and_what_is_cannot(home: Path, tintype: Any) -> None:
    asyncio.run(spend(home, "2", "3", at=datetime(2026, 11, 2, tzinfo=UTC)))

    async def doubt() -> list[str]:
        async with open_store(home / "state" / "tintype.sqlite") as store:
            first, second = store.spending.entries()
            store.spending.add(replace(first, state="in doubt"))
            return [first.subject, second.subject]

    doubtful, settled = asyncio.run(doubt())
    assert f"in doubt {doubtful}" in tintype("spent", "--all").out
    done = tintype("spent", "--drop", settled)
    assert (done.code, "is settled" in done.said) == (2, True)
    assert tintype("spent", "--drop", doubtful).code == 0
    entries = tintype("spent", "--all", "--json").json["entries"]
    assert [one["subject"] for one in entries] == [settled]
    done = tintype("spent", "--drop", doubtful)
    assert (done.code, "is not in the ledger" in done.said) == (2, True)


def launchable(provider: Any, dataset: Path) -> None:
    size = dataset.stat().st_size
    file = {"id": "file-1", "filename": dataset.name, "bytes": size, "purpose": "fine-tune"}
    job = {"id": "ftjob-1", "model": "m", "status": "running", "training_file": "file-1"}
    provider.on("POST", "/files", provider.answer(file))
    provider.on("POST", "/fine_tuning/jobs", provider.answer(job))


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ([], 2),
        (["--confirm", "0.01"], 2),
        (["--confirm", "1.92"], 0),
        (["--confirm", "$5"], 0),
        (["--confirm", "unknown"], 0),
        (["--confirm", "much"], 2),
        (["--yes"], 0),
        (["--yes", "--budget", "1.50"], 2),
        (["--confirm", "5", "--budget", "1.95"], 0),
    ],
)
def test_a_launch_from_the_limit_on_needs_its_sum_from_scripts_too(
    dataset: Path, limited: Any, tintype: Any, options: list[str], code: int
) -> None:
    provider = limited("100")
    launchable(provider, dataset)
    done = tintype("train", dataset, *options)
    assert done.code == code, done.said
    assert len(provider.sent("POST", "/fine_tuning/jobs")) == (code == 0)
    if not options:
        assert "This may cost up to $1.92." in done.said
        assert "--confirm 1.92" in done.said


@pytest.mark.parametrize(
    ("options", "code"), [([], 0), (["--budget", "1.95"], 0), (["--yes", "--budget", "1.50"], 2)]
)
def test_a_dry_run_says_that_the_budget_would_be_passed_and_sends_nothing(
    dataset: Path, limited: Any, tintype: Any, options: list[str], code: int
) -> None:
    provider = limited("100")
    done = tintype("train", dataset, "--dry-run", *options)
    assert done.code == code, done.said
    assert ("the budget is $1.50" in done.said) == (code == 2)
    assert not provider.sent("POST", ".*")


def test_a_question_of_unknown_price_needs_a_word_from_scripts_too(
    limited: Any, tintype: Any, home: Path
) -> None:
    provider = limited('""')
    said = {"message": {"content": "A cat."}, "finish_reason": "stop"}
    provider.on("POST", "/chat/completions", provider.answer({"choices": [said]}))
    done = tintype("ask", "house-vlm", "What?")
    assert done.code == 2
    assert "The cost is unknown" in done.said
    assert not provider.sent("POST", ".*")
    assert tintype("ask", "house-vlm", "What?", "--confirm", "1000").code == 2
    assert tintype("ask", "house-vlm", "What?", "--confirm", "unknown").code == 0
    assert tintype("ask", "house-vlm", "What?", "--yes").code == 0
    assert tintype("spent", "--json").json["not_known"] == 2


def test_a_question_does_not_pass_the_months_limit(limited: Any, tintype: Any) -> None:
    provider = limited("0.0001")
    done = tintype("ask", "gpt-4o", "What?", "--yes", "--confirm", "5")
    assert done.code == 2
    assert "may be spent this month" in done.said
    assert not provider.sent("POST", ".*")
