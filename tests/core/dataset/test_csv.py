"""Tables made into chat rows."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype.dataset.formats import ImportReport
from tintype.dataset.formats.csv_table import CsvOptions, find_columns, import_csv, read_entries
from tintype.dataset.formats.report import ImportLog
from tintype.errors import DatasetError


async def imported(
    build: Any, source: Path, options: CsvOptions | None = None
) -> tuple[ImportReport, dict[str, list[tuple[str, str, str]]]]:
    """The report, and the image, question and answer of each row of each split."""
    last = None
    async for progress in import_csv(source, build.folder / "out", options):
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
    for source in ("t", "t/train/q.csv"):
        report, rows = await imported(build, build.folder / source, CsvOptions(replace=True))
        red, blue = (build.data_url(build.image(colour)) for colour in ("red", "blue"))
        assert rows == {
            "train": [(red, "What?", "A box"), (red, "Sure?", "yes")],
            "test": [(blue, "What?", "A ball")],
        }
        assert (report.rows, report.images, report.problems) == (3, 2, ())


async def test_tables_of_spreadsheets_are_read(build: Any) -> None:
    build.file("a.png", build.image())
    text = '\ufeffImage;Question;Label\r\na.png;"What; ""exactly""\r\nis it?";Häuschen\r\n'
    path = build.file("train.csv", text)
    _, rows = await imported(build, path)
    assert [row[1:] for row in rows["train"]] == [('What; "exactly"\r\nis it?', "Häuschen")]
    path.write_bytes(text.replace(";", "\t").encode("utf-16"))
    _, rows = await imported(build, path, CsvOptions(replace=True))
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
    assert [(problem.line, problem.done) for problem in report.problems] == [
        (4, "left out"),
        (5, "left out"),
        (6, "left out"),
        (10, "left out"),
        (3, "left out"),
        (7, "left out"),
        (8, "left out"),
    ]


async def test_columns_can_be_named_and_the_question_be_the_same(build: Any) -> None:
    build.file("pics/a.png", build.image())
    path = build.file("train.csv", "id,where,what\n1,a.png,cat\n")
    options = CsvOptions(
        image="where", answer="WHAT", prompt="What is it?", images=build.folder / "pics"
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
    report, rows = await imported(build, path)
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
        ("a,b\n1,2\n", r"No column is named like an image.*The columns are: a, b"),
        (b"image,question,answer\na,b,\xff\n", r"is not UTF-8: see line 2"),
    ):
        with pytest.raises(DatasetError, match=words):
            await imported(build, build.file("train.csv", text))
    with pytest.raises(DatasetError, match="has no column nowhere"):
        find_columns("image,question,answer", CsvOptions(image="nowhere"))
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
    for entry in read_entries("image,question,answer\n" + text, CsvOptions(), log, "t.csv"):
        assert entry.image
        assert entry.answer
