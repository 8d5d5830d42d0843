"""Golden answers: rows and prompts asked of a model that will be gone, with all that it tells."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests import deadline_provider as known

from tintype import evaluation, keeping
from tintype.api import Api
from tintype.budget import Confirmation, Limits
from tintype.errors import ConfirmationError, DatasetError
from tintype.evaluation import EvaluatedModel, EvaluationPlan
from tintype.prompting import Parameters
from tintype.store import Store

if TYPE_CHECKING:
    from tests.conftest import FakeClock

MODEL = EvaluatedModel(known.CARDS, "hostile")


@pytest.fixture
async def api(ending: known.DeadlineProvider, fake_clock: FakeClock) -> AsyncIterator[Api]:
    async with ending.hostile.connect(clock=fake_clock.clock) as api:
        yield api


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    (tmp_path / "photos").mkdir()
    for number in range(2):
        (tmp_path / f"photos/{number}.png").write_bytes(known.image_of(number))
    (tmp_path / "photos/notes.txt").write_text("no image")
    return tmp_path / "photos"


async def asked(plan: EvaluationPlan, api: Api, store: Store, **more: Any) -> evaluation.Evaluation:
    folder = evaluation.new_folder(plan.dataset.parent / "runs")
    running = evaluation.run(
        plan,
        folder,
        apis={"hostile": api},
        store=store,
        limits=Limits(Decimal(1)),
        confirmation=more.pop("confirmation", Confirmation(yes=True)),
    )
    async with aclosing(running):
        assert [step.phase async for step in running][-1] == "done"
    return evaluation.open(folder)


def with_logprobs(ending: known.DeadlineProvider, *, refused: bool = False) -> None:
    """Let the provider answer with log-probabilities, or turn the wish for them down by name."""

    def chat(request: Any) -> Any:
        if request.json.get("logprobs") and refused:
            error = {"error": {"message": "Unknown parameter: 'logprobs'.", "code": None}}
            return ending.hostile.answer(error, 400)
        tokens = [{"token": "card", "logprob": -0.25}, {"token": " 1", "logprob": -0.5}]
        given = {"content": tokens} if request.json.get("logprobs") else None
        message = {"role": "assistant", "content": "card 1"}
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": given}
        return ending.hostile.answer({"id": "c", "model": known.CARDS, "choices": [choice]})

    ending.hostile.on("POST", "/chat/completions", chat)


def lines(result: evaluation.Evaluation) -> list[dict[str, Any]]:
    log = (result.folder / "answers.jsonl").read_text()
    return [json.loads(line) for line in log.splitlines()]


async def test_prompts_are_asked_about_every_image_and_scored_by_nothing_but_an_answer(
    photos: Path, api: Api, store: Store, ending: known.DeadlineProvider, tmp_path: Path
) -> None:
    with_logprobs(ending)
    rows = keeping.prompt_rows(["What is it?", "Which colour?"], photos, tmp_path)
    assert keeping.prompt_rows(["What is it?", "Which colour?"], photos, tmp_path) == rows
    plan = await keeping.golden_plan(MODEL, rows, parameters=Parameters(), samples=2, truth=False)
    result = await asked(plan, api, store)
    assert result.rows == 4
    assert len(lines(result)) == 8
    assert evaluation.figures(result)[0].headline.headline == 1.0
    assert lines(result)[0]["logprobs"] == [["card", -0.25], [" 1", -0.5]]
    assert {"in", "out", "elapsed_s", "cost_usd", "served"} <= lines(result)[0].keys()


async def test_a_provider_without_log_probabilities_answers_without(
    photos: Path, api: Api, store: Store, ending: known.DeadlineProvider, tmp_path: Path
) -> None:
    with_logprobs(ending, refused=True)
    rows = keeping.prompt_rows(["What is it?"], photos, tmp_path)
    plan = await keeping.golden_plan(MODEL, rows, parameters=Parameters(), truth=False)
    result = await asked(plan, api, store)
    assert [line["status"] for line in lines(result)] == ["ok", "ok"]
    assert "logprobs" not in lines(result)[0]


async def test_rows_with_a_truth_are_scored_by_what_suits_them(
    api: Api, store: Store, tmp_path: Path
) -> None:
    rows = tmp_path / "test.jsonl"
    data = "data:image/png;base64,iVBORw0KGgo="
    rows.write_text("".join(json.dumps(known.row(n, data)) + "\n" for n in range(2)))
    plan = await keeping.golden_plan(MODEL, rows, parameters=Parameters())
    assert plan.scorers[0] == "normalised"
    assert evaluation.figures(await asked(plan, api, store))[0].headline.headline == 0.5


async def test_nothing_is_asked_before_the_cost_is_agreed_to(
    photos: Path, api: Api, store: Store, ending: known.DeadlineProvider, tmp_path: Path
) -> None:
    rows = keeping.prompt_rows(["What is it?"], photos, tmp_path)
    plan = await keeping.golden_plan(MODEL, rows, parameters=Parameters(), truth=False)
    with pytest.raises(ConfirmationError, match="cost"):
        await asked(plan, api, store, confirmation=Confirmation())
    assert ending.asked == []


def test_prompts_without_text_or_images_are_refused(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no prompt"):
        keeping.prompt_rows([], photos, tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatasetError, match="holds no image"):
        keeping.prompt_rows(["What?"], tmp_path / "empty", tmp_path)
    assert "image_url" not in keeping.prompt_rows(["What?"], None, tmp_path).read_text()
