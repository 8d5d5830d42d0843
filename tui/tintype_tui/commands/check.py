"""`tintype check`: a dataset against a provider's rules."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tintype_tui.commands.forms import form_options, put_value
from tintype_tui.commands.output import (
    A_PATH,
    Progress,
    asynchronous,
    leave,
    profile_option,
    put,
    say,
)
from tintype_tui.text import count, within

NOT_DECODED = "Images were judged by their structure, no pixels decoded: --deep does."
UNCHANGED = "Nothing has changed since an earlier check, whose result this is."

if TYPE_CHECKING:
    from tintype.assessment import Assessment
    from tintype.rules import Keys, ProviderRules, Summary


@click.command(name="check")
@click.argument("path", type=A_PATH)
@profile_option
@click.option("--provider", "provider_name", metavar="NAME", help="Check by this provider's rules.")
@click.option("--model", default="", help="The base model to check for.")
@click.option("--validation", type=A_PATH, help="The validation file to check too.")
@click.option("--no-fetch", is_flag=True, help="Do not fetch images from the web.")
@click.option("--deep", is_flag=True, help="Decode every image, in files over 64 MB too.")
@form_options
@asynchronous
async def command(
    path: Path,
    profile: str | None,
    provider_name: str | None,
    model: str,
    validation: Path | None,
    no_fetch: bool,
    deep: bool,
    form: str | None,
) -> None:
    """Check the dataset at PATH against a provider's rules, before anything is sent.

    In files over 64 MB images are judged by their structure, which shows all that is cut short;
    damage within the pixels of a JPEG, WebP or GIF is found by --deep.

    Exit codes: 0 usable (warnings and skipped rows included), 1 errors that would stop a job,
    2 could not run.
    """
    from tintype import rules
    from tintype_tui.commands.session import chosen
    from tintype_tui.words.reports import check_report

    judged_by = rules.rules_of(provider_name or chosen(profile)[1].provider)
    found = await _check(path, judged_by, model, not no_fetch, deep, None, form)
    checked = [(path, found)]
    if validation is not None:
        keys = _summary(found).keys
        of_it = await _check(validation, judged_by, model, not no_fetch, deep, keys, form)
        checked.append((validation, of_it))
    if form:
        reports = [check_report(_summary(its), its.problems) for _, its in checked]
        if form != "json":  # one list of what is wrong, whichever file it is in
            for (each, _), report in zip(checked, reports, strict=True):
                report["problems"] = [{"file": each, **one} for one in report["problems"]]
            reports[0]["problems"] += [one for more in reports[1:] for one in more["problems"]]
        report = reports[0] | ({"validation": reports[1]} if reports[1:] and form == "json" else {})
        put_value(report, form, path.name, "problems")
    else:
        for each, its in checked:
            _print(each, its)
    if any(_summary(its).status == "error" for _, its in checked):
        leave(1)


def _summary(found: "Assessment") -> "Summary":
    assert found.summary is not None  # the file has been read to its end
    return found.summary


async def _check(
    path: Path,
    profile: "ProviderRules",
    model: str,
    fetch: bool,
    deep: bool,
    training: "Keys | None",
    form: str | None,
) -> "Assessment":
    from tintype.assessment import assess
    from tintype.dataset import open_dataset

    progress = Progress(quiet=form is not None)
    found: Assessment | None = None
    async with open_dataset(path) as dataset:
        async for found in assess(
            dataset, profile, model=model, fetch=fetch, training=training, deep=deep or None
        ):
            progress(f"checking {path.name}: {found.share:.0%}")
    progress.clear()
    assert found is not None  # the last one is complete
    return found


def _print(path: Path, found: "Assessment") -> None:
    summary = _summary(found)
    for problem in found.problems:
        where = f"{path}:{problem.line}" if problem.line else str(path)
        place = f" {problem.place}" if problem.place else ""
        put(f"{where}:{place} {problem.severity}: {problem.message} [{problem.rule}]")
        if problem.fix:
            put(f"    fix: {problem.fix}")
    for counted in summary.counts:
        if counted.total > counted.shown:
            put(f"    … and {counted.total - counted.shown:,} more of [{counted.rule}]")
    say(
        f"{summary.status}: {count(summary.examples, 'example')}, "
        f"{count(summary.images, 'image')}, {count(summary.skipped, 'example')} would be "
        f"skipped, by the rules of {within(found.rules.title)} ({found.rules.as_of})."
        + ("" if summary.decoded or not summary.images else f" {NOT_DECODED}")
        + (f" {UNCHANGED}" if found.earlier else "")
    )
