"""`tintype replacement`: a model that is gone, by its kept answers, against what may replace it."""

from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tintype_tui.commands.agreeing import asking_options
from tintype_tui.commands.output import (
    A_NAME,
    A_PATH,
    as_json,
    asynchronous,
    leave,
    profile_option,
    put,
    put_json,
    say,
)

if TYPE_CHECKING:
    from tintype.evaluation.report_section import ReportSection
    from tintype.evaluation.running import RunProgress
    from tintype.settings import Profile, Settings


@click.command(name="replacement")
@click.argument("old", type=A_NAME, metavar="OLD_RUN")
@click.argument("new", nargs=-1, type=A_NAME, metavar="[NEW_RUN]…")
@profile_option
@click.option(
    "--model",
    "-m",
    "models",
    multiple=True,
    metavar="MODEL[@PROFILE]",
    help="A candidate that is asked the same rows now.",
)
@click.option(
    "--shots", type=click.IntRange(1, 32), metavar="N", help="Show candidates N rows first."
)
@click.option("--shots-from", type=A_PATH, help="Of this file; by default what was trained on.")
@click.option("--out", "-o", type=A_PATH, help="Write the report, one .html file.")
@click.option("--replace", is_flag=True, help="Overwrite it.")
@asking_options
@as_json
@asynchronous
async def command(
    old: str,
    new: tuple[str, ...],
    profile: str | None,
    out: Path | None,
    replace: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Compare OLD_RUN, an evaluation or golden answers of a model, with candidates.

    Candidates are NEW_RUNs on the same rows, or models asked now (--model). Says how far each
    agrees with the old model and with the truth, which rows are fixed and which broken, times and
    prices. The old model itself is not asked: it may be gone. Exit code 1 if a candidate that was
    asked has not answered all rows.
    """
    from tintype import evaluation, moving, paths
    from tintype.dataset.writing import refuse_existing
    from tintype_tui.commands.session import chosen

    if not new and not options["models"]:
        raise click.UsageError("Name a NEW_RUN, or a candidate with --model.")
    if out is not None:
        refuse_existing([out], replace=replace)  # before anything is asked
    settings, provider = chosen(profile)
    home = evaluation.runs_folder(settings.folders.data)
    folder = _folder(old, home)
    folders = [_folder(one, home) for one in new]
    asked = await _asked(folder, settings, provider, options, quiet=as_json)
    folders += [run for run, _ in asked]
    unanswered = any(last.failed or last.phase != "done" for _, last in asked)
    with paths.scratch_folder() as scratch:
        found = moving.replacement(folder, folders, scratch)
        report = moving.replacement_report(found)
        if out is not None:
            page = await moving.replacement_page(found)
            paths.write_whole(out, page.encode("utf-8", "replace"), replace=replace)
    [table, *_] = report.sections
    if as_json:
        rows = [dict(zip(table.headers, row, strict=True)) for row in table.rows]
        told = {"sentence": report.sentence, "rows": found.rows, "candidates": rows}
        put_json({**told, "report": out}, indent=2)
    else:
        _tell(report.sentence, table, out)
    for run, last in asked:
        if last.words:
            say(f"{run.name}: {last.words}")
    if unanswered:
        leave(1)


def _tell(sentence: str, table: "ReportSection", out: Path | None) -> None:
    from tintype_tui.words.evaluations import table_lines

    put(sentence)
    for line in table_lines(table.headers, table.rows):
        put(f"  {line}")
    if out is not None:
        say(f"Written: {out}")


def _folder(run: str, home: Path) -> Path:
    from tintype import evaluation

    if run == "last":
        newest = evaluation.runs_in(home)[:1]
        if newest:
            return newest[0].folder
    return home / Path(run).name if "/" not in run else Path(run)


async def _asked(
    old: Path,
    settings: "Settings",
    provider: "Profile",
    options: dict[str, Any],
    *,
    quiet: bool,
) -> "list[tuple[Path, RunProgress]]":
    """Ask candidates the rows of the old run, each in a run that is gone on with if it is there."""
    from dataclasses import replace

    from tintype import evaluation
    from tintype.connection import Connections
    from tintype.evaluation.shots import draw_shots
    from tintype.library.evaluations import models_named
    from tintype.store import open_store
    from tintype_tui.commands.keep_golden import rows_of, run_or_go_on

    if not options["models"]:
        return []
    before, runs = evaluation.run_at(old).plan, []
    rows = await rows_of(before)
    shots = None
    if options["shots"] is not None:
        source = options["shots_from"] or next(iter(before.training), None)
        if source is None:
            raise click.UsageError("Say with --shots-from which file the shots are of.")
        shots = draw_shots(source, options["shots"])
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(settings.folders.store_file))
        apis = Connections(settings, stack, say)
        for model in await models_named(options["models"], provider.name, store, apis):
            scorers = tuple(name for name in before.scorers if name != "judge") or ("normalised",)
            plan = replace(
                before,
                models=(model,),
                scorers=scorers,
                judge=None,
                reference="",
                samples=1,
                shots=shots,
            )
            runs.append(await run_or_go_on(plan, rows, settings, apis, store, options, quiet=quiet))
    return runs
