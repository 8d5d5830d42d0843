"""`tintype estimate` with changes: what they would make of the cost, and the copy if asked for."""

from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tintype.errors import DatasetError, SettingsError
from tintype_tui.commands.forms import put_value
from tintype_tui.commands.output import Progress, put, say
from tintype_tui.text import count
from tintype_tui.words.what_if import change_notes, comparison

if TYPE_CHECKING:
    from tintype.assessment import Assessment
    from tintype.dataset import Dataset
    from tintype.detection import Convention
    from tintype.estimation import Estimate, Plan
    from tintype.estimation.trying import FileWeight
    from tintype.estimation.what_if import RowTable, WhatIf
    from tintype.pricing import Prices


async def compare_changes(
    found: "Assessment",
    plan: "Plan",
    prices: "Prices",
    change: "WhatIf",
    answers: str,
    output: Path | None,
    progress: Progress,
    form: str | None,
) -> None:
    """Print the cost as it is and as it would be; with an output, write the copy.

    Raises:
        SettingsError: if there is no such convention of boxes.
        DatasetError: if the answers hold no boxes, or a file cannot be read or written.
    """
    from dataclasses import replace

    from tintype.dataset import open_dataset
    from tintype.estimation import estimate
    from tintype.estimation.trying import Rewritten, rewrite, weigh
    from tintype.estimation.what_if import WhatIf, counts_if

    async with open_dataset(found.file.path) as dataset:
        table = await _table(dataset, found, progress)
        rewritten: Rewritten | None = None
        if answers:
            change = replace(change, boxes=(await _boxes(dataset), _named(answers)))
        if change.boxes is not None:
            async for rewritten in rewrite(dataset, table, change.boxes):
                progress(f"counting answers: {rewritten.rows:,} rows")
        counts = counts_if(table, found.counts, change, rewritten.more if rewritten else None)
        now, then = estimate(found.counts, plan, prices), estimate(counts, plan, prices)
        progress("measuring what it weighs")
        weights = await weigh(dataset, table, WhatIf()), await weigh(dataset, table, change)
        progress.clear()
        if form:
            put_value(_report(now, then, weights[1]), form, found.file.path.name)
        else:
            notes = change_notes(change, counts.rows, table.rows, rewritten)
            for line in (*comparison(now, then, weights), *notes):
                put(line)
        if output is not None:
            kept = frozenset(table.kept(change))
            drop = {dataset.line_of(row) for row in range(table.rows) if row not in kept}
            await _write(dataset, output, change, drop, progress)


async def _table(dataset: "Dataset", found: "Assessment", progress: Progress) -> "RowTable":
    from tintype.estimation.what_if import RowTable, read_table

    rule, figures, table = found.counts.rule, found.figures, None
    steps = read_table(dataset, rule, figures.text_tokens, figures.skipped, found.fetched)
    async for step in steps:
        progress(f"reading: {step.rows:,} rows")
        table = step.table
    assert isinstance(table, RowTable)  # the last step has it
    return table


def _report(now: "Estimate", then: "Estimate", weight: "FileWeight") -> dict[str, Any]:
    from tintype_tui.words.reports import estimate_report

    upload = {"bytes": weight.size_bytes, "measured": weight.measured}
    return {"now": estimate_report(now), "then": estimate_report(then), "upload": upload}


async def _write(
    dataset: "Dataset", output: Path, change: "WhatIf", drop: set[int], progress: Progress
) -> None:
    from tintype.dataset.embed import Exported, export

    done = Exported()
    async with aclosing(export(dataset, output, change.treatment, drop=drop)) as steps:
        async for done in steps:
            progress(f"writing: {done.rows:,} rows")
    progress.clear()
    say(f"{count(done.rows, 'row')} written.")


async def _boxes(dataset: "Dataset") -> "Convention":
    from tintype.estimation.trying import boxes_in

    if (found := await boxes_in(dataset)) is None:
        raise DatasetError("The answers hold no boxes.", advice="Leave --answers out.")
    return found


def _named(name: str) -> "Convention":
    from tintype.detection import CONVENTIONS

    if name not in CONVENTIONS:
        known = ", ".join(CONVENTIONS)
        raise SettingsError(f"No convention is called {name!r}.", advice=f"There are: {known}.")
    return CONVENTIONS[name]
