"""Text found in rows."""

import base64
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tintype.dataset import open_dataset
from tintype.dataset.base64_text import displayed, elided
from tintype.dataset.query import (
    SAMPLE,
    Hit,
    Query,
    Searched,
    compile_query,
    found_in,
    parse_query,
    search,
    shared_texts,
    spans,
)
from tintype.dataset.spread import scattered
from tintype.errors import DatasetError


async def found(path: Path, query: Query, **options: Any) -> list[Hit]:
    async with open_dataset(path) as dataset:
        return [
            hit async for searched in search(dataset, query, **options) for hit in searched.hits
        ]


async def test_words_are_found_wherever_they_stand(build: Any) -> None:
    path = build.jsonl(
        build.chat(answer="A red box. Red!"), "no json", {"odd": ["a (red) one"]}, build.chat()
    )
    hits = await found(path, Query("red"))
    assert [(hit.line, hit.place, hit.start, hit.end) for hit in hits] == [
        (1, "messages[1].content", 2, 5),
        (1, "messages[1].content", 11, 14),
        (3, "odd[0]", 3, 6),
    ]
    assert len(await found(path, Query("red", match_case=True))) == 2
    assert len(await found(path, Query("(red)"))) == 1
    assert len(await found(path, Query(r"\bred\b.", is_regex=True))) == 3
    assert [hit.line for hit in await found(path, Query("red"), start=1)] == [3]
    assert await found(path, Query("")) == []


async def test_base64_is_not_searched(build: Any) -> None:
    path = build.jsonl(build.chat(build.data_url(build.image())))
    assert await found(path, Query("iVBOR")) == []


async def test_words_of_the_format_are_not_what_a_row_says(build: Any) -> None:
    path = build.jsonl(
        build.chat(build.data_url(build.image()), answer="an image of a user, as text"),
        build.chat(),
    )
    for word in ("user", "text", "image"):
        assert [hit.line for hit in await found(path, Query(word))] == [1]
    assert await found(path, Query("assistant")) == []


async def test_the_excerpt_shows_the_hit_on_one_line(build: Any) -> None:
    text = "x" * 100 + "\nneedle\t" + "y" * 200
    (hit,) = await found(build.jsonl(build.chat(answer=text)), Query("needle"))
    shown = hit.excerpt[hit.excerpt_start : hit.excerpt_start + 6]
    assert shown == "needle"
    assert hit.excerpt.startswith("…")
    assert hit.excerpt.endswith("…")
    assert "\n" not in hit.excerpt


async def test_the_search_says_how_far_it_is(build: Any) -> None:
    path = build.jsonl(*(build.chat() for _ in range(1500)))
    async with open_dataset(path) as dataset:
        reports: list[Searched] = [report async for report in search(dataset, Query("box"))]
    assert reports[-1].rows == 1500
    assert sum(len(report.hits) for report in reports) == 1500


async def test_a_row_full_of_hits_yields_a_hundred(build: Any) -> None:
    assert len(await found(build.jsonl(build.chat(answer="a" * 5000)), Query("a"))) == 100


async def test_an_expression_that_is_wrong_is_explained(build: Any) -> None:
    with pytest.raises(DatasetError, match="cannot be searched for"):
        await found(build.jsonl({}), Query("(", is_regex=True))


async def test_an_expression_that_takes_for_ever_is_passed_over(
    build: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tintype.dataset.query.PATIENCE_S", 0.05)
    path = build.jsonl(build.chat(answer="ab" * 40 + "!"))
    query = Query(r"(?:a|b|ab|ba|aba)*(?:b|a|ab)*(?:a|ab)*[^!ab]", is_regex=True)
    async with open_dataset(path) as dataset:
        reports = [report async for report in search(dataset, query)]
    assert reports[-1].rows == 1
    assert reports[-1].passed_over == 1


def test_matches_of_nothing_are_no_hits() -> None:
    assert spans("abc", compile_query(Query("x*", is_regex=True))) == ()


@pytest.mark.parametrize(
    ("typed", "query"),
    [
        ("red", Query("red")),
        ("/re+d/", Query("re+d", is_regex=True)),
        ("~sqare", Query("sqare", is_fuzzy=True)),
        ("!red", Query("red", inverse=True)),
        ("!/re+d/", Query("re+d", is_regex=True, inverse=True)),
        ("!~sqare", Query("sqare", is_fuzzy=True, inverse=True)),
        (r"\!important", Query("!important")),
        (r"\/etc/", Query("/etc/")),
        ("!", Query("!")),
        ("//", Query("//")),
        ("~", Query("~")),
    ],
)
def test_what_is_typed_says_how_to_search(typed: str, query: Query) -> None:
    assert parse_query(typed) == query


async def test_words_that_are_nearly_the_same_are_found(build: Any) -> None:
    path = build.jsonl(*(build.chat(answer=word) for word in ("a square", "squares", "circle")))
    assert [hit.line for hit in await found(path, Query("sqare", is_fuzzy=True))] == [1, 2]
    assert [hit.line for hit in await found(path, Query("cir", is_fuzzy=True))] == [3]


async def test_an_inverse_search_finds_the_rows_without_it(build: Any) -> None:
    rows = [build.chat(answer="red"), "no json", build.chat(answer="blue"), build.chat(answer="r")]
    async with open_dataset(build.jsonl(*rows)) as dataset:
        reports = [each async for each in search(dataset, Query("red", inverse=True))]
    assert [index for report in reports for index in report.matching] == [2, 3]
    assert not [hit for report in reports for hit in report.hits]
    assert reports[-1].unread == 1


async def test_the_prompt_that_every_row_shares_is_not_searched(build: Any) -> None:
    def row(answer: str) -> dict[str, Any]:
        content = [{"type": "text", "text": "detect ace ; king"}]
        system = {"role": "system", "content": "Find the card."}
        asked = {"role": "user", "content": content}
        return {"messages": [system, asked, {"role": "assistant", "content": answer}]}

    path = build.jsonl(*(row("king" if n % 2 else "ace") for n in range(60)), "no json")
    async with open_dataset(path) as dataset:
        [_ async for _ in dataset.index()]
        shared = await shared_texts(dataset)
        assert shared == {"Find the card.", "detect ace ; king"}
        hits = [
            hit
            for each in [e async for e in search(dataset, Query("king"), shared=shared)]
            for hit in each.hits
        ]
        assert {hit.place for hit in hits} == {"messages[2].content"}
        assert len(hits) == 30
        example = await dataset.example(1)
        pattern = compile_query(Query("king"))
        assert list(found_in(example, pattern, shared)) == [(2, 0)]
        assert list(found_in(example, pattern)) == [(1, 0), (2, 0)]


async def test_with_two_rows_nothing_counts_as_shared(build: Any) -> None:
    async with open_dataset(build.jsonl(build.chat(), build.chat())) as dataset:
        assert not await shared_texts(dataset)
    async with open_dataset(build.jsonl("no json", "nor this")) as dataset:
        assert not await shared_texts(dataset)


async def test_base64_inside_a_text_is_neither_searched_nor_shown(build: Any) -> None:
    data = base64.b64encode(build.image() + bytes(range(256)) * 3).decode()
    wrapped = "\n".join(data[at : at + 76] for at in range(0, len(data), 76))
    for text in (data, f"data:image/png;base64,{data}", wrapped):
        path = build.jsonl(build.chat(answer=f"before {text} after"))
        assert await found(path, Query("iVBOR")) == []
        assert (await found(path, Query("after")))[0].excerpt.endswith("after")
        async with open_dataset(path) as dataset:
            answer = displayed(await dataset.example(0)).answer
        assert answer.startswith("before ▣ image/png ")
        assert answer.endswith(" KB inside the text after")


def test_what_only_looks_like_base64_stays_as_it_is() -> None:
    for text in ("a" * 500, "word " * 100, "/usr/share/" + "x" * 40, "<loc0012>" * 60):
        assert elided(text) == text


@pytest.mark.parametrize("period", [2, 3, 4, 5, 6, 7, 8, 9, 10])
async def test_what_every_nth_row_asks_is_not_taken_for_what_all_ask(
    tmp_path: Path, period: int
) -> None:
    path = tmp_path / "turns.jsonl"
    with path.open("w") as file:
        for number in range(SAMPLE * period):
            asked = {"role": "user", "content": f"Question {number % period}?"}
            said = [{"role": "system", "content": "Be short."}, asked]
            said.append({"role": "assistant", "content": "yes"})
            file.write(json.dumps({"messages": said}) + "\n")
    async with open_dataset(path) as dataset:
        await dataset.scan()
        assert await shared_texts(dataset) == {"Be short."}


@pytest.mark.parametrize("count", [0, 1, 23, 24, 25, 30, 240, 100_003])
def test_as_many_rows_are_scattered_as_are_asked_for_and_evenly(count: int) -> None:
    picked = scattered(count, SAMPLE)
    assert len(picked) == min(count, SAMPLE)
    assert list(picked) == sorted({at for at in picked if 0 <= at < count})
    gaps = [after - before for before, after in pairwise((0, *picked, count))]
    assert max(gaps, default=0) <= 3 * count / SAMPLE + 1
