"""What may be spent: limits hold, unknown is never zero, and the ledger knows before and after."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tintype import jobs
from tintype.api import Api, ChatRequest
from tintype.budget import (
    NOTHING_CONFIRMED,
    Confirmation,
    Demand,
    Expense,
    Limits,
    authorize,
    demand,
    demanded,
    dollars,
)
from tintype.errors import ApiError, BudgetError, ConfirmationError, StoreError, UnreachableError
from tintype.estimation import Cost, Plan
from tintype.jobs.billing import billed_tokens
from tintype.jobs.creating import TOKEN
from tintype.pricing import load_prices
from tintype.prompting import ask
from tintype.resources import Job, JobFailure
from tintype.store import Spending, Spent, Store, open_store

if TYPE_CHECKING:
    from tests.conftest import FakeClock, HostileProvider

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
NONE = Spent(Decimal(0), 0)
SPENT = Spent(Decimal("4.50"), 0)
FIVE = Limits(Decimal(1), month_usd=Decimal(5))
YES = Confirmation(yes=True)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(tmp_path / "t.sqlite") as opened:
        yield opened


def expense(high: str | None, subject: str = "a", likely: str | None = None) -> Expense:
    high_usd = None if high is None else Decimal(high)
    likely_usd = high_usd if likely is None else Decimal(likely)
    return Expense("p", "m", "training", subject, 100, likely_usd, high_usd)


def needed(high: str, unknown: int = 0, limits: Limits = FIVE, **spent: Spent) -> Demand | None:
    return demanded(Decimal(high), unknown, limits, **{"day": NONE, "month": NONE, **spent})


# ---------------------------------------------------------------------- limits


def test_the_worst_case_counts_against_the_limit_to_the_cent() -> None:
    assert needed("0.50", month=SPENT) is None
    with pytest.raises(BudgetError, match=r"\$0\.51; \$4\.50 of the \$5\.00"):
        needed("0.51", month=SPENT)


def test_what_is_not_known_is_not_within_a_limit_and_what_is_free_always_is() -> None:
    with pytest.raises(BudgetError, match="not known"):
        needed("0", 1, month=SPENT)
    assert needed("0", limits=Limits(Decimal(0), Decimal(0), Decimal(0)), month=SPENT) is None


def test_a_limit_beside_unknown_costs_is_confirmed_by_typing_only() -> None:
    wanted = needed("0.10", month=Spent(Decimal("4.90"), 7))
    assert wanted is not None
    assert wanted.typed == "0.10"
    assert "7 costs of this month are not known" in wanted.why
    assert not YES.covers(wanted)
    assert Confirmation("0.10").covers(wanted)


def test_what_expected_costs_may_still_come_to_counts_against_a_limit() -> None:
    expected = Spent(Decimal("4.50"), 0, expected_usd=Decimal("4.50"), margin_usd=Decimal("0.30"))
    with pytest.raises(BudgetError, match=r"\$4\.80 of the \$5\.00"):
        needed("0.50", month=expected)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(Decimal(1), day_usd=Decimal(1)), "may be spent today"),
        (Limits(Decimal(1), month_usd=Decimal(1)), "may be spent this month"),
        (Limits(Decimal(1), budget_usd=Decimal(1)), r"the budget is \$1\.00"),
    ],
)
def test_each_limit_is_one_that_nobody_can_agree_to_pass(limits: Limits, words: str) -> None:
    with pytest.raises(BudgetError, match=words) as raised:
        needed("1.01", limits=limits)
    assert not isinstance(raised.value, ConfirmationError)


async def test_a_day_and_a_month_begin_at_local_midnight(store: Store) -> None:
    midnight = NOW.astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    limits = Limits(Decimal(9), day_usd=Decimal(1), month_usd=Decimal(2))
    earlier = Spending(
        midnight - timedelta(seconds=1), "p", "m", "training", "x", 1, Decimal("1.5")
    )
    store.spending.add(earlier)
    assert demand(store, expense("0.50"), limits=limits, now=NOW) is None
    with pytest.raises(BudgetError, match="this month"):
        demand(store, expense("0.51"), limits=limits, now=NOW)
    store.spending.add(replace(earlier, subject="y", at=midnight, cost_usd=Decimal("0.60")))
    with pytest.raises(BudgetError, match="today"):
        demand(store, expense("0.41"), limits=replace(limits, month_usd=None), now=NOW)


# ---------------------------------------------------------------------- confirming


def test_a_cost_from_the_limit_on_is_typed_and_an_unknown_one_too() -> None:
    limits = Limits(Decimal(1))
    assert needed("0.99", limits=limits) is None
    wanted = needed("1", limits=limits)
    assert wanted is not None
    assert wanted.typed == "1.00"
    unknown = needed("0", 1, limits=limits)
    assert unknown is not None
    assert unknown.typed == "unknown"


@pytest.mark.parametrize(
    ("text", "met"),
    [
        ("16.46", True),
        ("$16.46 ", True),
        ("16.5", False),
        ("", False),
        ("nan", False),
        ("x", False),
    ],
)
def test_what_is_typed_is_the_sum_and_nothing_else(text: str, met: bool) -> None:
    assert Demand("16.46", "").is_met_by(text) is met


@pytest.mark.parametrize(
    ("confirmation", "covered"),
    [
        (Confirmation("16.46"), True),
        (Confirmation("20"), True),
        (Confirmation("16.45"), False),
        (Confirmation("unknown"), True),
        (NOTHING_CONFIRMED, False),
        (YES, True),
    ],
)
def test_a_confirmation_covers_a_cost_up_to_its_sum(
    confirmation: Confirmation, covered: bool
) -> None:
    assert confirmation.covers(Demand("16.46", "")) is covered


def test_a_sum_does_not_confirm_what_is_not_known() -> None:
    assert not Confirmation("1000").covers(Demand("unknown", ""))


@pytest.mark.parametrize(
    ("usd", "words"),
    [("1.911", "1.91"), ("1234.5", "1,234.50"), ("0.004231", "0.0042"), ("0", "0.00")],
)
def test_a_sum_is_written_as_a_person_types_it(usd: str, words: str) -> None:
    assert dollars(Decimal(usd)) == words


# ---------------------------------------------------------------------- the ledger


async def test_what_is_allowed_is_in_the_ledger_and_what_is_not_is_not(store: Store) -> None:
    how: dict[str, Any] = {"limits": FIVE, "now": NOW}
    authorize(store, expense("0.9", likely="0.5"), **how, confirmation=NOTHING_CONFIRMED)
    (entry,) = store.spending.entries()
    assert (entry.state, entry.cost_usd, entry.high_usd) == (
        "expected",
        Decimal("0.5"),
        Decimal("0.9"),
    )
    with pytest.raises(ConfirmationError) as raised:
        authorize(store, expense("1.5", "b"), **how, confirmation=NOTHING_CONFIRMED)
    assert raised.value.typed == "1.50"
    with pytest.raises(BudgetError):
        authorize(store, expense("4.2", "b"), **how, confirmation=YES)
    authorize(store, expense("4.1", "b"), **how, confirmation=Confirmation("4.10"))
    assert len(store.spending.entries()) == 2


async def test_an_expense_that_is_entered_again_is_not_counted_twice(store: Store) -> None:
    for _ in range(3):
        authorize(store, expense("4"), limits=FIVE, confirmation=YES, now=NOW)
    assert store.spending.total().known_usd == 4


async def test_of_many_expenses_at_once_no_more_than_the_limit_is_allowed(
    store: Store, tmp_path: Path
) -> None:
    async def one(number: int) -> bool:
        async with open_store(store.path) as own:
            try:
                authorize(own, expense("0.9", f"{number}"), limits=FIVE, confirmation=YES, now=NOW)
            except BudgetError:
                return False
        return True

    assert sum(await asyncio.gather(*map(one, range(20)))) == 5
    assert store.spending.total().known_usd == Decimal("4.5")


async def test_the_total_tells_settled_expected_unknown_and_doubtful_apart(store: Store) -> None:
    entry = Spending(NOW, "p", "m", "training", "a", 1, Decimal(3))
    store.spending.add(entry)
    store.spending.add(
        replace(entry, subject="b", cost_usd=Decimal(2), state="expected", high_usd=Decimal(5))
    )
    store.spending.add(replace(entry, subject="c", cost_usd=None, state="in doubt"))
    total = store.spending.total()
    assert (total.settled_usd, total.expected_usd, total.high_usd) == (
        Decimal(3),
        Decimal(2),
        Decimal(8),
    )
    assert (total.unknown, total.in_doubt) == (1, 1)


# ---------------------------------------------------------------------- jobs


FILE = {"id": "file-1", "filename": "train.jsonl", "bytes": 6, "purpose": "fine-tune"}
JOB = {"id": "ftjob-1", "model": "m", "status": "running", "created_at": 1, "training_file": "f"}


class Estimated:
    """What a launch needs to know of an estimate."""

    class Tokens:
        likely = 1_000

    def __init__(self, likely: str | None, high: str | None = None) -> None:
        self.billed_tokens = self.tokens_per_epoch = self.Tokens
        self.epochs = 1
        self.cost_usd = likely and Cost(Decimal(0), Decimal(likely), Decimal(high or likely))


@dataclass
class Quoted:
    """What a launch needs to know of a quote."""

    training: Path
    estimate: Estimated
    validation: None = None
    plan: Plan = field(default_factory=lambda: Plan("m", "openai"))

    def require(self, *, provider: str) -> None:
        """It holds."""
        assert provider == self.plan.provider


@pytest.fixture
def order(tmp_path: Path) -> Any:
    path = tmp_path / "train.jsonl"
    path.write_text("row 1\n")

    def made(likely: str | None, high: str | None = None) -> jobs.Order:
        return jobs.Order(Quoted(path, Estimated(likely, high)))  # type: ignore[arg-type]

    return made


@pytest.fixture
async def api(hostile: HostileProvider) -> AsyncIterator[Api]:
    hostile.on("POST", "/files", hostile.answer(FILE))
    hostile.on("GET", "/fine_tuning/jobs", hostile.answer({"data": []}))
    hostile.on("POST", "/fine_tuning/jobs", hostile.answer(JOB))
    async with hostile.connect(provider="openai") as api:
        yield api


async def launched(
    api: Api, store: Store, order: Any, clock: FakeClock, confirmation: Confirmation = YES
) -> None:
    how: dict[str, Any] = {"limits": FIVE, "confirmation": confirmation, "clock": clock.clock}
    async for _ in jobs.launch(api, store, order, **how):
        pass


async def test_a_launch_without_its_confirmation_sends_nothing(
    api: Api, store: Store, order: Any, hostile: HostileProvider, fake_clock: FakeClock
) -> None:
    with pytest.raises(ConfirmationError):
        await launched(api, store, order("0.9", "1.2"), fake_clock, NOTHING_CONFIRMED)
    with pytest.raises(BudgetError):
        await launched(api, store, order("4", "6"), fake_clock)
    assert hostile.requests == []
    assert store.spending.entries() == ()


async def test_a_launched_job_is_expected_and_settled_by_whoever_lists_it(
    api: Api, store: Store, order: Any, hostile: HostileProvider, fake_clock: FakeClock
) -> None:
    await launched(api, store, order("2", "3"), fake_clock)
    (entry,) = store.spending.entries()
    assert (entry.subject, entry.state, entry.cost_usd) == ("ftjob-1", "expected", Decimal(2))
    cancelled = {**JOB, "status": "cancelled", "trained_tokens": 250}
    hostile.on("GET", "/fine_tuning/jobs", hostile.answer({"data": [cancelled]}))
    async for _ in jobs.listed(api, store):
        pass
    (entry,) = store.spending.entries()
    assert (entry.state, entry.tokens, entry.cost_usd) == ("settled", 250, Decimal("0.5"))


async def test_a_job_that_failed_in_validation_has_cost_nothing_once_it_is_followed(
    api: Api, store: Store, order: Any, hostile: HostileProvider, fake_clock: FakeClock
) -> None:
    await launched(api, store, order("2"), fake_clock)
    error = {"code": "invalid_training_file", "message": "no", "param": "training_file"}
    failed = {**JOB, "status": "failed", "trained_tokens": None, "error": error}
    path = "/fine_tuning/jobs/ftjob-1"
    hostile.on("GET", path, hostile.answer(failed))
    hostile.on("GET", f"{path}/events", hostile.answer({"data": []}))
    hostile.on("GET", f"{path}/checkpoints", hostile.answer({"data": []}))
    async for _ in jobs.follow(api, store, "ftjob-1", clock=fake_clock.clock):
        pass
    assert store.spending.total() == Spent(Decimal(0), 0)


async def test_a_refused_job_is_struck_out(
    api: Api, store: Store, order: Any, hostile: HostileProvider, fake_clock: FakeClock
) -> None:
    refusal = {"error": {"message": "no such model", "code": "model_not_available"}}
    hostile.on("POST", "/fine_tuning/jobs", hostile.answer(refusal, 400))
    with pytest.raises(ApiError):
        await launched(api, store, order("2"), fake_clock)
    assert store.spending.entries() == ()


@pytest.fixture
async def doubted(
    api: Api, store: Store, order: Any, hostile: HostileProvider, fake_clock: FakeClock
) -> None:
    """A launch for $2 whose answer was lost, and that could not be looked up."""
    hostile.on("POST", "/fine_tuning/jobs", hostile.answer(reset=True))
    hostile.on("GET", "/fine_tuning/jobs", hostile.answer(status=503))
    with pytest.raises(UnreachableError, match="did not say whether"):
        await launched(api, store, order("2"), fake_clock)


@pytest.mark.usefixtures("doubted")
async def test_a_job_whose_answer_was_lost_is_in_doubt_until_it_is_listed(
    api: Api, store: Store, hostile: HostileProvider, fake_clock: FakeClock
) -> None:
    (entry,) = store.spending.entries()
    assert (entry.state, entry.cost_usd) == ("in doubt", Decimal(2))
    with pytest.raises(BudgetError):  # it counts
        demand(store, expense("3.5", "other"), limits=FIVE, now=fake_clock.clock.now())
    found = {**JOB, "metadata": {TOKEN: entry.subject}}
    hostile.on("GET", "/fine_tuning/jobs", hostile.answer({"data": [found]}))
    async for _ in jobs.listed(api, store):
        pass
    (entry,) = store.spending.entries()
    assert (entry.subject, entry.state) == ("ftjob-1", "expected")
    assert store.jobs.pending() == ()


@pytest.mark.usefixtures("doubted")
async def test_a_job_in_doubt_is_struck_out_once_the_whole_list_does_not_have_it(
    api: Api, store: Store, hostile: HostileProvider, fake_clock: FakeClock
) -> None:
    async def listed(page: dict[str, Any], most: int = 1_000) -> None:
        hostile.on("GET", "/fine_tuning/jobs", hostile.answer(page))
        async for _ in jobs.listed(api, store, clock=fake_clock.clock, most=most):
            pass

    await listed({"data": []})
    assert len(store.spending.entries()) == 1  # it may still turn up
    fake_clock.elapsed_s += 3600
    await listed({"data": [JOB], "has_more": True}, most=1)
    assert len(store.spending.entries()) == 1  # that was not the whole list
    await listed({"data": [{**JOB, "metadata": {"team": "other"}}]})
    assert store.spending.entries() == ()
    assert store.jobs.pending() == ()


@pytest.mark.parametrize(
    ("changes", "trained", "tokens"),
    [
        ({"status": "running", "trained_tokens": 5}, None, None),
        ({"status": "succeeded", "trained_tokens": 5}, None, 5),
        ({"status": "succeeded"}, None, None),
        ({"status": "cancelled", "trained_tokens": 3}, True, 3),
        ({"status": "cancelled"}, True, None),
        ({"status": "cancelled"}, None, None),
        ({"status": "cancelled"}, False, 0),
        ({"status": "failed", "failure": JobFailure("invalid_training_file", "x")}, None, 0),
        ({"status": "failed", "failure": JobFailure("server_error", "x")}, True, None),
    ],
)
def test_what_nobody_has_counted_is_not_billed_as_nothing(
    changes: dict[str, Any], trained: bool | None, tokens: int | None
) -> None:
    job = replace(Job("j", "m", "running", NOW, "f"), **changes)
    assert billed_tokens(job, trained=trained) == tokens


# ---------------------------------------------------------------------- questions


REQUEST = ChatRequest("gpt-4o-2024-08-06", [{"role": "user", "content": "What is it?"}])


async def answered(
    api: Api, store: Store, confirmation: Confirmation = NOTHING_CONFIRMED, **how: Any
) -> None:
    how = {"request": REQUEST, "limits": FIVE, **how}
    async for _ in ask(api, store, confirmation=confirmation, prices=load_prices(), **how):
        pass


async def answered_often(api: Api, store: Store, limits: Limits) -> None:
    for _ in range(10):
        await answered(api, store, YES, limits=limits)


def says(hostile: HostileProvider, **more: Any) -> None:
    choice = {"message": {"content": "a cat"}, "finish_reason": "stop"}
    hostile.on("POST", "/chat/completions", hostile.answer({"choices": [choice], **more}))


async def test_a_question_is_in_the_ledger_with_what_it_came_to(
    api: Api, store: Store, hostile: HostileProvider
) -> None:
    says(hostile, usage={"prompt_tokens": 1_000, "completion_tokens": 100})
    await answered(api, store)
    (entry,) = store.spending.entries()
    assert (entry.kind, entry.state, entry.tokens) == ("inference", "settled", 1_100)
    assert entry.cost_usd == Decimal("0.0035")
    says(hostile)  # a provider that does not count
    await answered(api, store)
    assert store.spending.entries()[-1].state == "expected"
    assert store.spending.entries()[-1].cost_usd


async def test_a_question_of_unknown_price_is_not_sent_without_a_word(
    api: Api, store: Store, hostile: HostileProvider
) -> None:
    says(hostile)
    unpriced: dict[str, Any] = {
        "request": replace(REQUEST, model="house-vlm"),
        "limits": Limits(Decimal(1)),
    }
    with pytest.raises(ConfirmationError, match="is unknown") as raised:
        await answered(api, store, **unpriced)
    assert raised.value.typed == "unknown"
    assert hostile.requests == []
    await answered(api, store, Confirmation("unknown"), **unpriced)
    assert store.spending.total().unknown == 1


async def test_questions_count_against_the_limit_of_the_day(
    api: Api, store: Store, hostile: HostileProvider
) -> None:
    says(hostile, usage={"prompt_tokens": 1_000, "completion_tokens": 100})
    limits = Limits(Decimal(1), day_usd=Decimal("0.01"))
    with pytest.raises(BudgetError, match="may be spent today"):
        await answered_often(api, store, limits)
    assert 1 <= len(hostile.requests) <= 3
    assert store.spending.total().known_usd <= Decimal("0.01")


@pytest.mark.parametrize(("how", "kept"), [({"status": 400}, 0), ({"cut": True}, 1)])
async def test_a_question_that_was_refused_cost_nothing_and_one_that_was_lost_may_have(
    api: Api, store: Store, hostile: HostileProvider, how: dict[str, Any], kept: int
) -> None:
    hostile.on("POST", "/chat/completions", hostile.answer({"error": {"message": "x"}}, **how))
    with pytest.raises(ApiError):
        await answered(api, store)
    assert [entry.state for entry in store.spending.entries()] == ["expected"] * kept


# ---------------------------------------------------------------------- values of a newer version


async def test_a_value_of_a_newer_tintype_is_a_sentence(store: Store) -> None:
    job = Job("j", "m", "running", NOW, "f")
    store.jobs.remember("p", job, seen_at=NOW)
    authorize(store, expense("0.1"), limits=FIVE, confirmation=YES, now=NOW)
    store.notes.write("draft", {"a": 1}, NOW)
    other = sqlite3.connect(store.path)
    (value,) = other.execute("SELECT value FROM jobs").fetchone()
    other.execute("UPDATE jobs SET value = ?", (json.dumps(json.loads(value) | {"new": 1}),))
    other.execute("UPDATE spending SET cost_usd = 'much'")
    other.execute("UPDATE notes SET value = '{'")
    other.commit()
    other.close()
    for read in (
        lambda: store.jobs.find("p", "j"),
        lambda: store.jobs.newest(),
        lambda: store.spending.total(),
        lambda: store.notes.read("draft"),
    ):
        with pytest.raises(StoreError, match="newer"):
            read()
