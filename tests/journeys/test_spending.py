"""Money: what was spent is told, and a month's limit is never passed, however it was agreed to."""

import json
from asyncio import to_thread
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tintype.errors import BudgetError
from tintype.estimate import Cost
from tintype.jobs import keep_within
from tintype.store import Spending, Spent, month_of, open_store
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


def cost(usd: str) -> Cost:
    return Cost(Decimal(0), Decimal(0), Decimal(usd))


SPENT = Spent(Decimal("4.50"), 0)


def test_the_worst_case_counts_against_the_limit_to_the_cent() -> None:
    keep_within(Decimal(5), SPENT, cost("0.50"))
    with pytest.raises(BudgetError, match=r"\$0\.51; \$4\.50 of the \$5\.00"):
        keep_within(Decimal(5), SPENT, cost("0.51"))


def test_what_is_not_known_is_not_within_a_limit_and_what_is_free_always_is() -> None:
    with pytest.raises(BudgetError, match="not known"):
        keep_within(Decimal(5), SPENT, None)
    keep_within(Decimal(0), SPENT, cost("0"))
    keep_within(None, SPENT, None)


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
        await person.press("l")
        await person.until(lambda: bool(person.app.desk.said), "a message")
        assert "This may cost $1.92; $0.50 of the $1.00" in person.app.desk.said[-1].words
        assert "Launch at" not in person.screen
        assert not provider.sent("POST", ".*")
        await person.press("1")
        await person.sees("Spent this month:", "1 sum")


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
        await person.press("l")
        await person.sees("Launch at", "This month so far: $12.25")


async def test_the_ledger_is_a_table_or_json(
    home: Path, limited: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    limited("100")
    await spend(home, "1.10", "2.20", None)
    capsys.readouterr()
    assert await to_thread(run_command, ["spent", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["usd"] == pytest.approx(3.30)
    assert report["not_known"] == 1
    assert [entry["cost_usd"] for entry in report["entries"]] == [1.1, 2.2, None]
    assert await to_thread(run_command, ["spent", "--csv"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "at,profile,model,kind,subject,tokens,cost_usd"
    assert [line.rsplit(",", 1)[1] for line in lines[1:]] == ["1.10", "2.20", ""]
    assert await to_thread(run_command, ["spent", "--since", "2100-01-01"]) == 0
    assert "Nothing was spent" in capsys.readouterr().err
