"""`tintype convert`: a dataset in another format, whatever it is in."""

import asyncio
import dataclasses
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tintype.errors import DatasetError
from tintype_tui.commands.forms import (
    dry_run_option,
    form_options,
    put_value,
    replace_option,
)
from tintype_tui.commands.output import (
    A_PATH,
    Progress,
    asynchronous,
    leave,
    profile_option,
    put,
    say,
)
from tintype_tui.text import count, within
from tintype_tui.text import size as size_words

if TYPE_CHECKING:
    from tintype.dataset.formats import ImportReport

MOST_SAID = 20
"""Rows of which it is said why they are lost."""


@click.command(name="convert")
@click.argument("source", type=A_PATH)
@click.argument("target", type=A_PATH)
@click.option("--to", required=True, metavar="FORMAT", help="jsonl, or a format (see below).")
@click.option(
    "--urls",
    default="",
    metavar="ADDRESS",
    help="With jsonl: images as files in the folder `images`, referred to below this address.",
)
@click.option("--alone", is_flag=True, help="Only this file, not the splits beside it.")
@click.option("--shard", type=click.IntRange(1), metavar="MB", help="Begin a new .jsonl after MB.")
@profile_option
@replace_option
@dry_run_option
@form_options
@asynchronous
async def command(
    source: Path,
    target: Path,
    to: str,
    urls: str,
    alone: bool,
    shard: int | None,
    profile: str | None,
    replace: bool,
    dry_run: bool,
    form: str | None,
) -> None:
    r"""Write SOURCE, a .jsonl of chat rows or any dataset that `import` reads, in another format.

    \b
    jsonl      chat rows as the provider takes them (-p): images inside, in files of the size
               that it takes, rows with too many images split; TARGET is a file
    coco, yolo, voc                        boxes
    llava, sharegpt, swift, trl, paligemma conversations
    csv                                    questions about one image each
    parquet                                conversations, as Hugging Face has them

    All but jsonl write a folder with every split. What a format cannot hold is said, and the exit
    code is 1 if rows are lost. Edits are written; SOURCE is never changed.
    """
    from tintype_tui.commands.counting import opened

    with _chat_rows(source) as (scratch, file):
        if scratch is None:
            async with opened(file):
                pass
        if scratch is not None:
            file = await _imported(source, scratch, form is not None)
        if to == "jsonl":
            await _jsonl(file, target, profile, urls, shard, replace, dry_run, form)
            return
        from tintype.dataset.formats import export_dataset

        progress, report = Progress(quiet=form is not None), None
        steps = export_dataset(file, target, to, alone=alone, replace=replace, dry_run=dry_run)
        async with aclosing(steps):
            async for step in steps:
                progress(f"writing {to}: {step.done}/{step.total} rows")
                report = step.report
        progress.clear()
    assert report is not None  # the last step has it
    _print(report, target, dry_run=dry_run, form=form)


@contextmanager
def _chat_rows(source: Path) -> Iterator[tuple[Path | None, Path]]:
    """A folder to import into first, none if the source is a file of chat rows already."""
    from tintype import paths
    from tintype.dataset.formats import detected

    jsonl = source.suffix.lower() == ".jsonl"
    known = detected(source)
    if not known and (jsonl or paths.is_file(source)):
        yield None, source
    else:
        with paths.scratch_folder() as folder:
            yield folder, source


async def _imported(source: Path, folder: Path, quiet: bool) -> Path:
    """The training file, or the only one, of a dataset imported into a folder."""
    from tintype.dataset.formats import ImportOptions, import_dataset

    progress, report = Progress(quiet=quiet), None
    options = ImportOptions(keep="link", keep_empty=True, valid_share=0, test_share=0)
    async for step in import_dataset(source, folder, "", options):
        progress(f"reading {source.name}: {step.done}/{step.total}")
        report = step.report
    progress.clear()
    if report is None or not report.files:
        raise DatasetError(f"{source} holds no row that could be converted.", path=source)
    for problem in report.problems[:MOST_SAID]:
        say(f"{problem.file}:{problem.line}: {problem.message} {problem.done}.")
    for notice in report.notices:
        say(f"{notice.count:,} {notice.words}")
    return next(iter(report.files.values()))


async def _jsonl(
    source: Path,
    target: Path,
    profile: str | None,
    urls: str,
    shard: int | None,
    replace: bool,
    dry_run: bool,
    form: str | None,
) -> None:
    from tintype import rules
    from tintype.dataset import open_dataset
    from tintype.dataset.copied_rows import ExportNote
    from tintype.dataset.embed import Exported, export
    from tintype.dataset.writing import require_room
    from tintype_tui.commands.session import chosen

    judged_by = rules.rules_of(chosen(profile)[1].provider)
    treatment = dataclasses.replace(
        rules.fixing(judged_by), most_images=judged_by.max_images, url_base=urls
    )
    size = shard * 1_000_000 if shard else judged_by.max_file_bytes
    progress, done, notes = Progress(quiet=form is not None), Exported(), list[ExportNote]()
    async with open_dataset(source) as dataset:
        if not dry_run:
            await asyncio.to_thread(require_room, target, dataset.size_bytes)
        steps = export(
            dataset, target, treatment, shard_bytes=size, replace=replace, dry_run=dry_run
        )
        async for done in steps:
            progress(f"{'reading' if dry_run else 'writing'}: {done.rows:,} rows")
            notes += done.notes
    progress.clear()
    if form:
        said = {"rows": done.rows, "files": done.files, "notes": notes}
        said |= {"bytes": done.bytes_written, "written": not dry_run}
        put_value(said, form, source.name, "files")
    else:
        for note in notes[:MOST_SAID]:
            say(f"{source}:{note.line}: {note.place} {note.message}")
        verb = "would be written" if dry_run else "written"
        said_size = size_words(done.bytes_written)
        say(f"{count(done.rows, 'row')} {verb} for {within(judged_by.title)}, {said_size}.")
        for path in done.files:
            put(str(path))
    if done.undone or not done.rows:
        leave(1)


def _print(report: "ImportReport", target: Path, *, dry_run: bool, form: str | None) -> None:
    if form:
        said = {"rows": report.rows, "lost": report.lost, "problems": report.problems}
        written = bool(report.rows) and not dry_run
        said |= {"notices": report.notices, "written": written}
        put_value(said, form, target.name, "problems")
    else:
        for problem in report.problems[:MOST_SAID]:
            say(f"{problem.file}:{problem.line}: {problem.message} {problem.done}.")
        if len(report.problems) > MOST_SAID:
            say(f"… and {len(report.problems) - MOST_SAID:,} more.")
        for notice in report.notices:
            say(f"{notice.count:,} {notice.words}")
        rows = count(report.rows, "row")
        lost = f", {report.lost:,} lost" if report.lost else ""
        say(f"{rows} {'would be ' if dry_run else ''}written{lost}.")
        if report.rows and not dry_run:
            put(str(target))
    if report.lost or not report.rows:
        leave(1)
