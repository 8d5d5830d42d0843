"""Rows to look at: the image with its boxes, the truth, and what each model said."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from tintype.dataset import Dataset, open_dataset
from tintype.detection import Box, parse_boxes
from tintype.errors import DatasetError
from tintype.evaluation.matrix import positions
from tintype.evaluation.results import Evaluation
from tintype.evaluation.row_answers import AnswerOfRow, look_at
from tintype.evaluation.rows import EvaluatedRow
from tintype.evaluation.sentences import percent
from tintype.prompting import question_of

MOST_ROWS = 24
SIDE_PX = 420
_BOXED_SIDE_PX = 640


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A row for a person to look at."""

    row: EvaluatedRow
    image: str
    """A data URL, with boxes: truth solid, the first model's dashed; empty if there is none."""
    answers: tuple[tuple[str, str, str], ...]
    """Of each model: its title, the verdict, the text."""


async def shown_rows(
    evaluation: Evaluation, wanted: Sequence[int] | None = None
) -> tuple[ShownRow, ...]:
    """Rows by their positions, without images where the dataset has gone.

    By default the worst of the first model.
    """
    if wanted is None:
        wanted = positions(evaluation, "all", order="worst")[:MOST_ROWS].tolist()
    looked_at = [await asyncio.to_thread(look_at, evaluation, at) for at in wanted]
    named = evaluation.titles
    try:
        async with open_dataset(evaluation.run.plan.dataset) as dataset:
            images = [await _image(dataset, row, answers) for row, answers in looked_at]
    except DatasetError:
        images = [""] * len(looked_at)
    return tuple(
        ShownRow(row, image, tuple(map(_said, named, answers)))
        for (row, answers), image in zip(looked_at, images, strict=True)
    )


def _said(title: str, answer: AnswerOfRow) -> tuple[str, str, str]:
    verdict = []
    for name, score in answer.scores.items():
        why = answer.reasons[name]
        verdict.append(f"{name} {percent(score)}{f' ({why})' if why else ''}")
    if reason := answer.grade.get("reason"):
        verdict.append(str(reason))
    return title, " · ".join(verdict), answer.text[:2000]


async def _image(dataset: Dataset, row: EvaluatedRow, answers: tuple[AnswerOfRow, ...]) -> str:
    """The row's first image, small, with boxes; empty if it is another row by now."""
    try:
        now = await dataset.example(row.index)
        if not now.images or question_of(now) != row.question:
            return ""
        data = await dataset.image(row.index, 0)
    except DatasetError:
        return ""
    truth = parse_boxes(row.truths[0]).boxes
    said = parse_boxes(answers[0].text).boxes
    return await asyncio.to_thread(small_image, data, truth, said)


def small_image(data: bytes, truth: tuple[Box, ...] = (), said: tuple[Box, ...] = ()) -> str:
    """An image as a small data URL, with boxes drawn where there are any; empty if it cannot be."""
    from tintype.detection.drawing import draw_boxes
    from tintype.images import data_url, decode, encode_jpeg

    side = _BOXED_SIDE_PX if truth or said else SIDE_PX
    try:
        image = decode(data, box=(side, side))
    except DatasetError:
        return ""
    if truth or said:
        image = draw_boxes(image, truth, said)
    return data_url(encode_jpeg(image, 80))
