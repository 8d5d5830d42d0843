"""`tintype fix`: what can be done about a dataset's problems, what it costs and saves, a copy."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tintype_tui.commands.forms import dry_run_option, form_options, put_value, replace_option
from tintype_tui.commands.output import (
    A_PATH,
    Progress,
    asynchronous,
    leave,
    profile_option,
    put,
    say,
)
from tintype_tui.text import count

if TYPE_CHECKING:
    from tintype.assessment import Assessment
    from tintype.dataset import Dataset
    from tintype.dataset.treatment import Treatment
    from tintype.estimation.fixes import Effect, Fix


@click.command(name="fix")
@click.argument("source", type=A_PATH)
@click.argument("target", type=A_PATH, required=False)
@click.option("--with", "names", multiple=True, metavar="FIX", help="Do this; may be repeated.")
@profile_option
@click.option("--model", default="", help="By whose rule tokens are counted.")
@replace_option
@dry_run_option
@form_options
@asynchronous
async def command(
    source: Path,
    target: Path | None,
    names: tuple[str, ...],
    profile: str | None,
    model: str,
    replace: bool,
    dry_run: bool,
    form: str | None,
) -> None:
    """Say what each fix of SOURCE costs and saves; with --with FIX, write TARGET so.

    Without --with, every fix that has something to do is measured in memory: rows, bytes, tokens.
    With it but without TARGET, only those that are named are measured, together. SOURCE is never
    changed. The exit code is 1 if nothing would change.
    """
    from tintype.estimation.fixes import combined
    from tintype_tui.commands.counting import assessed, opened
    from tintype_tui.commands.session import chosen

    progress = Progress(quiet=form is not None)
    found = await assessed(source, chosen(profile)[1], model, progress, fetch=False)
    every = _fixes(found)
    wanted = [_named(every, name) for name in names]
    async with opened(source) as dataset:
        async for _ in dataset.index():
            pass
        if target is not None and wanted:
            await _write(dataset, target, combined(wanted), replace, dry_run, progress, form)
            return
        jobs = [("+".join(names), combined(wanted))] if wanted else []
        jobs = jobs or [(fix.name, fix.treatment) for fix in every]
        done = {name: await _measured(dataset, each, found, progress) for name, each in jobs}
    done = {name: effect for name, effect in done.items() if effect.changed or wanted}
    titles = {fix.name: fix.title for fix in every}
    if form:
        put_value({name: _figures(effect) for name, effect in done.items()}, form, source.name)
    for name, effect in done.items() if not form else ():
        _print(name, titles.get(name, ""), effect)
    if not any(effect.changed for effect in done.values()):
        say("Nothing would change.")
        leave(1)


def _fixes(found: "Assessment") -> "tuple[Fix, ...]":
    from tintype import rules
    from tintype.estimation.fixes import fixes, side_for

    side = side_for(found.statistics, found.counts.rule) if found.statistics else None
    return fixes(rules.fixing(found.rules), found.rules.max_images, side)


def _named(every: "tuple[Fix, ...]", name: str) -> "Fix":
    for fix in every:
        if fix.name == name:
            return fix
    raise click.UsageError(f"No fix is named {name!r}. Use {', '.join(f.name for f in every)}.")


async def _measured(
    dataset: "Dataset", treatment: "Treatment", found: "Assessment", progress: Progress
) -> "Effect":
    from tintype.estimation.fixes import Effect, measure

    effect = Effect(0)
    async for effect in measure(dataset, treatment, found.counts.rule):
        progress(f"measuring: {effect.tried:,} of {count(effect.rows, 'row')}")
    progress.clear()
    return effect


def _figures(effect: "Effect") -> dict[str, object]:
    return {
        "rows": effect.rows,
        "measured_rows": effect.tried,
        "changed": effect.all_rows(effect.changed),
        "more_rows": effect.all_rows(effect.more_rows),
        "bytes_before": effect.all_rows(effect.bytes_before),
        "bytes_after": effect.all_rows(effect.bytes_after),
        "image_tokens_before": effect.all_rows(effect.tokens_before),
        "image_tokens_after": effect.all_rows(effect.tokens_after),
        "notes": effect.notes,
    }


def _print(name: str, title: str, effect: "Effect") -> None:
    from tintype_tui.words.fixes import effect_words

    put(f"{name}: {title}".removesuffix(": "))
    for line in effect_words(effect, None):
        put(f"  {line}")


async def _write(
    dataset: "Dataset",
    target: Path,
    treatment: "Treatment",
    replace: bool,
    dry_run: bool,
    progress: Progress,
    form: str | None,
) -> None:
    from tintype.dataset.embed import Exported, export

    done = Exported()
    async for done in export(dataset, target, treatment, replace=replace, dry_run=dry_run):
        progress(f"{'reading' if dry_run else 'writing'}: {count(done.rows, 'row')}")
        for note in done.notes:
            progress.clear()
            say(f"{dataset.path}:{note.line}: {note.place} {note.message}")
    progress.clear()
    if form:
        put_value(done, form, target.name)
        return
    verb = "would be written" if dry_run else "written"
    say(f"{count(done.rows, 'row')} {verb}, {count(done.images, 'image')} changed.")
    for path in done.files:
        put(str(path))
