"""Rows, questions and images that are the same, for checks and statistics alike."""

from pathlib import Path
from typing import Any

from tintype.dataset import open_dataset
from tintype.dataset.identity import RowIdentity, identify
from tintype.dataset.statistics import StatisticsTally
from tintype.dataset.survey import survey
from tintype.rules import check, rules_of


async def identities(path: Path) -> list[RowIdentity]:
    async with open_dataset(path) as dataset:
        found = [item async for batch in survey(dataset, fetch=False) for item in batch]
    return [identify(item.row, item.images) for item in found]


async def test_an_image_is_the_same_wherever_it_stands(build: Any) -> None:
    build.file("a.png", build.image())
    one, other, blue = await identities(
        build.jsonl(
            build.chat("a.png"),
            build.chat(build.data_url(build.image(), "image/jpeg")),
            build.chat(build.data_url(build.image("blue"))),
        )
    )
    assert one == other
    assert one.images != blue.images
    assert one.row != blue.row


async def test_white_space_makes_no_difference_and_words_do(build: Any) -> None:
    first, spaced, asked, answered = await identities(
        build.jsonl(
            build.chat(question="What is it?", answer="A box."),
            build.chat(question=" What  is\nit? ", answer="A box.\n"),
            build.chat(question="What was it?", answer="A box."),
            build.chat(question="What is it?", answer="A ball."),
        )
    )
    assert first == spaced
    assert first.question != asked.question
    assert (first.answer, first.question) == (asked.answer, answered.question)
    assert len({each.row for each in (first, asked, answered)}) == 3


async def test_weights_and_tools_belong_to_a_row_and_not_to_its_question(build: Any) -> None:
    weighted = build.chat()
    weighted["messages"][-1]["weight"] = 0
    plain, lighter, tooled = await identities(
        build.jsonl(build.chat(), weighted, build.chat() | {"tools": [{"type": "function"}]})
    )
    assert len({plain.row, lighter.row, tooled.row}) == 3
    assert plain.question == lighter.question == tooled.question


async def test_what_is_not_known_is_the_same_as_nothing_else(build: Any) -> None:
    broken = build.chat("data:image/png;base64,@@@@", "data:image/png;base64,@@@@")
    found = await identities(build.jsonl(broken, broken, build.chat("https://e.org/a.png"),
                                         build.chat("https://e.org/a.png")))  # fmt: skip
    assert len({image for each in found[:2] for image in each.images}) == 4
    assert found[2] == found[3]


async def test_checks_and_statistics_find_the_same(build: Any) -> None:
    path = build.jsonl(
        build.chat(answer="A box."),
        build.chat(question="What is  it?", answer="A box."),
        build.chat(answer="A ball."),
        *(build.chat(question=f"Number {n}?") for n in range(10)),
    )
    async with open_dataset(path) as dataset:
        found = [p async for batch in check(dataset, rules_of("openai")) for p in batch.problems]
        tally = StatisticsTally()
        async for batch in survey(dataset):
            tally.add(batch)
    statistics = tally.statistics()
    lines = {problem.rule: problem.line for problem in found}
    assert (lines["duplicate"], lines["contradiction"]) == (2, 3)
    assert statistics.repeated_rows == ((1, 2),)
    assert [found.lines for found in statistics.contradictions] == [(1, 3)]
