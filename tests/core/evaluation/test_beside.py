"""What stands beside a score: leaks, baselines, a person's grades, a scorer of one's own."""

import base64
import io
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

import tintype
from tintype import evaluation, plugins
from tintype.api import Api, connect
from tintype.errors import EvaluationError, PluginError
from tintype.evaluation import AnswerCase, EvaluatedModel, EvaluationPlan, scorer_of
from tintype.evaluation.own_function import own_function
from tintype.server.run import Running
from tintype.settings import EMBEDDED, Secret
from tintype.store import Store

SCRIPTED = (EvaluatedModel("scripted", "tintype"),)


@pytest.fixture
async def embedded(lasting_provider: Running) -> AsyncIterator[Api]:
    async with connect(EMBEDDED, Secret(lasting_provider.token), lasting_provider.url) as api:
        yield api


def image(number: int, kind: str = "PNG") -> str:
    made = Image.new("RGB", (64, 48), (90 * number % 256, 160, 200))
    ImageDraw.Draw(made).ellipse((5 * number, 5, 5 * number + 20, 30), fill=(250, 30 * number, 0))
    out = io.BytesIO()
    made.save(out, kind, **({"quality": 90} if kind == "JPEG" else {}))
    return f"data:image/{kind.lower()};base64," + base64.b64encode(out.getvalue()).decode()


def flat(grey: int) -> str:
    out = io.BytesIO()
    Image.new("L", (40, 30), grey).save(out, "PNG")
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()


def shown(path: Path, *asked: tuple[str, str, str]) -> Path:
    """A dataset of questions about images."""
    lines = [
        {
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": question},
                        {"type": "image_url", "image_url": {"url": url}},
                    ],
                },
                {"role": "assistant", "content": truth},
            ]
        }
        for question, url, truth in asked
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


async def test_rows_whose_image_was_trained_on_are_marked_whatever_its_format(
    embedded: Api, store: Store, tmp_path: Path, finished: Any
) -> None:
    truth = "I have not been trained."
    trained = shown(tmp_path / "train.jsonl", *(("?", image(n), "red") for n in range(3)))
    dataset = shown(
        tmp_path / "test.jsonl",
        ("same?", image(0), truth),
        ("again?", image(0), "no"),
        ("compressed?", image(1, "JPEG"), truth),
        ("new?", image(5), truth),
        ("new too?", image(6), truth),
    )
    plan = EvaluationPlan(dataset, SCRIPTED, ("exact",), training=(trained,))
    await finished(plan, tmp_path / "run", embedded, store=store)

    found = evaluation.open(tmp_path / "run")
    [figures] = evaluation.figures(found)
    assert evaluation.positions(found, "leaked").tolist() == [0, 1, 2]
    assert (figures.headline.headline, figures.without_leaks) == (0.8, 1.0)
    assert "3 rows show images of the training file." in evaluation.headline_sentence(found)
    values, codes = found.facets["brightness"]
    assert {values[code] for code in codes.tolist()} <= {"dark", "medium", "bright"}


async def test_rows_are_told_apart_by_how_bright_their_images_are(
    embedded: Api, store: Store, tmp_path: Path, finished: Any
) -> None:
    dataset = shown(
        tmp_path / "test.jsonl",
        *(("?", flat(grey), "I have not been trained.") for grey in (10, 120, 250)),
        ("an image that is none?", "data:image/png;base64,AAAA", "no"),
    )
    plan = EvaluationPlan(dataset, SCRIPTED, ("exact",))
    await finished(plan, tmp_path / "run", embedded, store=store)

    found = evaluation.open(tmp_path / "run")
    by_brightness = evaluation.slices(found, "brightness")
    assert sorted((one.value, one.rows) for one in by_brightness if one.value) == [
        ("bright", 1), ("dark", 1), ("medium", 1),
    ]  # fmt: skip


async def test_baselines_answer_without_the_image(
    embedded: Api, store: Store, tmp_path: Path, rows: Any, finished: Any
) -> None:
    trained = rows(
        tmp_path / "train.jsonl",
        [("colour?", "red")] * 3 + [("colour?", "blue")] + [("shape?", "round")] * 2,
    )
    dataset = rows(tmp_path / "t.jsonl", [("colour?", "red"), ("shape?", "round"), ("new?", "red")])
    plan = EvaluationPlan(
        dataset, SCRIPTED, ("exact",), training=(trained,), question_types={"Shape": "shape"}
    )
    await finished(plan, tmp_path / "run", embedded, store=store)

    found = evaluation.open(tmp_path / "run")
    assert found.baselines() == pytest.approx(
        {
            "commonest by question": 1.0,
            "commonest by question type": 1.0,
            "commonest answer": 2 / 3,
        }
    )
    assert [one.value for one in evaluation.slices(found, "question type")] == ["Other", "Shape"]


def test_a_function_of_ones_own_runs_apart_within_its_time(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(
        "import os, time\n"
        "def score(answer, expected, row):\n"
        "    print('said aloud')\n"
        "    if answer == 'slow': time.sleep(60)\n"
        "    if answer == 'end': os._exit(1)\n"
        "    if answer == 'bad': raise ValueError('no idea')\n"
        "    if answer == 'two': return 2\n"
        "    if answer == 'none': return None\n"
        "    if answer == 'words': return {'score': 0.5, 'reason': row['question']}\n"
        "    return answer == expected\n"
    )
    scorer = own_function(f"{path}:score", limit_s=0.5)
    assert scorer.close is not None
    try:
        scores = {
            answer: scorer.score(AnswerCase(("yes",), answer, "Why?"))
            for answer in ("yes", "no", "words", "none", "two", "bad", "end", "slow", "yes again")
        }
    finally:
        scorer.close()

    assert [scores[one].score for one in ("yes", "no", "words", "yes again")] == [1, 0, 0.5, 0]
    assert scores["words"].reason == "Why?"
    unscored = {name: one.reason for name, one in scores.items() if one.status != "ok"}
    assert unscored == {
        "none": "no score",
        "two": "2 is no number from 0 to 1",
        "bad": "ValueError: no idea",
        "end": "the function's process ended",
        "slow": "no score within 0.5 s",
    }


BOX = "<loc0000><loc0000><loc0100><loc0100> a"


def case(answer: str, *truths: str, **more: Any) -> AnswerCase:
    return AnswerCase(truths, answer, **more)


@pytest.mark.parametrize(
    ("spec", "answer", "truth", "expected"),
    [
        ("exact", "Yes", "Yes", ("ok", 1.0)),
        ("exact", "Yes ", "Yes", ("ok", 0.0)),
        ("normalised", "**yes.**", "Yes", ("ok", 1.0)),
        ("normalised:case", "yes.", "Yes", ("ok", 0.0)),
        ("normalised", "<think>no</think>Yes", "yes", ("ok", 1.0)),
        ("normalised", "", "yes", ("unscored_model", 0.0)),
        ("normalised", "I'm sorry, I can't help with that.", "yes", ("unscored_model", 0.0)),
        ("contains", "It is a red car.", "red", ("ok", 1.0)),
        ("final", "Well…\nAnswer: 42", "42", ("ok", 1.0)),
        ("yes_no", "Yes, it is.", "yes", ("ok", 1.0)),
        ("yes_no", "Perhaps.", "yes", ("unscored_model", 0.0)),
        ("yes_no", "Yes", "red", ("unscored_infra", None)),
        ("closed:red,green", "Green", "green", ("ok", 1.0)),
        ("closed:red,green", "mauve", "green", ("unscored_model", 0.0)),
        ("number:0.1", "95", "100", ("ok", 1.0)),
        ("token_f1", "the red car", "red", ("ok", 2 / 3)),
        ("json", '{"a": 1, "b": 2}', '{"a": 1, "b": 3}', ("ok", 0.5)),
        ("json", "prose", '{"a": 1}', ("unscored_model", 0.0)),
        ("json", '{"a": 1}', "prose", ("unscored_infra", None)),
        ("boxes", BOX, BOX, ("ok", 1.0)),
        ("boxes", "no boxes here", BOX, ("unscored_model", 0.0)),
        ("boxes", "none", "none", ("ok", 1.0)),
    ],
)  # fmt: skip
def test_what_each_scorer_makes_of_an_answer(
    spec: str, answer: str, truth: str, expected: tuple[str, float | None]
) -> None:
    found = scorer_of(spec).score(case(answer, truth))
    assert found.status == expected[0]
    assert found.score == pytest.approx(expected[1])


def test_an_answer_that_was_cut_off_is_in_a_bucket_of_its_own_unless_it_is_right() -> None:
    scorer = scorer_of("normalised")
    cut = scorer.score(case("the answer would be", "yes", finish_reason="length"))
    assert (cut.status, cut.reason) == ("unscored_model", "cut off")
    assert scorer.score(case("yes", "yes", finish_reason="length")).score == 1


def test_format_is_scored_apart() -> None:
    scorer = scorer_of("yes_no")
    found = scorer.score(case("**Answer:**\n\nNo. \n\n**Reasoning:** The cover shows Peru.", "No"))
    assert (found.score, found.format_ok) == (1.0, False)
    assert scorer.score(case("No", "No")).format_ok


def test_boxes_scored_together_are_those_scored_one_by_one() -> None:
    box = "<loc0{}><loc0200><loc0{}><loc0600> {}".format
    truth = [f"{box(100, 300, 'cat')} ; {box(500, 900, 'dog')}"] * 5
    said = [
        f"{box(100, 300, 'cat')} ; {box(510, 900, 'Dog')}",
        f"{box(100, 300, 'dog')}",
        f"{box(100, 300, 'cat')} ; {box(105, 300, 'cat')}",
        "nothing",
        "",
    ]
    cases = [case(answer, one) for answer, one in zip(said, truth, strict=True)]
    scorer = scorer_of("boxes")
    assert scorer.batch is not None
    together, figures = scorer.batch(cases)

    one_by_one = [scorer.score(each) for each in cases]
    assert [one.score for one in together] == [one.score for one in one_by_one]
    assert [one.status for one in together] == [one.status for one in one_by_one]
    assert figures["misnamed"] == 1
    assert ("cat", "dog", 1) in figures["confusion"]
    assert figures["by_label"]["cat"]["truths"] == 5


def test_a_scorer_from_outside_is_named_like_any_other() -> None:
    @tintype.scorer
    def shortness(asked: AnswerCase) -> float:
        """1 / words."""
        return 1 / len(asked.answer.split())

    try:
        found = scorer_of("shortness")
        assert found.rule == "1 / words."
        assert found.score(case("two words", "x")).score == 0.5
        with pytest.raises(PluginError, match=r"The scorer shortness failed on .*test_beside\.py"):
            found.score(case("", "x"))
    finally:
        plugins.unregister("scorers", shortness)
    with pytest.raises(EvaluationError, match="There is no scorer 'shortness'"):
        scorer_of("shortness")


async def test_a_function_of_ones_own_scores_a_run_and_is_remembered_without_its_file(
    embedded: Api, store: Store, tmp_path: Path, rows: Any, finished: Any
) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text("def score(answer, expected, row):\n    return 0.25\n")
    dataset = rows(tmp_path / "t.jsonl", [("a?", "x"), ("b?", "y")])
    plan = EvaluationPlan(dataset, SCRIPTED, (f"{mine}:score",))
    await finished(plan, tmp_path / "run", embedded, store=store)
    assert evaluation.figures(evaluation.open(tmp_path / "run"))[0].headline.headline == 0.25

    mine.unlink()
    assert evaluation.figures(evaluation.open(tmp_path / "run"))[0].headline.headline == 0.25


async def test_a_run_is_scored_again_once_a_scorer_has_another_version(
    embedded: Api, store: Store, tmp_path: Path, rows: Any, finished: Any
) -> None:
    def outside(version: int, score: float) -> Callable[[AnswerCase], float]:
        def mine(asked: AnswerCase) -> float:
            return score

        mine.version = version  # type: ignore[attr-defined]
        return tintype.scorer(mine)

    def headline() -> float | None:
        return evaluation.figures(evaluation.open(tmp_path / "run"))[0].headline.headline

    dataset = rows(tmp_path / "t.jsonl", [("a?", "x"), ("b?", "y")])
    first = outside(1, 0.25)
    plan = EvaluationPlan(dataset, SCRIPTED, ("mine",))
    await finished(plan, tmp_path / "run", embedded, store=store)
    found = [headline()]
    plugins.unregister("scorers", first)
    found.append(headline())
    second = outside(2, 0.75)
    found.append(headline())
    plugins.unregister("scorers", second)
    assert found == [0.25, 0.25, 0.75]


def test_what_is_wrong_with_all_boxes_alike_is_named() -> None:
    places = [(10, 200, 60, 290), (300, 20, 420, 120), (100, 330, 200, 460)]
    truth = json.dumps([{"label": "cell", "box": list(place)} for place in places])
    wrong: dict[str, list[tuple[float, ...]]] = {
        "transposed": [(y1, x1, y2, x2) for x1, y1, x2, y2 in places],
        "scaled_1000": [(x1 / 0.64, y1 / 0.48, x2 / 0.64, y2 / 0.48) for x1, y1, x2, y2 in places],
        "xywh": [(x1, y1, x2 - x1, y2 - y1) for x1, y1, x2, y2 in places],
    }
    scorer = scorer_of("boxes")
    assert scorer.batch is not None
    for name, boxes in wrong.items():
        said = json.dumps([{"label": "Cell", "box": list(box)} for box in boxes])
        _, figures = scorer.batch([case(said, truth, size=(640, 480))] * 4)
        assert figures["doctor"]["name"] == name
        assert figures["doctor"]["gain"] > 0.2
    assert scorer.batch([case(truth, truth, size=(640, 480))])[1]["doctor"] is None


async def test_behind_each_cell_of_a_confusion_are_its_rows(
    embedded: Api, store: Store, tmp_path: Path, rows: Any, finished: Any
) -> None:
    asked = [("repeat 1: red", "red"), ("repeat 1: blue", "red"), ("repeat 1: mauve", "blue")]
    dataset = rows(tmp_path / "t.jsonl", asked)
    await finished(
        EvaluationPlan(dataset, SCRIPTED, ("exact",)), tmp_path / "run", embedded, store=store
    )
    found = evaluation.open(tmp_path / "run")

    cells = {(truth, said): n for truth, said, n in found.extra[SCRIPTED[0].id]["confusion"]}
    assert cells == {("red", "red"): 1, ("red", "blue"): 1, ("blue", "other"): 1}
    assert evaluation.confused(found, 0, "red", "blue") == [1]
    assert evaluation.confused(found, 0, "blue", "other") == [2]

    evaluation.override(found.folder, 1, SCRIPTED[0].id, 1.0, "blue counts as red here")
    [machine], [person] = (
        evaluation.figures(one) for one in (found, evaluation.with_overrides(found))
    )
    assert machine.headline.headline == pytest.approx(1 / 3)
    assert person.headline.headline == pytest.approx(2 / 3)
    assert person.interval is not None
    assert person.interval.value == pytest.approx(2 / 3)
    _, [looked_at] = evaluation.look_at(found, 1)
    assert looked_at.override["comment"] == "blue counts as red here"
    assert looked_at.scores["exact"] == 0
    evaluation.override(found.folder, 1, SCRIPTED[0].id, None)
    assert evaluation.overrides(found.folder) == {}
    assert sorted(evaluation.positions(found, order="random").tolist()) == [0, 1, 2]
