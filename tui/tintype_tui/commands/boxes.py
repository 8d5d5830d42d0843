"""`tintype boxes`: which convention a dataset's boxes are in, and a copy in another."""

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
from tintype_tui.text import count

if TYPE_CHECKING:
    from tintype.dataset import Dataset
    from tintype.detection import Convention, Verdict


@click.command(name="boxes")
@click.argument("source", type=A_PATH)
@click.option("--to", metavar="NAME", help="Write a copy in this convention.")
@click.option("--from", "as_", metavar="NAME", help="Read the boxes so, whatever they seem to be.")
@click.option("-o", "--out", type=A_PATH, help="Where the copy goes.")
@replace_option
@dry_run_option
@click.option(
    "--list",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=lambda *asked: _list() if asked[-1] else None,
    help="List the conventions, and leave.",
)
@form_options
@asynchronous
async def command(
    source: Path,
    to: str | None,
    as_: str | None,
    out: Path | None,
    replace: bool,
    dry_run: bool,
    form: str | None,
) -> None:
    """Say which convention the boxes of SOURCE are in; with --to, write a copy in another.

    Models write boxes in different ways, and the same four numbers may be pixels or thousandths, x
    first or y first. The convention is found out from all answers together, and the evidence is
    shown. SOURCE is never changed. The exit code is 1 if there are no boxes or rows are left as
    they are.
    """
    from tintype.dataset.box_sets import judge_boxes
    from tintype_tui.commands.counting import opened

    target = _convention(to) if to else None
    given = _convention(as_) if as_ else None
    if target is not None and out is None:
        raise click.UsageError("Say where the copy goes: -o OUT.jsonl.")
    async with opened(source) as dataset:
        await dataset.scan()
        verdict = await judge_boxes(dataset)
        if verdict is None and (unread := await _unread(dataset)):
            say(f"{count(unread, 'line')} that are no JSON could not be read.")
        if target is not None and out is not None:
            reading = given or _certain(verdict)
            if reading is None:
                leave(1)
            else:
                await _convert(dataset, out, reading, target, replace, dry_run, form)
        else:
            _show(verdict, form, source.name)


async def _unread(dataset: "Dataset") -> int:
    """How many of the first lines are no JSON: whether they have boxes is not known."""
    lines = await dataset.lines(0, 1000, 8_000_000)
    return sum(bool(line.row.flaw) for line in lines)


def _convention(name: str) -> "Convention":
    from tintype.detection import CONVENTIONS

    if name not in CONVENTIONS:
        raise click.UsageError(
            f"There is no convention named {name!r}. Use one of {', '.join(CONVENTIONS)}."
        )
    return CONVENTIONS[name]


def _list() -> None:
    from tintype.detection import CONVENTIONS

    for one in CONVENTIONS.values():
        put(f"{one.name:20} {one.title}")
    leave(0)


def _certain(verdict: "Verdict | None") -> "Convention | None":
    """What to read the boxes as; none where there are none, or where it must be said."""
    if verdict is None:
        say("No row has boxes. Nothing was written.")
    elif verdict.certainty in ("unclear", "mixed"):
        _say(verdict)
        say("It is not clear what the boxes are in. Say it with --from NAME. Nothing was written.")
    else:
        return verdict.convention
    return None


def _show(verdict: "Verdict | None", form: str | None, name: str) -> None:
    if form:
        put_value(_value(verdict), form, name)
    elif verdict is None:
        say("No row has boxes.")
    else:
        put(f"{verdict.convention.name or 'no known family'}: {verdict.convention.title}")
        _say(verdict)
    if verdict is None:
        leave(1)


def _say(verdict: "Verdict") -> None:
    say(f"{verdict.certainty}, by {count(verdict.rows, 'row')}.")
    for sentence in verdict.evidence:
        say(f"  {sentence}")


def _value(verdict: "Verdict | None") -> object:
    if verdict is None:
        return {"convention": None, "boxes": 0}
    return {
        "convention": verdict.convention.name or None,
        "notation": verdict.convention.notation.name,
        "frame": verdict.convention.frame.name,
        "certainty": verdict.certainty,
        "evidence": verdict.evidence,
        "also_possible": [one.name for one in verdict.others],
        "boxes": verdict.boxes,
        "rows": verdict.rows,
        "other_rows": verdict.other_rows,
    }


async def _convert(
    dataset: "Dataset",
    out: Path,
    reading: "Convention",
    target: "Convention",
    replace: bool,
    dry_run: bool,
    form: str | None,
) -> None:
    from tintype.dataset.box_sets import Converted, convert_boxes

    progress, done = Progress(quiet=form is not None), Converted()
    steps = convert_boxes(dataset, out, reading, target, overwrite=replace, dry_run=dry_run)
    async for done in steps:
        progress(f"{'reading' if dry_run else 'writing'}: {count(done.rows, 'row')}")
        for note in done.notes:
            progress.clear()
            say(f"{dataset.path}:{note.line}: {note.message}")
    progress.clear()
    if form:
        found = {"rows": done.rows, "changed": done.changed, "left": done.left, "file": str(out)}
        names = {"from": reading.name or reading.title, "to": target.name}
        put_value(found | names | {"written": not dry_run}, form, out.name)
    else:
        verb = "would be written" if dry_run else "written"
        said = f"{count(done.rows, 'row')} {verb}, {done.changed:,} converted"
        say(f"{said}, {done.left:,} left as they are.")
        if not dry_run:
            put(str(out))
    if done.left or not done.changed:
        leave(1)
