"""`tintype edit`: the texts of rows changed, laid over the file, which is never written."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tintype.errors import DatasetError
from tintype_tui.commands.forms import dry_run_option, form_options, put_value
from tintype_tui.commands.output import A_PATH, Progress, asynchronous, put, say
from tintype_tui.text import count
from tintype_tui.words.editing import edits_state, preview

if TYPE_CHECKING:
    from tintype.dataset import Dataset
    from tintype.dataset.edits import EditedRow
    from tintype.dataset.rewriting import Change, ChangedRow
    from tintype.store import EditTable


@click.command(name="edit")
@click.argument("path", type=A_PATH)
@click.option("--replace", nargs=2, metavar="OLD NEW", help="Find OLD in the texts, put NEW there.")
@click.option(
    "--in",
    "where",
    type=click.Choice(["everywhere", "questions", "answers", "system"]),
    default="everywhere",
    show_default=True,
    help="Where --replace looks.",
)
@click.option("--relabel", nargs=2, metavar="OLD NEW", help="Rename a class in every answer.")
@click.option("--system", metavar="TEXT", help="Set the system prompt; empty removes it.")
@click.option("--row", type=int, metavar="LINE", help="Edit one row in $EDITOR.")
@click.option("--line", "lines", type=int, multiple=True, help="Only this line; may be repeated.")
@click.option("--undo", is_flag=True, help="Take the latest step back.")
@click.option("--redo", is_flag=True, help="Do again what was taken back.")
@dry_run_option
@form_options
@asynchronous
async def command(
    path: Path,
    replace: tuple[str, str] | None,
    where: str,
    relabel: tuple[str, str] | None,
    system: str | None,
    row: int | None,
    lines: tuple[int, ...],
    undo: bool,
    redo: bool,
    dry_run: bool,
    form: str | None,
) -> None:
    r"""Edit rows of PATH without writing it: edits lie over the file, and every command sees them.

    OLD may be words, /an expression/ (then \1 in NEW is its first group) or ~nearly these words.
    Without options, the steps so far are listed. `tintype embed` or `convert` writes a copy with
    the edits in it.
    """
    from tintype.settings import load
    from tintype.store import open_store
    from tintype_tui.commands.counting import opened

    steps = (replace, relabel, system, row, undo or None, redo or None)
    wanted = sum(step is not None for step in steps)
    if wanted > 1:
        raise click.UsageError("One step at a time.")
    async with (
        open_store(load().folders.store_file) as store,
        opened(path) as dataset,
    ):
        if undo or redo:
            await _turn(store.edits, dataset, again=redo, form=form)
        elif not wanted:
            _list(dataset, form=form)
        else:
            what, found = await _changes(dataset, replace, where, relabel, system, row, lines)
            if found and not dry_run:
                await _write(store.edits, dataset, what, [each.edit for each in found])
            _print(what, found, dry_run=dry_run, form=form)


async def _changes(
    dataset: "Dataset",
    replace: tuple[str, str] | None,
    where: str,
    relabel: tuple[str, str] | None,
    system: str | None,
    row: int | None,
    lines: tuple[int, ...],
) -> "tuple[str, list[ChangedRow]]":
    from tintype.dataset import rewriting
    from tintype.dataset.query import compile_query, parse_query

    if replace is not None:
        query = parse_query(replace[0])
        if query.inverse:
            raise click.UsageError("Rows without a text have nothing to replace.")
        change: Change = rewriting.replacing(
            compile_query(query),
            replace[1],
            where,  # type: ignore[arg-type]
            groups=query.is_regex,
        )
        what = f"replace {replace[0]} with {replace[1]}"
    elif relabel is not None:
        change, what = rewriting.relabelling(*relabel), f"relabel {relabel[0]} as {relabel[1]}"
    elif row is not None:
        change, what, lines = _by_hand, f"edit line {row}", (row,)
    else:
        change = rewriting.prompting(system or "")
        what = "set the system prompt" if system else "remove the system prompt"
    chosen = {await _index(dataset, line) for line in lines} if lines else None
    progress, found = Progress(), list["ChangedRow"]()
    async for step in rewriting.changes(dataset, change, chosen):
        found += step.found
        progress(f"reading: {step.read:,} rows")
    progress.clear()
    return what, found


async def _index(dataset: "Dataset", line: int) -> int:
    index = await dataset.find_line(line)
    if dataset.line_of(index) != line:
        raise DatasetError(f"{dataset.path.name} has no row on line {line}.", path=dataset.path)
    return index


def _by_hand(value: object) -> object:
    """A row as a person edits it in an editor of their own."""
    from tintype.dataset.row_text import read_back, written
    from tintype_tui.own_editor import edited

    before = written(value)
    text, trouble = edited(before.removesuffix("\n"), "row")
    if trouble:
        raise DatasetError(trouble)
    return value if text is None else read_back(text, value)


async def _write(
    table: "EditTable", dataset: "Dataset", what: str, rows: "list[EditedRow]"
) -> None:
    from tintype import editing

    await editing.edit(table, dataset, what, rows)


async def _turn(table: "EditTable", dataset: "Dataset", *, again: bool, form: str | None) -> None:
    from tintype import editing

    turn = editing.redo if again else editing.undo
    what = await turn(table, dataset)
    if form:
        put_value({"step": what, "edited": len(dataset.edits.rows)}, form, dataset.path.name)
    elif what:
        state = edits_state(dataset.edits, dataset.path.name)
        say(f"{'Done again' if again else 'Undone'}: {what}. {state}")
    else:
        say(f"There is nothing to {'do again' if again else 'undo'}.")


def _list(dataset: "Dataset", *, form: str | None) -> None:
    edits = dataset.edits
    if form:
        steps = {"done": edits.done, "undone": edits.undone}
        found = {**steps, "edited": sorted(edits.rows), "lost": len(edits.lost)}
        put_value(found, form, dataset.path.name)
        return
    for what in edits.done:
        put(what)
    for what in reversed(edits.undone):
        put(f"(undone) {what}")
    say(edits_state(dataset.edits, dataset.path.name))


def _print(what: str, found: "list[ChangedRow]", *, dry_run: bool, form: str | None) -> None:
    if form:
        rows = [
            {"line": each.edit.line, "before": each.before, "after": each.after} for each in found
        ]
        made = {"step": what, "rows": rows, "written": bool(found) and not dry_run}
        put_value(made, form, "Edits", "rows")
        return
    for line in preview(found):
        put(line)
    rows_changed = count(len(found), "row")
    if not found:
        say("No row changes.")
    elif dry_run:
        say(f"{rows_changed} would change. Nothing was written.")
    else:
        say(f"{rows_changed} changed: {what}. The file is as it was; --undo takes it back.")
