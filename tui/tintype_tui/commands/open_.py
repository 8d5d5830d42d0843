"""`tintype open`: what a path is, its first rows as they would become, and what would be lost."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tintype_tui.commands.forms import form_options, put_value
from tintype_tui.commands.output import A_PATH, asynchronous, put, say
from tintype_tui.text import count

if TYPE_CHECKING:
    from tintype.dataset.formats.previewing import Preview


@click.command(name="open")
@click.argument("sources", type=A_PATH, nargs=-1, required=True, metavar="PATH…")
@click.option("--format", default="", help="Read it in this format instead of the likeliest.")
@click.option("--rows", type=click.IntRange(0, 100), default=3, show_default=True,
              help="How many rows are shown.")  # fmt: skip
@form_options
@asynchronous
async def command(sources: tuple[Path, ...], format: str, rows: int, form: str | None) -> None:
    """Say what each PATH is, whatever it is: a file, a folder, or an archive. Nothing is written.

    Its first rows are shown as they would become, with what would be left out, changed or guessed.
    What is not understood is refused (exit code 2) with what was looked for. Several are imported
    together by `tintype import PATH… DIR`.
    """
    found = [await _seen(path, format, rows) for path in sources]
    if form:
        put_value(found[0] if len(found) == 1 else found, form, "What it is")
        return
    for path, seen in zip(sources, found, strict=True):
        _print(path, seen)


async def _seen(path: Path, format: str, rows: int) -> "Preview | dict[str, Any]":
    """What a path would become; of a file of chat rows, how many there are."""
    from tintype.dataset.formats.previewing import preview
    from tintype.dataset.formats.rows import count_chat_rows

    chat = None if format else await asyncio.to_thread(count_chat_rows, path)
    if chat is not None:
        await _refuse_misread(path)
        return {"format": "chat", "what": "a file of chat rows", "rows": chat}
    return await asyncio.to_thread(preview, path, format, None, rows=rows)


async def _refuse_misread(path: Path) -> None:
    """Refuse a file of chat rows that does not have one on each line of UTF-8.

    Raises:
        DatasetError: saying what it is instead.
    """
    from tintype.dataset import open_dataset
    from tintype.errors import DatasetError
    from tintype.rules.checking import whole_problem

    async with open_dataset(path) as dataset:
        wrong = await whole_problem(dataset)
    if wrong is not None:
        raise DatasetError(f"{path.name}: {wrong.message}", advice=wrong.fix, path=path)


def _print(path: Path, seen: "Preview | dict[str, Any]") -> None:
    from tintype_tui.words.previews import preview_lines

    if isinstance(seen, dict):
        put(f"{path.name}: a file of chat rows, {count(seen['rows'], 'row')}.")
        say(f"Open it with `tintype {path}`, or check it with `tintype check {path}`.")
        return
    put(f"{path.name or path}: {seen.what}")
    for line in preview_lines(seen):
        put(line)
    for name in (seen.format, *seen.others):
        say(f"Import it with `tintype import {name} {path} DIR`.")
