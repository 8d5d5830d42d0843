"""`tintype check`: a dataset against a provider's rules."""

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
from tintype_tui.text import count

NOT_DECODED = "Images were judged by their structure, no pixels decoded: --deep does."

if TYPE_CHECKING:
    from tintype.rules import Keys, Problem, ProviderRules, Summary


@click.command(name="check")
@click.argument("path", type=A_PATH)
@profile_option
@click.option("--provider", "provider_name", metavar="NAME", help="Check by this provider's rules.")
@click.option("--model", default="", help="The base model to check for.")
@click.option("--validation", type=A_PATH, help="The validation file to check too.")
@click.option("--no-fetch", is_flag=True, help="Do not fetch images from the web.")
@click.option("--deep", is_flag=True, help="Decode every image, in files over 64 MB too.")
@as_json
@asynchronous
async def command(
    path: Path,
    profile: str | None,
    provider_name: str | None,
    model: str,
    validation: Path | None,
    no_fetch: bool,
    deep: bool,
    as_json: bool,
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
    problems, summary = await _check(path, judged_by, model, not no_fetch, deep, None, as_json)
    reports = [(path, problems, summary)]
    if validation is not None:
        keys = summary.keys
        found = await _check(validation, judged_by, model, not no_fetch, deep, keys, as_json)
        reports.append((validation, *found))
    if as_json:
        report = check_report(summary, problems)
        if validation is not None:
            report["validation"] = check_report(reports[1][2], reports[1][1])
        put_json(report, indent=2)
    else:
        for each, found_problems, its_summary in reports:
            _print(each, found_problems, its_summary, judged_by)
    if any(its_summary.status == "error" for _, _, its_summary in reports):
        leave(1)


async def _check(
    path: Path,
    profile: "ProviderRules",
    model: str,
    fetch: bool,
    deep: bool,
    training: "Keys | None",
    quiet: bool,
) -> "tuple[list[Problem], Summary]":
    from tintype import rules
    from tintype.dataset import open_dataset

    progress = Progress(quiet=quiet)
    problems: list[Problem] = []
    summary = None
    async with open_dataset(path) as dataset:
        async for checked in rules.check(
            dataset, profile, model=model, fetch=fetch, training=training, deep=deep or None
        ):
            problems.extend(checked.problems)
            share = checked.bytes_done / max(1, checked.size_bytes)
            progress(f"checking {path.name}: {share:.0%}")
            summary = checked.summary
    progress.clear()
    assert summary is not None  # the last batch has it
    return problems, summary


def _print(
    path: Path, problems: "list[Problem]", summary: "Summary", profile: "ProviderRules"
) -> None:
    for problem in problems:
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
        f"skipped, by the rules of {profile.title} ({profile.as_of})."
        + ("" if summary.decoded or not summary.images else f" {NOT_DECODED}")
    )
