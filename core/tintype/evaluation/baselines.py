"""Baselines that cost nothing: what one would score without looking at the image.

The answers come from the training file if there is one, else from the rows themselves, which is
kinder to the baselines than any model has it.
"""

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

from tintype import paths
from tintype.dataset import open_dataset
from tintype.detection import Box, format_boxes, parse_boxes
from tintype.errors import DatasetError
from tintype.evaluation.headline import commonest
from tintype.evaluation.plan import QUESTION_TYPES
from tintype.evaluation.rows import EvaluatedRow, read_rows
from tintype.evaluation.run_folder import BASELINES


async def write_baselines(
    folder: Path,
    rows: Sequence[EvaluatedRow],
    training: Sequence[Path],
    types: Mapping[str, str] = QUESTION_TYPES,
) -> None:
    """Work out what each baseline answers, and write it into a run's folder.

    Raises:
        FileError: if the folder cannot be written.
    """
    if paths.is_file(folder / BASELINES):
        return
    known: list[EvaluatedRow] = []
    for path in training:
        try:
            async with (
                open_dataset(path) as dataset,
                aclosing(read_rows(dataset, types=types)) as batches,
            ):
                async for batch in batches:
                    known += batch
        except DatasetError:  # a training file that has gone
            continue
    made: dict[str, Any] = {"from": [path.name for path in training] if known else []}
    made["answers"] = await asyncio.to_thread(baseline_answers, rows, known or rows)
    text = json.dumps(made).encode("utf-8", "replace")
    await asyncio.to_thread(paths.write_whole, folder / BASELINES, text, replace=True)


def baseline_answers(
    rows: Sequence[EvaluatedRow], known: Sequence[EvaluatedRow]
) -> dict[str, list[str]]:
    """What each baseline answers to each row.

    Args:
        rows: What is asked.
        known: Rows to learn the commonest answers from.
    """
    every = commonest([row.truths[0] for row in known]) or ""
    by_question = _commonest_by((row.question, row.truths[0]) for row in known)
    by_type = _commonest_by((row.facets.get("question type", ""), row.truths[0]) for row in known)
    found = {
        "commonest answer": [every] * len(rows),
        "commonest by question": [by_question.get(row.question, every) for row in rows],
        "commonest by question type": [
            by_type.get(row.facets.get("question type", ""), every) for row in rows
        ],
    }
    if boxes := mean_boxes([row.truths[0] for row in known]):
        return {"commonest answer": found["commonest answer"], "mean boxes": [boxes] * len(rows)}
    return found


def _commonest_by(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    answers: dict[str, list[str]] = defaultdict(list)
    for asked, truth in pairs:
        answers[asked].append(truth)
    return {question: commonest(said) or "" for question, said in answers.items()}


def mean_boxes(truths: Sequence[str]) -> str:
    """One box for each label that half of the images have, at its mean place; else the commonest.

    Empty where the truths hold no boxes.
    """
    read = [parse_boxes(truth).boxes for truth in truths]
    counts = Counter(label for boxes in read for label in {box.label for box in boxes})
    if not counts:
        return ""
    wanted = [label for label, number in counts.items() if 2 * number >= len(truths)]
    wanted = wanted or [counts.most_common(1)[0][0]]
    return format_boxes(_mean(label, read) for label in sorted(wanted))


def _mean(label: str, read: Sequence[Sequence[Box]]) -> Box:
    own = [box for boxes in read for box in boxes if box.label == label]
    sides: Mapping[str, float] = {
        name: sum(getattr(box, name) for box in own) / len(own)
        for name in ("y_min", "x_min", "y_max", "x_max")
    }
    return Box(label, **sides)
