"""`tintype embed`: a mended copy of a dataset that carries its images."""

from pathlib import Path

import click

from tintype_tui.commands.output import (
    Progress,
    as_json,
    asynchronous,
    profile_option,
    put,
    put_json,
    say,
)
from tintype_tui.text import count, size


@click.command(name="embed")
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("target", type=click.Path(path_type=Path))
@profile_option
@click.option("--longest-side", type=click.IntRange(min=16), help="Shrink larger images, pixels.")
@click.option(
    "--quality",
    type=click.IntRange(1, 95),
    default=90,
    show_default=True,
    help="JPEG quality of images that must be encoded anew.",
)
@click.option("--fetch", is_flag=True, help="Embed images from the web too.")
@click.option("--drop", multiple=True, type=int, metavar="LINE", help="Leave a line out.")
@click.option("--replace", is_flag=True, help="Overwrite TARGET.")
@as_json
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
    as_json: bool,
) -> None:
    """Write a copy of SOURCE with every image inside it, mended for providers.

    Images in files become data URLs; what providers refuse (other formats and modes) is
    converted. SOURCE is never changed.
    """
    from tintype import rules
    from tintype.dataset import open_dataset
    from tintype.dataset.embed import Exported, export
    from tintype_tui.commands.session import chosen

    judged_by = rules.rules_of(chosen(profile)[1].provider)
    wanted = rules.mending(judged_by, fetch=fetch or None, max_side=longest_side, quality=quality)
    progress, done = Progress(quiet=as_json), Exported()
    async with open_dataset(source) as dataset:
        async for done in export(dataset, target, wanted, drop=drop, replace=replace):
            progress(f"writing: {done.rows} rows, {size(done.bytes_written)}")
            for note in done.notes:
                progress.clear()
                say(f"{source}:{note.line}: {note.place} {note.message}")
    progress.clear()
    if as_json:
        put_json(done, indent=2)
        return
    say(
        f"{count(done.rows, 'row')}, {done.dropped} left out, {count(done.images, 'image')} "
        f"embedded or encoded anew, {size(done.bytes_written)}."
    )
    for path in done.files:
        put(str(path))
