"""Tables made into chat rows."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype.dataset.formats import ImportLog, ImportOptions, ImportReport, import_dataset
from tintype.dataset.formats.csv_table import read_entries
from tintype.dataset.formats.table_columns import find_columns
from tintype.dataset.formats.table_text import likely_delimiter
from tintype.errors import DatasetError


async def imported(
    build: Any, source: Path, options: ImportOptions | None = None
) -> tuple[ImportReport, dict[str, list[tuple[str, str, str]]]]:
    """The report, and the image, question and answer of each row of each split."""
    last = None
    async for progress in import_dataset(source, build.folder / "out", "csv", options):
        last = progress
    assert last is not None
    assert last.report is not None
    rows: dict[str, list[tuple[str, str, str]]] = {}
    for split, path in last.report.files.items():
        rows[split] = []
        for line in path.read_text().splitlines():
            *_, user, assistant = json.loads(line)["messages"]
            text, image = user["content"]
            rows[split].append((image["image_url"]["url"], text["text"], assistant["content"]))
    return last.report, rows


async def test_lines_become_rows_and_folders_become_splits(build: Any) -> None:
    build.file("t/train/a.png", build.image())
    build.file("t/test/a.png", build.image("blue"))
    build.file("t/train/q.csv", "image,question,answer\na.png,What?,A box\na.png,Sure?,yes\n")
    build.file("t/test/q.csv", "image,question,answer\na.png,What?,A ball\n")
    red, blue = (build.data_url(build.image(colour)) for colour in ("red", "blue"))
    train = [(red, "What?", "A box"), (red, "Sure?", "yes")]
    report, rows = await imported(build, build.folder / "t", ImportOptions(replace=True))
    assert rows == {"train": train, "test": [(blue, "What?", "A ball")]}
    assert (report.rows, report.images, report.problems) == (3, 2, ())
    # A table that is named is taken alone.
    report, rows = await imported(
        build, build.folder / "t/train/q.csv", ImportOptions(replace=True)
    )
    assert rows == {"train": train}


async def test_tables_of_spreadsheets_are_read(build: Any) -> None:
    build.file("a.png", build.image())
    text = '\ufeffImage;Question;Label\r\na.png;"What; ""exactly""\r\nis it?";Häuschen\r\n'
    path = build.file("train.csv", text)
    _, rows = await imported(build, path)
    assert [row[1:] for row in rows["train"]] == [('What; "exactly"\r\nis it?', "Häuschen")]
    path.write_bytes(text.replace(";", "\t").encode("utf-16"))
    _, rows = await imported(build, path, ImportOptions(replace=True))
    assert rows["train"][0][2] == "Häuschen"


async def test_lines_that_cannot_be_used_are_reported(build: Any) -> None:
    build.file("a.png", build.image())
    build.file("torn.png", build.image()[:30])
    path = build.file(
        "train.csv",
        "image,question,answer\n"
        "a.png,What?,A box\n"
        "none.png,What?,A box\n"
        "a.png,What?\n"
        "a.png,,A box\n"
        'a.png,What?,"A box"x\n'
        "../secret.png,What?,A box\n"
        "torn.png,What?,A box\n"
        "\n"
        'a.png,What?,"never closed\n'
        "a.png,What?,A box\n",
    )
    report, rows = await imported(build, path)
    assert len(rows["train"]) == 1
    assert sorted((problem.line, problem.done) for problem in report.problems) == [
        (line, "left out") for line in (3, 4, 5, 6, 7, 8, 10)
    ]
    assert report.lost == 7


async def test_columns_can_be_named_and_the_question_be_the_same(build: Any) -> None:
    build.file("pics/a.png", build.image())
    path = build.file("train.csv", "id,where,what\n1,a.png,cat\n")
    options = ImportOptions(
        prompt="What is it?",
        images=build.folder / "pics",
        more={"image": "where", "answer": "WHAT"},
    )
    _, rows = await imported(build, path, options)
    assert rows["train"][0][1:] == ("What is it?", "cat")


async def test_a_column_may_name_the_split(build: Any) -> None:
    build.file("a.png", build.image())
    path = build.file(
        "all.csv", "image,question,answer,split\na.png,Q,A,val\na.png,Q,A,train\na.png,Q,A,odd\n"
    )
    report, rows = await imported(build, path)
    assert {split: len(found) for split, found in rows.items()} == {"train": 1, "valid": 1}
    assert report.problems[0].message == "'odd' is no split."


async def test_drawn_splits_keep_what_is_asked_of_an_image_together(build: Any) -> None:
    lines = []
    for number in range(20):
        build.file(f"{number}.png", build.image(size=(8, 6 + number)))
        lines += [f"{number}.png,Q{at},A\n" for at in range(3)]
    path = build.file("all.csv", "image,question,answer\n" + "".join(lines))
    report, rows = await imported(build, path, ImportOptions(valid_share=0.1, test_share=0.1))
    assert report.splits == {"train": 48, "valid": 6, "test": 6}
    seen = [{image for image, _, _ in found} for found in rows.values()]
    assert not seen[0] & seen[1]
    assert not seen[1] & seen[2]


async def test_images_on_the_network_stay_where_they_are(build: Any) -> None:
    path = build.file("train.csv", "image,question,answer\nhttps://e.org/a.png,Q,A\n")
    _, rows = await imported(build, path)
    assert rows["train"][0][0] == "https://e.org/a.png"


async def test_tables_that_cannot_be_read_are_named(build: Any) -> None:
    for text, words in (
        ("", "The table is empty"),
        (
            "a,b\n1,2\n",
            r"no column named image.*`tintype import` takes --image\..*columns are: a, b",
        ),
        ("image,answer\n", r"`tintype import` takes --question and --prompt\. The columns are: i"),
        (b"image,question,answer\na,b,\xff\n", r"is not UTF-8: see line 2"),
    ):
        with pytest.raises(DatasetError, match=words):
            await imported(build, build.file("train.csv", text))
    with pytest.raises(DatasetError, match="has no column nowhere"):
        find_columns("image,question,answer", ImportOptions(more={"image": "nowhere"}))
    (build.folder / "empty").mkdir()
    with pytest.raises(DatasetError, match="holds no table"):
        await imported(build, build.folder / "empty")
    build.file("two/a.csv", "")
    build.file("two/b.csv", "")
    with pytest.raises(DatasetError, match="holds several tables"):
        await imported(build, build.folder / "two")


@given(st.text(st.sampled_from('a,";\r\n\t\0é|'), max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    log = ImportLog(0)
    for entry in read_entries("image,question,answer\n" + text, ImportOptions(), log, "t.csv"):
        assert entry.image
        assert entry.answer


async def test_a_photograph_in_a_cell_is_read_whole(build: Any) -> None:
    data = build.image(size=(300, 300), format="BMP")
    png = build.image() + b"\0" * 200_000
    text = base64.b64encode(png).decode()
    lines = f'image,question,answer\n{text},Q,A\n"{build.data_url(data)}",Q2,B\n'
    report, rows = await imported(build, build.file("train.csv", lines))
    assert (report.rows, report.lost) == (2, 0)
    assert [row[1:] for row in rows["train"]] == [("Q", "A"), ("Q2", "B")]
    assert rows["train"][1][0].startswith("data:image/jpeg;base64,")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "\\"])
def test_the_delimiter_is_found_in_the_first_line(delimiter: str) -> None:
    assert likely_delimiter(delimiter.join(["image", "question", "answer"])) == delimiter


async def test_tables_of_excel_and_paths_of_windows_are_read(build: Any) -> None:
    build.file("img/a.png", build.image())
    path = build.file(
        "train.csv", "sep=|\r\nimage|question|answer\r\n.\\img\\a.png|Q|A\r\n|Q|A\r\n"
    )
    report, rows = await imported(build, path)
    assert [row[1:] for row in rows["train"]] == [("Q", "A")]
    assert [(problem.line, problem.message) for problem in report.problems] == [
        (4, "The image is empty.")
    ]
    tabs = ImportOptions(replace=True, more={"delimiter": "\\t"})
    path = build.file("train.csv", "image\tquestion\tanswer\nimg/a.png\tQ, with\tA\n")
    _, rows = await imported(build, path, tabs)
    assert rows["train"][0][1] == "Q, with"
    with pytest.raises(DatasetError, match="--delimiter takes one character"):
        await imported(build, path, ImportOptions(replace=True, more={"delimiter": "::"}))


async def test_captions_need_no_question_where_a_prompt_is_given(build: Any) -> None:
    build.file("a.png", build.image())
    path = build.file("train.csv", "image,text\na.png,A red box\n")
    with pytest.raises(DatasetError, match=r"There is no column named answer.*--answer"):
        await imported(build, path)
    _, rows = await imported(build, path, ImportOptions(prompt="Describe it."))
    assert rows["train"][0][1:] == ("Describe it.", "A red box")
    # Flickr30k's own table.
    table = "image_name| comment_number| comment\na.png| 0| A red box , seen .\n"
    path = build.file("results.csv", table)
    _, rows = await imported(build, path, ImportOptions(prompt="Describe it.", replace=True))
    assert rows["train"][0][1:] == ("Describe it.", "A red box , seen .")
    path = build.file("other.csv", "image,answer\na.png,A red box\n")
    with pytest.raises(DatasetError, match=r"one question for all rows: `tintype import`"):
        await imported(build, path, ImportOptions(replace=True))


async def test_json_is_not_taken_for_a_table(build: Any) -> None:
    path = build.file("train.csv", '[{"image": "a.png", "question": "Q"}]' + " " * 200_000)
    with pytest.raises(DatasetError, match="is JSON, not a table"):
        await imported(build, path)
