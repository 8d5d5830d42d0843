"""`tintype files`: what lies at the provider."""

from pathlib import Path

import click

from tintype_tui.commands.agreeing import answered_by_somebody
from tintype_tui.commands.output import (
    A_NAME,
    A_PATH,
    as_json,
    asynchronous,
    first_of,
    leave,
    limit_option,
    looking,
    profile_option,
    put,
    put_json,
    put_row,
    say,
)
from tintype_tui.text import age, pad, size


@click.group(name="files", invoke_without_command=True)
@profile_option
@limit_option
@as_json
@click.pass_context
def command(context: click.Context, profile: str | None, limit: int, as_json: bool) -> None:
    """List the provider's files; or fetch or delete one."""
    context.obj = profile
    if context.invoked_subcommand is None:
        _list(profile, limit, as_json)


@looking
async def _list(profile: str | None, limit: int, as_json: bool) -> None:
    from tintype.api import pages
    from tintype_tui.commands.session import at_work, chosen

    settings, provider = chosen(profile)
    async with at_work(settings, provider) as (api, _):
        found, short, code = await first_of(pages(lambda after: api.files(after=after)), limit)
    if as_json:
        put_json(found, indent=2)
    for file in found if not as_json else ():
        put_row(
            f"{file.id}  {pad(file.purpose, 18)} {_size(file.size_bytes):>8}  "
            f"{pad(age(file.created_at), 18)} {file.filename}"
        )
    if not found and not as_json:
        say("There are no files.")
    if short:
        say(short)
        leave(code)


def _size(size_bytes: int | None) -> str:
    return "size ?" if size_bytes is None else size(size_bytes)


@command.command(name="get")
@click.argument("file_id", type=A_NAME)
@click.argument("target", type=A_PATH)
@click.pass_obj
@asynchronous
async def get(profile: str | None, file_id: str, target: Path) -> None:
    """Fetch a file's content into TARGET, which must not exist."""
    from tintype.paths import write_whole
    from tintype_tui.commands.session import at_work, chosen

    settings, provider = chosen(profile)
    async with at_work(settings, provider) as (api, _):
        content = await api.file_content(file_id)
    put(str(write_whole(target, content)))


@command.command(name="delete")
@click.argument("file_id", type=A_NAME)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
@asynchronous
async def delete(profile: str | None, file_id: str, yes: bool) -> None:
    """Delete a file at the provider, for good."""
    from tintype_tui.commands.session import at_work, chosen

    settings, provider = chosen(profile)
    if not yes:
        with answered_by_somebody():
            click.confirm(f"Delete {file_id} at {provider.title}?", abort=True, err=True)
    async with at_work(settings, provider) as (api, _):
        await api.delete_file(file_id)
    say(f"Deleted {file_id}.")
