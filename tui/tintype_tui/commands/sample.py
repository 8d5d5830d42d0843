"""`tintype sample`: draw the two sample datasets."""

from pathlib import Path

import click

from tintype_tui.commands.output import A_FOLDER, Progress, as_json, asynchronous, put, put_json


@click.command(name="sample")
@click.argument("folder", type=A_FOLDER)
@click.option("--only", type=click.Choice(["cards", "books"]), help="Draw just one of them.")
@click.option(
    "--seed", type=int, default=7, show_default=True, help="Another seed draws other images."
)
@click.option("--replace", is_flag=True, help="Overwrite existing files.")
@as_json
@asynchronous
async def command(folder: Path, only: str | None, seed: int, replace: bool, as_json: bool) -> None:
    """Draw the sample datasets into FOLDER: playing cards (detection) and book covers (questions).

    Each has train.jsonl, valid.jsonl and test.jsonl, with the images inside. Nothing is fetched.
    """
    from tintype.samples import make_books, make_cards

    written: dict[str, list[Path]] = {}
    progress = Progress(quiet=as_json)
    for name, make in (("cards", make_cards), ("books", make_books)):
        if only in (None, name):
            async for step in make(folder / name, seed, replace=replace):
                progress(f"drawing {name}: {step.done}/{step.total}")
                written[name] = list(step.files)
    progress.clear()
    if as_json:
        put_json(written, indent=2)
    else:
        for path in (path for files in written.values() for path in files):
            put(str(path))
