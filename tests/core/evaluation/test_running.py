"""Runs through a real server: what is asked, written down, taken up again, and what it comes to."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tintype import evaluation
from tintype.api import Api, connect
from tintype.errors import EvaluationError
from tintype.evaluation import EvaluatedModel, EvaluationPlan
from tintype.server.run import Running
from tintype.settings import EMBEDDED, Secret
from tintype.store import Store

SAID = "I have not been trained."
"""What the scripted model says to a question that it does not know."""


@pytest.fixture
async def embedded(lasting_provider: Running) -> AsyncIterator[Api]:
    async with connect(EMBEDDED, Secret(lasting_provider.token), lasting_provider.url) as api:
        yield api


def model(name: str = "scripted", profile: str = "tintype") -> EvaluatedModel:
    return EvaluatedModel(name, profile)


async def test_a_run_scores_every_row_and_is_opened_offline(
    embedded: Api, store: Store, tmp_path: Path, rows: Any, finished: Any
) -> None:
    pairs = [("a?", SAID), ("b?", SAID.upper()), ("c?", "no"), ("repeat 2: da", "da da")]
    dataset = rows(tmp_path / "test.jsonl", pairs)
    plan = EvaluationPlan(dataset, (model(), model("tintype-tiny")), ("normalised", "exact"))
    folder = evaluation.new_folder(tmp_path / "runs")

    steps = await finished(plan, folder, embedded, store=store)

    assert steps[-1].phase == "done"
    assert (steps[-1].done, steps[-1].total, steps[-1].failed) == (8, 8, 0)
    assert steps[-1].scores["scripted@tintype"].value == 0.75
    found = evaluation.open(folder)
    scripted, tiny = evaluation.figures(found)
    assert (scripted.headline.headline, scripted.headline.n) == (0.75, 4)
    assert tiny.headline.headline == 0
    assert evaluation.figures(found, "exact")[0].headline.headline == 0.5
    [against] = evaluation.comparisons(found)
    assert (against.paired.wins, against.paired.losses, against.paired.ties) == (3, 0, 1)

    # Had the models been made by a job, these were its scores by step.
    steps_of = {"scripted": 20, "tintype-tiny": 10, "never evaluated": 5}
    by_step = evaluation.step_scores(tmp_path / "runs", "tintype", steps_of)
    assert by_step is not None
    assert by_step.scorer == "normalised"
    assert [(step, one.value) for step, one in by_step.points] == [(10, 0), (20, 0.75)]
    assert evaluation.step_scores(tmp_path / "runs", "another", steps_of) is None
    assert evaluation.step_scores(tmp_path / "nothing", "tintype", steps_of) is None
    assert evaluation.positions(found, "newly fixed").tolist() == [0, 1, 3]
    assert evaluation.positions(found, "failures").tolist() == [2]
    row, answers = evaluation.look_at(found, 3)
    assert (row.question, answers[0].text) == ("repeat 2: da", "da da")
    assert answers[0].scores == {"normalised": 1.0, "exact": 1.0}
    assert evaluation.headline_sentence(found).startswith("scripted 75.0 % (")
    assert [run.id for run in evaluation.runs_in(tmp_path / "runs")] == [folder.name]


async def test_what_an_earlier_run_was_answered_is_not_asked_again(
    embedded: Api, store: Store, tmp_path: Path, rows: Any, finished: Any
) -> None:
    dataset = rows(tmp_path / "test.jsonl", [("a?", SAID), ("b?", "x"), ("c?", "y")])
    runs = tmp_path / "runs"
    first = EvaluationPlan(dataset, (model(),), ("exact",))
    await finished(first, runs / "one", embedded, store=store)
    rows(dataset, [("a?", "another truth"), ("b?", "x"), ("new?", "y")])

    steps = await finished(first, runs / "two", embedded, store=store)
    again = await finished(first, runs / "three", embedded, store=store, fresh=True)

    assert steps[-1].reused == 2
    assert again[-1].reused == 0
    assert evaluation.figures(evaluation.open(runs / "two"))[0].headline.headline == 0


async def test_a_torn_log_costs_one_answer_and_the_rest_is_not_asked_again(
    embedded: Api, store: Store, tmp_path: Path, rows: Any, finished: Any
) -> None:
    dataset = rows(tmp_path / "test.jsonl", [(f"{n}?", SAID) for n in range(6)])
    plan = EvaluationPlan(dataset, (model(),), ("exact",))
    await finished(plan, tmp_path / "run", embedded, store=store)
    log = tmp_path / "run" / "answers.jsonl"
    log.write_bytes(log.read_bytes()[:-10])
    before = log.read_bytes().count(b"\n")

    steps = await finished(plan, tmp_path / "run", embedded, store=store)

    assert steps[-1].done == 6
    assert log.read_bytes().count(b"\n") == before + 2  # the torn one ended, one new
    assert evaluation.figures(evaluation.open(tmp_path / "run"))[0].headline.headline == 1


async def test_a_folder_is_not_taken_up_with_another_plan(
    embedded: Api, store: Store, tmp_path: Path, rows: Any, finished: Any
) -> None:
    dataset = rows(tmp_path / "test.jsonl", [("a?", SAID)])
    plan = EvaluationPlan(dataset, (model(),), ("exact",))
    await finished(plan, tmp_path / "run", embedded, store=store)

    other = EvaluationPlan(dataset, (model(),), ("token_f1",))
    with pytest.raises(EvaluationError, match="begun with other values: scorers"):
        await finished(other, tmp_path / "run", embedded, store=store)
    rows(dataset, [("a?", "changed")])
    with pytest.raises(EvaluationError, match="other values: rows"):
        await finished(plan, tmp_path / "run", embedded, store=store)


async def test_boxes_are_scored_by_image_and_over_all(
    embedded: Api, store: Store, tmp_path: Path, rows: Any, finished: Any
) -> None:
    box = "<loc0102><loc0205><loc0512><loc0614> square"
    dataset = rows(
        tmp_path / "test.jsonl",
        [(f"repeat 1: {box}", box), (f"repeat 1: {box}", f"{box} ; {box[:-6]}circle"), ("?", box)],
    )
    plan = EvaluationPlan(dataset, (model(),), ("boxes",))
    await finished(plan, tmp_path / "run", embedded, store=store)

    found = evaluation.open(tmp_path / "run")
    [figures] = evaluation.figures(found)

    assert found.score[0, 0].tolist() == pytest.approx([1, 2 / 3, 0])
    assert figures.buckets == {"no boxes": 1}
    assert (figures.summary["precision"], figures.summary["recall"]) == (1.0, 0.5)
    assert figures.summary["confusion"][0] == ["square", "square", 2]


async def test_all_rows_can_be_asked_another_question(
    embedded: Api, store: Store, tmp_path: Path, rows: Any, finished: Any
) -> None:
    dataset = rows(tmp_path / "test.jsonl", [("a?", "da"), ("b?", "no")])
    own = EvaluationPlan(dataset, (model(),), ("exact",))
    other = EvaluationPlan(dataset, (model(),), ("exact",), question="repeat 1: da")
    await finished(own, tmp_path / "own", embedded, store=store)
    steps = await finished(other, tmp_path / "other", embedded, store=store)

    assert steps[-1].reused == 0
    first, second = (evaluation.open(tmp_path / name) for name in ("own", "other"))
    assert [one.score[0, 0].tolist() for one in (first, second)] == [[0, 0], [1, 0]]
    with pytest.raises(EvaluationError, match="they differ in question"):
        evaluation.require_alike(first, second)


async def test_rows_that_nobody_can_be_right_on_are_left_out_and_said(
    embedded: Api, store: Store, tmp_path: Path, rows: Any, finished: Any
) -> None:
    dataset = rows(tmp_path / "test.jsonl", [("a?", SAID), ("b?", " "), ("c?", "no")])
    dataset.write_text(dataset.read_text() + "no JSON\n")
    plan = EvaluationPlan(dataset, (model(),), ("exact",))

    steps = await finished(plan, tmp_path / "run", embedded, store=store)
    again = await finished(plan, tmp_path / "run", embedded, store=store)

    assert [(one[-1].done, one[-1].total) for one in (steps, again)] == [(2, 2), (2, 2)]
    found = evaluation.open(tmp_path / "run")
    assert (found.rows, found.row_line.tolist()) == (2, [1, 3])
    assert [one.line for one in found.run.left_out] == [2, 4]
    words = "2 rows are left out, the first is line 2: It has no answer to compare with."
    assert evaluation.headline_sentence(found).endswith(words)

    rows(dataset, [("a?", " ")])
    with pytest.raises(EvaluationError, match=r"no rows to evaluate\. 1 row is left out, line 1"):
        await finished(plan, tmp_path / "other", embedded, store=store)


async def test_a_run_that_cannot_be_read_is_listed_with_why(
    embedded: Api, store: Store, tmp_path: Path, rows: Any, finished: Any
) -> None:
    dataset = rows(tmp_path / "test.jsonl", [("a?", SAID)])
    plan = EvaluationPlan(dataset, (model(),), ("exact",))
    for name in ("a", "b", "c"):
        await finished(plan, tmp_path / "runs" / name, embedded, store=store)
    newer, torn = (tmp_path / "runs" / name / "manifest.json" for name in ("b", "c"))
    newer.write_text(newer.read_text().replace('"format": 1', '"format": 2'))
    torn.write_text(torn.read_text()[:-20])
    (tmp_path / "runs" / "never begun").mkdir()
    (tmp_path / "runs" / "notes.txt").write_text("")

    listed = evaluation.listed(tmp_path / "runs")

    assert [one.id for one in listed] == ["c", "b", "a"]
    for one in listed[:2]:
        assert isinstance(one, evaluation.UnreadableRun)
        assert "a newer Tintype wrote it, or it is damaged" in one.why
    assert [one.id for one in evaluation.runs_in(tmp_path / "runs")] == ["a"]
