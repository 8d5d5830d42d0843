"""Asking well, at a provider that limits, fails, hangs, repeats itself and costs money."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tintype import evaluation
from tintype.api import Api
from tintype.budget import Confirmation, Limits
from tintype.errors import AuthenticationError, ConfirmationError, NotFoundError
from tintype.evaluation import AskingLimits, EvaluatedModel, EvaluationPlan, JudgePlan
from tintype.evaluation.judging import GRADES
from tintype.pricing import InferencePrice, Prices
from tintype.store import Store

CHAT = "/chat/completions"
UNKNOWN = Confirmation("unknown")
PRICES = Prices(
    (
        InferencePrice(
            "compatible",
            "*",
            date(2026, 11, 1),
            "test",
            input_usd=Decimal(1000),
            output_usd=Decimal(1000),
        ),
    )
)
"""A dollar for a thousand tokens."""


@pytest.fixture
async def api(hostile: Any) -> AsyncIterator[Api]:
    """A connection in real time: what hangs has to be given up."""
    from tintype.api import SYSTEM

    async with hostile.connect(clock=SYSTEM) as api:
        yield api


def said(text: str, finish: str = "stop", **message: Any) -> dict[str, Any]:
    return {
        "model": "m-2026",
        "choices": [{"message": {"content": text, **message}, "finish_reason": finish, "index": 0}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 5, "total_tokens": 10},
    }


def question_in(request: Any) -> str:
    content = request.json["messages"][-1]["content"]
    return content if isinstance(content, str) else content[0]["text"]


def plan(dataset: Path, *scorers: str, **more: Any) -> EvaluationPlan:
    return EvaluationPlan(dataset, (EvaluatedModel("m", "hostile"),), scorers or ("exact",), **more)


async def test_after_a_rate_limit_nobody_asks_before_the_provider_said(
    hostile: Any, fake_clock: Any, store: Store, tmp_path: Path, rows: Any, finished: Any
) -> None:
    dataset = rows(tmp_path / "t.jsonl", [(f"{n}?", "yes") for n in range(30)])
    asked_at: list[float] = []
    limited_until = [0.0]

    def answer(request: Any) -> Any:
        asked_at.append(fake_clock.elapsed_s)
        if len(asked_at) == 10:
            limited_until[0] = fake_clock.elapsed_s + 7
            return hostile.answer({"error": {"message": "slow"}}, 429, {"Retry-After": "7"})
        if fake_clock.elapsed_s < limited_until[0]:
            return hostile.answer({"error": {"message": "slow"}}, 429)
        return hostile.answer(said("yes"))

    hostile.on("POST", CHAT, answer)
    async with hostile.connect(clock=fake_clock.clock) as api:
        steps = await finished(
            plan(dataset), tmp_path / "run", api, store=store, confirmation=UNKNOWN,
            clock=fake_clock.clock, asking=AskingLimits(concurrency=4),
        )  # fmt: skip

    assert (steps[-1].done, steps[-1].failed) == (30, 0)
    sent_too_early = [at for at in asked_at[14:] if at < limited_until[0]]
    assert not sent_too_early
    assert len(asked_at) <= 30 + 4  # those under way when the limit came, and no more


async def test_a_stuck_answer_fails_alone_and_is_retried_alone(
    hostile: Any, api: Api, store: Store, tmp_path: Path, rows: Any, finished: Any
) -> None:
    dataset = rows(tmp_path / "t.jsonl", [(f"{n}?", "yes") for n in range(5)])
    stuck = [True]

    def answer(request: Any) -> Any:
        hang = question_in(request) == "2?" and stuck[0]
        return hostile.answer(said("yes"), hang=hang)

    hostile.on("POST", CHAT, answer)
    folder, asking = tmp_path / "run", AskingLimits(answer_s=0.3)
    steps = await finished(
        plan(dataset), folder, api, store=store, confirmation=UNKNOWN, asking=asking
    )
    assert (steps[-1].done, steps[-1].failed, steps[-1].unknown) == (4, 1, 5)
    [figures] = evaluation.figures(evaluation.open(folder))
    assert (figures.headline.headline, figures.headline.unscored_infra) == (1.0, 1)
    assert (figures.headline.low, figures.headline.high) == (0.8, 1.0)
    assert figures.buckets == {"stuck": 1}

    stuck[0] = False
    before = len(hostile.sent("POST", CHAT))
    steps = await finished(
        plan(dataset), folder, api, store=store, confirmation=UNKNOWN, asking=asking
    )
    assert (steps[-1].done, steps[-1].failed) == (5, 0)
    assert len(hostile.sent("POST", CHAT)) == before + 1


async def test_an_answer_that_breaks_off_is_asked_for_again(
    hostile: Any, fake_clock: Any, store: Store, tmp_path: Path, rows: Any, finished: Any
) -> None:
    dataset = rows(tmp_path / "t.jsonl", [("a?", "yes")])
    begun = b'data: {"choices": [{"index": 0, "delta": {"content": "ye"}}]}\n\n'
    stream = {"Content-Type": "text/event-stream"}
    hostile.on(
        "POST", CHAT, hostile.answer(begun, headers=stream, cut=True), hostile.answer(said("yes"))
    )
    async with hostile.connect(clock=fake_clock.clock) as api:
        steps = await finished(
            plan(dataset), tmp_path / "run", api, store=store, confirmation=UNKNOWN,
            clock=fake_clock.clock,
        )  # fmt: skip

    assert (steps[-1].done, steps[-1].failed) == (1, 0)


async def test_a_runaway_answer_is_stopped_and_counted(
    hostile: Any, api: Api, store: Store, tmp_path: Path, rows: Any, finished: Any
) -> None:
    dataset = rows(tmp_path / "t.jsonl", [("a?", "yes")])
    hostile.on("POST", CHAT, hostile.answer(said("over and over " * 100)))
    await finished(plan(dataset), tmp_path / "run", api, store=store, confirmation=UNKNOWN)

    [figures] = evaluation.figures(evaluation.open(tmp_path / "run"))
    assert (figures.runaway, figures.buckets) == (1, {"runaway": 1})
    assert figures.headline.headline == 0


async def test_a_budget_stops_softly_and_is_never_passed(
    hostile: Any, api: Api, store: Store, tmp_path: Path, rows: Any, finished: Any
) -> None:
    dataset = rows(tmp_path / "t.jsonl", [(f"{n}?", "yes") for n in range(40)])
    hostile.on("POST", CHAT, hostile.answer(said("yes")))
    folder = tmp_path / "run"
    more = {"store": store, "prices": PRICES, "asking": AskingLimits(concurrency=2)}

    steps = await finished(
        plan(dataset),
        folder,
        api,
        stop_at_usd=Decimal("0.5"),
        confirmation=Confirmation("0.5"),
        **more,
    )

    assert steps[-1].phase == "budget"
    assert 0 < steps[-1].done < 40
    assert steps[-1].spent_usd <= Decimal("0.5")
    [entry] = store.spending.entries()
    assert (entry.state, entry.cost_usd) == ("settled", steps[-1].spent_usd)
    assert steps[-1].scores["m@hostile"].high == 1

    steps = await finished(plan(dataset), folder, api, confirmation=Confirmation("50"), **more)
    assert (steps[-1].phase, steps[-1].done) == ("done", 40)
    [entry] = store.spending.entries()
    assert entry.cost_usd == steps[-1].spent_usd == Decimal("0.4")


async def test_a_pause_does_not_wait_for_a_provider_that_wants_to_be_left_alone(
    hostile: Any, api: Api, store: Store, tmp_path: Path, rows: Any, finished: Any
) -> None:
    dataset = rows(tmp_path / "t.jsonl", [(f"{n}?", "yes") for n in range(40)])
    limited = hostile.answer({"error": {"message": "slow"}}, 429, {"Retry-After": "600"})
    hostile.on("POST", CHAT, *[hostile.answer(said("yes"))] * 5, limited)
    pause = asyncio.Event()
    running = evaluation.run(
        plan(dataset),
        tmp_path / "run",
        apis={"hostile": api},
        store=store,
        limits=Limits(Decimal(1)),
        confirmation=UNKNOWN,
        pause=pause,
    )
    async for step in running:
        if "wants a pause" in step.words:
            pause.set()
    assert (step.phase, step.done, step.failed) == ("paused", 5, 0)

    hostile.on("POST", CHAT, hostile.answer(said("yes")))
    steps = await finished(plan(dataset), tmp_path / "run", api, store=store, confirmation=UNKNOWN)
    assert (steps[-1].phase, steps[-1].done) == ("done", 40)


async def test_nothing_is_sent_before_the_cost_is_confirmed(
    hostile: Any, api: Api, store: Store, tmp_path: Path, rows: Any, finished: Any
) -> None:
    dataset = rows(tmp_path / "t.jsonl", [(f"{n}?", "yes") for n in range(9)])
    for prices, typed in ((PRICES, r"\d"), (Prices(), "unknown")):
        with pytest.raises(ConfirmationError, match=typed):
            await finished(plan(dataset), tmp_path / "run", api, store=store, prices=prices)
    assert not hostile.sent("POST", CHAT)
    assert not store.spending.entries()
    assert not (tmp_path / "run").exists()


async def test_a_run_that_is_refused_before_its_first_answer_leaves_nothing(
    hostile: Any, api: Api, store: Store, tmp_path: Path, rows: Any, finished: Any
) -> None:
    dataset = rows(tmp_path / "t.jsonl", [(f"{n}?", "yes") for n in range(9)])
    unknown = {"error": {"message": "no such model", "code": "model_not_found"}}
    hostile.on("POST", CHAT, hostile.answer(unknown, 404))
    with pytest.raises(NotFoundError):
        await finished(plan(dataset), tmp_path / "run", api, store=store, confirmation=UNKNOWN)
    assert not (tmp_path / "run").exists()


async def test_a_refused_key_ends_the_run_and_keeps_what_was_answered(
    hostile: Any, api: Api, store: Store, tmp_path: Path, rows: Any, finished: Any
) -> None:
    dataset = rows(tmp_path / "t.jsonl", [(f"{n}?", "yes") for n in range(9)])
    refused = hostile.answer({"error": {"message": "no"}}, 401)
    hostile.on("POST", CHAT, *[hostile.answer(said("yes"))] * 3, refused)

    with pytest.raises(AuthenticationError):
        await finished(plan(dataset), tmp_path / "run", api, store=store, confirmation=UNKNOWN)

    found = evaluation.open(tmp_path / "run")
    assert evaluation.figures(found)[0].answered == 3
    assert not found.is_complete


async def test_what_may_have_been_billed_without_an_answer_has_no_known_cost(
    hostile: Any, api: Api, store: Store, tmp_path: Path, rows: Any, finished: Any
) -> None:
    dataset = rows(tmp_path / "t.jsonl", [("0?", "yes"), ("1?", "yes")])

    def answer(request: Any) -> Any:
        return hostile.answer(said("yes"), hang=question_in(request) == "1?")

    hostile.on("POST", CHAT, answer)
    asking, more = AskingLimits(answer_s=0.3), {"store": store, "prices": PRICES}
    await finished(
        plan(dataset), tmp_path / "run", api, confirmation=Confirmation("50"), asking=asking, **more
    )

    [figures] = evaluation.figures(evaluation.open(tmp_path / "run"))
    assert (figures.answered, figures.cost_usd) == (1, None)
    [entry] = store.spending.entries()
    assert entry.state != "settled"


async def test_a_run_without_any_answer_has_no_known_cost(
    hostile: Any, api: Api, store: Store, tmp_path: Path, rows: Any, finished: Any
) -> None:
    dataset, asking = rows(tmp_path / "t.jsonl", [("0?", "yes")]), AskingLimits(answer_s=0.3)
    hostile.on("POST", CHAT, hostile.answer(said("yes"), hang=True))
    await finished(
        plan(dataset), tmp_path / "run", api, store=store, confirmation=UNKNOWN, asking=asking
    )
    [figures] = evaluation.figures(evaluation.open(tmp_path / "run"))
    assert (figures.answered, figures.cost_usd, figures.usd_per_1000) == (0, None, None)


async def test_a_judge_is_asked_with_the_rubric_and_what_it_cannot_say_is_unscored(
    hostile: Any, api: Api, store: Store, tmp_path: Path, rows: Any, finished: Any
) -> None:
    dataset = rows(tmp_path / "t.jsonl", [(f"{word}?", "truth") for word in ANSWERED])
    hostile.on("POST", CHAT, judge_of(hostile.answer))
    judge = JudgePlan(EvaluatedModel("grader", "hostile"))
    steps = await finished(
        plan(dataset, "judge", "exact", judge=judge), tmp_path / "run", api, store=store,
        confirmation=UNKNOWN, asking=AskingLimits(answer_s=1.0),
    )  # fmt: skip

    assert (steps[-1].phase, steps[-1].failed) == ("done", 1)
    found = evaluation.open(tmp_path / "run")
    graded = dict(zip(ANSWERED, found.score[0, 0].tolist(), strict=True))
    assert graded["good"] == 1.0
    assert graded["fair"] == pytest.approx(2 / 3)
    assert graded["empty"] == 0  # the model's fault: nobody is asked
    unscored = [word for word, score in graded.items() if score != score]
    assert unscored == ["malformed", "refusing", "odd", "slow"]
    [figures] = evaluation.figures(found)
    assert figures.headline.unscored_infra == 4
    assert evaluation.grades_of(found, 0, tuple(GRADES))["Very Similar"] == 1
    _, [answer] = evaluation.look_at(found, 1)
    assert answer.grade["reason"] == "close"
    assert sorted(evaluation.to_grade(found, 9)) == [(0, 0), (1, 0)]
    for position, grade in ((0, "Very Similar"), (1, "Incorrect")):
        name = found.models[0].id
        evaluation.override(found.folder, position, name, None, grade=grade)
    both, agreed = evaluation.judge_agreement(found)
    assert agreed is not None
    assert (both, agreed.agreement) == (2, 0.5)
    assert agreed.kappa == pytest.approx(1 / 3)
    assert evaluation.to_grade(found, 9) == []
    asked = [one.json for one in hostile.sent("POST", CHAT) if one.json["model"] == "grader"]
    assert all(one["temperature"] == 0 for one in asked)
    assert all(one["response_format"]["type"] == "json_schema" for one in asked)


async def test_a_judge_stops_softly_at_the_budget_too(
    hostile: Any, api: Api, store: Store, tmp_path: Path, rows: Any, finished: Any
) -> None:
    dataset = rows(tmp_path / "t.jsonl", [(f"good {n}?", "truth") for n in range(20)])
    grade = said('{"reason": "same", "grade": "Very Similar"}')
    hostile.on(
        "POST",
        CHAT,
        lambda asked: hostile.answer(grade if asked.json["model"] == "grader" else said("good")),
    )
    judge = JudgePlan(EvaluatedModel("grader", "hostile"))
    steps = await finished(
        plan(dataset, "judge", judge=judge), tmp_path / "run", api, store=store, prices=PRICES,
        stop_at_usd=Decimal("0.8"), confirmation=Confirmation("1"),
    )  # fmt: skip

    assert steps[-1].phase == "budget"
    assert steps[-1].spent_usd <= Decimal("0.8")
    found = evaluation.open(tmp_path / "run")
    [figures] = evaluation.figures(found)
    assert figures.answered == 20
    graded = figures.headline.n - figures.headline.unscored_infra
    assert 0 < graded < 20
    assert figures.headline.low == graded / 20


ANSWERED = ("good", "fair", "malformed", "refusing", "odd", "slow", "empty")


def judge_of(answer: Any) -> Callable[[Any], Any]:
    """A model that answers with the question's first word, and a judge that acts on it."""

    def reply(request: Any) -> Any:
        if request.json["model"] != "grader":
            word = question_in(request)[:-1]
            return answer(said("" if word == "empty" else word))
        word = json.loads(question_in(request))["predicted_answer"]
        told = {
            "good": said('{"reason": "same", "grade": "Very Similar"}'),
            "fair": said('{"reason": "close", "grade": "mostly similar"}'),
            "malformed": said("I would say it is fine."),
            "refusing": said("", refusal="I cannot grade this."),
            "odd": said('{"reason": "?", "grade": "Excellent"}'),
        }
        return answer(told.get(word, {}), hang=word == "slow")

    return reply
