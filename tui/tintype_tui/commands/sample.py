"""`tintype sample`: draw the two sample datasets."""

from pathlib import Path

import click

from tintype_tui.commands.forms import dry_run_option, form_options, put_value, replace_option
from tintype_tui.commands.output import A_FOLDER, Progress, asynchronous, put, say


@click.command(name="sample")
@click.argument("folder", type=A_FOLDER)
@click.option("--only", type=click.Choice(["cards", "books"]), help="Draw just one of them.")
@click.option(
    "--seed", type=int, default=7, show_default=True, help="Another seed draws other images."
)
@replace_option
@dry_run_option
@form_options
@asynchronous
async def command(
    folder: Path, only: str | None, seed: int, replace: bool, dry_run: bool, form: str | None
) -> None:
    """Draw the sample datasets into FOLDER: playing cards (detection) and book covers (questions).

    Each has train.jsonl, valid.jsonl and test.jsonl, with the images inside. Nothing is fetched.
    """
    from tintype.samples import make_books, make_cards

    written: dict[str, list[Path]] = {}
    progress = Progress(quiet=form is not None)
    for name, make in (("cards", make_cards), ("books", make_books)):
        if only in (None, name):
            async for step in make(folder / name, seed, replace=replace, dry_run=dry_run):
                progress(f"drawing {name}: {step.done}/{step.total}")
                written[name] = list(step.files)
    progress.clear()
    files = [{"dataset": name, "file": path} for name, each in written.items() for path in each]
    if form == "json":
        put_value(written, form, "Samples")
    elif form:
        put_value({"files": files}, form, "Samples", "files")
    else:
        if dry_run:
            say("Nothing was written: this is what would be.")
        for each in files:
            put(str(each["file"]))
