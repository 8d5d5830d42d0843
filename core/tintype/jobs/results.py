"""The results file of a job: a CSV, which OpenAI was seen to send as base64."""

from base64 import b64decode
from binascii import Error as NotBase64
from contextlib import suppress
from dataclasses import dataclass, replace

from tintype.api import Api
from tintype.errors import ApiError, NotFoundError
from tintype.metrics import Metrics, Series
from tintype.metrics.tabular import delimiter_of, from_csv
from tintype.resources import Job
from tintype.store import Store


@dataclass(frozen=True, slots=True)
class Results:
    """What a job left behind."""

    csv: str
    metrics: Metrics


async def results(api: Api, store: Store, job: Job) -> Results:
    """Fetch a job's results file, or read it from the store if it has been fetched before.

    Raises:
        NotFoundError: if there is none yet.
        ApiError: if it cannot be fetched or is no CSV.
        StoreError: if the store cannot be read or written.
    """
    kept = store.jobs.results(api.profile.name, job.id)
    if kept:
        return Results(kept, from_csv(kept))
    if not job.result_files:
        raise NotFoundError(
            f"The job {job.id} has no results file.",
            advice="There is one only after a job has succeeded.",
        )
    csv = decoded(await api.file_content(job.result_files[0]))
    found = Results(csv, from_csv(csv))
    store.jobs.keep_results(api.profile.name, job.id, csv)
    return found


def charted(csv: str, metrics: Metrics) -> Metrics:
    """Add to what events said what only a results file has; `metrics` itself if that is nothing.

    Blocking: about 10 µs a value. A file that is no CSV adds nothing.
    """
    try:
        found = from_csv(csv)
    except ApiError:
        return metrics
    series = dict(metrics.series)
    for name, values in found.series.items():
        known = series.get(name, Series(name))
        steps = set(known.steps())
        series[name] = known.merged({step: value for step, value in values if step not in steps})
    return metrics if series == metrics.series else replace(metrics, series=series)


def decoded(content: bytes) -> str:
    """Read the content as CSV, or as base64 of CSV.

    Raises:
        ApiError: if it is neither.
    """
    candidates = [content]
    with suppress(NotBase64, ValueError):
        candidates.append(b64decode(b"".join(content.split()), validate=True))
    for candidate in candidates:
        try:
            text = candidate.decode("utf-8-sig")
        except UnicodeDecodeError:
            continue
        if delimiter_of(text):
            return text
    raise ApiError("The results file is neither a CSV nor base64 of one.")
