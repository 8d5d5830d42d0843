"""`tintype query`: rows named by what they are, listed or copied."""

import asyncio
import re
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tintype_tui.commands.forms import dry_run_option, form_options, put_value, replace_option
from tintype_tui.commands.output import (
    A_NAME,
    A_PATH,
    Progress,
    asynchronous,
    leave,
    profile_option,
    put,
    say,
)
from tintype_tui.text import clip, count, one_line, visible

if TYPE_CHECKING:
    from tintype.dataset import Dataset
    from tintype.dataset.survey import Surveyed
    from tintype.rules import ProviderRules
    from tintype.selection import Condition, SelectionProgress
    from tintype.store import Store

WIDTH = 60
_NEGATED = re.compile(r"^-(?=[a-z]+(?:[:=<>~]|!=))")


class _Query(click.Command):
    """Takes `-answer:none` for a condition, not for options."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse; a minus before a condition is written as the sign of that name."""
        return super().parse_args(ctx, [_NEGATED.sub("\u2212", arg) for arg in args])


@click.command(name="query", cls=_Query)
@click.argument("path", type=A_PATH, required=False)
@click.argument("conditions", nargs=-1)
@profile_option
@click.option("--model", default="", help="The base model whose tokens are counted.")
@click.option("--fetch", is_flag=True, help="Look at images on the web too.")
@click.option("-o", "--out", type=A_PATH, help="Write the rows to a new file.")
@replace_option
@dry_run_option
@click.option("--limit", type=click.IntRange(min=1), help="List no more than so many rows.")
@click.option("--save", type=A_NAME, metavar="NAME", help="Save the conditions as @NAME.")
@click.option("--forget", type=A_NAME, metavar="NAME", help="Delete what was saved as @NAME.")
@click.option("--saved", is_flag=True, help="List the queries that were saved.")
@form_options
@asynchronous
async def command(
    path: Path | None,
    conditions: tuple[str, ...],
    profile: str | None,
    model: str,
    fetch: bool,
    out: Path | None,
    replace: bool,
    limit: int | None,
    save: str | None,
    forget: str | None,
    saved: bool,
    dry_run: bool,
    form: str | None,
) -> None:
    r"""List the rows of PATH for which all CONDITIONS hold, or write them to a file.

    \b
    label:cat  label:cat|dog  label:c*    names, with alternatives and *
    images>1  width<300  tokens:500..900  numbers: = != < <= > >= and ranges
    size:640x480  place:0..49,50..99      pairs of numbers, or of ranges
    answer:"two cats"  answer=yes         texts: contains, is
    question~/how many/                   texts by an expression
    problem:*  problem:skip               what the provider's rules say
    -answer:none                          the other way round
    @name                                 what was saved with --save name

    Fields: text question answer system class label problem marked tag split role private boxes
    origin detail format mode flaw line images turns objects chars tokens bytes width height side
    frames size place. With split:NAME the file of that split beside PATH is looked at. Exit code 1:
    no row is so.
    """
    from tintype.rules import rules_of
    from tintype_tui.commands.session import chosen

    typed = " ".join(conditions).replace("\u2212", "-")
    wanted = await _understood(typed, save, forget)
    if saved:
        await _list_saved(form)
    if path is None:
        if not (saved or forget):
            raise click.UsageError("Missing argument 'PATH': the dataset to look at.")
        return
    judged_by = rules_of(chosen(profile)[1].provider)
    shown = _Listing(0 if out and not form else limit, form)
    paths = await _split_files(path, wanted)
    if out is not None and len(paths) > 1:
        raise click.UsageError("These are rows of several files: name one with split:NAME.")
    write = _Write(out, replace, dry_run) if out else None
    for file in paths:
        await _look(file, wanted, judged_by, shown, model=model, fetch=fetch, write=write)
    shown.end(write, path.name)
    if not shown.found:
        leave(1)


async def _look(
    path: Path,
    wanted: "Sequence[Condition]",
    judged_by: "ProviderRules",
    shown: "_Listing",
    *,
    model: str,
    fetch: bool,
    write: "_Write | None",
) -> None:
    """List the rows of a file, and write them."""
    from tintype.selection import select
    from tintype_tui.commands.counting import opened

    lines: list[int] = []
    async with opened(path) as dataset:
        marks = await _marks(dataset) if any(one.field == "marked" for one in wanted) else {}
        steps = select(dataset, wanted, judged_by, model=model, fetch=fetch, marks=marks)
        before = shown.rows
        async for done in steps:
            lines += (one.row.line for one in done.found)
            shown.add(path, done, before)
        shown.progress.clear()
        if write is not None and lines:
            await write.rows(dataset, frozenset(lines))


async def _understood(typed: str, save: str | None, forget: str | None) -> "tuple[Condition, ...]":
    """The conditions, with what was saved in place of `@name`; they are saved themselves."""
    from tintype.selection import NAME, expanded, parse_selection

    if save is not None and not (NAME.fullmatch(save) and typed):
        raise click.UsageError("A name is letters, digits, . _ - and stands for conditions.")
    if not (save or forget or "@" in typed):
        return parse_selection(typed)
    async with _store() as store:
        if forget is not None:
            if forget not in store.queries.read():
                raise click.UsageError(f"No query is saved as {forget}.")
            store.queries.forget(forget)
        text = expanded(typed, store.queries.read())
        wanted = parse_selection(text)
        if save is not None:
            store.queries.save(save, text, datetime.now(UTC))
            say(f"Saved as @{save}: {text}")
        return wanted


async def _list_saved(form: str | None) -> None:
    async with _store() as store:
        queries = store.queries.read()
    if form:
        put_value(queries, form, "Saved queries")
        return
    for name, query in queries.items():
        put(visible(f"@{name}  {query}"))
    if not queries:
        say("No query is saved. Save one with: tintype query --save NAME PATH CONDITIONS")


def _store() -> "AbstractAsyncContextManager[Store]":
    from tintype.settings import load
    from tintype.store import open_store

    return open_store(load().folders.store_file)


async def _marks(dataset: "Dataset") -> dict[int, str]:
    """Index of each marked row → the reason."""
    from tintype.paths import absolute

    async with _store() as store:
        lines = store.marks.read(absolute(dataset.path), await dataset.fingerprint())
    return {await dataset.find_line(line): why for line, why in lines.items()}


async def _split_files(path: Path, wanted: "Sequence[Condition]") -> list[Path]:
    """The file, or, where conditions name splits, it and those beside it that are meant."""
    from tintype.dataset.splits import siblings
    from tintype.selection import fitting

    splits = [one for one in wanted if one.field == "split"]
    if not splits:
        return [path]
    named = (await asyncio.to_thread(siblings, path)).named()
    meant = [file for name, file in named.items() if all(fitting(one)([name]) for one in splits)]
    return meant or [path]


class _Listing:
    """What was found: lines as they come, or rows kept for JSON."""

    def __init__(self, limit: int | None, form: str | None) -> None:
        self.rows = self.found = 0
        self.listed: list[dict[str, object]] = []
        self.progress = Progress(quiet=form is not None)
        self._limit, self._form = limit, form

    def add(self, path: Path, done: "SelectionProgress", before: int) -> None:
        """Take in a batch of a file before which so many rows were looked at."""
        self.rows = before + done.rows
        self.progress(f"looking at rows: {self.rows:,}, {self.found:,} found")
        for one in done.found:
            self.found += 1
            if self._limit is not None and self.found > self._limit:
                continue
            if self._form:
                self.listed.append(_said(path, one))
            else:
                self.progress.clear()
                put(_line(path, one))

    def end(self, write: "_Write | None", name: str) -> None:
        """Say how many there were, and where they were written."""
        if self._form:
            found = {"rows": self.rows, "found": self.found, "listed": self.listed}
            put_value(found, self._form, name, "listed")
            return
        say(f"{self.found:,} of {count(self.rows, 'row')}.")
        if write is not None and self.found:
            if write.dry_run:
                say(f"They would be written to {visible(str(write.out))}. Nothing was written.")
            else:
                put(str(write.out))


@dataclass(frozen=True, slots=True)
class _Write:
    """A file for the rows that are found."""

    out: Path
    replace: bool
    dry_run: bool

    async def rows(self, dataset: "Dataset", lines: frozenset[int]) -> None:
        """Write those of these lines."""
        from tintype.dataset.embed import distribute

        def where(line: int, _index: int) -> tuple[Path, ...]:
            return (self.out,) if line in lines else ()

        targets = (self.out,)
        steps = distribute(
            dataset, where, targets=targets, replace=self.replace, dry_run=self.dry_run
        )
        async for _ in steps:
            pass


def _line(path: Path, one: "Surveyed") -> str:
    """`FILE:LINE  question → answer`, which `tintype show` takes."""
    asked, answered = _texts(one)
    return visible(f"{path}:{one.row.line}  {clip(asked, WIDTH)} → {clip(answered, WIDTH)}")


def _said(path: Path, one: "Surveyed") -> dict[str, object]:
    asked, answered = _texts(one)
    sizes = [image.upright_size for image in one.images]
    return {
        "file": str(path),
        "line": one.row.line,
        "question": asked,
        "answer": answered,
        "images": sizes,
    }


def _texts(one: "Surveyed") -> tuple[str, str]:
    """The last question and the answer, each on one line."""
    from tintype.dataset import example

    shown = example(one.row)
    asked = [message.text for message in shown.prompt if message.role == "user" and message.text]
    return one_line(asked[-1]) if asked else "", one_line(shown.answer)
