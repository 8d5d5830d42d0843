"""`tintype dedupe`: images that occur more than once, and a copy without what is repeated."""

from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tintype_tui.commands.forms import dry_run_option, form_options, put_value, replace_option
from tintype_tui.commands.output import (
    A_PATH,
    Progress,
    asynchronous,
    leave,
    put,
    say,
)
from tintype_tui.text import count, visible

if TYPE_CHECKING:
    from tintype.dataset import Dataset
    from tintype.dataset.near import ImageGroup, Repeats

MOST_LISTED = 100
MOST_PLACES = 8


@click.command(name="dedupe")
@click.argument("source", type=A_PATH)
@click.argument("others", type=A_PATH, nargs=-1)
@click.option("-o", "--out", type=A_PATH, help="Write a copy of SOURCE without these rows.")
@replace_option
@dry_run_option
@form_options
@asynchronous
async def command(
    source: Path,
    others: tuple[Path, ...],
    out: Path | None,
    replace: bool,
    dry_run: bool,
    form: str | None,
) -> None:
    """Find images that occur more than once: the same bytes, or the same image in other bytes.

    An image that is in SOURCE and in one of OTHERS leaks: a model is tested on what it has learnt.
    With -o, a copy of SOURCE is written without rows that leak, and without rows that say the same
    of the same or a like image as an earlier row. The files are never changed. The exit code is 1
    if anything leaks, is repeated, or cannot be read.
    """
    from tintype.dataset.near import Repeats, find_repeats
    from tintype_tui.commands.counting import opened as opened_rows

    progress, found = Progress(quiet=form is not None), Repeats()
    async with AsyncExitStack() as held:
        opened = [await held.enter_async_context(opened_rows(path)) for path in (source, *others)]
        async for found in find_repeats(opened):
            progress(f"looking at images: {found.images:,}, {found.distinct:,} distinct")
        progress.clear()
        dropped = sorted({*found.leaking(source), *found.repeated.get(source, ())})
        if out is not None:
            await _write(opened[0], out, dropped, replace, dry_run)
    kept = opened[0].count - len(dropped)
    written = out if kept and not dry_run else None
    if form:
        put_value(_value(found, source, dropped, written), form, source.name, "groups")
    else:
        _say(found, source, dropped)
        if written is not None:
            put(str(written))
        elif out is not None:
            say(f"{count(kept, 'row')} would be written to {visible(str(out))}. Nothing was.")
    if found.unread or found.repeated or any(group.is_leak for group in found.groups):
        leave(1)


async def _write(
    dataset: "Dataset", out: Path, dropped: list[int], replace: bool, dry_run: bool
) -> None:
    from tintype.dataset.embed import export

    async for _ in export(dataset, out, drop=dropped, replace=replace, dry_run=dry_run):
        pass


def _say(found: "Repeats", source: Path, dropped: list[int]) -> None:
    for group in found.groups[:MOST_LISTED]:
        put(_line(group))
    if (more := len(found.groups) - MOST_LISTED) > 0:
        say(f"… and {count(more, 'more image')}.")
    leaks = sum(group.is_leak for group in found.groups)
    seen = f"{count(found.images, 'image')} on {count(found.rows, 'row')}"
    say(f"{seen}: {found.distinct:,} with different bytes.")
    say(f"More than once, or alike: {len(found.groups):,}; in more than one file: {leaks:,}.")
    if found.unknown:
        words = count(found.unknown, "image")
        say(f"{words} could not be looked at (on the network, missing or damaged).")
    if found.unread:
        say(f"{count(found.unread, 'line')} that are no JSON could not be looked at.")
    say(f"{visible(str(source))}: {count(len(dropped), 'row')} repeated or leaking.")


def _line(group: "ImageGroup") -> str:
    kind = "leak" if group.is_leak else "same" if group.same else "like"
    places = [f"{place.path.name}:{place.line}" for place in group.places[:MOST_PLACES]]
    more = len(group.places) - MOST_PLACES
    return visible(f"{kind}  {' '.join(places)}{f' and {more:,} more' if more > 0 else ''}")


def _value(found: "Repeats", source: Path, dropped: list[int], out: Path | None) -> object:
    return {
        "rows": found.rows,
        "unread": found.unread,
        "images": found.images,
        "distinct": found.distinct,
        "unknown": found.unknown,
        "groups": [
            {
                "same_bytes": group.same,
                "leak": group.is_leak,
                "places": [
                    {"file": str(place.path), "line": place.line, "image": place.ordinal}
                    for place in group.places
                ],
            }
            for group in found.groups
        ],
        "leaking": found.leaking(source),
        "repeated": found.repeated.get(source, ()),
        "dropped": dropped,
        "written": str(out) if out else None,
    }
