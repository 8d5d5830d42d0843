"""`tintype open`: what a path is, its first rows as they would become, and what would be lost."""

import asyncio
from pathlib import Path

import click

from tintype_tui.commands.output import A_PATH, as_json, asynchronous, put, put_json, say
from tintype_tui.text import count


@click.command(name="open")
@click.argument("path", type=A_PATH)
@click.option("--format", default="", help="Read it in this format instead of the likeliest.")
@click.option("--rows", type=click.IntRange(0, 100), default=3, show_default=True,
              help="How many rows are shown.")  # fmt: skip
@as_json
@asynchronous
async def command(path: Path, format: str, rows: int, as_json: bool) -> None:
    """Say what PATH is, whatever it is: a file, a folder, or an archive. Nothing is written.

    Its first rows are shown as they would become, with what would be left out, changed or guessed.
    What is not understood is refused (exit code 2) with what was looked for.
    """
    from tintype.dataset.formats.rows import count_chat_rows

    chat = None if format else await asyncio.to_thread(count_chat_rows, path)
    if chat is not None:
        if as_json:
            put_json({"format": "chat", "what": "a file of chat rows", "rows": chat})
        else:
            put(f"{path.name}: a file of chat rows, {count(chat, 'row')}.")
            say(f"Open it with `tintype {path}`, or check it with `tintype check {path}`.")
        return
    from tintype.dataset.formats.previewing import preview
    from tintype_tui.words.previews import preview_lines

    found = await asyncio.to_thread(preview, path, format, None, rows=rows)
    if as_json:
        put_json(found, indent=2)
        return
    put(f"{path.name or path}: {found.what}")
    for line in preview_lines(found):
        put(line)
    for name in (found.format, *found.others):
        say(f"Import it with `tintype import {name} {path} DIR`.")
