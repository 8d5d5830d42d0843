"""`tintype embed`: a fixed copy of a dataset that carries its images."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tintype_tui.commands.forms import dry_run_option, form_options, put_value, replace_option
from tintype_tui.commands.output import (
    A_PATH,
    Progress,
    asynchronous,
    leave,
    profile_option,
    put,
    say,
)
from tintype_tui.text import count, size

if TYPE_CHECKING:
    from tintype.dataset import Dataset
    from tintype.dataset.embed import Exported


@click.command(name="embed")
@click.argument("source", type=A_PATH)
@click.argument("target", type=A_PATH)
@profile_option
@click.option(
    "--longest-side", type=click.IntRange(min=16), help="Shrink larger images to this many pixels."
)
@click.option(
    "--quality",
    type=click.IntRange(1, 95),
    default=90,
    show_default=True,
    help="JPEG quality of re-encoded images.",
)
@click.option("--fetch", is_flag=True, help="Embed images from the web too.")
@click.option("--drop", multiple=True, type=int, metavar="LINE", help="Leave out this line.")
@replace_option
@dry_run_option
@form_options
@asynchronous
async def command(
    source: Path,
    target: Path,
    profile: str | None,
    longest_side: int | None,
    quality: int,
    fetch: bool,
    drop: tuple[int, ...],
    replace: bool,
    dry_run: bool,
    form: str | None,
) -> None:
    """Write a fixed copy of SOURCE that providers accept, with every image embedded.

    Images in files become data URLs, with --fetch those on the web too; formats and modes that
    providers refuse are converted; rows in other formats (LLaVA, ShareGPT, <image> with a list of
    images) become chat rows; GPS tags are removed. SOURCE is never changed. The exit code is 1 if
    something could not be fixed.
    """
    from tintype import rules
    from tintype.dataset import open_dataset
    from tintype.dataset.embed import Exported, export
    from tintype_tui.commands.session import chosen

    judged_by = rules.rules_of(chosen(profile)[1].provider)
    treatment = rules.fixing(judged_by, fetch=fetch or None, max_side=longest_side, quality=quality)
    progress, done = Progress(quiet=form is not None), Exported()
    async with open_dataset(source) as dataset:
        if why := await _unreadable(dataset):
            say(f"{source}: {why} Nothing was written.")
            leave(1)
        steps = export(dataset, target, treatment, drop=drop, replace=replace, dry_run=dry_run)
        async for done in steps:
            progress(f"copying: {done.rows} rows, {size(done.bytes_written)}")
            for note in done.notes:
                progress.clear()
                say(f"{source}:{note.line}: {note.place} {note.message}")
    progress.clear()
    if form:
        put_value(done, form, target.name)
    else:
        _say(done, "would be written" if dry_run else "written")
        for path in done.files:
            put(str(path))
    if done.undone or not done.rows:
        if not form:
            say(_undone(done))
        leave(1)


def _say(done: "Exported", verb: str) -> None:
    say(
        f"{count(done.rows, 'row')} {verb}, {done.dropped:,} left out, "
        f"{count(done.images, 'image')} embedded or changed, {size(done.bytes_written)}."
    )
    if done.on_the_web:
        stay = "image stays" if done.on_the_web == 1 else "images stay"
        say(f"{done.on_the_web:,} {stay} on the web; --fetch embeds them too.")


async def _unreadable(dataset: "Dataset") -> str:
    """Why a file has no rows at all, in one sentence and not one for each line; empty if it has."""
    from tintype.rules import whole_problem

    problem = await whole_problem(dataset)
    return f"{problem.message} {problem.fix}".replace("FILE", str(dataset.path)) if problem else ""


def _undone(done: "Exported") -> str:
    if not done.rows:
        return "Nothing was written: no row of the file can be read."
    return f"{count(done.undone, 'thing')} could not be fixed; see above."
