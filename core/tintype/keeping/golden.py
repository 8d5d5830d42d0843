"""Golden answers: what a tuned model says to rows and prompts, asked while it still answers.

Each is an evaluation run: its cost is authorized before the first question, every answer is
written down before it is counted, and the same again asks only what is missing. Rows with a right
answer are scored by what suits them; prompts by whether there is a usable answer at all.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from tintype import evaluation, paths
from tintype.dataset import open_dataset
from tintype.dataset.writing import row_bytes
from tintype.errors import DatasetError
from tintype.evaluation import EvaluatedModel, EvaluationPlan
from tintype.evaluation.text_scorers import ANSWERED
from tintype.images import data_url
from tintype.prompting import Parameters
from tintype.store import Store

_IMAGES = (".png", ".jpg", ".jpeg", ".webp", ".gif")


def usual_rows(store: Store, profile: str, model: str) -> tuple[Path, ...]:
    """The test and validation rows of a model, as far as they are here; blocking."""
    found: list[Path] = []
    proposed = evaluation.proposed(store, profile, model)
    if proposed is not None and proposed.dataset not in proposed.training:
        found.append(proposed.dataset)
    for kept in store.jobs.newest(profile=profile):
        source = kept.made_from.validation
        if kept.job.fine_tuned_model == model.partition(":ckpt-step-")[0] and source is not None:
            found.append(paths.as_path(source.path))
    return tuple(path for path in dict.fromkeys(found) if paths.is_file(path))


def prompt_rows(prompts: Sequence[str], images: Path | None, home: Path) -> Path:
    """Write a row for each prompt and image, the image in it; the same again is the same file.

    Args:
        prompts: What is asked.
        images: A folder of images, each asked about with every prompt; none asks without images.
        home: The folder to write into.

    Raises:
        DatasetError: if there is no prompt, or no image.
        FileError: if the folder cannot be read, or the rows not be written.
    """
    if not prompts:
        raise DatasetError("There is no prompt.", advice="Write one a line.")
    files = _images_in(images) if images is not None else [None]
    name = hashlib.sha256(json.dumps(list(prompts)).encode())
    for file in files:
        name.update(b"" if file is None else paths.read_bytes(file))
    target = home / f"prompts-{name.hexdigest()[:16]}.jsonl"
    if not paths.is_file(target):
        with paths.writing(target, private=True) as out:
            for row in _rows(prompts, files):
                out.write(row)
    return target


def _images_in(folder: Path) -> list[Path | None]:
    inside = sorted(entry.path for entry in paths.list_folder(folder) if not entry.is_folder)
    found: list[Path | None] = [path for path in inside if path.suffix.lower() in _IMAGES]
    if not found:
        raise DatasetError(
            f"{folder} holds no image.", advice=f"Images end in {', '.join(_IMAGES)}."
        )
    return found


def _rows(prompts: Sequence[str], files: Sequence[Path | None]) -> Iterator[bytes]:
    for file in files:
        shown = [] if file is None else [data_url(paths.read_bytes(file))]
        for prompt in prompts:
            content = [
                {"type": "text", "text": prompt},
                *({"type": "image_url", "image_url": {"url": url}} for url in shown),
            ]
            messages = [{"role": "user", "content": content}]
            named = {} if file is None else {"photo": file.name}
            yield row_bytes({"messages": messages, **named})


async def golden_plan(
    model: EvaluatedModel,
    dataset: Path,
    *,
    parameters: Parameters,
    samples: int = 1,
    logprobs: bool = True,
    truth: bool = True,
) -> EvaluationPlan:
    """The evaluation that asks a model for golden answers to rows.

    Args:
        model: Whose answers.
        dataset: Rows.
        parameters: As they are sent.
        samples: How often each is asked: several say how far its answers agree.
        logprobs: Whether log-probabilities are asked for; providers without them answer without.
        truth: Whether rows may say what is right; where some do, the others are left out.

    Raises:
        DatasetError: if the rows cannot be read.
    """
    plan = EvaluationPlan(
        paths.absolute(dataset),
        (model,),
        (ANSWERED.name,),
        parameters,
        samples=samples,
        logprobs=logprobs,
    )
    if not truth:
        return plan
    truths: list[str] = []
    async with open_dataset(dataset) as rows:
        async for batch in evaluation.read_rows(rows):
            truths += [row.truths[0] for row in batch]
    return replace(plan, scorers=evaluation.suggested(truths)) if truths else plan
