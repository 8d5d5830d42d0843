"""Text found in rows."""

from pathlib import Path
from typing import Any

import pytest

from tintype.dataset import open_dataset
from tintype.dataset.query import Hit, Query, Searched, compile_query, search, spans
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
