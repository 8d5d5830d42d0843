"""The results file of a job: its metrics as CSV, in base64, as OpenAI serves it."""

import base64
import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from tintype.server import storage
from tintype.server.records import EventRecord, File, JobRecord
from tintype.server.state import State

NAME = "step_metrics.csv"
_COLUMNS = {
    "step": "step",
    "train_loss": "train_loss",
    "train_accuracy": "train_mean_token_accuracy",
    "valid_loss": "valid_loss",
    "valid_mean_token_accuracy": "valid_mean_token_accuracy",
}
"""The header of the results file, and which metric each column is."""


def write_results(state: State, job: JobRecord) -> File:
    """Make the results file of a job that has ended well."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for event in state.all(EventRecord, job_id=job.id, type="metrics"):
        writer.writerow(_row(event.data))
    path = state.incoming_path()
    path.write_bytes(base64.b64encode(text.getvalue().encode()))
    path.chmod(0o600)
    return storage.admit(state, path, NAME, "fine-tune-results", None)


def _row(data: Mapping[str, Any]) -> Sequence[str]:
    """One row of the results: five decimals, blank where a metric was not taken."""
    return [str(data["step"])] + [
        "" if name not in data else f"{float(data[name]):.5f}"
        for name in list(_COLUMNS.values())[1:]
    ]
