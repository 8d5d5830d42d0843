"""How commands speak: data on standard output, words on standard error."""

import asyncio
import dataclasses
import functools
import json
import os
import select
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click

from tintype_tui.text import one_line, visible

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

LOOK_S = 0.25
"""How often a command that follows something looks whether anybody still reads it."""


class NobodyReads(Exception):
    """The reader of standard output has gone; the exit code is 141, as of a broken pipe."""


def say(words: str = "") -> None:
    """A sentence for a person, on standard error."""
    click.echo(visible(words), err=True)


def put(text: str) -> None:
    """A line of data for a person to read, on standard output."""
    click.echo(visible(text))


def put_row(text: str) -> None:
    """A row of a list, on standard output: what it names cannot make it look like two."""
    click.echo(one_line(text))


def put_json(value: Any, *, indent: int | None = None) -> None:
    """A JSON value on standard output; everything outside ASCII is escaped."""
    click.echo(json.dumps(plain(value), indent=indent, ensure_ascii=True, allow_nan=False))


def plain(value: Any) -> Any:
    """Turn values into what JSON knows: objects, ISO 8601 times, numbers for money."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)
        }
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(inner) for inner in value]
    return _plain_leaf(value)


def _plain_leaf(value: Any) -> Any:
    if isinstance(value, datetime) and value.timestamp() <= 0:
        return None  # a moment that nobody has said
    if isinstance(value, date):  # moments are dates, too
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    return value


class Progress:
    """One line that is written over again on a terminal, and nothing at all elsewhere."""

    def __init__(self, *, quiet: bool = False) -> None:
        dumb = os.environ.get("TERM") == "dumb"
        self._shown = sys.stderr.isatty() and not quiet and not dumb
        self._width = 0

    def __call__(self, words: str) -> None:
        """Show where things stand."""
        if self._shown:
            text = visible(words)
            sys.stderr.write(f"\r{text}{' ' * (self._width - len(text))}")
            sys.stderr.flush()
            self._width = len(text)

    def say(self, words: str) -> None:
        """Leave a sentence, on a terminal only."""
        if self._shown:
            self.clear()
            say(words)

    def say_unseen(self, words: str) -> None:
        """Leave a sentence where there is no line that shows it."""
        if not self._shown:
            say(words)

    def clear(self) -> None:
        """Wipe the line."""
        if self._shown and self._width:
            sys.stderr.write(f"\r{' ' * self._width}\r")
            sys.stderr.flush()
            self._width = 0


def asynchronous(function: Callable[P, Coroutine[Any, Any, R]]) -> Callable[P, R]:
    """Run an `async def` command; Ctrl+C cancels it, and what it holds is let go."""

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        return asyncio.run(function(*args, **kwargs))

    return run


def looking(function: Callable[P, Coroutine[Any, Any, R]]) -> Callable[P, R]:
    """Run a command that only looks: it ends, too, when nobody reads what it would print."""

    @functools.wraps(function)
    async def read(*args: P.args, **kwargs: P.kwargs) -> R:
        return await while_read(function(*args, **kwargs))

    return asynchronous(read)


async def while_read(work: Coroutine[Any, Any, R]) -> R:
    """Do what may take long and print little, for as long as anybody reads standard output.

    A terminal that goes away sends a signal; a pipe, or an `ssh` without a terminal, says nothing
    until something is written.

    Raises:
        NobodyReads: if the reader has gone; the work has been cancelled then.
    """
    doing = asyncio.ensure_future(work)
    unread = 0
    try:
        while not (await asyncio.wait({doing}, timeout=LOOK_S))[0]:
            unread = unread + 1 if _is_unread() else 0
            if unread == 2:  # looks; a terminal's signal, which says more, is here by then
                raise NobodyReads
        return doing.result()
    finally:
        if doing.cancel():
            await asyncio.wait({doing})


def _is_unread() -> bool:
    """Whether standard output is a pipe, socket or terminal whose other end has been closed."""
    try:
        poll = select.poll()
        poll.register(sys.stdout.fileno(), 0)  # what is asked for anyway is hang-up and error
        found = poll.poll(0)
    except (OSError, ValueError):  # no descriptor: a test's, or none at all
        return False
    return any(event & (select.POLLHUP | select.POLLERR) for _, event in found)


def leave(code: int) -> None:
    """End the command with an exit code."""
    click.get_current_context().exit(code)


class PathName(click.Path):
    """The path of a file or folder; an empty one is a mistake, and not the current folder."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Make a path of what was typed."""
        return super().convert(_named(self, value, param, ctx), param, ctx)


class Name(click.types.StringParamType):
    """A name or an id; an empty one is a mistake."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Take what was typed."""
        return _named(self, value, param, ctx)


def _named(
    kind: click.Path | Name, value: Any, param: click.Parameter | None, ctx: click.Context | None
) -> Any:
    if isinstance(value, str) and not value.strip():
        kind.fail("it is empty.", param, ctx)
    return value


A_PATH = PathName(path_type=Path)
A_FOLDER = PathName(path_type=Path, file_okay=False)
A_NAME = Name()

limit_option = click.option(
    "--limit", type=click.IntRange(1, 100_000), default=1_000, show_default=True,
    help="List so many at most, the newest.",
)  # fmt: skip


async def first_of(batches: AsyncIterator[Sequence[T]], limit: int) -> tuple[list[T], str, int]:
    """The first items of a list that may have no end, why there may be more, and an exit code.

    Raises:
        ApiError: if there is not one item, and the list broke off.
    """
    from tintype.errors import ApiError

    found: list[T] = []
    try:
        async for batch in batches:
            found.extend(batch)
            if len(found) > limit:
                words = f"Only the newest {limit:,} are listed; --limit lists more."
                return found[:limit], words, 0
    except ApiError as error:
        if not found:
            raise
        return found, f"Only {len(found):,} could be listed. {error}", 2
    return found, "", 0


as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
"""The option every command has."""

profile_option = click.option(
    "--profile", "-p", metavar="NAME", help="The provider to use (see `tintype config`)."
)
