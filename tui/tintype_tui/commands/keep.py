"""`tintype keep`: everything about jobs and models in one archive, checked and restored."""

import asyncio
from contextlib import AsyncExitStack, aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tintype_tui.commands.keep_golden import golden
from tintype_tui.commands.output import (
    A_NAME,
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
from tintype_tui.text import clip, count, one_line, size

if TYPE_CHECKING:
    from tintype.api import Api
    from tintype.keeping import KeepProgress, Manifest
    from tintype.store import Store

MOST_NAMED = 10
"""What could not be had is named one by one up to here; the archive's README names all."""


class KeepGroup(click.Group):
    """Keeps what is named, unless it is one of the commands below."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take the first word for a job or model if it is no command."""
        if args and args[0] not in self.commands and args[0] not in ("-h", "--help"):
            args = ["save", *args]
        return super().parse_args(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Show the options of keeping, which need no name of a command, before the commands."""
        self.commands["save"].format_options(ctx, formatter)
        self.format_commands(ctx, formatter)


@click.group(name="keep", cls=KeepGroup, subcommand_metavar="JOB|MODEL… | COMMAND")
def command() -> None:
    """Keep jobs and models in an archive that outlives the provider.

    `tintype keep JOB… -o ARCHIVE` keeps jobs or tuned models (`last` is the newest job), `tintype
    keep --all` everything of the profile: files, settings, events, curves, results, prices, images
    behind URLs, and evaluations with their answers. ARCHIVE is a folder, or a file ending in .zip,
    .tar.gz or .tar.zst. The same again goes on after an interruption, and adds what is new.
    """


command.add_command(golden)


@command.command(name="save", hidden=True)
@click.argument("what", nargs=-1, type=A_NAME, metavar="JOB|MODEL…")
@profile_option
@click.option("--all", "everything", is_flag=True, help="All jobs, files and tuned models.")
@click.option("--out", "-o", type=A_PATH, help="The archive; by default kept-PROFILE, a folder.")
@click.option("--no-images", is_flag=True, help="Do not fetch images behind URLs.")
@click.option("--private-images", is_flag=True, help="Fetch them from this network, too.")
@click.option("--no-evaluations", is_flag=True, help="Leave evaluations out.")
@as_json
@asynchronous
async def save(
    what: tuple[str, ...],
    profile: str | None,
    everything: bool,
    out: Path | None,
    no_images: bool,
    private_images: bool,
    no_evaluations: bool,
    as_json: bool,
) -> None:
    """Keep jobs, models, or --all. Exit code 1 if something could not be had."""
    from tintype import evaluation, keeping
    from tintype.model_names import parse_model_name
    from tintype.paths import absolute
    from tintype.pricing import load_prices
    from tintype_tui.commands.session import at_work, chosen

    if not what and not everything:
        raise click.UsageError("Name a job or a tuned model, or --all.")
    settings, provider = chosen(profile)
    target = absolute(out or Path(f"kept-{provider.name}"))
    runs = None if no_evaluations else evaluation.runs_folder(settings.folders.data)
    progress, last = Progress(quiet=as_json), None
    async with at_work(settings, provider) as (api, store):
        models = tuple(name for name in what if parse_model_name(name).tuned)
        named = [await _id(name, api, store) for name in what if name not in models]
        wanted = keeping.Wanted(tuple(named), models, everything, not no_images, runs)
        keeping_it = keeping.keep_into(
            api,
            store,
            target,
            wanted,
            prices=load_prices(settings.prices),
            allow_private=private_images,
        )
        try:
            async with aclosing(keeping_it):
                async for last in keeping_it:
                    progress(_progress_words(last))
        except asyncio.CancelledError:
            say("What was kept stays; the same command goes on.")
            raise
        finally:
            progress.clear()
    assert last is not None
    assert last.manifest is not None  # the last progress has it
    _tell(target, last.manifest, last.added, as_json=as_json)


async def _id(name: str, api: "Api", store: "Store") -> str:
    """A job's id; `last` is the newest that the store knows where the provider is away."""
    from tintype.errors import ApiError
    from tintype.jobs import full_id

    try:
        return await full_id(name, api, store)
    except ApiError:
        newest = store.jobs.newest(1, profile=api.profile.name)
        if not newest:
            raise
        return newest[0].job.id


def _progress_words(step: "KeepProgress") -> str:
    said = [clip(step.words, 36), count(step.parts, "part"), size(step.size_bytes)]
    if step.not_kept:
        said.append(f"{step.not_kept:,} could not be had")
    return " · ".join(said)


def _tell(target: Path, manifest: "Manifest", added: int, *, as_json: bool) -> None:
    if as_json:
        facts: dict[str, Any] = {"archive": target, "added": added, "parts": len(manifest.parts)}
        more = {"jobs": manifest.jobs, "models": manifest.models, "not_kept": manifest.not_kept}
        put_json({**facts, **more}, indent=2)
    else:
        put(str(target))
        whole = size(sum(part.size_bytes for part in manifest.parts))
        say(f"{count(len(manifest.parts), 'part')}, {whole}; {added:,} written now.")
        _tell_not_kept(manifest)
    if manifest.not_kept:
        leave(1)


def _tell_not_kept(manifest: "Manifest") -> None:
    for one in manifest.not_kept[:MOST_NAMED]:
        say(one_line(f"Could not be had: {one.what}. {one.why}"))
    if len(manifest.not_kept) > MOST_NAMED:
        say(f"{len(manifest.not_kept):,} in all; the archive's README.md names them.")


@command.command(name="verify")
@click.argument("archive", type=A_PATH)
@as_json
def verify(archive: Path, as_json: bool) -> None:
    """Read a whole ARCHIVE and compare it with its manifest. Exit code 1 if they differ."""
    from tintype import keeping

    progress, found = Progress(quiet=as_json), None
    try:
        for step in keeping.verify(archive):
            progress(f"read {size(step.done_bytes)}")
            found = step.verification
    finally:
        progress.clear()
    assert found is not None  # the last progress has it
    if as_json:
        parts = len(found.manifest.parts)
        put_json({"parts": parts, "faults": found.faults, "not_kept": found.manifest.not_kept})
    else:
        for fault in found.faults:
            put(fault)
        whole = f"{count(len(found.manifest.parts), 'part')} as kept on"
        day = found.manifest.finished_at[:10]
        bad = f"{count(len(found.faults), 'fault')}: the archive is not what its manifest says."
        say(bad if found.faults else f"All {whole} {day}.")
        _tell_not_kept(found.manifest)
    if found.faults:
        leave(1)


@command.command(name="restore")
@click.argument("archive", type=A_PATH)
@click.option("--profile", "-p", metavar="NAME", default="", help="List the jobs under this one.")
@as_json
@asynchronous
async def restore(archive: Path, profile: str, as_json: bool) -> None:
    """Put what ARCHIVE holds into Tintype here: jobs, curves, files, evaluations, weights.

    Models that the embedded server tuned answer again, under the same names. It is verified first.
    What is here already and as new is left alone: restoring twice is as once.
    """
    from tintype import connection, evaluation, keeping
    from tintype.paths import absolute
    from tintype.settings import load
    from tintype.store import open_store

    settings, progress, found = load(), Progress(quiet=as_json), None
    data, manifest = settings.folders.data, keeping.manifest_of(absolute(archive))
    target = settings.profiles.get(profile or manifest.profile)
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(settings.folders.store_file))
        api = None
        if target is not None and target.dialect != "openai" and keeping.kept_weights(manifest):
            api = await stack.enter_async_context(connection.connected(settings, target, say))
        restoring = keeping.restore(
            absolute(archive),
            store,
            files=data / "restored",
            evaluations=evaluation.runs_folder(data),
            profile=profile,
            api=api,
        )
        try:
            async with aclosing(restoring):
                async for step in restoring:
                    progress(
                        f"{step.words} {size(step.done_bytes)}" if step.done_bytes else step.words
                    )
                    found = step.restored
        finally:
            progress.clear()
    assert found is not None  # the last progress has it
    if as_json:
        names = ("profile", "jobs", "models", "evaluations", "files", "already", "notes")
        put_json({name: getattr(found, name) for name in names}, indent=2)
        return
    for path in found.files:
        put(str(path))
    said = [
        count(len(found.jobs), "job"),
        *([count(len(found.models), "model")] if found.models else []),
        count(len(found.evaluations), "evaluation"),
        count(len(found.files), "file"),
    ]
    left = f"; {len(found.already):,} here already, left alone" if found.already else ""
    say(f"Restored {', '.join(said)}{left}.")
    for note in found.notes:
        say(note)
    if found.profile not in settings.profiles:
        say(f"Profile {found.profile} is not configured here; --profile NAME lists them elsewhere.")
