"""`tintype tour`: once round the loop with the playing cards, by hand or by itself."""

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tintype.errors import EngineError
from tintype.paths import is_file
from tintype_tui.commands.output import Progress, asynchronous, put
from tintype_tui.text import count

if TYPE_CHECKING:
    from tintype.api import Api
    from tintype.metrics import Metrics
    from tintype.quote import Quote
    from tintype.resources import Job
    from tintype.store import Store

EPOCHS = 16
"""Enough to see it learn, in about half a minute on two cores."""
ASKED = 5
"""Test rows that the tuned model is asked at the end."""


@click.command(name="tour")
@asynchronous
async def command() -> None:
    """Run the whole loop on the sample playing cards.

    In a terminal this opens the app, which names the key for each next step. Without one it makes
    the samples, checks, estimates, trains and asks by itself, printing each result.
    """
    from tintype_tui.commands.counting import assessed, quoted
    from tintype_tui.commands.session import at_work, chosen
    from tintype_tui.words.costs import cost_words, tokens_words

    settings, profile = chosen("tintype")
    folder = await _sample(settings.folders.data / "samples" / "cards")
    assessment = await assessed(folder / "train.jsonl", profile, "", Progress())
    if (summary := assessment.summary) is not None:
        put(f"check     {summary.status}: {count(summary.examples, 'example')}, no errors")
    quote = await quoted(
        assessment, profile, settings, epochs=EPOCHS, validation=folder / "valid.jsonl"
    )
    tokens = tokens_words(quote.estimate.billed_tokens)
    put(f"estimate  {cost_words(quote.estimate)}: {tokens} tokens")
    async with at_work(settings, profile) as (api, store):
        job = await _train(quote, api, store)
        await _try(folder / "test.jsonl", job, api, store)


async def _sample(folder: Path) -> Path:
    from tintype.samples import make_cards

    if not is_file(folder / "train.jsonl"):
        async for step in make_cards(folder):
            images = step.total
        put(f"sample    {count(images, 'image')} of playing cards drawn into {folder}")
    else:
        put(f"sample    playing cards in {folder}")
    return folder


async def _train(quote: "Quote", api: "Api", store: "Store") -> "Job":
    """Train, printing one line an epoch."""
    from tintype import jobs
    from tintype.budget import NOTHING_CONFIRMED, Limits

    order = jobs.Order(quote, suffix="cards", seed=7)
    job = None
    launching = jobs.launch(
        api, store, order, limits=Limits(Decimal(0)), confirmation=NOTHING_CONFIRMED
    )
    async for step in launching:
        job = step.job
    assert job is not None  # a launch ends with a job
    put(f"train     launched {job.id} with {order.model}")
    said = 0
    async for progress in jobs.follow(api, store, job.id):
        job = progress.job
        said = _say_epochs(progress.metrics, said)
    if job.status != "succeeded":
        why = job.failure.message if job.failure else ""
        raise EngineError(f"The training ended as {job.status}. {why}".strip())
    put(f"          {job.fine_tuned_model}")
    return job


def _say_epochs(metrics: "Metrics", said: int) -> int:
    """Print the epochs that have ended since; returns how many have."""
    loss = metrics.series.get("full_valid_loss")
    overlap = dict(metrics.series.get("full_valid_mean_iou", ()))
    points = list(loss) if loss is not None else []
    for number, (step, value) in enumerate(points[said:], said + 1):
        boxes = f", mean IoU {overlap[step]:.2f}" if step in overlap else ""
        put(f"          epoch {number:>2}, step {step:>4}: validation loss {value:.3f}{boxes}")
    return max(said, len(points))


async def _try(path: Path, job: "Job", api: "Api", store: "Store") -> None:
    """Ask the tuned model about images that it has never seen, and its base about one."""
    from tintype.api import ChatRequest
    from tintype.budget import NOTHING_CONFIRMED, Limits
    from tintype.dataset import open_dataset
    from tintype.detection import mean_iou, parse_boxes
    from tintype.prompting import Reply, ask

    put("try       the tuned model on images that it has never seen:")
    async with open_dataset(path) as dataset:
        for index in range(ASKED):
            example = await dataset.example(index)
            request = ChatRequest(
                model=job.fine_tuned_model or "",
                messages=await dataset.messages(index),
                temperature=0,
            )
            reply = Reply()
            asking = ask(
                api, store, request, limits=Limits(Decimal(0)), confirmation=NOTHING_CONFIRMED
            )
            async for growing in asking:
                reply = growing
            overlap = mean_iou(parse_boxes(reply.answer).boxes, parse_boxes(example.answer).boxes)
            put(f"          {_shortly(example.answer)}")
            put(f"            → {_shortly(reply.answer)}  (mean IoU {overlap:.2f})")


def _shortly(answer: str) -> str:
    """The labels of the boxes in an answer, or the answer."""
    from tintype.detection import parse_boxes

    labels = [box.label for box in parse_boxes(answer).boxes]
    return ", ".join(labels) or answer or "(nothing)"
