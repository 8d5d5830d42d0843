"""`tintype stats` and `tintype diff`: what a dataset is made of, and how two versions differ."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tintype_tui.commands.forms import form_options, put_tables
from tintype_tui.commands.output import (
    A_PATH,
    Progress,
    asynchronous,
    leave,
    profile_option,
    put,
    say,
)
from tintype_tui.text import within
from tintype_tui.words.tables import as_html, as_markdown, as_text

if TYPE_CHECKING:
    from tintype.assessment import Assessment
    from tintype.dataset import Dataset
    from tintype.dataset.statistics import Statistics
    from tintype.rules import ProviderRules
    from tintype.selection.charts import Chart

IMAGES_SHOWN = 12
"""Images of a page, taken at equal distances."""
SIDE = 256
"""Their longest side, in pixels."""


@click.command(name="stats")
@click.argument("path", type=A_PATH)
@profile_option
@click.option("-o", "--out", type=A_PATH, help="Write a report: .html (with images) or .md.")
@click.option("--replace", is_flag=True, help="Overwrite the report.")
@click.option("--fetch", is_flag=True, help="Look at images on the web too.")
@form_options
@asynchronous
async def command(
    path: Path, profile: str | None, out: Path | None, replace: bool, fetch: bool, form: str | None
) -> None:
    """Say what the dataset at PATH is made of: rows, images, labels, answers, sizes, problems.

    With the other splits beside it, images that leak into them are found. -o writes all of it as
    one file, charts and images included.
    """
    from tintype import rules
    from tintype.dataset.splits import siblings, split_of
    from tintype_tui.commands.counting import opened
    from tintype_tui.commands.session import chosen
    from tintype_tui.words.dataset_report import report_tables

    if out is not None and out.suffix.lower() not in (".html", ".md"):
        raise click.UsageError("A report is written as .html or .md.")
    judged_by = rules.rules_of(chosen(profile)[1].provider)
    async with opened(path):
        own = await _assessed(path, judged_by, fetch, form)
    others: dict[str, Statistics] = {}
    for other in siblings(path).named().values():
        found = await _assessed(other, judged_by, fetch, form) if other != path else None
        if found is not None and found.statistics is not None:
            others[split_of(other) or other.name] = found.statistics
    tables = report_tables(own, others)
    if out is None:
        if form is None:
            put(as_text(tables))
        else:
            put_tables(tables, form, path.name, own.statistics)
        return
    from tintype.paths import write_whole
    from tintype.selection.charts import Plane
    from tintype_tui.words.dataset_charts import bar_tables, plane_svg, plane_text

    heading = f"{path.name}, by the rules of {within(judged_by.title)}"
    charts = await _charts(path, judged_by, others)
    planes = [chart for chart in charts if isinstance(chart, Plane)]
    tables += bar_tables(charts)
    if out.suffix.lower() == ".md":
        text = as_markdown(tables, heading)
        text += "".join(
            f"## {plane.title}\n\n```\n{plane_text(plane)}\n```\n\n" for plane in planes
        )
    else:
        drawings = [(plane.title, plane_svg(plane)) for plane in planes]
        text = as_html(tables, heading, await _images(path), drawings)
    write_whole(out, text.encode("utf-8", "replace"), replace=replace)
    put(str(out))


async def _assessed(path: Path, judged_by: Any, fetch: bool, form: str | None) -> "Assessment":
    from tintype.assessment import assess
    from tintype.dataset import open_dataset

    progress, found = Progress(quiet=form is not None), None
    async with open_dataset(path) as dataset:
        async for found in assess(dataset, judged_by, fetch=fetch):
            progress(f"reading {path.name}: {found.share:.0%}")
    progress.clear()
    assert found is not None  # the first comes before anything is read
    return found


async def _charts(
    path: Path, judged_by: "ProviderRules", others: "Mapping[str, Statistics]"
) -> "list[Chart]":
    """The charts that the app's overview has."""
    from tintype.dataset import open_dataset
    from tintype.selection import known_beside
    from tintype.selection.charts import charts, split_classes
    from tintype.selection.columns import read_columns

    async with open_dataset(path) as dataset:
        beside = await known_beside(dataset, judged_by)
        columns = [read async for read in read_columns(dataset, beside)][-1]
    classes = {name: split_classes(each.facets) for name, each in others.items()}
    return list(charts(columns, None, classes).values())


async def _images(path: Path) -> list[tuple[str, str]]:
    """Some images with their answers, as small data URLs."""
    from tintype.dataset import open_dataset

    found: list[tuple[str, str]] = []
    async with open_dataset(path) as dataset:
        async for _ in dataset.index():
            pass
        count = dataset.count
        for index in sorted({at * count // IMAGES_SHOWN for at in range(IMAGES_SHOWN)}):
            found += await _image(dataset, index) if index < count else []
    return found


async def _image(dataset: "Dataset", index: int) -> list[tuple[str, str]]:
    from tintype.errors import DatasetError
    from tintype.images import data_url, decode, encode_jpeg

    example = await dataset.example(index)
    if not example.images:
        return []
    try:
        small = decode(await dataset.image(index, 0), box=(SIDE, SIDE))
    except DatasetError:
        return []
    return [(f"{example.line}: {example.answer[:80]}", data_url(encode_jpeg(small, 80)))]


@click.command(name="diff")
@click.argument("before", type=A_PATH)
@click.argument("after", type=A_PATH)
@form_options
@asynchronous
async def diff(before: Path, after: Path, form: str | None) -> None:
    """Say which rows and images of BEFORE are gone in AFTER, were added, or changed.

    Rows are the same by what they hold, wherever they stand. The exit code is 1 if any differ.
    """
    from tintype.dataset import open_dataset
    from tintype.dataset.comparing import VersionDifference, compare_versions
    from tintype_tui.words.dataset_report import difference_lines, difference_tables

    progress, found = Progress(quiet=form is not None), VersionDifference()
    async with open_dataset(before) as one, open_dataset(after) as two:
        async for found in compare_versions(one, two):
            progress(f"comparing: {found.read:,} rows")
    progress.clear()
    lines = difference_lines(found)
    tables = [lines] if form in ("csv", "jsonl") else [*difference_tables(found), lines]
    tables = [table for table in tables if table.rows]
    if form is None:
        put(as_text(tables))
    else:
        put_tables(tables, form, f"{before} → {after}", found)
    if found.is_none:
        say("No rows differ.")
    else:
        leave(1)
