"""`tintype import`: other formats into chat rows. The formats come from the library's registry."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tintype_tui.commands.forms import dry_run_option, form_options, put_value, replace_option
from tintype_tui.commands.output import (
    A_FOLDER,
    A_PATH,
    PathName,
    Progress,
    asynchronous,
    leave,
    plain,
    put,
    say,
)
from tintype_tui.text import count

if TYPE_CHECKING:
    from tintype.dataset.formats import Format, ImportReport

_COMMON = (
    form_options,
    dry_run_option,
    replace_option,
    click.option("--seed", type=int, default=0, help="For what is drawn: splits, samples, shots."),
    click.option(
        "--valid",
        type=click.FloatRange(0, 100),
        default=0.0,
        help="Per cent of the images drawn for validation, where the source has no splits.",
    ),
    click.option(
        "--test",
        type=click.FloatRange(0, 100),
        default=0.0,
        help="Per cent of the images drawn for the test split, likewise.",
    ),
    click.option("--sample", type=click.IntRange(0), default=0, help="Take so many images only."),
    click.option(
        "--shots",
        type=click.IntRange(0, 20),
        default=0,
        help="Put so many training rows in front of every row, as examples.",
    ),
    click.option("--explode", is_flag=True, help="A row for each of several answers or captions."),
    click.option(
        "--boxes",
        default="paligemma",
        show_default=True,
        help="The convention that boxes are written in (`tintype boxes` lists them).",
    ),
    click.option("--label", default="", help="What boxes are called that have no class."),
    click.option("--names", default="", help="The names of numbered classes, from 0: a,b,c."),
    click.option(
        "--keep-empty",
        is_flag=True,
        help="Keep images without boxes, with the answer `none`.",
    ),
    click.option(
        "--order",
        type=click.Choice(["reading", "label", "file"]),
        default="reading",
        show_default=True,
        help="The order of the boxes in an answer.",
    ),
    click.option("--images", type=A_PATH, help="The images' folder."),
    click.option("--prompt", default="", help="The question for every image."),
    click.option("--system", default="", help="A system prompt for every row."),
    click.option("--link", is_flag=True, help="Refer to image files instead of embedding them."),
    click.argument("target", type=A_FOLDER),
    click.argument("source", type=PathName(path_type=Path, exists=True), nargs=-1, required=True),
)


class PathContext(click.Context):
    """That of the command for a path alone, which has no name of its own."""

    @property
    def command_path(self) -> str:
        """What comes before the options in the line of usage."""
        return self.parent.command_path if self.parent else ""


class PathCommand(click.Command):
    """The command for a path alone."""

    context_class = PathContext


class Formats(click.Group):
    """A command for each format; anything else is a path, whose format is found out."""

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """The words in the order in which they are typed."""
        return ["[FORMAT]", "SOURCE…", "TARGET", "[OPTIONS]"]

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The formats that can be read."""
        from tintype.dataset.formats import formats

        return [format.name for format in formats() if hasattr(format, "read")]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a format."""
        from tintype.dataset.formats import formats

        found = next((each for each in formats() if each.name == cmd_name), None)
        return None if found is None else _command(found)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """A format's command, or the one for a path alone."""
        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            return "PATH", _command(None), args
        return super().resolve_command(ctx, args)


@click.command(name="import", cls=Formats)
def command() -> None:
    """Convert a dataset into chat rows: train.jsonl, valid.jsonl, test.jsonl.

    Without FORMAT, the format of SOURCE is detected. Of several, those whose names say a split
    (val.json) are that split, and the others are joined. The exit code is 1 if nothing could be
    imported, or rows were lost.
    """


def _command(format: "Format | None") -> click.Command:
    own_names = [option.name for option in format.options] if format else []

    async def run(
        source: tuple[Path, ...],
        target: Path,
        link: bool,
        dry_run: bool,
        form: str | None,
        **options: Any,
    ) -> None:
        from tintype.dataset.formats import ImportOptions

        own = {name: options.pop(name) for name in own_names}
        shares = {f"{split}_share": options.pop(split) / 100 for split in ("valid", "test")}
        named = tuple(name.strip() for name in options.pop("names").split(",") if name.strip())
        keep: Any = "link" if link else "embed"
        chosen = ImportOptions(keep=keep, more=own, names=named, **shares, **options)
        await _run(format, source, target, chosen, dry_run, form)

    made: Any = asynchronous(run)
    for decorate in (*_COMMON, *_own(format)):
        made = decorate(made)
    about = format.about if format else "Import SOURCE, whatever its format is."
    name, kind = (format.name, click.Command) if format else ("PATH", PathCommand)
    return click.command(name=name, cls=kind, help=about)(made)


def _own(format: "Format | None") -> list[Any]:
    made = []
    for option in format.options if format else ():
        flag = isinstance(option.default, bool)
        choices = click.Choice(option.choices) if option.choices else None
        more = {"is_flag": True} if flag else {"default": option.default, "type": choices}
        name = f"--{option.name.replace('_', '-')}"
        made.append(click.option(name, option.name, help=option.help, **more))
    return made


async def _run(
    format: "Format | None",
    source: Sequence[Path],
    target: Path,
    options: Any,
    dry_run: bool,
    form: str | None,
) -> None:
    from tintype.dataset.formats import import_dataset

    progress = Progress(quiet=form is not None)
    report, name = None, format.name if format else ""
    async for step in import_dataset(source, target, name, options, dry_run=dry_run):
        progress(f"importing: {step.done}/{step.total}")
        report = step.report
    progress.clear()
    assert report is not None  # the last step has it
    if form:
        said = plain(report) | {"written": not dry_run}
        if form in ("csv", "jsonl"):  # the files, whose list is never empty where anything is read
            said["files"] = [
                {"split": split, "file": path, "rows": report.splits[split]}
                for split, path in report.files.items()
            ]
        put_value(said, form, target.name, "problems" if form == "md" else "files")
    else:
        _print(report, dry_run=dry_run)
    if report.lost or not report.rows:
        leave(1)


def _print(report: "ImportReport", *, dry_run: bool) -> None:
    from tintype_tui.words.previews import notice_lines, problem_lines

    for line in (*problem_lines(report.problems), *notice_lines(report.notices)):
        say(line)
    rows = count(report.rows, "row")
    written = f"{report.rows:,} of {report.rows + report.lost:,} rows" if report.lost else rows
    verb = "is" if report.rows == 1 and not report.lost else "are"
    said = "would be" if dry_run else verb
    say(
        f"{written} {said} written, with {count(report.images, 'image')}; "
        f"{count(len(report.problems), 'problem')}."
    )
    for path in report.files.values():
        put(str(path))
