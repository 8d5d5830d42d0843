"""`tintype query`: rows named by what they are, listed or copied."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tintype_tui.commands.output import (
    A_PATH,
    Progress,
    as_json,
    asynchronous,
    leave,
    profile_option,
    put,
    put_json,
    say,
)
from tintype_tui.text import clip, count, one_line, visible

if TYPE_CHECKING:
    from tintype.dataset import Dataset
    from tintype.dataset.survey import Surveyed
    from tintype.selection import Selected

WIDTH = 60
_NEGATED = re.compile(r"^-(?=[a-z]+(?:[:=<>~]|!=))")


class _Query(click.Command):
    """Takes `-answer:none` for a condition, not for options."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse; a minus before a condition is written as the sign of that name."""
        return super().parse_args(ctx, [_NEGATED.sub("\u2212", arg) for arg in args])


@click.command(name="query", cls=_Query)
@click.argument("path", type=A_PATH)
@click.argument("conditions", nargs=-1)
@profile_option
@click.option("--model", default="", help="The base model whose tokens are counted.")
@click.option("--fetch", is_flag=True, help="Look at images on the web too.")
@click.option("-o", "--out", type=A_PATH, help="Write the rows to a new file.")
@click.option("--replace", is_flag=True, help="Overwrite the file.")
@click.option("--limit", type=click.IntRange(min=1), help="List no more than so many rows.")
@as_json
@asynchronous
async def command(
    path: Path,
    conditions: tuple[str, ...],
    profile: str | None,
    model: str,
    fetch: bool,
    out: Path | None,
    replace: bool,
    limit: int | None,
    as_json: bool,
) -> None:
    r"""List the rows of PATH for which all CONDITIONS hold, or write them to a file.

    \b
    label:cat  label:cat|dog  label:c*    names, with alternatives and *
    images>1  width<300  tokens:500..900  numbers: = != < <= > >= and ranges
    answer:"two cats"  answer=yes         texts: contains, is
    question~/how many/                   texts by an expression
    problem:*  problem:skip               what the provider's rules say
    -answer:none                          the other way round

    Fields: text question answer system label role origin detail format mode flaw problem line
    images turns objects chars tokens bytes width height frames. Exit code 1: no row is so.
    """
    from tintype.dataset import open_dataset
    from tintype.rules import rules_of
    from tintype.selection import parse_selection, select
    from tintype_tui.commands.session import chosen

    wanted = parse_selection(" ".join(conditions))
    judged_by = rules_of(chosen(profile)[1].provider)
    shown = _Listing(path, 0 if out and not as_json else limit, quiet=as_json)
    async with open_dataset(path) as dataset:
        async for done in select(dataset, wanted, judged_by, model=model, fetch=fetch):
            shown.add(done)
        shown.progress.clear()
        if out is not None and shown.lines:
            await _write(dataset, out, frozenset(shown.lines), replace)
    if as_json:
        put_json({"rows": shown.rows, "found": len(shown.lines), "listed": shown.listed}, indent=2)
    else:
        say(f"{len(shown.lines):,} of {count(shown.rows, 'row')}.")
        if out is not None and shown.lines:
            put(str(out))
    if not shown.lines:
        leave(1)


class _Listing:
    """What was found: lines as they come, or rows kept for JSON."""

    def __init__(self, path: Path, limit: int | None, *, quiet: bool) -> None:
        self.rows = 0
        self.lines: list[int] = []
        self.listed: list[dict[str, object]] = []
        self.progress = Progress(quiet=quiet)
        self._path, self._limit, self._quiet = path, limit, quiet

    def add(self, done: "Selected") -> None:
        """Take in a batch."""
        self.rows = done.rows
        self.progress(f"looking at rows: {self.rows:,}, {len(self.lines):,} found")
        for one in done.found:
            self.lines.append(one.row.line)
            if self._limit is not None and len(self.lines) > self._limit:
                continue
            if self._quiet:
                self.listed.append(_said(one))
            else:
                self.progress.clear()
                put(_line(self._path, one))


async def _write(dataset: "Dataset", out: Path, lines: frozenset[int], replace: bool) -> None:
    from tintype.dataset.embed import distribute

    def where(line: int, _index: int) -> tuple[Path, ...]:
        return (out,) if line in lines else ()

    async for _ in distribute(dataset, where, targets=(out,), replace=replace):
        pass


def _line(path: Path, one: "Surveyed") -> str:
    """`FILE:LINE  question → answer`, which `tintype show` takes."""
    asked, answered = _texts(one)
    return visible(f"{path}:{one.row.line}  {clip(asked, WIDTH)} → {clip(answered, WIDTH)}")


def _said(one: "Surveyed") -> dict[str, object]:
    asked, answered = _texts(one)
    sizes = [image.upright_size for image in one.images]
    return {"line": one.row.line, "question": asked, "answer": answered, "images": sizes}


def _texts(one: "Surveyed") -> tuple[str, str]:
    """The last question and the answer, each on one line."""
    from tintype.dataset import example

    shown = example(one.row)
    asked = [message.text for message in shown.prompt if message.role == "user" and message.text]
    return one_line(asked[-1]) if asked else "", one_line(shown.answer)
