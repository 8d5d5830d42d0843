"""Rows named by what they are."""

from typing import Any

import pytest
from tests.core.dataset.conftest import Builder

from tintype.dataset import Dataset, open_dataset
from tintype.dataset.survey import Surveyed, survey
from tintype.errors import DatasetError
from tintype.rules import rules_of
from tintype.rules.private import private_in
from tintype.selection import (
    FIELDS,
    Condition,
    QueryError,
    expanded,
    is_selection,
    known_beside,
    parse_selection,
    select,
)
from tintype.selection.charts import Bars, charts, facets, numbers
from tintype.selection.columns import FieldColumn, FieldColumns, read_columns
from tintype.selection.completing import completions
from tintype.selection.fields import OF_IMAGES, SeenRow


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
        ("boxes>14", "objects>14, which counts the boxes"),
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


@pytest.mark.parametrize(
    ("typed", "lines"),
    [
        ("class:cat", [2, 4]),
        ("class=none", [3, 5]),
        ("label=c*", []),
        ('label="BIG dog"', [2]),
        ("size:400x300", [1, 3]),
        ("size:0..99x0..30 side:30", [2, 3]),
        ("place:0..9,0..9", [2]),
        ("place:40..50,20..60", [2]),
        ("place:90..99,90..99", []),
        ("split:train", []),
        ("marked:*", [1, 4]),
        ("tag:blurred", [1]),
        ("-marked:blurred line<4", [2, 3]),
        ("boxes:json* -boxes:flawed", [4]),
        ("private:*", []),
    ],
)
async def test_further_fields_name_rows(path: Any, typed: str, lines: list[int]) -> None:
    found: list[int] = []
    marks, wanted = {0: "blurred", 3: ""}, parse_selection(typed)
    async with open_dataset(path) as dataset:
        async for step in select(dataset, wanted, rules_of("tintype"), marks=marks):
            found += [one.row.line for one in step.found]
    assert found == lines


@pytest.mark.parametrize(
    ("typed", "start", "end"),
    [("images>1 lable:cat", 9, 18), ("images>1  width<x y", 10, 17), ('a answer:"b', 2, 11)],
)
def test_an_error_says_where_it_is(typed: str, start: int, end: int) -> None:
    with pytest.raises(QueryError) as caught:
        parse_selection(typed)
    assert (caught.value.start, caught.value.end) == (start, end)
    assert str(caught.value).startswith(f"Character {start + 1}: ")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("write to ann.b+c@mail.kunde.de", ["email"]),
        ("write to ann@mail.example.org, git@github.com:a/b, icon@2x.png, a@b.test", []),
        ("on 01/02/2024 12:30 or 03-04-2024, order 0123456789, 10-20-30, +5 points", []),
        ("(030) 123 4567", ["phone"]),
        ("212-555-0142 is a number in films", []),
        ("@home, a@b, 5 @ 3.50", []),
        ("call +49 (0)30 1234567 or 555-123-4567", ["phone"]),
        ("<loc0100><loc0200> [102, 305, 512, 614] 100 200 300 2024-01-02 10:00", []),
        ("4111 1111 1111 1111", ["card"]),
        ("4111 1111 1111 1112", []),
        (f"sk-{'a1' * 12} and hf_{'x' * 34}", ["key"]),
        ("-----BEGIN RSA PRIVATE KEY-----", ["key"]),
    ],
)
def test_private_texts_are_known_by_their_shape(text: str, found: list[str]) -> None:
    assert private_in([text], ()) == found


@pytest.mark.parametrize(
    "value", ["a", "two cats", 'say "hi"', "/x/", "", "a\\b", "c*", "-1", "@x"]
)
@pytest.mark.parametrize("operator", ["=", ":", "~"])
def test_a_condition_is_read_again_as_it_is_written(value: str, operator: Any) -> None:
    if operator == "~" and value in ("", "a\\b", "c*", "/x/"):
        return  # no expression, or one in which something is written otherwise
    condition = Condition("answer", operator, value, inverse=True)
    assert parse_selection(str(condition)) == (condition,)


def test_what_was_saved_stands_for_itself() -> None:
    saved = {"big": "width>300", "few.2": "images<2"}
    assert expanded("a @big -@big @few.2", saved) == "a width>300 -@big images<2"
    assert is_selection("@big", saved)
    assert not is_selection("@bigger", saved)
    with pytest.raises(QueryError, match=r"Saved are: @big, @few.2") as caught:
        expanded("x @bigger", saved)
    assert (caught.value.start, caught.value.end) == (2, 9)


class Looked:
    """A dataset with its columns, and which rows a condition names when every row is looked at."""

    def __init__(self, dataset: Dataset, columns: FieldColumns) -> None:
        self.dataset, self.columns = dataset, columns

    async def rows(self, condition: Condition) -> list[int]:
        again = parse_selection(str(condition))
        steps = select(self.dataset, again, rules_of("tintype"), marks=MARKS)
        return [one.row.index async for step in steps for one in step.found]


MARKS = {2: ""}


@pytest.fixture
async def looked(path: Any) -> Any:
    async with open_dataset(path) as dataset:
        beside = await known_beside(dataset, rules_of("tintype"), marks=MARKS)
        found = [each async for each in read_columns(dataset, beside)][-1]
        assert (found.complete, found.total) == (True, 6)
        yield Looked(dataset, found)


async def test_every_facet_names_exactly_the_rows_that_it_counts(looked: Any) -> None:
    for name, values in facets(looked.columns).items():
        for value in values:
            rows = await looked.rows(value.condition)
            assert len(rows) == value.count or name == "size"
            if FIELDS[name].kind != "text":
                assert looked.columns.rows_with([value.condition]) == rows


async def test_every_bar_names_exactly_the_rows_that_it_counts(looked: Any) -> None:
    drawn = charts(looked.columns)
    assert set(drawn) == {"places", "objects", "sizes", "sides", "classes", "answers", "tokens"}
    for chart in drawn.values():
        for bar in chart.bars if isinstance(chart, Bars) else ():
            assert len(await looked.rows(bar.condition)) == bar.counts[0]


@pytest.mark.parametrize("name", ["places", "sizes"])
async def test_every_cell_names_exactly_the_rows_that_it_counts(looked: Any, name: str) -> None:
    plane: Any = charts(looked.columns)[name]
    grid = plane.grid(7, 5)
    assert sum(map(sum, grid.counts)) == sum(plane.counts.values())
    for y, row in enumerate(grid.counts):
        for x, times in enumerate(row):
            rows = await looked.rows(grid.condition(x, y))
            assert looked.columns.rows_with([grid.condition(x, y)]) == rows
            assert bool(rows) == bool(times)


async def test_facets_are_counted_in_the_rows_of_a_query(looked: Any) -> None:
    rows = looked.columns.rows_with(parse_selection("images:1 -origin:url"))
    assert rows == [0, 1]
    counted = {one.label: one.count for one in facets(looked.columns, rows)["format"]}
    assert counted == {"png": 2}
    assert "marked" not in facets(looked.columns, rows)
    assert [one.label for one in facets(looked.columns.with_marks({0: "odd"}))["marked"]] == ["odd"]


def test_many_numbers_are_counted_in_ranges_of_which_the_last_takes_the_tail() -> None:
    column = FieldColumn("number")
    for row in range(1000):
        column.add(row, [row % 100 if row else 5000])
    bars = numbers(FieldColumns(1000, True, {"chars": column}), "chars", "", "rows", None)
    assert bars is not None
    assert [bar.label for bar in bars.bars[:2]] == ["0–9", "10–19"]
    assert sum(bar.counts[0] for bar in bars.bars) == 1000
    assert str(bars.bars[-1].condition) == "chars>=90"


@pytest.mark.parametrize(
    ("typed", "texts"),
    [
        ("", ["text:", "question:"]),
        ("images>1 la", ["images>1 label:"]),
        ("label:", ["label=dog ", 'label="big cat" ']),
        ("-label:b", ['-label="big cat" ']),
        ('x label:"big', ['x label="big cat" ']),
        ("@b", ["@big "]),
        ("label:zzz", []),
    ],
)
def test_what_is_typed_is_completed_with_fields_and_their_values(
    typed: str, texts: list[str]
) -> None:
    column = FieldColumn("name")
    for row, label in enumerate(["dog", "dog", "big cat"]):
        column.add(row, [label])
    columns = FieldColumns(3, True, {"label": column})
    found = completions(typed, columns, {"big": "width>300", "small": "width<30"})
    assert [one.text for one in found][: len(texts) or None] == texts


async def test_a_tag_is_completed_by_what_rows_are_marked_as(looked: Any) -> None:
    columns = looked.columns.with_marks({0: "odd", 2: "blurred"})
    assert [one.text for one in completions("tag:b", columns, {})] == ["tag=blurred "]
    assert "tag:" in [one.shown for one in completions("ta", columns, {})]


async def test_what_is_read_from_the_row_alone_needs_no_images(path: Any) -> None:
    async with open_dataset(path) as dataset:
        beside = await known_beside(dataset, rules_of("openai"))
        rows = [one async for batch in survey(dataset, fetch=False) for one in batch]
    assert any(one.images for one in rows)
    for name in FIELDS.keys() - OF_IMAGES:
        for one in rows:
            alone = SeenRow(Surveyed(one.row, ()), beside)
            assert FIELDS[name].read(alone) == FIELDS[name].read(SeenRow(one, beside)), name


async def test_images_are_looked_at_only_where_everything_else_holds(path: Any) -> None:
    conditions = parse_selection("answer=none images=2")
    async with open_dataset(path) as dataset:
        steps = [step async for step in select(dataset, conditions, rules_of("openai"))]
    assert steps[-1].rows == 6
    (found,) = [one for step in steps for one in step.found]
    assert [image.upright_size for image in found.images] == [(400, 300), (20, 30)]
