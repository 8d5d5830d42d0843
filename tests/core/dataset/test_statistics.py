"""What a dataset is made of."""

from array import array
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tintype.dataset import open_dataset
from tintype.dataset.facets import facets
from tintype.dataset.findings import findings, quantities
from tintype.dataset.repetitions import Contradiction
from tintype.dataset.spread import spread
from tintype.dataset.statistics import Statistics, StatisticsTally
from tintype.dataset.survey import survey

BOXES = "<loc0001><loc0002><loc0100><loc0200> cat ; <loc0300><loc0002><loc0400><loc0200> cat"


async def counted(path: Path) -> Statistics:
    tally = StatisticsTally()
    async with open_dataset(path) as dataset:
        async for batch in survey(dataset):
            tally.add(batch)
    return tally.statistics()


async def test_rows_are_counted_by_what_can_be_picked(build: Any) -> None:
    red, blue = (build.data_url(build.image(colour)) for colour in ("red", "blue"))
    found = await counted(
        build.jsonl(
            build.chat(red, blue, answer=BOXES, system="Look."),
            build.chat(red, answer="Yes"),
            build.chat("none.png", answer="Yes"),
            build.chat(answer="x" * 100),
            "no json",
        )
    )
    assert (found.rows, found.flawed, found.images, found.distinct_images) == (5, 1, 4, 2)
    assert found.facets["images"] == {"1": 2, "2": 1, "0": 1}
    assert found.facets["turns"] == {"2": 3, "3": 1}
    assert found.facets["role"] == {"user": 4, "assistant": 4, "system": 1}
    assert found.facets["system prompt"] == {"Look.": 1}
    assert found.facets["answer"] == {"Yes": 2, "longer": 1}
    assert (found.facets["label"], found.facets["objects"]) == ({"cat": 1}, {"2": 1})
    assert found.facets["origin"] == {"data": 2, "file": 1}
    assert found.facets["flaw"] == {"no such file": 1}
    assert found.facets["size"] == {"8×6": 2}
    assert found.boxes == {"cat": 2}
    assert found.image_sizes == {(8, 6): 3}
    assert (found.answer_chars.high, found.answer_chars.count) == (100, 4)
    assert found.longest_answers[0] == (4, 100)


async def test_a_quantity_has_a_shape_that_one_outlier_does_not_flatten(build: Any) -> None:
    answers = ["x" * length for length in (1, 1, 2, 3, *([4] * 15), 4000)]
    found = await counted(build.jsonl(*(build.chat(answer=answer) for answer in answers)))
    assert found.answer_chars.shape == (2, 1, 1, 16)
    assert found.answer_chars.p95 == 4


@given(st.lists(st.integers(0, 10**6), min_size=1))
def test_every_value_is_in_the_shape_once(values: list[int]) -> None:
    found = spread(array("Q", values))
    assert sum(found.shape) == found.count == len(values)
    assert 1 <= len(found.shape) <= 24
    assert found.low <= found.median <= found.p95 <= found.high


def test_facets_come_in_one_order_whichever_was_counted_first() -> None:
    tally = StatisticsTally()
    tally.add_facets([("size", "1×1"), ("answer", "a"), ("images", "1")])
    assert list(tally.statistics().facets) == ["images", "answer", "size"]


async def test_what_is_counted_can_be_found_again(build: Any) -> None:
    path = build.jsonl(build.chat(answer="Yes"), build.chat(answer="No"), "no json")
    async with open_dataset(path) as dataset:
        rows = [item async for batch in survey(dataset) for item in batch]
    assert [item.row.line for item in rows if ("answer", "No") in facets(item)] == [2]
    assert facets(rows[2]) == (("row", "no JSON"),)


async def test_images_and_rows_that_occur_twice_are_found(build: Any) -> None:
    data = build.image()
    build.file("a.png", data)
    url, other = build.data_url(data), build.data_url(build.image("blue"))
    found = await counted(
        build.jsonl(
            build.chat(url, answer="Yes"),
            build.chat(other, answer="Yes"),
            build.chat("a.png", answer="Yes "),
            build.chat(url, question="Else?", answer="Yes"),
        )
    )
    assert list(found.repeated_images.values()) == [(1, 3, 4)]
    assert found.repeated_rows == ((1, 3),)
    assert found.contradictions == ()


async def test_contradictions_are_found(build: Any) -> None:
    url = build.data_url(build.image())
    found = await counted(
        build.jsonl(
            build.chat(url, answer="Yes"),
            build.chat(url, answer="Yes"),
            build.chat(url, answer="No"),
            build.chat(url, question="Else?", answer="No"),
        )
    )
    assert found.contradictions == (Contradiction((1, 3), ("Yes", "No")),)


async def test_leaks_are_found_by_image_not_by_row(build: Any) -> None:
    shared, own = (build.data_url(build.image(colour)) for colour in ("red", "blue"))
    train = await counted(build.jsonl(build.chat(own), build.chat(shared), name="train.jsonl"))
    test = await counted(build.jsonl(build.chat(shared, question="Other?"), name="test.jsonl"))
    (found, *_) = findings(train, {"test": test})
    assert (found.name, found.lines, found.note) == ("images also in test", (2,), "1 image")


async def test_empty_answers_are_listed(build: Any) -> None:
    found = await counted(build.jsonl(build.chat(answer=" "), build.chat(), {"messages": []}))
    assert found.empty_answers == (1, 3)


def test_nothing_has_statistics_too() -> None:
    assert StatisticsTally().statistics() == Statistics()
    assert Statistics().answer_chars.mean == 0


async def test_findings_name_the_lines_they_are_about(build: Any) -> None:
    shared, own = (build.data_url(build.image(colour)) for colour in ("red", "blue"))
    train = await counted(build.jsonl(build.chat(shared), name="train.jsonl"))
    test = await counted(
        build.jsonl(
            build.chat(shared, answer="Yes"),
            build.chat(own, answer="Yes"),
            build.chat(own, answer="Yes"),
            build.chat(shared, answer="No"),
            name="test.jsonl",
        )
    )
    found = {finding.name: finding.lines for finding in findings(test, {"train": train})}
    assert found == {
        "images also in train": (1, 4),
        "contradicting answers": (1, 4),
        "duplicate rows": (2, 3),
        "images on several rows": (1, 2, 3, 4),
        "longest answers": (1, 2, 3, 4),
    }
    assert quantities(test)["image, width in % of height"].median == 133
    assert findings(Statistics(), {"train": train}) == ()


@given(st.lists(st.lists(st.sampled_from(["others", *"abcdefg"])), max_size=6))
def test_parts_that_are_merged_tell_as_many_values_apart_as_the_whole(
    parts: list[list[str]],
) -> None:
    merged, whole = (StatisticsTally(most_values=3) for _ in range(2))
    for part in parts:
        tally = StatisticsTally(most_values=10**9)
        for each in (tally, whole):
            each.add_facets([("answer", value) for value in part])
        merged.merge(tally)
    assert merged.statistics().facets == whole.statistics().facets
