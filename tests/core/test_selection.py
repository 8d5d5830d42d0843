"""Rows named by what they are."""

from typing import Any

import pytest
from tests.core.dataset.conftest import Builder

from tintype.dataset import open_dataset
from tintype.errors import DatasetError
from tintype.rules import rules_of
from tintype.selection import is_selection, parse_selection, select


@pytest.fixture
def path(tmp_path: Any) -> Any:
    build = Builder(tmp_path)
    large, grey = build.image(size=(400, 300)), build.image(mode="L", size=(20, 30))
    cat = "<loc0001><loc0002><loc0100><loc0200> cat ; <loc0300><loc0400><loc0500><loc0600> big dog"
    return build.jsonl(
        build.chat(build.data_url(large), question="How many cats?", answer="Two"),
        build.chat(build.data_url(grey), question="detect cat ; big dog", answer=cat),
        build.chat(build.data_url(large), build.data_url(grey), answer="none", system="Be brief."),
        build.chat(answer='[{"bbox_2d": [1, 2, 3, 4], "label": "Cat"}]'),
        build.chat("https://example.invalid/x.png", answer="none"),
        "no JSON",
    )


@pytest.mark.parametrize(
    ("typed", "lines"),
    [
        ("", [1, 2, 3, 4, 5, 6]),
        ("cats", [1]),
        ('"how many"', [1]),
        ("question:cat", [1, 2]),
        ("answer=none", [3, 5]),
        ("-answer=none images>=1", [1, 2]),
        ("label:cat", [2, 4]),
        ("label:c*|x", [2, 4]),
        ('label:"big dog"', [2]),
        ("-label:* images:1", [1, 5]),
        ("objects:1..2", [2, 4]),
        ("objects>1", [2]),
        ("images=2", [3]),
        ("width<300", [2, 3]),
        ("height:300", [1, 3]),
        ("mode:L format:png", [2, 3]),
        ("origin:url", [5]),
        ("system:brief", [3]),
        ("role:system", [3]),
        ("question~/^how/", [1]),
        ("/how many/", [1]),
        ("line:2..3", [2, 3]),
        ("problem:error", [6]),
        ("flaw:*JSON*", [6]),
        ("tokens>1_000_000", []),
        ("chars:3 turns:2", [1]),
    ],
)
async def test_conditions_name_rows(path: Any, typed: str, lines: list[int]) -> None:
    found: list[int] = []
    async with open_dataset(path) as dataset:
        async for step in select(dataset, parse_selection(typed), rules_of("tintype")):
            found += [one.row.line for one in step.found]
    assert found == lines


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("lable:cat", "Is it label?"),
        ("zzz:1", "Fields are text"),
        ("images>many", "'many' is none"),
        ("label>3", "is no number"),
        ("answer~/(/", "cannot be searched for"),
        ('answer:"cut off', "between quotes"),
        ("images~2", "cannot be searched"),
    ],
)
def test_what_cannot_be_meant_is_said(typed: str, said: str) -> None:
    with pytest.raises(DatasetError) as caught:
        parse_selection(typed)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("typed", "is_one"),
    [("label:cat", True), ("lable:cat", True),
     ("a dog -images>1", True), ("what: this", False), ("10:30", False),
     ("two cats", False), ("/label/", False)],
)  # fmt: skip
def test_words_are_not_taken_for_conditions(typed: str, is_one: bool) -> None:
    assert is_selection(typed) == is_one
