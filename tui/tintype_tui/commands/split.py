"""`tintype split` and `tintype subset`: a dataset divided, or some of its rows."""

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tintype_tui.commands.forms import (
    dry_run_option,
    form_options,
    put_value,
    replace_option,
)
from tintype_tui.commands.output import (
    A_FOLDER,
    A_PATH,
    Progress,
    asynchronous,
    leave,
    put,
    say,
)
from tintype_tui.text import count

if TYPE_CHECKING:
    from tintype.dataset.dividing import Draw


class Share(click.ParamType[Fraction]):
    """A share: `10%`, `0.1` or `1/10`."""

    name = "SHARE"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Fraction:
        """Read it, exactly."""
        text = str(value).strip()
        try:
            found = Fraction(text[:-1]) / 100 if text.endswith("%") else Fraction(text)
        except (ValueError, ZeroDivisionError):
            self.fail(f"{text!r} is no share: use 10% or 0.1.", param, ctx)
        if not 0 <= found < 1:
            self.fail(f"{text} is not between 0 and 1 (100%).", param, ctx)
        return found


seed_option = click.option(
    "--seed", type=int, default=0, show_default=True, help="Of the draw: the same draws the same."
)


@click.command(name="split")
@click.argument("source", type=A_PATH)
@click.argument("folder", type=A_FOLDER)
@click.option("--valid", type=Share(), default="10%", show_default=True, help="Validation rows.")
@click.option("--test", type=Share(), default="10%", show_default=True, help="Test rows.")
@click.option("--folds", type=click.IntRange(2, 100), help="Cross-validation: so many folds.")
@click.option("--stratify", is_flag=True, help="Give each split its share of every label.")
@click.option("--near", is_flag=True, help="Keep images together that are alike, too.")
@seed_option
@replace_option
@dry_run_option
@form_options
@asynchronous
async def command(
    source: Path,
    folder: Path,
    valid: Fraction,
    test: Fraction,
    folds: int | None,
    stratify: bool,
    near: bool,
    seed: int,
    replace: bool,
    dry_run: bool,
    form: str | None,
) -> None:
    """Split SOURCE into FOLDER/train.jsonl, valid.jsonl and test.jsonl.

    Rows that share an image stay together, whatever the image is called. With --folds, FOLDER gets
    fold-1/train.jsonl, fold-1/valid.jsonl and so on. SOURCE is never changed.
    """
    from tintype.dataset.dividing import folding, splitting

    if valid + test >= 1:
        raise click.UsageError("--valid and --test leave nothing to train on.")
    if folds:
        draw = folding(folder, folds, seed=seed, stratified=stratify)
    else:
        draw = splitting(folder, valid=valid, test=test, seed=seed, stratified=stratify)
    await _run(source, draw, near=near, replace=replace, dry_run=dry_run, form=form)


@click.command(name="subset")
@click.argument("source", type=A_PATH)
@click.argument("target", type=A_PATH)
@click.option("-n", "--rows", type=click.IntRange(1), help="How many rows.")
@click.option("--images", type=click.IntRange(1), help="All rows of so many images instead.")
@click.option("--first", "how", flag_value="first", help="The first rows.")
@click.option("--random", "how", flag_value="random", default=True, help="Any (the default).")
@click.option("--stratify", "how", flag_value="stratified", help="As many of each label as before.")
@seed_option
@replace_option
@dry_run_option
@form_options
@asynchronous
async def subset(
    source: Path,
    target: Path,
    rows: int | None,
    images: int | None,
    how: str,
    seed: int,
    replace: bool,
    dry_run: bool,
    form: str | None,
) -> None:
    """Write some rows of SOURCE to TARGET: a sample, drawn the same way for the same seed.

    The rows keep their order. SOURCE is never changed.
    """
    from tintype.dataset.dividing import picking

    if (rows is None) == (images is None):
        raise click.UsageError("Give either --rows or --images.")
    draw = picking(target, rows or images or 0, how=how, seed=seed, by_image=images is not None)
    await _run(source, draw, replace=replace, dry_run=dry_run, form=form)


async def _run(
    source: Path,
    draw: "Draw",
    *,
    near: bool = False,
    replace: bool,
    dry_run: bool,
    form: str | None,
) -> None:
    from tintype.dataset import open_dataset
    from tintype.dataset.copied_rows import ExportNote
    from tintype.dataset.dividing import Divided, divide

    progress, done = Progress(quiet=form is not None), Divided()
    notes: list[ExportNote] = []
    async with open_dataset(source) as dataset:
        steps = divide(dataset, draw, near=near, replace_files=replace, dry_run=dry_run)
        async for done in steps:
            notes += done.written.notes
            doing = f"writing: {done.written.rows:,}" if done.rows else f"reading: {done.read:,}"
            progress(f"{doing} rows")
    progress.clear()
    if form:
        files = [
            {"file": path, "rows": rows, "images": done.images[path]}
            for path, rows in done.rows.items()
        ]
        found = {"rows": done.rows, "images": done.images, "notes": notes, "files": files}
        put_value(found | {"written": not dry_run}, form, source.name, "files")
    else:
        for note in notes:
            say(f"{source}:{note.line}: {note.message}")
        if dry_run:
            say("Nothing was written: this is what would be.")
        for path, rows in done.rows.items():
            put(f"{path}  {count(rows, 'row')}, {done.images[path]:,} with different images")
    if notes:
        leave(1)
