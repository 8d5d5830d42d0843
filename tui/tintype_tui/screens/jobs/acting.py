"""What is done with a job besides looking at it: rows found, curves written; words for dialogs."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

from tintype import jobs, paths
from tintype.api import Api
from tintype.jobs import Blamed, FoundRow
from tintype.metrics import to_csv
from tintype.resources import Job
from tintype.store import Store
from tintype.trainer_logs import LOCAL
from tintype_tui import requests
from tintype_tui.screen import Pane
from tintype_tui.screens.dialogs import Confirm
from tintype_tui.screens.jobs.following import Known
from tintype_tui.session import Session
from tintype_tui.widgets.chart import Chart
from tintype_tui.words.jobs import cancel_words, name_of

HINTS = (
    "Words that a job must have: state, name, model, data, day or id; empty: all.",
    "state:failed model:mini suffix:cards data:train made:2026-11 meta:team=a",
    "is:all profile:openai tag:good is:pinned is:archived sort:loss (score accuracy time cost …)",
)
STEERED = frozenset({"cancel", "pause"})
"""What changes something at the provider: not there at all when it may only be read."""
ACTS = STEERED | {"try", "evaluate", "copy", "row", "clone", "export", "overlay"}
"""What can be done with a job."""
ELSEWHERE = {"try": requests.try_model, "evaluate": requests.evaluate_model}
"""What is done with its model in another pane."""
AT_ITS_PROVIDER = STEERED | ELSEWHERE.keys()
"""What can be done only with a job of the profile in use."""
OF_A_JOB = ACTS | {"metric", "grid", "full", "enter"}
"""What there must be a job for."""
Order = Callable[[Api, Store, str], Awaitable[Job]]

REPLAY_HINTS = (
    "How many times as fast as it was; a step to begin at may follow: 10 200.",
    "What is shown is the record in the store: nobody is asked.",
)

LARGE_BYTES = 200_000_000
"""Reading a file of this size takes a noticeable time."""


def can(act: str, known: Known | None, session: Session, *, loading: bool = False) -> bool | None:
    """Whether an act can be done now: its key is live, greyed (none), or not there.

    Of a job that is still `loading` that is found out when the key is pressed.
    """
    if act in STEERED and session.settings.read_only:
        return False
    if known is None:
        return None if act in OF_A_JOB and not loading else True
    if act in AT_ITS_PROVIDER and not known.is_of(session.profile.name):
        return None
    if act in STEERED:
        return not known.job.ended or None
    if act == "row":
        return bool(known.trouble.rows)
    if act == "clone":  # of the log of another tool neither dataset nor base model is known
        return known.kept is None or known.kept.profile != LOCAL or None
    if act in ("try", "copy", "evaluate"):
        return bool(known.job.fine_tuned_model) or None
    return True


def elsewhere(name: str, known: Known, model: str, view: str) -> requests.Reached:
    """Do something with a job's model in another pane.

    From the list of checkpoints it is evaluated beside those, spread evenly, and its base.
    """
    from tintype.evaluation.plan import MOST_MODELS

    if name != "evaluate" or view != "checkpoints":
        return ELSEWHERE[name](model)
    names = [one.model for one in known.progress.checkpoints if one.model != model]
    most = MOST_MODELS - 2
    picked = [names[at * len(names) // most] for at in range(most)] if len(names) > most else names
    return requests.evaluate_model(model, None, *picked)


def cancelling(job: Job, provider: str) -> Confirm:
    """The question before a job is cancelled at a provider."""
    words = cancel_words(job, provider)
    return Confirm("Cancel this job?", words, yes="Cancel job", no="Keep training", harm=True)


async def exported(known: Known, chart: Chart) -> tuple[Path, Path]:
    """Write a job's metrics as CSV and its curves as SVG into the current folder, under new names.

    Raises:
        FileError: if they cannot be written.
    """
    from tintype_tui.widgets.chart.svg import to_svg

    job, metrics = known.job, known.progress.metrics
    traces, heading = chart.traces, f"{name_of(job)} · {chart.heading}"

    def write() -> tuple[Path, Path]:
        folder, number = paths.current_folder(), 1
        while True:
            name = job.id if number == 1 else f"{job.id}-{number}"
            table, drawing = (folder / paths.safe_name(name, end) for end in (".csv", ".svg"))
            if not (paths.exists(table) or paths.exists(drawing)):
                break
            number += 1
        return (
            paths.write_whole(table, to_csv(metrics)),
            paths.write_whole(drawing, to_svg(traces, heading=heading)),
        )

    return await asyncio.to_thread(write)


def is_large(row: Blamed, known: Known) -> Path | None:
    """The file that a row is to be looked for in, if that takes a while."""
    if known.kept is None:
        return None
    source = jobs.source_of(row, known.job, known.kept.made_from)
    if source is None:
        return None
    status = paths.status(Path(source.path))
    return Path(source.path) if status.is_there and (status.size_bytes or 0) > LARGE_BYTES else None


async def found(row: Blamed, known: Known) -> FoundRow | None:
    """Look a row up in the dataset that a job was made from; none if that is not known.

    Raises:
        DatasetError: if it is not there.
    """
    if known.kept is None:
        return None
    return await jobs.find(row, known.job, known.kept.made_from)


async def blamed_row_of(pane: Pane, row: Blamed, known: Known) -> FoundRow | None:
    """As `found`; says that it takes a while, and that it may be another row now."""
    if (large := await asyncio.to_thread(is_large, row, known)) is not None:
        pane.say(f"Comparing {large.name} with what was trained on …")
    blamed_row = await found(row, known)
    if blamed_row is not None and blamed_row.changed:
        pane.say(changed(blamed_row, row), title="Careful:", severity="warning")
    return blamed_row


def cloning(known: Known) -> requests.Reached:
    """A request to estimate a job again, on the dataset it was made from.

    Raises:
        FileError: if that dataset is gone.
    """
    source = known.kept.made_from.training if known.kept is not None else None
    like = known.job if known.kept is None else jobs.to_repeat(replace(known.kept, job=known.job))
    if source is None:
        return requests.estimate_dataset(like=like)
    path = Path(source.path)
    paths.require(path, "file")
    return requests.estimate_dataset(like=like, path=path)


def replaying(typed: str) -> tuple[float, int] | None:
    """Read a speed, and the step to begin at if there is one; none if it cannot be meant."""
    words = typed.split()
    try:
        speed, step = float(words[0]), int(words[1]) if len(words) > 1 else 0
    except (ValueError, IndexError):
        return None
    return (speed, step) if 0 < speed < 1e6 and step >= 0 else None


def changed(found: FoundRow, row: Blamed) -> str:
    """That a dataset is another one by now."""
    return (
        f"{found.path.name} has changed since the job was launched: "
        f"{row.place} may be another row now."
    )
