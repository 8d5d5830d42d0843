"""`tintype evaluations`: runs that have been made: listed, shown, compared, exported."""

from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from tintype_tui.commands.output import (
    A_NAME,
    A_PATH,
    as_json,
    asynchronous,
    leave,
    put,
    put_json,
    say,
)
from tintype_tui.text import clip, count, one_line
from tintype_tui.words.evaluating import agreement_words

if TYPE_CHECKING:
    from tintype.evaluation import Evaluation


_VIEWS = ("all", "failures", "different", "newly broken", "newly fixed", "unscored", "leaked")


@click.group(name="evaluations", invoke_without_command=True)
@as_json
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """List evaluations, newest first; each command below takes one's id, or `last`."""
    if context.invoked_subcommand is not None:
        return
    from tintype import evaluation

    listed = evaluation.listed(_home())
    runs = [one for one in listed if isinstance(one, evaluation.EvaluationRun)]
    unreadable = [one for one in listed if isinstance(one, evaluation.UnreadableRun)]
    if as_json:
        known = [
            {"id": run.id, "begun": run.begun, "rows": run.rows, "plan": run.plan.as_json()}
            for run in runs
        ]
        put_json({"evaluations": known, "unreadable": unreadable}, indent=2)
        return
    for run in runs:
        models = ", ".join(model.title for model in run.plan.models)
        name = run.plan.dataset.name
        put(f"{run.id}  {run.begun.astimezone():%d %b %Y %H:%M}  {name}, {run.rows:,} × {models}")
    for one in unreadable:
        say(f"{one.id}: {one.why}")
    say(f"{count(len(listed), 'evaluation')}." if listed else "There is no evaluation yet.")


@command.command(name="show")
@click.argument("run", type=A_NAME, default="last")
@click.option("--scorer", "-s", "scorers", multiple=True, help="Score by these instead.")
@click.option("--vqa-report", is_flag=True, help="Every table of OpenAI's cookbook.")
@click.option(
    "--question-type",
    "types",
    multiple=True,
    metavar="NAME=PATTERN",
    help="Count these questions together, instead of those of the run.",
)
@click.option("--overrides", is_flag=True, help="With your own scores in place of the scorer's.")
@as_json
def show(
    run: str,
    scorers: tuple[str, ...],
    vqa_report: bool,
    types: tuple[str, ...],
    overrides: bool,
    as_json: bool,
) -> None:
    """Show a result: the sentence, then every table."""
    from tintype.evaluation import with_overrides, with_question_types
    from tintype_tui.words.evaluations import evaluation_report, table_lines

    found = _opened(run, scorers)
    if types:
        found = with_question_types(found, dict(word.partition("=")[::2] for word in types))
    if overrides:
        found = with_overrides(found)
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
@click.argument("first", type=A_NAME)
@click.argument("second", type=A_NAME)
@as_json
def compare(first: str, second: str, as_json: bool) -> None:
    """Compare the first models of two runs on the same rows; unlike runs are refused."""
    from tintype.evaluation.comparing import across
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
@click.argument("run", type=A_NAME)
@click.argument("path", type=A_PATH)
@click.option("--format", "-f", "kind", type=click.Choice(["html", "md", "csv", "jsonl", "junit"]))
@click.option("--vqa-report", is_flag=True, help="Every table and chart of OpenAI's cookbook.")
@click.option("--force", is_flag=True, help="Overwrite an existing file.")
@asynchronous
async def export(run: str, path: Path, kind: str | None, vqa_report: bool, force: bool) -> None:
    """Write a result to PATH; its suffix says the format."""
    from tintype.evaluation.exporting import export as written

    await written(_opened(run), path, kind or "", vqa=vqa_report, replace=force)
    say(f"Written: {path}")


@command.command(name="rows")
@click.argument("run", type=A_NAME, default="last")
@click.option("--view", type=click.Choice(_VIEWS), default="failures", show_default=True)
@click.option("--model", "-m", default="", help="Whose; by default the first model's.")
@click.option("--out", "-o", type=A_PATH, help="Write the rows to a JSONL.")
@click.option("--force", is_flag=True, help="Overwrite an existing file.")
@as_json
@asynchronous
async def rows(
    run: str, view: str, model: str, out: Path | None, force: bool, as_json: bool
) -> None:
    """List the rows that failed, broke, were fixed …, the worst first; or write them to a file.

    The file is a dataset again: look at it in the app, correct it, train on it.
    """
    from tintype import evaluation

    found = _opened(run)
    at = found.model_at(model) if model else 0
    chosen = evaluation.positions(found, cast("evaluation.View", view), model=at, order="worst")
    if out is not None:
        await evaluation.write_picked(found, chosen.tolist(), out, overwrite=force)
        say(f"Written: {out}, {count(len(chosen), 'row')}")
        return
    listed = []
    for position in chosen.tolist():
        row, answers = evaluation.look_at(found, position)
        said = {"question": row.question, "truth": row.truths[0], "answer": answers[at].text}
        listed.append({"line": row.line, "scores": answers[at].scores, **said})
        if not as_json:
            score = evaluation.percent(answers[at].scores[found.scorers[0].name])
            words = [clip(one_line(text), 30) for text in said.values()]
            put(f"line {row.line}  {score}  {words[0]}  {words[2]} ≠ {words[1]}")
    if as_json:
        put_json({"rows": listed}, indent=2)
        return
    say(f"{count(len(listed), 'row')}.")


@command.command(name="grade")
@click.argument("run", type=A_NAME, default="last")
@click.option("--number", "-k", type=click.IntRange(min=1), default=20, show_default=True)
def grade(run: str, number: int) -> None:
    """Check the judge: grade some answers yourself, blind, and see how far you two agree."""
    from tintype import evaluation

    found = _opened(run)
    judge = found.run.plan.judge
    if judge is None:
        raise click.UsageError("This evaluation has no judge.")
    names = list(judge.grades)
    for position, model in evaluation.to_grade(found, number):
        row, answers = evaluation.look_at(found, position)
        for word, text in (
            ("question", row.question),
            ("truth", row.truths[0]),
            ("answer", answers[model].text),
        ):
            put(f"{word + ':':<9} {one_line(text)}")
        scale = " · ".join(f"{at} {name}" for at, name in enumerate(names, start=1))
        chosen = click.prompt(scale, type=click.IntRange(1, len(names)), err=True)
        name = found.models[model].id
        evaluation.override(found.folder, position, name, None, grade=names[chosen - 1])
    both, agreed = evaluation.judge_agreement(found)
    (say if agreed is None else put)(agreement_words(judge.model.title, both, agreed))


@command.command(name="path")
@click.argument("run", type=A_NAME, default="last")
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
