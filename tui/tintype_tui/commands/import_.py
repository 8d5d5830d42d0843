"""`tintype import`: other formats into chat rows."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tintype_tui.commands.output import Progress, as_json, asynchronous, put, put_json, say
from tintype_tui.text import count

if TYPE_CHECKING:
    from tintype.dataset.formats import ImportProgress


@click.group(name="import")
def command() -> None:
    """Turn datasets of other formats into chat rows: train.jsonl, valid.jsonl, test.jsonl."""


def _shared(function: Any) -> Any:
    for option in (
        as_json,
        click.option("--replace", is_flag=True, help="Overwrite what is there."),
        click.option(
            "--seed", type=int, default=0, help="How splits are drawn where there are none."
        ),
        click.option("--system", default="", help="A system prompt for every row."),
        click.option(
            "--link", is_flag=True, help="Refer to image files instead of embedding them."
        ),
        click.argument("target", type=click.Path(path_type=Path, file_okay=False)),
    ):
        function = option(function)
    return function


@command.command()
@click.argument("source", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--order",
    type=click.Choice(["reading", "label", "file"]),
    default="reading",
    show_default=True,
    help="The order of the boxes in an answer.",
)
@_shared
@asynchronous
async def voc(source: Path, target: Path, link: bool, as_json: bool, **options: Any) -> None:
    """Pascal VOC: boxes become <loc> answers to `detect a ; b ; c`.

    SOURCE holds Annotations and JPEGImages, and ImageSets where there are splits.
    """
    from tintype.dataset.formats.voc import VocOptions, import_voc

    chosen = VocOptions(keep="link" if link else "embed", **options)
    await _run(import_voc(source, target, chosen), as_json)


@command.command()
@click.argument("source", type=click.Path(path_type=Path, exists=True))
@click.option("--image", default="", help="The column of the images' names.")
@click.option("--question", default="", help="The column of the questions.")
@click.option("--answer", default="", help="The column of the answers.")
@click.option("--prompt", default="", help="What to ask of every image, without such a column.")
@click.option("--delimiter", default="", help="What stands between columns; found out otherwise.")
@click.option("--images", type=click.Path(path_type=Path), help="The images' folder.")
@_shared
@asynchronous
async def csv(source: Path, target: Path, link: bool, as_json: bool, **options: Any) -> None:
    """A table with an image, a question and an answer on each line.

    SOURCE is a table, or a folder with one for each split.
    """
    from tintype.dataset.formats.csv_table import CsvOptions, import_csv

    chosen = CsvOptions(keep="link" if link else "embed", **options)
    await _run(import_csv(source, target, chosen), as_json)


async def _run(importing: AsyncGenerator["ImportProgress", None], as_json: bool) -> None:
    progress = Progress(quiet=as_json)
    report = None
    async for step in importing:
        progress(f"importing: {step.done}/{step.total}")
        report = step.report
    progress.clear()
    assert report is not None  # the last step has it
    if as_json:
        put_json(report, indent=2)
        return
    for problem in report.problems:
        where = f"{problem.file}:{problem.line}" if problem.line else problem.file
        say(f"{where}: {problem.message} {problem.done.capitalize()}.")
    say(
        f"{count(report.images, 'image')}, {count(report.rows, 'row')}, "
        f"{count(len(report.problems), 'problem')}."
    )
    for path in report.files.values():
        put(str(path))
