"""`tintype move --recipe`: a job's data, configuration and README for another trainer."""

from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING

from tintype_tui.commands.output import Progress, leave, put, put_json, say
from tintype_tui.text import count

if TYPE_CHECKING:
    from tintype.store import KeptJob


async def write(kept: "KeptJob", name: str, base: str, out: Path | None, *, as_json: bool) -> None:
    """Write the recipe; exit code 1 if rows are lost on the way."""
    from tintype import moving
    from tintype.paths import absolute, exists, safe_name

    recipe = moving.recipe_named(name)
    assert recipe is not None  # the option lists their names
    folder = absolute(out or Path(safe_name(f"{kept.job.suffix or kept.job.id}-{name}")))
    if exists(folder):
        say(f"{folder} exists: name another folder with -o.")
        leave(2)
    training, validation = moving.data_of(kept)
    progress, report = Progress(quiet=as_json), None
    async with aclosing(moving.in_form(training, validation, folder, recipe.format)) as steps:
        async for step in steps:
            progress(f"writing for {recipe.title}: {step.done}/{step.total} rows")
            report = step.report
    progress.clear()
    assert report is not None  # the last step has it
    losses = [f"{one.file}:{one.line}: {one.message}" for one in report.problems]
    losses += [f"{one.count:,} {one.words}" for one in report.notices]
    settings = moving.mapped_to_trainer(kept.job)
    written = moving.write_recipe(
        recipe, folder, kept.job, settings, base=base or moving.BASE, losses=losses
    )
    if as_json:
        put_json({"folder": folder, "files": written, "settings": settings, "losses": losses})
    else:
        put(str(folder))
        for one in settings:
            say(f"{one.name}: {one.before} → {one.after}. {one.why}")
        for words in losses:
            say(words)
        say(f"In {folder.name}: {recipe.install} && {recipe.start}")
        say("No trainer is installed here: its own program has not read this recipe.")
    if report.lost:
        say(f"{count(report.lost, 'row')} could not be written.")
        leave(1)
