"""`tintype evaluations`: runs that have been made: listed, shown, compared, exported."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tintype_tui.commands.output import as_json, asynchronous, leave, put, put_json, say
from tintype_tui.text import count

if TYPE_CHECKING:
    from tintype.evaluation import Evaluation


@click.group(name="evaluations", invoke_without_command=True)
@as_json
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """List evaluations, newest first; `show`, `compare` and `export` take one's id, or `last`."""
    if context.invoked_subcommand is not None:
        return
    from tintype import evaluation

    runs = evaluation.runs_in(_home())
    if as_json:
        listed = [
            {"id": run.id, "begun": run.begun, "rows": run.rows, "plan": run.plan.as_json()}
            for run in runs
        ]
        put_json({"evaluations": listed}, indent=2)
        return
    for run in runs:
        models = ", ".join(model.title for model in run.plan.models)
        name = run.plan.dataset.name
        put(f"{run.id}  {run.begun.astimezone():%d %b %Y %H:%M}  {name}, {run.rows:,} × {models}")
    say(f"{count(len(runs), 'evaluation')}." if runs else "There is no evaluation yet.")


@command.command(name="show")
@click.argument("run", default="last")
@click.option("--scorer", "-s", "scorers", multiple=True, help="Score by these instead.")
@click.option("--vqa-report", is_flag=True, help="Every table of OpenAI's cookbook.")
@as_json
def show(run: str, scorers: tuple[str, ...], vqa_report: bool, as_json: bool) -> None:
    """Show a result: the sentence, then every table."""
    from tintype_tui.words.evaluations import evaluation_report, table_lines

    found = _opened(run, scorers)
    if as_json:
        put_json(evaluation_report(found), indent=2)
        return
    from tintype.evaluation.report import report_of

    report = report_of(found, vqa=vqa_report)
    put(report.sentence)
    for section in report.sections:
        put("")
        put(section.title)
        for line in table_lines(section.headers, section.rows):
            put(f"  {line}")


@command.command(name="compare")
@click.argument("first")
@click.argument("second")
@as_json
def compare(first: str, second: str, as_json: bool) -> None:
    """Compare the first models of two runs on the same rows; unlike runs are refused."""
    from tintype.evaluation.across import across
    from tintype.evaluation.sentences import comparison_words, percent

    found = across(_opened(first), _opened(second))
    if as_json:
        from tintype_tui.words.evaluations import compared_report

        put_json(compared_report(found), indent=2)
        return
    one = found.paired
    put(
        f"{found.reference.title} {percent(one.first)} → {found.model.title} "
        f"{percent(one.second)}; {comparison_words(found)}."
    )


@command.command(name="export")
@click.argument("run")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--format", "-f", "kind", type=click.Choice(["html", "md", "csv", "jsonl", "junit"]))
@click.option("--vqa-report", is_flag=True, help="Every table and chart of OpenAI's cookbook.")
@click.option("--force", is_flag=True, help="Overwrite an existing file.")
@asynchronous
async def export(run: str, path: Path, kind: str | None, vqa_report: bool, force: bool) -> None:
    """Write a result to PATH; its suffix says the format."""
    from tintype.evaluation.exporting import export as written

    await written(_opened(run), path, kind or "", vqa=vqa_report, replace=force)
    say(f"Written: {path}")


@command.command(name="path")
@click.argument("run", default="last")
def path(run: str) -> None:
    """Print a run's folder."""
    put(str(_opened(run).folder))


def _home() -> Path:
    from tintype.evaluation import runs_folder
    from tintype.settings import load

    return runs_folder(load().folders.data)


def _opened(run: str, scorers: tuple[str, ...] = ()) -> "Evaluation":
    from tintype import evaluation

    home = _home()
    if run == "last":
        newest = evaluation.runs_in(home)[:1]
        if not newest:
            say("There is no evaluation yet.")
            leave(2)
        return evaluation.open(newest[0].folder, scorers or None)
    folder = home / Path(run).name if "/" not in run else Path(run)
    return evaluation.open(folder, scorers or None)
