"""`tintype clean`: what is kept on this machine, how large and old, and removing what may go."""

import asyncio
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from tintype_tui.commands.agreeing import answered_by_somebody
from tintype_tui.commands.output import as_json, asynchronous, leave, plain, put_json, put_row, say
from tintype_tui.text import age, count, one_line, pad, size

if TYPE_CHECKING:
    from tintype.cleaning import StoredItem
    from tintype.settings import Settings


@click.command(name="clean")
@click.argument("what", nargs=-1, metavar="[KIND | KIND/NAME]…")
@click.option("--delete", is_flag=True, help="Remove what is named, after a question.")
@click.option("--due", is_flag=True, help="Only what clean_after_days in the settings says.")
@click.option("--confirm", metavar="NAME", help="The name, of what cannot be made again.")
@click.option("--yes", is_flag=True, help="Do not ask about what can be made again.")
@as_json
@asynchronous
async def command(
    what: tuple[str, ...], delete: bool, due: bool, confirm: str | None, yes: bool, as_json: bool
) -> None:
    """List what Tintype keeps on this machine, and remove what may go.

    Without --delete nothing is removed. What can be made again (checks, cache, leftovers, logs)
    goes after a question; evaluations, samples and the like one at a time, by the whole name typed;
    the store, settings, models and archives never. What a running process uses stays. Exit codes:
    0 done, 1 something could not be removed, 2 could not run.
    """
    from tintype import cleaning
    from tintype.settings import load

    settings = load()
    items = await _survey(settings)
    if due:
        items = cleaning.due(items, settings.clean_after_days, datetime.now(UTC))
    chosen = [one for one in items if not what or _is_named(one, what)]
    if delete:
        if not (what or due):
            raise click.UsageError("Name what to remove; `tintype clean` lists what there is.")
        freed, failed = await _remove(settings, chosen, confirm, yes=yes)
        if as_json:
            put_json({"freed_bytes": freed})
        if failed:
            leave(1)
        return
    if as_json:
        put_json({"items": [_report(one) for one in chosen]}, indent=2)
    elif what or due:
        _list(chosen)
    else:
        _summarize(chosen)


async def _survey(settings: "Settings") -> "tuple[StoredItem, ...]":
    from tintype.cleaning import survey
    from tintype.store import open_store

    async with open_store(settings.folders.store_file) as store:
        archives = store.archives.read()
    return await asyncio.to_thread(survey, settings.folders, archives)


def _is_named(item: "StoredItem", what: Sequence[str]) -> bool:
    return item.kind in what or f"{item.kind}/{item.name}" in what


def _report(item: "StoredItem") -> dict[str, Any]:
    from tintype.cleaning import KINDS

    return {**plain(item), "name": item.name, "mode": KINDS[item.kind].mode}


def _summarize(items: "Sequence[StoredItem]") -> None:
    from tintype.cleaning import KINDS

    modes = {"free": "can be made again", "typed": "by name", "kept": "stays"}
    for name, kind in KINDS.items():
        found = [one for one in items if one.kind == name]
        if not found:
            continue
        total, times = sum(one.size_bytes for one in found), [one.changed_at for one in found]
        oldest = min((at for at in times if at is not None), default=None)
        put_row(
            f"{pad(name, 12)} {size(total):>8}  {len(found):>5}  "
            f"{pad(age(oldest) if oldest else '', 17)} {pad(modes[kind.mode], 18)} {kind.title}"
        )
    free = [one for one in items if KINDS[one.kind].mode == "free" and not one.held]
    say(f"{size(sum(one.size_bytes for one in items))} in all; nothing was removed.")
    if free:
        names = " ".join(dict.fromkeys(one.kind for one in free))
        room = size(sum(one.size_bytes for one in free))
        say(f"`tintype clean {names} --delete` removes {room} that can be made again.")


def _list(items: "Sequence[StoredItem]") -> None:
    from tintype.cleaning import KINDS

    for one in items:
        name = pad(one_line(f"{one.kind}/{one.name}"), 44)
        changed = pad(age(one.changed_at) if one.changed_at else "", 17)
        put_row(f"{name} {size(one.size_bytes):>8}  {changed} {one.held}".rstrip())
    if not items:
        say("There is nothing of that.")
        return
    stay = [KINDS[one.kind] for one in items if KINDS[one.kind].mode == "kept"]
    how = "; nothing was removed: add --delete."
    if len(stay) == len(items):
        how = f". {stay[0].loss}"
    say(f"{count(len(items), 'item')}, {size(sum(one.size_bytes for one in items))}{how}")


async def _remove(
    settings: "Settings", items: "Sequence[StoredItem]", confirm: str | None, *, yes: bool
) -> tuple[int, bool]:
    """Remove what is chosen; what cannot be made again only alone, by its name.

    Gives the bytes that are free then, and whether something could not be removed.
    """
    from tintype.cleaning import remove
    from tintype.errors import TintypeError

    if not items:
        say("There is nothing of that.")
        return 0, False
    typed = _agreed(items, confirm, yes=yes)
    freed, failed = 0, False
    for one in items:
        try:
            freed += await asyncio.to_thread(remove, one, settings.folders, typed=typed)
        except TintypeError as error:
            if len(items) == 1:
                raise
            failed = True
            say(str(error))
    if freed or not failed:
        say(f"Removed; {size(freed)} are free.")
    return freed, failed


def _agreed(items: "Sequence[StoredItem]", confirm: str | None, *, yes: bool) -> str:
    """Ask whether they are to be removed; gives what was typed, if it had to be."""
    from tintype.cleaning import KINDS

    apart = [one for one in items if KINDS[one.kind].mode == "typed"]
    if apart and len(items) > 1:
        example = f"{apart[0].kind}/{apart[0].name}"
        raise click.UsageError(f"Of {apart[0].kind}, name one at a time: {example}")
    if apart and confirm is not None:
        return confirm
    if apart:
        if not sys.stdin.isatty():
            raise click.UsageError(f"Add --confirm {apart[0].name} to remove it unasked.")
        say(KINDS[apart[0].kind].loss)
        text: str = click.prompt(
            f"Type {apart[0].name} to remove it", default="", show_default=False, err=True
        )
        return text
    going = [one for one in items if KINDS[one.kind].mode == "free" and not one.held]
    if going and not yes:
        total = size(sum(one.size_bytes for one in going))
        with answered_by_somebody():
            question = f"Remove {count(len(going), 'item')}, {total}?"
            click.confirm(question, abort=True, err=True)
    return ""
