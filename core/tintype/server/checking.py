"""Uploaded files judged, and what is left of them prepared for training.

The rules are those that everybody can run beforehand (`tintype.rules`, profile `tintype`): an
error fails the job with OpenAI's words, a skip leaves the row out, with an event. The rows
that stay are written to the job's folder, so that the engine needs neither the network nor the
uploaded file. One pass does both; of the file, no more is in memory than a batch of rows.
"""

import math
import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath

from tintype.dataset import Dataset, open_dataset
from tintype.dataset.survey import Surveyed, survey
from tintype.errors import DatasetError
from tintype.rules import (
    DatasetJudge,
    FileFacts,
    Judged,
    Keys,
    Problem,
    ProviderRules,
    provider_code,
    rules_of,
    skip_reason,
)
from tintype.server import storage
from tintype.server.preparing import write_rows
from tintype.server.records import File, JobRecord
from tintype.server.state import State
from tintype.server.training import DATA, TRAINING, VALIDATION
from tintype.threads import in_thread
from tintype.tokens import model_tokens

PROFILE = "tintype"
LISTED = 20
"""Problems that the event of a failure lists; of the others only the number is kept."""
GONE = "inaccessible URL"
"""Why a row is left out whose image could be had when it was judged, and then no more."""


@dataclass(frozen=True, slots=True)
class PreparedFiles:
    """What a job is to train on, ready in its folder."""

    examples: int
    epoch_tokens: int
    """Billable tokens of one pass over the training examples."""
    skipped: Mapping[str, Mapping[str, Sequence[int]]]
    """By file, then by reason: the lines left out."""


@dataclass(slots=True)
class _Kept:
    """What has come of one file so far."""

    examples: int = 0
    tokens: int = 0
    skipped: dict[str, list[int]] = field(default_factory=dict)
    errors: list[Problem] = field(default_factory=list)
    """The first of them."""
    error_count: int = 0
    keys: Keys = field(default_factory=Keys)

    def note(self, judged: Judged) -> None:
        """Take note of what was found in a row."""
        self.fault(problem for problem in judged.problems if problem.severity == "error")
        reasons = filter(None, map(skip_reason, judged.problems))
        for reason in list(reasons)[:1]:
            self.skip(reason, judged.surveyed.row.line)

    def fault(self, errors: Iterable[Problem]) -> None:
        """Take note of errors that fail the job."""
        for error in errors:
            self.error_count += 1
            if len(self.errors) < LISTED:
                self.errors.append(error)

    def skip(self, reason: str, line: int) -> None:
        """Take note that a row is left out."""
        self.skipped.setdefault(reason, []).append(line)


@dataclass(frozen=True, slots=True)
class Rejected:
    """Why a job cannot train."""

    code: str
    message: str
    param: str
    problems: Sequence[Problem]
    """The first of them, for whoever wants to fix the file."""


async def prepare(state: State, job: JobRecord) -> PreparedFiles | Rejected:
    """Judge the files of a job and write what it is to train on; or say why it cannot."""
    folder = state.job_folder(job.id) / DATA
    await in_thread(_empty, folder)
    rules = rules_of(PROFILE)
    training = await _prepare(state, job, "training_file", folder / TRAINING, rules, None)
    if isinstance(training, Rejected):
        return training
    skipped: dict[str, Mapping[str, Sequence[int]]] = {job.training_file: training.skipped}
    if job.validation_file is not None:
        few = replace(rules, min_examples=1, few_examples=0)
        target = folder / VALIDATION
        validation = await _prepare(state, job, "validation_file", target, few, training.keys)
        if isinstance(validation, Rejected):
            return validation
        skipped[job.validation_file] = validation.skipped
    left_out = {file: reasons for file, reasons in skipped.items() if reasons}
    return PreparedFiles(training.examples, training.tokens, left_out)


async def _prepare(
    state: State,
    job: JobRecord,
    param: str,
    target: Path,
    rules: ProviderRules,
    training: Keys | None,
) -> _Kept | Rejected:
    """Judge one file and write what is left of it to `target`."""
    id = job.training_file if param == "training_file" else job.validation_file or ""
    file = storage.find(state, id)
    if file is None:
        return Rejected("file_not_found", f"The file {id} has been deleted.", param, ())
    path = state.file_path(id)
    tally = DatasetJudge(rules, model_tokens(job.model), training)
    try:
        async with open_dataset(path) as dataset:
            kept = await _sieve(dataset, tally, target)
        facts = await in_thread(_facts, file, path)
    except DatasetError as error:
        return _rejected([Problem(0, "", "error", "unreadable", str(error))], param, 1)
    problems, summary = tally.finish(facts, job.model)
    kept.fault(problem for problem in problems if problem.severity == "error")
    kept.keys = summary.keys
    if not kept.errors and kept.examples < rules.min_examples:
        words = f"{kept.examples} example(s), but must have at least {rules.min_examples} examples"
        kept.fault([Problem(0, "", "error", "n_examples", f"Training file has {words}")])
    return _rejected(kept.errors, param, kept.error_count) if kept.errors else kept


async def _sieve(dataset: Dataset, tally: DatasetJudge, target: Path) -> _Kept:
    """Judge row after row; write those that stay, until the first error.

    A file with more rows than are taken is not read to its end.
    """
    kept, most = _Kept(), tally.profile.max_examples or math.inf
    await in_thread(target.touch)
    async with aclosing(survey(dataset, deep=True)) as batches:
        async for batch in batches:
            rows = await in_thread(_judge, tally, batch)
            for judged in rows:
                kept.note(judged)
            if kept.examples + kept.error_count > most:
                break  # nothing that follows can save it
            if not kept.errors:
                await _keep(dataset, [row for row in rows if not row.skipped], target, kept)
    return kept


async def _keep(dataset: Dataset, rows: Sequence[Judged], target: Path, kept: _Kept) -> None:
    lost = {row.line for row in await write_rows(dataset, rows, target)}
    for judged in rows:
        if judged.surveyed.row.line in lost:
            kept.skip(GONE, judged.surveyed.row.line)
        else:
            kept.examples += 1
            kept.tokens += judged.tokens.total().likely


def _judge(tally: DatasetJudge, batch: Sequence[Surveyed]) -> Sequence[Judged]:
    return [tally.add(surveyed) for surveyed in batch]


def _empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)


def _facts(file: File, path: Path) -> FileFacts:
    """The file as its rules see it. A body sent without a file name has none to be judged by."""
    named = file.filename if PurePath(file.filename).suffix else f"{file.filename}.jsonl"
    with path.open("rb") as content:
        return FileFacts(named, file.bytes, content.read(4))


def _rejected(errors: Sequence[Problem], param: str, count: int) -> Rejected:
    """Why a job fails, in OpenAI's words: the first error, and how many more there are."""
    first = errors[0]
    code = provider_code(first)
    more = f" (and {count - 1} more)" if count > 1 else ""
    message = first.message + more
    if code == "invalid_n_examples":
        message = message.replace("Training", param.removesuffix("_file").capitalize(), 1)
        return Rejected(code, message, param, errors)
    kind = "Invalid file format. " if code == "invalid_file_format" else ""
    words = f"The job failed due to an invalid {param.replace('_', ' ')}. {kind}{message}"
    return Rejected(code, words, param, errors)
