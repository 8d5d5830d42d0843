"""What is known before a question is sent: its words, its cost, its image, its model's past."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from tintype.api import ChatRequest
from tintype.detection import Box, compare
from tintype.pricing import load_prices
from tintype.prompting import foresee, is_same_image, origin, reword, row_origin, teaching_of
from tintype.prompting.foreseeing import total
from tintype.resources import Job
from tintype.store import MadeFrom, Source, open_store, without_images

IMAGE: dict[str, Any] = {
    "type": "image_url",
    "image_url": {"url": "data:image/png;base64,AAAA", "detail": "low"},
}
ROW: list[dict[str, Any]] = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": [IMAGE, {"type": "text", "text": "What is it?"}, IMAGE]},
]


def test_a_row_asked_in_other_words_keeps_its_images_and_their_places() -> None:
    asked = reword(ROW, text="How many?")
    assert asked[0] == ROW[0]
    assert asked[1]["content"] == [IMAGE, {"type": "text", "text": "How many?"}, IMAGE]
    assert reword(ROW) == ROW


def test_a_system_prompt_is_replaced_taken_away_or_put_first() -> None:
    assert reword(ROW, system="Be kind.")[0]["content"] == "Be kind."
    assert [message["role"] for message in reword(ROW, system="")] == ["user"]
    assert [m["role"] for m in reword(ROW[1:], system="Be kind.")] == ["system", "user"]


def test_detail_is_asked_of_every_image() -> None:
    parts = reword(ROW, detail="high")[1]["content"]
    assert [parts[at]["image_url"]["detail"] for at in (0, 2)] == ["high", "high"]
    assert IMAGE["image_url"] == {"url": "data:image/png;base64,AAAA", "detail": "low"}


def test_the_cost_is_foreseen_where_prices_are_known() -> None:
    prices = load_prices()
    request = ChatRequest("gpt-4o-2024-08-06", [{"role": "user", "content": "word " * 1000}])
    known = foresee(request, "openai", prices, expected="a cat")
    assert known.answer_tokens < 5
    assert known.likely_usd is not None
    # 1,000 tokens and a few at $2.50 a million, and an answer at $10.
    assert Decimal("0.0025") < known.likely_usd < Decimal("0.0027")
    limited = foresee(
        ChatRequest(request.model, request.messages, max_tokens=1000), "openai", prices
    )
    assert limited.likely_usd is not None
    assert limited.likely_usd > known.likely_usd + Decimal("0.009")
    unknown = foresee(request, "compatible", prices)
    assert (unknown.likely_usd, unknown.most_usd) == (None, None)
    likely, _, unknowns = total([known, unknown])
    assert (likely, unknowns) == (known.likely_usd, 1)


def test_an_image_on_the_web_costs_what_any_image_may_cost() -> None:
    web = {"type": "image_url", "image_url": {"url": "https://x.org/a.png", "detail": "high"}}
    request = ChatRequest("gpt-4o-2024-08-06", [{"role": "user", "content": [web]}])
    foreseen = foresee(request, "openai", load_prices())
    assert foreseen.prompt.low < foreseen.prompt.high
    assert foreseen.most_usd > foreseen.likely_usd  # type: ignore[operator]


def test_where_an_image_came_from_can_be_read_back(tmp_path: Path) -> None:
    row = row_origin(tmp_path / "a b:c.jsonl", 12)
    assert origin(str(row)) == row
    assert origin(str(tmp_path / "a.png")).path == tmp_path / "a.png"
    assert origin("https://x.org/a.png").url == "https://x.org/a.png"
    for lost in ("-", "train.jsonl row 12", "data URL", ""):
        assert str(origin(lost)) == ""


def test_another_image_under_the_same_name_is_noticed() -> None:
    kept = without_images(ROW)
    assert is_same_image(b"\0\0\0", kept)
    assert not is_same_image(b"another", kept)
    assert is_same_image(b"anything", [{"role": "user", "content": "no image"}])


async def test_what_a_model_was_trained_with_is_read_from_its_rows(tmp_path: Path) -> None:
    rows = [{"messages": [*ROW, {"role": "assistant", "content": "a cat"}]}] * 3
    path = tmp_path / "train.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    now = datetime.now(UTC)
    job = Job("ftjob-1", "m", "succeeded", now, "file-1", fine_tuned_model="ft:m:::1")
    async with open_store(tmp_path / "store.db") as store:
        store.jobs.remember("p", job, seen_at=now)
        assert await teaching_of(store, "p", "ft:m:::1") is None
        store.jobs.made_from("p", "ftjob-1", MadeFrom(training=Source(str(path), "0")))
        for model in ("ft:m:::1", "ft:m:::1:ckpt-step-3"):
            found = await teaching_of(store, "p", model)
            assert found is not None
            assert (found.systems, found.question) == (("Be brief.",), "What is it?")
        assert await teaching_of(store, "p", "m") is None
        path.unlink()
        assert await teaching_of(store, "p", "ft:m:::1") is None


def test_every_box_has_one_fate() -> None:
    truth = [Box("ace", 0, 0, 0.5, 0.5), Box("king", 0.5, 0.5, 1, 1), Box("jack", 0, 0.6, 0.2, 0.8)]
    said = [
        Box("ACE", 0, 0, 0.5, 0.5),
        Box("queen", 0.5, 0.5, 1, 1),
        Box("ten", 0.9, 0, 1, 0.1),
    ]
    found = compare(said, truth)
    assert [one.fate for one in found] == ["found", "misnamed", "invented", "missed"]
    assert [one.iou for one in found] == [1.0, 1.0, 0.0, 0.0]
    assert [one.box.label for one in found] == ["ACE", "queen", "ten", "jack"]
    assert found[1].truth == truth[1]
