"""What one's own past says: only what was measured, and nothing before that."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tintype.api.parsing import EPOCH
from tintype.estimation import Cost, Counts, Estimate, Plan, estimate
from tintype.jobs import job_time, learnt, upload_speed
from tintype.jobs.history import note_upload
from tintype.pricing import Prices
from tintype.resources import Job
from tintype.store import MadeFrom, Store, open_store
from tintype.tokens import Range, model_tokens

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MODEL = "gpt-4o-2024-08-06"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(tmp_path / "store.sqlite") as opened:
        yield opened


@pytest.fixture
def planned() -> Estimate:
    """Of two million tokens, $50."""
    empty = Counts(model_tokens(MODEL))
    made = estimate(empty, Plan(MODEL, "openai", epochs=1), Prices())
    cost = Cost(Decimal(50), Decimal(50), Decimal(50))
    return replace(made, billed_tokens=Range.exactly(2_000_000), cost_usd=cost)


def ended(store: Store, id: str, tokens: int, expected: int | None, minutes: float) -> None:
    job = Job(
        id, MODEL, "succeeded", NOW, "file-1",
        finished_at=NOW + timedelta(minutes=minutes), trained_tokens=tokens,
    )  # fmt: skip
    store.jobs.remember("openai", job, seen_at=NOW)
    if expected is not None:
        made = MadeFrom(estimate={"billed_tokens": expected})
        store.jobs.made_from("openai", id, made)


async def test_a_job_takes_as_long_as_ones_own_did_for_as_many_tokens(
    store: Store, planned: Estimate
) -> None:
    unknown = job_time(store, "openai", planned)
    assert (unknown.low_s, unknown.likely_s, unknown.high_s) == (None, None, None)
    assert "unknown until a first job" in unknown.reason
    ended(store, "a", 1_000_000, None, 10)
    ended(store, "b", 1_000_000, None, 30)
    store.jobs.remember("openai", Job("c", MODEL, "failed", NOW, "f"), seen_at=NOW)
    found = job_time(store, "openai", planned)
    assert (found.low_s, found.likely_s, found.high_s) == (1200, 2400, 3600)
    assert found.steps is None
    assert job_time(store, "work", planned).likely_s is None
    undated = Job("d", MODEL, "succeeded", EPOCH, "f", finished_at=NOW, trained_tokens=1_000)
    store.jobs.remember("openai", undated, seen_at=NOW)
    assert job_time(store, "openai", planned).high_s == 3600, "it did not take since 1970"


async def test_bills_are_learnt_from_and_the_estimate_stays_what_it_is(
    store: Store, planned: Estimate
) -> None:
    ended(store, "a", 1_000_000, None, 10)  # nobody had estimated it
    assert learnt(store, "openai", MODEL) is None
    ended(store, "b", 900_000, 1_000_000, 10)
    ended(store, "c", 980_000, 1_000_000, 10)
    ended(store, "d", 960_000, 1_000_000, 10)
    found = learnt(store, "openai", MODEL)
    assert found is not None
    assert (found.jobs, found.low, found.likely, found.high) == (3, 0.9, 0.96, 0.98)
    assert found.cost(planned) == Decimal(48)
    assert found.cost(replace(planned, cost_usd=None)) is None
    assert learnt(store, "openai", "gpt-4.1-2025-04-14") is None


async def test_the_speed_of_uploads_is_that_of_the_last_eight(store: Store) -> None:
    assert upload_speed(store, "openai") is None
    note_upload(store, "openai", 50_000, 0.001, NOW)  # too small to say anything
    assert upload_speed(store, "openai") is None
    note_upload(store, "openai", 1_000_000, 1000, NOW)
    for _ in range(8):
        note_upload(store, "openai", 1_000_000, 2, NOW)
    speed = upload_speed(store, "openai")
    assert speed is not None
    assert (speed.uploads, speed.low, speed.likely, speed.high) == (8, 5e5, 5e5, 5e5)
    assert speed.seconds(5_000_000) == 10
    assert upload_speed(store, "work") is None
