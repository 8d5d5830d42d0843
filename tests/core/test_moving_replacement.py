"""A candidate against the kept answers of a model that is gone, in Evaluate's statistics."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests import deadline_provider as known

from tintype import evaluation, moving
from tintype.api import Api
from tintype.budget import Confirmation, Limits
from tintype.errors import DatasetError, EvaluationError
from tintype.evaluation import EvaluatedModel, EvaluationPlan
from tintype.evaluation.shots import Shots, draw_shots
from tintype.store import Store

if TYPE_CHECKING:
    from tests.conftest import FakeClock

OLD, NEW = EvaluatedModel(known.CARDS, "hostile"), EvaluatedModel(known.LUNA, "hostile")


@pytest.fixture
async def api(ending: known.DeadlineProvider, fake_clock: FakeClock) -> AsyncIterator[Api]:
    async with ending.hostile.connect(clock=fake_clock.clock) as api:
        yield api


def answering(ending: known.DeadlineProvider, said: Mapping[str, Mapping[int, str]]) -> None:
    """Let each model answer the question about a number as it is said, or `card N`."""

    def chat(request: Any) -> Any:
        model, text = request.json["model"], json.dumps(request.json["messages"])
        found = re.search(r"number (\d+)", text)
        assert found is not None
        number = int(found[1])
        answer = said.get(model, {}).get(number, f"card {number}")
        message = {"role": "assistant", "content": answer}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        usage = {"prompt_tokens": 100, "completion_tokens": 2}
        body = {"id": "c", "model": model, "choices": [choice], "usage": usage}
        return ending.hostile.answer(body)

    ending.hostile.on("POST", "/chat/completions", chat)


def dataset(path: Path, numbers: range, *, truth: bool = True) -> Path:
    path.parent.mkdir(exist_ok=True)
    lines = []
    for number in numbers:
        (path.parent / f"{number}.png").write_bytes(known.image_of(number))
        made = known.row(number, f"{number}.png")
        lines.append(made if truth else {"messages": made["messages"][:1]})
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


async def run(
    api: Api, store: Store, model: EvaluatedModel, rows: Path, scorer: str = "exact", **more: Any
) -> Path:
    plan = EvaluationPlan(rows, (model,), (scorer,), **more)
    folder = evaluation.new_folder(rows.parent / "runs")
    running = evaluation.run(
        plan,
        folder,
        apis={"hostile": api},
        store=store,
        limits=Limits(Decimal(1)),
        confirmation=Confirmation(yes=True),
    )
    async with aclosing(running):
        assert [step.phase async for step in running][-1] == "done"
    return folder


async def test_agreement_truth_fixed_and_broken_rows_and_what_it_costs(
    api: Api, store: Store, ending: known.DeadlineProvider, tmp_path: Path
) -> None:
    answering(ending, {known.CARDS: {0: "wrong"}, known.LUNA: {1: "lost", 2: "lost"}})
    old = await run(api, store, OLD, dataset(tmp_path / "a/test.jsonl", range(10)))
    # The candidate's rows lie elsewhere, in another order, and more of them.
    new = await run(api, store, NEW, dataset(tmp_path / "b/rows.jsonl", range(11, -1, -1)))
    found = moving.replacement(old, [new], tmp_path / "scratch")
    assert (found.rows, found.rows_of_old) == (10, 10)
    report = moving.replacement_report(found)
    assert report.sentence.startswith(
        "gpt-6-luna agrees with tuned cards on 70.0 % (40–89); against the truth 80.0 % (49–94), "
        "tuned cards 90.0 % (60–98): 1 fixed, 2 broken, p = 1"
    )
    [table, *rest] = report.sections
    new_row, old_row = table.rows
    assert new_row[:5] == ("gpt-6-luna", "70.0 % (40–89)", "80.0 % (49–94)", "1", "2")
    assert old_row[:3] == ("tuned cards (old)", "–", "90.0 % (60–98)")
    assert new_row[-1] == "unknown", "this provider has no price table"
    assert any(section.title == "Models" for section in rest)
    page = await moving.replacement_page(found)
    assert page.count("<article>") == 2
    assert page.count('src="data:image/jpeg;base64,') == 2
    assert "lost" in page
    assert known.CARDS in page


async def test_prompts_without_a_truth_are_compared_with_the_old_answers_alone(
    api: Api, store: Store, ending: known.DeadlineProvider, tmp_path: Path
) -> None:
    answering(ending, {known.LUNA: {1: "another"}})
    rows = dataset(tmp_path / "test.jsonl", range(4), truth=False)
    old = await run(api, store, OLD, rows, "answered", samples=2)
    new = await run(api, store, NEW, rows, "answered")
    found = moving.replacement(old, [new], tmp_path / "scratch")
    report = moving.replacement_report(found)
    assert "agrees with tuned cards on 75.0 %" in report.sentence
    assert "truth" not in report.sentence
    assert report.sections[0].rows[1][:2] == ("tuned cards (old)", "100.0 % (51–100)")
    assert "otherwise than the old model" in await moving.replacement_page(found)


async def test_runs_that_share_no_row_are_not_compared(
    api: Api, store: Store, ending: known.DeadlineProvider, tmp_path: Path
) -> None:
    answering(ending, {})
    old = await run(api, store, OLD, dataset(tmp_path / "a/test.jsonl", range(3)))
    new = await run(api, store, NEW, dataset(tmp_path / "b/test.jsonl", range(3, 6)))
    with pytest.raises(EvaluationError, match="shares no row"):
        moving.replacement(old, [new], tmp_path / "scratch")
    with pytest.raises(EvaluationError, match="no candidate"):
        moving.replacement(old, [old], tmp_path / "scratch")


async def test_a_candidate_may_be_shown_rows_before_every_question(
    api: Api, store: Store, ending: known.DeadlineProvider, tmp_path: Path
) -> None:
    seen: list[list[dict[str, Any]]] = []

    def chat(request: Any) -> Any:
        seen.append(request.json["messages"])
        message = {"role": "assistant", "content": "card 5"}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return ending.hostile.answer({"id": "c", "model": known.LUNA, "choices": [choice]})

    ending.hostile.on("POST", "/chat/completions", chat)
    rows = dataset(tmp_path / "test.jsonl", range(5, 7))
    shots = draw_shots(dataset(tmp_path / "train.jsonl", range(4)), 2)
    assert shots.rows == (0, 2)
    old = await run(api, store, OLD, rows)
    new = await run(api, store, NEW, rows, shots=shots, system="Look.")
    roles = [[message["role"] for message in one] for one in seen]
    assert roles[-1] == ["system", "user", "assistant", "user", "assistant", "user"]
    assert roles[0] == ["user"]
    assert [one["content"] for one in seen[-1] if one["role"] == "assistant"] == [
        "card 0",
        "card 2",
    ]
    assert evaluation.run_at(new).plan.shots == shots
    assert moving.replacement(old, [new], tmp_path / "scratch").rows == 2
    dataset(tmp_path / "train.jsonl", range(1, 4))
    with pytest.raises(DatasetError, match="has changed"):
        await run(api, store, NEW, rows, shots=Shots(shots.dataset, shots.rows, "other"))
    with pytest.raises(DatasetError, match="3 rows with an answer"):
        draw_shots(tmp_path / "train.jsonl", 9)
