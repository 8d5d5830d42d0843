"""115 pitfalls of scoring that people reported, each with its right value: `cases.jsonl`."""

import io
import itertools
import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tintype.evaluation import headline as headlines
from tintype.evaluation import judging, log, statistics, text_scores, vqa
from tintype.evaluation.average_precision import average_precision
from tintype.evaluation.box_answers import read_boxes
from tintype.evaluation.box_doctor import diagnose
from tintype.evaluation.box_scores import (
    BoxedImage,
    LabelledBox,
    average_precision_without_scores,
    count_boxes,
    iou,
)
from tintype.evaluation.box_table import count_error
from tintype.evaluation.json_scores import json_fields
from tintype.evaluation.leaking import likeness
from tintype.evaluation.pacing import Turned, next_allowed_s
from tintype.pricing import InferencePrice

CASES = list(map(json.loads, (Path(__file__).parent / "cases.jsonl").read_text().splitlines()))
Found = dict[str, Any]


def box(value: list[Any]) -> LabelledBox:
    label, corners, *rest = value
    crowd = rest == ["crowd"]
    return LabelledBox(label, tuple(corners), None if crowd or not rest else rest[0], crowd)


def detect(asked: dict[str, Any]) -> Found:
    images = [
        BoxedImage(one["id"], [box(b) for b in one["truths"]], [box(b) for b in one["preds"]])
        for one in asked["images"]
    ]
    counts = count_boxes(images)
    found: Found = {
        name: getattr(counts, name)
        for name in (
            "tp", "fp", "fn", "precision", "recall", "f1", "duplicates", "confused", "invented",
            "missed",
        )
    }  # fmt: skip
    found["ap50_noscore"] = average_precision_without_scores(images)
    if asked["scored"]:
        ap = average_precision(images)
        found |= {"map50": ap.map50, "map50_95": ap.map50_95}
        found["map50_nocap"] = average_precision(images, max_predictions=None).map50
    return found


def detect_cap(asked: dict[str, Any]) -> Found:
    grid = asked["grid"]
    step, size = grid["step"], grid["size"]
    places = itertools.product(range(grid["rows"]), range(grid["cols"]))
    corners = [(c * step, r * step, c * step + size, r * step + size) for r, c in places]
    truths = [LabelledBox(grid["label"], one) for one in corners]
    found = [LabelledBox(grid["label"], one, 1 - k / 1000) for k, one in enumerate(corners)]
    images = [BoxedImage(1, truths, found)]
    return {
        "map50_cap100": average_precision(images).map50,
        "map50_nocap": average_precision(images, max_predictions=None).map50,
    }


def picture(drawn: dict[str, Any]) -> bytes:
    if drawn["draw"] == "disc":
        image = Image.new("RGB", (64, 64), "white")
        ImageDraw.Draw(image).ellipse((16, 16, 48, 48), fill=drawn["colour"])
    else:
        y, x = np.mgrid[0:32, 0:48]
        third = x * y % 256 if drawn["draw"] == "gradient" else 3 * x + 2 * y
        image = Image.fromarray(np.stack([5 * x, 7 * y, third], -1).astype(np.uint8))
    out = io.BytesIO()
    options: dict[str, Any] = {}
    if drawn["format"] == "PNG":
        options["compress_level"] = drawn.get("level", 6)
    elif "quality" in drawn:
        options["quality"] = drawn["quality"]
    image.save(out, drawn["format"], **options)
    return out.getvalue()


def cost(asked: dict[str, Any]) -> Found:
    per = {name: Decimal(str(value)) for name, value in asked["price_per_million"].items()}
    price = InferencePrice(
        provider="p", model="m", as_of=date(2026, 1, 1), source="test",
        input_usd=per["input"], cached_input_usd=per["cached"], output_usd=per["output"],
    )  # fmt: skip
    total = Decimal(0)
    for call in asked["calls"]:
        if not call.get("local_cache"):
            usd = price.cost(
                call["prompt"], call["completion"], cached_tokens=call.get("cached", 0)
            )
            assert usd is not None
            total += usd
    return {"usd": float(total)}


def replayed(asked: dict[str, Any]) -> Found:
    found = log.replay(asked["log"].splitlines())
    return {
        "done": len(found.answers),
        "right": sum(one["score"] for one in found.answers.values()),
        "to_ask": [row for row, _, _ in log.to_ask(found, asked["rows"], ["m"])],
        "ignored_lines": found.ignored_lines,
    }


def judged(asked: dict[str, Any]) -> Found:
    scale = asked["scale"]
    if isinstance(scale, dict):
        scale = judging.NumberScale(scale["min"], scale["max"])
    grade = judging.read_grade(
        asked["raw"], scale, key=asked["key"], finish_reason=asked["finish_reason"]
    )
    return {"grade": grade.grade, "unscored": grade.unscored}


def summed(asked: dict[str, Any]) -> Found:
    rows = [headlines.RowScore(row["status"], row.get("score")) for row in asked["rows"]]
    found = headlines.headline(rows)
    return {name: getattr(found, name) for name in found.__slots__}


def nulls(asked: dict[str, Any]) -> Found:
    scores = json.loads(asked["log"])
    rows = [headlines.RowScore("unscored_infra" if one is None else "ok", one) for one in scores]
    found = headlines.headline(rows)
    unscored = found.unscored_infra
    return {"scored": found.n - unscored, "mean": found.headline, "unscored": unscored}


def sliced(asked: dict[str, Any]) -> Found:
    def score(right: int, total: int) -> float | None:
        rows = [headlines.RowScore("ok", float(at < right)) for at in range(total)]
        return headlines.headline(rows).headline

    slices = asked["slices"]
    rights, totals = zip(*slices.values(), strict=True)
    overall = score(sum(rights), sum(totals))
    return {"overall": overall, **{name: score(*one) for name, one in slices.items()}}


def common(asked: dict[str, Any]) -> Found:
    found = headlines.paired(asked["a"], asked["b"])
    return {
        "n": found.n, "a": found.first, "b": found.second, "wins_b": found.wins,
        "wins_a": found.losses,
    }  # fmt: skip


def majority(asked: dict[str, Any]) -> Found:
    answer = headlines.commonest(asked["train"])
    test = asked["test"]
    return {"answer": answer, "score": sum(one == answer for one in test) / len(test)}


def leaked(asked: dict[str, Any]) -> Found:
    rows = [(image, score) for image, score in asked["rows"]]
    found = headlines.without_leaks(rows, set(asked["train_images"]))
    return {"leaked_rows": found.rows, "with": found.with_them, "without": found.without_them}


def boxes_read(asked: dict[str, Any]) -> Found:
    found = read_boxes(asked["raw"], asked["finish_reason"])
    return {
        "parsed": found.parsed, "boxes": len(found.boxes), "format_ok": found.format_ok,
        "truncated": found.truncated,
    }  # fmt: skip


def doctored(asked: dict[str, Any]) -> Found:
    found = diagnose(asked["truths"], asked["preds"], asked["width"], asked["height"])
    return {
        "mean_iou_raw": found.mean_iou_raw,
        "diagnosis": found.name or None,
        "mean_iou_fixed": found.mean_iou_fixed,
    }


def fields(asked: dict[str, Any]) -> Found:
    found = json_fields(asked["raw"], asked["truth"], asked["unordered"])
    return {name: getattr(found, name) for name in found.__slots__}


def agreed(asked: dict[str, Any]) -> Found:
    found = judging.agreement(asked["human"], asked["judge"])
    assert found is not None
    return {"agreement": found.agreement, "kappa": found.kappa}


def duels(asked: dict[str, Any]) -> Found:
    found = judging.duels([(one, other) for one, other in asked["verdicts"]])
    return {"A": found.first, "B": found.second, "tie": found.tie, "flipped": found.flipped}


def answered(asked: dict[str, Any]) -> Found:
    found = text_scores.final_answer(asked["raw"], asked["finish_reason"])
    return {"answer": found.answer, "truncated": found.truncated}


def percentile(asked: dict[str, Any]) -> Found:
    found = statistics.percentiles(asked["ms"])
    return {"p50": found[50], "p95": found[95], "p99": found[99], "failed": asked["failed"]}


def paced(asked: dict[str, Any]) -> Found:
    turns = [Turned(one["t"], one["status"], one.get("retry_after")) for one in asked["events"]]
    wrong = sum(one["status"] not in (200, 429) for one in asked["events"])
    return {"t": next_allowed_s(turns), "wrong_answers": wrong}


def grouped(asked: dict[str, Any]) -> tuple[list[float], list[int]]:
    rows = [(score, at) for at, group in enumerate(asked["groups"]) for score in group]
    return [score for score, _ in rows], [at for _, at in rows]


MEASURES: dict[str, Callable[[dict[str, Any]], Found]] = {
    "exact": lambda a: {"score": text_scores.exact(a["prediction"], a["truths"])},
    "normalised": lambda a: {
        "score": text_scores.normalised(a["prediction"], a["truths"], a["steps"])
    },
    "contains": lambda a: {"score": text_scores.contains(a["prediction"], a["truths"], a["steps"])},
    "yesno": lambda a: {"answer": text_scores.yes_or_no(a["prediction"])},
    "final_answer": answered,
    "token_f1": lambda a: {"f1": text_scores.token_f1(a["prediction"], a["truths"])},
    "edit": lambda a: {
        "distance": text_scores.edit_distance(a["prediction"], a["truth"]),
        "similarity": text_scores.edit_similarity(a["prediction"], a["truth"]),
    },
    "anls": lambda a: {"score": text_scores.anls(a["prediction"], a["truths"])},
    "vqa_accuracy": lambda a: {
        "score": vqa.vqa_accuracy(a["prediction"], a["answers"]),
        "score_always": vqa.vqa_accuracy_always(a["prediction"], a["answers"]),
    },
    "number_relaxed": lambda a: {
        "score": text_scores.number_relaxed(a["prediction"], a["truth"], a["tolerance"])
    },
    "json_fields": fields,
    "detect": detect,
    "detect_cap": detect_cap,
    "iou": lambda a: {"iou": iou(a["a"], a["b"])},
    "count_error": lambda a: count_error(a["counts"])._asdict(),
    "parse_boxes": boxes_read,
    "box_doctor": doctored,
    "judge_parse": judged,
    "kappa": agreed,
    "pairwise": duels,
    "self_judge": lambda a: {"warn": list(judging.judged_by_kin(a["judge"], a["models"]))},
    "headline": summed,
    "null_scores": nulls,
    "slices": sliced,
    "common_rows": common,
    "wilson": lambda a: dict(zip(("low", "high"), statistics.wilson(a["k"], a["n"]), strict=True)),
    "cluster_se": lambda a: dict(
        zip(("mean", "se"), statistics.cluster_se(a["groups"]), strict=True)
    ),
    "cluster_boot_sd": lambda a: {
        "sd": float(statistics.cluster_bootstrap(a["groups"], samples=20_000).std())
    },
    "mcnemar": lambda a: {"p": statistics.mcnemar(a["only_a"], a["only_b"])},
    "signflip": lambda a: {"p": statistics.sign_flip(a["diffs"])},
    "mc_p": lambda a: {"p": statistics.sampled_p(a["extreme"], a["B"])},
    "signflip_cluster": lambda a: {"p": statistics.sign_flip(*grouped(a))},
    "holm": lambda a: {"adjusted": statistics.holm(a["p"])},
    "paired_se": lambda a: dict(
        zip(("diff", "se"), statistics.paired_se(a["a"], a["b"]), strict=True)
    ),
    "percentile": percentile,
    "majority": majority,
    "replay": replayed,
    "cache_same": lambda a: {"same": log.cache_key(a["a"]) == log.cache_key(a["b"])},
    "join": lambda a: {"right": sum(a["truths"][row] == answer for row, answer in a["log"])},
    "row_count": lambda a: {
        "rows": len(a["rows"]),
        "distinct": len({tuple(row) for row in a["rows"]}),
    },
    "snapshots": lambda a: {
        "mixed": len(log.snapshots(a["served"])) > 1,
        "counts": log.snapshots(a["served"]),
    },
    "comparable": lambda a: {
        "comparable": not log.unlike(a["a"], a["b"]),
        "why": list(log.unlike(a["a"], a["b"])),
    },
    "next_allowed": paced,
    "same_picture": lambda a: {"leak": likeness(picture(a["a"]), picture(a["b"]))},
    "leak_score": leaked,
    "cost": cost,
}


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_a_pitfall_is_avoided(case: dict[str, Any]) -> None:
    found = MEASURES[case["measure"]](case["input"])
    tolerance = case["tolerance"]
    for name, right in case["right"].items():
        if isinstance(right, float) and case["measure"] == "cluster_boot_sd":
            assert found[name] == pytest.approx(right, rel=tolerance), case["pitfall"]
        elif (isinstance(right, int | float) and not isinstance(right, bool)) or (
            isinstance(right, list) and right and isinstance(right[0], float)
        ):
            assert found[name] == pytest.approx(right, abs=tolerance), case["pitfall"]
        else:
            assert found[name] == right, case["pitfall"]
