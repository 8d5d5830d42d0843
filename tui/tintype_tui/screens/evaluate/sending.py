"""Rows of an evaluation sent back to the data: as marks, or as rows of a new training file."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tintype import paths
from tintype.dataset import Dataset
from tintype.errors import EvaluationError
from tintype.evaluation import Evaluation, look_at, write_picked
from tintype.store import Store
from tintype_tui.screens.dialogs import Confirm
from tintype_tui.text import count


def matching(made: Evaluation, needle: str) -> frozenset[int]:
    """Positions of the rows with some words. Blocking: every row is read."""
    wanted, found = needle.casefold(), set()
    for at in range(made.rows):
        row, answers = look_at(made, at)
        texts = (row.question, *row.truths, *(one.text for one in answers))
        if any(wanted in text.casefold() for text in texts):
            found.add(at)
    return frozenset(found)


async def marked(store: Store, dataset: Dataset) -> frozenset[int]:
    """The rows of a dataset that are marked, 0-based."""
    lines = store.marks.read(dataset.path, await dataset.fingerprint())
    return frozenset([await dataset.find_line(line) for line in lines])


async def mark(
    store: Store, dataset: Dataset, made: Evaluation, positions: Sequence[int], why: str
) -> tuple[str, frozenset[int]]:
    """Mark rows in their dataset, or unmark them if all are; what to say, and all marked rows.

    Raises:
        DatasetError: if the dataset is gone.
        StoreError: if the marks cannot be kept.
    """
    fingerprint = await dataset.fingerprint()
    before = store.marks.read(dataset.path, fingerprint)
    lines = [int(made.row_line[at]) for at in positions]
    new = [line for line in lines if line not in before]
    now = datetime.now(UTC)
    if new:
        chosen = dict.fromkeys(new, why)
        store.marks.change(dataset.path, fingerprint, marked=chosen, at=now)
    else:
        store.marks.change(dataset.path, fingerprint, marked={}, unmarked=lines, at=now)
    words = f"{count(len(new) or len(lines), 'row')} {'marked' if new else 'unmarked'}"
    return f"{words} in {dataset.path.name}.", await marked(store, dataset)


def training_file(made: Evaluation) -> Path:
    """The file that the tuned model was trained on.

    Raises:
        EvaluationError: if that is not known.
    """
    if not made.run.plan.training:
        raise EvaluationError(
            "It is not known what the model was trained on.",
            advice="Evaluate a model that was tuned here, or mark the rows and write a copy.",
        )
    return made.run.plan.training[0]


def target(made: Evaluation) -> Path:
    """The first of `train-more.jsonl`, `train-more-2.jsonl`, … that is not there. Blocking.

    Raises:
        EvaluationError: if it is not known what was trained on.
    """
    source = training_file(made)
    names = (f"{source.stem}-more{f'-{n}' if n > 1 else ''}.jsonl" for n in range(1, 1000))
    return next(one for name in names if not paths.exists(one := source.with_name(name)))


def consent(made: Evaluation, rows: int, path: Path) -> Confirm:
    """The question before rows that were evaluated become training rows."""
    source = training_file(made)
    words = (
        f"{path.name} gets every row of {source.name}, then the {count(rows, 'row')} shown here "
        "with their right answers.\n"
        f"Trained on, these rows say nothing any more of the next model: leave them out when it "
        f"is evaluated on {made.run.plan.dataset.name} (the leak check marks them)."
    )
    return Confirm("Train on these rows?", words, yes=f"Write {path.name}")


async def with_rows(made: Evaluation, positions: Sequence[int], path: Path) -> int:
    """Write the training file again, followed by rows of the evaluation; how many are added.

    Raises:
        EvaluationError: if it is not known what was trained on, or the rows have changed since.
        FileError: if a file cannot be read, or the copy not be written.
    """
    source = training_file(made)
    await write_picked(made, positions, path)

    def put_before() -> None:
        whole = paths.read_bytes(source).rstrip(b"\r\n") + b"\n"
        paths.write_whole(path, whole + paths.read_bytes(path), replace=True)

    await asyncio.to_thread(put_before)
    return len(set(positions))
